//! Settings whose value is in a file, as container platforms provide secrets.

use super::error::StartError;

/// The settings that may contain secrets. `NAME_FILE` names a file with the value of `NAME`.
const SECRETS: [&str; 4] = ["DATABASE_URL", "DATABASE_LISTEN_URL", "JWT_SECRET", "SMTP_URL"];

/// The names of the variables that name files.
pub(super) fn names() -> impl Iterator<Item = String> {
    SECRETS.iter().map(|name| format!("{name}_FILE"))
}

/// The values that are in files. Fails if a file cannot be read, or if a setting has a value and a file.
pub(super) fn read(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, String)>, StartError> {
    let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let mut values = Vec::new();
    for name in SECRETS {
        let file = format!("{name}_FILE");
        let Some(path) = set(&file) else { continue };
        if set(name).is_some() {
            return Err(StartError::new(format!(
                "{file}: {name} is set too; set only one of them"
            )));
        }
        let text = std::fs::read_to_string(path.trim())
            .map_err(|error| StartError::new(format!("{file}: cannot be read: {error}")))?;
        if text.trim().is_empty() {
            return Err(StartError::new(format!("{file}: the file is empty")));
        }
        values.push((name, text));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, variables};

    const URL: &str = "postgres://user:hushhush@host/name";
    const MAIL_URL: &str = "smtp://user:hushhush@host:25";
    const KEY: &str = "hushhushhushhushhushhushhushhush";

    /// The settings with this one as `Debug` prints them; `None` if the value is not accepted.
    fn told(name: &str, value: &str) -> Option<String> {
        let lookup = |asked: &str| match asked {
            _ if asked == name => Some(value.to_owned()),
            "PUBLIC_URL" => Some("https://example.com".to_owned()),
            _ => None,
        };
        Config::from_lookup(lookup).ok().map(|config| format!("{config:?}"))
    }

    #[test]
    fn every_secret_can_be_in_a_file() {
        let is_hidden =
            |name: &str, value| told(name, value).is_some_and(|told| !told.contains("hush"));
        let is_url = |name: &str, value| told(name, value).is_some() && told(name, KEY).is_none();
        let secrets = variables().into_iter().map(|variable| variable.name).filter(|name| {
            let has_password = |url| is_hidden(name, url) || is_url(name, url);
            is_hidden(name, KEY) || has_password(URL) || has_password(MAIL_URL)
        });
        assert_eq!(secrets.collect::<Vec<_>>(), SECRETS);
    }
}
