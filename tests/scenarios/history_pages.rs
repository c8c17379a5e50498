//! Pages of comments, histories and the trash.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{List, Server, scenarios, text};

scenarios![
    pages_of_comments_are_oldest_first,
    pages_of_histories_are_latest_first,
    pages_of_the_trash_are_latest_first,
    pages_have_the_usual_rules,
];

async fn pages_of_comments_are_oldest_first(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let (card, other) = (ann.card(&board, "x").await, ann.card(&board, "y").await);
    let mut ids = Vec::new();
    for n in 0..15 {
        ids.push(ann.comment(&card, &format!("comment {n}")).await);
        ann.comment(&other, "not here").await;
    }
    // A change does not move a comment.
    let input = json!({ "commentId": ids[3], "body": "new" });
    ann.done("updateComment", input, "comment { id }").await;
    List::comments(&ann, &card).assert_is(&ids).await;
    // Rows with the same creation time are ordered by ID.
    server
        .execute("UPDATE comments SET created_at = 5", "UPDATE comments SET created_at = 'epoch'")
        .await;
    List::comments(&ann, &card).assert_is(&ids).await;
}

async fn pages_of_histories_are_latest_first(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let number = board.rsplit('_').next().unwrap().to_owned();
    let ids = ann.cards(&board, 6).await;
    for n in 0..10 {
        let input = json!({ "cardId": ids[n % 3], "title": format!("title {n}") });
        ann.done("updateCard", input, "card { id }").await;
    }
    let event = |sequence: i64| format!("event_{number}_{sequence}");
    let all: Vec<_> = (1..=17).rev().map(event).collect();
    List::activity(&ann, &board, None).assert_is(&all).await;
    List::activity(&ann, &board, Some(5)).assert_is(&all[..12]).await;
    List::activity(&ann, &board, Some(17)).assert_is(&[]).await;
    // The card was created as event 2 and changed as events 8, 11, 14 and 17.
    let of_card: Vec<_> = [17, 14, 11, 8, 2].map(event).into();
    List::card_activity(&ann, &ids[0]).assert_is(&of_card).await;
}

async fn pages_of_the_trash_are_latest_first(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut ids = ann.cards(&board, 12).await;
    let mut boards = Vec::new();
    for n in 0..12 {
        boards.push(ann.board(&format!("board {n}")).await);
    }
    // Not in the order of creation.
    ids.swap(2, 9);
    boards.swap(2, 9);
    for (card, board) in ids.iter().zip(&boards) {
        ann.delete_card(card).await;
        ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    }
    ids.reverse();
    boards.reverse();
    List::deleted_cards(&ann, &board).assert_is(&ids).await;
    List::deleted_boards(&ann).assert_is(&boards).await;
    // Rows with the same deletion time are ordered by ID.
    for table in ["boards", "cards"] {
        let update = |time: &str| {
            format!("UPDATE {table} SET deleted_at = {time} WHERE deleted_at IS NOT NULL")
        };
        server.execute(&update("5"), &update("'epoch'")).await;
    }
    // A change that bypasses the server is visible only after the board's next version.
    let input = json!({ "boardId": board, "title": "Deeds" });
    ann.done("updateBoard", input, "board { id }").await;
    let by_number =
        |id: &String| std::cmp::Reverse(id.rsplit('_').next().unwrap().parse::<u32>().unwrap());
    ids.sort_by_key(by_number);
    boards.sort_by_key(by_number);
    List::deleted_cards(&ann, &board).assert_is(&ids).await;
    List::deleted_boards(&ann).assert_is(&boards).await;
}

async fn pages_have_the_usual_rules(server: Arc<Server>) {
    let (ann, eve) = (server.user("ann").await, server.user("eve").await);
    let board = ann.board("Plans").await;
    ann.share_as(&board, &eve, "VIEWER").await;
    let card = ann.card(&board, "x").await;
    let cursor = List::cards(&ann, &board, &Value::Null).page(json!({})).await.cursors.remove(0);
    for (list, max) in [
        (List::comments(&ann, &card), 200),
        (List::card_activity(&ann, &card), 200),
        (List::activity(&ann, &board, None), 200),
        (List::deleted_boards(&ann), 200),
        (List::deleted_cards(&ann, &board), 1000),
        (List::deleted_cards(&eve, &board), 1000),
    ] {
        list.assert_refuses(json!({ "first": -1 }), "first").await;
        list.assert_refuses(json!({ "first": max + 1 }), "first").await;
        list.assert_refuses(json!({ "last": -1 }), "last").await;
        list.assert_refuses(json!({ "first": 1, "last": 1 }), "last").await;
        list.assert_refuses(json!({ "after": cursor }), "after").await;
        list.assert_refuses(json!({ "before": "x" }), "before").await;
        list.page(json!({ "first": max })).await;
    }
    // Cursors of the trash are invalid for the board's cards, although both lists read the same table.
    ann.delete_card(&card).await;
    let page = List::deleted_cards(&ann, &board).page(json!({})).await;
    List::cards(&ann, &board, &Value::Null)
        .assert_refuses(json!({ "after": page.cursors[0] }), "after")
        .await;
    assert_eq!(text(&json!(page.ids[0])), card);
}
