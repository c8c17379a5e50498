//! The parser of `DATABASE_URL`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

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
    pub config: Config,
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
                path => Ok(Self::Sqlite(without_root(path).into())),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url).map(|url| Self::Postgres(Box::new(url)));
        }
        Err("must start with sqlite:// or postgres://".into())
    }
}

/// The path without a slash before the drive letter of Windows, as in `/C:/kanban.db`.
fn without_root(path: &str) -> &str {
    let rest = path.strip_prefix('/').unwrap_or(path);
    if after_drive(rest).len() < rest.len() { rest } else { path }
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
const PASSED_ON: [&str; 15] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
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
const NOT_SUPPORTED: [(&str, &str); 9] = [
    ("connection_limit", "use DATABASE_POOL_SIZE"),
    ("pool_timeout", "use DATABASE_WAIT_SECONDS"),
    (
        "schema",
        "use options=-c%20search_path%3DNAME, or ALTER ROLE … SET search_path behind a pooler",
    ),
    ("ssl", "use sslmode"),
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
        let (mut mode, mut root_certificate, mut pooler) = (None, None, false);
        let mut tcp_user_timeout = None;
        let mut passed_on = form_urlencoded::Serializer::new(String::new());
        // A plus sign is no space, as in libpq.
        for (name, value) in form_urlencoded::parse(options.replace('+', "%2B").as_bytes()) {
            match (&*name, &*value) {
                ("sslmode", _) => mode = Some(value.into_owned()),
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
                // tokio-postgres always uses it.
                ("client_encoding", encoding) if is_utf8(encoding) => {}
                ("client_encoding", _) => return Err("client_encoding must be UTF8".into()),
                // The name of libpq, and that of tokio-postgres.
                (name @ "keepalives_count", value) => {
                    append(&mut passed_on, name, "keepalives_retries", value)?;
                }
                ("host", hosts) => {
                    for host in hosts.split(',') {
                        append(&mut passed_on, "host", "host", host)?;
                    }
                }
                (name, value) if PASSED_ON.contains(&name) => {
                    append(&mut passed_on, name, name, value)?;
                }
                (name, _) => return Err(not_supported(name, options)),
            }
        }
        let passed_on = form_encoded(passed_on);
        let has_system_roots = root_certificate.as_deref() == Some(SYSTEM_ROOTS);
        let default = if has_system_roots { "verify-full" } else { "prefer" };
        let mode = mode.unwrap_or_else(|| default.into());
        Ok(Self { mode, root_certificate, pooler, tcp_user_timeout, passed_on })
    }
}

/// The `sslrootcert` for the certificates of the system, which `verify-full` also uses without one.
const SYSTEM_ROOTS: &str = "system";

fn is_utf8(encoding: &str) -> bool {
    ["utf8", "utf-8", "unicode", "auto"].contains(&encoding.to_ascii_lowercase().as_str())
}

type Pairs = form_urlencoded::Serializer<'static, String>;

/// Form encoding writes a space as `+`, but a connection string requires `%20`.
fn form_encoded(mut pairs: Pairs) -> String {
    pairs.finish().replace('+', "%20")
}

/// Appends an option, which tokio-postgres knows as `known_as`. The error does not repeat the value, which may be a password.
fn append(options: &mut Pairs, name: &str, known_as: &str, value: &str) -> Result<(), String> {
    let mut alone = Pairs::new(String::new());
    alone.append_pair(known_as, value);
    let url = format!("postgres://localhost/kanban?{}", form_encoded(alone));
    let checked = url.parse::<Config>();
    checked.map_err(|_| format!("the value of the option {name} is not valid"))?;
    options.append_pair(known_as, value);
    Ok(())
}

