//! Subscriptions: what subscribers get, and when.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Events, Server, Socket, User, ask_for_events, kinds, scenarios, text};

scenarios![
    the_first_payload_is_sent_at_once,
    changes_arrive_in_order_and_without_gaps,
    a_subscriber_catches_up_from_any_sequence,
    too_much_was_missed,
    events_of_one_mutation_stay_together,
    a_board_that_one_may_not_see_is_not_found,
    the_last_payload_ends_with_the_event_that_took_the_board_away,
    members_who_leave_or_delete_their_account_are_removed,
    a_role_takes_effect_at_once,
    a_payload_is_made_once_for_all_users,
    payloads_that_depend_on_the_viewer_are_not_shared,
    lists_of_boards_are_followed,
    a_list_that_has_changed_too_much_is_reset,
    events_carry_what_a_client_needs_to_apply_them,
    what_is_too_expensive_is_reset,
    what_turns_out_to_be_too_large_is_reset,
    the_root_field_may_stand_in_a_fragment,
    events_are_sent_as_server_sent_events,
];

const EVENTS: &str = "sequence reset events { __typename sequence } board { version }";

async fn the_first_payload_is_sent_at_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 3).await;
    let mut socket = Socket::of(&ann).await;
    let all = |events: &[i64], sequence: i64, reset: bool| {
        let sequences: Vec<_> = events.iter().map(|n| json!({ "sequence": n })).collect();
        json!({ "sequence": sequence, "reset": reset, "events": sequences, "board": { "version": 4 } })
    };
    let payload = "sequence reset events { sequence } board { version }";
    for (id, after, expected) in [
        ("none", None, all(&[], 4, false)),
        ("start", Some(0), all(&[1, 2, 3, 4], 4, false)),
        ("middle", Some(1), all(&[2, 3, 4], 4, false)),
        ("end", Some(4), all(&[], 4, false)),
        ("beyond", Some(5), all(&[], 4, true)),
    ] {
        socket.follow(id, &board, after, payload).await;
        assert_eq!(socket.news(id).await, expected, "{id}");
    }
    socket.follow("negative", &board, Some(-1), payload).await;
    let refused = socket.message_of("negative").await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(refused["payload"][0]["extensions"]["field"], json!(["afterSequence"]));
    assert_eq!(refused["payload"][0]["path"], json!(["boardEvents"]));
    assert!(socket.is_quiet().await);
}

async fn changes_arrive_in_order_and_without_gaps(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let (mut one, mut two) = (Socket::of(&ann).await, Socket::of(&bob).await);
    one.follow("a", &board, None, EVENTS).await;
    two.follow("b", &board, Some(0), EVENTS).await;
    assert_eq!(one.news("a").await["sequence"], 2);
    assert_eq!(two.news("b").await["sequence"], 2);
    for n in 0..10 {
        ann.card(&board, &format!("card {n}")).await;
    }
    for (socket, id) in [(&mut one, "a"), (&mut two, "b")] {
        let mut next = 3;
        while next <= 12 {
            let news = socket.news(id).await;
            assert_eq!(news["reset"], false);
            for event in news["events"].as_array().unwrap() {
                assert_eq!(event["sequence"], next);
                next += 1;
            }
            assert_eq!(news["sequence"], next - 1);
            assert!(news["board"]["version"].as_i64() >= Some(next - 1));
        }
    }
    assert!(one.is_quiet().await);
}

async fn a_subscriber_catches_up_from_any_sequence(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for n in 0..3 {
        ann.cards(&board, 90).await;
        ann.card(&board, &format!("{n}")).await;
    }
    let last = ann.version(&board).await;
    let mut socket = Socket::of(&ann).await;
    for after in [0, 1, 89, 90, 91, 92, 200, last - 1] {
        let id = after.to_string();
        socket.follow(&id, &board, Some(after), EVENTS).await;
        let mut known = after;
        while known < last {
            let news = socket.news(&id).await;
            let events = news["events"].as_array().unwrap();
            assert!(events.len() <= 100 && !events.is_empty(), "{news}");
            for event in events {
                known += 1;
                assert_eq!(event["sequence"], known);
            }
            assert_eq!(news["sequence"], known);
        }
    }
}

