//! The API. `schema` says what it is: thin resolvers that read input, call a rule or a loader, and shape the
//! answer. `engine` says how a request is executed, `loaders` what is read together, `pieces` how answers become JSON.
//!
//! async-graphql is named here only.

mod context;
mod engine;
mod error;
mod loaders;
mod pieces;
mod schema;

use std::sync::Arc;

pub use async_graphql::{Request, Variables};
pub use context::Caller;
pub use engine::{Answer, Operations, Verdict};
pub use pieces::Pieces;
pub use schema::sdl;

use crate::config::{Config, StartError};
use crate::domain::{Client, Result as DomainResult, Viewer};
use crate::service::Services;
use context::Shared;
use engine::{Engine, Memory};
use loaders::BoardCache;

/// The API with everything its resolvers need.
pub struct Api {
    engine: Engine<schema::Executor>,
    shared: Arc<Shared>,
}

impl Api {
    /// Puts it together.
    pub fn new(services: Arc<Services>, config: &Config) -> Result<Self, StartError> {
        let executor = schema::executor(Arc::clone(&services));
        let engine = Engine::new(executor, &schema::sdl(), config);
        let engine = engine.map_err(|error| StartError::new(format!("schema: {error}")))?;
        let shared = Shared {
            services,
            cache: BoardCache::new(config.cache),
            memory: Arc::new(Memory::new(config.memory)),
            max_text: config.limits.text,
        };
        Ok(Self { engine, shared: Arc::new(shared) })
    }

    /// The caller of a request; without a viewer nobody is logged in, an error is what came of the
    /// attempt to find out who.
    pub fn caller(
        &self,
        client: Client,
        viewer: DomainResult<Option<Viewer>>,
        request_id: String,
    ) -> Caller {
        Caller::new(Arc::clone(&self.shared), client, viewer, request_id)
    }

    /// Runs a request for its caller, if it is one of the allowed operations.
    pub async fn execute(&self, request: Request, caller: Caller, allowed: Operations) -> Answer {
        self.engine.execute(request, caller, allowed).await
    }
}
