//! The contestants, each in its own process.

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::load::{Request, ask};
use crate::rows;
use crate::support::{Database, KANBAN, Process};
use crate::work::{Asker, Read};

/// A server that is compared with others.
pub struct Contestant {
    pub name: &'static str,
    pub process: Process,
    pub asker: Asker,
}

const POSTGRAPHILE: &str = "PostGraphile";

impl Contestant {
    /// The request for a read. For a later page, the previous pages are requested first.
    pub async fn request(&self, read: &Read) -> Request {
        let mut after = None;
        for _ in 0..if read.is_third_page() { 2 } else { 0 } {
            let (_, page) = ask(&self.process.address, self.read(read, after.as_deref())).await;
            after = Some(self.end_cursor(&page));
        }
        self.read(read, after.as_deref())
    }

    fn read(&self, read: &Read, after: Option<&str>) -> Request {
        if self.is_postgraphile() {
            return self.asker.graphql(&read.postgraphile, &json!({ "after": after }));
        }
        self.asker.read(read, after)
    }

    /// The end cursor of a page.
    fn end_cursor(&self, page: &Value) -> String {
        let list =
            if self.is_postgraphile() { "boardByRowId/cardsByBoardId" } else { "board/cards" };
        let cursor = page.pointer(&format!("/data/{list}/pageInfo/endCursor"));
        cursor.and_then(Value::as_str).unwrap_or_else(|| panic!("{}: {page}", self.name)).to_owned()
    }

    pub fn is_postgraphile(&self) -> bool {
        self.name == POSTGRAPHILE
    }
}

/// Starts all contestants. "By hand" is the first, the base of most ratios; kanban is the second.
/// PostGraphile and kanban without cache take part in the reads only.
pub async fn start(database: &Database, reads: bool) -> Vec<Contestant> {
    let kanban_itself = kanban("kanban", database, &[]).await;
    let token = Arc::clone(&kanban_itself.asker.token);
    let mut all = vec![by_hand(database, Arc::clone(&token)), kanban_itself];
    if reads {
        all.push(kanban("kanban without cache", database, &[("CACHE_MIB", "0")]).await);
        if database.name() == "PostgreSQL" {
            all.extend(postgraphile(database, token));
        }
    }
    all
}

/// kanban with all features. The rate limit is on, but too high to be reached.
pub async fn kanban(
    name: &'static str,
    database: &Database,
    settings: &[(&str, &str)],
) -> Contestant {
    kanban_of(KANBAN, name, database, settings).await
}

/// The same with another build of kanban.
pub async fn kanban_of(
    program: &str,
    name: &'static str,
    database: &Database,
    settings: &[(&str, &str)],
) -> Contestant {
    let many = ("RATE_LIMIT_PER_ACCOUNT", "1000000");
    let settings = [settings, &[many, ("RATE_LIMIT_PER_ADDRESS", "1000000")]].concat();
    let process = Process::kanban_of(program, &database.url, &settings);
    let token = log_in(&process.address).await;
    Contestant { name, process, asker: Asker { token, by_hand: false } }
}

/// The access token of the viewer.
pub async fn log_in(address: &str) -> Arc<str> {
    let nobody = Asker { token: "".into(), by_hand: false };
    let (_, answer) = ask(address, nobody.log_in()).await;
    let token = answer["data"]["logIn"]["accessToken"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).into()
}

fn by_hand(database: &Database, token: Arc<str>) -> Contestant {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let process = Process::start(command.args(["by-hand", &database.url]));
    Contestant { name: "by hand", process, asker: Asker { token, by_hand: true } }
}

/// `None`, with a message, on a machine without npm.
fn postgraphile(database: &Database, token: Arc<str>) -> Option<Contestant> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/postgraphile");
    let install = [
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--loglevel=error",
        "--prefix",
        folder,
    ];
    let installed = Command::new("npm").args(install).stdout(std::process::Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        eprintln!("npm could not install PostGraphile, so it is left out");
        return None;
    }
    let mut command = Command::new(format!("{folder}/node_modules/.bin/node"));
    command.arg("server.mjs").current_dir(folder).env("DATABASE_URL", &database.url);
    command.env("NODE_ENV", "production").env("GRAPHILE_ENV", "production");
    let process = Process::start(&mut command);
    Some(Contestant { name: POSTGRAPHILE, process, asker: Asker { token, by_hand: false } })
}

/// Creates the tables, the viewer's account and all rows.
pub async fn fill(program: &str, url: &str, size: rows::Size) {
    let process = Process::kanban_of(program, url, &[]);
    let nobody = Asker { token: "".into(), by_hand: false };
    let query = "mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
    let input = json!({ "input": { "email": rows::EMAIL, "password": rows::PASSWORD } });
    let (_, answer) = ask(&process.address, nobody.graphql(query, &input)).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    drop(process);
    match url.strip_prefix("sqlite://") {
        Some(path) => rows::fill_sqlite(path, size),
        None => rows::fill_postgres(url, size).await,
    }
}
