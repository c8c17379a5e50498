//! Mutations with tokens from mails: a new password, and the verification of an address.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::domain::{At, Password};
use crate::graphql::context::{ContextExt, Nullable, mutate, mutate_as_anybody};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::directives::anonymous;
use crate::graphql::schema::types::User;
use crate::service::accounts::recovery;

/// The address of the account that needs a new password.
#[derive(InputObject)]
pub(super) struct RequestPasswordResetInput {
    /// The e-mail address, compared case-insensitively and in NFC. White space (Unicode White_Space) at both ends is
    /// removed.
    email: String,
}

/// The result of `requestPasswordReset`. It is the same whether the address has an account or not.
#[derive(SimpleObject)]
pub(super) struct RequestPasswordResetPayload {
    /// Always true.
    requested: bool,
}

/// A new password, and the token from the mail.
#[derive(InputObject)]
pub(super) struct ResetPasswordInput {
    /// The token from the mail. It is valid once, within 30 minutes.
    token: String,
    /// The new password, by the rules of `SignUpInput`.
    new_password: String,
}

/// The result of `resetPassword`.
#[derive(SimpleObject)]
pub(super) struct ResetPasswordPayload {
    /// The account, whose sessions have ended. Log in with the new password.
    user: EagerObject<User>,
}

/// The token that shows that an address belongs to its user.
#[derive(InputObject)]
pub(super) struct VerifyEmailInput {
    /// The token from the mail. It is valid once, within 24 hours.
    token: String,
}

/// The result of `verifyEmail`.
#[derive(SimpleObject)]
pub(super) struct VerifyEmailPayload {
    /// The account, whose address is verified.
    user: EagerObject<User>,
}

/// The result of `sendVerificationEmail`.
#[derive(SimpleObject)]
pub(super) struct SendVerificationEmailPayload {
    /// Whether a mail will be sent. False if the address is verified already, or if several mails were sent to it lately.
    sent: bool,
}

/// Mutations with tokens from mails.
#[derive(Default)]
pub(super) struct RecoveryMutation;

#[Object]
impl RecoveryMutation {
    /// Sends a mail with a token for a new password to this address, if it has an account and did not get several such
    /// mails lately. Always answers the same. FORBIDDEN if the server sends no mail, RATE_LIMITED after too many attempts.
    ///
    /// Errors: FORBIDDEN, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address of the account.")] input: RequestPasswordResetInput,
    ) -> Nullable<RequestPasswordResetPayload> {
        mutate_as_anybody(ctx, async {
            let (services, client) = (ctx.services()?, &ctx.caller()?.client);
            recovery::request_password_reset(services, client, &input.email).await?;
            Ok(RequestPasswordResetPayload { requested: true })
        })
        .await
    }

    /// Sets a new password with the token from a mail. Ends all sessions of the account. BAD_USER_INPUT if the token is
    /// invalid or expired, or was used before; RATE_LIMITED after too many attempts.
    ///
    /// Errors: BAD_USER_INPUT, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token and the new password.")] input: ResetPasswordInput,
    ) -> Nullable<ResetPasswordPayload> {
        mutate_as_anybody(ctx, async {
            let new = Password::parse(&input.new_password).at("newPassword")?;
            let (services, client) = (ctx.services()?, &ctx.caller()?.client);
            let user = recovery::reset_password(services, client, &input.token, new).await?;
            Ok(ResetPasswordPayload { user: User::own(user).into() })
        })
        .await
    }

    /// Sends a mail to the viewer's address, with a token that verifies it. FORBIDDEN if the server sends no mail.
    ///
    /// Errors: FORBIDDEN.
    async fn send_verification_email(
        &self,
        ctx: &Context<'_>,
    ) -> Nullable<SendVerificationEmailPayload> {
        mutate(ctx, async {
            let sent = recovery::send_verification(ctx.services()?, ctx.viewer()?).await?;
            Ok(SendVerificationEmailPayload { sent })
        })
        .await
    }

    /// Verifies an e-mail address with the token from a mail. BAD_USER_INPUT if the token is invalid or expired, or was
    /// used before; RATE_LIMITED after too many attempts.
    ///
    /// Errors: BAD_USER_INPUT, RATE_LIMITED.
    #[graphql(directive = anonymous::apply())]
    async fn verify_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: VerifyEmailInput,
    ) -> Nullable<VerifyEmailPayload> {
        mutate_as_anybody(ctx, async {
            let (services, client) = (ctx.services()?, &ctx.caller()?.client);
            let user = recovery::verify_email(services, client, &input.token).await?;
            Ok(VerifyEmailPayload { user: User::own(user).into() })
        })
        .await
    }
}
