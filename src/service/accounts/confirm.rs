//! The current password, which confirms changes to the account.

use crate::domain::{At, Client, EmailKey, Error, Result, Viewer};
use crate::service::Services;
use crate::service::passwords::Verdict;
use crate::store::users::{self, Credentials};

/// Returns the viewer's account if the password is correct; otherwise INVALID_CREDENTIALS. Counts as a
/// log-in attempt, so that the password cannot be guessed with a stolen access token.
pub(super) async fn check_password(
    services: &Services,
    client: &Client,
    viewer: Viewer,
    password: String,
) -> Result<Credentials> {
    let known = credentials(services, viewer).await?;
    services.attempts.at(&EmailKey::of(&known.user.email))?;
    match services.passwords.verify(client, password, Some(&known)).await? {
        Verdict::Wrong => Err(wrong_password()),
        Verdict::Right | Verdict::Outdated => Ok(known),
    }
}

/// The viewer's account.
pub(super) async fn credentials(services: &Services, viewer: Viewer) -> Result<Credentials> {
    let known = users::credentials(&mut services.db.read().await?, viewer.key).await?;
    known.ok_or(Error::Unauthenticated)
}

/// The error of a wrong current password.
pub(super) fn wrong_password() -> Error {
    Error::WrongPassword { field: Vec::new() }.at("currentPassword")
}
