//! The GraphQL endpoint, according to the GraphQL over HTTP specification.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_graphql_axum::GraphQLResponse;
use axum::body::Body;
use axum::extract::{self, ConnectInfo, RawQuery, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request};
use axum::response::{IntoResponse, Response};

use super::body::AnswerBody;
use super::compression::compress;
use super::connections::Cut;
use super::media_type::{MediaType, accepts_events};
use super::parameters::{self, Checked, Requests};
use super::record::{AlreadyLogged, Record};
use super::refusal::Refusal;
use super::{State, client, deadline, live, request_body, request_id};
use crate::graphql::{self, Answer, Operations, Pieces, Verdict};
use crate::metrics::work;

/// The parts of a request besides its parameters.
struct RequestParts {
    peer: IpAddr,
    headers: HeaderMap,
    cut: Cut,
    began: Instant,
    /// Whether a [`Record`] tells of the request.
    is_logged: AtomicBool,
}

impl RequestParts {
    fn of(peer: SocketAddr, mut parts: request::Parts) -> Self {
        let cut = parts.extensions.remove().unwrap_or_default();
        let (began, is_logged) = (Instant::now(), AtomicBool::new(false));
        Self { peer: peer.ip(), headers: parts.headers, cut, began, is_logged }
    }

    /// The response that sends these pieces.
    fn response(&self, mut pieces: Pieces, media_type: MediaType) -> Response {
        let cut = self.cut.clone();
        pieces.begin_transfer(move || cut.now());
        (media_type.headers(), Body::new(AnswerBody::new(pieces))).into_response()
    }
}

/// Runs the requests in the body of a POST.
pub(super) async fn post(
    extract::State(state): extract::State<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let parts = RequestParts::of(peer, parts);
    let requests = async {
        let body = request_body::read(&parts.headers, body, state.settings.max_body).await;
        parameters::in_body(&parts.headers, body, &state.settings)
    };
    answer(&state, &parts, requests, Operations::QueriesAndMutations).await
}

/// Accepts a WebSocket, or runs a request in the URL of a GET. Only queries are allowed, since a link must not change anything.
pub(super) async fn get(
    extract::State(state): extract::State<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    if live::is_upgrade(request.headers()) {
        return live::upgrade(state, peer.ip(), request);
    }
    let parts = RequestParts::of(peer, request.into_parts().0);
    let request = async {
        let max_values = state.settings.max_values;
        parameters::in_url(query.as_deref(), max_values).map(Requests::One)
    };
    answer(&state, &parts, request, Operations::Queries).await
}

/// Rejects all other methods.
pub(super) async fn other_method(headers: HeaderMap) -> Response {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Use POST, or GET for queries.");
    allow(refusal.into_answer(MediaType::wanted(&headers)), "GET, POST")
}

/// Reads and runs the requests within the time limit, if the client accepts a media type of the server.
async fn answer(
    state: &State,
    parts: &RequestParts,
    requests: impl Future<Output = std::result::Result<Requests, Refusal>>,
    operations: Operations,
) -> Response {
    let wanted = MediaType::wanted(&parts.headers);
    let events = match (accepts_events(&parts.headers), wanted) {
        (false, _) => Events::Never,
        (true, Some(_)) => Events::OfSubscriptions,
        (true, None) => Events::Always,
    };
    // Refused requests are answered in JSON.
    let Some(media_type) =
        wanted.or((events == Events::Always).then_some(MediaType::GraphqlResponse))
    else {
        let message =
            "Accept application/graphql-response+json, application/json or text/event-stream.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, message).into_answer(None);
    };
    // Boxed because the surrounding futures would copy it on every move; streams again, because most requests have none.
    let answer = Box::pin(async {
        match requests.await {
            Ok(Requests::One(Ok(request))) if events.carry(state, &request) => {
                Box::pin(stream(state, parts, request, operations, media_type)).await
            }
            Ok(requests) => run(state, parts, requests, operations, media_type).await,
            Err(refusal) => refusal.into_answer(Some(media_type)),
        }
    });
    let answer = deadline::keep(state.settings.request_time, answer).await;
    let mut answer = answer.unwrap_or_else(|late| late.into_answer(Some(media_type)));
    if parts.is_logged.load(Ordering::Relaxed) {
        answer.extensions_mut().insert(AlreadyLogged);
    }
    answer
}

/// Runs a request and answers with an event stream, unless it is refused.
async fn stream(
    state: &State,
    parts: &RequestParts,
    request: graphql::Request,
    operations: Operations,
    media_type: MediaType,
) -> Response {
    let RequestParts { peer, headers, cut, is_logged, .. } = parts;
    is_logged.store(true, Ordering::Relaxed);
    match live::respond(state, headers, *peer, cut, request, operations).await {
        Ok(Ok(events)) => events,
        Ok(Err(answer)) => into_answer(parts, *answer, media_type).await,
        Err(refusal) => {
            is_logged.store(false, Ordering::Relaxed);
            refusal.into_answer(Some(media_type))
        }
    }
}

