//! A client that makes boards and changes them.

use reqwest::Client as Http;
use serde_json::{Value, json};

/// A logged-in user.
#[derive(Clone)]
pub struct Client {
    http: Http,
    address: String,
    pub token: String,
}

/// A board with one card.
#[derive(Clone)]
pub struct Board {
    pub id: String,
    card: String,
}

impl Client {
    pub async fn sign_up(address: &str) -> Self {
        let (http, address) = (Http::new(), address.to_owned());
        let mut client = Self { http, address, token: String::new() };
        let input = json!({ "input": { "email": "ann@example.com", "password": "password" } });
        let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
        client.ask(sign_up, input.clone()).await;
        let log_in = "mutation($input: LogInInput!) { logIn(input: $input) { accessToken } }";
        let found = client.ask(log_in, input).await;
        found["logIn"]["accessToken"].as_str().unwrap().clone_into(&mut client.token);
        client
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.http.post(format!("http://{}/graphql", self.address)).json(&body);
        let request =
            if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    pub async fn boards(&self, count: usize) -> Vec<Board> {
        let mut boards = Vec::new();
        for _ in 0..count {
            let create = "mutation { createBoard(input: { title: \"x\" }) { board { id } } }";
            let made = self.ask(create, json!({})).await;
            let id = made["createBoard"]["board"]["id"].as_str().unwrap().to_owned();
            let create = "mutation($b: ID!) { createCard(input: { boardId: $b, card: { title: \"x\" } }) { card { id } } }";
            let made = self.ask(create, json!({ "b": id })).await;
            let card = made["createCard"]["card"]["id"].as_str().unwrap().to_owned();
            boards.push(Board { id, card });
        }
        boards
    }

    pub async fn rename(&self, board: &Board, number: usize) {
        let update = "mutation($c: ID!, $t: String!) { updateCard(input: { cardId: $c, title: $t }) { card { id } } }";
        self.ask(update, json!({ "c": board.card, "t": format!("title {number}") })).await;
    }
}
