//! The settings of the trash.

use std::time::Duration;

use clap::Args;

use super::parsers::number;

/// The retention of deleted boards and cards.
#[derive(Args, Clone, Copy, Debug)]
pub struct Trash {
    /// Number of days for which deleted boards and cards can be restored before they are permanently
    /// erased. 0 keeps them for ever.
    ///
    /// `None` keeps them for ever. (With the short name of `Option`, clap would parse a `u32`.)
    #[arg(id = "TRASH_RETENTION_DAYS", long, env, default_value = "30", value_parser = days)]
    pub retention_days: std::option::Option<u32>,
    /// The interval between two purges by the server.
    #[arg(skip = Duration::from_hours(1))]
    pub every: Duration,
}

fn days(text: &str) -> Result<Option<u32>, String> {
    number(0..=36_500)(text).map(|days| Some(days).filter(|days| *days > 0))
}
