//! Mutations for accounts and log-in.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, Email, Name, Password, PublicId};
use crate::graphql::context::{ContextExt, Nullable, mutate, mutate_as_anybody};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::directives::{anonymous, secret};
use crate::graphql::schema::inputs::optional;
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::types::{Session, User};
use crate::service::LogIn;
use crate::service::accounts::{self, AccountChanges, Updated};

/// The data of a new account.
#[derive(InputObject)]
pub(super) struct SignUpInput {
    /// A valid e-mail address of at most 254 characters, unique when compared case-insensitively and in
    /// Unicode normalization form C (NFC). It has no invisible characters, and its local part and each
    /// label of its domain use one script only, or a combination that is usual in East Asia (UTS #39,
    /// Highly Restrictive). White space (Unicode White_Space) at both ends is removed.
    email: String,
    /// 8 to 128 characters in Unicode normalization form C (NFC), in which passwords are compared.
    /// Nothing is removed, and case matters.
    password: String,
    /// The name that people see: one line of 1 to 100 characters, at least one of them visible, without U+202D and
    /// U+202E. White space (Unicode White_Space) at both ends is removed. By default the part of the e-mail address
    /// before the @.
    name: Option<String>,
}

/// The result of `signUp`.
#[derive(SimpleObject)]
pub(super) struct SignUpPayload {
    /// The new account.
    user: EagerObject<User>,
}

/// The e-mail address and password of an account.
#[derive(InputObject)]
pub(super) struct LogInInput {
    /// The e-mail address, compared case-insensitively and in NFC. White space (Unicode White_Space) at
    /// both ends is removed.
    email: String,
    /// The password, compared in NFC. Nothing is removed.
    password: String,
}

/// The fields that the payloads of a log-in and a refresh have in common.
#[derive(SimpleObject)]
pub(super) struct SignedIn {
    /// A JWT with the claims `sub` (the user's ID) and `email`. Send it as `Authorization: Bearer`.
    #[graphql(directive = secret::apply())]
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// The time when the access token expires: one hour from now, unless the server is configured otherwise.
    expires_at: DateTime,
    /// The token for `refreshSession`. It can be used once, to get the next access token. Store it as
    /// securely as a password.
    #[graphql(directive = secret::apply())]
    refresh_token: String,
    /// The session that was started or refreshed.
    session: EagerObject<Session>,
    /// The user who is logged in.
    user: EagerObject<User>,
}

impl From<LogIn> for SignedIn {
    fn from(log_in: LogIn) -> Self {
        Self {
            access_token: log_in.access_token,
            token_type: "Bearer".into(),
            expires_at: log_in.expires_at.into(),
            refresh_token: log_in.refresh_token,
            session: Session::current(log_in.session).into(),
            user: User::own(log_in.user).into(),
        }
    }
}

/// The result of a log-in.
#[derive(SimpleObject)]
pub(super) struct LogInPayload {
    #[graphql(flatten)]
    signed_in: SignedIn,
}

/// Changes to the viewer's account. Fields that are left out do not change.
#[derive(InputObject)]
pub(super) struct UpdateViewerInput {
    /// The new e-mail address, by the rules of `SignUpInput`.
    email: Option<String>,
    /// The new password, by the rules of `SignUpInput`.
    password: Option<String>,
    /// The new name, by the rules of `SignUpInput`.
    name: Option<String>,
    /// The current password, compared in NFC. Nothing is removed. Required to change the e-mail address or the
    /// password, but not the name.
    current_password: Option<String>,
}

/// The changed account. A new e-mail address or password ends all sessions and begins a new one, whose tokens are here.
#[derive(SimpleObject)]
pub(super) struct UpdateViewerPayload {
    /// The changed account.
    user: EagerObject<User>,
    /// The access token of the new session. Null unless the e-mail address or the password has changed.
    #[graphql(directive = secret::apply())]
    access_token: Option<String>,
    /// `Bearer`. Null unless the e-mail address or the password has changed.
    token_type: Option<String>,
    /// The time when the access token expires. Null unless the e-mail address or the password has changed.
    expires_at: Option<DateTime>,
    /// The refresh token of the new session. Null unless the e-mail address or the password has changed.
    #[graphql(directive = secret::apply())]
    refresh_token: Option<String>,
    /// The new session. Null unless the e-mail address or the password has changed.
    session: Option<EagerObject<Session>>,
}