/// Which responses are event streams.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    Never,
    /// The client accepts JSON too.
    OfSubscriptions,
    Always,
}

impl Events {
    fn carry(self, state: &State, request: &graphql::Request) -> bool {
        match self {
            Self::Never => false,
            Self::OfSubscriptions => state.api.is_subscription(request),
            Self::Always => true,
        }
    }
}

async fn run(
    state: &State,
    parts: &RequestParts,
    requests: Requests,
    operations: Operations,
    media_type: MediaType,
) -> Response {
    let RequestParts { peer, headers, began, is_logged, .. } = parts;
    let client = client::client(headers, *peer, state.settings.trusted_proxies);
    is_logged.store(true, Ordering::Relaxed);
    let due = *began + state.settings.request_time;
    let execute = async |request: Checked| {
        let record = Record::begin(due, state.settings.slow_request);
        let answer = {
            let run = pin!(async {
                let request = match request {
                    Ok(request) => request,
                    Err(refused) => return *refused,
                };
                // Authenticated for each request of a batch: the request before may have ended the session.
                let viewer = client::viewer(&state.services, headers).await;
                record.is_of(viewer.as_ref().ok().copied().flatten());
                let id = request_id::of(headers).to_owned();
                let caller = state.api.caller(client.clone(), viewer, id);
                state.api.execute(request, caller, operations).await
            });
            work::note(record.work(), run).await
        };
        record.answer(&answer);
        answer
    };
    match requests {
        Requests::One(request) => into_answer(parts, execute(request).await, media_type).await,
        Requests::Batch(requests) => {
            let mut answers = Vec::with_capacity(requests.len());
            // In sequence, as if they had been sent one after the other.
            for request in requests {
                answers.push(execute(request).await);
            }
            into_answers(parts, answers, media_type).await
        }
    }
}

/// The response to a batch: a list, always with status 200.
async fn into_answers(
    parts: &RequestParts,
    answers: Vec<Answer>,
    media_type: MediaType,
) -> Response {
    let retry_after = answers.iter().filter_map(Answer::retry_after).max();
    let holds_secrets = answers.iter().any(|answer| answer.holds_secrets);
    let response = parts.response(Pieces::of_batch(answers), media_type);
    finished(&parts.headers, response, StatusCode::OK, holds_secrets, retry_after).await
}

/// The response to a single request. If the request was run, the status is 200. Otherwise the response
/// has no data and, with the media type `application/graphql-response+json`, an error status.
async fn into_answer(parts: &RequestParts, answer: Answer, media_type: MediaType) -> Response {
    let verdict = answer.verdict;
    let status = match (verdict, media_type) {
        (Verdict::OperationNotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Verdict::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Verdict::Malformed, _) => StatusCode::BAD_REQUEST,
        // Some clients (Apollo iOS) do not read the errors of other statuses, and Apollo Server returns
        // 200 as well.
        (Verdict::Run | Verdict::OnlyHash, _) | (_, MediaType::Json) => StatusCode::OK,
        (Verdict::Refused, _) => StatusCode::BAD_REQUEST,
        (Verdict::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
    };
    let (retry_after, holds_secrets) = (answer.retry_after(), answer.holds_secrets);
    // async-graphql-axum does not know rows that are JSON already.
    let response = if verdict == Verdict::Run && !answer.has_data() {
        (media_type.headers(), GraphQLResponse::from(answer.response)).into_response()
    } else if answer.small {
        (media_type.headers(), answer.into_json()).into_response()
    } else {
        parts.response(Pieces::of(answer), media_type)
    };
    let mut response = finished(&parts.headers, response, status, holds_secrets, retry_after).await;
    match verdict {
        Verdict::OperationNotAllowed => allow(response, "POST"),
        Verdict::Unauthenticated => {
            let scheme = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            response
        }
        _ => response,
    }
}

/// Compresses a response unless it holds tokens, then sets its status: the compression layer may set
/// another one because of `Accept-Encoding`.
async fn finished(
    headers: &HeaderMap,
    mut response: Response,
    status: StatusCode,
    holds_secrets: bool,
    retry_after: Option<u64>,
) -> Response {
    if !holds_secrets {
        response = compress(headers, response).await;
    }
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn allow(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// The response to a request whose handler panicked. The panic itself is in the log.
pub(super) fn panicked() -> Response {
    let mut answer = Refusal::internal().into_answer(None);
    answer.extensions_mut().insert(AlreadyLogged);
    answer
}
