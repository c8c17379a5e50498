//! The parser of `DATABASE_URL`.

use std::fmt;
use std::str::FromStr;

use super::postgres_url::{self, PostgresUrl};

/// The database to use.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// The path of an SQLite file.
    Sqlite(String),
    /// A PostgreSQL server.
    Postgres(Box<PostgresUrl>),
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
            return postgres_url::parse(url).map(|url| Self::Postgres(Box::new(url)));
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

#[cfg(test)]
mod tests {
    use super::*;

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
