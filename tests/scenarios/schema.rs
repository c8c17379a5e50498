//! The schema file and the descriptions in the schema.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, checks, column, error_codes, scenarios};

scenarios![everything_has_a_description, error_codes_are_an_enum];
checks![the_file_is_what_the_program_prints, error_codes_are_defined_once];

async fn error_codes_are_an_enum(server: Arc<Server>) {
    let query = r#"{ __type(name: "ErrorCode") { kind enumValues { name } } }"#;
    let found = server.ask(query, json!({})).await.ok()["__type"].take();
    assert_eq!(found["kind"], "ENUM");
    let listed: BTreeSet<_> = column(&found["enumValues"], "name").into_iter().collect();
    let documented = error_codes::documented();
    assert!(documented.len() > 5 && documented.is_subset(&listed), "{documented:?}");
    for code in ["BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "INTERNAL_SERVER_ERROR"] {
        assert!(listed.contains(code), "{code}");
    }
}

/// Every error has a code of the enum, because the code of no error is written as text.
async fn error_codes_are_defined_once() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let definition = std::fs::read_to_string(src.join("graphql/error_code.rs")).unwrap();
    let codes: Vec<_> =
        definition.split('"').filter(|text| text.contains('_') && !text.contains(' ')).collect();
    assert!(codes.len() > 8, "{codes:?}");
    let mut folders = vec![src];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("error_code.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = codes.iter().find(|code| text.contains(&format!("{code:?}")));
                assert_eq!(code, None, "{} writes a code as text", path.display());
            }
        }
    }
}

async fn the_file_is_what_the_program_prints() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text == kanban::graphql::sdl(),
        "schema.graphql is out of date. Run: cargo run -- schema > schema.graphql"
    );
}

async fn everything_has_a_description(server: Arc<Server>) {
    let query = "{ __schema { types { kind name description
        fields(includeDeprecated: true) { name description args { name description } }
        inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";
    let schema = server.ask(query, json!({})).await.ok();
    let mut bare = Vec::new();
    for kind in schema["__schema"]["types"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        if name.starts_with("__") {
            continue;
        }
        note(&mut bare, name, kind);
        for part in ["fields", "inputFields", "enumValues"] {
            for item in kind[part].as_array().unwrap_or(&Vec::new()) {
                let path = format!("{name}.{}", item["name"].as_str().unwrap());
                note(&mut bare, &path, item);
                for argument in item["args"].as_array().unwrap_or(&Vec::new()) {
                    note(&mut bare, &format!("{path}({})", argument["name"]), argument);
                }
            }
        }
    }
    assert!(bare.is_empty(), "without description: {bare:#?}");
}

fn note(bare: &mut Vec<String>, path: &str, item: &Value) {
    if item["description"].as_str().unwrap_or_default().trim().is_empty() {
        bare.push(path.to_owned());
    }
}
