//! The GraphQL API. `schema` defines the types, with thin resolvers that read input, call a service or a
//! loader, and shape the result. `engine` executes requests, `loaders` batch reads, and `pieces`
//! serializes responses to JSON.
//!
//! Only this module and its submodules use async-graphql.

mod context;
mod engine;
mod error;
mod error_code;
mod live;
mod loaders;
mod pieces;
mod schema;

use std::sync::Arc;

pub use async_graphql::Variables;
pub use context::Caller;
pub use engine::{Answer, DocumentSource, Operations, Request, Transfer, Verdict};
pub use error_code::ErrorCode;
pub use live::{Deliveries, Delivery, Payload, UserWaiting, Waiting};
pub use pieces::Pieces;
pub use schema::sdl;

use crate::config::{Config, StartError};
use crate::domain::{Client, Result as DomainResult, Viewer};
use crate::service::Services;
use engine::{Engine, Memory};
use live::{Live, Maker};
use loaders::{BoardCache, Shared};

/// The API with everything that its resolvers need.
pub struct Api {
    engine: Arc<Engine<schema::Executor, schema::Payloads>>,
    shared: Arc<Shared>,
    live: Live,
}

impl Api {
    /// Builds the API. Fails if the list of trusted documents cannot be used.
    pub fn new(services: Arc<Services>, config: &Config) -> Result<Self, StartError> {
        let executor = schema::executor(Arc::clone(&services));
        let engine = Engine::new(executor, schema::payloads(), &schema::sdl(), config)?;
        let shared = Shared {
            services,
            cache: BoardCache::new(config.cache),
            memory: Arc::new(Memory::new(config.memory)),
            max_text: config.limits.text,
        };
        let (engine, shared) = (Arc::new(engine), Arc::new(shared));
        let live = Live::new(Maker { engine: Arc::clone(&engine), shared: Arc::clone(&shared) });
        Ok(Self { engine, shared, live })
    }

    /// The caller of a request. `Ok(None)` means that nobody is logged in; an error means that the
    /// authentication failed.
    pub fn caller(
        &self,
        client: Client,
        viewer: DomainResult<Option<Viewer>>,
        request_id: String,
    ) -> Caller {
        Caller::new(Arc::clone(&self.shared), client, viewer, request_id)
    }

    /// Whether the request is a valid one for a subscription.
    pub fn is_subscription(&self, request: &Request) -> bool {
        self.engine.is_subscription(request)
    }

    /// Begins a subscription; the response to it if it cannot begin.
    pub async fn subscribe(
        &self,
        request: &Request,
        caller: &Caller,
        waiting: &Waiting,
    ) -> Result<Deliveries, Box<Answer>> {
        self.live.subscribe(request, caller, waiting).await
    }

    /// The number of cached results and their approximate bytes.
    pub fn cache_size(&self) -> (u64, u64) {
        self.shared.cache.size()
    }

    /// Runs a request for its caller, if its operation type is allowed.
    pub async fn execute(&self, request: Request, caller: Caller, allowed: Operations) -> Answer {
        self.engine.execute(request, caller, allowed).await
    }
}
