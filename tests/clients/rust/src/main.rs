//! Runs the steps of ../steps.mjs: reads a step and its input as a line of JSON, and writes the result.

mod documents;
mod kanban;

use std::io::stdin;

use cynic::{GraphQlError, GraphQlErrorPathSegment, MutationBuilder, QueryBuilder, SubscriptionBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use documents::*;
use kanban::{Extensions, Kanban, complete};

/// The input of any step: each has some of the fields.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    email: String,
    password: String,
    access_token: String,
    board_id: String,
    card_id: String,
    missing_id: String,
    column: String,
    title: String,
    page_size: i32,
    after_sequence: i32,
}

#[derive(Deserialize)]
struct Message {
    step: String,
    input: Input,
}

fn main() {
    let settings: Value = serde_json::from_str(&std::env::args().nth(1).unwrap()).unwrap();
    let url = settings["url"].as_str().unwrap().to_owned();
    let steps = ["logIn", "refresh", "pageColumn", "partialErrors", "retry", "liveUpdate"];
    println!("{}", json!({ "steps": steps }));
    let mut kanban = None;
    for line in stdin().lines() {
        let Message { step, input } = serde_json::from_str(&line.unwrap()).unwrap();
        let result = match (step.as_str(), &kanban) {
            ("logIn", _) => Kanban::log_in(&url, input.email, input.password).map(|new| {
                let answer = json!({ "accessToken": new.tokens.lock().unwrap().access });
                kanban = Some(new);
                answer
            }),
            (step, Some(kanban)) => run(kanban, step, input),
            _ => panic!("logIn must be the first step"),
        };
        match result {
            Ok(result) => println!("{}", json!({ "result": result })),
            Err(error) => println!("{}", json!({ "error": error.to_string() })),
        }
    }
}

fn run(kanban: &Kanban, step: &str, input: Input) -> kanban::Result<Value> {
    match step {
        "refresh" => refresh(kanban, input),
        "pageColumn" => page_column(kanban, input),
        "partialErrors" => partial_errors(kanban, input),
        "retry" => retry(kanban, input),
        "liveUpdate" => live_update(kanban, input),
        _ => panic!("no such step"),
    }
}

fn refresh(kanban: &Kanban, input: Input) -> kanban::Result<Value> {
    kanban.tokens.lock().unwrap().access = input.access_token;
    let (viewer, board) = std::thread::scope(|scope| {
        let viewer = scope.spawn(|| complete(kanban.run(&Viewer::build(()))?));
        let board = complete(kanban.run(&BoardTitle::build(BoardVariables {
            id: input.board_id.into(),
        }))?);
        Ok((viewer.join().unwrap()?, board?))
    })?;
    Ok(json!({ "email": viewer.viewer.email, "title": board.board.map(|board| board.title) }))
}

fn page_column(kanban: &Kanban, input: Input) -> kanban::Result<Value> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let filter = CardFilter {
            columns: Some(vec![column(&input.column)]),
            ..CardFilter::default()
        };
        let board_id = input.board_id.clone().into();
        let variables = CardsVariables {
            board_id,
            first: input.page_size,
            after,
            filter,
        };
        let board = complete(kanban.run(&Cards::build(variables))?)?
            .board
            .expect("a board that one may see");
        ids.extend(board.cards.nodes.into_iter().map(|card| card.id.into_inner()));
        if !board.cards.page_info.has_next_page {
            return Ok(json!({ "cardIds": ids }));
        }
        after = board.cards.page_info.end_cursor;
    }
}

fn column(name: &str) -> CardColumn {
    serde_json::from_value(name.into()).unwrap()
}

fn partial_errors(kanban: &Kanban, input: Input) -> kanban::Result<Value> {
    let update = |id: &str| UpdateCardInput {
        card_id: id.into(),
        title: Some(input.title.clone()),
        expected_version: None,
    };
    let variables = UpdateTwoVariables {
        found: update(&input.card_id),
        missing: update(&input.missing_id),
    };
    let response = kanban.run(&UpdateTwo::build(variables))?;
    let data = response.data.expect("the payload of the other mutation");
    let title = |payload: Option<UpdateCardPayload>| payload.map(|payload| payload.card.title);
    let errors: Vec<_> = response.errors.iter().flatten().map(error_as_json).collect();
    Ok(json!({ "title": title(data.found), "missing": title(data.missing), "errors": errors }))
}

fn error_as_json(error: &GraphQlError<Extensions>) -> Value {
    let path = error.path.iter().flatten().map(|segment| match segment {
        GraphQlErrorPathSegment::Field(name) => json!(name),
        GraphQlErrorPathSegment::Index(index) => json!(index),
    });
    let code = error.extensions.as_ref().map(|extensions| &extensions.code);
    json!({ "path": path.collect::<Vec<_>>(), "code": code })
}

fn retry(kanban: &Kanban, input: Input) -> kanban::Result<Value> {
    let input = CreateCardInput {
        board_id: input.board_id.into(),
        card: CardInput {
            title: input.title,
            column: column(&input.column),
        },
        // One ID for each action of the user, whatever the number of requests.
        client_mutation_id: Some(uuid::Uuid::new_v4().to_string()),
    };
    let data = complete(kanban.run_safely(&CreateCard::build(CreateCardVariables { input }))?)?;
    Ok(json!({ "cardId": data.create_card.map(|payload| payload.card.id.into_inner()) }))
}

fn live_update(kanban: &Kanban, input: Input) -> kanban::Result<Value> {
    let board_id = input.board_id.into();
    let variables = BoardEventsVariables {
        board_id,
        after_sequence: input.after_sequence,
    };
    for response in kanban.subscribe(&BoardEvents::build(variables))? {
        let payload = complete(response)?.board_events;
        assert!(!payload.reset, "fetch the board again");
        for event in payload.events {
            let BoardEvent::CardUpdatedEvent(CardUpdatedEvent { card: Some(card) }) = event else {
                continue;
            };
            if card.id.inner() == input.card_id {
                return Ok(json!({ "title": card.title }));
            }
        }
    }
    panic!("the subscription has completed");
}
