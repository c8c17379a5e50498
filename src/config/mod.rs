//! The settings, read from the environment and an optional `.env` file and validated once at startup.
//! `Debug` never prints secrets.
//!
//! Each setting is a field with its name, default, parser and, as doc comment, its description for
//! `--help`.

mod accounts;
mod address;
mod cors;
mod database;
mod database_url;
mod documents;
mod dotenv;
mod error;
mod files;
mod http;
mod limits;
mod live;
mod log;
mod mail;
mod parsers;
mod postgres_url;
mod secret;
mod shutdown;
mod trash;
mod variables;

use std::collections::HashMap;
use std::net::SocketAddr;

use clap::{ArgAction, Args};

pub use accounts::{Accounts, Argon2, RateLimit, SignUps};
pub use address::Address;
pub use cors::Cors;
pub use database::Database;
pub use database_url::DatabaseUrl;
pub use documents::Documents;
pub use error::StartError;
pub use http::Http;
pub use limits::Limits;
pub use live::Live;
pub use log::Log;
pub use mail::{Mail, SmtpUrl};
pub use postgres_url::{PostgresUrl, Verify};
pub use secret::Secret;
pub use shutdown::Shutdown;
pub use trash::Trash;
pub use variables::Variable;

use dotenv::DotEnv;
use http::address;
use parsers::{mib, number, switch};
use secret::secret;

/// All settings.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// The database settings.
    #[command(flatten, next_help_heading = "Database")]
    pub database: Database,
    /// IP address and port to listen on. Port 0 selects a free port.
    #[arg(id = "LISTEN_ADDR", long, env, help_heading = "HTTP", default_value = "127.0.0.1:8000", value_parser = address)]
    pub listen: SocketAddr,
    /// How the server stops.
    #[command(flatten, next_help_heading = "HTTP")]
    pub shutdown: Shutdown,
    /// IP address and port to answer Prometheus at `/metrics`, e.g. `127.0.0.1:9464`. It has no log-in:
    /// keep it off the Internet. Empty answers nowhere.
    #[arg(id = "METRICS_ADDR", long, env, help_heading = "HTTP", value_parser = address)]
    pub metrics: Option<SocketAddr>,
    /// The HTTP settings.
    #[command(flatten, next_help_heading = "HTTP")]
    pub http: Http,
    /// Whether introspection is allowed: on or off. If off, error messages also reveal no names of the
    /// schema that the request does not contain.
    #[arg(id = "GRAPHQL_INTROSPECTION", long, env, help_heading = "GraphQL", default_value = "on", action = ArgAction::Set, value_parser = switch)]
    pub introspection: bool,
    /// The settings of persisted documents.
    #[command(flatten, next_help_heading = "GraphQL")]
    pub documents: Documents,
    /// The limits on documents and operations.
    #[command(flatten, next_help_heading = "GraphQL")]
    pub limits: Limits,
    /// Maximum memory in MiB, per instance, for the responses of all running requests together, in
    /// addition to 256 KiB per request. A request that needs more waits until others have finished.
    ///
    /// The field is in bytes.
    #[arg(id = "GRAPHQL_MEMORY_MIB", long, env, help_heading = "GraphQL", default_value = "64", value_parser = mib::<usize>(1..=65_536))]
    pub memory: usize,
    /// Secret of at least 32 bytes that signs the access tokens; `openssl rand -hex 32` generates one.
    /// In a comma-separated list, the first secret signs and all are accepted, so that keys can be
    /// rotated. Required on PostgreSQL. On SQLite, a secret is generated and stored next to the
    /// database file if none is set. JWT_SECRET_FILE names a file with the value instead.
    #[arg(id = "JWT_SECRET", long, env, help_heading = "Accounts", value_delimiter = ',', value_parser = secret)]
    pub jwt_secrets: Option<Vec<Secret>>,
    /// The limits on password attempts.
    #[command(flatten, next_help_heading = "Accounts")]
    pub rate_limit: RateLimit,
    /// Number of seconds for which an access token is valid. A client refreshes its session afterwards.
    #[arg(id = "ACCESS_TOKEN_SECONDS", long, env, help_heading = "Accounts", default_value = "3600", value_parser = number::<u32>(5..=86_400))]
    pub token_seconds: u32,
    /// Number of days after which a session expires if it is not refreshed.
    #[arg(id = "SESSION_DAYS", long, env, help_heading = "Accounts", default_value = "30", value_parser = number::<u32>(1..=3650))]
    pub session_days: u32,
    /// Number of days after which a session ends, however often it is refreshed.
    #[arg(id = "SESSION_MAX_DAYS", long, env, help_heading = "Accounts", default_value = "365", value_parser = number::<u32>(1..=36_500))]
    pub session_max_days: u32,
    /// Who may have an account.
    #[command(flatten, next_help_heading = "Accounts")]
    pub accounts: Accounts,
    /// The parameters of password hashing.
    #[command(flatten, next_help_heading = "Accounts")]
    pub argon2: Argon2,
    /// The settings of mails.
    #[command(flatten, next_help_heading = "Mail")]
    pub mail: Mail,
    /// The retention of deleted boards and cards.
    #[command(flatten, next_help_heading = "Boards")]
    pub trash: Trash,
    /// Maximum memory in MiB, per instance, for cached results, each of one version of its board. 0
    /// disables the cache.
    ///
    /// The field is in bytes.
    #[arg(id = "CACHE_MIB", long, env, help_heading = "Boards", default_value = "32", value_parser = mib::<u64>(0..=65_536))]
    pub cache: u64,
    /// The log settings.
    #[command(flatten, next_help_heading = "Log")]
    pub log: Log,
}