fn not_supported(name: &str, options: &str) -> String {
    match NOT_SUPPORTED.iter().find(|(known, _)| *known == name) {
        Some((name, instead)) => format!("the option {name} is not supported: {instead}"),
        // The options may be the rest of a password, which must not be repeated.
        None if options.contains('@') => {
            "unknown option; if the password has a question mark, write it as %3F".into()
        }
        None if name.len() <= 40 && name.bytes().all(|c| c.is_ascii_alphabetic() || c == b'_') => {
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
    let parsed = |url: &str| url.parse().map_err(|_| "is not a valid connection string");
    let mut config: Config = parsed(&format!("postgres:///?{passed_on}"))?;
    add_missing(&mut config, &parsed(base)?);
    let (ssl_mode, verify) = match (mode.as_str(), root_certificate) {
        ("verify-full", root_certificate) => {
            let root_certificate = root_certificate.filter(|file| file != SYSTEM_ROOTS);
            (SslMode::Require, Verify::Full { root_certificate })
        }
        (_, Some(_)) => return Err("sslrootcert requires sslmode=verify-full".into()),
        ("disable", None) => (SslMode::Disable, Verify::Nothing),
        ("prefer", None) => (SslMode::Prefer, Verify::Nothing),
        ("require", None) => (SslMode::Require, Verify::Nothing),
        _ => return Err("sslmode must be disable, prefer, require or verify-full".into()),
    };
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("does not name a host".into());
    }
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

/// Adds what the options do not have and the rest of the URL has. (tokio-postgres would use the hosts of both.)
fn add_missing(options: &mut Config, rest: &Config) {
    if let (None, Some(user)) = (options.get_user(), rest.get_user()) {
        options.user(user);
    }
    if let (None, Some(password)) = (options.get_password(), rest.get_password()) {
        options.password(password);
    }
    if let (None, Some(name)) = (options.get_dbname(), rest.get_dbname()) {
        options.dbname(name);
    }
    if options.get_ports().is_empty() {
        for port in rest.get_ports() {
            options.port(*port);
        }
    }
    if options.get_hosts().is_empty() {
        for host in rest.get_hosts() {
            match host {
                Host::Tcp(name) => options.host(name),
                #[cfg(unix)]
                Host::Unix(folder) => options.host_path(folder),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_urls_know_verify_full() {
        let url = "postgres://u:p@h:5433/d?sslmode=verify-full&sslrootcert=%2Ftmp%2Fa+%20b.pem&options=-c%20x%3Dy";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert!(
            matches!(postgres.verify, Verify::Full { root_certificate: Some(file) } if file == "/tmp/a+ b.pem")
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
            "the option schema is not supported: use options=-c%20search_path%3DNAME, or ALTER ROLE … SET search_path behind a pooler"
        );
        assert_eq!(refused("sslmod=disable"), "unknown option sslmod");
        assert_eq!(refused("gssencmode=require"), "gssencmode must be disable or prefer");
        assert_eq!(refused("socketTimeout=5"), "unknown option socketTimeout");
        for password in ["u:Pa?Word@h/d", "u:p@ss?Word!1@h/d", "u:pass?Word@h/d?x=y"] {
            let refused = format!("postgres://{password}").parse::<DatabaseUrl>().unwrap_err();
            assert!(refused.contains("write it as %3F"), "{refused}");
            assert!(!refused.contains("Word"), "{refused}");
        }
        assert_eq!(refused("Word!1"), "unknown option");
        for mode in ["require", "prefer", "disable"] {
            let refused = refused(&format!("sslrootcert=system&sslmode={mode}"));
            assert_eq!(refused, "sslrootcert requires sslmode=verify-full");
        }
        assert_eq!(refused("port=5432x"), "the value of the option port is not valid");
        let refusal = "the value of the option keepalives_count is not valid";
        assert_eq!(refused("keepalives_count=x"), refusal);
        assert_eq!(refused("client_encoding=latin1"), "client_encoding must be UTF8");
        for url in ["postgres://u@h", "postgres://u@h:5432/", "postgres://u@h/?dbname="] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap_err(), "does not name a database");
        }
        assert!("postgres://u@h?dbname=d".parse::<DatabaseUrl>().is_ok());
        let url = "postgres://h/d?pgbouncer=true&gssencmode=disable&connect_timeout=7&target_session_attrs=read-write";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert!(postgres.pooler);
        assert_eq!(postgres.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        let url = "postgres://h/d?keepalives_count=3&client_encoding=UTF8";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert_eq!(postgres.config.get_keepalives_retries(), Some(3));
        for mode in ["", "&sslmode=verify-full"] {
            let url = format!("postgres://h/d?sslrootcert=system{mode}");
            let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
            assert!(matches!(postgres.verify, Verify::Full { root_certificate: None }));
            assert_eq!(postgres.config.get_ssl_mode(), SslMode::Require);
        }
        let url = "postgres://h/d?tcp_user_timeout=1500";
        let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
        assert_eq!(postgres.config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        let message = "tcp_user_timeout must be a number of milliseconds";
        assert_eq!(refused("tcp_user_timeout=1s"), message);
    }

    #[cfg(unix)]
    #[test]
    fn options_replace_the_rest_of_the_url() {
        let tcp = |name: &str| Host::Tcp(name.into());
        for (url, hosts, ports) in [
            ("postgres://u:p@a:1,b:2/d", vec![tcp("a"), tcp("b")], vec![1, 2]),
            ("postgres://u:p@a/d?host=b,c&port=3,4", vec![tcp("b"), tcp("c")], vec![3, 4]),
            ("postgres://u:p@a:1/d?port=2", vec![tcp("a")], vec![2]),
            ("postgres://u:p@a:1/d?host=/run/x", vec![Host::Unix("/run/x".into())], vec![1]),
            ("postgres://u:p@/d?host=%2Frun%2Fx", vec![Host::Unix("/run/x".into())], vec![]),
            ("postgres://v:q@a/e?user=u&password=p&dbname=d", vec![tcp("a")], vec![5432]),
        ] {
            let DatabaseUrl::Postgres(postgres) = url.parse().unwrap() else { panic!() };
            let config = postgres.config;
            assert_eq!((config.get_hosts(), config.get_ports()), (&*hosts, &*ports), "{url}");
            assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")), "{url}");
            assert_eq!(config.get_password(), Some(&b"p"[..]), "{url}");
        }
        assert_eq!("postgres:///d".parse::<DatabaseUrl>().unwrap_err(), "does not name a host");
    }

    #[test]
    fn paths_of_windows_are_files() {
        for path in ["C:\\data\\kanban.db", "c:/kanban.db", "kanban.db", "/kanban.db"] {
            for root in ["", "/"] {
                let url = format!("sqlite://{root}{path}");
                let DatabaseUrl::Sqlite(file) = url.parse().unwrap() else { panic!() };
                let has_drive = path.contains(':');
                assert_eq!(file, if has_drive { path.into() } else { format!("{root}{path}") });
            }
        }
        for path in ["", "a:b", ":memory:", "C:/a?mode=ro", "C:/a:b"] {
            assert!(format!("sqlite://{path}").parse::<DatabaseUrl>().is_err(), "{path}");
        }
    }
}
