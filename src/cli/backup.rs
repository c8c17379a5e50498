//! `kanban backup`, `kanban restore` and `kanban end-sessions`.

use std::path::Path;

use crate::app;
use crate::config::{Config, DatabaseUrl, StartError};
use crate::service::{Services, sessions};
use crate::store::Draft;

/// Copies the database to a new file. Returns what to tell the operator.
pub(super) fn backup(config: &Config, file: &Path) -> Result<String, StartError> {
    let (database, file) = (sqlite(config, "backup", "pg_dump")?, utf8(file)?);
    if Path::new(file).exists() {
        return Err(StartError::new(format!("{file}: already exists")));
    }
    Draft::copy(database, file)?.keep()?;
    Ok(format!("Copied {database} to {file}, and checked the copy.\n"))
}

/// Replaces the database by a copy. Returns what to tell the operator.
pub(super) async fn restore(config: &Config, file: &Path) -> Result<String, StartError> {
    let (database, file) = (sqlite(config, "restore", "pg_restore")?, utf8(file)?);
    if is_same(file, database) {
        return Err(StartError::new(format!("{file}: is the database itself")));
    }
    let draft = Draft::copy(file, database)?;
    let mut copy = config.clone();
    copy.database.url = DatabaseUrl::Sqlite(draft.path().to_owned());
    let services = app::services_without_tokens(&copy).await?;
    let ended = end(&services).await;
    services.db.close().await;
    drop(services);
    let ended = ended?;
    let kept = draft.replace()?;
    let kept = kept.map_or(String::new(), |kept| format!("The former database is {kept}.\n"));
    Ok(format!("Restored {file} to {database}. Ended {ended} sessions.\n{kept}"))
}

/// Ends all sessions. Returns what to tell the operator.
pub(super) async fn end_sessions(config: &Config) -> Result<String, StartError> {
    let services = app::existing_services(config).await?;
    Ok(format!("Ended {} sessions.\n", end(&services).await?))
}

async fn end(services: &Services) -> Result<usize, StartError> {
    let failed = "the sessions could not be ended; the log above has the cause";
    sessions::end_all(services).await.map_err(|_| StartError::new(failed))
}

/// The file of the database.
fn sqlite<'a>(config: &'a Config, command: &str, instead: &str) -> Result<&'a str, StartError> {
    match &config.database.url {
        DatabaseUrl::Sqlite(path) => Ok(path),
        DatabaseUrl::Postgres(_) => Err(StartError::new(format!(
            "kanban {command} is for SQLite; for PostgreSQL use {instead}, as docs/hosting.md says"
        ))),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let real = |path| std::fs::canonicalize(path).ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

fn utf8(path: &Path) -> Result<&str, StartError> {
    path.to_str().ok_or_else(|| StartError::new("the name of the file is not valid UTF-8"))
}
