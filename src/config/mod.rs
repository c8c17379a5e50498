//! The settings, read from the environment and an optional `.env` file and validated once at startup.
//! `Debug` never prints secrets.

mod database_url;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

pub use database_url::{DatabaseUrl, PostgresUrl, Verify};

/// The reason why the program cannot start: one line for the operator.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    /// Creates an error with this reason.
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

/// An environment variable.
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// The default value; empty if there is none.
    pub default: &'static str,
    /// The description.
    pub about: &'static str,
}

macro_rules! variables {
    ($($name:ident = $default:literal: $about:literal;)*) => {
        $(const $name: Variable = Variable { name: stringify!($name), default: $default, about: $about };)*

        /// All variables, in the order of `--help`.
        pub const VARIABLES: &[Variable] = &[$($name),*];
    };
}

variables! {
    DATABASE_URL = "sqlite://kanban.db":
        "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME. For PostgreSQL, sslmode may be disable, prefer, require (encrypts, but accepts any certificate) or verify-full; with verify-full, sslrootcert may name a PEM file with the trusted root certificates.";
    DATABASE_POOL_SIZE = "10": "Maximum number of open connections (SQLite: read connections, in addition to one write connection).";
    DATABASE_WAIT_SECONDS = "5": "Maximum time in seconds that a request waits for a connection or a lock before it fails with SERVICE_UNAVAILABLE.";
    DATABASE_STATEMENT_SECONDS = "20": "Maximum run time of one statement on PostgreSQL, and the time during which a query may start new statements, in seconds. Capped at HTTP_REQUEST_SECONDS.";
    LISTEN_ADDR = "127.0.0.1:8000": "IP address and port to listen on. Port 0 selects a free port.";
    HTTP_REQUEST_SECONDS = "30": "Maximum duration of a request in seconds before it fails with SERVICE_UNAVAILABLE.";
    HTTP_WRITE_SECONDS = "10": "Time in seconds after which a connection is closed if the client does not read any part of the response.";
    HTTP_MAX_BODY_KIB = "1024": "Maximum size of a request body in KiB.";
    TRUSTED_PROXIES = "0": "Number of reverse proxies in front of the server, each of which appends to X-Forwarded-For. The client address is the one that the first proxy saw. If the number is 0 or the header has too few entries, the address of the connection is used.";
    CORS_ORIGINS = "": "Comma-separated origins whose pages may call the API, e.g. https://app.example.com. * allows any origin; empty allows none.";
    GRAPHIQL = "on": "Whether GraphiQL is served: on or off.";
    JWT_SECRET = "": "Secret of at least 32 bytes that signs the access tokens. In a comma-separated list, the first secret signs and all are accepted, so that keys can be rotated. Required on PostgreSQL. On SQLite, a secret is generated and stored next to the database file if none is set.";
    RATE_LIMIT = "on": "Whether attempts to log in, to sign up and to confirm the current password are limited: on or off.";
    RATE_LIMIT_PER_ACCOUNT = "10": "Maximum number of attempts per minute on one account, successful or not. Used attempts become available again one by one.";
    RATE_LIMIT_PER_ADDRESS = "60": "Maximum number of attempts per minute from one client address (IPv6: one /64 network), successful or not. Used attempts become available again one by one.";
    SESSION_DAYS = "30": "Number of days after which a session expires if it is not refreshed.";
    TRASH_RETENTION_DAYS = "30": "Number of days for which deleted boards and cards can be restored before they are permanently erased. 0 keeps them for ever.";
    ARGON2_MEMORY_KIB = "19456": "Memory in KiB for hashing one password.";
    ARGON2_ITERATIONS = "2": "Number of iterations (passes) for hashing one password.";
    ARGON2_PARALLELISM = "1": "Number of lanes for hashing one password.";
    CACHE_MIB = "32": "Maximum memory in MiB, per instance, for cached results, which are kept until their board changes. 0 disables the cache.";
    GRAPHQL_INTROSPECTION = "on": "Whether introspection is allowed: on or off. If off, error messages also reveal no names of the schema that the request does not contain.";
    GRAPHQL_MAX_BATCH = "0": "Maximum number of requests in one body, as a list. 0 rejects lists.";
    GRAPHQL_MAX_TOKENS = "5000": "Maximum number of tokens in a document, and of values in its variables.";
    GRAPHQL_MAX_NESTING = "64": "Maximum nesting depth of brackets in a document, and of lists and objects in variables.";
    GRAPHQL_MAX_DEPTH = "25": "Maximum nesting depth of the fields of an operation.";
    GRAPHQL_MAX_SELECTIONS = "2000": "Maximum number of fields in an operation, with each fragment counted at every spread.";
    GRAPHQL_MAX_ROOT_FIELDS = "50": "Maximum number of root fields in an operation.";
    GRAPHQL_MAX_ALIASES = "200": "Maximum number of aliases in an operation.";
    GRAPHQL_MAX_COMPLEXITY = "2000000": "Maximum complexity of an operation, computed from the requested page sizes: an object counts 10, any other field and each argument value count 1. A search uses up 1 for each 256 bytes that it reads.";
    GRAPHQL_MAX_TEXT_KIB = "32768": "Maximum amount of text in a response, in KiB.";
    GRAPHQL_MEMORY_MIB = "64": "Maximum memory in MiB, per instance, for the responses of all running requests together, in addition to 256 KiB per request. A request that needs more waits until others have finished.";
    GRAPHQL_MAX_DIRECTIVES = "100": "Maximum number of directives in an operation.";
    LOG_FORMAT = "text": "Log format: text or json.";
    LOG_LEVEL = "info": "Log level: error, warn, info, debug or trace, or filters such as info,kanban=debug.";
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database.
    pub database: Database,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The secrets that sign access tokens; `None` generates one next to the SQLite file.
    pub jwt_secrets: Option<Vec<Secret>>,
    /// The limits on password attempts; `None` disables them.
    pub rate_limit: Option<RateLimit>,
    /// The number of days after which a session expires if it is not refreshed.
    pub session_days: u32,
    /// The retention of deleted boards and cards.
    pub trash: Trash,
    /// The parameters of password hashing.
    pub argon2: Argon2,
    /// The maximum size of the cache of board contents, in bytes; 0 disables it.
    pub cache: u64,
    /// The maximum memory of all running requests together, in bytes.
    pub memory: usize,
    /// The limits on documents and operations.
    pub limits: Limits,
    /// The HTTP settings.
    pub http: Http,
    /// Whether introspection is allowed.
    pub introspection: bool,
    /// The log settings.
    pub log: Log,
}

