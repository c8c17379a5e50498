//! Every setting: read from the environment and an optional `.env` file, checked once, at the
//! start. Secrets are never printed.

mod database_url;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

pub use database_url::{DatabaseUrl, PostgresUrl, Verify};

/// Why the program cannot start: one line for the person who started it.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    /// Says what is wrong.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A variable of the environment.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds without it; empty where there is nothing to say.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

macro_rules! variables {
    ($($name:ident = $default:literal: $about:literal;)*) => {
        $(const $name: Variable = Variable { name: stringify!($name), default: $default, about: $about };)*

        /// All variables, in the order in which `--help` lists them.
        pub const VARIABLES: &[Variable] = &[$($name),*];
    };
}

variables! {
    DATABASE_URL = "sqlite://kanban.db":
        "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME. For PostgreSQL, sslmode may be disable, prefer, require (encrypts, trusts any certificate) or verify-full, and sslrootcert may name a PEM file with the trusted roots.";
    DATABASE_POOL_SIZE = "10": "How many connections are open at most (SQLite: for reading, besides the one that writes).";
    DATABASE_WAIT_SECONDS = "5": "How long a request waits for a connection or a lock before it answers SERVICE_UNAVAILABLE.";
    DATABASE_STATEMENT_SECONDS = "20": "How long one statement may run on PostgreSQL, and for how long a query may begin new ones; HTTP_REQUEST_SECONDS at most.";
    LISTEN_ADDR = "127.0.0.1:8000": "Address and port to listen on; port 0 takes a free one.";
    HTTP_REQUEST_SECONDS = "30": "How long a request may take before it is answered SERVICE_UNAVAILABLE.";
    HTTP_WRITE_SECONDS = "10": "How long a client may take none of an answer before its connection is closed.";
    HTTP_MAX_BODY_KIB = "1024": "How large the body of a request may be.";
    TRUSTED_PROXIES = "0": "How many proxies stand in front, each of which appends to X-Forwarded-For: the address of a client is the one that the first of them saw. 0, or a header that is too short, takes the address of the connection.";
    CORS_ORIGINS = "": "Origins whose pages may call the API, comma-separated, e.g. https://app.example.com; * for any; none by default.";
    GRAPHIQL = "on": "off serves no GraphiQL.";
    JWT_SECRET = "": "Signs the access tokens: at least 32 bytes. A comma-separated list signs with the first and accepts all, so that keys can be rotated. Required on PostgreSQL; on SQLite one is made and kept beside the database file.";
    RATE_LIMIT = "on": "off lifts the limits on attempts to log in, to sign up, and with the present password.";
    RATE_LIMIT_PER_ACCOUNT = "10": "How many attempts a minute may be made at one account, right or wrong. They come back one by one.";
    RATE_LIMIT_PER_ADDRESS = "60": "How many attempts a minute may come from one address (IPv6: one network of 64 bits), right or wrong. They come back one by one.";
    SESSION_DAYS = "30": "How many days a session lives on after its last use.";
    TRASH_RETENTION_DAYS = "30": "How many days deleted boards and cards can be restored before they are erased; 0 keeps them for ever.";
    ARGON2_MEMORY_KIB = "19456": "Memory for hashing one password.";
    ARGON2_ITERATIONS = "2": "Passes for hashing one password.";
    ARGON2_PARALLELISM = "1": "Lanes for hashing one password.";
    CACHE_MIB = "32": "How much memory the answers may take that are kept until their board changes, by instance; 0 keeps none.";
    GRAPHQL_INTROSPECTION = "on": "off refuses introspection, and then no message tells a name that the request does not.";
    GRAPHQL_MAX_BATCH = "0": "How many requests one body may hold, as a list; 0 takes no lists.";
    GRAPHQL_MAX_TOKENS = "5000": "How many tokens a document may have, and how many values its variables.";
    GRAPHQL_MAX_NESTING = "64": "How deep brackets may be nested in a document, and lists and objects in variables.";
    GRAPHQL_MAX_DEPTH = "25": "How deep the fields of an operation may be nested.";
    GRAPHQL_MAX_SELECTIONS = "2000": "How many fields an operation may select, with each fragment counted wherever it is spread.";
    GRAPHQL_MAX_ROOT_FIELDS = "50": "How many fields an operation may begin with.";
    GRAPHQL_MAX_ALIASES = "200": "How many aliases an operation may have.";
    GRAPHQL_MAX_COMPLEXITY = "2000000": "How much an answer may hold by the sizes of the pages that are asked for: an object counts 10, any other field and each value of an argument 1. A search takes off 1 for each 256 bytes that it reads.";
    GRAPHQL_MAX_TEXT_KIB = "32768": "How much text an answer may hold.";
    GRAPHQL_MEMORY_MIB = "64": "How much memory the answers of all requests under way may take together, by instance, besides 256 KiB of each; what needs more waits for others to end.";
    GRAPHQL_MAX_DIRECTIVES = "100": "How many directives an operation may have.";
    LOG_FORMAT = "text": "text or json.";
    LOG_LEVEL = "info": "error, warn, info, debug, trace, or filters such as info,kanban=debug.";
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database.
    pub database: Database,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Keys that sign access tokens; `None` makes one beside the SQLite file.
    pub jwt_secrets: Option<Vec<Secret>>,
    /// How many attempts to log in are allowed; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// How many days a session lives on after its last use.
    pub session_days: u32,
    /// How long deleted things are kept.
    pub trash: Trash,
    /// How passwords are hashed.
    pub argon2: Argon2,
    /// How many bytes the answers may take that are kept until their board changes.
    pub cache: u64,
    /// How many bytes all requests under way may take together.
    pub memory: usize,
    /// What a document may ask for.
    pub limits: Limits,
    /// Who may ask, and how.
    pub http: Http,
    /// Whether the schema tells of itself.
    pub introspection: bool,
    /// The log.
    pub log: Log,
}

