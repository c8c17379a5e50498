//! Helpers for connections (paged lists).

use serde_json::{Value, json};

use super::{Answer, User, column};

const ARGUMENTS: &str = "first: $first, after: $after, last: $last, before: $before";

/// A connection field and its arguments.
pub struct List<'a> {
    user: &'a User,
    query: String,
    path: &'static str,
    variables: Value,
}

impl<'a> List<'a> {
    fn new(user: &'a User, path: &'static str, field: &str, more: &str, variables: Value) -> Self {
        let query = format!(
            "query($first: Int, $after: String, $last: Int, $before: String{more}) {{ {} }}",
            field.replace(
                "PAGE",
                "{ edges { cursor node { id } } nodes { id } totalCount
                    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
            )
        );
        Self { user, query, path, variables }
    }

    pub fn boards(user: &'a User, order: &Value) -> Self {
        let field = format!("boards({ARGUMENTS}, orderBy: $order) PAGE");
        let variables = json!({ "order": order });
        Self::new(user, "/boards", &field, ", $order: BoardOrder", variables)
    }

    /// The boards whose texts contain `text`.
    pub fn found_boards(user: &'a User, text: &str) -> Self {
        let field = format!("boards({ARGUMENTS}, filter: {{ text: $text }}) PAGE");
        Self::new(user, "/boards", &field, ", $text: String", json!({ "text": text }))
    }

    /// The cards of these boards, or of all boards.
    pub fn viewer_cards(user: &'a User, boards: &Value, order: &Value) -> Self {
        let field =
            format!("cards({ARGUMENTS}, boardIds: $boards, orderBy: $order, filter: $filter) PAGE");
        let more = ", $boards: [ID!], $order: CardOrder, $filter: CardFilter";
        let variables = json!({ "boards": boards, "order": order });
        Self::new(user, "/cards", &field, more, variables)
    }

    pub fn cards(user: &'a User, board: &str, order: &Value) -> Self {
        let field = format!(
            "board(id: $id) {{ cards({ARGUMENTS}, orderBy: $order, filter: $filter) PAGE }}"
        );
        let more = ", $id: ID!, $order: CardOrder, $filter: CardFilter";
        let variables = json!({ "id": board, "order": order });
        Self::new(user, "/board/cards", &field, more, variables)
    }

    pub fn column(user: &'a User, column: &str) -> Self {
        let field = format!("node(id: $id) {{ ... on BoardColumn {{ cards({ARGUMENTS}) PAGE }} }}");
        Self::new(user, "/node/cards", &field, ", $id: ID!", json!({ "id": column }))
    }

    pub fn members(user: &'a User, board: &str) -> Self {
        let field = format!("board(id: $id) {{ members({ARGUMENTS}) PAGE }}");
        Self::new(user, "/board/members", &field, ", $id: ID!", json!({ "id": board }))
    }

    pub fn comments(user: &'a User, card: &str) -> Self {
        let field = format!("card(id: $id) {{ comments({ARGUMENTS}) PAGE }}");
        Self::new(user, "/card/comments", &field, ", $id: ID!", json!({ "id": card }))
    }

    pub fn card_activity(user: &'a User, card: &str) -> Self {
        let field = format!("card(id: $id) {{ activity({ARGUMENTS}) PAGE }}");
        Self::new(user, "/card/activity", &field, ", $id: ID!", json!({ "id": card }))
    }

    pub fn activity(user: &'a User, board: &str, after: Option<i64>) -> Self {
        let field =
            format!("board(id: $id) {{ activity({ARGUMENTS}, afterSequence: $sequence) PAGE }}");
        let variables = json!({ "id": board, "sequence": after });
        Self::new(user, "/board/activity", &field, ", $id: ID!, $sequence: Int", variables)
    }

