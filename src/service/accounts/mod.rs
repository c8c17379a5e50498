//! Accounts: sign-up, log-in, changes to the viewer's own account, recovery, and what the operator may do.

mod confirm;
mod leave;
mod log_in;
pub mod operator;
pub mod recovery;
mod sign_up;
mod update;

pub use leave::delete;
pub use log_in::log_in;
pub use sign_up::sign_up;
pub use update::{AccountChanges, Updated, update};
