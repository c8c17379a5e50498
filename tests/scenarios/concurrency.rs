//! Invariants that hold when 32 clients write concurrently.

use std::sync::Arc;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Answer, Lock, Server, User, column, scenarios, text};

scenarios![
    one_of_many_sign_ups_gets_the_address,
    one_of_many_labels_gets_the_colour,
    the_last_member_stays_when_all_leave_at_once,
    two_who_remove_each_other_leave_one,
    the_last_admin_stays_when_all_go_at_once,
    somebody_is_admin_when_all_admins_delete_their_accounts_at_once,
    an_account_that_goes_while_boards_come_leaves_nothing_behind,
    a_board_that_comes_at_the_last_moment_goes_with_the_account,
    cards_that_all_move_at_once_keep_one_order,
    one_of_many_with_the_same_version_wins,
    a_history_has_no_gap_under_many_writers,
    purges_and_restorations_at_once,
    no_card_is_lost,
    many_changes_of_one_card_all_succeed,
    a_comment_shows_its_card_though_somebody_deletes_it,
];

const CLIENTS: usize = 32;

/// The error codes of the responses, sorted, with `ok` for a response without errors.
fn codes(answers: &[Answer]) -> Vec<String> {
    let code = |answer: &Answer| match answer.body.get("errors") {
        None => "ok".to_owned(),
        Some(_) => answer.code(),
    };
    let mut codes: Vec<String> = answers.iter().map(code).collect();
    codes.sort();
    codes
}

/// Asserts that one response is a success and all others have this code.
#[track_caller]
fn assert_one_winner(answers: &[Answer], code: &str) {
    let codes = codes(answers);
    assert_eq!(codes.iter().filter(|one| *one == "ok").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|one| *one == code).count(), CLIENTS - 1, "{codes:?}");
}

async fn one_of_many_sign_ups_gets_the_address(server: Arc<Server>) {
    let query = r#"mutation { signUp(input: { email: "ann@example.com", password: "password" }) { user { id } } }"#;
    let answers = join_all((0..CLIENTS).map(|_| server.ask(query, json!({})))).await;
    assert_one_winner(&answers, "CONFLICT");
}

async fn one_of_many_labels_gets_the_colour(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let query = "query($id: ID!) { board(id: $id) { labels { id color } } }";
    let labels = ann.ask(query, json!({ "id": board })).await.ok();
    let red = text(&labels["board"]["labels"][0]["id"]);
    ann.done("deleteLabel", json!({ "labelId": red }), "deletedLabelId").await;
    let input = json!({ "boardId": board, "color": "RED" });
    let tries = (0..CLIENTS).map(|_| ann.call("createLabel", input.clone(), "label { id }"));
    assert_one_winner(&join_all(tries).await, "CONFLICT");
    let labels = ann.ask(query, json!({ "id": board })).await.ok();
    assert_eq!(column(&labels["board"]["labels"], "color").len(), 7);
}

async fn members(user: &User, board: &str) -> i64 {
    let query = "query($id: ID!) { board(id: $id) { members { totalCount } } }";
    let found = user.ask(query, json!({ "id": board })).await.ok();
    found["board"]["members"]["totalCount"].as_i64().unwrap_or(0)
}

async fn the_last_member_stays_when_all_leave_at_once(server: Arc<Server>) {
    let users = join_all((0..CLIENTS).map(|n| {
        let server = Arc::clone(&server);
        async move { server.user(&format!("user{n}")).await }
    }))
    .await;
    let board = users[0].board("Plans").await;
    for user in &users[1..] {
        users[0].share_as(&board, user, "ADMIN").await;
    }
    let leaving = users.iter().map(|user| {
        user.call("unshareBoard", json!({ "boardId": board, "userId": user.id }), "removedUserId")
    });
    let answers = join_all(leaving).await;
    let codes = codes(&answers);
    assert_eq!(codes.iter().filter(|code| *code == "CONFLICT").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "ok").count(), CLIENTS - 1, "{codes:?}");
    let left = join_all(users.iter().map(|user| members(user, &board))).await;
    assert_eq!(left.iter().sum::<i64>(), 1);
}

async fn two_who_remove_each_other_leave_one(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    for _ in 0..10 {
        let board = ann.board("Plans").await;
        ann.share_as(&board, &bob, "ADMIN").await;
        let input = |whom: &User| json!({ "boardId": board, "userId": whom.id });
        let (one, two) = tokio::join!(
            ann.call("unshareBoard", input(&bob), "removedUserId"),
            bob.call("unshareBoard", input(&ann), "removedUserId"),
        );
        // The slower request finds that its user is no longer a member.
        assert_eq!(codes(&[one, two]), ["NOT_FOUND", "ok"]);
        assert_eq!(members(&ann, &board).await + members(&bob, &board).await, 1);
    }
}

