//! Who may do what: every operation of the schema as nobody, as a stranger to the board and as a
//! member of it, compared with a written table.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, scenarios, text};

scenarios![
    every_operation_as_nobody_stranger_and_member,
    nobody_is_refused_before_anything_is_looked_at,
    absence_and_refusal_look_the_same,
    users_are_seen_by_those_who_share_a_board,
];

/// What an operation answers: `ok`, `null`, `empty` (a list without rows), or an error's code.
type Outcome = &'static str;

/// The field, a request that calls it, and what nobody, a stranger and a member get.
const TABLE: &[(&str, &str, [Outcome; 3])] = &[
    ("viewer", "{ viewer { id } }", [NOBODY, "ok", "ok"]),
    ("node", "{ node(id: $board) { id } }", [NOBODY, "null", "ok"]),
    ("node", "{ node(id: $card) { id } }", [NOBODY, "null", "ok"]),
    ("node", "{ node(id: $label) { id } }", [NOBODY, "null", "ok"]),
    ("node", "{ node(id: $column) { id } }", [NOBODY, "null", "ok"]),
    ("node", "{ node(id: $owner) { id } }", [NOBODY, "null", "ok"]),
    ("nodes", "{ nodes(ids: [$board]) { id } }", [NOBODY, "null", "ok"]),
    ("boards", "{ boards { nodes { id } } }", [NOBODY, "empty", "ok"]),
    ("board", "{ board(id: $board) { id } }", [NOBODY, "null", "ok"]),
    ("card", "{ card(id: $card) { id } }", [NOBODY, "null", "ok"]),
    ("userByEmail", r#"{ userByEmail(email: "owner@example.com") { id } }"#, [NOBODY, "ok", "ok"]),
    (
        "signUp",
        r#"mutation { signUp(input: { email: "new-$who@example.com", password: "password" }) { user { id } } }"#,
        ["ok", "ok", "ok"],
    ),
    (
        "logIn",
        r#"mutation { logIn(input: { email: "owner@example.com", password: "password" }) { accessToken } }"#,
        ["ok", "ok", "ok"],
    ),
    (
        "updateViewer",
        r#"mutation { updateViewer(input: { currentPassword: "password" }) { user { id } } }"#,
        [NOBODY, "ok", "ok"],
    ),
    (
        "createBoard",
        r#"mutation { createBoard(input: { title: "x" }) { board { id } } }"#,
        [NOBODY, "ok", "ok"],
    ),
    (
        "updateBoard",
        r#"mutation { updateBoard(input: { boardId: $board, title: "$who" }) { board { id } } }"#,
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "deleteBoard",
        "mutation { deleteBoard(input: { boardId: $board }) { deletedBoardId } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "shareBoard",
        "mutation { shareBoard(input: { boardId: $board, userId: $stranger }) { board { id } } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "unshareBoard",
        "mutation { unshareBoard(input: { boardId: $board, userId: $owner }) { removedUserId } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "createCard",
        r#"mutation { createCard(input: { boardId: $board, card: { title: "x" } }) { card { id } } }"#,
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "createCards",
        r#"mutation { createCards(input: { boardId: $board, cards: [{ title: "x" }] }) { cards { id } } }"#,
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "updateCard",
        r#"mutation { updateCard(input: { cardId: $card, title: "$who" }) { card { id } } }"#,
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "deleteCard",
        "mutation { deleteCard(input: { cardId: $card }) { deletedCardId } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "addLabelsToCard",
        "mutation { addLabelsToCard(input: { cardId: $card, labels: [RED] }) { card { id } } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "removeLabelsFromCard",
        "mutation { removeLabelsFromCard(input: { cardId: $card, labels: [RED] }) { card { id } } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "createLabel",
        "mutation { createLabel(input: { boardId: $board, color: GRAY }) { label { id } } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "updateLabel",
        r#"mutation { updateLabel(input: { labelId: $label, name: "$who" }) { label { id } } }"#,
        [NOBODY, "NOT_FOUND", "ok"],
    ),
    (
        "deleteLabel",
        "mutation { deleteLabel(input: { labelId: $label }) { deletedLabelId } }",
        [NOBODY, "NOT_FOUND", "ok"],
    ),
];

const NOBODY: Outcome = "UNAUTHENTICATED";

/// A board of the owner that the member shares, with a card that bears RED and without a label in
/// GRAY.
struct Fixture {
    board: String,
    card: String,
    label: String,
}

async fn fixture(owner: &User, member: &User) -> Fixture {
    let board = owner.board("Plans").await;
    owner.share(&board, member).await;
    let query = "query($id: ID!) { board(id: $id) { labels { id } } }";
    let labels = owner.ask(query, json!({ "id": board })).await.ok();
    let label = |n: usize| text(&labels["board"]["labels"][n]["id"]);
    owner.done("deleteLabel", json!({ "labelId": label(6) }), "deletedLabelId").await;
    let card = owner.card(&board, "x").await;
    Fixture { board, card, label: label(0) }
}

async fn every_operation_as_nobody_stranger_and_member(server: Arc<Server>) {
    let (owner, member) = (server.user("owner").await, server.user("member").await);
    let stranger = server.user("stranger").await;
    let mut seen = BTreeSet::new();
    for (field, request, expected) in TABLE {
        seen.insert((*field).to_owned());
        let Fixture { board, card, label } = fixture(&owner, &member).await;
        let fill = |who: &str| {
            let column = format!("{}_TODO", board.replace("board", "column"));
            [
                ("$board", &board),
                ("$card", &card),
                ("$label", &label),
                ("$column", &column),
                ("$owner", &owner.id),
                ("$stranger", &stranger.id),
            ]
            .iter()
            .fold((*request).replace("$who", who), |text, (name, id)| {
                text.replace(name, &format!("{id:?}"))
            })
        };
        let askers = [("nobody", None), ("stranger", Some(&stranger)), ("member", Some(&member))];
        for ((who, asker), expected) in askers.into_iter().zip(expected) {
            let token = asker.map(|user| user.token.as_str());
            let answer = server.ask_as(token, &fill(who), json!({})).await;
            assert_eq!(
                outcome(&answer.body, field),
                *expected,
                "{request} as {who}: {}",
                answer.body
            );
        }
    }
    assert_eq!(seen, root_fields(&server).await, "the table must name every operation");
}

/// The guard comes first: nobody is told what is wrong with the input.
async fn nobody_is_refused_before_anything_is_looked_at(server: Arc<Server>) {
    for (field, request, [nobody, ..]) in TABLE {
        let ids = ["$board", "$card", "$label", "$column", "$owner", "$stranger"];
        let request = ids.iter().fold((*request).to_owned(), |text, id| text.replace(id, "\"x\""));
        let request =
            request.replace("title: \"x\"", "title: \"\"").replace("labels: [RED]", "labels: []");
        let request = request.replace("currentPassword:", "email: \"\", currentPassword:");
        if *nobody == NOBODY {
            let answer = server.ask(&request, json!({})).await;
            assert_eq!(outcome(&answer.body, field), NOBODY, "{request}: {}", answer.body);
        }
    }
}

fn outcome(body: &Value, field: &str) -> String {
    if let Some(errors) = body["errors"].as_array() {
        return text(&errors[0]["extensions"]["code"]);
    }
    let found = match field {
        "boards" => &body["data"]["boards"]["nodes"],
        "nodes" => &body["data"]["nodes"][0],
        _ => &body["data"][field],
    };
    match found {
        Value::Null => "null".into(),
        Value::Array(rows) if rows.is_empty() => "empty".into(),
        _ => "ok".into(),
    }
}

async fn root_fields(server: &Server) -> BTreeSet<String> {
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }";
    let schema = server.ask(query, json!({})).await.ok()["__schema"].take();
    let fields = |kind: &str| crate::support::column(&schema[kind]["fields"], "name");
    fields("queryType").into_iter().chain(fields("mutationType")).collect()
}

