//! Reads settings that are declared as arguments of clap from variables.

use std::error::Error;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command};

use super::error::StartError;

/// The description of a setting: an environment variable.
pub struct Variable {
    /// The name.
    pub name: String,
    /// The default value; empty if there is none.
    pub default: String,
    /// The description.
    pub about: String,
    /// The heading of the group to which it belongs.
    pub group: String,
}

/// The variables of all settings of `T`, in the order of their declaration.
pub(super) fn describe<T: Args>() -> Vec<Variable> {
    command::<T>().get_arguments().map(variable).collect()
}

fn variable(arg: &Arg) -> Variable {
    let default = arg.get_default_values().first();
    Variable {
        name: arg.get_id().to_string(),
        default: default.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default(),
        // clap takes the first paragraph of the doc comment, without its full stop.
        about: arg.get_help().map(|about| format!("{about}.")).unwrap_or_default(),
        group: arg.get_help_heading().unwrap_or_default().to_owned(),
    }
}

/// Reads all settings of `T` through `lookup`. Empty variables count as unset. Fails if a value is
/// invalid.
pub(super) fn parse<T: Args>(lookup: impl Fn(&str) -> Option<String>) -> Result<T, StartError> {
    let command = command::<T>();
    let arguments: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| {
            let (name, value) = (arg.get_id(), lookup(arg.get_id().as_str())?);
            Some(value.trim())
                .filter(|value| !value.is_empty())
                .map(|value| format!("--{name}={value}"))
        })
        .collect();
    let matches = command.try_get_matches_from(arguments).map_err(|error| wrong(&error))?;
    T::from_arg_matches(&matches).map_err(|error| wrong(&error))
}

/// The command whose arguments are the settings of `T`. It does not read the environment: clap would
/// parse empty variables, and would repeat an invalid value in its error.
fn command<T: Args>() -> Command {
    T::augment_args(Command::new("settings").no_binary_name(true).disable_help_flag(true))
        .mut_args(|arg| arg.env(Resettable::Reset))
}

/// `NAME: reason`, without the value, which may be a secret.
fn wrong(error: &clap::Error) -> StartError {
    let reason = error.source().map_or_else(|| error.kind().to_string(), ToString::to_string);
    match error.get(ContextKind::InvalidArg) {
        // "--NAME <NAME>"
        Some(ContextValue::String(arg)) => {
            let name = arg.trim_start_matches('-').split(' ').next().unwrap_or_default();
            StartError::new(format!("{name}: {reason}"))
        }
        _ => StartError::new(reason),
    }
}
