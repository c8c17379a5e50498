//! Names of people, what they have made, and what they may do with comments.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Lock, Server, User, column, scenarios, text};

scenarios![
    a_name_is_the_local_part_until_the_user_sets_another,
    a_name_does_not_depend_on_the_password,
    a_name_needs_no_password_but_an_address_and_a_password_do,
    bad_names_are_refused,
    a_board_is_shared_by_id_or_by_address,
    boards_and_cards_have_an_author,
    comments_say_what_the_viewer_may_do,
    changes_name_their_field_twice,
    payloads_have_the_edge_of_what_enters_a_list,
];

async fn name(user: &User) -> String {
    text(&user.get("{ viewer { name } }").await["viewer"]["name"])
}

async fn a_name_is_the_local_part_until_the_user_sets_another(server: Arc<Server>) {
    let sign_up = async |email: &str, name: Value| {
        let query = "mutation($i: SignUpInput!) { signUp(input: $i) { user { name } } }";
        let input = json!({ "email": email, "password": "password", "name": name });
        server.ask(query, json!({ "i": input })).await.ok()["signUp"]["user"]["name"].take()
    };
    assert_eq!(sign_up("Ann.Lee+x@example.com", Value::Null).await, "Ann.Lee+x");
    assert_eq!(sign_up("bob@example.com", json!("  Bob 🙂 Ross ")).await, "Bob 🙂 Ross");
    let mut ann = server.user_from("ann.lee+x").await;
    // Stored, not computed.
    let moved = json!({ "email": "other@example.com", "currentPassword": "password" });
    ann.change_account(moved).await;
    assert_eq!(name(&ann).await, "Ann.Lee+x");
    // Other people see the name.
    let bob = server.user_from("bob").await;
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    ann.done("updateViewer", json!({ "name": "Ann" }), "user { id }").await;
    let query = format!("{{ board(id: {board:?}) {{ members {{ nodes {{ name }} }} }} }}");
    let members = bob.get(&query).await["board"]["members"]["nodes"].take();
    assert_eq!(column(&members, "name"), ["Ann", "Bob 🙂 Ross"]);
}

async fn a_name_needs_no_password_but_an_address_and_a_password_do(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let update = async |input: Value| ann.call("updateViewer", input, "user { name email }").await;
    let changed = update(json!({ "name": "Ann" })).await.ok();
    let user = json!({ "name": "Ann", "email": "ann@example.com" });
    assert_eq!(changed["updateViewer"]["user"], user);
    for input in [
        json!({ "email": "new@example.com" }),
        json!({ "password": "new password" }),
        json!({ "name": "Eve", "email": "new@example.com", "currentPassword": null }),
    ] {
        let field = json!(["input", "currentPassword"]);
        assert_eq!(update(input).await.error(), ("BAD_USER_INPUT".into(), field));
    }
    // A password that is given is checked.
    let wrong = update(json!({ "name": "Eve", "currentPassword": "wrong" })).await;
    assert_eq!(wrong.code(), "INVALID_CREDENTIALS");
    assert_eq!(name(&ann).await, "Ann");
    let all = json!({
        "name": "Eve", "email": "eve@example.com", "password": "new password",
        "currentPassword": "password",
    });
    let changed = update(all).await.ok();
    let user = json!({ "name": "Eve", "email": "eve@example.com" });
    assert_eq!(changed["updateViewer"]["user"], user);
    assert_eq!(server.log_in_as("eve", "new password").await.user(&server).id, ann.id);
    // Nothing to change.
    let eve = server.log_in_as("eve", "new password").await.user(&server);
    for input in [json!({}), json!({ "name": "Eve" })] {
        eve.done("updateViewer", input, "user { name email }").await;
    }
}

/// The hash of a password changes when a log-in renews it.
async fn a_name_does_not_depend_on_the_password(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut lock = Lock::take(&server).await;
    let renew = "UPDATE users SET password_hash = password_hash || 'x'";
    lock.execute(renew, renew).await;
    let change = tokio::spawn({
        let ann = ann.clone();
        async move { ann.done("updateViewer", json!({ "name": "Ann" }), "user { name }").await }
    });
    lock.wait_for_others(1).await;
    // On SQLite nobody knows who waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    lock.commit().await;
    assert_eq!(change.await.unwrap()["user"]["name"], "Ann");
}