/// The variables of all settings, in the order of `--help`.
pub fn variables() -> Vec<Variable> {
    variables::describe::<Config>()
}

impl Config {
    /// Reads the settings from the environment, and from a `.env` file in the working directory if it
    /// exists. Returns them with a warning about names in `.env` that are no settings. Fails if a value
    /// is invalid.
    pub fn from_env() -> Result<(Self, Option<String>), StartError> {
        let names = variables().into_iter().map(|variable| variable.name);
        let names: Vec<String> = names.chain(files::names()).collect();
        let DotEnv { values, warning } = dotenv::read(&names)?;
        let environment = environment(&names)?;
        let lookup = |name: &str| environment.get(name).or_else(|| values.get(name)).cloned();
        Ok((Self::from_lookup(lookup)?, warning))
    }

    /// Reads the settings through `lookup`. An empty variable counts as unset. Fails if a value is
    /// invalid.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let files = files::read(&lookup)?;
        let in_file = |name: &str| files.iter().find(|(other, _)| *other == name);
        let find = |name: &str| match in_file(name) {
            Some((_, value)) => Some(value.clone()),
            None => lookup(name),
        };
        variables::parse::<Self>(find)?.complete()
    }

    /// Applies the rules that involve several settings.
    fn complete(mut self) -> Result<Self, StartError> {
        if self.argon2.memory < 8 * self.argon2.parallelism {
            let reason = "ARGON2_MEMORY_KIB: must be at least 8 times ARGON2_PARALLELISM";
            return Err(StartError::new(reason));
        }
        if self.mail.smtp.is_some() && self.mail.public_url.is_none() {
            return Err(StartError::new("PUBLIC_URL: is required with SMTP_URL"));
        }
        if self.accounts.require_verified_email && self.mail.smtp.is_none() {
            return Err(StartError::new("REQUIRE_VERIFIED_EMAIL: requires SMTP_URL"));
        }
        let database = &mut self.database;
        database.statement_timeout = database.statement_timeout.min(self.http.request_time);
        database.slow_statement = self.log.slow_statement;
        self.http.slow_request = self.log.slow_request;
        self.http.max_values = self.limits.tokens;
        self.http.schema = self.introspection;
        Ok(self)
    }
}

/// The settings in the environment. Fails if a value is not valid UTF-8.
fn environment(names: &[String]) -> Result<HashMap<String, String>, StartError> {
    let set = names.iter().filter_map(|name| Some((name.clone(), std::env::var_os(name)?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(StartError::new(format!("{name}: is not valid UTF-8"))),
    })
    .collect()
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
            ("JWT_SECRET", &format!("{long},")),
            ("JWT_SECRET", &format!(",{long}")),
            ("ARGON2_MEMORY_KIB", "7"),
            ("ARGON2_ITERATIONS", "0"),
            ("ARGON2_PARALLELISM", "x"),
            ("CORS_ORIGINS", "app.example.com"),
            ("BASE_PATH", "kanban"),
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
    fn a_wrong_number_is_answered_with_the_range() {
        for (name, range) in [
            ("DATABASE_POOL_SIZE", "1 to 1000"),
            ("HTTP_REQUEST_SECONDS", "1 to 3600"),
            ("HTTP_MAX_BODY_KIB", "1 to 1048576"),
            ("RATE_LIMIT_PER_ACCOUNT", "1 to 1000000"),
            ("TRASH_RETENTION_DAYS", "0 to 36500"),
            ("CACHE_MIB", "0 to 65536"),
        ] {
            let told = read(&[(name, "1234567890")]).unwrap_err();
            assert_eq!(told, format!("{name}: must be a whole number from {range}"));
        }
    }

    #[test]
    fn values_are_converted_to_the_units_of_the_fields() {
        let secrets = format!("{}, {}", "a".repeat(32), "b".repeat(32));
        let config = read(&[
            ("HTTP_MAX_BODY_KIB", " 2 "),
            ("CACHE_MIB", "3"),
            ("GRAPHQL_MAX_TOKENS", "700"),
            ("HTTP_REQUEST_SECONDS", "7"),
            ("TRASH_RETENTION_DAYS", "0"),
            ("JWT_SECRET", &secrets),
        ]);
        let config = config.unwrap();
        assert_eq!((config.http.max_body, config.cache), (2 << 10, 3 << 20));
        assert_eq!(config.http.max_values, 700);
        assert_eq!(config.database.statement_timeout, config.http.request_time);
        assert_eq!(config.trash.retention_days, None);
        let keys = config.jwt_secrets.unwrap();
        assert_eq!(keys.iter().map(|key| key.expose()[0]).collect::<Vec<_>>(), b"ab");
    }

    #[test]
    fn mails_need_the_url_of_the_front_end_and_verification_needs_mails() {
        let smtp = ("SMTP_URL", "smtp://localhost:25?tls=off");
        let (url, verified) =
            (("PUBLIC_URL", "https://example.com"), ("REQUIRE_VERIFIED_EMAIL", "on"));
        assert_eq!(read(&[smtp]).unwrap_err(), "PUBLIC_URL: is required with SMTP_URL");
        let no_mails = "REQUIRE_VERIFIED_EMAIL: requires SMTP_URL";
        assert_eq!(read(&[verified]).unwrap_err(), no_mails);
        assert_eq!(read(&[url, verified]).unwrap_err(), no_mails);
        assert!(read(&[smtp, url, verified]).is_ok() && read(&[url]).is_ok());
    }

    #[test]
    fn secrets_are_not_printed() {
        let pairs =
            [("DATABASE_URL", "postgres://u:hushhush@h/d"), ("JWT_SECRET", &"hush".repeat(8))];
        assert!(!format!("{:?}", read(&pairs).unwrap()).contains("hush"));
    }
}
