//! Accounts and log-in.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, Email, Password, PublicId};
use crate::graphql::context::{ContextExt, Nullable, mutate, mutate_as_anybody};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::directives::anonymous;
use crate::graphql::schema::inputs::optional;
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::types::{Session, User};
use crate::service::LogIn;
use crate::service::accounts::{self, AccountChanges};

/// A new account.
#[derive(InputObject)]
pub(super) struct SignUpInput {
    /// A valid address of at most 254 characters, unique without case.
    email: String,
    /// 8 to 128 characters, taken as it is.
    password: String,
}

/// The new account.
#[derive(SimpleObject)]
pub(super) struct SignUpPayload {
    /// The new account.
    user: EagerObject<User>,
}

/// An account's address and password.
#[derive(InputObject)]
pub(super) struct LogInInput {
    /// The address, compared without case.
    email: String,
    /// The password.
    password: String,
}

/// What a log-in and a refresh answer alike.
#[derive(SimpleObject)]
pub(super) struct SignedIn {
    /// A JWT that carries sub (the user's id) and email; to be sent as `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// When the access token ends: one hour from now.
    expires_at: DateTime,
    /// What `refreshSession` takes, once, for the next access token. Keep it as you would a password.
    refresh_token: String,
    /// The session that has begun or goes on.
    session: EagerObject<Session>,
    /// Whose it is.
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

/// A log-in.
#[derive(SimpleObject)]
pub(super) struct LogInPayload {
    #[graphql(flatten)]
    signed_in: SignedIn,
}

/// Changes to one's own account. A field left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateViewerInput {
    /// A new address.
    email: Option<String>,
    /// A new password: 8 to 128 characters, taken as it is.
    password: Option<String>,
    /// The present password.
    current_password: String,
}

/// The changed account.
#[derive(SimpleObject)]
pub(super) struct UpdateViewerPayload {
    /// The changed account.
    user: EagerObject<User>,
}

/// Confirms that the account shall go.
#[derive(InputObject)]
pub(super) struct DeleteViewerInput {
    /// The present password.
    current_password: String,
}

/// The deleted account.
#[derive(SimpleObject)]
pub(super) struct DeleteViewerPayload {
    /// Its id.
    deleted_user_id: ID,
}

/// Accounts and log-in.
#[derive(Default)]
pub(super) struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Makes an account. CONFLICT when there is one with this address, RATE_LIMITED after too many
    /// attempts.
    #[graphql(directive = anonymous::apply())]
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: SignUpInput,
    ) -> Nullable<SignUpPayload> {
        mutate_as_anybody(ctx, async {
            let email = Email::parse(&input.email).at("email")?;
            let password = Password::parse(input.password).at("password")?;
            let client = &ctx.caller()?.client;
            let user = accounts::sign_up(ctx.services()?, client, email, password).await?;
            Ok(SignUpPayload { user: User::own(user).into() })
        })
        .await
    }

    /// Logs in. INVALID_CREDENTIALS when address or password is wrong, never saying which; RATE_LIMITED
    /// after too many attempts, right or wrong.
    #[graphql(directive = anonymous::apply())]
    async fn log_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Address and password.")] input: LogInInput,
    ) -> Nullable<LogInPayload> {
        mutate_as_anybody(ctx, async {
            let (services, client) = (ctx.services()?, &ctx.caller()?.client);
            let log_in = accounts::log_in(services, client, &input.email, input.password).await?;
            Ok(LogInPayload { signed_in: log_in.into() })
        })
        .await
    }

    /// Changes one's own address, password or both. INVALID_CREDENTIALS when the present password
    /// is wrong, RATE_LIMITED after too many attempts, CONFLICT when the new address is taken. A new
    /// password ends all other sessions.
    async fn update_viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What shall change.")] input: UpdateViewerInput,
    ) -> Nullable<UpdateViewerPayload> {
        mutate(ctx, async {
            let changes = AccountChanges {
                email: optional(input.email, "email", |email| Email::parse(email))?,
                password: optional(input.password, "password", |new| Password::parse(new.clone()))?,
            };
            let current = input.current_password;
            let user = accounts::update(ctx.services()?, ctx.viewer()?, current, changes).await?;
            Ok(UpdateViewerPayload { user: User::own(user).into() })
        })
        .await
    }

    /// Deletes one's own account. Boards that nobody else uses, also those in the trash, are erased with
    /// it; the others lose a member. INVALID_CREDENTIALS when the present password is wrong, RATE_LIMITED
    /// after too many attempts, CONFLICT while the viewer is the only ADMIN of a board with other
    /// members.
    async fn delete_viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present password.")] input: DeleteViewerInput,
    ) -> Nullable<DeleteViewerPayload> {
        mutate(ctx, async {
            let viewer = ctx.viewer()?;
            accounts::delete(ctx.services()?, viewer, input.current_password).await?;
            ctx.caller()?.leave();
            Ok(DeleteViewerPayload { deleted_user_id: viewer.id.to_public().into() })
        })
        .await
    }
}
