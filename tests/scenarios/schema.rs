//! The schema file and the descriptions in the schema.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, checks, scenarios};

scenarios![everything_has_a_description];
checks![the_file_is_what_the_program_prints];

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
