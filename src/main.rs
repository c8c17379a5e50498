//! `kanban`: see `kanban --help`.

use std::process::ExitCode;

use clap::Parser;

/// A request allocates hundreds of small things, which glibc's allocator takes a fifth of the time for and
/// seldom gives back.
//#[global_allocator]
//static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
