//! The command line.

mod backup;
mod log;
mod signals;
mod user;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};
use indicatif::ProgressBar;
use tokio::sync::oneshot;

use log::start_log;
use signals::Signals;

use crate::config::{self, Config, StartError, Variable};
use crate::domain::Error;
use crate::service::seed::{self, Plan, Size, Target};
use crate::service::trash::{self, Purged};
use crate::store::Db;
use crate::{app, graphql};

/// A GraphQL API server for Kanban boards.
#[derive(Parser)]
#[command(name = "kanban", version, after_help = variables())]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default)
    #[command(after_help = variables())]
    Serve,
    /// Run the pending database migrations and exit
    Migrate,
    /// Fill the database with demo data
    Seed(SeedArgs),
    /// Permanently erase boards and cards that were deleted more than TRASH_RETENTION_DAYS ago
    Purge,
    /// Create, list, disable, enable and delete accounts, and reset passwords
    #[command(subcommand)]
    User(user::UserCommand),
    /// Copy the SQLite database to a new file; the server may run
    Backup {
        /// The file to create
        file: PathBuf,
    },
    /// Replace the SQLite database by a copy and end all sessions; the server must not run
    Restore {
        /// A file that `kanban backup` has made
        file: PathBuf,
    },
    /// End all sessions of all users, as after a restore
    EndSessions,
    /// Print the schema in the GraphQL schema definition language (SDL)
    Schema,
}

#[derive(Args)]
struct SeedArgs {
    /// Number of users: user1@example.com, user2@example.com, … with the password "password"
    #[arg(long, default_value_t = 7, value_parser = number(1, 1_000_000))]
    users: usize,
    /// Number of boards, each with 1 to 3 members
    #[arg(long, default_value_t = 28, value_parser = number(0, 1_000_000))]
    boards: usize,
    /// Number of cards, each with 0 to 3 labels
    #[arg(long, default_value_t = 600, value_parser = number(0, 100_000_000))]
    cards: usize,
    /// Seed of the random generator; the same seed gives the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Add to a database that already has users; new users are numbered after the existing ones
    #[arg(long, conflicts_with = "reset")]
    append: bool,
    /// Delete all users and boards first
    #[arg(long)]
    reset: bool,
}

/// Parses a number within a range.
fn number(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

impl SeedArgs {
    fn target(&self) -> Target {
        match (self.append, self.reset) {
            (true, _) => Target::Append,
            (false, true) => Target::Reset,
            (false, false) => Target::Empty,
        }
    }
}

/// The list of environment variables for `--help`. The settings are no options: users of the same
/// machine can read the options of a process, and so would read secrets.
fn variables() -> String {
    let mut heading = String::new();
    let entry = |Variable { name, default, about, group }| {
        let start = if heading == group { String::new() } else { format!("\n{group}:\n") };
        heading = group;
        let default = if default.is_empty() { default } else { format!(" [default: {default}]") };
        format!("{start}  {name}{default}\n      {about}\n")
    };
    let title = "Environment variables (also read from the file .env):\n".to_owned();
    std::iter::once(title).chain(config::variables().into_iter().map(entry)).collect()
}

impl Cli {
    /// Runs the selected command. The error is one line for the operator.
    pub async fn run(self) -> Result<(), StartError> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => Box::pin(serve()).await,
            Command::Migrate => migrate().await,
            Command::Seed(args) => seed(args).await,
            Command::Purge => purge().await,
            Command::User(command) => Box::pin(user::run(command)).await,
            Command::Backup { file } => tell(backup::backup(&start()?, &file)),
            Command::Restore { file } => tell(backup::restore(&start()?, &file).await),
            Command::EndSessions => tell(backup::end_sessions(&start()?).await),
            Command::Schema => tell(Ok(graphql::sdl())),
        }
    }
}

/// Reads the settings and starts the log.
fn start() -> Result<Config, StartError> {
    let (config, warning) = Config::from_env()?;
    start_log(&config.log);
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

async fn serve() -> Result<(), StartError> {
    let config = start()?;
    let database = config.database.url.to_string();
    let (graphiql, base) = (config.http.graphiql, config.http.base_path.clone());
    if config.mail.smtp.is_none() {
        tracing::info!(
            "SMTP_URL is not set: no mail is sent; `kanban user reset-password` sets passwords"
        );
    }
    let app = app::build(config).await?;
    // Before the log tells that the server runs: from then on a signal must not kill it.
    let mut signals = Signals::listen();
    let url = format!("http://{}{base}", app.address());
    let explore = if graphiql { format!(", GraphiQL at {url}/graphiql") } else { String::new() };
    tracing::info!(%database, "listening on {url}{explore}");
    let (stop, stopped) = oneshot::channel::<()>();
    let signals = async {
        signals.next().await;
        drop(stop);
        signals.next().await;
    };
    tokio::select! {
        () = Box::pin(app.run(async { drop(stopped.await) })) => Ok(()),
        () = signals => {
            tracing::warn!("a second signal: requests in progress are aborted");
            // Whoever returns waits for the statements that run on SQLite.
            std::process::exit(1)
        }
    }
}

async fn migrate() -> Result<(), StartError> {
    let config = start()?;
    let done = Db::migrate(&config.database).await?;
    if done.is_empty() {
        print("The database is up to date.\n")?;
    }
    for name in done {
        print(&format!("Ran {name}.\n"))?;
    }
    Ok(())
}

async fn purge() -> Result<(), StartError> {
    let config = start()?;
    let days = config.trash.retention_days;
    if days.is_none() {
        return print("TRASH_RETENTION_DAYS is 0: deleted boards and cards are kept for ever.\n");
    }
    let services = app::existing_services(&config).await?;
    let purged = trash::purge(&services, days).await.map_err(|_| refused())?;
    let Purged { boards, cards, failed } = purged;
    print(&format!("Erased {boards} boards, and {cards} cards of other boards.\n"))?;
    if failed > 0 {
        let reason = format!("{failed} boards could not be purged; the log above has the causes");
        return Err(StartError::new(reason));
    }
    Ok(())
}

fn refused() -> StartError {
    StartError::new("the database operation failed; the log above has the cause")
}

async fn seed(args: SeedArgs) -> Result<(), StartError> {
    if args.boards == 0 && args.cards > 0 {
        return Err(StartError::new("--cards: requires at least one board"));
    }
    let config = start()?;
    let services = app::services_without_tokens(&config).await?;
    // The progress bar is shown only on a terminal.
    let bar = ProgressBar::new(args.cards as u64).with_message("cards");
    let progress = bar.clone();
    let plan = Plan {
        size: Size { users: args.users, boards: args.boards, cards: args.cards },
        seed: args.seed,
        target: args.target(),
        progress: Box::new(move |cards| progress.set_position(cards as u64)),
    };
    let result = seed::run(&services, plan).await;
    bar.finish_and_clear();
    match result {
        Ok(first) => print(&format!(
            "Created {} users, {} boards and {} cards. Log in as {first} with the password \"password\".\n",
            args.users, args.boards, args.cards
        )),
        Err(Error::Conflict { message, .. }) => {
            Err(StartError::new(format!("{message} Use --append or --reset.")))
        }
        Err(_) => Err(refused()),
    }
}

fn tell(result: Result<String, StartError>) -> Result<(), StartError> {
    print(&result?)
}

/// Prints to the standard output. Whoever has closed it does not want to read; a full disk is an error, because the text may
/// be a new password.
fn print(text: &str) -> Result<(), StartError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(StartError::new(format!(
            "the command has done its work, but its output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}
