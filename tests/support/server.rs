//! A server on a free port, in this process.

use std::sync::{Arc, Mutex};

use kanban::app;
use kanban::config::Config;
use kanban::service::Services;
use kanban::store::Db;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, User, count, execute, text};

/// A secret for the tests.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The default settings, but for cheap password hashing, any number of log-ins and a free port.
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
    run: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
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
            app.run(async { drop(stopped.await) }).await;
        });
        let run = Mutex::new(Some((stop, task)));
        Self { url, database_url, db, services, http: reqwest::Client::new(), run }
    }

    /// Another instance on the same database, with these settings besides.
    pub async fn another(&self, settings: &[(&str, &str)]) -> Self {
        let config = config_with(&self.database_url, settings);
        Self::start_with(config, self.database_url.clone()).await
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

    /// How many rows a table of the database has.
    pub async fn count(&self, table: &str) -> i64 {
        count(&self.database_url, table).await
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
    pub async fn user(self: &Arc<Self>, name: &str) -> User {
        self.sign_up(name).await.ok();
        self.user_from(name).await
    }

    /// The same for somebody who may have an account already.
    pub async fn user_again(self: &Arc<Self>, name: &str) -> User {
        self.sign_up(name).await;
        self.user_from(name).await
    }

    async fn sign_up(&self, name: &str) -> Answer {
        let input = json!({ "email": format!("{name}@example.com"), "password": "password" });
        let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
        self.ask(sign_up, json!({ "input": input })).await
    }

    /// Another log-in of somebody who has an account.
    pub async fn user_from(self: &Arc<Self>, name: &str) -> User {
        self.log_in_as(name, "password").await.user(self)
    }

    /// An access token of `name@example.com`.
    pub async fn log_in(&self, name: &str, password: &str) -> String {
        self.log_in_as(name, password).await.token
    }

    /// A log-in of `name@example.com`.
    pub async fn log_in_as(&self, name: &str, password: &str) -> LogIn {
        let answer = self.try_log_in(&format!("{name}@example.com"), password).await;
        LogIn::of(&answer.ok()["logIn"])
    }

    /// Tries to log in.
    pub async fn try_log_in(&self, email: &str, password: &str) -> Answer {
        let input = json!({ "email": email, "password": password });
        let log_in =
            format!("mutation($input: LogInInput!) {{ logIn(input: $input) {{ {LOG_IN} }} }}");
        self.ask(&log_in, json!({ "input": input })).await
    }

    /// Presents a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let query = format!(
            "mutation($t: String!) {{ refreshSession(input: {{ refreshToken: $t }}) {{ {LOG_IN} }} }}"
        );
        self.ask(&query, json!({ "t": refresh_token })).await
    }
}

const LOG_IN: &str =
    "accessToken tokenType expiresAt refreshToken user { id } session { id isCurrent }";

/// What a log-in or a refresh has given.
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