/// 10,000 missed events are sent, one more is not.
async fn too_much_was_missed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    // The times alternate, so that each event is one of its own mutation.
    let fill = "WITH RECURSIVE numbers(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10001)
        INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
        SELECT board_id, n, created_at, actor_id, card_id, kind, payload
        FROM numbers JOIN board_events ON sequence = 1 + n % 2;
        UPDATE boards SET version = 10001";
    server.execute(fill, fill).await;
    let mut socket = Socket::of(&ann).await;
    socket.follow("all", &board, Some(1), "reset sequence events { sequence }").await;
    let first = socket.news("all").await;
    assert_eq!((&first["reset"], &first["sequence"]), (&json!(false), &json!(101)));
    assert_eq!(first["events"].as_array().unwrap().len(), 100);
    socket.follow("more", &board, Some(0), "reset sequence events { sequence }").await;
    let reset = json!({ "reset": true, "sequence": 10001, "events": [] });
    assert_eq!(socket.news("more").await, reset);
}

async fn events_of_one_mutation_stay_together(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "first").await;
    ann.cards(&board, 100).await;
    let mut socket = Socket::of(&ann).await;
    socket.follow("all", &board, Some(0), EVENTS).await;
    // Together they would be 102.
    assert_eq!(socket.news("all").await["sequence"], 2);
    assert_eq!(socket.news("all").await["sequence"], 102);
    // Whoever has a part of it gets the rest.
    socket.follow("rest", &board, Some(50), EVENTS).await;
    assert_eq!(kinds(&socket.news("rest").await).len(), 52);
}

