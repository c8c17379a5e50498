//! Mutations with a `clientMutationId` take effect once, however often they are sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, Server, Socket, User, column, scenarios, text};

scenarios![
    every_mutation_takes_effect_once,
    many_clients_send_everything_three_times,
    the_same_id_with_another_input_is_a_conflict,
    an_id_that_is_not_valid_is_refused,
    a_mutation_that_failed_is_not_remembered,
    a_retry_is_answered_before_permissions_and_versions_are_checked,
    what_is_gone_or_hidden_is_not_found_but_was_applied,
    every_mutation_on_a_hidden_board_was_applied,
    an_id_with_many_inputs_at_once_takes_effect_once,
    a_mutation_that_changes_nothing_is_remembered,
    ids_are_remembered_for_seven_days,
    only_the_author_sees_the_id,
    only_the_author_sees_the_id_of_an_earlier_event,
    only_the_author_sees_the_id_of_the_last_event,
    a_retry_whose_receipt_cannot_be_read_is_no_conflict,
    an_id_costs_no_round_trip,
];

/// The mutations of a board, in an order in which they work, with a payload. `$…` are IDs.
const STEPS: &[(&str, &str, &str)] = &[
    ("createBoard", r#"{"title":"Plans"}"#, "board { id } boardEdge { cursor }"),
    ("updateBoard", r#"{"boardId":"$board","title":"Goals"}"#, "board { id title }"),
    ("shareBoard", r#"{"boardId":"$board","userId":"$bob"}"#, "memberEdge { role node { id } }"),
    (
        "createCard",
        r#"{"boardId":"$board","card":{"title":"one"}}"#,
        "card { id title } cardEdge { cursor }",
    ),
    (
        "createCards",
        r#"{"boardId":"$board","cards":[{"title":"two"},{"title":"three"}]}"#,
        "cards { id title } cardEdges { cursor node { id } }",
    ),
    (
        "updateCard",
        r#"{"cardId":"$card","title":"uno","column":"TODO","labels":["RED"]}"#,
        "card { id title }",
    ),
    ("moveCard", r#"{"cardId":"$card","column":"DOING"}"#, "card { id } cardEdge { cursor }"),
    ("addLabelsToCard", r#"{"cardId":"$card","labels":["BLUE"]}"#, "card { labels { color } }"),
    ("removeLabelsFromCard", r#"{"cardId":"$card","labels":["RED"]}"#, "card { labels { color } }"),
    (
        "addComment",
        r#"{"cardId":"$card","body":"hi"}"#,
        "comment { id body } commentEdge { cursor }",
    ),
    ("updateComment", r#"{"commentId":"$comment","body":"hello"}"#, "comment { body }"),
    ("deleteComment", r#"{"commentId":"$comment"}"#, "deletedCommentId card { id }"),
    ("deleteLabel", r#"{"labelId":"$label"}"#, "deletedLabelId board { id }"),
    ("createLabel", r#"{"boardId":"$board","color":"$color"}"#, "label { id color }"),
    ("updateLabel", r#"{"labelId":"$label","name":"new"}"#, "label { id name }"),
    ("deleteCard", r#"{"cardId":"$card"}"#, "deletedCardId board { id }"),
    ("restoreCard", r#"{"cardId":"$card"}"#, "card { id } cardEdge { cursor }"),
    ("unshareBoard", r#"{"boardId":"$board","userId":"$bob"}"#, "removedUserId board { id }"),
    ("deleteBoard", r#"{"boardId":"$board"}"#, "deletedBoardId"),
    ("restoreBoard", r#"{"boardId":"$board"}"#, "board { id } boardEdge { cursor }"),
];

/// What the steps of one user have made.
type Names = BTreeMap<&'static str, String>;

fn fill(template: &str, names: &Names) -> Value {
    let names = names.iter().rev();
    let text = names.fold(template.to_owned(), |text, (name, id)| text.replace(name, id));
    serde_json::from_str(&text).unwrap()
}

/// The input of a step with its ID.
fn input(template: &str, names: &Names, id: &str) -> Value {
    let mut input = fill(template, names);
    input["clientMutationId"] = id.into();
    input
}

/// Notes what later steps need.
fn note(names: &mut Names, mutation: &str, payload: &Value) {
    match mutation {
        "createBoard" => names.insert("$board", text(&payload["board"]["id"])),
        "createCard" => names.insert("$card", text(&payload["card"]["id"])),
        "addComment" => names.insert("$comment", text(&payload["comment"]["id"])),
        "createLabel" => names.insert("$label", text(&payload["label"]["id"])),
        _ => None,
    };
}

/// The label that is deleted, and its colour.
async fn note_label(names: &mut Names, user: &User) {
    let query = format!("{{ board(id: {:?}) {{ labels {{ id color }} }} }}", names["$board"]);
    let label = user.get(&query).await["board"]["labels"][3].take();
    names.insert("$label", text(&label["id"]));
    names.insert("$color", text(&label["color"]));
}

/// The types of the board's events with their IDs, oldest first.
async fn history(user: &User, board: &str) -> Vec<(String, Value)> {
    let query = format!(
        "{{ board(id: {board:?}) {{ activity(last: 200) {{ nodes {{ __typename clientMutationId }} }} }} }}"
    );
    let found = user.get(&query).await["board"]["activity"]["nodes"].take();
    let event = |event: &Value| (text(&event["__typename"]), event["clientMutationId"].clone());
    found.as_array().unwrap().iter().rev().map(event).collect()
}

async fn every_mutation_takes_effect_once(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let mut names = Names::from([("$bob", bob.id.clone())]);
    for (mutation, template, payload) in STEPS {
        let input = input(template, &names, &format!("id of {mutation}"));
        let first = ann.done(mutation, input.clone(), payload).await;
        note(&mut names, mutation, &first);
        if *mutation == "createBoard" {
            note_label(&mut names, &ann).await;
        }
        for _ in 0..2 {
            assert_eq!(ann.done(mutation, input.clone(), payload).await, first, "{mutation}");
        }
    }
    let history = history(&ann, &names["$board"]).await;
    let ids: Vec<_> = history.iter().map(|(_, id)| text(id)).collect();
    let expected = STEPS.iter().flat_map(|(mutation, ..)| {
        let events = match *mutation {
            "createCards" => 2,
            "updateCard" => 3,
            _ => 1,
        };
        std::iter::repeat_n(format!("id of {mutation}"), events)
    });
    assert_eq!(ids, expected.collect::<Vec<_>>());
    let tried: BTreeSet<_> = STEPS.iter().map(|(mutation, ..)| (*mutation).to_owned()).collect();
    assert_eq!(tried, mutations_with_ids(&server).await, "STEPS must have every mutation");
    // The ID of another mutation, and an invalid one.
    for (at, (mutation, template, payload)) in STEPS.iter().enumerate() {
        let other = format!("id of {}", STEPS[(at + 1) % STEPS.len()].0);
        for (id, code) in [(other.as_str(), "CONFLICT"), ("", "BAD_USER_INPUT")] {
            let answer = ann.call(mutation, input(template, &names, id), payload).await;
            assert_eq!(answer.error(), (code.into(), json!(ID_FIELD)), "{mutation}");
        }
    }
}

/// The mutations whose input has a `clientMutationId`.
async fn mutations_with_ids(server: &Server) -> BTreeSet<String> {
    let query = "{ __schema { mutationType { fields { name args { type { ofType { inputFields { name } } } } } } } }";
    let found = server.ask(query, json!({})).await.ok();
    let has_id = |field: &&Value| {
        let fields = &field["args"][0]["type"]["ofType"]["inputFields"];
        fields.is_array() && column(fields, "name").contains(&"clientMutationId".to_owned())
    };
    let fields = found["__schema"]["mutationType"]["fields"].as_array().unwrap();
    fields.iter().filter(has_id).map(|field| text(&field["name"])).collect()
}

/// On two instances, with connections that are cut at random.
async fn many_clients_send_everything_three_times(server: Arc<Server>) {
    let other = Arc::new(server.another(&[]).await);
    let bob = server.user("bob").await;
    let alone = server.user("alone").await;
    let expected = history_of_all_steps([&alone, &alone], &bob.id, None).await;
    let clients = (0..32).map(|n| {
        let (server, other, bob) = (Arc::clone(&server), Arc::clone(&other), bob.id.clone());
        tokio::spawn(async move {
            let near = server.user(&format!("user{n}")).await;
            let far = User { server: other, ..near.clone() };
            let history = history_of_all_steps([&near, &far], &bob, Some(n)).await;
            (history, near.get("{ boards { totalCount } cards { totalCount } }").await)
        })
    });
    for done in join_all(clients).await {
        let (history, counts) = done.unwrap();
        assert_eq!(history, expected);
        let once = json!({ "boards": { "totalCount": 1 }, "cards": { "totalCount": 3 } });
        assert_eq!(counts, once);
    }
    other.stop().await;
}

/// The events of a board, with their IDs, after all steps: each is sent once, or three times at once with this seed.
async fn history_of_all_steps(
    users: [&User; 2],
    bob: &str,
    seed: Option<usize>,
) -> Vec<(String, Value)> {
    let mut names = Names::from([("$bob", bob.to_owned())]);
    for (at, (mutation, template, payload)) in STEPS.iter().enumerate() {
        let input = input(template, &names, &format!("{at}"));
        let done = match seed {
            Some(seed) => send_three_times(users, mutation, &input, payload, seed + at).await,
            None => users[0].done(mutation, input, payload).await,
        };
        note(&mut names, mutation, &done);
        if *mutation == "createBoard" {
            note_label(&mut names, users[0]).await;
        }
    }
    history(users[0], &names["$board"]).await
}

/// Sends a mutation three times at once, of which two requests are cut off after a while. Returns the payload.
async fn send_three_times(
    users: [&User; 2],
    mutation: &str,
    input: &Value,
    payload: &str,
    seed: usize,
) -> Value {
    let send = |user: &User| {
        let (user, mutation, input, payload) =
            (user.clone(), mutation.to_owned(), input.clone(), payload.to_owned());
        async move { user.call(&mutation, input, &payload).await }
    };
    let cut = |user: &User, after: usize| {
        timeout(Duration::from_millis(u64::try_from(after % 40).unwrap()), send(user))
    };
    let [near, far] = users;
    let (one, two, answer) =
        tokio::join!(cut(near, seed * 7), cut(far, seed * 13), send(users[seed % 2]));
    let done = answer.ok()[mutation].take();
    for answer in [one, two].into_iter().flatten() {
        assert_eq!(answer.ok()[mutation].take(), done, "{mutation}");
    }
    done
}

async fn create(user: &User, board: &str, title: &str, id: &str) -> Answer {
    let input = json!({ "boardId": board, "card": { "title": title }, "clientMutationId": id });
    user.call("createCard", input, "card { id }").await
}

const ID_FIELD: [&str; 2] = ["input", "clientMutationId"];

async fn the_same_id_with_another_input_is_a_conflict(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    create(&ann, &board, "one", "x").await.ok();
    let conflict = ("CONFLICT".to_owned(), json!(ID_FIELD));
    assert_eq!(create(&ann, &board, "two", "x").await.error(), conflict);
    // Another mutation with an equal input, which would be possible.
    let named = json!({ "boardId": board, "clientMutationId": "y" });
    ann.done("updateBoard", named.clone(), "board { id }").await;
    assert_eq!(ann.call("deleteBoard", named, "deletedBoardId").await.error(), conflict);
    // Without fields that are null, with the default values, and with the fields in another order.
    let alike = json!({
        "clientMutationId": "x",
        "card": { "labels": [], "title": "one", "column": "BACKLOG", "description": "" },
        "boardId": board,
    });
    ann.done("createCard", alike, "card { id }").await;
    let update =
        json!({ "boardId": board, "clientMutationId": "y", "title": null, "labels": null });
    ann.done("updateBoard", update, "board { id }").await;
    // IDs of another user, and IDs that differ in case or space, are others.
    ann.share(&board, &bob).await;
    create(&bob, &board, "two", "x").await.ok();
    create(&ann, &board, "two", "X").await.ok();
    create(&ann, &board, "two", " x").await.ok();
    let query = format!("{{ board(id: {board:?}) {{ cards {{ totalCount }} }} }}");
    assert_eq!(ann.get(&query).await["board"]["cards"]["totalCount"], 4);
}

async fn an_id_that_is_not_valid_is_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for bad in ["", &"x".repeat(65), "a\u{0}b", "a\nb"] {
        let answer = create(&ann, &board, "one", bad).await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(ID_FIELD)), "{bad:?}");
    }
    create(&ann, &board, "one", &"é".repeat(64)).await.ok();
}

async fn a_mutation_that_failed_is_not_remembered(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    assert_eq!(create(&bob, &board, "one", "x").await.code(), "NOT_FOUND");
    ann.share_as(&board, &bob, "VIEWER").await;
    assert_eq!(create(&bob, &board, "one", "x").await.code(), "FORBIDDEN");
    ann.share_as(&board, &bob, "MEMBER").await;
    create(&bob, &board, "one", "x").await.ok();
    let taken = json!({ "boardId": board, "color": "RED", "clientMutationId": "y" });
    assert_eq!(bob.call("createLabel", taken, "label { id }").await.code(), "CONFLICT");
    create(&bob, &board, "two", "y").await.ok();
}

async fn a_retry_is_answered_before_permissions_and_versions_are_checked(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let card = bob.card(&board, "one").await;
    let query = format!("{{ card(id: {card:?}) {{ version }} }}");
    let version = bob.get(&query).await["card"]["version"].take();
    let update = json!({
        "cardId": card, "title": "uno", "expectedVersion": version, "clientMutationId": "x"
    });
    bob.done("updateCard", update.clone(), "card { id }").await;
    ann.done("updateCard", json!({ "cardId": card, "title": "eins" }), "card { id }").await;
    ann.share_as(&board, &bob, "VIEWER").await;
    let again = bob.done("updateCard", update, "card { title board { viewerRole } }").await;
    let expected = json!({ "title": "eins", "board": { "viewerRole": "VIEWER" } });
    assert_eq!(again["card"], expected);
    // What took the access away is answered, as far as the payload needs no hidden object.
    let leave = json!({ "boardId": board, "userId": bob.id, "clientMutationId": "y" });
    let left = json!({ "removedUserId": bob.id, "board": null });
    for _ in 0..2 {
        let payload = "removedUserId board { id }";
        assert_eq!(bob.done("unshareBoard", leave.clone(), payload).await, left);
    }
}

async fn what_is_gone_or_hidden_is_not_found_but_was_applied(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let new = json!({ "title": "Plans", "clientMutationId": "x" });
    let made = ann.done("createBoard", new.clone(), "board { id }").await;
    let board = text(&made["board"]["id"]);
    ann.share(&board, &bob).await;
    let made = create(&bob, &board, "one", "x").await.ok();
    let card = text(&made["createCard"]["card"]["id"]);
    let comment = json!({ "cardId": card, "body": "hi", "clientMutationId": "y" });
    bob.done("addComment", comment.clone(), "comment { id }").await;
    let applied = |answer: Answer| {
        assert_eq!(answer.code(), "NOT_FOUND");
        assert_eq!(answer.body["errors"][0]["extensions"]["applied"], true, "{}", answer.body);
    };
    ann.delete_card(&card).await;
    applied(create(&bob, &board, "one", "x").await);
    applied(bob.call("addComment", comment, "comment { id }").await);
    ann.done("restoreCard", json!({ "cardId": card }), "card { id }").await;
    create(&bob, &board, "one", "x").await.ok();
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    applied(create(&bob, &board, "one", "x").await);
    // The board is erased.
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    server.execute("DELETE FROM boards", "DELETE FROM boards").await;
    applied(create(&bob, &board, "one", "x").await);
    applied(ann.call("createBoard", new, "board { id }").await);
    // Something that has never been applied is only not found.
    let answer = create(&bob, &board, "two", "z").await;
    assert_eq!(answer.code(), "NOT_FOUND");
    assert_eq!(answer.body["errors"][0]["extensions"]["applied"], Value::Null);
}

/// After somebody else has removed the author, a retry answers IDs, or that the mutation was applied.
async fn every_mutation_on_a_hidden_board_was_applied(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let mut names = Names::from([("$bob", bob.id.clone())]);
    let mut answers = BTreeMap::new();
    for (mutation, template, payload) in STEPS {
        let input = input(template, &names, mutation);
        let done = ann.done(mutation, input.clone(), payload).await;
        note(&mut names, mutation, &done);
        if *mutation == "createBoard" {
            note_label(&mut names, &ann).await;
        }
        answers.insert(*mutation, (input, payload, done));
    }
    let board = &names["$board"];
    ann.share_as(board, &bob, "ADMIN").await;
    let removal = json!({ "boardId": board, "userId": ann.id });
    bob.done("unshareBoard", removal, "removedUserId").await;
    for (mutation, (input, payload, mut done)) in answers {
        let again = ann.call(mutation, input, payload).await;
        match mutation {
            "deleteBoard" => assert_eq!(again.ok()[mutation], done),
            "unshareBoard" => {
                done["board"] = Value::Null;
                assert_eq!(again.ok()[mutation], done);
            }
            _ => {
                assert_eq!(again.code(), "NOT_FOUND", "{mutation}");
                let extensions = &again.body["errors"][0]["extensions"];
                assert_eq!(extensions["applied"], true, "{mutation}");
            }
        }
    }
}

async fn an_id_with_many_inputs_at_once_takes_effect_once(server: Arc<Server>) {
    let near = server.user("ann").await;
    let board = near.board("Plans").await;
    let far = User { server: Arc::new(server.another(&[]).await), ..near.clone() };
    let users = [&near, &far];
    let titles: Vec<_> = (0..32).map(|n| format!("card {n}")).collect();
    let calls =
        titles.iter().enumerate().map(|(n, title)| create(users[n % 2], &board, title, "x"));
    let answers = join_all(calls).await;
    let conflict = ("CONFLICT".to_owned(), json!(ID_FIELD));
    let done = answers.iter().filter(|answer| answer.body.get("errors").is_none()).count();
    let refused = answers.iter().filter(|answer| answer.body.get("errors").is_some());
    assert!(refused.map(Answer::error).all(|error| error == conflict));
    assert_eq!((done, near.version(&board).await), (1, 2));
    far.server.stop().await;
}

async fn a_mutation_that_changes_nothing_is_remembered(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let card = ann.card(&board, "one").await;
    ann.done("updateCard", json!({ "cardId": card, "labels": ["RED"] }), "card { id }").await;
    let comment = json!({ "cardId": card, "body": "hi" });
    let comment = ann.done("addComment", comment, "comment { id }").await["comment"]["id"].take();
    let label = ann.get(&format!("{{ board(id: {board:?}) {{ labels {{ id name }} }} }}")).await
        ["board"]["labels"][0]
        .take();
    let same = [
        ("updateBoard", json!({ "boardId": board, "title": "Plans" })),
        ("shareBoard", json!({ "boardId": board, "userId": bob.id })),
        ("updateCard", json!({ "cardId": card, "title": "one" })),
        ("moveCard", json!({ "cardId": card, "column": "BACKLOG" })),
        ("addLabelsToCard", json!({ "cardId": card, "labels": ["RED"] })),
        ("removeLabelsFromCard", json!({ "cardId": card, "labels": ["BLUE"] })),
        ("updateLabel", json!({ "labelId": label["id"], "name": label["name"] })),
        ("updateComment", json!({ "commentId": comment, "body": "hi" })),
        ("restoreCard", json!({ "cardId": card })),
        ("restoreBoard", json!({ "boardId": board })),
    ];
    let version = ann.version(&board).await;
    for (mutation, mut input) in same.clone() {
        input["clientMutationId"] = mutation.into();
        ann.done(mutation, input, "__typename").await;
        let receipt = format!("mutation_receipts WHERE client_mutation_id = '{mutation}'");
        assert_eq!(server.count(&receipt).await, 1, "{mutation}");
    }
    assert_eq!(ann.version(&board).await, version);
    // The retry changes nothing either, though it would by now.
    ann.done("updateBoard", json!({ "boardId": board, "title": "Goals" }), "board { id }").await;
    let (mutation, mut input) = same[0].clone();
    input["clientMutationId"] = mutation.into();
    let again = ann.done(mutation, input, "board { title version }").await;
    assert_eq!(again["board"], json!({ "title": "Goals", "version": version + 1 }));
}

async fn ids_are_remembered_for_seven_days(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let age = async |hours: i64| {
        let micros = hours * 3_600_000_000;
        server
            .execute(
                &format!("UPDATE mutation_receipts SET created_at = created_at - {micros}"),
                &format!("UPDATE mutation_receipts SET created_at = created_at - interval '{hours} hours'"),
            )
            .await;
    };
    let first = create(&ann, &board, "one", "x").await.ok();
    age(7 * 24 - 1).await;
    assert_eq!(create(&ann, &board, "one", "x").await.ok(), first);
    age(2).await;
    let second = create(&ann, &board, "one", "x").await.ok();
    assert_ne!(second, first);
    assert_eq!(create(&ann, &board, "one", "x").await.ok(), second);
    create(&ann, &board, "two", "y").await.ok();
    assert_eq!(server.count("mutation_receipts").await, 2);
    // Many at once after that time.
    age(8 * 24).await;
    let many = (0..8).map(|_| create(&ann, &board, "one", "x"));
    let answers = join_all(many).await.into_iter().map(Answer::ok);
    let cards: BTreeSet<_> = answers.map(|card| card.to_string()).collect();
    assert_eq!(cards.len(), 1, "{cards:?}");
    // After that time, a different input is not a conflict either.
    age(8 * 24).await;
    create(&ann, &board, "three", "x").await.ok();
    let tidy = server.tidy().await;
    server.until_count("mutation_receipts", 1).await;
    tidy.stop().await;
}

async fn only_the_author_sees_the_id(server: Arc<Server>) {
    const EVENTS: &str = "events { sequence clientMutationId }";
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    // With the same role and the same selection, they would share their payloads.
    ann.share_as(&board, &bob, "ADMIN").await;
    let mut sockets = Vec::new();
    for user in [&ann, &bob, &ann, &bob] {
        sockets.push(Socket::following(user, &board, EVENTS).await);
    }
    create(&ann, &board, "one", "x").await.ok();
    create(&bob, &board, "two", "y").await.ok();
    for (at, socket) in sockets.iter_mut().enumerate() {
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let news = socket.news("1").await;
            let events = news["events"].as_array().unwrap().iter();
            seen.extend(events.map(|event| event["clientMutationId"].clone()));
        }
        let expected = if at % 2 == 0 { json!(["x", null]) } else { json!([null, "y"]) };
        assert_eq!(Value::from(seen), expected, "{at}");
    }
    let latest = async |user: &User| history(user, &board).await.split_off(2);
    let created = |id: Value| ("CardCreatedEvent".to_owned(), id);
    assert_eq!(latest(&ann).await, [created(json!("x")), created(Value::Null)]);
    assert_eq!(latest(&bob).await, [created(Value::Null), created(json!("y"))]);
}

/// A payload that is shared must not show the IDs of earlier events either.
async fn only_the_author_sees_the_id_of_an_earlier_event(server: Arc<Server>) {
    const EVENTS: &str =
        "sequence board { activity(first: 9) { nodes { sequence clientMutationId } } }";
    let (ann, bob, vic) =
        (server.user("ann").await, server.user("bob").await, server.user("vic").await);
    let board = ann.board("Plans").await;
    for user in [&bob, &vic] {
        ann.share_as(&board, user, "ADMIN").await;
    }
    create(&ann, &board, "one", "x").await.ok();
    let users = [&ann, &bob, &vic, &ann];
    let mut sockets = Vec::new();
    for user in users {
        let mut socket = Socket::of(user).await;
        socket.follow("1", &board, None, EVENTS).await;
        sockets.push(socket);
    }
    // Both in the first payload and in that of a change that somebody else makes.
    for _ in 0..2 {
        for (user, socket) in users.iter().zip(&mut sockets) {
            let news = socket.news("1").await;
            let nodes = news["board"]["activity"]["nodes"].as_array().unwrap().iter();
            let ids: Vec<_> = nodes.filter_map(|node| node["clientMutationId"].as_str()).collect();
            assert_eq!(ids, if user.id == ann.id { vec!["x"] } else { vec![] });
        }
        vic.card(&board, "two").await;
    }
}

/// The last payloads of those who leave or are removed.
async fn only_the_author_sees_the_id_of_the_last_event(server: Arc<Server>) {
    let (ann, bob, eve) =
        (server.user("ann").await, server.user("bob").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    for (author, leaver, expected) in [(&bob, &bob, json!("x")), (&ann, &eve, Value::Null)] {
        ann.share(&board, leaver).await;
        let mut socket =
            Socket::following(leaver, &board, "events { __typename clientMutationId }").await;
        let removal = json!({ "boardId": board, "userId": leaver.id, "clientMutationId": "x" });
        author.done("unshareBoard", removal, "removedUserId").await;
        let news = socket.news("1").await;
        let last = json!([{ "__typename": "MemberRemovedEvent", "clientMutationId": expected }]);
        assert_eq!(news["events"], last);
        assert_eq!(socket.message_of("1").await["type"], "complete");
    }
}

/// Whether the first attempt has taken effect is not known then: the client must send it again.
async fn a_retry_whose_receipt_cannot_be_read_is_no_conflict(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "one").await;
    let version = ann.get(&format!("{{ card(id: {card:?}) {{ version }} }}")).await;
    let version = &version["card"]["version"];
    let input = json!({ "cardId": card, "title": "two", "expectedVersion": version, "clientMutationId": "x" });
    let update = async || ann.call("updateCard", input.clone(), "card { title }").await;
    update().await.ok();
    let rename = |from, to| format!("ALTER TABLE {from} RENAME TO {to}");
    let hide = rename("mutation_receipts", "hidden");
    server.execute(&hide, &hide).await;
    assert_eq!(update().await.code(), "INTERNAL_SERVER_ERROR");
    let show = rename("hidden", "mutation_receipts");
    server.execute(&show, &show).await;
    assert_eq!(update().await.ok()["updateCard"]["card"]["title"], "two");
}

async fn an_id_costs_no_round_trip(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut counts = Vec::new();
    for id in [Value::Null, json!("x")] {
        let input = json!({ "boardId": board, "card": { "title": "t" }, "clientMutationId": id });
        let before = server.db.statement_count();
        ann.done("createCard", input, "card { id }").await;
        counts.push(server.db.statement_count() - before);
    }
    // SQLite, which has no round trips, runs the statements one by one.
    assert_eq!(counts[1] - counts[0], u64::from(server.is_sqlite()));
    assert_eq!(server.count("mutation_receipts").await, 1);
}