/// The database and its limits.
#[derive(Clone, Debug)]
pub struct Database {
    /// Which one.
    pub url: DatabaseUrl,
    /// Connections at most.
    pub pool_size: usize,
    /// How long to wait for a connection or a lock.
    pub wait: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
}

/// A key that signs; never printed.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// Who may ask, and how.
#[derive(Clone, Debug)]
pub struct Http {
    /// How long a request may take.
    pub request_time: Duration,
    /// How long a client may take none of an answer.
    pub write_time: Duration,
    /// How large a body may be, in bytes.
    pub max_body: usize,
    /// How many requests a body may hold as a list; 0 for no lists.
    pub max_batch: usize,
    /// How many values the variables of a request may have, and its extensions.
    pub max_values: usize,
    /// How many proxies in front append to `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Which pages of other origins may ask.
    pub cors: Cors,
    /// Whether GraphiQL is served.
    pub graphiql: bool,
}

/// How many attempts a minute to log in are allowed.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// At one account.
    pub per_account: NonZeroU32,
    /// From one address.
    pub per_address: NonZeroU32,
}

/// Deleted boards and cards.
#[derive(Clone, Copy, Debug)]
pub struct Trash {
    /// How many days they can be restored before they are erased; `None`: for ever.
    pub retention_days: Option<u32>,
    /// How often a server looks for what is to be erased.
    pub every: Duration,
}

/// What a document may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What an answer may hold: objects count 10, other fields 1.
    pub complexity: u64,
    /// Bytes of text in an answer.
    pub text: usize,
    /// Tokens of the document.
    pub tokens: usize,
    /// How deep brackets may be nested, and lists and objects in variables.
    pub nesting: usize,
    /// How deep fields may be nested.
    pub depth: usize,
    /// Fields, with each fragment counted wherever it is spread.
    pub selections: usize,
    /// Fields that an operation begins with.
    pub root_fields: usize,
    /// Aliases.
    pub aliases: usize,
    /// Directives.
    pub directives: usize,
}

/// Parameters of argon2id.
#[derive(Clone, Copy, Debug)]
pub struct Argon2 {
    /// KiB.
    pub memory: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Which origins may call the API from a browser.
#[derive(Clone, Debug)]
pub enum Cors {
    /// These; none if empty.
    Only(Vec<String>),
    /// Any.
    Any,
}

/// The log.
#[derive(Clone, Debug)]
pub struct Log {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// Which events, in the syntax of `tracing_subscriber::EnvFilter`.
    pub level: String,
}

impl Config {
    /// Reads the environment, and a `.env` file in the working directory if there is one.
    pub fn from_env() -> Result<Self, StartError> {
        if let Err(error) = dotenvy::from_path(".env")
            && !error.not_found()
        {
            // Not the error's own text: it would show the line, which may hold a secret.
            return Err(StartError::new(
                ".env: cannot be read, or has a line that is not NAME=value",
            ));
        }
        let unreadable = VARIABLES.iter().find(|variable| {
            matches!(std::env::var(variable.name), Err(std::env::VarError::NotUnicode(_)))
        });
        match unreadable {
            Some(variable) => Err(wrong(variable, "is no valid UTF-8")),
            None => Self::from_lookup(|name| std::env::var(name).ok()),
        }
    }

