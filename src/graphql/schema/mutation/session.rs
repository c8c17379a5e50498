//! Mutations for sessions: refresh, log out and revoke.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::auth::SignedIn;
use crate::domain::{At, PublicId};
use crate::graphql::context::{ContextExt, Nullable, mutate, mutate_as_anybody};
use crate::graphql::schema::directives::anonymous;
use crate::graphql::schema::inputs::id;
use crate::service::{refresh, sessions};

/// The refresh token of a session.
#[derive(InputObject)]
pub(super) struct RefreshSessionInput {
    /// The token from the log-in or from the last refresh. It can be used once: each
    /// repetition within ten seconds returns other tokens, of which only one set may be used. Used again later, it
    /// ends its session.
    refresh_token: String,
}

/// The result of `refreshSession`.
#[derive(SimpleObject)]
pub(super) struct RefreshSessionPayload {
    #[graphql(flatten)]
    signed_in: SignedIn,
}

/// The result of `logOut`.
#[derive(SimpleObject)]
pub(super) struct LogOutPayload {
    /// The ID of the ended session.
    revoked_session_id: ID,
}

/// The session to end.
#[derive(InputObject)]
pub(super) struct RevokeSessionInput {
    /// The ID of the session.
    session_id: ID,
}

/// The result of `revokeSession`.
#[derive(SimpleObject)]
pub(super) struct RevokeSessionPayload {
    /// The ID of the ended session.
    revoked_session_id: ID,
}

/// The result of `revokeOtherSessions`.
#[derive(SimpleObject)]
pub(super) struct RevokeOtherSessionsPayload {
    /// The IDs of the ended sessions, newest first.
    revoked_session_ids: Vec<ID>,
}

/// Mutations for sessions.
#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Exchanges a refresh token for a new access token and the next refresh token. Needs no access
    /// token. UNAUTHENTICATED if the refresh token is invalid or expired, RATE_LIMITED after too many
    /// refreshes of the session.
    ///
    /// Errors: UNAUTHENTICATED, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Nullable<RefreshSessionPayload> {
        mutate_as_anybody(ctx, async {
            let log_in = refresh(ctx.services()?, &input.refresh_token).await?;
            Ok(RefreshSessionPayload { signed_in: log_in.into() })
        })
        .await
    }

    /// Ends the session of this request and its tokens.
    async fn log_out(&self, ctx: &Context<'_>) -> Nullable<LogOutPayload> {
        mutate(ctx, async {
            let viewer = ctx.viewer()?;
            sessions::log_out(ctx.services()?, viewer).await?;
            ctx.caller()?.leave();
            Ok(LogOutPayload { revoked_session_id: viewer.session.to_public().into() })
        })
        .await
    }

    /// Ends one of the viewer's sessions and its tokens. NOT_FOUND if there is no such session.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session to end.")] input: RevokeSessionInput,
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

    /// Ends all sessions of the viewer except the session of this request.
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