async fn a_board_that_one_may_not_see_is_not_found(server: Arc<Server>) {
    let (ann, eve) = (server.user("ann").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    let mut socket = Socket::of(&eve).await;
    for (id, board, code) in [
        ("hers", &*board, "NOT_FOUND"),
        ("none", "board_999999", "NOT_FOUND"),
        ("card", "card_1", "BAD_USER_INPUT"),
    ] {
        socket.follow(id, board, None, EVENTS).await;
        let refused = socket.message_of(id).await;
        assert_eq!(refused["type"], "error", "{refused}");
        assert_eq!(refused["payload"][0]["extensions"]["code"], code);
    }
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    let mut socket = Socket::of(&ann).await;
    socket.follow("deleted", &board, None, EVENTS).await;
    assert_eq!(socket.message_of("deleted").await["type"], "error");
}

const LAST: &str = "sequence reset board { id }
    events { __typename sequence actor { email } boardId board { id }
      ... on CardCreatedEvent { cardId card { id } }
      ... on MemberRemovedEvent { userId user { id } reason } }";

async fn the_last_payload_ends_with_the_event_that_took_the_board_away(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let mut socket = Socket::of(&bob).await;
    socket.follow("b", &board, None, LAST).await;
    socket.news("b").await;
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    ann.card(&board, "not for bob").await;
    let last = socket.news("b").await;
    let removed = json!({
        "__typename": "MemberRemovedEvent", "sequence": 3, "actor": { "email": "ann@example.com" },
        "boardId": board, "board": null, "userId": bob.id, "user": null, "reason": "REMOVED",
    });
    let expected = json!({ "sequence": 3, "reset": false, "board": null, "events": [removed] });
    assert_eq!(last, expected);
    assert_eq!(socket.message_of("b").await, json!({ "id": "b", "type": "complete" }));
    // The id is free again.
    socket.follow("b", &board, None, LAST).await;
    assert_eq!(socket.message_of("b").await["type"], "error");

    let mut socket = Socket::of(&ann).await;
    socket.follow("a", &board, None, LAST).await;
    socket.news("a").await;
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    let last = socket.news("a").await;
    assert_eq!((kinds(&last), &last["board"]), (vec!["BoardDeletedEvent".into()], &Value::Null));
    assert_eq!(socket.message_of("a").await["type"], "complete");
}

async fn members_who_leave_or_delete_their_account_are_removed(server: Arc<Server>) {
    let (ann, bob, eve) =
        (server.user("ann").await, server.user("bob").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    ann.share(&board, &eve).await;
    let payload = "events { actor { id } ...on MemberRemovedEvent { userId user { id } reason } }";
    let mut watching = Socket::following(&ann, &board, payload).await;
    let mut leaving = Socket::following(&bob, &board, payload).await;
    let this = json!({ "boardId": board, "userId": bob.id });
    bob.done("unshareBoard", this, "removedUserId").await;
    // They share no board any more.
    let left =
        json!({ "actor": { "id": bob.id }, "userId": bob.id, "user": null, "reason": "LEFT" });
    assert_eq!(watching.news("1").await["events"], json!([left]));
    let news = leaving.news("1").await;
    assert_eq!(news["events"][0]["reason"], "LEFT");
    assert_eq!(leaving.message_of("1").await["type"], "complete");
    let input = json!({ "currentPassword": "password" });
    eve.done("deleteViewer", input, "deletedUserId").await;
    let gone =
        json!({ "actor": null, "userId": eve.id, "user": null, "reason": "ACCOUNT_DELETED" });
    assert_eq!(watching.news("1").await["events"], json!([gone]));
}

async fn a_role_takes_effect_at_once(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let card = ann.card(&board, "x").await;
    ann.delete_card(&card).await;
    let (mut other, mut socket) = (Socket::of(&ann).await, Socket::of(&bob).await);
    let payload = "sequence board { viewerRole deletedCards { totalCount } }";
    other.follow("a", &board, None, payload).await;
    other.news("a").await;
    socket.follow("b", &board, None, payload).await;
    let seen = |news: &Value| {
        (text(&news["board"]["viewerRole"]), news["board"]["deletedCards"]["totalCount"].clone())
    };
    assert_eq!(seen(&socket.news("b").await), ("MEMBER".into(), json!(1)));
    ann.share_as(&board, &bob, "VIEWER").await;
    // They select the same, but have different roles.
    assert_eq!(seen(&socket.news("b").await), ("VIEWER".into(), json!(0)));
    assert_eq!(seen(&other.news("a").await), ("ADMIN".into(), json!(1)));
}

/// Users with the same role and selection share a payload, so the statements of a change do not grow with them.
async fn a_payload_is_made_once_for_all_users(server: Arc<Server>) {
    const USERS: u64 = 20;
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut sockets = Vec::new();
    for n in 0..USERS {
        let user = server.user(&format!("user{n}")).await;
        ann.share_as(&board, &user, "VIEWER").await;
        sockets.push(Socket::of(&user).await);
    }
    for socket in &mut sockets {
        socket.follow("1", &board, None, "sequence board { title }").await;
        socket.news("1").await;
    }
    let before = server.db.statement_count();
    ann.card(&board, "one").await;
    for socket in &mut sockets {
        socket.news("1").await;
    }
    // Each payload of its own would take two statements or more.
    let statements = server.db.statement_count() - before;
    assert!(statements < 2 * USERS, "{statements}");
}

async fn payloads_that_depend_on_the_viewer_are_not_shared(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share_as(&board, &bob, "ADMIN").await;
    let (mut one, mut two) = (Socket::of(&ann).await, Socket::of(&bob).await);
    // The first payload of one selection does not depend on the viewer.
    for (id, payload) in [
        ("actor", "events { actor { createdAt } }"),
        ("members", "board { members { nodes { email createdAt } } }"),
    ] {
        for socket in [&mut one, &mut two] {
            socket.follow(id, &board, None, payload).await;
            socket.news(id).await;
        }
    }
    ann.card(&board, "hers").await;
    let own = |news: &Value| -> Vec<(String, bool)> {
        let members = news["board"]["members"]["nodes"].as_array().unwrap().iter();
        members.map(|one| (text(&one["email"]), !one["createdAt"].is_null())).collect()
    };
    let (hers, his) = (one.news("actor").await, two.news("actor").await);
    assert!(!hers["events"][0]["actor"]["createdAt"].is_null());
    assert!(his["events"][0]["actor"]["createdAt"].is_null());
    let (hers, his) = (one.news("members").await, two.news("members").await);
    let expected = |name: &str| {
        let emails = ["ann@example.com", "bob@example.com"];
        emails.map(|email| (email.to_owned(), email.starts_with(name))).to_vec()
    };
    assert_eq!((own(&hers), own(&his)), (expected("ann"), expected("bob")));
}

async fn lists_of_boards_are_followed(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let mine = bob.board("Mine").await;
    let mut socket = Socket::of(&bob).await;
    let query =
        "subscription { viewerBoards { reset boards { id title viewerRole } removedBoardIds } }";
    socket.subscribe("l", query, json!({})).await;
    let mut next = async || socket.next("l").await["viewerBoards"].take();
    let empty = json!({ "reset": true, "boards": [], "removedBoardIds": [] });
    assert_eq!(next().await, empty);
    let shown = |id: &str, title: &str, role: &str| {
        let board = json!({ "id": id, "title": title, "viewerRole": role });
        json!({ "reset": false, "boards": [board], "removedBoardIds": [] })
    };
    let removed = |id: &str| json!({ "reset": false, "boards": [], "removedBoardIds": [id] });
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    assert_eq!(next().await, shown(&board, "Plans", "MEMBER"));
    // Cards are not shown in the list.
    ann.card(&board, "x").await;
    ann.share_as(&board, &bob, "ADMIN").await;
    assert_eq!(next().await, shown(&board, "Plans", "ADMIN"));
    ann.done("updateBoard", json!({ "boardId": board, "title": "Goals" }), "board { id }").await;
    assert_eq!(next().await, shown(&board, "Goals", "ADMIN"));
    ann.done("updateBoard", json!({ "boardId": board, "description": "x" }), "board { id }").await;
    assert_eq!(next().await, shown(&board, "Goals", "ADMIN"));
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    assert_eq!(next().await, removed(&board));
    ann.done("restoreBoard", json!({ "boardId": board }), "board { id }").await;
    assert_eq!(next().await, shown(&board, "Goals", "ADMIN"));
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    assert_eq!(next().await, removed(&board));
    bob.done("deleteBoard", json!({ "boardId": mine }), "deletedBoardId").await;
    assert_eq!(next().await, removed(&mine));
}

/// 200 boards that have changed are sent, more are not.
async fn a_list_that_has_changed_too_much_is_reset(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for n in 0..201 {
        ann.board(&n.to_string()).await;
    }
    let mut socket = Socket::of(&ann).await;
    let query = "subscription { viewerBoards { reset boards { id } removedBoardIds } }";
    socket.subscribe("l", query, json!({})).await;
    socket.next("l").await;
    let mut after = async |change: &str| {
        server.execute(change, change).await;
        // The subscribers learn of it with the next change, or earlier with one before.
        let new = ann.board("new").await;
        let (mut shown, mut removed) = (0, 0);
        loop {
            let news = socket.next("l").await["viewerBoards"].take();
            let boards = news["boards"].as_array().unwrap();
            shown += boards.len();
            removed += news["removedBoardIds"].as_array().unwrap().len();
            let is_reset = news["reset"] == true;
            if is_reset || boards.iter().any(|board| board["id"] == *new) {
                return (is_reset, shown, removed);
            }
        }
    };
    let delete = |most: u32| {
        let some = format!("(SELECT id FROM boards ORDER BY id LIMIT {most})");
        format!("UPDATE boards SET deleted_at = updated_at WHERE id IN {some}")
    };
    assert_eq!(after(&delete(199)).await, (false, 1, 199));
    assert_eq!(after("UPDATE boards SET deleted_at = NULL").await, (false, 200, 0));
    assert_eq!(after(&delete(201)).await, (true, 0, 0));
}

async fn events_carry_what_a_client_needs_to_apply_them(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 2).await;
    let found = ann.get(&format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}")).await;
    let label = text(&found["board"]["labels"][0]["id"]);
    let mut socket = Socket::of(&ann).await;
    let payload = "events { __typename
        ... on CardMovedEvent { rank card { rank } toColumn }
        ... on LabelUpdatedEvent { label { id name } } }";
    socket.follow("a", &board, None, payload).await;
    socket.news("a").await;
    let moved = ann.move_card(&cards[0], "DOING", json!({})).await;
    let event = socket.news("a").await["events"][0].take();
    assert_eq!((&event["rank"], &event["card"]["rank"]), (&moved["rank"], &moved["rank"]));
    ann.done("updateLabel", json!({ "labelId": label, "name": "red" }), "label { id }").await;
    let event = socket.news("a").await["events"][0].take();
    assert_eq!(event["label"], json!({ "id": label, "name": "red" }));
    let input = json!({ "cardId": cards[1], "column": "DONE" });
    ann.done("updateCard", input, "card { id }").await;
    let event = socket.news("a").await["events"][0].take();
    assert_eq!((&event["toColumn"], &event["rank"]), (&json!("DONE"), &event["card"]["rank"]));
}