    /// Reads the variables through `lookup`; an empty one counts as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let vars = Vars(lookup);
        let request_time = Duration::from_secs(vars.number(&HTTP_REQUEST_SECONDS, 1..=3600)?);
        let database = Database {
            url: vars.parse(&DATABASE_URL)?,
            pool_size: vars.number(&DATABASE_POOL_SIZE, 1..=1000)?,
            wait: Duration::from_secs(vars.number(&DATABASE_WAIT_SECONDS, 1..=600)?),
            statement_timeout: Duration::from_secs(
                vars.number(&DATABASE_STATEMENT_SECONDS, 1..=3600)?,
            )
            .min(request_time),
        };
        let (one, million) = (NonZeroU32::MIN, NonZeroU32::MIN.saturating_add(999_999));
        let limits = Limits {
            tokens: vars.number(&GRAPHQL_MAX_TOKENS, 100..=1_000_000)?,
            nesting: vars.number(&GRAPHQL_MAX_NESTING, 10..=200)?,
            depth: vars.number(&GRAPHQL_MAX_DEPTH, 5..=100)?,
            selections: vars.number(&GRAPHQL_MAX_SELECTIONS, 100..=1_000_000)?,
            root_fields: vars.number(&GRAPHQL_MAX_ROOT_FIELDS, 1..=10_000)?,
            aliases: vars.number(&GRAPHQL_MAX_ALIASES, 0..=100_000)?,
            complexity: vars.number(&GRAPHQL_MAX_COMPLEXITY, 1000..=1_000_000_000)?,
            text: vars.number(&GRAPHQL_MAX_TEXT_KIB, 1..=4_194_304)? * 1024,
            directives: vars.number(&GRAPHQL_MAX_DIRECTIVES, 0..=100_000)?,
        };
        let config = Self {
            database,
            listen: vars.parse::<Listen>(&LISTEN_ADDR)?.0,
            jwt_secrets: vars.get(&JWT_SECRET).map(|list| secrets(&list)).transpose()?,
            rate_limit: vars.parse::<Switch>(&RATE_LIMIT)?.0.then_some(RateLimit {
                per_account: vars.number(&RATE_LIMIT_PER_ACCOUNT, one..=million)?,
                per_address: vars.number(&RATE_LIMIT_PER_ADDRESS, one..=million)?,
            }),
            session_days: vars.number(&SESSION_DAYS, 1..=3650)?,
            trash: Trash {
                retention_days: Some(vars.number(&TRASH_RETENTION_DAYS, 0..=36_500)?)
                    .filter(|days| *days > 0),
                every: Duration::from_hours(1),
            },
            argon2: Argon2 {
                parallelism: vars.number(&ARGON2_PARALLELISM, 1..=64)?,
                memory: vars.number(&ARGON2_MEMORY_KIB, 8..=4_194_304)?,
                iterations: vars.number(&ARGON2_ITERATIONS, 1..=1000)?,
            },
            http: Http {
                request_time,
                write_time: Duration::from_secs(vars.number(&HTTP_WRITE_SECONDS, 1..=3600)?),
                max_body: vars.number(&HTTP_MAX_BODY_KIB, 1..=1_048_576)? * 1024,
                max_batch: vars.number(&GRAPHQL_MAX_BATCH, 0..=1000)?,
                max_values: limits.tokens,
                trusted_proxies: vars.number(&TRUSTED_PROXIES, 0..=10)?,
                cors: vars.parse(&CORS_ORIGINS)?,
                graphiql: vars.parse::<Switch>(&GRAPHIQL)?.0,
            },
            cache: vars.number::<u64>(&CACHE_MIB, 0..=65_536)? << 20,
            memory: vars.number::<usize>(&GRAPHQL_MEMORY_MIB, 1..=65_536)? << 20,
            introspection: vars.parse::<Switch>(&GRAPHQL_INTROSPECTION)?.0,
            limits,
            log: Log {
                json: vars.parse::<LogFormat>(&LOG_FORMAT)?.0,
                level: vars.parse::<LogLevel>(&LOG_LEVEL)?.0,
            },
        };
        config.check()
    }

    /// Rules between variables.
    fn check(self) -> Result<Self, StartError> {
        if self.argon2.memory < 8 * self.argon2.parallelism {
            return Err(wrong(
                &ARGON2_MEMORY_KIB,
                "must be at least 8 for each lane of ARGON2_PARALLELISM",
            ));
        }
        Ok(self)
    }
}

fn wrong(variable: &Variable, reason: impl fmt::Display) -> StartError {
    StartError::new(format!("{}: {reason}", variable.name))
}

struct Vars<F>(F);

