//! The tour and the steps of the README: each request is sent, and each response must equal the one in the file.
//!
//! In a response, `"user_…"` stands for any string with this prefix. In a request it stands for the
//! last such string in a previous response.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, scenarios};

scenarios![the_tour_is_true, the_steps_of_the_readme_are_true];

struct Step {
    title: String,
    request: String,
    answer: Value,
}

async fn the_tour_is_true(server: Arc<Server>) {
    follow(&server, "/docs/tour.md", 23).await;
}

async fn the_steps_of_the_readme_are_true(server: Arc<Server>) {
    follow(&server, "/README.md", 5).await;
}

/// Sends each request of a file and compares the response.
async fn follow(server: &Server, file: &str, count: usize) {
    let steps = steps(file);
    assert_eq!(steps.len(), count, "{file}");
    let (mut token, mut shown) = (None, Vec::new());
    for step in steps {
        let request = fill(&step.request, &shown);
        let answer = server.ask_as(token.as_deref(), &request, json!({})).await.body;
        assert!(matches(&step.answer, &answer), "{}: the server answers {answer:#}", step.title);
        collect(&answer, &mut shown);
        // GraphiQL's page does the same.
        for mutation in ["logIn", "refreshSession"] {
            if let Some(text) = answer["data"][mutation]["accessToken"].as_str() {
                token = Some(text.to_owned());
            }
        }
    }
    assert!(token.is_some(), "{file} does not log in");
}

/// The steps: a heading such as `## 1. …`, a `graphql` block and a `json` block.
fn steps(file: &str) -> Vec<Step> {
    let path = env!("CARGO_MANIFEST_DIR").to_owned() + file;
    let text = std::fs::read_to_string(path).unwrap();
    let numbered = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit());
    text.split("## ").skip(1).filter(numbered).map(step).collect()
}

fn step(text: &str) -> Step {
    let title = text.lines().next().unwrap().to_owned();
    let block = |language: &str| {
        let start = format!("```{language}\n");
        let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{title}: no {language}"));
        rest.split_once("\n```").unwrap().0.to_owned()
    };
    let answer = serde_json::from_str(&block("json")).unwrap();
    Step { request: block("graphql"), answer, title }
}

fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(expected), Value::String(found)) => match expected.strip_suffix('…') {
            Some(start) => found.starts_with(start),
            None => expected == found,
        },
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| matches(expected, found))
        }
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(name, expected)| {
                    found.get(name).is_some_and(|found| matches(expected, found))
                })
        }
        _ => expected == found,
    }
}

/// Replaces each placeholder with the last matching string of the previous responses.
fn fill(request: &str, shown: &[String]) -> String {
    let mut parts = request.split('…');
    let mut filled = parts.next().unwrap().to_owned();
    for rest in parts {
        let start = filled.rfind('"').unwrap() + 1;
        let last = shown.iter().rfind(|text| text.starts_with(&filled[start..]));
        let last = last
            .unwrap_or_else(|| panic!("no response contains a string like {}", &filled[start..]));
        filled.truncate(start);
        filled += last;
        filled += rest;
    }
    filled
}

/// Collects all strings of a response in document order.
fn collect(answer: &Value, shown: &mut Vec<String>) {
    match answer {
        Value::String(text) => shown.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, shown)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, shown)),
        _ => {}
    }
}
