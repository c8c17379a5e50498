//! The codes of errors that the description of each mutation names, compared with those that it answers in all tests.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

const SCHEMA: &str = include_str!("../../schema.graphql");

/// Every request can get these.
const ANYWHERE: [&str; 5] = [
    "QUERY_TOO_COMPLEX",
    "UNAUTHENTICATED",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
    "GRAPHQL_VALIDATION_FAILED",
];

/// A mutation and a code.
type Pair = (String, String);

static MUTATIONS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = descriptions().into_iter().map(|(name, _)| name);
    names.collect()
});

static DOCUMENTED: LazyLock<BTreeSet<Pair>> = LazyLock::new(|| {
    let pairs = descriptions().into_iter().flat_map(|(name, text)| {
        let codes = text.rsplit_once("Errors: ").map_or("", |(_, codes)| codes);
        let codes = codes.split(['.', '"']).next().unwrap();
        let codes = codes.split(", ").filter(|code| !code.is_empty());
        codes.map(|code| (name.clone(), code.trim().to_owned())).collect::<Vec<_>>()
    });
    pairs.collect()
});

static OBSERVED: Mutex<BTreeSet<Pair>> = Mutex::new(BTreeSet::new());

/// The mutations, each with its description.
fn descriptions() -> Vec<(String, String)> {
    let fields = SCHEMA.split_once("type Mutation {\n").unwrap().1.split_once("\n}\n").unwrap().0;
    let (mut found, mut text, mut is_text) = (Vec::new(), String::new(), false);
    for line in fields.lines() {
        let is_field = line.starts_with("  ") && line[2..].starts_with(char::is_lowercase);
        if line == r#"  """"# {
            is_text = !is_text;
        } else if is_text || line.starts_with("  \"") {
            text = text + line + "\n";
        } else if is_field {
            let name = line.trim().split(['(', ':']).next().unwrap();
            found.push((name.to_owned(), std::mem::take(&mut text)));
        }
    }
    found
}

/// Asserts that the errors of mutations have codes that their descriptions name.
#[track_caller]
pub fn check(body: &Value) {
    for error in body["errors"].as_array().into_iter().flatten() {
        let Some([Value::String(mutation)]) = error["path"].as_array().map(Vec::as_slice) else {
            continue;
        };
        let code = error["extensions"]["code"].as_str().unwrap_or("none");
        if !MUTATIONS.contains(mutation) {
            continue;
        }
        let pair = (mutation.clone(), code.to_owned());
        assert!(
            ANYWHERE.contains(&code) || DOCUMENTED.contains(&pair),
            "the description of {mutation} does not name {code}: {body}"
        );
        OBSERVED.lock().unwrap().insert(pair);
    }
}

/// The codes that descriptions name and no test has seen.
pub fn unseen() -> Vec<Pair> {
    DOCUMENTED.difference(&OBSERVED.lock().unwrap()).cloned().collect()
}

/// The codes that all descriptions name.
pub fn documented() -> BTreeSet<String> {
    DOCUMENTED.iter().map(|(_, code)| code.clone()).collect()
}
