//! Sessions of the viewer.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::{self, Direction, PublicId, Result, SessionId, Viewer};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::Pure;
use crate::graphql::schema::paging::{
    Connection, CursorKind, List, Listed, MAX_OTHERS, PageArgs, PlainEdge, ValueKind,
};
use crate::graphql::schema::scalars::DateTime;
use crate::store;

const SESSIONS: CursorKind = CursorKind {
    list: "sessions",
    field: "CREATED_AT",
    direction: Direction::Descending,
    values: &[ValueKind::Time],
};

/// One log-in on one device.
pub(in crate::graphql) struct Session {
    session: Arc<domain::Session>,
    is_current: bool,
}

impl Session {
    /// A session as the viewer sees it.
    pub(in crate::graphql) fn of(viewer: Viewer, session: Arc<domain::Session>) -> Self {
        Self { is_current: session.id == viewer.session, session }
    }

    /// The session of the answer that shows it: a log-in or a refresh.
    pub(in crate::graphql) fn current(session: domain::Session) -> Self {
        Self { session: session.into(), is_current: true }
    }

    /// A session of the viewer's; `None` for all others.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: SessionId) -> Result<Option<Self>> {
        let viewer = ctx.viewer()?;
        let found = ctx.loaders()?.session().load(id).await?;
        Ok(found.map(|session| Self::of(viewer, session)))
    }
}

impl Pure for Session {}

/// One log-in on one device. Seen by its user only.
#[Object]
impl Session {
    /// Opaque.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.session.id.to_public().into()
    }

    /// When the user logged in.
    async fn created_at(&self) -> DateTime {
        self.session.created_at.into()
    }

    /// When it was last refreshed; at first, when the user logged in.
    async fn last_used_at(&self) -> DateTime {
        self.session.last_used_at.into()
    }

    /// When it ends unless it is refreshed.
    async fn expires_at(&self) -> DateTime {
        self.session.expires_at.into()
    }

    /// What the client called itself at log-in, 200 characters at most.
    async fn user_agent(&self) -> Option<&str> {
        self.session.user_agent.as_deref()
    }

    /// Whether the answer was asked for, or is given, in this session.
    async fn is_current(&self) -> bool {
        self.is_current
    }
}

/// A session in the list of the viewer's sessions.
pub(in crate::graphql) type SessionEdge = PlainEdge<Session>;

impl Listed for Session {
    type In = ();

    fn cursor(&self, (): ()) -> String {
        SESSIONS.encode(&store::sessions::position(&self.session))
    }
}

/// A page of the viewer's sessions.
pub(in crate::graphql) async fn session_page(
    ctx: &Context<'_>,
    args: PageArgs,
) -> Result<Connection<SessionEdge>> {
    let request = args.request(SESSIONS, MAX_OTHERS)?;
    let (loaders, viewer) = (ctx.loaders()?, ctx.viewer()?);
    let page = loaders.session_page().load_as((), request.clone());
    let edge = |session| SessionEdge::new(Session::of(viewer, session), ());
    Connection::load(ctx, List::Sessions(request), page, edge).await
}
