//! The signing key for access tokens on SQLite when `JWT_SECRET` is not set. It is generated at the
//! first start and stored next to the database file, readable only by its owner.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::config::{Secret, StartError};

/// Reads the secret in `<database>.jwt-secret`. Creates the file if it does not exist.
pub(crate) fn load_or_create(database: &str) -> Result<Secret, StartError> {
    let path = format!("{database}.jwt-secret");
    let wrong = |error: &dyn std::fmt::Display| {
        StartError::new(format!("JWT_SECRET: is not set, and {path} cannot be used: {error}"))
    };
    if let Err(error) = create(Path::new(&path))
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(wrong(&error));
    }
    let mut text = String::new();
    std::fs::File::open(&path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| wrong(&error))?;
    Secret::new(text.trim().as_bytes()).map_err(|error| wrong(&error))
}

/// Writes a new secret to a temporary file and hard-links it to `path`. So two instances that start at
/// the same time both read the same, complete secret.
fn create(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let draft = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let secret = HEXLOWER.encode(&rand::random::<[u8; 32]>());
    let linked = file
        .write_all(secret.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("kanban.db").display().to_string();
        let first = load_or_create(&database).unwrap();
        let second = load_or_create(&database).unwrap();
        assert_eq!(first.expose(), second.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = std::fs::metadata(format!("{database}.jwt-secret")).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
