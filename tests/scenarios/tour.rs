//! The tour and the steps of the README: each request is sent, and each response must equal the one in the file.
//!
//! In a response, `"user_…"` stands for any string with this prefix. In a request it stands for the
//! last such string in a previous response. A step that subscribes stays open: its `sh` block is sent too, and the
//! second `json` and the `text` block of a later step are what arrives then.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Events, Server, Socket, User, ask_for_events, scenarios};

scenarios![the_tour_is_true, the_steps_of_the_readme_are_true];

struct Step {
    title: String,
    request: String,
    answer: Value,
    /// The command that subscribes to Server-Sent Events.
    command: Option<String>,
    /// What the subscription of an earlier step gets.
    news: Option<Value>,
    /// What the command prints.
    printed: Option<String>,
}

/// What follows the board.
struct Following {
    socket: Socket,
    events: Events,
}

async fn the_tour_is_true(server: Arc<Server>) {
    follow(&server, "/docs/tour.md", 25).await;
}

async fn the_steps_of_the_readme_are_true(server: Arc<Server>) {
    follow(&server, "/README.md", 5).await;
}

/// Sends each request of a file and compares the response.
async fn follow(server: &Arc<Server>, file: &str, count: usize) {
    let steps = steps(file);
    assert_eq!(steps.len(), count, "{file}");
    let (mut token, mut shown, mut following) = (None, Vec::new(), None);
    for step in steps {
        let request = fill(&step.request, &shown);
        let answer = if request.starts_with("subscription") {
            let begun = following
                .insert(Following::begin(server, token.clone().unwrap(), &request, &step).await);
            begun.socket.message_of("1").await["payload"].take()
        } else {
            server.ask_as(token.as_deref(), &request, json!({})).await.body
        };
        assert!(matches(&step.answer, &answer), "{}: the server answers {answer:#}", step.title);
        if let Some(following) = &mut following {
            following.check(&step).await;
        }
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

impl Following {
    async fn begin(server: &Arc<Server>, token: String, query: &str, step: &Step) -> Self {
        let user = User { server: Arc::clone(server), id: String::new(), token };
        let mut socket = Socket::of(&user).await;
        socket.subscribe("1", query, json!({})).await;
        let command = step.command.as_ref().unwrap();
        assert!(command.starts_with("curl -N http://127.0.0.1:8000/graphql "));
        let (_, body) = command.split_once("-d '").unwrap();
        let body: Value = serde_json::from_str(body.strip_suffix('\'').unwrap()).unwrap();
        let response = ask_for_events(&user, body["query"].as_str().unwrap(), json!({})).await;
        Self { socket, events: Events::of(response) }
    }

    /// Compares what arrives with what the step says.
    async fn check(&mut self, step: &Step) {
        if let Some(expected) = &step.news {
            let found = self.socket.message_of("1").await["payload"].take();
            assert!(matches(expected, &found), "{}: it gets {found:#}", step.title);
        }
        if let Some(expected) = &step.printed {
            let (name, data) = self.events.next().await.unwrap();
            let printed = expected.strip_prefix(&format!("event: {name}\ndata: "));
            let printed: Value = serde_json::from_str(printed.unwrap()).unwrap();
            assert_eq!(printed, data, "{}", step.title);
        }
    }
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
    let blocks = |language: &str| {
        let start = format!("```{language}\n");
        let blocks = text.split(&start).skip(1);
        blocks.map(|rest| rest.split_once("\n```").unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    let json = |text: &String| -> Value { serde_json::from_str(text).unwrap() };
    let (requests, answers) = (blocks("graphql"), blocks("json"));
    assert!(requests.len() == 1 && !answers.is_empty(), "{title}: {requests:?} {answers:?}");
    Step {
        request: requests.concat(),
        answer: json(&answers[0]),
        command: blocks("sh").pop(),
        news: answers.get(1).map(json),
        printed: blocks("text").pop(),
        title,
    }
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
