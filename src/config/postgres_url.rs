//! The parser of PostgreSQL URLs.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::address::Address;

/// The connection settings of a PostgreSQL server.
#[derive(Clone)]
pub struct PostgresUrl {
    /// The user, the database and further options, without an address.
    pub config: Config,
    /// The addresses to try, in this order.
    pub addresses: Vec<Address>,
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

/// Names the database, without user and password.
impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL database {}", self.config.get_dbname().unwrap_or_default())
    }
}

/// The options that tokio-postgres reads itself.
const PASSED_ON: [&str; 13] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
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
    /// The options with addresses, form-encoded.
    addresses: String,
}

impl Options {
    fn parse(options: &str) -> Result<Self, String> {
        let (mut mode, mut root_certificate, mut pooler) = (None, None, false);
        let mut tcp_user_timeout = None;
        let mut passed_on = Pairs::new(String::new());
        let mut addresses = Pairs::new(String::new());
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
                        append(&mut addresses, "host", "host", host)?;
                    }
                }
                (name @ ("hostaddr" | "port"), value) => append(&mut addresses, name, name, value)?,
                (name, value) if PASSED_ON.contains(&name) => {
                    append(&mut passed_on, name, name, value)?;
                }
                (name, _) => return Err(not_supported(name, options)),
            }
        }
        let (passed_on, addresses) = (form_encoded(passed_on), form_encoded(addresses));
        let has_system_roots = root_certificate.as_deref() == Some(SYSTEM_ROOTS);
        let default = if has_system_roots { "verify-full" } else { "prefer" };
        let mode = mode.unwrap_or_else(|| default.into());
        Ok(Self { mode, root_certificate, pooler, tcp_user_timeout, passed_on, addresses })
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
pub(super) fn parse(url: &str) -> Result<PostgresUrl, String> {
    let (base, options) = url.split_once('?').unwrap_or((url, ""));
    let Options { mode, root_certificate, pooler, tcp_user_timeout, passed_on, addresses } =
        Options::parse(options)?;
    let parsed = |url: &str| url.parse().map_err(|_| "is not a valid connection string");
    let (base, mut config): (Config, Config) =
        (parsed(base)?, parsed(&format!("postgres:///?{passed_on}"))?);
    add_missing(&mut config, &base);
    let addresses = Address::all(&parsed(&format!("postgres:///?{addresses}"))?, &base)?;
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
    Ok(PostgresUrl { config, addresses, verify, pooler })
}

/// Adds what the options do not have and the rest of the URL has.
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
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn postgres_urls_know_verify_full() {
        let url = "postgres://u:p@h:5433/d?sslmode=verify-full&sslrootcert=%2Ftmp%2Fa+%20b.pem&options=-c%20x%3Dy";
        let postgres = parse(url).unwrap();
        assert!(
            matches!(postgres.verify, Verify::Full { root_certificate: Some(file) } if file == "/tmp/a+ b.pem")
        );
        assert_eq!(postgres.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(postgres.addresses[0].port, Some(5433));
        assert_eq!(postgres.config.get_options(), Some("-c x=y"));
    }

    #[test]
    fn options_are_honoured_or_named() {
        let refused = |options: &str| parse(&format!("postgres://h/d?{options}")).err().unwrap();
        assert_eq!(
            refused("schema=app"),
            "the option schema is not supported: use options=-c%20search_path%3DNAME, or ALTER ROLE … SET search_path behind a pooler"
        );
        assert_eq!(refused("sslmod=disable"), "unknown option sslmod");
        assert_eq!(refused("gssencmode=require"), "gssencmode must be disable or prefer");
        assert_eq!(refused("socketTimeout=5"), "unknown option socketTimeout");
        for password in ["u:Pa?Word@h/d", "u:p@ss?Word!1@h/d", "u:pass?Word@h/d?x=y"] {
            let refused = parse(&format!("postgres://{password}")).err().unwrap();
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
            assert_eq!(parse(url).err().unwrap(), "does not name a database");
        }
        assert!(parse("postgres://u@h?dbname=d").is_ok());
        let url = "postgres://h/d?pgbouncer=true&gssencmode=disable&connect_timeout=7&target_session_attrs=read-write";
        let postgres = parse(url).unwrap();
        assert!(postgres.pooler);
        assert_eq!(postgres.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        let url = "postgres://h/d?keepalives_count=3&client_encoding=UTF8";
        let postgres = parse(url).unwrap();
        assert_eq!(postgres.config.get_keepalives_retries(), Some(3));
        for mode in ["", "&sslmode=verify-full"] {
            let url = format!("postgres://h/d?sslrootcert=system{mode}");
            let postgres = parse(&url).unwrap();
            assert!(matches!(postgres.verify, Verify::Full { root_certificate: None }));
            assert_eq!(postgres.config.get_ssl_mode(), SslMode::Require);
        }
        let url = "postgres://h/d?tcp_user_timeout=1500";
        let postgres = parse(url).unwrap();
        assert_eq!(postgres.config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        let message = "tcp_user_timeout must be a number of milliseconds";
        assert_eq!(refused("tcp_user_timeout=1s"), message);
    }

    #[cfg(unix)]
    #[test]
    fn options_replace_the_rest_of_the_url() {
        let tcp = |name: &str| Host::Tcp(name.into());
        for (url, hosts, ports) in [
            ("postgres://u:p@a:1,b:2/d", vec![tcp("a"), tcp("b")], vec![Some(1), Some(2)]),
            (
                "postgres://u:p@a/d?host=b,c&port=3,4",
                vec![tcp("b"), tcp("c")],
                vec![Some(3), Some(4)],
            ),
            ("postgres://u:p@a,b/d?port=3", vec![tcp("a"), tcp("b")], vec![Some(3), Some(3)]),
            ("postgres://u:p@a:1/d?port=2", vec![tcp("a")], vec![Some(2)]),
            ("postgres://u:p@a:1/d?host=/run/x", vec![Host::Unix("/run/x".into())], vec![Some(1)]),
            ("postgres://u:p@/d?host=%2Frun%2Fx", vec![Host::Unix("/run/x".into())], vec![None]),
            ("postgres://v:q@a/e?user=u&password=p&dbname=d", vec![tcp("a")], vec![Some(5432)]),
        ] {
            let postgres = parse(url).unwrap();
            let PostgresUrl { config, addresses, .. } = postgres;
            let expected: Vec<_> = hosts
                .into_iter()
                .zip(ports)
                .map(|(host, port)| Address { host: Some(host), hostaddr: None, port })
                .collect();
            assert_eq!(addresses, expected, "{url}");
            assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")), "{url}");
            assert_eq!(config.get_password(), Some(&b"p"[..]), "{url}");
        }
        for (url, refusal) in [
            ("postgres:///d", "does not name a host"),
            ("postgres://a,/d", "does not name a host"),
            ("postgres://u@/d?host=", "does not name a host"),
            ("postgres://a/d?port=1,2", "there must be one port for all hosts, or one for each"),
            (
                "postgres://a,b/d?hostaddr=::1",
                "host and hostaddr must have the same number of values",
            ),
        ] {
            assert_eq!(parse(url).err().as_deref(), Some(refusal));
        }
        let url = parse("postgres://u@a/d?hostaddr=127.0.0.1").unwrap();
        let config = url.addresses[0].add_to(url.config);
        assert_eq!((config.get_hosts().len(), config.get_hostaddrs().len()), (1, 1));
    }
}