impl From<Updated> for UpdateViewerPayload {
    fn from(updated: Updated) -> Self {
        match updated {
            Updated::Account(user) | Updated::LoggedOut(user) => Self {
                user: User::own(user).into(),
                access_token: None,
                token_type: None,
                expires_at: None,
                refresh_token: None,
                session: None,
            },
            Updated::LoggedIn(log_in) => {
                let signed_in = SignedIn::from(*log_in);
                Self {
                    user: signed_in.user,
                    access_token: Some(signed_in.access_token),
                    token_type: Some(signed_in.token_type),
                    expires_at: Some(signed_in.expires_at),
                    refresh_token: Some(signed_in.refresh_token),
                    session: Some(signed_in.session),
                }
            }
        }
    }
}

/// Confirms the deletion of the account.
#[derive(InputObject)]
pub(super) struct DeleteViewerInput {
    /// The current password, compared in NFC. Nothing is removed.
    current_password: String,
}

/// The result of `deleteViewer`.
#[derive(SimpleObject)]
pub(super) struct DeleteViewerPayload {
    /// The ID of the deleted account.
    deleted_user_id: ID,
}

/// Mutations for accounts and log-in.
#[derive(Default)]
pub(super) struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Creates an account. CONFLICT if an account with this e-mail address exists, FORBIDDEN if sign-ups are
    /// closed on this server, RATE_LIMITED after too many attempts.
    ///
    /// Errors: BAD_USER_INPUT, FORBIDDEN, CONFLICT, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: SignUpInput,
    ) -> Nullable<SignUpPayload> {
        mutate_as_anybody(ctx, async {
            let email = Email::parse(&input.email).at("email")?;
            let password = Password::parse(&input.password).at("password")?;
            let name = optional(input.name, "name", |name| Name::parse(name))?;
            let client = &ctx.caller()?.client;
            let user = accounts::sign_up(ctx.services()?, client, email, password, name).await?;
            Ok(SignUpPayload { user: User::own(user).into() })
        })
        .await
    }

    /// Logs in. INVALID_CREDENTIALS if the e-mail address or the password is wrong; the error does not
    /// say which. FORBIDDEN if both are right, but the address must be verified first: then a mail with a link is sent.
    /// RATE_LIMITED after too many attempts, whether right or wrong.
    ///
    /// Errors: INVALID_CREDENTIALS, FORBIDDEN, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn log_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The e-mail address and password.")] input: LogInInput,
    ) -> Nullable<LogInPayload> {
        mutate_as_anybody(ctx, async {
            let (services, client) = (ctx.services()?, &ctx.caller()?.client);
            let log_in = accounts::log_in(services, client, &input.email, input.password).await?;
            Ok(LogInPayload { signed_in: log_in.into() })
        })
        .await
    }

    /// Changes the name, the e-mail address and the password of the viewer. A new e-mail address or password ends all
    /// sessions, also the one of this request, and begins a new one, unless the server requires that a new address is
    /// verified first. INVALID_CREDENTIALS if the current password is wrong, RATE_LIMITED after too many
    /// attempts, CONFLICT if the new e-mail address is taken.
    ///
    /// Errors: BAD_USER_INPUT, INVALID_CREDENTIALS, CONFLICT, RATE_LIMITED.
    async fn update_viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes to the account.")] input: UpdateViewerInput,
    ) -> Nullable<UpdateViewerPayload> {
        mutate(ctx, async {
            let changes = AccountChanges {
                email: optional(input.email, "email", |email| Email::parse(email))?,
                password: optional(input.password, "password", |new| Password::parse(new))?,
                name: optional(input.name, "name", |name| Name::parse(name))?,
            };
            let current = input.current_password;
            let (services, caller) = (ctx.services()?, ctx.caller()?);
            let viewer = caller.viewer()?;
            let updated =
                accounts::update(services, &caller.client, viewer, current, changes).await?;
            if !matches!(updated, Updated::Account(_)) {
                caller.leave();
            }
            Ok(updated.into())
        })
        .await
    }

    /// Deletes the viewer's account. Boards that have no other members are erased with it, including
    /// those in the trash; other boards lose a member. If no ADMIN is left on a board, the member who has been there longest
    /// becomes ADMIN, a MEMBER before a VIEWER. INVALID_CREDENTIALS if the current password is wrong,
    /// RATE_LIMITED after too many attempts.
    ///
    /// Errors: INVALID_CREDENTIALS, RATE_LIMITED.
    async fn delete_viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password.")] input: DeleteViewerInput,
    ) -> Nullable<DeleteViewerPayload> {
        mutate(ctx, async {
            let (services, caller) = (ctx.services()?, ctx.caller()?);
            let viewer = caller.viewer()?;
            let password = input.current_password;
            accounts::delete(services, &caller.client, viewer, password).await?;
            caller.leave();
            Ok(DeleteViewerPayload { deleted_user_id: viewer.id.to_public().into() })
        })
        .await
    }
}
