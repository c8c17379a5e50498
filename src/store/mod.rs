//! The database. Diesel is named in this module only.
//!
//! There is one file for each aggregate. Functions take a connection, so that they can be combined within a
//! transaction. Functions that act for a user on a board take a proof of [`access`] instead of the board's key, so that
//! a call without a permission check does not compile. (Maintenance and subscriptions take keys.)

pub mod access;
pub mod backfill;
pub mod board_lists;
pub mod boards;
mod card_filter;
pub mod card_lists;
pub mod card_order;
pub mod card_writes;
pub mod cards;
pub mod changed_cards;
pub mod comments;
mod db;
mod dsl;
pub mod events;
pub mod known_networks;
pub mod labels;
pub mod lock;
pub mod mail_tokens;
pub mod members;
pub mod outbox;
pub mod receipts;
pub mod refresh_tokens;
mod rows;
mod schema;
pub mod sessions;
pub mod trash;
mod types;
pub mod user_writes;
pub mod users;
pub mod viewer_cards;

pub use db::{Budget, Conn, Db, Draft, ReadMode, Snapshot, Tx, Work};
pub use dsl::{ListOrder, LongTexts, Sort, ValueKind};
