//! The workload, as requests for each contestant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use http_body_util::Full;
use kanban::domain::{CardColumn, LabelColor};
use serde_json::{Value, json};

use crate::load::{Next, Request};
use crate::rows::{self, Size};

/// The number of concurrent clients.
pub const CLIENTS: i64 = 8;

/// A read request.
pub struct Read {
    pub name: &'static str,
    /// The query for kanban.
    pub query: &'static str,
    pub variables: Value,
    /// The path of the hand-written handler.
    pub path: String,
    /// The query for PostGraphile.
    pub postgraphile: String,
    /// The expected content of the response.
    pub holds: Holds,
    /// The expected content of PostGraphile's response, which does not sort cards by rank.
    pub postgraphile_holds: Holds,
}

/// The numbers of objects in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Holds {
    pub boards: usize,
    pub cards: usize,
    /// The labels of boards and of cards.
    pub labels: usize,
}

impl Read {
    /// Whether it reads a page that is not the first.
    pub fn is_third_page(&self) -> bool {
        self.variables.get("after").is_some()
    }
}

const TITLE: &str = "query($id: ID!) { board(id: $id) { id title } }";
const TEN: &str =
    "{ boards(first: 10) { nodes { id title labels { id color name } cards { totalCount } } } }";
const WHOLE: &str = "query($id: ID!) { board(id: $id) { id title version labels { id color name }
    columns { column cards(first: 1000) { nodes {
        id title description rank version createdAt updatedAt labels { id color name }
    } } } } }";
const PAGE: &str =
    "query($id: ID!, $after: String) { board(id: $id) { cards(first: 100, after: $after) {
    nodes { id title column updatedAt labels { id color name } } pageInfo { hasNextPage endCursor }
} } }";

fn board_id(board: i64) -> String {
    format!("board_{board}")
}

/// The reads, in the order of the table.
pub fn reads(size: Size) -> Vec<Read> {
    let title = Read {
        name: "board: id, title",
        query: TITLE,
        variables: json!({ "id": board_id(rows::BOARD_OF_200) }),
        path: format!("/boards/board_{}", rows::BOARD_OF_200),
        postgraphile: format!(
            "{{ boardByRowId(rowId: \"{}\") {{ rowId title }} }}",
            rows::BOARD_OF_200
        ),
        holds: Holds { boards: 1, ..Holds::default() },
        postgraphile_holds: Holds { boards: 1, ..Holds::default() },
    };
    let ten = Read {
        name: "10 boards with labels and counts",
        query: TEN,
        variables: json!({}),
        path: "/boards".into(),
        postgraphile: "{ allUsersBoards(first: 10, condition: { userId: \"1\" }, orderBy: CREATED_AT_DESC) {
            nodes { boardByBoardId { rowId title
                labelsByBoardId { nodes { rowId color name } } cardsByBoardId { totalCount } } } } }"
            .into(),
        holds: Holds { boards: 10, cards: 0, labels: 70 },
        postgraphile_holds: Holds { boards: 10, cards: 0, labels: 70 },
    };
    let first = rows::first_card(size, rows::BOARD_OF_10000);
    vec![
        title,
        ten,
        whole("whole board of 200 cards", rows::BOARD_OF_200, size),
        whole("whole board of 1,000 cards", rows::BOARD_OF_1000, size),
        Read {
            name: "third page of 100 of 10,000 cards",
            query: PAGE,
            // The cursor is filled in by requesting the previous pages.
            variables: json!({ "id": board_id(rows::BOARD_OF_10000), "after": null }),
            path: format!("/boards/board_{}/cards?", rows::BOARD_OF_10000),
            postgraphile: format!(
                "query($after: Cursor) {{ boardByRowId(rowId: \"{}\") {{ cardsByBoardId(first: 100, after: $after,
                    orderBy: [CREATED_AT_ASC]) {{
                    nodes {{ rowId title column updatedAt
                        cardsLabelsByCardId {{ nodes {{ labelByLabelId {{ rowId color name }} }} }} }}
                    pageInfo {{ hasNextPage endCursor }} }} }} }}",
                rows::BOARD_OF_10000
            ),
            // Card number n of a board, from 1, is in column n modulo 4, in order of creation. This
            // page holds the third hundred of the first column.
            holds: page_holds((201..=300).map(|place| first + 4 * place - 1)),
            postgraphile_holds: page_holds(first + 200..first + 300),
        },
    ]
}