/// The whole answer, but for the ids that the asker wrote, is the same for what does not exist and
/// for what may not be seen.
async fn absence_and_refusal_look_the_same(server: Arc<Server>) {
    let (owner, member) = (server.user("owner").await, server.user("member").await);
    let stranger = server.user("stranger").await;
    let Fixture { board, card, label } = fixture(&owner, &member).await;
    let unknown = format!("user_{:032x}", 1);
    for (mutation, input, absent) in [
        (
            "updateBoard",
            json!({ "boardId": board, "title": "x" }),
            json!({ "boardId": "board_999", "title": "x" }),
        ),
        ("deleteBoard", json!({ "boardId": board }), json!({ "boardId": "board_999" })),
        (
            "createCard",
            json!({ "boardId": board, "card": { "title": "x", "labels": ["GRAY"] } }),
            json!({ "boardId": "board_999", "card": { "title": "x", "labels": ["GRAY"] } }),
        ),
        (
            "updateCard",
            json!({ "cardId": card, "labels": ["GRAY"] }),
            json!({ "cardId": "card_999", "labels": ["GRAY"] }),
        ),
        ("deleteCard", json!({ "cardId": card }), json!({ "cardId": "card_999" })),
        (
            "createLabel",
            json!({ "boardId": board, "color": "RED" }),
            json!({ "boardId": "board_999", "color": "RED" }),
        ),
        (
            "updateLabel",
            json!({ "labelId": label, "color": "BLUE" }),
            json!({ "labelId": "label_999", "color": "BLUE" }),
        ),
        (
            "shareBoard",
            json!({ "boardId": board, "userId": unknown }),
            json!({ "boardId": "board_999", "userId": unknown }),
        ),
        (
            "unshareBoard",
            json!({ "boardId": board, "userId": owner.id }),
            json!({ "boardId": "board_999", "userId": owner.id }),
        ),
    ] {
        let refused = stranger.call(mutation, input, "__typename").await;
        let missing = stranger.call(mutation, absent, "__typename").await;
        assert_eq!(refused.code(), "NOT_FOUND", "{mutation}");
        assert_eq!(refused.body, missing.body, "{mutation}");
    }
    // Nothing has happened to the board.
    let query = format!(
        "{{ board(id: {board:?}) {{ title labels {{ color }} cards {{ totalCount }} members {{ totalCount }} }} }}"
    );
    let found = owner.get(&query).await;
    assert_eq!(found["board"]["title"], "Plans");
    assert_eq!(found["board"]["cards"]["totalCount"], 1);
    assert_eq!(found["board"]["members"]["totalCount"], 2);
}

async fn users_are_seen_by_those_who_share_a_board(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let sees = async |viewer: &User, user: &User| {
        let query = format!("{{ node(id: {0:?}) {{ id }} nodes(ids: [{0:?}]) {{ id }} }}", user.id);
        let found = viewer.get(&query).await;
        assert_eq!(found["node"].is_null(), found["nodes"][0].is_null());
        !found["node"].is_null()
    };
    assert!(sees(&ann, &ann).await && !sees(&ann, &bob).await && !sees(&bob, &ann).await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    assert!(sees(&ann, &bob).await && sees(&bob, &ann).await);
    let input = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", input, "removedUserId").await;
    assert!(!sees(&ann, &bob).await && !sees(&bob, &ann).await);
    // Nobody can walk through the accounts.
    for guess in ["user_1", "user_2", "user_00000000000000000000000000000001"] {
        let found = ann.get(&format!("{{ node(id: {guess:?}) {{ id }} }}")).await;
        assert!(found["node"].is_null());
    }
}