async fn what_is_too_expensive_is_reset(server: Arc<Server>) {
    let small = server.another(&[("GRAPHQL_MAX_COMPLEXITY", "3000")]).await;
    let small = Arc::new(small);
    let ann = small.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 30).await;
    let mut socket = Socket::of(&ann).await;
    // An event with a board of 50 cards costs more than 1,000: two of them fit, but a mutation has 30.
    let dear = "sequence reset events { board { cards(first: 50) { nodes { id title } } } }";
    socket.follow("dear", &board, Some(0), dear).await;
    let first = socket.news("dear").await;
    assert_eq!((&first["sequence"], &first["reset"]), (&json!(1), &json!(false)));
    let second = socket.news("dear").await;
    assert_eq!((&second["sequence"], &second["reset"]), (&json!(31), &json!(true)));
    ann.card(&board, "one more").await;
    assert_eq!(socket.news("dear").await["events"].as_array().unwrap().len(), 1);
    // What can never be sent is refused.
    let dearest = "events { board { cards(first: 1000) { nodes { id } } } }";
    socket.follow("dearest", &board, None, dearest).await;
    let refused = socket.message_of("dearest").await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    small.stop().await;
}

/// That the texts of an answer are too long is known only when it is made.
async fn what_turns_out_to_be_too_large_is_reset(server: Arc<Server>) {
    let small = Arc::new(server.another(&[("GRAPHQL_MAX_TEXT_KIB", "64")]).await);
    let (ann, bob) = (small.user("ann").await, small.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share_as(&board, &bob, "ADMIN").await;
    let large = "sequence reset events { board { a: description b: description c: description d: description } }";
    let mut sockets = Vec::new();
    for user in [&ann, &bob] {
        sockets.push(Socket::following(user, &board, large).await);
    }
    let input = json!({ "boardId": board, "description": "x".repeat(20_000) });
    ann.done("updateBoard", input, "board { id }").await;
    let input = json!({ "boardId": board, "description": "short" });
    for socket in &mut sockets {
        let news = socket.news("1").await;
        assert_eq!(news, json!({ "sequence": 3, "reset": true, "events": [] }));
    }
    ann.done("updateBoard", input, "board { id }").await;
    for socket in &mut sockets {
        let news = socket.news("1").await;
        assert_eq!((&news["sequence"], &news["reset"]), (&json!(4), &json!(false)));
        assert_eq!(news["events"][0]["board"]["c"], "short");
    }
    small.stop().await;
}

async fn the_root_field_may_stand_in_a_fragment(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut socket = Socket::of(&ann).await;
    let query = "subscription S($b: ID!) { ...Root } query Q { __typename }
        fragment Root on Subscription { mine: boardEvents(boardId: $b) { ...Both } }
        fragment Both on BoardEventsPayload { __typename sequence s: sequence }";
    let payload = json!({ "query": query, "operationName": "S", "variables": { "b": board } });
    socket.send(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    let expected = json!({ "mine": { "__typename": "BoardEventsPayload", "sequence": 1, "s": 1 } });
    assert_eq!(socket.next("1").await, expected);
    let two = "subscription($b: ID!) { boardEvents(boardId: $b) { reset } viewerBoards { reset } }";
    socket.subscribe("2", two, json!({ "b": board })).await;
    let refused = socket.message_of("2").await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    // Over plain HTTP there is no stream.
    let answer = ann.ask("subscription { viewerBoards { reset } }", json!({})).await;
    assert_eq!(answer.code(), "BAD_REQUEST");
}

async fn events_are_sent_as_server_sent_events(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let follow = "subscription($b: ID!) { boardEvents(boardId: $b) { sequence } }";
    let response = ask_for_events(&ann, follow, json!({ "b": board })).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = Events::of(response);
    let next = |sequence: i64| {
        let data = json!({ "data": { "boardEvents": { "sequence": sequence } } });
        Some(("next".to_owned(), data))
    };
    assert_eq!(events.next().await, next(1));
    ann.card(&board, "x").await;
    assert_eq!(events.next().await, next(2));
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    assert_eq!(events.next().await, next(3));
    assert_eq!(events.next().await, Some(("complete".into(), Value::Null)));
    assert_eq!(events.next().await, None);

    let mut events = Events::of(ask_for_events(&ann, "{ viewer { email } }", json!({})).await);
    let data = json!({ "data": { "viewer": { "email": "ann@example.com" } } });
    assert_eq!(events.next().await, Some(("next".into(), data)));
    assert_eq!(events.next().await.unwrap().0, "complete");

    let mut events = Events::of(ask_for_events(&ann, "{ nothing }", json!({})).await);
    let (name, data) = events.next().await.unwrap();
    assert_eq!(name, "next");
    assert_eq!(data["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(events.next().await.unwrap().0, "complete");

    let nobody = User { token: "x".into(), ..ann };
    assert_eq!(ask_for_events(&nobody, follow, json!({ "b": board })).await.status(), 401);
}
