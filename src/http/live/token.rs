//! The access token of a stream, which ends the stream when it expires or its session ends.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Error, Result, SessionId, Timestamp, Viewer};
use crate::events::Listener;
use crate::http::client;
use crate::service::{Services, sessions};

/// A valid access token.
pub(super) struct Token {
    services: Arc<Services>,
    text: String,
    viewer: Viewer,
    until: Timestamp,
    session: Listener<SessionId>,
}

impl Token {
    /// Checks a token. UNAUTHENTICATED if it is invalid or expired, or its session has ended.
    pub(super) async fn check(services: &Arc<Services>, text: &str) -> Result<Self> {
        let (viewer, until) = sessions::authenticate_until(services, text).await?;
        let session = services.db.bus().sessions.listen(viewer.session);
        let token = Self {
            services: Arc::clone(services),
            text: text.to_owned(),
            viewer,
            until,
            session,
        };
        // The session may have ended just before somebody listened.
        token.authenticate().await?;
        Ok(token)
    }

    /// The same for the value of an `Authorization` header.
    pub(super) async fn check_header(services: &Arc<Services>, value: &str) -> Result<Self> {
        let token = client::bearer(value).ok_or(Error::Unauthenticated);
        let checked = async { Self::check(services, token?).await };
        checked.await.map_err(client::bad_token)
    }

    /// The viewer whose token it is.
    pub(super) fn viewer(&self) -> Viewer {
        self.viewer
    }

    /// Checks it again.
    pub(super) async fn authenticate(&self) -> Result<Viewer> {
        sessions::authenticate(&self.services, &self.text).await
    }

    /// Waits until it is no longer valid. Looks at the clock at least that often, because it may be set.
    pub(super) async fn ends(&mut self, look: Duration) {
        loop {
            let left = self.until.seconds_since(self.services.db.now());
            let Ok(left) = u64::try_from(left) else { return };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(left + 1).min(look)) => {}
                () = self.session.woken() => {
                    if matches!(self.authenticate().await, Err(Error::Unauthenticated)) {
                        return;
                    }
                }
            }
        }
    }
}
