//! Requests over HTTP, with a session that renews its tokens.

use std::fmt::{Display, Formatter};
use std::io::{BufRead, BufReader};
use std::sync::Mutex;
use std::time::Duration;

use cynic::{GraphQlError, GraphQlResponse, MutationBuilder, Operation, StreamingOperation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::documents::{LogIn, LogInInput, LogInVariables, Refresh, RefreshSessionInput, RefreshVariables};

/// What an error tells a program. docs/errors.md has the other fields.
#[derive(Debug, Deserialize)]
pub struct Extensions {
    pub code: String,
    /// `UNKNOWN`: a mutation may have taken effect.
    pub outcome: Option<String>,
}

pub type Response<T> = GraphQlResponse<T, Extensions>;

/// The request failed as a whole, or an error left no data to work with.
#[derive(Debug)]
pub enum Error {
    /// There is no complete answer, so nobody knows if a mutation has taken effect.
    Cut(ureq::Error),
    GraphQl(Vec<GraphQlError<Extensions>>),
}

impl Display for Error {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cut(error) => write!(to, "no answer: {error}"),
            Self::GraphQl(errors) => errors.iter().try_for_each(|error| write!(to, "{} ", error.message)),
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// The code of the first error.
pub fn code(errors: &[GraphQlError<Extensions>]) -> Option<&str> {
    errors
        .first()?
        .extensions
        .as_ref()
        .map(|extensions| extensions.code.as_str())
}

/// Whether a mutation can be sent again, with the same `clientMutationId`.
fn is_busy(errors: &[GraphQlError<Extensions>]) -> bool {
    errors
        .iter()
        .filter_map(|error| error.extensions.as_ref())
        .any(|Extensions { code, outcome }| code == "SERVICE_UNAVAILABLE" || outcome.as_deref() == Some("UNKNOWN"))
}

/// The data of a response, for callers to whom every error is the end.
pub fn complete<T>(response: Response<T>) -> Result<T> {
    match (response.data, response.errors) {
        (Some(data), None) => Ok(data),
        (_, errors) => Err(Error::GraphQl(errors.unwrap_or_default())),
    }
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

pub struct Kanban {
    agent: ureq::Agent,
    url: String,
    pub tokens: Mutex<Tokens>,
}

impl Kanban {
    pub fn log_in(url: &str, email: String, password: String) -> Result<Self> {
        // An error of GraphQL has a body in which the code stands, whatever its HTTP status.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let operation = LogIn::build(LogInVariables {
            input: LogInInput { email, password },
        });
        let payload = complete(send(&agent, url, None, &operation)?)?
            .log_in
            .expect("data without errors");
        let tokens = Tokens {
            access: payload.access_token,
            refresh: payload.refresh_token,
        };
        Ok(Self {
            agent,
            url: url.to_owned(),
            tokens: Mutex::new(tokens),
        })
    }

    /// Sends an operation. If the server refuses the access token, renews it and sends the operation again.
    pub fn run<T: DeserializeOwned, V: Serialize>(&self, operation: &Operation<T, V>) -> Result<Response<T>> {
        let token = self.access_token();
        let response: Response<T> = send(&self.agent, &self.url, Some(&token), operation)?;
        if response.errors.as_deref().and_then(code) != Some("UNAUTHENTICATED") {
            return Ok(response);
        }
        self.refresh(&token)?;
        send(&self.agent, &self.url, Some(&self.access_token()), operation)
    }

    /// Sends a mutation until there is an answer. Its input must have a `clientMutationId`.
    pub fn run_safely<T: DeserializeOwned, V: Serialize>(&self, operation: &Operation<T, V>) -> Result<Response<T>> {
        let mut delay = Duration::from_millis(500);
        for _ in 0..5 {
            match self.run(operation) {
                Err(Error::Cut(_)) => {}
                Err(Error::GraphQl(errors)) if is_busy(&errors) => {}
                Ok(answer) if answer.errors.as_deref().is_some_and(is_busy) => {}
                answer => return answer,
            }
            std::thread::sleep(delay.mul_f64(0.5 + fastrand::f64()));
            delay *= 2;
        }
        self.run(operation)
    }

    fn access_token(&self) -> String {
        self.tokens.lock().unwrap().access.clone()
    }

    /// Other threads wait, and find that the refused token has been replaced: a refresh token can be used once.
    fn refresh(&self, refused: &str) -> Result<()> {
        let mut tokens = self.tokens.lock().unwrap();
        if tokens.access != refused {
            return Ok(());
        }
        let input = RefreshSessionInput {
            refresh_token: tokens.refresh.clone(),
        };
        let operation = Refresh::build(RefreshVariables { input });
        let data = complete(send(&self.agent, &self.url, None, &operation)?)?;
        let payload = data.refresh_session.expect("data without errors");
        *tokens = Tokens {
            access: payload.access_token,
            refresh: payload.refresh_token,
        };
        Ok(())
    }

    /// The results of a subscription, as Server-Sent Events.
    pub fn subscribe<T: DeserializeOwned, V: Serialize>(
        &self,
        operation: &StreamingOperation<T, V>,
    ) -> Result<impl Iterator<Item = Response<T>> + use<T, V>> {
        let request = self.agent.post(&self.url).header("Accept", "text/event-stream");
        let request = request.header("Authorization", format!("Bearer {}", self.access_token()));
        let mut response = request.send_json(operation).map_err(Error::Cut)?;
        if response.status() != 200 {
            let refused: Response<T> = response.body_mut().read_json().map_err(Error::Cut)?;
            return Err(Error::GraphQl(refused.errors.unwrap_or_default()));
        }
        let lines = BufReader::new(response.into_body().into_reader())
            .lines()
            .map_while(|line| line.ok());
        Ok(lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()))
    }
}

fn send<T: DeserializeOwned, V: Serialize>(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&str>,
    operation: &Operation<T, V>,
) -> Result<Response<T>> {
    let mut request = agent.post(url).header("Accept", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut response = request.send_json(operation).map_err(Error::Cut)?;
    response.body_mut().read_json().map_err(Error::Cut)
}
