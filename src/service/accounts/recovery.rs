//! Verification of addresses and new passwords, by tokens in mails.

use super::confirm::credentials;
use crate::domain::{
    At, Client, EmailKey, Error, MailContent, MailPurpose, Password, PublicId, QueuedMail, Result,
    User, UserKey, Viewer, rejection, sha256,
};
use crate::service::{Services, mail_senders};
use crate::store::{mail_tokens, outbox, sessions, user_writes};

/// Sends a token for a new password to an address, if it has an account: whether it has one is found out later, so
/// that this does the same work in any case. FORBIDDEN if the server sends no mail; RATE_LIMITED after too many attempts.
pub async fn request_password_reset(
    services: &Services,
    client: &Client,
    email: &str,
) -> Result<()> {
    services.mails.require()?;
    services.attempts.from(client)?;
    // An invalid address cannot belong to an account.
    let Ok(email) = EmailKey::parse(email) else { return Ok(()) };
    mail_senders::send(services, email.as_str(), MailContent::ResetPassword).await.map(drop)
}

/// A new password makes all tokens useless.
const ALL: [MailPurpose; 2] = [MailPurpose::ResetPassword, MailPurpose::VerifyEmail];

struct Reset {
    user: UserKey,
    token: String,
    password_hash: String,
    notice: Option<QueuedMail>,
}

/// Sets a new password with a token from a mail, which also verifies the address. Ends all sessions. BAD_USER_INPUT if
/// the token is invalid, expired or was used before; RATE_LIMITED after too many attempts.
pub async fn reset_password(
    services: &Services,
    client: &Client,
    token: &str,
    password: Password,
) -> Result<User> {
    services.attempts.from(client)?;
    let user = find(services, token, MailPurpose::ResetPassword).await?;
    let password_hash = services.passwords.hash(client, password).await?;
    let notice = services.mails.mail(&user.email, MailContent::PasswordChanged);
    let reset = Reset { user: user.key, token: sha256(token), password_hash, notice };
    let forget = services.sessions.forgetting();
    let done = services.db.write_then(
        reset,
        async |tx, reset| {
            if !mail_tokens::spend(tx, reset.user, &reset.token, &ALL).await? {
                return Err(bad_token());
            }
            user_writes::set_password(tx, reset.user, &reset.password_hash).await?;
            let user = user_writes::set_verified(tx, reset.user).await?.ok_or_else(bad_token)?;
            if let Some(notice) = &reset.notice {
                outbox::insert(tx, notice).await?;
            }
            Ok((user, sessions::delete_all(tx, reset.user).await?))
        },
        move |(_, ended)| forget(ended),
    );
    let (user, _) = done.await?;
    tracing::info!(user = user.id.to_public(), "a password was reset");
    services.mails.wake();
    Ok(user)
}

/// Verifies an address with a token from a mail. BAD_USER_INPUT if the token is invalid, expired or was used before;
/// RATE_LIMITED after too many attempts.
pub async fn verify_email(services: &Services, client: &Client, token: &str) -> Result<User> {
    services.attempts.from(client)?;
    let user = find(services, token, MailPurpose::VerifyEmail).await?;
    let verified = services.db.write((user.key, sha256(token)), async |tx, (user, token)| {
        if !mail_tokens::spend(tx, *user, token, &[MailPurpose::VerifyEmail]).await? {
            return Err(bad_token());
        }
        user_writes::set_verified(tx, *user).await?.ok_or_else(bad_token)
    });
    verified.await
}

/// Sends a token to verify the viewer's address. Returns `false` if it is verified already, or if several mails were sent
/// to it lately. FORBIDDEN if the server sends no mail.
pub async fn send_verification(services: &Services, viewer: Viewer) -> Result<bool> {
    services.mails.require()?;
    let user = credentials(services, viewer).await?.user;
    if user.email_verified_at.is_some() {
        return Ok(false);
    }
    mail_senders::send(services, &user.email, MailContent::VerifyEmail).await
}

async fn find(services: &Services, token: &str, purpose: MailPurpose) -> Result<User> {
    let (mut conn, now) = (services.db.read().await?, services.db.now());
    mail_tokens::user(&mut conn, &sha256(token), purpose, now).await?.ok_or_else(bad_token)
}

fn bad_token() -> Error {
    rejection::invalid_mail_token().at("token")
}