fn whole(name: &'static str, board: i64, size: Size) -> Read {
    let first = rows::first_card(size, board);
    let count = rows::cards_on(size, board);
    let borne: usize = (first..first + count).map(|card| rows::labels_of(card).len()).sum();
    let holds = Holds { boards: 1, cards: usize::try_from(count).unwrap(), labels: 7 + borne };
    Read {
        name,
        query: WHOLE,
        variables: json!({ "id": board_id(board) }),
        path: format!("/boards/board_{board}/whole"),
        postgraphile: format!(
            "{{ boardByRowId(rowId: \"{board}\") {{ rowId title version
                labelsByBoardId {{ nodes {{ rowId color name }} }}
                cardsByBoardId {{ nodes {{
                    rowId title description column rank version createdAt updatedAt
                    cardsLabelsByCardId {{ nodes {{ labelByLabelId {{ rowId color name }} }} }} }} }} }} }}"
        ),
        holds,
        postgraphile_holds: holds,
    }
}

fn page_holds(cards: impl Iterator<Item = i64>) -> Holds {
    let labels = cards.map(|card| rows::labels_of(card).len()).sum();
    Holds { boards: 0, cards: 100, labels }
}

/// Counts the objects in a response. The type of an object is recognised by its fields.
pub fn held(answer: &Value) -> Holds {
    let mut holds = Holds::default();
    count(answer, &mut holds);
    holds
}

fn count(value: &Value, holds: &mut Holds) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| count(item, holds)),
        Value::Object(fields) => {
            if fields.contains_key("color") {
                holds.labels += 1;
            } else if fields.contains_key("updatedAt") {
                holds.cards += 1;
            } else if fields.contains_key("title") {
                holds.boards += 1;
            }
            fields.values().for_each(|field| count(field, holds));
        }
        _ => {}
    }
}

/// The sorted values of all fields that have the same name in both APIs, at any depth.
pub fn values(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_values(answer, &mut found);
    found.sort_unstable();
    found
}

const ALIKE: [&str; 7] = ["title", "description", "rank", "version", "color", "name", "totalCount"];

fn collect_values(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_values(item, found)),
        Value::Object(fields) => {
            for name in ALIKE {
                // PostGraphile returns large numbers as strings.
                let value = fields.get(name).map(|value| value.to_string().replace('"', ""));
                found.extend(value.map(|value| format!("{name}: {value}")));
            }
            fields.values().for_each(|field| collect_values(field, found));
        }
        _ => {}
    }
}

/// A mutation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Create,
    Update,
    Move,
}

impl Write {
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Move];

    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "createCard",
            Self::Update => "updateCard",
            Self::Move => "moveCard",
        }
    }

    /// The event that it makes.
    pub fn event(self) -> &'static str {
        match self {
            Self::Create => "CardCreatedEvent",
            Self::Update => "CardUpdatedEvent",
            Self::Move => "CardMovedEvent",
        }
    }
}

const DESCRIPTION: &str = "It does what it should.";
const LABELS: [LabelColor; 2] = [LabelColor::Red, LabelColor::Blue];

/// The description and the labels of a created card.
pub fn made() -> [Value; 2] {
    [
        json!(DESCRIPTION),
        LABELS.map(|color| json!({ "color": color.as_str() })).into_iter().collect(),
    ]
}

/// Which boards are written to.
#[derive(Clone, Copy)]
pub enum Boards {
    Eight,
    One,
}

impl Boards {
    pub const BOTH: [Self; 2] = [Self::Eight, Self::One];

    pub fn name(self) -> &'static str {
        match self {
            Self::Eight => "8 clients on 8 boards",
            Self::One => "8 clients on one board",
        }
    }

    /// The board of a client, and the card that it changes.
    pub fn of(self, client: i64, size: Size) -> (i64, i64) {
        let board = match self {
            Self::Eight => rows::WRITTEN + client,
            Self::One => rows::SHARED,
        };
        (board, rows::first_card(size, board) + client)
    }
}

