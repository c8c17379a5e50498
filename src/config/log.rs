//! The log settings.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::parsers::milliseconds;

/// The log settings.
#[derive(Args, Clone, Debug)]
pub struct Log {
    /// Log format: text or json.
    ///
    /// Whether to write one JSON object per line instead of text.
    #[arg(id = "LOG_FORMAT", long, env, default_value = "text", action = ArgAction::Set, value_parser = is_json)]
    pub json: bool,
    /// Log level: error, warn, info, debug or trace, or filters such as info,kanban=debug.
    ///
    /// In the syntax of `tracing_subscriber::EnvFilter`.
    #[arg(id = "LOG_LEVEL", long, env, default_value = "info", value_parser = filter)]
    pub level: String,
    /// Time in milliseconds from which a request is logged as a warning, with the hash of its document. 0
    /// logs none.
    #[arg(id = "LOG_SLOW_REQUEST_MS", long, env, default_value = "1000", value_parser = milliseconds(0..=3_600_000))]
    pub slow_request: Duration,
    /// Time in milliseconds from which a statement of the database is logged, without its values. 0
    /// logs none.
    #[arg(id = "LOG_SLOW_STATEMENT_MS", long, env, default_value = "500", value_parser = milliseconds(0..=3_600_000))]
    pub slow_statement: Duration,
}

fn is_json(text: &str) -> Result<bool, &'static str> {
    match text {
        "text" => Ok(false),
        "json" => Ok(true),
        _ => Err("must be text or json"),
    }
}

fn filter(text: &str) -> Result<String, String> {
    text.parse::<tracing_subscriber::EnvFilter>().map_err(|error| error.to_string())?;
    // `EnvFilter` would accept a misspelt level as the name of a log target.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |level: &str| levels.iter().any(|known| level.eq_ignore_ascii_case(known));
    let unknown = text.split(',').map(str::trim).find(|one| !one.contains('=') && !known(one));
    match unknown {
        Some(level) => Err(format!(
            "{level:?} is neither a level such as info nor a filter such as kanban=debug"
        )),
        None => Ok(text.to_owned()),
    }
}
