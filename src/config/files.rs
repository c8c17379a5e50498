//! Settings whose value is in a file, as container platforms provide secrets.

use super::error::StartError;

/// The settings that may contain secrets. `NAME_FILE` names a file with the value of `NAME`.
const SECRETS: [&str; 3] = ["DATABASE_URL", "JWT_SECRET", "SMTP_URL"];

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
