//! `kanban user …`: accounts, for the operator of a server.

use std::io::BufRead;

use clap::{Args, Subcommand};
use data_encoding::BASE64URL_NOPAD;

use super::{print, refused, start};
use crate::app;
use crate::config::StartError;
use crate::domain::{Email, Error, Name, Password, PublicId, Result, Timestamp};
use crate::service::accounts::operator;
use crate::store::users::Listed;

/// What to do with accounts.
#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create an account, whose address counts as verified
    Create {
        /// The e-mail address
        email: String,
        /// The name that people see [default: the part of the address before the @]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: NewPassword,
    },
    /// List all accounts, one per line, with tabs between the fields
    List,
    /// End all sessions of an account and refuse its log-ins; its boards stay as they are
    Disable {
        /// The e-mail address
        email: String,
    },
    /// Allow the log-ins of a disabled account again
    Enable {
        /// The e-mail address
        email: String,
    },
    /// Set a new password and end all sessions of the account
    ResetPassword {
        /// The e-mail address
        email: String,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Delete an account, like `deleteViewer`: its own boards are erased, others lose a member
    Delete {
        /// The e-mail address
        email: String,
    },
}

#[derive(Args)]
pub(super) struct NewPassword {
    /// Read the password from the first line of the standard input; otherwise one is generated and printed
    #[arg(long)]
    password_stdin: bool,
}

/// A password, and how it is shown.
struct Chosen {
    password: Password,
    /// What is printed: nothing if the operator has entered the password.
    shown: String,
}

impl NewPassword {
    fn choose(&self) -> std::result::Result<Chosen, StartError> {
        let invalid = |_| StartError::new("the password must have 8 to 128 characters");
        if self.password_stdin {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.map_err(|error| StartError::new(format!("cannot read the password: {error}")))?;
            let entered = line.trim_end_matches(['\r', '\n']);
            let password = Password::parse(entered).map_err(invalid)?;
            return Ok(Chosen { password, shown: String::new() });
        }
        let generated = BASE64URL_NOPAD.encode(&rand::random::<[u8; 15]>());
        let password = Password::parse(&generated).map_err(invalid)?;
        Ok(Chosen { password, shown: format!("The password is {generated}\n") })
    }
}

/// Runs the command.
pub(super) async fn run(command: UserCommand) -> std::result::Result<(), StartError> {
    let config = start()?;
    let services = app::existing_services(&config).await?;
    match command {
        UserCommand::Create { email, name, password } => {
            let email = Email::parse(&email).map_err(|error| explained(error, "EMAIL"))?;
            let name = name.map(|name| Name::parse(&name)).transpose();
            let name = name.map_err(|error| explained(error, "--name"))?;
            let Chosen { password, shown } = password.choose()?;
            let user = operator::create(&services, email, password, name).await;
            let user = user.map_err(|error| explained(error, "EMAIL"))?;
            print(&format!("Created {} ({}).\n{shown}", user.email, user.id.to_public()))?;
        }
        UserCommand::List => {
            let mut printed = print("id\temail\tname\tcreated\tverified\tdisabled\n");
            let listed = operator::list(&services, |listed| {
                if printed.is_ok() {
                    printed = print(&line(&listed));
                }
            });
            listed.await.map_err(|_| refused())?;
            printed?;
        }
        UserCommand::Disable { email } => {
            let result = operator::disable(&services, &email).await;
            tell(result, &format!("Disabled {email}.\n"))?;
        }
        UserCommand::Enable { email } => {
            let result = operator::enable(&services, &email).await;
            tell(result, &format!("Enabled {email}.\n"))?;
        }
        UserCommand::ResetPassword { email, password } => {
            let Chosen { password, shown } = password.choose()?;
            let result = operator::reset_password(&services, &email, password).await;
            tell(result, &format!("Set the password of {email} and ended its sessions.\n{shown}"))?;
        }
        UserCommand::Delete { email } => {
            let result = operator::delete(&services, &email).await;
            tell(result, &format!("Deleted {email}.\n"))?;
        }
    }
    Ok(())
}

fn line(Listed { user, disabled_at }: &Listed) -> String {
    let time =
        |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\n",
        user.id.to_public(),
        user.email,
        user.name,
        user.created_at,
        time(user.email_verified_at),
        time(*disabled_at)
    )
}

/// Prints the text after a change of an account.
fn tell(result: Result<()>, done: &str) -> std::result::Result<(), StartError> {
    result.map_err(|error| explained(error, "EMAIL"))?;
    print(done)
}

/// The error of a command, in one line.
fn explained(error: Error, argument: &str) -> StartError {
    match error {
        Error::NotFound { .. } => {
            StartError::new(format!("{argument}: there is no account with this e-mail address"))
        }
        Error::Conflict { message, .. } => StartError::new(format!("{argument}: {message}")),
        Error::BadUserInput { message, .. } => StartError::new(format!("{argument}: {message}")),
        _ => refused(),
    }
}