async fn bad_names_are_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for bad in ["", " ", "\u{200b}", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
        let answer = ann.call("updateViewer", json!({ "name": bad }), "user { id }").await;
        let field = json!(["input", "name"]);
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), field.clone()), "{bad:?}");
        let input = json!({ "email": "bob@example.com", "password": "password", "name": bad });
        let query = "mutation($i: SignUpInput!) { signUp(input: $i) { user { id } } }";
        let answer = server.ask(query, json!({ "i": input })).await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), field), "{bad:?}");
    }
    ann.done("updateViewer", json!({ "name": "é".repeat(100) }), "user { id }").await;
    let long =
        json!({ "email": format!("{}@example.com", "y".repeat(64)), "password": "password" });
    let query = "mutation($i: SignUpInput!) { signUp(input: $i) { user { name } } }";
    let made = server.ask(query, json!({ "i": long })).await.ok();
    assert_eq!(made["signUp"]["user"]["name"], "y".repeat(64));
}

async fn a_board_is_shared_by_id_or_by_address(server: Arc<Server>) {
    let (ann, bob, eve) =
        (server.user("ann").await, server.user("bob").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    let share = async |more: Value| {
        let mut input = json!({ "boardId": board });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ann.call("shareBoard", input, "memberEdge { role node { id } }").await
    };
    let by_address = share(json!({ "email": " BOB@example.com ", "role": "VIEWER" })).await.ok();
    let edge = json!({ "role": "VIEWER", "node": { "id": bob.id } });
    assert_eq!(by_address["shareBoard"]["memberEdge"], edge);
    share(json!({ "userId": eve.id })).await.ok();
    for (more, code, field) in [
        (json!({}), "BAD_USER_INPUT", "userId"),
        (json!({ "userId": null, "email": null }), "BAD_USER_INPUT", "userId"),
        (json!({ "userId": bob.id, "email": "bob@example.com" }), "BAD_USER_INPUT", "email"),
        (json!({ "email": "nobody@example.com" }), "NOT_FOUND", "email"),
        (json!({ "email": "no address" }), "NOT_FOUND", "email"),
        (json!({ "userId": "board_1" }), "BAD_USER_INPUT", "userId"),
        (json!({ "userId": format!("user_{}", "0".repeat(32)) }), "NOT_FOUND", "userId"),
    ] {
        let answer = share(more.clone()).await;
        assert_eq!(answer.error(), (code.into(), json!(["input", field])), "{more}");
    }
    // The schema says so too.
    let query =
        "query($name: String!) { __type(name: $name) { inputFields { name type { kind } } } }";
    for (input, field) in [("ShareBoardInput", "userId"), ("UpdateViewerInput", "currentPassword")]
    {
        let found = server.ask(query, json!({ "name": input })).await.ok();
        let fields = found["__type"]["inputFields"].as_array().unwrap();
        let found = fields.iter().find(|one| one["name"] == field).unwrap();
        assert_eq!(found["type"]["kind"], "SCALAR", "{input}.{field} is optional");
    }
}

async fn boards_and_cards_have_an_author(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share_as(&board, &bob, "ADMIN").await;
    ann.card(&board, "by Ann").await;
    let cards = json!([{ "title": "by Bob" }, { "title": "by Bob" }]);
    let input = json!({ "boardId": board, "cards": cards });
    bob.done("createCards", input, "cards { id }").await;
    let query = format!(
        "{{ board(id: {board:?}) {{ createdBy {{ name }} cards {{ nodes {{ createdBy {{ name }} }} }} }} }}"
    );
    let by = |names: [Value; 4]| {
        let [board, cards @ ..] = names.map(|name| match name {
            Value::Null => json!({ "createdBy": null }),
            name => json!({ "createdBy": { "name": name } }),
        });
        let mut expected = board;
        expected["cards"] = json!({ "nodes": cards });
        expected
    };
    let (a, b) = (json!("ann"), json!("bob"));
    let expected = by([a.clone(), a, b.clone(), b.clone()]);
    assert_eq!(bob.get(&query).await["board"], expected);
    // Authors who have left remain visible, until their accounts are deleted.
    let leave = json!({ "boardId": board, "userId": ann.id });
    ann.done("unshareBoard", leave, "removedUserId").await;
    assert_eq!(bob.get(&query).await["board"], expected);
    let gone = json!({ "currentPassword": "password" });
    ann.done("deleteViewer", gone, "deletedUserId").await;
    let expected = by([Value::Null, Value::Null, b.clone(), b]);
    assert_eq!(bob.get(&query).await["board"], expected);
}

async fn comments_say_what_the_viewer_may_do(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let card = ann.card(&board, "x").await;
    let comments = [ann.comment(&card, "by Ann").await, bob.comment(&card, "by Bob").await];
    let rights = async |user: &User| {
        let query = format!(
            "{{ card(id: {card:?}) {{ comments {{ nodes {{ viewerCanUpdate viewerCanDelete }} }} }} }}"
        );
        let found = user.get(&query).await["card"]["comments"]["nodes"].take();
        let right = |one: &Value| (one["viewerCanUpdate"].clone(), one["viewerCanDelete"].clone());
        found.as_array().unwrap().iter().map(right).collect::<Vec<_>>()
    };
    let may = |of: [[bool; 2]; 2]| of.map(|[update, delete]| (json!(update), json!(delete)));
    for (role, expected) in [
        ("ADMIN", [[false, true], [true, true]]),
        ("MEMBER", [[false, false], [true, true]]),
        ("VIEWER", [[false, false], [false, false]]),
    ] {
        ann.share_as(&board, &bob, role).await;
        assert_eq!(rights(&bob).await, may(expected), "{role}");
        // What the fields say is what the mutations do.
        for (comment, [update, delete]) in comments.iter().zip(expected) {
            let input = json!({ "commentId": comment, "body": "by Bob" });
            let answer = bob.call("updateComment", input, "comment { id }").await;
            assert_eq!(answer.body["errors"].is_null(), update, "{role}");
            if !delete {
                let input = json!({ "commentId": comment });
                let answer = bob.call("deleteComment", input, "card { id }").await;
                assert_eq!(answer.code(), "FORBIDDEN", "{role}");
            }
        }
    }
    assert_eq!(rights(&ann).await, may([[true, true], [false, true]]));
}

async fn changes_name_their_field_twice(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let both = json!({ "boardId": board, "title": "Goals", "description": "text" });
    ann.done("updateBoard", both, "board { id }").await;
    ann.done("updateCard", json!({ "cardId": card, "title": "y" }), "card { id }").await;
    let query = format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}");
    let label = ann.get(&query).await["board"]["labels"][0]["id"].take();
    ann.done("deleteLabel", json!({ "labelId": label }), "deletedLabelId").await;
    let label = ann.get(&query).await["board"]["labels"][0]["id"].take();
    let input = json!({ "labelId": label, "name": "n", "color": "RED" });
    ann.done("updateLabel", input, "label { id }").await;
    let changes = "changes { field fieldName }";
    let query = format!(
        "{{ board(id: {board:?}) {{ activity {{ nodes {{ ... on BoardUpdatedEvent {{ {changes} }}
            ... on CardUpdatedEvent {{ {changes} }} ... on LabelUpdatedEvent {{ {changes} }} }} }} }} }}"
    );
    let events = ann.get(&query).await["board"]["activity"]["nodes"].take();
    let events = events.as_array().unwrap().iter();
    let changes: Vec<_> =
        events.filter_map(|event| event["changes"].as_array()).flatten().collect();
    let fields: Vec<_> = changes.iter().map(|change| text(&change["field"])).collect();
    assert_eq!(fields, ["name", "color", "title", "title", "description"]);
    for change in changes {
        assert_eq!(text(&change["fieldName"]), text(&change["field"]).to_uppercase());
    }
}