/// By leaving the board, and by taking a lesser role.
async fn the_last_admin_stays_when_all_go_at_once(server: Arc<Server>) {
    let users = join_all((0..CLIENTS).map(|n| {
        let server = Arc::clone(&server);
        async move { server.user(&format!("user{n}")).await }
    }))
    .await;
    let member = server.user("member").await;
    let board = users[0].board("Plans").await;
    users[0].share(&board, &member).await;
    for user in &users[1..] {
        users[0].share_as(&board, user, "ADMIN").await;
    }
    let before = member.version(&board).await;
    let going = users.iter().enumerate().map(|(n, user)| {
        let role = ["MEMBER", "VIEWER"][n / 2 % 2];
        let input = json!({ "boardId": board, "userId": user.id, "role": role });
        let leave = json!({ "boardId": board, "userId": user.id });
        async move {
            match n % 2 {
                0 => user.call("shareBoard", input, "board { id }").await,
                _ => user.call("unshareBoard", leave, "removedUserId").await,
            }
        }
    });
    let codes = codes(&join_all(going).await);
    assert_eq!(codes.iter().filter(|code| *code == "CONFLICT").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "ok").count(), CLIENTS - 1, "{codes:?}");
    let query =
        format!("{{ board(id: {board:?}) {{ members(first: 100) {{ edges {{ role }} }} }} }}");
    let found = member.get(&query).await;
    let roles = column(&found["board"]["members"]["edges"], "role");
    assert_eq!(roles.iter().filter(|role| *role == "ADMIN").count(), 1, "{roles:?}");
    assert_eq!(member.events(&board, before).await.len(), CLIENTS - 1);
}

async fn somebody_is_admin_when_all_admins_delete_their_accounts_at_once(server: Arc<Server>) {
    // They wait for each other, on a slow machine for longer than the default.
    let server = Arc::new(server.another(&[("DATABASE_WAIT_SECONDS", "60")]).await);
    let (ann, eve) = (server.user("ann").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &eve).await;
    let mut admins = vec![];
    for n in 1..CLIENTS {
        let admin = server.user(&format!("admin{n}")).await;
        ann.share_as(&board, &admin, "ADMIN").await;
        admins.push(admin);
    }
    admins.push(ann);
    let input = json!({ "currentPassword": "password" });
    let gone =
        join_all(admins.iter().map(|one| one.call("deleteViewer", input.clone(), "deletedUserId")));
    assert_eq!(codes(&gone.await), vec!["ok"; CLIENTS]);
    let query = format!("{{ board(id: {board:?}) {{ members {{ edges {{ role }} }} }} }}");
    let roles = column(&eve.get(&query).await["board"]["members"]["edges"], "role");
    assert_eq!(roles, ["ADMIN"]);
    let events = eve.events(&board, 0).await;
    assert_eq!(events.iter().filter(|kind| *kind == "MemberRemovedEvent").count(), CLIENTS);
    assert_eq!(events.iter().filter(|kind| *kind == "MemberRoleChangedEvent").count(), 1);
    server.stop().await;
}

/// Boards are created by the account, and shared with it, while it is deleted.
async fn an_account_that_goes_while_boards_come_leaves_nothing_behind(server: Arc<Server>) {
    let bob = server.user("bob").await;
    let ours = bob.board("Ours").await;
    for round in 0..4 {
        let ann = server.user(&format!("ann{round}")).await;
        let make =
            |n: usize| ann.call("createBoard", json!({ "title": n.to_string() }), "board { id }");
        let input = json!({ "boardId": ours, "userId": ann.id });
        let share = || bob.call("shareBoard", input.clone(), "board { id }");
        let go =
            || ann.call("deleteViewer", json!({ "currentPassword": "password" }), "deletedUserId");
        let (made, shared, gone, later) =
            tokio::join!(join_all((0..12).map(make)), share(), go(), join_all((0..12).map(make)));
        for answer in made.iter().chain(&later).filter(|one| one.body.get("errors").is_some()) {
            assert_eq!(answer.code(), "UNAUTHENTICATED", "{}", answer.body);
        }
        assert!(["ok", "NOT_FOUND"].contains(&codes(&[shared])[0].as_str()));
        // Boards that are created concurrently can make the deletion fail, but never leave it half
        // done.
        let mut answer = gone;
        while codes(std::slice::from_ref(&answer)) == ["SERVICE_UNAVAILABLE"] {
            answer = go().await;
        }
        answer.ok();
    }
    let orphans = "boards WHERE NOT EXISTS (SELECT 1 FROM users_boards WHERE board_id = boards.id)";
    server.until_count(orphans, 0).await;
    assert_eq!((server.count("boards").await, server.count("users").await), (1, 1));
    let members =
        bob.get(&format!("{{ board(id: {ours:?}) {{ members {{ totalCount }} }} }}")).await;
    assert_eq!(members["board"]["members"]["totalCount"], 1);
}