/// Makes every title unique.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

const CREATE: &str = "mutation($input: CreateCardInput!) { createCard(input: $input) { card { id title column rank version } } }";
const UPDATE: &str = "mutation($input: UpdateCardInput!) { updateCard(input: $input) { card { id title column rank version } } }";
const MOVE: &str = "mutation($input: MoveCardInput!) { moveCard(input: $input) { card { id title column rank version } } }";

/// How requests are sent to a contestant.
#[derive(Clone)]
pub struct Asker {
    pub token: Arc<str>,
    pub by_hand: bool,
}

impl Asker {
    /// A GraphQL request.
    pub fn graphql(&self, query: &str, variables: &Value) -> Request {
        self.post("/graphql", &json!({ "query": query, "variables": variables }))
    }

    fn post(&self, path: &str, body: &Value) -> Request {
        self.request(path).method("POST").body(Full::new(Bytes::from(body.to_string()))).unwrap()
    }

    fn get(&self, path: &str) -> Request {
        self.request(path).body(Full::default()).unwrap()
    }

    fn request(&self, path: &str) -> hyper::http::request::Builder {
        hyper::Request::builder()
            .uri(path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
    }

    /// The request for a read. `after` is the end cursor of the previous page.
    pub fn read(&self, read: &Read, after: Option<&str>) -> Request {
        if self.by_hand {
            return self.get(&format!("{}{}", read.path, after.unwrap_or_default()));
        }
        let mut variables = read.variables.clone();
        if let Some(after) = after {
            variables["after"] = after.into();
        }
        self.graphql(read.query, &variables)
    }

    /// The next request of a client that writes. `turn` counts its requests.
    pub fn write(&self, write: Write, (board, card): (i64, i64), turn: u64) -> Request {
        let n = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let title = format!("Card that was written {n} times");
        let card_id = format!("card_{card}");
        let column = if turn.is_multiple_of(2) { CardColumn::Doing } else { CardColumn::Done };
        let new = json!({
            "title": title, "description": DESCRIPTION, "column": "TODO",
            "labels": LABELS.map(LabelColor::as_str),
        });
        if self.by_hand {
            return match write {
                Write::Create => {
                    let mut body = new;
                    body["boardId"] = board_id(board).into();
                    self.post("/cards", &body)
                }
                Write::Update => {
                    self.post(&format!("/cards/{card_id}"), &json!({ "title": title }))
                }
                Write::Move => self
                    .post(&format!("/cards/{card_id}/move"), &json!({ "column": column.as_str() })),
            };
        }
        let (query, input) = match write {
            Write::Create => (CREATE, json!({ "boardId": board_id(board), "card": new })),
            Write::Update => (UPDATE, json!({ "cardId": card_id, "title": title })),
            Write::Move => (MOVE, json!({ "cardId": card_id, "column": column.as_str() })),
        };
        self.graphql(query, &json!({ "input": input }))
    }

    /// The request for a log-in.
    pub fn log_in(&self) -> Request {
        let (email, password) = (rows::EMAIL, rows::PASSWORD);
        if self.by_hand {
            return self.post("/log-in", &json!({ "email": email, "password": password }));
        }
        let query =
            "mutation($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken } }";
        self.graphql(query, &json!({ "input": { "email": email, "password": password } }))
    }
}

/// Repeats the same request.
pub fn repeat(request: Request) -> Next {
    Box::new(move || request.clone())
}

/// A client that reads a board of 200 cards nine times and then changes one of its cards.
pub fn reader_and_writer(read: &Request, asker: &Asker, client: i64, size: Size) -> Next {
    let target = (rows::BOARD_OF_200, rows::first_card(size, rows::BOARD_OF_200) + client);
    let (read, mut turn) = (read.clone(), 0_u64);
    let mut write = writer(asker, Write::Update, target);
    Box::new(move || {
        turn += 1;
        if turn.is_multiple_of(10) { write() } else { read.clone() }
    })
}

/// A client that only writes.
pub fn writer(asker: &Asker, write: Write, target: (i64, i64)) -> Next {
    let (asker, mut turn) = (asker.clone(), 0);
    Box::new(move || {
        turn += 1;
        asker.write(write, target, turn)
    })
}
