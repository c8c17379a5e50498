//! The settings of persisted documents.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::parsers::switch;

/// The settings of persisted documents.
#[derive(Args, Clone, Debug)]
pub struct Documents {
    /// Whether clients may register documents, and then send their hash instead of their text
    /// (automatic persisted queries): on or off.
    #[arg(id = "AUTOMATIC_PERSISTED_QUERIES", long, env, default_value = "on", action = ArgAction::Set, value_parser = switch)]
    pub automatic: bool,
    /// A JSON file with the only documents that may run. Clients send their IDs. It may come from
    /// Apollo, Relay or graphql-codegen. Automatic persisted queries are off then.
    #[arg(id = "TRUSTED_DOCUMENTS", long, env)]
    pub trusted: Option<PathBuf>,
}