/// A board is shared with the account after the deletion has listed its boards and before it commits.
async fn a_board_that_comes_at_the_last_moment_goes_with_the_account(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut lock = Lock::take(&server).await;
    let insert = |now: &str, boards: &str| {
        format!(
            "INSERT INTO boards (title, title_key, description, created_at, updated_at, version)
             VALUES ('x', 'x', '', {now}, {now}, 1);
             INSERT INTO users_boards (board_id, user_id, created_at, updated_at, role)
             SELECT {boards}, id, {now}, {now}, 'ADMIN' FROM users"
        )
    };
    let last = "currval(pg_get_serial_sequence('boards', 'id'))";
    lock.execute(&insert("5", "last_insert_rowid()"), &insert("now()", last)).await;
    let go = async {
        let input = json!({ "currentPassword": "password" });
        ann.done("deleteViewer", input, "deletedUserId").await
    };
    let share = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        lock.commit().await;
    };
    tokio::join!(go, share);
    assert_eq!(server.count("users").await, 0);
    server.until_count("boards", 0).await;
}

/// 32 clients move the same 50 cards while other clients read them.
async fn cards_that_all_move_at_once_keep_one_order(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 50).await;
    let before = ann.version(&board).await;
    let moving = (0..CLIENTS).map(|client| {
        let (ann, ids) = (&ann, &ids);
        async move {
            let mut rng = StdRng::seed_from_u64(client as u64);
            let mut answers = Vec::new();
            for _ in 0..6 {
                let two: Vec<_> = ids.sample(&mut rng, 2).collect();
                let to = ["BACKLOG", "TODO", "DOING"].choose(&mut rng).unwrap();
                let mut input = json!({ "cardId": two[0], "column": to });
                match rng.random_range(0..4) {
                    0 => input["beforeCardId"] = json!(two[1]),
                    1 => input["afterCardId"] = json!(two[1]),
                    // Provokes a conflict: the card has a later version.
                    2 => input["expectedVersion"] = json!(1),
                    _ => {}
                }
                let asked = input["expectedVersion"].is_number();
                let answer = ann.call("moveCard", input, "card { id }").await;
                answers.push((asked, codes(&[answer]).remove(0)));
            }
            answers
        }
    });
    let reading = async {
        let mut versions = Vec::new();
        for _ in 0..20 {
            let query = format!(
                "{{ board(id: {board:?}) {{ version columns {{ column
                cards(first: 100) {{ nodes {{ id rank }} }} }} }} }}"
            );
            let found = ann.get(&query).await["board"].take();
            versions.push(found["version"].as_i64().unwrap());
            let columns = found["columns"].as_array().unwrap();
            for column in columns {
                assert_strictly_rising(&column["cards"]["nodes"]);
            }
            let mut all: Vec<String> =
                columns.iter().flat_map(|one| self::column(&one["cards"]["nodes"], "id")).collect();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 50, "a reader sees each card once");
        }
        assert!(versions.is_sorted());
    };
    let (answers, ()) = tokio::join!(join_all(moving), reading);
    let mut moved = 0;
    for (asked, code) in answers.into_iter().flatten() {
        assert_eq!(code, if asked { "CONFLICT" } else { "ok" });
        moved += usize::from(!asked);
    }
    let events = events_of(&ann, &board, before).await;
    let moves = events.iter().filter(|kind| *kind == "CardMovedEvent").count();
    assert!(moves <= moved && moves > 0, "{moves} of {moved}");
    let columns = ann.columns(&board).await;
    let mut all = columns.concat();
    all.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(all, expected, "no card is lost");
    // One total order: the board's list of cards equals its columns joined.
    let query = format!("{{ board(id: {board:?}) {{ cards(first: 100) {{ nodes {{ id }} }} }} }}");
    let found = ann.get(&query).await;
    assert_eq!(column(&found["board"]["cards"]["nodes"], "id"), columns.concat());
}

