//! Tokens in mails: `mt_` and 256 random bits. They are stored as SHA-256 hashes.

use data_encoding::BASE64URL_NOPAD;

use super::Services;
use crate::domain::{MailPurpose, Result, User, sha256};
use crate::store::mail_tokens;

/// Makes tokens recognisable for secret scanners.
const PREFIX: &str = "mt_";

/// Makes a token to be sent to the address of a user; `None` if the user has another one by now.
pub(super) async fn issue(
    services: &Services,
    user: User,
    purpose: MailPurpose,
) -> Result<Option<String>> {
    let token = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>()));
    let row = (user, sha256(&token), purpose);
    let stored = services.db.write(row, async |tx, (user, hash, purpose)| {
        mail_tokens::insert(tx, user, hash, *purpose).await
    });
    Ok(stored.await?.then_some(token))
}

/// Deletes expired tokens.
pub async fn erase_expired(services: &Services) -> Result<()> {
    let erased = services.db.write((), async |tx, ()| {
        let now = tx.now();
        mail_tokens::delete_expired(tx, now).await
    });
    erased.await
}