/// The database settings.
#[derive(Clone, Debug)]
pub struct Database {
    /// The database to use.
    pub url: DatabaseUrl,
    /// The maximum number of connections.
    pub pool_size: usize,
    /// The maximum time to wait for a connection or a lock.
    pub wait: Duration,
    /// The maximum run time of a statement. Not longer than [`Http::request_time`].
    pub statement_timeout: Duration,
}

/// A signing key. `Debug` does not print it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// The HTTP settings.
#[derive(Clone, Debug)]
pub struct Http {
    /// The maximum duration of a request.
    pub request_time: Duration,
    /// The time after which a connection is closed if the client reads nothing of the response.
    pub write_time: Duration,
    /// The maximum size of a request body, in bytes.
    pub max_body: usize,
    /// The maximum number of requests in one body, as a list; 0 rejects lists.
    pub max_batch: usize,
    /// The maximum number of values in the variables of a request, and in its extensions.
    pub max_values: usize,
    /// The number of proxies in front of the server that append to `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// The origins whose pages may call the API.
    pub cors: Cors,
    /// Whether GraphiQL is served.
    pub graphiql: bool,
}

/// The limits on password attempts per minute.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// The maximum number on one account.
    pub per_account: NonZeroU32,
    /// The maximum number from one client address.
    pub per_address: NonZeroU32,
}