/// Asserts that no two cards of a column have the same rank.
fn assert_strictly_rising(cards: &Value) {
    let ranks = column(cards, "rank");
    assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
}

/// All events after a sequence number, read page by page.
async fn events_of(user: &User, board: &str, after: i64) -> Vec<String> {
    let (mut after, mut kinds) = (after, Vec::new());
    let version = user.version(board).await;
    while after < version {
        let query = format!(
            "{{ board(id: {board:?}) {{ activity(last: 200, afterSequence: {after}) {{
            nodes {{ __typename sequence }} }} }} }}"
        );
        let mut events = user.get(&query).await["board"]["activity"]["nodes"].take();
        let events = events.as_array_mut().unwrap();
        events.reverse();
        for event in events.iter() {
            after += 1;
            assert_eq!(event["sequence"], after, "the sequence has a gap");
            kinds.push(text(&event["__typename"]));
        }
    }
    kinds
}

/// Of several writes with the same expected version, one succeeds.
async fn one_of_many_with_the_same_version_wins(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for (mutation, more) in [
        ("updateCard", json!({ "title": "$n" })),
        ("moveCard", json!({ "column": "DONE" })),
        ("deleteCard", json!({})),
    ] {
        let card = ann.card(&board, "x").await;
        let version = ann.version(&board).await;
        let tries = (0..CLIENTS).map(|n| {
            let mut input = json!({ "cardId": card, "expectedVersion": version });
            let more = more.to_string().replace("$n", &n.to_string());
            let more: Value = serde_json::from_str(&more).unwrap();
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ann.call(mutation, input, "__typename")
        });
        // The slower requests find that the card is deleted or has another version.
        let code = if mutation == "deleteCard" { "NOT_FOUND" } else { "CONFLICT" };
        assert_one_winner(&join_all(tries).await, code);
        assert_eq!(ann.version(&board).await, version + 1);
    }
}

/// All kinds of changes at once: the history has no gap and an event for each change that succeeded.
async fn a_history_has_no_gap_under_many_writers(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 8).await;
    let before = ann.version(&board).await;
    let writing = (0..CLIENTS).map(|n| {
        let (ann, board, card) = (&ann, &board, &ids[n % 8]);
        async move {
            let cards =
                json!([{ "title": "a" }, { "title": "b", "column": "DONE" }, { "title": "c" }]);
            let changes = [
                ("createCards", json!({ "boardId": board, "cards": cards }), 3),
                ("updateCard", json!({ "cardId": card, "title": format!("title {n}") }), 1),
                ("updateBoard", json!({ "boardId": board, "title": format!("title {n}") }), 1),
                ("addComment", json!({ "cardId": card, "body": "hm" }), 1),
                // These fail and change nothing.
                ("createCard", json!({ "boardId": board, "card": { "title": "" } }), 0),
                ("createLabel", json!({ "boardId": board, "color": "RED" }), 0),
                ("unshareBoard", json!({ "boardId": board, "userId": ann.id }), 0),
            ];
            let mut expected = 0;
            for (mutation, input, events) in changes {
                let answer = ann.call(mutation, input, "__typename").await;
                assert_eq!(answer.body.get("errors").is_some(), events == 0, "{}", answer.body);
                expected += events;
            }
            expected
        }
    });
    let expected: usize = join_all(writing).await.into_iter().sum();
    let events = events_of(&ann, &board, before).await;
    assert_eq!(events.len(), expected);
    for (kind, count) in [
        ("CardCreatedEvent", 3 * CLIENTS),
        ("CardUpdatedEvent", CLIENTS),
        ("BoardUpdatedEvent", CLIENTS),
        ("CommentAddedEvent", CLIENTS),
    ] {
        assert_eq!(events.iter().filter(|one| *one == kind).count(), count, "{kind}");
    }
}