impl<F: Fn(&str) -> Option<String>> Vars<F> {
    fn get(&self, variable: &Variable) -> Option<String> {
        (self.0)(variable.name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&self, variable: &Variable) -> Result<T, StartError> {
        let text = self.get(variable).unwrap_or_else(|| variable.default.to_owned());
        text.parse().map_err(|error| wrong(variable, error))
    }

    fn number<T: FromStr + PartialOrd + fmt::Display>(
        &self,
        variable: &Variable,
        range: RangeInclusive<T>,
    ) -> Result<T, StartError> {
        let text = self.get(variable).unwrap_or_else(|| variable.default.to_owned());
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (min, max) = (range.start(), range.end());
            wrong(variable, format!("must be a whole number from {min} to {max}"))
        })
    }
}

fn secrets(list: &str) -> Result<Vec<Secret>, StartError> {
    list.split(',')
        .map(|text| {
            Secret::new(text.trim().as_bytes()).map_err(|reason| wrong(&JWT_SECRET, reason))
        })
        .collect()
}

impl Secret {
    /// A key of at least 32 bytes, as many as the hash function behind it has.
    pub fn new(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() < 32 {
            return Err("each secret must have at least 32 bytes");
        }
        Ok(Self(bytes.to_vec()))
    }

    /// A new random key.
    pub fn random() -> Self {
        Self(rand::random::<[u8; 32]>().to_vec())
    }

    /// The bytes, for signing only.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Cors {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        if list == "*" {
            return Ok(Self::Any);
        }
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let checked = origins.map(|origin| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            match host {
                Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => {
                    Ok(origin.to_owned())
                }
                _ => Err(format!("{origin:?} is no origin such as https://app.example.com")),
            }
        });
        checked.collect::<Result<_, _>>().map(Self::Only)
    }
}

struct Listen(SocketAddr);

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "must be an IP address and a port, such as 0.0.0.0:8000")
    }
}

struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err("must be on or off"),
        }
    }
}

struct LogFormat(bool);

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self(false)),
            "json" => Ok(Self(true)),
            _ => Err("must be text or json"),
        }
    }
}

struct LogLevel(String);

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<tracing_subscriber::EnvFilter>().map_err(|error| error.to_string())?;
        // The filter would take a misspelt level for the name of a part of the program.
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let known = |level: &str| levels.iter().any(|known| level.eq_ignore_ascii_case(known));
        let unknown = text.split(',').map(str::trim).find(|one| !one.contains('=') && !known(one));
        match unknown {
            Some(level) => Err(format!(
                "{level:?} is no level such as info, nor a filter such as kanban=debug"
            )),
            None => Ok(Self(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let find =
            |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Config::from_lookup(find).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_a_working_sqlite_server() {
        let config = read(&[]).unwrap();
        assert!(matches!(config.database.url, DatabaseUrl::Sqlite(path) if path == "kanban.db"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    }

    #[test]
    fn a_wrong_value_is_one_line_that_names_the_variable() {
        let long = "x".repeat(32);
        for (name, value) in [
            ("DATABASE_URL", "mysql://x"),
            ("DATABASE_URL", "sqlite://"),
            ("DATABASE_URL", "sqlite://:memory:"),
            ("DATABASE_URL", "postgres://h/d?sslmode=maybe"),
            ("DATABASE_URL", "postgres://h/d?sslrootcert=x.pem"),
            ("DATABASE_URL", "postgres://h/d?port=x"),
            ("DATABASE_POOL_SIZE", "0"),
            ("DATABASE_WAIT_SECONDS", "soon"),
            ("DATABASE_STATEMENT_SECONDS", "-1"),
            ("LISTEN_ADDR", "localhost"),
            ("TRASH_RETENTION_DAYS", "-1"),
            ("GRAPHQL_MAX_NESTING", "1000"),
            ("GRAPHQL_MAX_TOKENS", "many"),
            ("JWT_SECRET", "short"),
            ("JWT_SECRET", &format!("{long},short")),
            ("ARGON2_MEMORY_KIB", "7"),
            ("ARGON2_ITERATIONS", "0"),
            ("ARGON2_PARALLELISM", "x"),
            ("CORS_ORIGINS", "app.example.com"),
            ("LOG_FORMAT", "xml"),
            ("LOG_LEVEL", "kanban=loud"),
            ("LOG_LEVEL", "warning"),
            ("LOG_LEVEL", "kanban=debug,inof"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: ")), "{name}={value}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let pairs =
            [("DATABASE_URL", "postgres://u:hushhush@h/d"), ("JWT_SECRET", &"hush".repeat(8))];
        assert!(!format!("{:?}", read(&pairs).unwrap()).contains("hush"));
    }
}