    pub fn deleted_cards(user: &'a User, board: &str) -> Self {
        let field = format!("board(id: $id) {{ deletedCards({ARGUMENTS}) PAGE }}");
        Self::new(user, "/board/deletedCards", &field, ", $id: ID!", json!({ "id": board }))
    }

    pub fn deleted_boards(user: &'a User) -> Self {
        let field = format!("deletedBoards({ARGUMENTS}) PAGE");
        Self::new(user, "/deletedBoards", &field, "", json!({}))
    }

    pub fn sessions(user: &'a User) -> Self {
        Self::new(user, "/sessions", &format!("sessions({ARGUMENTS}) PAGE"), "", json!({}))
    }

    pub async fn ask(&self, arguments: &Value) -> Answer {
        let mut variables = self.variables.clone();
        for (name, value) in arguments.as_object().unwrap() {
            variables[name] = value.clone();
        }
        self.user.ask(&self.query, variables).await
    }

    pub async fn page(&self, arguments: Value) -> Page {
        let data = self.ask(&arguments).await.ok();
        let list = data.pointer(self.path).unwrap();
        let cursors = column(&list["edges"], "cursor");
        let ids = column(&list["nodes"], "id");
        let nodes = list["edges"].as_array().unwrap().iter();
        let nodes: Value = nodes.map(|edge| edge["node"].clone()).collect();
        assert_eq!(nodes, list["nodes"]);
        let info = &list["pageInfo"];
        assert_eq!(info["startCursor"], json!(cursors.first()));
        assert_eq!(info["endCursor"], json!(cursors.last()));
        Page {
            ids,
            cursors,
            next: info["hasNextPage"].as_bool().unwrap(),
            previous: info["hasPreviousPage"].as_bool().unwrap(),
            total: list["totalCount"].as_u64().unwrap(),
        }
    }

    /// Walks all pages of `size` rows from either end, checks each page's `pageInfo`, and returns the
    /// IDs of all rows.
    pub async fn walk(&self, size: usize, backward: bool) -> Vec<String> {
        let mut pages = Vec::new();
        let mut cursor = None;
        loop {
            let page = if backward {
                self.page(json!({ "last": size, "before": cursor })).await
            } else {
                self.page(json!({ "first": size, "after": cursor })).await
            };
            let (more, behind) =
                if backward { (page.previous, page.next) } else { (page.next, page.previous) };
            assert_eq!(behind, cursor.is_some(), "page {}", pages.len());
            let end = if backward { page.cursors.first() } else { page.cursors.last() };
            cursor = end.cloned();
            assert!(page.ids.len() == size || !more, "page {}", pages.len());
            pages.push(page.ids);
            assert!(pages.len() < 100, "the pages do not end");
            if !more {
                break;
            }
        }
        if backward {
            pages.reverse();
        }
        pages.concat()
    }

    /// Asserts that paging with any size and direction returns exactly these rows in this order.
    pub async fn assert_is(&self, expected: &[String]) {
        let ways = [(3, false), (7, true), (7, false), (3, true), (1, false), (1, true)];
        // With an explicit order, two ways are enough, because the scenarios test many orders.
        let few = self.variables["order"].is_object();
        for (size, backward) in &ways[..if few { 2 } else { 6 }] {
            let walk = self.walk(*size, *backward).await;
            assert_eq!(walk, expected, "{size} {backward} {}", self.variables);
        }
        let all = self.page(json!({ "first": 200 })).await;
        assert_eq!(all.total, expected.len() as u64);
    }

    pub async fn assert_refuses(&self, arguments: Value, field: &str) {
        let answer = self.ask(&arguments).await;
        let refusal = ("BAD_USER_INPUT".to_owned(), json!([field]));
        assert_eq!(answer.error(), refusal, "{} {arguments}", self.path);
    }
}

/// One page of a connection.
pub struct Page {
    pub ids: Vec<String>,
    pub cursors: Vec<String>,
    pub next: bool,
    pub previous: bool,
    pub total: u64,
}
