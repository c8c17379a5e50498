//! The parser of `DATABASE_URL`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::SslMode;

/// The database to use.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// The path of an SQLite file.
    Sqlite(String),
    /// A PostgreSQL server.
    Postgres(Box<PostgresUrl>),
}

/// The connection settings of a PostgreSQL server.
#[derive(Clone)]
pub struct PostgresUrl {
    /// The host, user, database and further options.
    pub config: tokio_postgres::Config,
    /// The verification of the server's certificate.
    pub verify: Verify,
    /// Whether the URL says `pgbouncer=true`: there is a pooler in transaction mode.
    pub pooler: bool,
}

/// How a server's certificate is verified.
#[derive(Clone, Debug)]
pub enum Verify {
    /// Not at all, as with libpq's `prefer` and `require`.
    Nothing,
    /// It must be signed by a trusted root and match the server's name.
    Full {
        /// The path of a PEM file with the trusted roots; `None` uses the roots of the system.
        root_certificate: Option<String>,
    },
}

/// Describes the server without user and password.
impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL database {}", self.config.get_dbname().unwrap_or_default())
    }
}

/// Parses `DATABASE_LISTEN_URL`.
pub(super) fn postgres_url(text: &str) -> Result<Box<PostgresUrl>, String> {
    match text.parse()? {
        DatabaseUrl::Postgres(url) => Ok(url),
        DatabaseUrl::Sqlite(_) => Err("must begin with postgres://".into()),
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Describes the database without user and password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite file {path}"),
            Self::Postgres(url) => write!(f, "{url:?}"),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            // SQLite would treat a name with `:` or `?` as options or as an in-memory database, which
            // each connection would have separately.
            return match path {
                "" => Err("does not name a file".into()),
                path if after_drive(path).contains([':', '?']) => {
                    Err("the file name must not contain : or ?".into())
                }
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url).map(|url| Self::Postgres(Box::new(url)));
        }
        Err("must start with sqlite:// or postgres://".into())
    }
}

/// The path without the drive letter of Windows, e.g. `C:\\kanban.db` or `/C:/kanban.db`.
fn after_drive(path: &str) -> &str {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let drive = rest.get(..3).is_some_and(|start| {
        let bytes = start.as_bytes();
        bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && matches!(start.get(1..), Some(":/" | ":\\"))
    });
    if drive { rest.get(3..).unwrap_or_default() } else { path }
}

/// The options that tokio-postgres reads itself.
const PASSED_ON: [&str; 16] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "target_session_attrs",
    "user",
];

/// Options of libpq, poolers and other programs that this program does not have, and what to do instead.
const NOT_SUPPORTED: [(&str, &str); 8] = [
    ("connection_limit", "use DATABASE_POOL_SIZE"),
    ("pool_timeout", "use DATABASE_WAIT_SECONDS"),
    ("schema", "use options=-c%20search_path%3DNAME"),
    ("sslcert", "client certificates are not supported"),
    ("sslcrl", "revocation lists are not supported"),
    ("sslkey", "client certificates are not supported"),
    ("statement_cache_size", "all statements are prepared"),
    ("statement_timeout", "use DATABASE_STATEMENT_SECONDS"),
];

/// What this module reads itself, because tokio-postgres does not know it, or has another unit.
struct Options {
    mode: String,
    root_certificate: Option<String>,
    pooler: bool,
    tcp_user_timeout: Option<Duration>,
    /// The options for tokio-postgres, form-encoded.
    passed_on: String,
}

impl Options {
    fn parse(options: &str) -> Result<Self, String> {
        let (mut mode, mut root_certificate, mut pooler) = ("prefer".to_owned(), None, false);
        let mut tcp_user_timeout = None;
        let mut passed_on = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(options.as_bytes()) {
            match (&*name, &*value) {
                ("sslmode", _) => mode = value.into_owned(),
                ("sslrootcert", _) => root_certificate = Some(value.into_owned()),
                ("pgbouncer", "true" | "false") => pooler = value == "true",
                ("pgbouncer", _) => return Err("pgbouncer must be true or false".into()),
                // In milliseconds, as in libpq. tokio-postgres would read seconds.
                ("tcp_user_timeout", milliseconds) => {
                    let milliseconds = milliseconds.parse();
                    let milliseconds = milliseconds
                        .map_err(|_| "tcp_user_timeout must be a number of milliseconds")?;
                    tcp_user_timeout = Some(Duration::from_millis(milliseconds));
                }
                // GSSAPI is never used.
                ("gssencmode", "disable" | "prefer") => {}
                ("gssencmode", _) => return Err("gssencmode must be disable or prefer".into()),
                (name, _) if PASSED_ON.contains(&name) => {
                    passed_on.append_pair(name, &value);
                }
                (name, _) => return Err(not_supported(name)),
            }
        }
        let passed_on = passed_on.finish();
        Ok(Self { mode, root_certificate, pooler, tcp_user_timeout, passed_on })
    }
}

