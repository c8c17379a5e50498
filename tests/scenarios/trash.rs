//! The trash: deleting, restoring and purging.

use std::sync::Arc;
use std::time::Duration;

use kanban::service::trash::{Purged, purge};
use serde_json::{Value, json};

use crate::support::{Server, User, column, scenarios};

scenarios![
    a_deleted_card_leaves_every_read,
    a_deleted_card_comes_back_with_its_labels_and_comments,
    a_deleted_board_leaves_every_read,
    beneath_a_deleted_board_all_reads_as_at_deletion,
    a_deleted_board_comes_back_with_what_was_on_it,
    what_has_been_deleted_for_long_is_erased,
    the_history_forgets_the_texts_of_erased_cards,
    a_long_history_is_forgotten,
    a_running_server_empties_the_trash,
    nothing_is_erased_when_it_is_kept_for_ever,
    a_large_board_is_erased_bit_by_bit,
    what_cannot_be_erased_is_passed_over,
];

async fn delete_board(user: &User, board: &str) {
    user.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
}

async fn a_deleted_card_leaves_every_read(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 3).await;
    let comment = ann.comment(&ids[1], "hm").await;
    let input = json!({ "cardId": ids[1], "labels": ["RED"], "title": "needle" });
    ann.done("updateCard", input, "card { id }").await;
    let before = ann.version(&board).await;
    ann.delete_card(&ids[1]).await;
    let card = &ids[1];
    let query = format!(
        r#"{{ card(id: {card:?}) {{ id }} node(id: {card:?}) {{ id }} nodes(ids: [{card:?}, {comment:?}]) {{ id }}
        board(id: {board:?}) {{ cards {{ totalCount nodes {{ id }} }}
            columns {{ cards {{ totalCount nodes {{ id }} }} }}
            text: cards(filter: {{ text: "needle" }}) {{ totalCount nodes {{ id }} }}
            red: cards(filter: {{ labels: [RED] }}) {{ totalCount nodes {{ id }} }}
            newest: cards(orderBy: {{ field: CREATED_AT, direction: DESC }}) {{ nodes {{ id }} }}
            changed: cards(orderBy: {{ field: UPDATED_AT, direction: DESC }}) {{ nodes {{ id }} }}
            titles: cards(orderBy: {{ field: TITLE, direction: DESC }}) {{ nodes {{ id }} }}
            deletedCards {{ totalCount nodes {{ id deletedAt updatedAt version labels {{ color }}
                comments {{ totalCount nodes {{ id }} }} }} }} }} }}"#
    );
    let found = ann.get(&query).await;
    assert!(found["card"].is_null() && found["node"].is_null());
    assert_eq!(found["nodes"], json!([null, null]));
    let found = &found["board"];
    assert_eq!(column(&found["cards"]["nodes"], "id"), [ids[0].clone(), ids[2].clone()]);
    assert_eq!(found["cards"]["totalCount"], 2);
    assert_eq!(found["columns"][0]["cards"]["totalCount"], 2);
    for list in ["text", "red"] {
        assert_eq!(found[list], json!({ "totalCount": 0, "nodes": [] }));
    }
    for list in ["newest", "changed", "titles"] {
        assert_eq!(found[list]["nodes"].as_array().unwrap().len(), 2, "{list}");
    }
    let deleted = &found["deletedCards"]["nodes"][0];
    assert_eq!(found["deletedCards"]["totalCount"], 1);
    assert_eq!(deleted["id"], card.as_str());
    assert_eq!(deleted["deletedAt"], deleted["updatedAt"]);
    assert_eq!(deleted["version"], before + 1);
    assert_eq!(deleted["labels"][0]["color"], "RED");
    assert_eq!(deleted["comments"]["nodes"][0]["id"], comment.as_str());
    for (mutation, input) in [
        ("updateCard", json!({ "cardId": card, "title": "x" })),
        ("moveCard", json!({ "cardId": card, "column": "DONE" })),
        ("deleteCard", json!({ "cardId": card })),
        ("addLabelsToCard", json!({ "cardId": card, "labels": ["BLUE"] })),
        ("addComment", json!({ "cardId": card, "body": "x" })),
        ("updateComment", json!({ "commentId": comment, "body": "x" })),
        ("deleteComment", json!({ "commentId": comment })),
    ] {
        assert_eq!(ann.call(mutation, input, "__typename").await.code(), "NOT_FOUND", "{mutation}");
    }
}

