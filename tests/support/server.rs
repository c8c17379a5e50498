//! A server on a free port, within the test process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kanban::app;
use kanban::config::Config;
use kanban::service::Services;
use kanban::store::Db;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, User, count, execute, text};

/// The `JWT_SECRET` of the test servers.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The default settings, except for cheap password hashing, no rate limit and a free port.
pub fn config(url: &str) -> Config {
    config_with(url, &[])
}

/// The same, with additional variables.
pub fn config_with(url: &str, more: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        let more = more.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let value = more.or(match name {
            "DATABASE_URL" => Some(url),
            "LISTEN_ADDR" => Some("127.0.0.1:0"),
            "JWT_SECRET" => Some(SECRET),
            "RATE_LIMIT" => Some("off"),
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
    pub services: Arc<Services>,
    pub http: reqwest::Client,
    run: Mutex<Option<Run>>,
}

/// The end of a server that runs.
struct Run {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(database_url: String) -> Self {
        Self::start_with(config(&database_url), database_url).await
    }

    pub async fn start_with(config: Config, database_url: String) -> Self {
        let app = app::build(config).await.unwrap();
        let (url, db) = (format!("http://{}", app.address()), app.db().clone());
        let services = app.services();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            Box::pin(app.run(async { drop(stopped.await) })).await;
        });
        let run = Mutex::new(Some(Run { stop: Some(stop), task }));
        Self { url, database_url, db, services, http: reqwest::Client::new(), run }
    }

    /// Starts another instance on the same database, with additional settings.
    pub async fn another(&self, settings: &[(&str, &str)]) -> Self {
        let config = config_with(&self.database_url, settings);
        Self::start_with(config, self.database_url.clone()).await
    }

    /// Another instance on the same database, which maintains it all the time.
    pub async fn tidy(&self) -> Self {
        let mut config = self.config();
        config.trash.every = Duration::from_millis(50);
        Self::start_with(config, self.database_url.clone()).await
    }

    /// The same running server, with a path in front of all URLs.
    pub fn below(&self, path: &str) -> Self {
        self.at(&format!("{}{path}", self.url))
    }

    /// A server that runs at another URL, on the same database.
    pub fn at(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            database_url: self.database_url.clone(),
            db: self.db.clone(),
            services: Arc::clone(&self.services),
            http: self.http.clone(),
            run: Mutex::new(None),
        }
    }

    /// Stops the server.
    pub async fn stop(&self) {
        let run = self.run.lock().unwrap().take();
        if let Some(Run { task, .. }) = run {
            task.abort();
            let _ = task.await;
        }
        self.db.close().await;
    }

    /// Tells the server to stop, as SIGTERM does.
    pub fn signal(&self) {
        if let Some(run) = &mut *self.run.lock().unwrap() {
            run.stop.take();
        }
    }

    /// Stops the server as SIGTERM does, and waits until it has stopped.
    pub async fn stop_gracefully(&self) {
        self.signal();
        let run = self.run.lock().unwrap().take();
        if let Some(Run { task, .. }) = run {
            let _ = task.await;
        }
        self.db.close().await;
    }

    /// The default settings with this server's database.
    pub fn config(&self) -> Config {
        config(&self.database_url)
    }

    /// Changes the database directly, with statements given in both SQL dialects.
    pub async fn execute(&self, sqlite: &str, postgres: &str) {
        execute(&self.database_url, sqlite, postgres).await;
    }

    /// The number of rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        count(&self.database_url, table).await
    }

    /// Waits until a table has so many rows.
    pub async fn until_count(&self, table: &str, rows: i64) {
        for _ in 0..200 {
            if self.count(table).await == rows {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(self.count(table).await, rows, "{table}");
    }

    /// Moves the deletion time of everything in the trash back by `days`.
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

    /// Sends a request without a token.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.ask_as(None, query, variables).await
    }

    /// Sends a request with an optional token.
    pub async fn ask_as(&self, token: Option<&str>, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let mut request = self.http.post(format!("{}/graphql", self.url)).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Signs a user up with the email address `name@example.com` and logs in.
    pub async fn user(self: &Arc<Self>, name: &str) -> User {
        self.sign_up(name).await.ok();
        self.user_from(name).await
    }

    /// The same for a user who may already have an account.
    pub async fn user_again(self: &Arc<Self>, name: &str) -> User {
        self.sign_up(name).await;
        self.user_from(name).await
    }

    async fn sign_up(&self, name: &str) -> Answer {
        let input = json!({ "email": format!("{name}@example.com"), "password": "password" });
        let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
        self.ask(sign_up, json!({ "input": input })).await
    }

    /// Logs in a user who has an account, which begins another session.
    pub async fn user_from(self: &Arc<Self>, name: &str) -> User {
        self.log_in_as(name, "password").await.user(self)
    }

    /// Logs in as `name@example.com` and returns the access token.
    pub async fn log_in(&self, name: &str, password: &str) -> String {
        self.log_in_as(name, password).await.token
    }

    /// Logs in as `name@example.com`.
    pub async fn log_in_as(&self, name: &str, password: &str) -> LogIn {
        let answer = self.try_log_in(&format!("{name}@example.com"), password).await;
        LogIn::of(&answer.ok()["logIn"])
    }

    /// Sends a log-in and returns the response, which may be an error.
    pub async fn try_log_in(&self, email: &str, password: &str) -> Answer {
        let input = json!({ "email": email, "password": password });
        let log_in =
            format!("mutation($input: LogInInput!) {{ logIn(input: $input) {{ {LOG_IN} }} }}");
        self.ask(&log_in, json!({ "input": input })).await
    }

    /// Refreshes a session with a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let query = format!(
            "mutation($t: String!) {{ refreshSession(input: {{ refreshToken: $t }}) {{ {LOG_IN} }} }}"
        );
        self.ask(&query, json!({ "t": refresh_token })).await
    }
}

const LOG_IN: &str =
    "accessToken tokenType expiresAt refreshToken user { id } session { id isCurrent }";

/// The payload of a log-in or a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIn {
    pub token: String,
    pub refresh_token: String,
    pub session: String,
    pub user: String,
}

impl LogIn {
    pub fn of(payload: &Value) -> Self {
        assert_eq!(payload["tokenType"], "Bearer");
        assert_eq!(payload["session"]["isCurrent"], true);
        Self {
            token: text(&payload["accessToken"]),
            refresh_token: text(&payload["refreshToken"]),
            session: text(&payload["session"]["id"]),
            user: text(&payload["user"]["id"]),
        }
    }

    pub fn user(&self, server: &Arc<Server>) -> User {
        User { server: Arc::clone(server), id: self.user.clone(), token: self.token.clone() }
    }
}