/// Several instances purge concurrently: each row is erased once, with one event. Rows that are
/// restored meanwhile stay.
async fn purges_and_restorations_at_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 150).await;
    for card in &ids {
        ann.delete_card(card).await;
    }
    let past = ann.board("Past").await;
    ann.cards(&past, 1100).await;
    ann.done("deleteBoard", json!({ "boardId": past }), "deletedBoardId").await;
    let before = ann.version(&board).await;
    server.age_trash(31).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    let purges = join_all((0..8).map(|_| kanban::service::trash::purge(&services, Some(30))));
    let restoring = join_all(
        ids.iter()
            .rev()
            .take(24)
            .map(|card| ann.call("restoreCard", json!({ "cardId": card }), "card { id }")),
    );
    let (purges, restored) = tokio::join!(purges, restoring);
    let purges: Vec<_> = purges.into_iter().map(Result::unwrap).collect();
    let back: Vec<String> = ann.columns(&board).await.concat();
    let came_back = codes(&restored).iter().filter(|code| *code == "ok").count();
    assert_eq!(back.len(), came_back);
    assert!(codes(&restored).iter().all(|code| code == "ok" || code == "NOT_FOUND"));
    assert_eq!(purges.iter().map(|one| one.cards).sum::<usize>(), 150 - came_back);
    assert_eq!(purges.iter().map(|one| one.boards).sum::<usize>(), 1);
    // The events name each erased card exactly once.
    let query = format!(
        "{{ board(id: {board:?}) {{ activity(first: 200, afterSequence: {before}) {{
        nodes {{ __typename actor {{ id }} ... on CardsPurgedEvent {{ cardIds }} }} }} }} }}"
    );
    let events = ann.get(&query).await["board"]["activity"]["nodes"].take();
    let mut erased: Vec<String> = Vec::new();
    for event in events.as_array().unwrap() {
        if event["__typename"] == "CardsPurgedEvent" {
            assert!(event["actor"].is_null());
            erased.extend(event["cardIds"].as_array().unwrap().iter().map(text));
        }
    }
    erased.extend(back);
    erased.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(erased, expected);
}

async fn no_card_is_lost(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = json!([{ "title": "a", "labels": ["RED"] }, { "title": "b" }, { "title": "c", "column": "DONE" }]);
    let input = json!({ "boardId": board, "cards": cards });
    let tries = (0..CLIENTS).map(|_| ann.call("createCards", input.clone(), "cards { id }"));
    let answers = join_all(tries).await;
    assert_eq!(codes(&answers), vec!["ok"; CLIENTS]);
    let query =
        "query($id: ID!) { board(id: $id) { cards(first: 1000) { totalCount nodes { id } } } }";
    let found = ann.ask(query, json!({ "id": board })).await.ok();
    assert_eq!(found["board"]["cards"]["totalCount"], 3 * CLIENTS);
    let mut ids = column(&found["board"]["cards"]["nodes"], "id");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3 * CLIENTS);
}

async fn many_changes_of_one_card_all_succeed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let tries = (0..CLIENTS).map(|n| {
        let (mutation, input) = match n % 4 {
            0 => (
                "updateCard",
                json!({ "cardId": card, "title": format!("title {n}"), "labels": ["RED", "BLUE"] }),
            ),
            1 => ("addLabelsToCard", json!({ "cardId": card, "labels": ["RED", "GREEN", "GRAY"] })),
            2 => ("removeLabelsFromCard", json!({ "cardId": card, "labels": ["RED", "GREEN"] })),
            _ => ("updateBoard", json!({ "boardId": board, "title": format!("title {n}") })),
        };
        ann.call(mutation, input, "__typename")
    });
    let answers = join_all(tries).await;
    assert_eq!(codes(&answers), vec!["ok"; CLIENTS]);
    let query = "query($id: ID!) { card(id: $id) { title labels { color } } }";
    let found = ann.ask(query, json!({ "id": card })).await.ok();
    assert!(text(&found["card"]["title"]).starts_with("title "));
    let colors = column(&found["card"]["labels"], "color");
    assert!(colors.contains(&"BLUE".to_owned()) && colors.len() <= 4, "{colors:?}");
}

/// The payload of a committed mutation shows the card as its transaction saw it.
async fn a_comment_shows_its_card_though_somebody_deletes_it(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let cards = ann.cards(&board, CLIENTS).await;
    let add = "mutation($i: AddCommentInput!) { addComment(input: $i) {
        comment { body card { title description } } commentEdge { node { card { title } } } } }";
    let delete = "mutation($i: DeleteCardInput!) { deleteCard(input: $i) { deletedCardId } }";
    let both = cards.iter().map(async |card| {
        let input = json!({ "i": { "cardId": card, "body": "hm" } });
        let added = bob.ask(add, input);
        let deleted = ann.ask(delete, json!({ "i": { "cardId": card } }));
        tokio::join!(added, deleted)
    });
    for (added, deleted) in join_all(both).await {
        deleted.ok();
        if added.body.get("errors").is_some() {
            // The card had been deleted before.
            assert_eq!(added.code(), "NOT_FOUND");
            assert_eq!(added.body["errors"][0]["path"], json!(["addComment"]));
        } else {
            let comment = &added.body["data"]["addComment"]["comment"];
            assert!(comment["card"]["title"].is_string(), "{}", added.body);
        }
    }
}