async fn a_deleted_card_comes_back_with_its_labels_and_comments(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 3).await;
    ann.comment(&ids[0], "hm").await;
    let input = json!({ "cardId": ids[0], "labels": ["RED", "BLUE"] });
    ann.done("addLabelsToCard", input, "card { id }").await;
    ann.delete_card(&ids[0]).await;
    // A label that is deleted in the meantime is not restored.
    let query = format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}");
    let blue = ann.get(&query).await["board"]["labels"][4]["id"].take();
    ann.done("deleteLabel", json!({ "labelId": blue }), "deletedLabelId").await;
    let payload = "card { id deletedAt version labels { color } comments { nodes { body } } board { version } }";
    let back = ann.done("restoreCard", json!({ "cardId": ids[0] }), payload).await["card"].take();
    assert!(back["deletedAt"].is_null());
    assert_eq!(back["version"], back["board"]["version"]);
    assert_eq!(column(&back["labels"], "color"), ["RED"]);
    assert_eq!(column(&back["comments"]["nodes"], "body"), ["hm"]);
    assert_eq!(ann.columns(&board).await[0], [ids[1].clone(), ids[2].clone(), ids[0].clone()]);
}

async fn a_deleted_board_leaves_every_read(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (board, other) = (ann.board("Plans").await, ann.board("Other").await);
    ann.share(&board, &bob).await;
    let card = ann.card(&board, "x").await;
    let comment = ann.comment(&card, "hm").await;
    let found = ann
        .get(&format!("{{ board(id: {board:?}) {{ labels {{ id }} columns {{ id }} }} }}"))
        .await;
    let (label, column_id) =
        (&found["board"]["labels"][0]["id"], &found["board"]["columns"][0]["id"]);
    delete_board(&ann, &board).await;
    for (user, left) in [(&ann, vec![other]), (&bob, vec![])] {
        let query = format!(
            "{{ board(id: {board:?}) {{ id }} card(id: {card:?}) {{ id }}
               nodes(ids: [{board:?}, {card:?}, {comment:?}, {label}, {column_id}]) {{ id }}
               boards {{ totalCount nodes {{ id }} }} }}"
        );
        let found = user.get(&query).await;
        assert!(found["board"].is_null() && found["card"].is_null());
        assert_eq!(found["nodes"], json!([null, null, null, null, null]));
        assert_eq!(column(&found["boards"]["nodes"], "id"), left);
        assert_eq!(found["boards"]["totalCount"], left.len());
    }
    for (mutation, input) in [
        ("updateBoard", json!({ "boardId": board, "title": "x" })),
        ("deleteBoard", json!({ "boardId": board })),
        ("shareBoard", json!({ "boardId": board, "userId": bob.id })),
        ("unshareBoard", json!({ "boardId": board, "userId": bob.id })),
        ("createCard", json!({ "boardId": board, "card": { "title": "x" } })),
        ("updateCard", json!({ "cardId": card, "title": "x" })),
        ("deleteCard", json!({ "cardId": card })),
        ("createLabel", json!({ "boardId": board, "color": "RED" })),
        ("updateLabel", json!({ "labelId": label, "name": "x" })),
        ("deleteLabel", json!({ "labelId": label })),
        ("addComment", json!({ "cardId": card, "body": "x" })),
        ("updateComment", json!({ "commentId": comment, "body": "x" })),
        ("deleteComment", json!({ "commentId": comment })),
    ] {
        assert_eq!(ann.call(mutation, input, "__typename").await.code(), "NOT_FOUND", "{mutation}");
    }
}

