//! The access token of a stream, which ends the stream when it expires or its session ends.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::{Error, Result, SessionId, Timestamp, Viewer};
use crate::events::Listener;
use crate::http::client;
use crate::service::{Services, sessions};

/// A valid access token.
#[derive(Clone)]
pub(super) struct Token {
    services: Arc<Services>,
    text: String,
    viewer: Viewer,
}

/// Ready when a token is no longer valid.
pub(super) type Ending = BoxFuture<'static, ()>;

/// The ending of a stream without a token.
pub(super) fn never() -> Ending {
    Box::pin(std::future::pending())
}

impl Token {
    /// Checks a token. UNAUTHENTICATED if it is invalid or expired, or its session has ended. The ending looks at the
    /// clock at least that often, because it may be set.
    async fn check(services: &Arc<Services>, text: &str, look: Duration) -> Result<(Self, Ending)> {
        let (viewer, until) = sessions::authenticate_until(services, text).await?;
        let session = services.db.bus().sessions.listen(viewer.session);
        let token = Self { services: Arc::clone(services), text: text.to_owned(), viewer };
        // The session may have ended just before somebody listened.
        token.authenticate().await?;
        let ending = token.clone().ends(session, until, look);
        Ok((token, Box::pin(ending)))
    }

    /// The same for the value of an `Authorization` header.
    pub(super) async fn check_header(
        services: &Arc<Services>,
        value: &str,
        look: Duration,
    ) -> Result<(Self, Ending)> {
        let token = client::bearer(value).ok_or_else(client::not_bearer)?;
        Self::check(services, token, look).await.map_err(client::bad_token)
    }

    /// The viewer whose token it is.
    pub(super) fn viewer(&self) -> Viewer {
        self.viewer
    }

    /// Checks it again.
    pub(super) async fn authenticate(&self) -> Result<Viewer> {
        sessions::authenticate(&self.services, &self.text).await
    }

    /// Waits until it is no longer valid.
    async fn ends(self, mut session: Listener<SessionId>, until: Timestamp, look: Duration) {
        loop {
            let left = until.seconds_since(self.services.db.now());
            let Ok(left) = u64::try_from(left) else { return };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(left + 1).min(look)) => {}
                () = session.woken() => {
                    if matches!(self.authenticate().await, Err(Error::Unauthenticated)) {
                        return;
                    }
                }
            }
        }
    }
}
