//! GraphQL over Server-Sent Events, in the distinct connections mode
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>).

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::operation::{self, Output, Outputs};
use super::slots::Slot;
use super::token::{self, Ending, Token};
use super::{LINGER, Place, too_many};
use crate::domain::UserKey;
use crate::graphql::{Answer, Operations, Request, UserWaiting, Waiting};
use crate::http::connections::Cut;
use crate::http::refusal::Refusal;
use crate::http::{State, client, request_id};
use crate::metrics::work::{self, Work};
use crate::metrics::{Limit, Stream};

/// Asks nginx not to collect the events. The connection serves no further request, so that it can be cut.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
    (header::CONNECTION, "close"),
];

/// The length up to which an event is sent in one piece.
const SMALL: usize = 4096;

/// Runs a request and sends its results as events. An error is the answer to a request whose token is invalid, or the
/// reason why it is not run.
pub(in crate::http) async fn respond(
    state: &State,
    headers: &HeaderMap,
    peer: IpAddr,
    cut: &Cut,
    request: Request,
    operations: Operations,
) -> Result<Result<Response, Box<Answer>>, Refusal> {
    let client = client::client(headers, peer, state.settings.trusted_proxies);
    let place = state.live.enter(client.address.unwrap_or(peer), Stream::EventStream)?;
    let connection = state.live.event_streams.take(());
    let connection = connection.ok_or_else(|| too_many(Limit::Streams))?;
    let look = state.settings.live.ping_time;
    let token = match client::authorization(headers) {
        Ok(Some(text)) => Token::check_header(&state.services, &text, look).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let (mut ending, mut user) = (token::never(), None);
    let viewer = match token {
        Ok(Some((token, ends))) => {
            ending = ends;
            let slot = state.live.by_user.take(token.viewer().key);
            user = Some(slot.ok_or_else(|| too_many(Limit::StreamsPerUser))?);
            Ok(Some(token.viewer()))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let caller = state.api.caller(client, viewer, request_id::of(headers).to_owned());
    let of_user = user.as_ref().map(|slot| Arc::clone(&slot.shared)).unwrap_or_default();
    let waiting = Waiting::new(state.settings.live.waiting, of_user);
    let is_subscription = state.api.is_subscription(&request);
    let outputs =
        operation::run(state, caller, request, is_subscription, operations, &waiting).await;
    let outputs = match outputs {
        Ok(outputs) => outputs,
        Err(answer) => return Ok(Err(answer)),
    };
    // Other operations have run already. One of them may have ended the session, and its result tells of that.
    let ending = if is_subscription { ending } else { token::never() };
    let end = watch(place, ending, cut.clone());
    let cut = cut.clone();
    let open = OpenStream {
        outputs,
        end,
        cut,
        work: work::current(),
        _connection: connection,
        _user: user,
    };
    Ok(Ok(open.response(state.settings.live.ping_time)))
}

/// A stream of events that is open.
struct OpenStream {
    outputs: Outputs,
    /// Ready when the stream has to end.
    end: oneshot::Receiver<()>,
    cut: Cut,
    work: Arc<Work>,
    _connection: Slot<()>,
    _user: Option<Slot<UserKey, Arc<UserWaiting>>>,
}

impl OpenStream {
    /// The response that sends the events, and a comment after so long without one.
    fn response(self, ping_time: Duration) -> Response {
        let parts = stream::unfold(Some(self), move |open: Option<Self>| async move {
            let mut open = open?;
            let Ok(output) = timeout(ping_time, open.next()).await else {
                return Some((vec![Bytes::from_static(b":\n\n")], Some(open)));
            };
            let output = output?;
            let is_last = matches!(output, Output::Complete | Output::Errors(_));
            Some((events_of(output, &open.cut), (!is_last).then_some(open)))
        });
        let parts = parts.flat_map(stream::iter).map(Ok::<_, Infallible>);
        (HEADERS, Body::from_stream(parts)).into_response()
    }

    /// The next output; `None` at the end, and when the server stops or the token is no longer valid. Then clients try
    /// again, because there was no `complete`.
    async fn next(&mut self) -> Option<Output> {
        let outputs = work::note(Arc::clone(&self.work), self.outputs.next());
        tokio::select! {
            biased;
            _ = &mut self.end => None,
            output = outputs => output.filter(|output| !matches!(output, Output::Failed)),
        }
    }
}

/// Ends a stream when the server stops or the token is no longer valid. A task of its own, because a client that reads
/// slowly delays the stream: its connection is cut if it has not read the rest after a second.
fn watch(place: Place, ending: Ending, cut: Cut) -> oneshot::Receiver<()> {
    let (mut end, ended) = oneshot::channel();
    tokio::spawn(async move {
        // All of it, or the slot would be given back now.
        let mut place = place;
        tokio::select! {
            () = end.closed() => return,
            () = ending => {}
            () = place.stopping.due() => {}
        }
        let _ = end.send(());
        tokio::time::sleep(LINGER).await;
        cut.now();
    });
    ended
}

/// The text of the events. A long payload is not copied, and holds its memory until it is sent.
fn events_of(output: Output, cut: &Cut) -> Vec<Bytes> {
    const NEXT: &str = "event: next\ndata: ";
    const COMPLETE: &str = "event: complete\ndata:\n\n";
    match output {
        Output::Payload(payload) if payload.json.len() <= SMALL => {
            vec![format!("{NEXT}{}\n\n", payload.json).into()]
        }
        Output::Payload(payload) => {
            let cut = cut.clone();
            let json = operation::bytes_of(&payload, payload.transfer(move || cut.now()));
            vec![Bytes::from_static(NEXT.as_bytes()), json, Bytes::from_static(b"\n\n")]
        }
        Output::Errors(errors) => {
            vec![format!("{NEXT}{{\"errors\":{errors}}}\n\n{COMPLETE}").into()]
        }
        Output::Complete => vec![Bytes::from_static(COMPLETE.as_bytes())],
        Output::Failed => Vec::new(),
    }
}
