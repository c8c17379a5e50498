//! Reads the settings in a `.env` file. Errors name the line, but never its text, which may be a secret.

use std::collections::HashMap;
use std::io::ErrorKind;

use super::error::StartError;

/// In the working directory.
const FILE: &str = ".env";

/// What a `.env` file contains.
#[derive(Default)]
pub(super) struct DotEnv {
    /// The settings.
    pub(super) values: HashMap<String, String>,
    /// A warning about all names that are no settings.
    pub(super) warning: Option<String>,
}

/// A name with its value.
struct Entry<'a> {
    /// The number of its first line.
    line: usize,
    /// Its lines, as in the file.
    text: &'a str,
    name: String,
    value: String,
}

/// Reads the file, which may be missing. `known` are the names of the settings. Fails with the number
/// of the line if it is invalid, or if a setting is misspelt or would lose a part of its value.
pub(super) fn read(known: &[String]) -> Result<DotEnv, StartError> {
    let fail = |reason| StartError::new(format!("{FILE}: {reason}"));
    match std::fs::read(FILE) {
        Ok(bytes) => parse(&bytes, known).map_err(fail),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(DotEnv::default()),
        Err(error) => Err(fail(format!("cannot be read: {error}"))),
    }
}

fn parse(bytes: &[u8], known: &[String]) -> Result<DotEnv, String> {
    // dotenvy rejects a space at the end of a file without a line feed at its end.
    let text = utf8(bytes)?.to_owned() + "\n";
    let (mut values, mut unknown) = (HashMap::new(), Vec::new());
    for Entry { line, text, name, value } in entries(&text)? {
        if known.contains(&name) {
            check(text).map_err(|reason| format!("line {line}: {name}: {reason}"))?;
            if values.insert(name.clone(), value).is_some() {
                return Err(format!("line {line}: {name}: is already set on a line above"));
            }
        } else if let Some(meant) = near(&name, known) {
            return Err(format!("line {line}: {name} is not a setting; did you mean {meant}?"));
        } else {
            unknown.push((line, name));
        }
    }
    Ok(DotEnv { values, warning: warning(&unknown) })
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + String::from_utf8_lossy(before).matches('\n').count();
        format!("line {line}: is not valid UTF-8")
    })
}

/// Splits a file into its entries. A quoted value may continue on the following lines.
fn entries(text: &str) -> Result<Vec<Entry<'_>>, String> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut entries, mut line) = (Vec::new(), 1);
    while !rest.is_empty() {
        let mut ends =
            rest.match_indices('\n').filter_map(|(feed, _)| rest.split_at_checked(feed + 1));
        let Some((text, after, pair)) =
            ends.find_map(|(text, after)| Some((text, after, pair(text).ok()?)))
        else {
            return Err(format!(
                "line {line}: is not NAME=value; a value with spaces needs quotes, as in NAME='two words'"
            ));
        };
        entries.extend(pair.map(|(name, value)| Entry { line, text, name, value }));
        line += text.matches('\n').count();
        rest = after;
    }
    Ok(entries)
}

/// The name and value in these lines; `None` for an empty line or a comment.
fn pair(lines: &str) -> dotenvy::Result<Option<(String, String)>> {
    dotenvy::from_read_iter(lines.as_bytes()).next().transpose()
}

/// Rejects the lines of a setting of which dotenvy would drop or replace a part.
fn check(entry: &str) -> Result<(), &'static str> {
    if entry.trim_end().contains('\n') {
        return Err("continues on the next line; is a quotation mark missing?");
    }
    let (mut quote, mut previous) = (None, ' ');
    let mut characters = entry.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            ('$', None | Some('"')) => {
                return Err("contains $; put the value into single quotes, as in NAME='pa$word'");
            }
            ('#', None) if previous == '=' => {
                return Err("begins with #; put the value into single quotes, as in NAME='#1'");
            }
            ('#', None) if previous.is_whitespace() => return Ok(()),
            ('\\', None | Some('"')) => drop(characters.next()),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        previous = c;
    }
    Ok(())
}

/// The setting of which `name` is probably a misspelling: with one wrong letter of six, at most two.
fn near<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let name = name.to_ascii_uppercase();
    let distance = |setting: &&String| strsim::osa_distance(&name, setting);
    let near = |setting: &&String| distance(setting) <= (setting.len() / 6).min(2);
    known.iter().filter(near).min_by_key(distance)
}

/// The other names, which probably belong to other programs. A name in an unusual form is not shown,
/// because it may be the second line of a secret.
fn warning(unknown: &[(usize, String)]) -> Option<String> {
    let usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let show = |(line, name): &(usize, String)| {
        if name.chars().all(usual) {
            format!("{name} (line {line})")
        } else {
            format!("line {line}")
        }
    };
    let names = unknown.iter().map(show).collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("{FILE}: ignored, because they are not settings: {names}"))
}
