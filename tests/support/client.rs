//! Users and the responses that they receive.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Server, error_codes};

/// The response to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        error_codes::check(&body);
        Self { status, headers, body }
    }

    /// The data of a response. Panics if the response has errors.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.body.get("errors").is_none(), "unexpected errors: {}", self.body);
        assert_eq!(self.status, 200);
        self.body["data"].clone()
    }

    /// The code and the `field` extension (JSON, or null) of the only error.
    #[track_caller]
    pub fn error(&self) -> (String, Value) {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(errors.len(), 1, "expected one error: {}", self.body);
        let extensions = &errors[0]["extensions"];
        (extensions["code"].as_str().unwrap_or("none").to_owned(), extensions["field"].clone())
    }

    /// The code of the only error.
    #[track_caller]
    pub fn code(&self) -> String {
        self.error().0
    }
}

/// A logged-in user.
#[derive(Clone)]
pub struct User {
    pub server: Arc<Server>,
    pub id: String,
    pub token: String,
}

impl User {
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.server.ask_as(Some(&self.token), query, variables).await
    }

    /// Sends a request without variables and expects no errors.
    pub async fn get(&self, query: &str) -> Value {
        self.ask(query, json!({})).await.ok()
    }

    /// Calls one mutation with its input, selecting `payload`.
    pub async fn call(&self, mutation: &str, input: Value, payload: &str) -> Answer {
        let mut letters = mutation.chars();
        let first = letters.next().unwrap().to_uppercase();
        let input_type = format!("{first}{}Input", letters.as_str());
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {payload} }} }}"
        );
        self.ask(&query, json!({ "input": input })).await
    }

    /// Calls one mutation and returns its payload. Expects no errors.
    pub async fn done(&self, mutation: &str, input: Value, payload: &str) -> Value {
        self.call(mutation, input, payload).await.ok()[mutation].take()
    }

    /// Changes the account. A new address or password ends the session, and the user goes on with the new one.
    pub async fn change_account(&mut self, input: Value) -> Value {
        let payload = "user { id name email createdAt } accessToken";
        let changed = self.done("updateViewer", input, payload).await;
        if let Some(token) = changed["accessToken"].as_str() {
            token.clone_into(&mut self.token);
        }
        changed
    }

    /// Creates a board and returns its ID.
    pub async fn board(&self, title: &str) -> String {
        let made = self.done("createBoard", json!({ "title": title }), "board { id }").await;
        text(&made["board"]["id"])
    }

    /// Creates a card in the column BACKLOG and returns its ID.
    pub async fn card(&self, board: &str, title: &str) -> String {
        let input = json!({ "boardId": board, "card": { "title": title } });
        text(&self.done("createCard", input, "card { id }").await["card"]["id"])
    }

    /// Creates `count` cards with the titles "card 0", "card 1", … and returns their IDs.
    pub async fn cards(&self, board: &str, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let batch = (count - ids.len()).min(100);
            let cards: Vec<_> =
                (0..batch).map(|n| json!({ "title": format!("card {}", ids.len() + n) })).collect();
            let input = json!({ "boardId": board, "cards": cards });
            let made = self.done("createCards", input, "cards { id }").await;
            ids.extend(made["cards"].as_array().unwrap().iter().map(|card| text(&card["id"])));
        }
        ids
    }

    /// Gives a board a long description, and returns a selection of 11 MB, more than the buffers of the system hold.
    pub async fn large_texts(&self, board: &str) -> String {
        let input = json!({ "boardId": board, "description": "\u{20ac}".repeat(20_000) });
        self.done("updateBoard", input, "board { id }").await;
        (0..190).map(|n| format!("t{n}: description")).collect::<Vec<_>>().join(" ")
    }

    /// Shares a board with another user, in the default role.
    pub async fn share(&self, board: &str, with: &User) {
        let input = json!({ "boardId": board, "userId": with.id });
        self.done("shareBoard", input, "board { id }").await;
    }

    /// Shares a board with another user in the given role.
    pub async fn share_as(&self, board: &str, with: &User, role: &str) {
        let input = json!({ "boardId": board, "userId": with.id, "role": role });
        self.done("shareBoard", input, "board { id }").await;
    }

    /// Adds a comment to a card and returns the comment's ID.
    pub async fn comment(&self, card: &str, body: &str) -> String {
        let input = json!({ "cardId": card, "body": body });
        text(&self.done("addComment", input, "comment { id }").await["comment"]["id"])
    }

    /// Deletes a card.
    pub async fn delete_card(&self, card: &str) {
        self.done("deleteCard", json!({ "cardId": card }), "deletedCardId").await;
    }

    /// Moves a card and returns it.
    pub async fn move_card(&self, card: &str, column: &str, neighbour: Value) -> Value {
        let mut input = json!({ "cardId": card, "column": column });
        input.as_object_mut().unwrap().extend(neighbour.as_object().unwrap().clone());
        let payload = "card { id column rank version updatedAt board { version } }";
        self.done("moveCard", input, payload).await["card"].take()
    }

    /// The IDs of the cards in each column, from top to bottom.
    pub async fn columns(&self, board: &str) -> Vec<Vec<String>> {
        let query = format!(
            "{{ board(id: {board:?}) {{ columns {{ cards(first: 1000) {{ nodes {{ id }} }} }} }} }}"
        );
        let found = self.get(&query).await["board"]["columns"].take();
        found.as_array().unwrap().iter().map(|one| column(&one["cards"]["nodes"], "id")).collect()
    }

    /// The types of the board's events after a sequence number, in ascending order. Asserts that the
    /// sequence has no gap.
    pub async fn events(&self, board: &str, after: i64) -> Vec<String> {
        let query = format!(
            "{{ board(id: {board:?}) {{ version activity(first: 200, afterSequence: {after}) {{
                nodes {{ __typename sequence }} }} }} }}"
        );
        let found = self.get(&query).await["board"].take();
        let mut events = found["activity"]["nodes"].as_array().unwrap().clone();
        events.reverse();
        let sequences: Vec<_> =
            events.iter().map(|one| one["sequence"].as_i64().unwrap()).collect();
        let version = found["version"].as_i64().unwrap();
        assert_eq!(sequences, (after + 1..=version).collect::<Vec<_>>());
        column(&Value::from(events), "__typename")
    }

    /// The board's version.
    pub async fn version(&self, board: &str) -> i64 {
        let found = self.get(&format!("{{ board(id: {board:?}) {{ version }} }}")).await;
        found["board"]["version"].as_i64().unwrap()
    }
}

/// The content of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// One field of each object of a JSON list.
#[track_caller]
pub fn column(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    list.iter().map(|item| text(&item[field])).collect()
}
