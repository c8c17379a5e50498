//! Folds stored values anew after an upgrade: the keys of addresses and the texts that searches read.

use super::Services;
use crate::domain::{PublicId, Result, UserKey};
use crate::store::backfill::{self, BOARDS, CARDS, Searched, StoredEmail};

/// The maximum number of boards or cards per transaction, and of accounts per query.
const BATCH: i64 = 100;

/// The result of [`run`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The number of boards whose search texts were folded anew.
    pub boards: usize,
    /// The same for cards.
    pub cards: usize,
    /// The number of accounts whose addresses got another key.
    pub accounts: usize,
    /// The number of accounts that keep a former key, because another account has theirs. The log lists
    /// them.
    pub collisions: usize,
}

/// Folds what was stored by former rules. Works in small transactions, so it can be interrupted at any time and
/// continues where it was. Several instances may run it at once, also beside one of an earlier version.
pub async fn run(services: &Services) -> Result<Folded> {
    let boards = fold_search_texts(services, BOARDS).await?;
    let cards = fold_search_texts(services, CARDS).await?;
    let mut folded = Folded { boards, cards, ..Folded::default() };
    renew_email_keys(services, &mut folded).await?;
    Ok(folded)
}

async fn fold_search_texts(services: &Services, table: Searched) -> Result<usize> {
    let (mut last, mut count) = (0, 0);
    loop {
        let batch = services.db.write((table, last), async |tx, (table, last)| {
            backfill::fold_search_texts(tx, *table, *last, BATCH).await
        });
        let rows = batch.await?;
        let Some(end) = rows.last() else { return Ok(count) };
        last = *end;
        count += rows.len();
    }
}

async fn renew_email_keys(services: &Services, folded: &mut Folded) -> Result<()> {
    let mut last = UserKey(0);
    loop {
        let mut conn = services.db.read().await?;
        let accounts = backfill::emails_beyond_ascii(&mut conn, last, BATCH).await?;
        drop(conn);
        let Some(end) = accounts.last() else { return Ok(()) };
        last = end.user.key;
        for account in accounts.into_iter().filter(|account| !account.is_current()) {
            renew_email_key(services, account, folded).await?;
        }
    }
}

async fn renew_email_key(
    services: &Services,
    account: StoredEmail,
    folded: &mut Folded,
) -> Result<()> {
    let id = account.user.id.to_public();
    let renewed = services
        .db
        .write(account, async |tx, account| backfill::renew_email_key(tx, account).await);
    match renewed.await? {
        None => folded.accounts += 1,
        Some(other) => {
            folded.collisions += 1;
            let other = other.id.to_public();
            tracing::warn!(
                account = id,
                other,
                "the addresses of two accounts are equal after Unicode normalisation (NFC)"
            );
        }
    }
    Ok(())
}
