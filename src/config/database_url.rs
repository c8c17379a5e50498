//! The parser of `DATABASE_URL`.

use std::fmt;
use std::str::FromStr;

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
            Self::Postgres(url) => {
                write!(f, "PostgreSQL database {}", url.config.get_dbname().unwrap_or_default())
            }
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
                path if path.contains([':', '?']) => {
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

/// Removes `sslmode` and `sslrootcert` from the URL and handles them here, because tokio-postgres
/// supports neither `verify-full` nor root certificates.
fn postgres(url: &str) -> Result<PostgresUrl, String> {
    let (base, options) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root_certificate) = ("prefer".to_owned(), None);
    let mut others = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(options.as_bytes()) {
        match &*name {
            "sslmode" => mode = value.into_owned(),
            "sslrootcert" => root_certificate = Some(value.into_owned()),
            _ => {
                others.append_pair(&name, &value);
            }
        }
    }
    // Form encoding writes a space as `+`, but a connection string requires `%20`.
    let others = others.finish().replace('+', "%20");
    let mut config: tokio_postgres::Config =
        format!("{base}?{others}").parse().map_err(|_| "is not a valid connection string")?;
    let (ssl_mode, verify) = match mode.as_str() {
        "disable" => (SslMode::Disable, Verify::Nothing),
        "prefer" => (SslMode::Prefer, Verify::Nothing),
        "require" => (SslMode::Require, Verify::Nothing),
        "verify-full" => {
            (SslMode::Require, Verify::Full { root_certificate: root_certificate.take() })
        }
        _ => return Err("sslmode must be disable, prefer, require or verify-full".into()),
    };
    if root_certificate.is_some() {
        return Err("sslrootcert requires sslmode=verify-full".into());
    }
    config.ssl_mode(ssl_mode);
    if config.get_application_name().is_none() {
        config.application_name("kanban");
    }
    Ok(PostgresUrl { config, verify })
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
}
