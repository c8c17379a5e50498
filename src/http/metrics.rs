//! The metrics, on an address of their own.

use std::time::Duration;

use axum::Router;
use axum::extract;
use axum::http::{HeaderName, header};
use axum::routing::get;

use super::{Connections, Drain, State};
use crate::metrics::{self, MEDIA_TYPE};

/// The limits of connections to the metrics: few programs read them, every few seconds.
pub const CONNECTIONS: Connections = Connections {
    idle: Duration::from_mins(2),
    write: Duration::from_secs(5),
    grace: Duration::from_secs(1),
    max: 16,
};

/// The route of the metrics.
pub fn router(Drain(state): &Drain) -> Router {
    Router::new().route("/metrics", get(text)).with_state(State::clone(state))
}

async fn text(
    extract::State(state): extract::State<State>,
) -> ([(HeaderName, &'static str); 1], Vec<u8>) {
    let (metrics, db) = (metrics::get(), &state.services.db);
    metrics.database.up.set(db.check().await.is_ok().into());
    for pool in db.pools() {
        metrics.database.tell(pool);
    }
    let (entries, bytes) = state.api.cache_size();
    metrics.documents.tell_size(entries, bytes);
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], metrics.text())
}
