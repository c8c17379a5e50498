//! Demo data.

use crate::config::{Config, StartError};

/// How much.
pub struct Size {
    /// Users.
    pub users: u32,
    /// Boards.
    pub boards: u32,
    /// Cards.
    pub cards: u32,
}

/// What to do about a database that has users.
pub enum Target {
    /// Refuse it.
    Empty,
    /// Add to it.
    Append,
    /// Delete everything first.
    Reset,
}

/// Fills the database.
pub async fn run(
    _config: &Config,
    _size: Size,
    _seed: u64,
    _target: Target,
) -> Result<String, StartError> {
    Err(StartError::new("not yet"))
}