async fn beneath_a_deleted_board_all_reads_as_at_deletion(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let ids = ann.cards(&board, 2).await;
    ann.delete_card(&ids[1]).await;
    bob.comment(&ids[0], "hm").await;
    let board_fields = "id title labels { color board { id } }
        columns { id column board { id } cards { totalCount nodes { title board { title } } } }
        cards { totalCount nodes { id labels { color } board { title }
            comments { totalCount nodes { body author { email } card { title board { title } } } } activity { totalCount } } }
        deletedCards { nodes { id } }
        members { totalCount nodes { email } edges { role } }
        activity { nodes { __typename board { id } actor { email }
            ... on CardCreatedEvent { card { title } } ... on MemberAddedEvent { user { email } }
            ... on CommentAddedEvent { comment { body } } } }";
    let before =
        ann.get(&format!("{{ board(id: {board:?}) {{ {board_fields} }} }}")).await["board"].take();
    delete_board(&ann, &board).await;
    let query = format!(
        "{{ deletedBoards(first: 2) {{ totalCount nodes {{ deletedAt viewerRole {board_fields} }} }} }}"
    );
    let mut after = ann.get(&query).await["deletedBoards"].take();
    assert_eq!(after["totalCount"], 1);
    let after = after["nodes"][0].as_object_mut().unwrap();
    assert!(after.remove("deletedAt").unwrap().is_string());
    assert_eq!(after.remove("viewerRole").unwrap(), "ADMIN");
    let newest = after["activity"]["nodes"].as_array_mut().unwrap().remove(0);
    assert_eq!(newest["__typename"], "BoardDeletedEvent");
    assert_eq!(Value::Object(after.clone()), before);
    // Bob is not an ADMIN.
    assert_eq!(
        bob.get("{ deletedBoards { totalCount nodes { id } } }").await["deletedBoards"],
        json!({ "totalCount": 0, "nodes": [] })
    );
}

async fn a_deleted_board_comes_back_with_what_was_on_it(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let ids = ann.cards(&board, 2).await;
    ann.delete_card(&ids[1]).await;
    let query = format!("{{ board(id: {board:?}) {{ title deletedAt cards {{ nodes {{ id rank version }} }}
        deletedCards {{ nodes {{ id version }} }} members {{ edges {{ role node {{ id }} }} }} }} }}");
    let before = ann.get(&query).await;
    delete_board(&ann, &board).await;
    let payload = "board { id deletedAt version cards { nodes { id } } }";
    let back = ann.done("restoreBoard", json!({ "boardId": board }), payload).await;
    assert!(back["board"]["deletedAt"].is_null());
    assert_eq!(column(&back["board"]["cards"]["nodes"], "id"), [ids[0].clone()]);
    assert_eq!(ann.get(&query).await, before);
    assert!(bob.get(&query).await["board"].is_object());
    let events = ann.events(&board, 0).await;
    assert_eq!(events[events.len() - 2..], ["BoardDeletedEvent", "BoardRestoredEvent"]);
}

async fn what_has_been_deleted_for_long_is_erased(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, past) = (ann.board("Plans").await, ann.board("Past").await);
    let (ids, of_past) = (ann.cards(&board, 230).await, ann.cards(&past, 2).await);
    for card in &ids[..220] {
        ann.delete_card(card).await;
    }
    ann.delete_card(&of_past[0]).await;
    server.age_trash(20).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    assert_eq!(purge(&services, Some(30)).await.unwrap(), Purged::default());
    server.age_trash(11).await;
    ann.delete_card(&ids[225]).await;
    // The card of this board has been in the trash for long, but it is kept with its board.
    delete_board(&ann, &past).await;
    let before = ann.version(&board).await;
    assert_eq!(
        purge(&services, Some(30)).await.unwrap(),
        Purged { boards: 0, cards: 220, failed: 0 }
    );
    assert_eq!(purge(&services, Some(30)).await.unwrap(), Purged::default());
    let query = format!(
        "{{ board(id: {board:?}) {{ cards {{ totalCount }} deletedCards {{ totalCount }} }} }}"
    );
    let found = ann.get(&query).await["board"].take();
    assert_eq!(
        (&found["cards"]["totalCount"], &found["deletedCards"]["totalCount"]),
        (&json!(9), &json!(1))
    );
    assert_eq!(ann.events(&board, before).await, ["CardsPurgedEvent"; 3]);
    let restore = ann.call("restoreCard", json!({ "cardId": ids[0] }), "card { id }").await;
    assert_eq!(restore.code(), "NOT_FOUND");

    let of_deleted = "{ deletedBoards { nodes { deletedCards { nodes { id } } } } }";
    let found = ann.get(of_deleted).await["deletedBoards"]["nodes"][0].take();
    assert_eq!(column(&found["deletedCards"]["nodes"], "id"), of_past[..1]);
    server.age_trash(31).await;
    let purged = purge(&services, Some(30)).await.unwrap();
    assert_eq!(purged, Purged { boards: 1, cards: 1, failed: 0 });
    assert_eq!(ann.get(of_deleted).await["deletedBoards"]["nodes"], json!([]));
    let restore = ann.call("restoreBoard", json!({ "boardId": past }), "board { id }").await;
    assert_eq!(restore.code(), "NOT_FOUND");
}