async fn payloads_have_the_edge_of_what_enters_a_list(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = json!([{ "title": "one" }, { "title": "two", "column": "DONE" }]);
    let input = json!({ "boardId": board, "cards": cards });
    let mut made = ann.done("createCards", input, "cardEdges { cursor node { id } }").await;
    let edges = made["cardEdges"].take();
    let card = edges[0]["node"]["id"].clone();
    let moved = json!({ "cardId": card, "column": "DOING" });
    let edge = "cardEdge { cursor node { id column } }";
    let moved = ann.done("moveCard", moved, edge).await["cardEdge"].take();
    let updated = json!({ "cardId": card, "column": "DOING" });
    assert_eq!(ann.done("updateCard", updated, edge).await["cardEdge"], moved);
    ann.done("deleteCard", json!({ "cardId": card }), "deletedCardId").await;
    let restored = ann.done("restoreCard", json!({ "cardId": card }), edge).await;
    let query = format!(
        "{{ board(id: {board:?}) {{ cards {{ edges {{ cursor node {{ id column }} }} }} }}
            boards {{ edges {{ cursor node {{ id }} }} }} }}"
    );
    let found = ann.get(&query).await;
    let list = &found["board"]["cards"]["edges"];
    assert_eq!(list[0], restored["cardEdge"]);
    assert_eq!(moved["node"], restored["cardEdge"]["node"]);
    assert_eq!(list[1]["cursor"], edges[1]["cursor"]);
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    let restored =
        ann.done("restoreBoard", json!({ "boardId": board }), "boardEdge { cursor node { id } }");
    assert_eq!(restored.await["boardEdge"], found["boards"]["edges"][0]);
}
