//! `kanban`: see `kanban --help`.

use std::process::ExitCode;

use clap::Parser;

/// A request allocates hundreds of small things; what was freed last is taken first, and is still in the
/// processor's cache. Small queries a second with glibc's allocator, mimalloc and this one: 11,300, 12,500,
/// 14,600; memory after 64 clients have read a board of 1,000 cards: 51, 37 and 34 MB.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match kanban::cli::Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kanban: {error}");
            ExitCode::FAILURE
        }
    }
}
