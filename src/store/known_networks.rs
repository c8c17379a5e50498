//! The networks from which users have logged in.

use diesel::prelude::*;

use super::db::Tx;
use super::dsl::{Write, any_text_of};
use super::schema::known_networks;
use crate::domain::{Result, UserKey};

/// The maximum number of networks that are remembered for a user.
const MAX: usize = 50;

/// Remembers a network. Returns whether it is new to an account that has been used from another one.
pub async fn note(tx: &mut Tx, user: UserKey, network: &str) -> Result<bool> {
    let order = (known_networks::seen_at.desc(), known_networks::network);
    let own = known_networks::table
        .filter(known_networks::user_id.eq(user.0))
        .order(order)
        .select(known_networks::network);
    let mut known: Vec<String> = tx.load(own).await?;
    let is_new = !known.is_empty() && !known.iter().any(|known| known == network);
    let now = tx.now();
    let note = Write::new()
        .sql("INSERT INTO known_networks (user_id, network, seen_at) VALUES (")
        .number(user.0)
        .sql(", ")
        .text(network)
        .sql(", ")
        .time(now)
        .sql(") ON CONFLICT (user_id, network) DO UPDATE SET seen_at = excluded.seen_at");
    tx.execute(note).await?;
    let old = known.split_off((MAX - 1).min(known.len()));
    if !old.is_empty() {
        let target = known_networks::table
            .filter(known_networks::user_id.eq(user.0))
            .filter(known_networks::network.ne(network.to_owned()))
            .filter(any_text_of(known_networks::network, old));
        tx.execute(diesel::delete(target)).await?;
    }
    Ok(is_new)
}
