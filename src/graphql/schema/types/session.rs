//! Sessions of the viewer.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::{self, PublicId, Result, SessionId, Viewer};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::Pure;
use crate::graphql::schema::paging::{Connection, List, Listed, MAX_OTHERS, PageArgs, PlainEdge};
use crate::graphql::schema::scalars::DateTime;
use crate::store::sessions::NEWEST_FIRST;

/// A log-in on one device.
pub(in crate::graphql) struct Session {
    session: Arc<domain::Session>,
    is_current: bool,
}

impl Session {
    /// A session from the viewer's point of view.
    pub(in crate::graphql) fn of(viewer: Viewer, session: Arc<domain::Session>) -> Self {
        Self { is_current: session.id == viewer.session, session }
    }

    /// The session that a log-in or a refresh has just returned.
    pub(in crate::graphql) fn current(session: domain::Session) -> Self {
        Self { session: session.into(), is_current: true }
    }

    /// Finds a session of the viewer; `None` if it belongs to another user or does not exist.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: SessionId) -> Result<Option<Self>> {
        let viewer = ctx.viewer()?;
        let found = ctx.loaders()?.session().load(id).await?;
        Ok(found.map(|session| Self::of(viewer, session)))
    }
}

impl Pure for Session {}

/// A log-in on one device. Only its user can see it.
#[Object]
impl Session {
    /// The opaque ID of the session.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.session.id.to_public().into()
    }

    /// The time when the user logged in.
    fn created_at(&self) -> DateTime {
        self.session.created_at.into()
    }

    /// The time of the last refresh; before the first refresh, the time of the log-in.
    fn last_used_at(&self) -> DateTime {
        self.session.last_used_at.into()
    }

    /// The time when the session ends unless it is refreshed.
    fn expires_at(&self) -> DateTime {
        self.session.expires_at.into()
    }

    /// The user agent of the client at log-in, at most 200 characters.
    fn user_agent(&self) -> Option<&str> {
        self.session.user_agent.as_deref()
    }

    /// The network from which the user logged in, cut to /24 (IPv4) or /48 (IPv6), e.g. `192.0.2.0/24`.
    fn network(&self) -> Option<&str> {
        self.session.network.as_deref()
    }

    /// Whether this is the session of this request, or the one that this log-in or refresh returns.
    fn is_current(&self) -> bool {
        self.is_current
    }
}

/// A session in the list of the viewer's sessions.
pub(in crate::graphql) type SessionEdge = PlainEdge<Session>;

impl Listed for Session {
    type Entity = domain::Session;

    fn entity(&self) -> &domain::Session {
        &self.session
    }
}

/// A page of the viewer's sessions.
pub(in crate::graphql) async fn session_page(
    ctx: &Context<'_>,
    args: PageArgs,
) -> Result<Connection<SessionEdge>> {
    let request = args.request(NEWEST_FIRST, MAX_OTHERS)?;
    let (loaders, viewer) = (ctx.loaders()?, ctx.viewer()?);
    let page = loaders.sessions().page((), (), request.clone());
    let edge = |session| SessionEdge::new(Session::of(viewer, session), NEWEST_FIRST);
    Connection::load(ctx, List::Sessions(request), page, edge).await
}
