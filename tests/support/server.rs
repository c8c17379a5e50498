//! A server on a free port, in this process.

use std::sync::Mutex;

use kanban::app;
use kanban::config::Config;
use kanban::store::Db;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, User, execute};

/// A secret for the tests.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The default settings, but for cheap password hashing and a free port.
pub fn config(url: &str) -> Config {
    config_with(url, &[])
}

/// The same with further variables.
pub fn config_with(url: &str, more: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        let more = more.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let value = more.or(match name {
            "DATABASE_URL" => Some(url),
            "LISTEN_ADDR" => Some("127.0.0.1:0"),
            "JWT_SECRET" => Some(SECRET),
            "ARGON2_MEMORY_KIB" => Some("8"),
            "ARGON2_ITERATIONS" => Some("1"),
            _ => None,
        });
        value.map(ToOwned::to_owned)
    })
    .unwrap()
}

/// A running server.
pub struct Server {
    pub url: String,
    pub database_url: String,
    pub db: Db,
    pub http: reqwest::Client,
    run: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Server {
    pub async fn start(database_url: String) -> Self {
        Self::start_with(config(&database_url), database_url).await
    }

    pub async fn start_with(config: Config, database_url: String) -> Self {
        let app = app::build(config).await.unwrap();
        let (url, db) = (format!("http://{}", app.address()), app.db().clone());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            app.run(async { drop(stopped.await) }).await.unwrap();
        });
        let run = Mutex::new(Some((stop, task)));
        Self { url, database_url, db, http: reqwest::Client::new(), run }
    }

    /// Stops the server as a service manager would.
    pub async fn stop(&self) {
        let run = self.run.lock().unwrap().take();
        if let Some((stop, task)) = run {
            let _ = stop.send(());
            task.abort();
            let _ = task.await;
        }
        self.db.close();
    }

    /// The settings of a program that works on the same database.
    pub fn config(&self) -> Config {
        config(&self.database_url)
    }

    /// Does to the database what no client can, in the words of either.
    pub async fn execute(&self, sqlite: &str, postgres: &str) {
        execute(&self.database_url, sqlite, postgres).await;
    }

    /// Lets everything in the trash have been there for so many days more.
    pub async fn age_trash(&self, days: u32) {
        let micros = i64::from(days) * 86_400_000_000;
        for table in ["boards", "cards"] {
            self.execute(
                &format!("UPDATE {table} SET deleted_at = deleted_at - {micros}"),
                &format!("UPDATE {table} SET deleted_at = deleted_at - interval '{days} days'"),
            )
            .await;
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.database_url.starts_with("sqlite")
    }

    /// Asks as nobody.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.ask_as(None, query, variables).await
    }

    /// Asks with a token.
    pub async fn ask_as(&self, token: Option<&str>, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let mut request = self.http.post(format!("{}/graphql", self.url)).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Signs somebody up and logs them in; their address is `name@example.com`.
    pub async fn user(self: &std::sync::Arc<Self>, name: &str) -> User {
        let input = json!({ "email": format!("{name}@example.com"), "password": "password" });
        let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
        let made = self.ask(sign_up, json!({ "input": input })).await.ok();
        let id = made["signUp"]["user"]["id"].as_str().unwrap().to_owned();
        let token = self.log_in(name, "password").await;
        User { server: std::sync::Arc::clone(self), id, token }
    }

    /// An access token of `name@example.com`.
    pub async fn log_in(&self, name: &str, password: &str) -> String {
        let input = json!({ "email": format!("{name}@example.com"), "password": password });
        let log_in = "mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }";
        let answer = self.ask(log_in, json!({ "input": input })).await.ok();
        answer["logIn"]["accessToken"].as_str().unwrap().to_owned()
    }
}
