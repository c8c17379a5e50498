//! Sessions: refresh, log out, revoke.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::auth::SignedIn;
use crate::domain::{At, PublicId};
use crate::graphql::context::{ContextExt, Nullable, mutate, mutate_as_anybody};
use crate::graphql::schema::directives::anonymous;
use crate::graphql::schema::inputs::id;
use crate::service::sessions;

/// What keeps a session going.
#[derive(InputObject)]
pub(super) struct RefreshSessionInput {
    /// The token of the log-in or of the last refresh. Spent by its first use: presented again within
    /// ten seconds it answers the same successor, later it ends its session.
    refresh_token: String,
}

/// A session that goes on.
#[derive(SimpleObject)]
pub(super) struct RefreshSessionPayload {
    #[graphql(flatten)]
    signed_in: SignedIn,
}

/// The session that has ended.
#[derive(SimpleObject)]
pub(super) struct LogOutPayload {
    /// Its id.
    revoked_session_id: ID,
}

/// A session that shall end.
#[derive(InputObject)]
pub(super) struct RevokeSessionInput {
    /// The session.
    session_id: ID,
}

/// The session that has ended.
#[derive(SimpleObject)]
pub(super) struct RevokeSessionPayload {
    /// Its id.
    revoked_session_id: ID,
}

/// The sessions that have ended.
#[derive(SimpleObject)]
pub(super) struct RevokeOtherSessionsPayload {
    /// Their ids, the newest first.
    revoked_session_ids: Vec<ID>,
}

/// Sessions.
#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Takes a refresh token for a new access token and the next refresh token. Needs no access token.
    /// UNAUTHENTICATED when the refresh token is of no use.
    #[graphql(directive = anonymous::apply())]
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Nullable<RefreshSessionPayload> {
        mutate_as_anybody(ctx, async {
            let log_in = sessions::refresh(ctx.services()?, &input.refresh_token).await?;
            Ok(RefreshSessionPayload { signed_in: log_in.into() })
        })
        .await
    }

    /// Ends the session in which this is asked, and with it its tokens.
    async fn log_out(&self, ctx: &Context<'_>) -> Nullable<LogOutPayload> {
        mutate(ctx, async {
            let viewer = ctx.viewer()?;
            sessions::log_out(ctx.services()?, viewer).await?;
            ctx.caller()?.leave();
            Ok(LogOutPayload { revoked_session_id: viewer.session.to_public().into() })
        })
        .await
    }

    /// Ends one of the viewer's sessions, and with it its tokens. NOT_FOUND when there is no such
    /// session.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: RevokeSessionInput,
    ) -> Nullable<RevokeSessionPayload> {
        mutate(ctx, async {
            let (viewer, session) = (ctx.viewer()?, id(&input.session_id, "sessionId")?);
            sessions::revoke(ctx.services()?, viewer, session).await.at("sessionId")?;
            if session == viewer.session {
                ctx.caller()?.leave();
            }
            Ok(RevokeSessionPayload { revoked_session_id: input.session_id })
        })
        .await
    }

    /// Ends all of the viewer's sessions but the one in which this is asked.
    async fn revoke_other_sessions(
        &self,
        ctx: &Context<'_>,
    ) -> Nullable<RevokeOtherSessionsPayload> {
        mutate(ctx, async {
            let revoked = sessions::revoke_others(ctx.services()?, ctx.viewer()?).await?;
            let revoked_session_ids = revoked.iter().map(|id| id.to_public().into()).collect();
            Ok(RevokeOtherSessionsPayload { revoked_session_ids })
        })
        .await
    }
}
