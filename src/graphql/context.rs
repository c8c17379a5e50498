//! The request context of resolvers.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use async_graphql::{Context, Lookahead};
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use super::engine::{self, EagerObject, RequestState};
use super::loaders::{Loaders, Shared};
use crate::domain::{At, Client, Error, Event, Result, UserKey, Viewer};
use crate::service::Services;
use crate::store::{LongTexts, ReadMode, Snapshot};

/// The caller of one request.
pub struct Caller {
    /// The ID of the request, as in the log.
    pub(super) request_id: String,
    /// The client program.
    pub(super) client: Client,
    viewer: Mutex<Option<Viewer>>,
    /// Why the access token was rejected.
    pub(super) auth_error: Option<Error>,
    /// None until the execution begins.
    loaders: Mutex<Option<Arc<Loaders>>>,
    shared: Arc<Shared>,
    state: Arc<RequestState>,
    /// The sequence numbers of the events of a shared payload.
    delivered: OnceLock<RangeInclusive<i64>>,
}

impl Caller {
    /// The caller of a request. `Ok(None)` means that nobody is logged in; an error means that the
    /// authentication failed.
    pub(super) fn new(
        shared: Arc<Shared>,
        client: Client,
        viewer: Result<Option<Viewer>>,
        request_id: String,
    ) -> Self {
        let (viewer, auth_error) = match viewer {
            Ok(viewer) => (viewer, None),
            Err(auth_error) => (None, Some(auth_error)),
        };
        let state = RequestState::new(Arc::clone(&shared.memory), shared.max_text);
        Self {
            request_id,
            client,
            viewer: Mutex::new(viewer),
            auth_error,
            loaders: Mutex::default(),
            shared,
            state: Arc::new(state),
            delivered: OnceLock::new(),
        }
    }

    /// The user who is logged in, if anybody is.
    pub fn logged_in(&self) -> Option<Viewer> {
        *self.viewer.lock()
    }

    /// Creates new loaders, which read in this mode.
    fn loaders_in(&self, mode: ReadMode) -> Arc<Loaders> {
        let fresh = Loaders::new(&self.shared, self.logged_in(), &self.state, mode);
        let fresh = Arc::new(fresh);
        *self.loaders.lock() = Some(Arc::clone(&fresh));
        fresh
    }

    /// The user who is logged in; UNAUTHENTICATED if nobody is.
    pub(super) fn viewer(&self) -> Result<Viewer> {
        self.state.note_viewer();
        self.logged_in().ok_or(Error::Unauthenticated)
    }

    /// The payload is for all who have sent the same of these events, which follow each other.
    pub(super) fn deliver(&self, events: &[Arc<Event>]) {
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            let _ = self.delivered.set(first.sequence..=last.sequence);
        }
    }

    /// Whether the viewer has made the change. Makes a payload of a subscription personal, unless it is about the event.
    pub(super) fn has_sent(&self, event: &Event) -> bool {
        if !self.delivered.get().is_some_and(|delivered| delivered.contains(&event.sequence)) {
            self.state.note_viewer();
        }
        self.logged_in().is_some_and(|viewer| Some(viewer.key) == event.actor)
    }

    /// Logs the viewer out for the rest of the request, because the session has ended.
    pub(super) fn leave(&self) {
        *self.viewer.lock() = None;
    }

    /// The loaders of the request.
    pub(super) fn loaders(&self) -> Result<Arc<Loaders>> {
        let loaders = self.loaders.lock();
        loaders.clone().ok_or_else(|| Error::defect("a request has no loaders"))
    }
}

impl engine::Caller for Caller {
    fn viewer_key(&self) -> Option<UserKey> {
        self.logged_in().map(|viewer| viewer.key)
    }

    fn auth_error(&self) -> Option<&Error> {
        self.auth_error.as_ref()
    }

    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn state(&self) -> &Arc<RequestState> {
        &self.state
    }

    fn begin(&self, mode: ReadMode) -> Snapshot {
        self.loaders_in(mode).snapshot().clone()
    }

    fn forget(&self) {
        *self.loaders.lock() = None;
    }
}

/// Accessors for the data of a request.
pub(super) trait ContextExt {
    fn services(&self) -> Result<&Services>;
    fn caller(&self) -> Result<&Caller>;