/// With several instances on one database.
async fn the_history_forgets_the_texts_of_erased_cards(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    // A text that looks like the stored form of one that was removed.
    let tricky = r#"","title":"","from":null,"secret":""#;
    for title in ["secret one", tricky, "kept"] {
        let card = ann.card(&board, title).await;
        for text in ["secret text", tricky] {
            let input =
                json!({ "cardId": card, "title": format!("{title} {text}"), "description": text });
            ann.done("updateCard", input, "card { id }").await;
        }
        if title != "kept" {
            ann.delete_card(&card).await;
        }
    }
    // Another card in the trash, which has not been there for long.
    let recent = ann.card(&board, "recent").await;
    server.age_trash(31).await;
    ann.delete_card(&recent).await;
    let erased = purge(&server.services, Some(30)).await.unwrap();
    assert_eq!(erased, Purged { cards: 2, ..Purged::default() });
    let query = format!(
        "{{ board(id: {board:?}) {{ activity(last: 50) {{ nodes {{ sequence createdAt actor {{ id }}
            ... on CardUpdatedEvent {{ cardId changes {{ field from to }} }}
            ... on CardDeletedEvent {{ cardId title }} }} }} }} }}"
    );
    let found = ann.get(&query).await["board"]["activity"]["nodes"].take();
    let events = found.as_array().unwrap();
    let of = |card: &str| {
        let card = card.to_owned();
        events.iter().filter(move |event| event["cardId"] == card.as_str())
    };
    for card in ["card_1", "card_2"] {
        assert_eq!(of(card).count(), 3);
        for event in of(card) {
            assert_eq!(event["actor"]["id"], json!(ann.id));
            assert!(event["createdAt"].is_string());
            let field = |name| json!({ "field": name, "from": null, "to": null });
            if let Some(title) = event.get("title") {
                assert_eq!(title, "");
            } else {
                assert_eq!(event["changes"], json!([field("title"), field("description")]));
            }
        }
    }
    assert!(of("card_3").all(|event| event["changes"][0]["to"].is_string()));
    assert_eq!(of("card_4").next().unwrap()["title"], "recent");
    let stored = "board_events WHERE card_id IN (1, 2) AND payload LIKE '%secret%'";
    assert_eq!(server.count(stored).await, 0);
}