fn not_supported(name: &str) -> String {
    match NOT_SUPPORTED.iter().find(|(known, _)| *known == name) {
        Some((name, instead)) => format!("the option {name} is not supported: {instead}"),
        // The name may be a part of a password with a question mark, so it is not repeated unless it looks like one.
        None if name.len() <= 40 && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') => {
            format!("unknown option {name}")
        }
        None => "unknown option".into(),
    }
}

/// Reads the URL. tokio-postgres supports neither `verify-full` nor root certificates.
fn postgres(url: &str) -> Result<PostgresUrl, String> {
    let (base, options) = url.split_once('?').unwrap_or((url, ""));
    let Options { mode, root_certificate, pooler, tcp_user_timeout, passed_on } =
        Options::parse(options)?;
    // Form encoding writes a space as `+`, but a connection string requires `%20`.
    let passed_on = passed_on.replace('+', "%20");
    let mut config: tokio_postgres::Config =
        format!("{base}?{passed_on}").parse().map_err(|_| "is not a valid connection string")?;
    let (ssl_mode, verify) = match (mode.as_str(), root_certificate) {
        ("verify-full", root_certificate) => (SslMode::Require, Verify::Full { root_certificate }),
        (_, Some(_)) => return Err("sslrootcert requires sslmode=verify-full".into()),
        ("disable", None) => (SslMode::Disable, Verify::Nothing),
        ("prefer", None) => (SslMode::Prefer, Verify::Nothing),
        ("require", None) => (SslMode::Require, Verify::Nothing),
        _ => return Err("sslmode must be disable, prefer, require or verify-full".into()),
    };
    // PostgreSQL would take the database with the name of the user.
    if config.get_dbname().is_none_or(str::is_empty) {
        return Err("does not name a database".into());
    }
    config.ssl_mode(ssl_mode);
    if let Some(time) = tcp_user_timeout {
        config.tcp_user_timeout(time);
    }
    if config.get_application_name().is_none() {
        config.application_name("kanban");
    }
    Ok(PostgresUrl { config, verify, pooler })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_urls_know_verify_full() {
        let url = "postgres://u:p@h:5433/d?sslmode=verify-full&sslrootcert=%2Ftmp%2Fa+b.pem&options=-c%20x%3Dy";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert!(
            matches!(postgres.verify, Verify::Full { root_certificate: Some(file) } if file == "/tmp/a b.pem")
        );
        assert_eq!(postgres.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(postgres.config.get_ports(), [5433]);
        assert_eq!(postgres.config.get_options(), Some("-c x=y"));
    }

    #[test]
    fn options_are_honoured_or_named() {
        let refused =
            |options: &str| format!("postgres://h/d?{options}").parse::<DatabaseUrl>().unwrap_err();
        assert_eq!(
            refused("schema=app"),
            "the option schema is not supported: use options=-c%20search_path%3DNAME"
        );
        assert_eq!(refused("sslmod=disable"), "unknown option sslmod");
        assert_eq!(refused("gssencmode=require"), "gssencmode must be disable or prefer");
        assert_eq!(refused("Pa$$word@h/d"), "unknown option");
        for url in ["postgres://u@h", "postgres://u@h:5432/", "postgres://u@h/?dbname="] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap_err(), "does not name a database");
        }
        assert!("postgres://u@h?dbname=d".parse::<DatabaseUrl>().is_ok());
        let url = "postgres://h/d?pgbouncer=true&gssencmode=disable&connect_timeout=7&target_session_attrs=read-write";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert!(postgres.pooler);
        assert_eq!(postgres.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        let url = "postgres://h/d?tcp_user_timeout=1500";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert_eq!(postgres.config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        let message = "tcp_user_timeout must be a number of milliseconds";
        assert_eq!(refused("tcp_user_timeout=1s"), message);
    }

    #[test]
    fn paths_of_windows_are_files() {
        for path in ["C:\\data\\kanban.db", "/C:/data/kanban.db", "c:/kanban.db", "kanban.db"] {
            let DatabaseUrl::Sqlite(file) = format!("sqlite://{path}").parse().unwrap() else {
                panic!()
            };
            assert_eq!(file, path);
        }
        for path in ["", "a:b", ":memory:", "C:/a?mode=ro", "C:/a:b"] {
            assert!(format!("sqlite://{path}").parse::<DatabaseUrl>().is_err(), "{path}");
        }
    }
}