    fn viewer(&self) -> Result<Viewer> {
        self.caller()?.viewer()
    }

    fn loaders(&self) -> Result<Arc<Loaders>> {
        self.caller().and_then(Caller::loaders)
    }
}

impl ContextExt for Context<'_> {
    fn services(&self) -> Result<&Services> {
        let services = self.data_opt::<Arc<Services>>().map(|services| &**services);
        services.ok_or_else(|| Error::defect("a request has no services"))
    }

    fn caller(&self) -> Result<&Caller> {
        let caller = self.data_opt::<Arc<Caller>>().map(|caller| &**caller);
        caller.ok_or_else(|| Error::defect("a request has no caller"))
    }
}

fn no_text() -> Error {
    Error::defect("a row that was read has no text")
}

/// Whether the long text `field` is selected on one of the paths `below` the current selection.
pub(super) fn texts(ahead: &Lookahead<'_>, below: &[&[&str]], field: &str) -> LongTexts {
    let selected = |path: &&[&str]| selects(ahead, path, field);
    if below.iter().any(selected) { LongTexts::Load } else { LongTexts::Skip }
}

fn selects(ahead: &Lookahead<'_>, below: &[&str], field: &str) -> bool {
    match below {
        [] => ahead.field(field).exists(),
        [first, below @ ..] => selects(&ahead.field(first), below, field),
    }
}

/// The paths to the objects of a connection.
pub(super) const NODES: &[&[&str]] = &[&["nodes"], &["edges", "node"]];

/// A long text. It is loaded now if it was not read with its row.
pub(super) async fn long_text(
    read: Option<&str>,
    load: impl Future<Output = Result<Option<Arc<str>>>>,
) -> Result<Cow<'_, str>> {
    Ok(match read {
        Some(text) => text.into(),
        None => load.await?.ok_or_else(no_text)?.as_ref().to_owned().into(),
    })
}

/// The result of a nullable field that can fail. With `Option<Result<_>>` only the field becomes null;
/// with `Result<Option<_>>` its parent would become null, with the results of all other fields.
pub(super) type Nullable<T> = Option<Result<T>>;

/// Converts the result of a nullable field to that form.
pub(super) fn nullable<T>(result: Result<Option<T>>) -> Nullable<T> {
    result.transpose()
}

/// The same for an object.
pub(super) fn row<T>(result: Result<Option<T>>) -> Nullable<EagerObject<T>> {
    nullable(result.map(|object| object.map(EagerObject)))
}

/// Runs a mutation that requires a log-in.
///
/// A guard of async-graphql would null the whole response if it rejects one field, with the results of
/// the fields that have already committed.
pub(super) fn mutate<'c, T: Send + 'c>(
    ctx: &'c Context<'_>,
    mutation: impl Future<Output = Result<T>> + Send + 'c,
) -> BoxFuture<'c, Nullable<T>> {
    match ctx.viewer() {
        Ok(_) => mutate_as_anybody(ctx, mutation),
        Err(error) => Box::pin(ready(Some(Err(error)))),
    }
}

/// Runs a mutation that requires no log-in. Paths of input errors get the prefix `input`, and everything
/// loaded before is dropped.
///
/// Boxed, because the future of a root field is as large as that of the largest mutation: 17 KB, which
/// were moved for each root field.
pub(super) fn mutate_as_anybody<'c, T: Send + 'c>(
    ctx: &'c Context<'_>,
    mutation: impl Future<Output = Result<T>> + Send + 'c,
) -> BoxFuture<'c, Nullable<T>> {
    Box::pin(async move {
        // The previous field may still hold a connection for reading its payload. Requests that hold one
        // connection while they wait for another could deadlock.
        if let Ok(loaders) = ctx.loaders() {
            loaders.snapshot().end();
        }
        let result = mutation.await;
        // Such a conflict is about the state of the data, not about an input field.
        let of_state = matches!(&result, Err(Error::Conflict { field, .. }) if field.is_empty());
        let result = if of_state { result } else { result.at("input") };
        Some(ctx.caller().map(|caller| caller.loaders_in(ReadMode::Transaction)).and(result))
    })
}
