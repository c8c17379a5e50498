//! The limits on documents and operations.

use clap::Args;

use super::parsers::{kib, number};

/// The limits on documents and operations. Each is the maximum allowed value.
#[derive(Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of tokens in a document, and of values in its variables.
    #[arg(id = "GRAPHQL_MAX_TOKENS", long, env, default_value = "5000", value_parser = number::<usize>(100..=1_000_000))]
    pub tokens: usize,
    /// Maximum nesting depth of brackets in a document, and of lists and objects in variables.
    #[arg(id = "GRAPHQL_MAX_NESTING", long, env, default_value = "64", value_parser = number::<usize>(10..=200))]
    pub nesting: usize,
    /// Maximum nesting depth of the fields of an operation.
    #[arg(id = "GRAPHQL_MAX_DEPTH", long, env, default_value = "25", value_parser = number::<usize>(5..=100))]
    pub depth: usize,
    /// Maximum number of fields in an operation, with each fragment counted at every spread. All operations of a document
    /// together may have 20 times as many, and the fragments of each count again.
    #[arg(id = "GRAPHQL_MAX_SELECTIONS", long, env, default_value = "2000", value_parser = number::<usize>(100..=1_000_000))]
    pub selections: usize,
    /// Maximum number of root fields in an operation.
    #[arg(id = "GRAPHQL_MAX_ROOT_FIELDS", long, env, default_value = "50", value_parser = number::<usize>(1..=10_000))]
    pub root_fields: usize,
    /// Maximum number of aliases in an operation.
    #[arg(id = "GRAPHQL_MAX_ALIASES", long, env, default_value = "200", value_parser = number::<usize>(0..=100_000))]
    pub aliases: usize,
    /// Maximum number of directives in an operation.
    #[arg(id = "GRAPHQL_MAX_DIRECTIVES", long, env, default_value = "100", value_parser = number::<usize>(0..=100_000))]
    pub directives: usize,
    /// Maximum complexity of an operation, computed from the requested page sizes: an object counts 10,
    /// any other field and each argument value count 1. A search uses up 1 for each 256 bytes that it
    /// reads.
    #[arg(id = "GRAPHQL_MAX_COMPLEXITY", long, env, default_value = "2000000", value_parser = number::<u64>(1000..=1_000_000_000))]
    pub complexity: u64,
    /// Maximum amount of text in a response, names of fields included, in KiB.
    ///
    /// The field is in bytes.
    #[arg(id = "GRAPHQL_MAX_TEXT_KIB", long, env, default_value = "32768", value_parser = kib(1..=4_194_304))]
    pub text: usize,
}
