//! Copies of an SQLite file, for `kanban backup` and `kanban restore`.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{migrations, sqlite};
use crate::config::StartError;

/// A checked copy of a database that does not have its name yet, so that no part of a copy looks like a whole one. It is
/// removed unless it is kept.
pub struct Draft {
    path: String,
    target: String,
}

impl Draft {
    /// Copies the database in the file `source` as it is at this moment; others may go on writing to it. The copy is in the
    /// folder of `target`. Fails if it is damaged, no database of this program, or newer than the program.
    pub fn copy(source: &str, target: &str) -> Result<Self, StartError> {
        let path = format!("{target}.{:016x}.part", rand::random::<u64>());
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)
        };
        drop(create().map_err(|error| fail(target, &error))?);
        let draft = Self { path, target: target.to_owned() };
        draft.fill(source).map_err(|error| fail(source, &error))?;
        draft.check().map_err(|error| fail(source, &error))?;
        Ok(draft)
    }

    /// The path of the copy.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Gives the copy its name. Fails if there is a file with this name.
    pub fn keep(self) -> Result<(), StartError> {
        if Path::new(&self.target).exists() {
            return Err(fail(&self.target, &"already exists"));
        }
        self.rename().map_err(|error| fail(&self.target, &error))
    }

    /// Puts the copy in the place of a database that nobody uses, which gets another name. Returns that name.
    pub fn replace(self) -> Result<Option<String>, StartError> {
        // What was changed in the copy is in the file itself, not in a file beside it.
        drop(lock(&self.path)?);
        if !Path::new(&self.target).exists() {
            let strays = [format!("{}-wal", self.target), format!("{}-shm", self.target)];
            if let Some(stray) = strays.iter().find(|stray| Path::new(stray).exists()) {
                return Err(fail(stray, &"belongs to another database; move it away"));
            }
            self.rename().map_err(|error| fail(&self.target, &error))?;
            return Ok(None);
        }
        let old = lock(&self.target)?;
        let time = chrono::Utc::now().format("%Y%m%dT%H%M%S%.3fZ");
        let kept = format!("{}.{time}.old", self.target);
        // There is a database under the name at any time, or a server that starts now would make an empty one.
        fs::hard_link(&self.target, &kept).map_err(|error| fail(&kept, &error))?;
        self.rename().map_err(|error| fail(&self.target, &error))?;
        drop(old);
        Ok(Some(kept))
    }

    fn fill(&self, source: &str) -> Result<(), String> {
        // An absolute path, because SQLite takes names that begin with `file:` for URIs.
        let path = std::path::absolute(&self.path).map_err(|error| error.to_string())?;
        let path = path.to_str().ok_or("the path is not valid UTF-8")?;
        let mut conn = sqlite::connect(source).map_err(|error| error.to_string())?;
        conn.batch_execute("PRAGMA busy_timeout = 60000").map_err(|error| error.to_string())?;
        let copy = diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(path).execute(&mut conn);
        copy.map_err(|error| error.to_string())?;
        File::open(path).and_then(|file| file.sync_all()).map_err(|error| error.to_string())
    }

    fn check(&self) -> Result<(), String> {
        migrations::check_file(&self.path)?;
        let check = || {
            let mut conn = sqlite::connect(&self.path)?;
            let integrity = diesel::dsl::sql::<Text>("integrity_check FROM pragma_integrity_check");
            let found: Vec<String> = diesel::select(integrity).load(&mut conn)?;
            let broken = diesel::dsl::sql::<BigInt>("count(*) FROM pragma_foreign_key_check");
            let broken: i64 = diesel::select(broken).get_result(&mut conn)?;
            Ok((found, broken))
        };
        match check().map_err(|error: Box<dyn std::error::Error>| error.to_string())? {
            (found, 0) if found == ["ok"] => Ok(()),
            (found, 0) => Err(format!("the database is damaged: {}", found.join("; "))),
            (_, broken) => Err(format!("{broken} rows violate a foreign key")),
        }
    }

    fn rename(&self) -> std::io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        // Only then does the new name survive a loss of power.
        #[cfg(unix)]
        if let Some(folder) = std::path::absolute(&self.target)?.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(PathBuf::from(format!("{}{end}", self.path)));
        }
    }
}

/// Locks a database until the connection is dropped, with everything in the file itself. Fails if a connection to it is
/// open: only the last one can end the write-ahead log.
fn lock(path: &str) -> Result<SqliteConnection, StartError> {
    let attempt = || {
        let mut conn = sqlite::connect(path)?;
        conn.batch_execute(
            "PRAGMA busy_timeout = 1000; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE",
        )?;
        Ok(conn)
    };
    attempt().map_err(|error: Box<dyn std::error::Error>| {
        let error = error.to_string();
        if error == "database is locked" {
            return fail(path, &"is in use: stop the server first");
        }
        let advice =
            "move it away with the files -wal and -shm beside it, after the server has stopped";
        fail(path, &format!("{error}; {advice}"))
    })
}

fn fail(path: &str, error: &dyn std::fmt::Display) -> StartError {
    StartError::new(format!("{path}: {error}"))
}
