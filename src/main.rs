//! The `kanban` program. See `kanban --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

/// A request makes hundreds of small allocations. Small queries per second with glibc's allocator,
/// mimalloc and jemalloc: 11,300, 12,500 and 14,600; memory after 64 clients have read a board of
/// 1,000 cards: 51, 37 and 34 MB.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = kanban::cli::Cli::parse();
    let ended = kanban::app::runtime()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(cli.run()).map_err(|error| error.to_string()));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kanban: {error}");
            ExitCode::FAILURE
        }
    }
}