/// The retention of deleted boards and cards.
#[derive(Clone, Copy, Debug)]
pub struct Trash {
    /// The number of days before they are permanently erased; `None` keeps them for ever.
    pub retention_days: Option<u32>,
    /// The interval between two purges by the server.
    pub every: Duration,
}

/// The limits on documents and operations. Each is the maximum allowed value.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The complexity of an operation: an object counts 10, any other field 1.
    pub complexity: u64,
    /// The amount of text in a response, in bytes.
    pub text: usize,
    /// The number of tokens in a document.
    pub tokens: usize,
    /// The nesting depth of brackets, and of lists and objects in variables.
    pub nesting: usize,
    /// The nesting depth of fields.
    pub depth: usize,
    /// The number of fields, with each fragment counted at every spread.
    pub selections: usize,
    /// The number of root fields.
    pub root_fields: usize,
    /// The number of aliases.
    pub aliases: usize,
    /// The number of directives.
    pub directives: usize,
}

/// The parameters of argon2id.
#[derive(Clone, Copy, Debug)]
pub struct Argon2 {
    /// The memory, in KiB.
    pub memory: u32,
    /// The number of passes.
    pub iterations: u32,
    /// The number of lanes.
    pub parallelism: u32,
}

/// The origins that may call the API from a browser.
#[derive(Clone, Debug)]
pub enum Cors {
    /// Only these origins; none if empty.
    Only(Vec<String>),
    /// Any origin.
    Any,
}

/// The log settings.
#[derive(Clone, Debug)]
pub struct Log {
    /// Whether to write one JSON object per line instead of text.
    pub json: bool,
    /// The filter, in the syntax of `tracing_subscriber::EnvFilter`.
    pub level: String,
}

impl Config {
    /// Reads the settings from the environment, and from a `.env` file in the working directory if it
    /// exists. Fails if a value is invalid.
    pub fn from_env() -> Result<Self, StartError> {
        if let Err(error) = dotenvy::from_path(".env")
            && !error.not_found()
        {
            // Without the text of `error`: it contains the line, which may contain a secret.
            return Err(StartError::new(
                ".env: cannot be read, or has a line that is not NAME=value",
            ));
        }
        let unreadable = VARIABLES.iter().find(|variable| {
            matches!(std::env::var(variable.name), Err(std::env::VarError::NotUnicode(_)))
        });
        match unreadable {
            Some(variable) => Err(wrong(variable, "is not valid UTF-8")),
            None => Self::from_lookup(|name| std::env::var(name).ok()),
        }
    }

    /// Reads the settings through `lookup`. An empty variable counts as unset. Fails if a value is
    /// invalid.
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

    /// Validates rules that involve several variables.
    fn check(self) -> Result<Self, StartError> {
        if self.argon2.memory < 8 * self.argon2.parallelism {
            return Err(wrong(&ARGON2_MEMORY_KIB, "must be at least 8 times ARGON2_PARALLELISM"));
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
    /// Creates a key of at least 32 bytes, the output size of the hash function. Fails if it is shorter.
    pub fn new(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() < 32 {
            return Err("each secret must have at least 32 bytes");
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Generates a random key.
    pub fn random() -> Self {
        Self(rand::random::<[u8; 32]>().to_vec())
    }

    /// The key bytes. Only for signing.
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
                _ => Err(format!("{origin:?} is not an origin such as https://app.example.com")),
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
        // `EnvFilter` would accept a misspelt level as the name of a log target.
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let known = |level: &str| levels.iter().any(|known| level.eq_ignore_ascii_case(known));
        let unknown = text.split(',').map(str::trim).find(|one| !one.contains('=') && !known(one));
        match unknown {
            Some(level) => Err(format!(
                "{level:?} is neither a level such as info nor a filter such as kanban=debug"
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
