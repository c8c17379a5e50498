//! What a resolver finds in its context.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Lookahead};
use futures_util::future::{BoxFuture, ready};

use super::engine::{BatchScheduler, Budget, EagerObject, Memory};
use super::loaders::{BoardCache, Loaders};
use crate::domain::{At, Client, Error, Result, Viewer};
use crate::service::Services;
use crate::store::{LongTexts, Mode};

/// What the requests of a process share.
pub(super) struct Shared {
    pub(super) services: Arc<Services>,
    pub(super) cache: BoardCache,
    pub(super) memory: Arc<Memory>,
    /// How many bytes of text an answer may have.
    pub(super) max_text: usize,
}

/// Who asks, for one request.
pub struct Caller {
    /// The request's id, as in the log.
    pub(super) request_id: String,
    /// The program on the other side.
    pub(super) client: Client,
    viewer: Mutex<Option<Viewer>>,
    /// Why the token that came along is of no use.
    pub(super) refusal: Option<Error>,
    /// None before the request begins to be executed.
    loaders: Mutex<Option<Arc<Loaders>>>,
    shared: Arc<Shared>,
    scheduler: Arc<BatchScheduler>,
    budget: Arc<Budget>,
}

impl Caller {
    /// The caller of a request; without a viewer nobody is logged in, an error is what came of the
    /// attempt to find out who.
    pub(super) fn new(
        shared: Arc<Shared>,
        client: Client,
        viewer: Result<Option<Viewer>>,
        request_id: String,
    ) -> Self {
        let (viewer, refusal) = match viewer {
            Ok(viewer) => (viewer, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let scheduler = Arc::new(BatchScheduler::default());
        let budget = Arc::new(Budget::new(Arc::clone(&shared.memory), shared.max_text));
        Self {
            request_id,
            client,
            viewer: Mutex::new(viewer),
            refusal,
            loaders: Mutex::default(),
            shared,
            scheduler,
            budget,
        }
    }

    /// When the loaders load.
    pub(super) fn scheduler(&self) -> &Arc<BatchScheduler> {
        &self.scheduler
    }

    /// What the request may take.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Begins to read in this way, with fresh loaders.
    pub(super) fn begin(&self, mode: Mode) -> Arc<Loaders> {
        let viewer = self.viewer().ok();
        let fresh = Loaders::new(&self.shared, viewer, &self.scheduler, &self.budget, mode);
        let fresh = Arc::new(fresh);
        *self.loaders.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        fresh
    }

    /// Drops the loaders with all that they have loaded.
    pub(super) fn forget(&self) {
        *self.loaders.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Who is logged in.
    pub(super) fn viewer(&self) -> Result<Viewer> {
        let viewer = self.viewer.lock().unwrap_or_else(PoisonError::into_inner);
        viewer.ok_or(Error::Unauthenticated)
    }

    /// From now on nobody is logged in: the session has ended.
    pub(super) fn leave(&self) {
        *self.viewer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The request's loaders.
    pub(super) fn loaders(&self) -> Result<Arc<Loaders>> {
        let loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        loaders.clone().ok_or(Error::Internal)
    }
}

/// Short ways to what every request has.
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
        self.data_opt::<Arc<Services>>().map(|services| &**services).ok_or(Error::Internal)
    }

    fn caller(&self) -> Result<&Caller> {
        self.data_opt::<Arc<Caller>>().map(|caller| &**caller).ok_or(Error::Internal)
    }
}

/// Whether the long text `field` is selected: of what is looked ahead to, or `below` it.
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

/// Where the objects of a connection stand in its selection.
pub(super) const NODES: &[&[&str]] = &[&["nodes"], &["edges", "node"]];

/// A long text, which is loaded now if it was left when its row was read.
pub(super) async fn long_text(
    read: Option<&str>,
    load: impl Future<Output = Result<Option<Arc<str>>>>,
) -> Result<Cow<'_, str>> {
    Ok(match read {
        Some(text) => text.into(),
        None => load.await?.ok_or(Error::Internal)?.as_ref().to_owned().into(),
    })
}

/// What a nullable field answers that can fail: `Option<Result<_>>` nulls the field alone, where
/// `Result<Option<_>>` would null its parent, and with it what other fields have answered.
pub(super) type Nullable<T> = Option<Result<T>>;

/// ViewerLimit the answer of a nullable field into that form.
pub(super) fn nullable<T>(result: Result<Option<T>>) -> Nullable<T> {
    result.transpose()
}

/// The same for an object.
pub(super) fn row<T>(result: Result<Option<T>>) -> Nullable<EagerObject<T>> {
    nullable(result.map(|object| object.map(EagerObject)))
}

/// Runs a mutation of somebody who is logged in.
///
/// async-graphql's own guard would null the whole answer when it refuses one field, and with it
/// what the fields before have committed.
pub(super) fn mutate<'c, T: Send + 'c>(
    ctx: &'c Context<'_>,
    mutation: impl Future<Output = Result<T>> + Send + 'c,
) -> BoxFuture<'c, Nullable<T>> {
    match ctx.viewer() {
        Ok(_) => mutate_as_anybody(ctx, mutation),
        Err(refusal) => Box::pin(ready(Some(Err(refusal)))),
    }
}

/// Runs a mutation that needs no log-in: errors in its input are named below `input`, and what has
/// been loaded before is forgotten.
///
/// In a box, since the future of a field is as large as the largest of all mutations: 17 KB, which were
/// moved for each field of an answer's root.
pub(super) fn mutate_as_anybody<'c, T: Send + 'c>(
    ctx: &'c Context<'_>,
    mutation: impl Future<Output = Result<T>> + Send + 'c,
) -> BoxFuture<'c, Nullable<T>> {
    Box::pin(async move {
        // The field before may have read for its payload. A request that held a connection and waited for
        // another could wait for others that do the same.
        if let Ok(loaders) = ctx.loaders() {
            loaders.snapshot().end();
        }
        let result = mutation.await;
        // About the state of things, not about what was sent.
        let of_state = matches!(&result, Err(Error::Conflict { field, .. }) if field.is_empty());
        let result = if of_state { result } else { result.at("input") };
        Some(ctx.caller().map(|caller| caller.begin(Mode::Transaction)).and(result))
    })
}
