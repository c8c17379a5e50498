//! Reads the list of trusted documents.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::config::StartError;
use crate::domain::sha256;

/// The maximum size of the file in bytes.
const MAX_SIZE: u64 = 16 << 20;

/// The formats of the list.
#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Apollo(ApolloManifest),
    /// Of Relay and graphql-codegen: the text of each document by its ID.
    Map(BTreeMap<String, String>),
}

/// The persisted query manifest of Apollo.
#[derive(Deserialize)]
struct ApolloManifest {
    format: String,
    version: u64,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

/// The text of each document in a file, by its ID and by its SHA-256 hash. `check` tells why a text is not a valid
/// document. Fails if the file cannot be read, or a document is not valid.
pub(super) fn read(
    path: &Path,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<HashMap<String, Arc<str>>, StartError> {
    let wrong = |reason: &dyn Display| {
        StartError::new(format!("TRUSTED_DOCUMENTS: {}: {reason}", path.display()))
    };
    let json = text_of(path).map_err(|error| wrong(&error))?;
    let documents = parse(&json).map_err(|reason| wrong(&reason))?;
    for (id, text) in &documents {
        check(text)
            .map_err(|reason| wrong(&format!("the document {id:?} is not valid: {reason}")))?;
    }
    by_id_and_hash(documents).map_err(|reason| wrong(&reason))
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SIZE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SIZE {
        return Err(std::io::Error::other(format!("is larger than {} MiB", MAX_SIZE >> 20)));
    }
    Ok(text)
}

/// The documents of a list, each with its ID.
fn parse(json: &str) -> Result<Vec<(String, Arc<str>)>, &'static str> {
    let list: List = serde_json::from_str(json).map_err(|_| FORMATS)?;
    let documents: Vec<_> = match list {
        List::Apollo(ApolloManifest { format, version, operations }) => {
            if format != "apollo-persisted-query-manifest" || version != 1 {
                return Err(FORMATS);
            }
            operations.into_iter().map(|Operation { id, body }| (id, body.into())).collect()
        }
        List::Map(documents) => documents.into_iter().map(|(id, text)| (id, text.into())).collect(),
    };
    if documents.is_empty() { Err("has no documents") } else { Ok(documents) }
}

const FORMATS: &str = "is neither a persisted query manifest of Apollo (version 1) nor a JSON object with the text of each document by its ID";

/// If the hash of a document is the ID of another one, that one counts.
fn by_id_and_hash(documents: Vec<(String, Arc<str>)>) -> Result<HashMap<String, Arc<str>>, String> {
    let mut all: HashMap<_, _> =
        documents.iter().map(|(_, text)| (sha256(text), Arc::clone(text))).collect();
    let mut ids = HashSet::new();
    for (id, text) in documents {
        if !ids.insert(id.clone()) {
            return Err(format!("the ID {id:?} is listed twice"));
        }
        all.insert(id, text);
    }
    Ok(all)
}

/// The text of the document with this ID, or with this hash, which GraphQL over HTTP writes as `sha256:…`.
pub(super) fn find<'l>(list: &'l HashMap<String, Arc<str>>, id: &str) -> Option<&'l str> {
    let found = list.get(id).or_else(|| list.get(id.strip_prefix("sha256:")?));
    found.map(|text| &**text)
}