async fn a_running_server_empties_the_trash(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 3).await;
    ann.delete_card(&ids[0]).await;
    server.age_trash(31).await;
    ann.delete_card(&ids[1]).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut config = server.config();
        config.trash.every = Duration::from_millis(20);
        others.push(Server::start_with(config, server.database_url.clone()).await);
    }
    let query = format!("{{ board(id: {board:?}) {{ deletedCards {{ nodes {{ id }} }} }} }}");
    for _ in 0..500 {
        let found = ann.get(&query).await["board"]["deletedCards"]["nodes"].take();
        if column(&found, "id") == [ids[1].clone()] {
            let events = ann.events(&board, 0).await;
            assert_eq!(events.iter().filter(|kind| *kind == "CardsPurgedEvent").count(), 1);
            for other in others {
                other.stop().await;
            }
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the trash was not emptied within ten seconds");
}

async fn nothing_is_erased_when_it_is_kept_for_ever(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    ann.delete_card(&card).await;
    server.age_trash(10_000).await;
    let mut config =
        crate::support::config_with(&server.database_url, &[("TRASH_RETENTION_DAYS", "0")]);
    assert_eq!(config.trash.retention_days, None);
    config.trash.every = Duration::from_millis(1);
    let other = Server::start_with(config, server.database_url.clone()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.stop().await;
    ann.done("restoreCard", json!({ "cardId": card }), "card { id }").await;
}

/// A step changes at most 1,000 events.
async fn a_long_history_is_forgotten(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "one").await;
    let input = json!({ "cardId": card, "title": "secret", "description": "secret" });
    ann.done("updateCard", input, "card { id }").await;
    let repeat = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2100)
        INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
        SELECT board_id, sequence + n, created_at, actor_id, card_id, kind, payload
        FROM board_events CROSS JOIN numbers WHERE kind = 'CARD_UPDATED';
        UPDATE boards SET version = version + 2100";
    server.execute(repeat, repeat).await;
    ann.delete_card(&card).await;
    server.age_trash(31).await;
    assert_eq!(server.count("board_events WHERE payload LIKE '%secret%'").await, 2102);
    let purged = purge(&server.services, Some(30)).await.unwrap();
    assert_eq!(purged, Purged { cards: 1, ..Purged::default() });
    assert_eq!(server.count("board_events WHERE payload LIKE '%secret%'").await, 0);
}

async fn a_large_board_is_erased_bit_by_bit(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (past, other) = (ann.board("Past").await, ann.board("Other").await);
    ann.share_as(&past, &bob, "ADMIN").await;
    let (ids, kept) = (ann.cards(&past, 1100).await, ann.cards(&other, 2).await);
    ann.comment(&ids[0], "hm").await;
    let comment = ann.comment(&kept[0], "kept").await;
    delete_board(&ann, &past).await;
    server.age_trash(31).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    let purged = purge(&services, Some(30)).await.unwrap();
    assert_eq!(purged, Purged { boards: 1, cards: 0, failed: 0 });
    for (table, left) in [
        ("boards", 1),
        ("users_boards", 1),
        ("cards", 2),
        ("comments", 1),
        ("labels", 7),
        // The creation of the board, two cards and a comment.
        ("board_events", 4),
    ] {
        let check = format!("INSERT INTO t SELECT count(*) FROM {table}");
        let temp = format!("CREATE TEMP TABLE t (n bigint CHECK (n = {left})); {check}");
        server.execute(&temp.replace("bigint", "INTEGER"), &temp).await;
    }
    let query = format!("{{ node(id: {comment:?}) {{ ... on Comment {{ body }} }} }}");
    assert_eq!(ann.get(&query).await["node"]["body"], "kept");
}

/// A board that cannot be purged does not prevent the purge of others.
async fn what_cannot_be_erased_is_passed_over(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (stuck, past, board) =
        (ann.board("Stuck").await, ann.board("Past").await, ann.board("Plans").await);
    let card = ann.card(&board, "x").await;
    ann.delete_card(&card).await;
    for board in [&stuck, &past] {
        delete_board(&ann, board).await;
    }
    server.age_trash(31).await;
    let id = stuck.trim_start_matches("board_");
    server
        .execute(
            &format!("CREATE TRIGGER stuck BEFORE DELETE ON boards WHEN old.id = {id} BEGIN SELECT RAISE(ABORT, 'no'); END"),
            &format!(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                 CREATE TRIGGER stuck BEFORE DELETE ON boards FOR EACH ROW WHEN (old.id = {id}) EXECUTE FUNCTION no()"
            ),
        )
        .await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    let purged = purge(&services, Some(30)).await.unwrap();
    assert_eq!(purged, Purged { boards: 1, cards: 1, failed: 1 });
    server.execute("DROP TRIGGER stuck", "DROP TRIGGER stuck ON boards").await;
    let purged = purge(&services, Some(30)).await.unwrap();
    assert_eq!(purged, Purged { boards: 1, cards: 0, failed: 0 });
}
