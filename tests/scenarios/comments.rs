//! Comments on cards.

use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, column, scenarios};

scenarios![
    comments_are_written_changed_and_deleted,
    one_changes_ones_own_and_an_admin_deletes_any,
    a_comment_changes_the_board_and_not_its_card,
    a_comment_is_text_as_it_is,
];

async fn comments_are_written_changed_and_deleted(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let input = json!({ "cardId": card, "body": "**one**" });
    let payload =
        "comment { id body createdAt updatedAt author { email } card { id title board { id } } }
        commentEdge { cursor node { id } }";
    let made = ann.done("addComment", input, payload).await;
    let (comment, edge) = (&made["comment"], &made["commentEdge"]);
    assert_eq!(comment["body"], "**one**");
    assert_eq!(comment["author"]["email"], "ann@example.com");
    assert_eq!(comment["createdAt"], comment["updatedAt"]);
    assert_eq!(comment["card"], json!({ "id": card, "title": "x", "board": { "id": board } }));
    assert_eq!(edge["node"]["id"], comment["id"]);
    ann.comment(&card, "two").await;
    ann.comment(&card, "three").await;
    // Comments are listed oldest first, and the cursor of the edge belongs to this order.
    let query = format!(
        "query($c: String) {{ card(id: {card:?}) {{ comments(after: $c) {{ totalCount nodes {{ body }} }} }} }}"
    );
    let all = ann.get(&query).await["card"]["comments"].take();
    assert_eq!(all["totalCount"], 3);
    assert_eq!(column(&all["nodes"], "body"), ["**one**", "two", "three"]);
    let later = ann.ask(&query, json!({ "c": edge["cursor"] })).await.ok();
    assert_eq!(column(&later["card"]["comments"]["nodes"], "body"), ["two", "three"]);

    let input = json!({ "commentId": comment["id"], "body": "1" });
    let changed = ann.done("updateComment", input, "comment { id body createdAt updatedAt }").await;
    let changed = &changed["comment"];
    assert_eq!(changed["id"], comment["id"]);
    assert_eq!(changed["body"], "1");
    assert_eq!(changed["createdAt"], comment["createdAt"]);
    assert!(changed["updatedAt"].as_str() > comment["updatedAt"].as_str());

    let query =
        format!("{{ node(id: {}) {{ ... on Comment {{ body card {{ id }} }} }} }}", comment["id"]);
    assert_eq!(ann.get(&query).await["node"], json!({ "body": "1", "card": { "id": card } }));
    let input = json!({ "commentId": comment["id"] });
    let payload = "deletedCommentId card { id comments { totalCount } }";
    let deleted = ann.done("deleteComment", input, payload).await;
    assert_eq!(deleted["deletedCommentId"], comment["id"]);
    assert_eq!(deleted["card"], json!({ "id": card, "comments": { "totalCount": 2 } }));
    assert!(ann.get(&query).await["node"].is_null());
}

async fn one_changes_ones_own_and_an_admin_deletes_any(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let eve = server.user("eve").await;
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    ann.share(&board, &eve).await;
    let card = ann.card(&board, "x").await;
    let (of_ann, of_bob) = (ann.comment(&card, "a").await, bob.comment(&card, "b").await);
    let update = |comment: &str| json!({ "commentId": comment, "body": "new" });
    let delete = |comment: &str| json!({ "commentId": comment });
    for (user, comment) in [(&ann, &of_bob), (&bob, &of_ann), (&eve, &of_bob)] {
        let answer = user.call("updateComment", update(comment), "comment { id }").await;
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    for (user, comment) in [(&bob, &of_ann), (&eve, &of_bob)] {
        let answer = user.call("deleteComment", delete(comment), "card { id }").await;
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    bob.done("updateComment", update(&of_bob), "comment { id }").await;
    // As a VIEWER, Bob may not even change his own comments.
    ann.share_as(&board, &bob, "VIEWER").await;
    for (mutation, input) in
        [("updateComment", update(&of_bob)), ("deleteComment", delete(&of_bob))]
    {
        assert_eq!(bob.call(mutation, input, "__typename").await.code(), "FORBIDDEN");
    }
    // The comment and its author stay visible after the author has left the board.
    ann.done("unshareBoard", json!({ "boardId": board, "userId": bob.id }), "removedUserId").await;
    let query = format!(
        "{{ card(id: {card:?}) {{ comments {{ nodes {{ body author {{ email }} }} }} }} }}"
    );
    let found = ann.get(&query).await["card"]["comments"]["nodes"][1].take();
    assert_eq!(found, json!({ "body": "new", "author": { "email": "bob@example.com" } }));
    ann.done("deleteComment", delete(&of_bob), "card { id }").await;
}

async fn a_comment_changes_the_board_and_not_its_card(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let query =
        format!("{{ card(id: {card:?}) {{ version updatedAt board {{ version updatedAt }} }} }}");
    let before = ann.get(&query).await["card"].take();
    ann.comment(&card, "hm").await;
    let after = ann.get(&query).await["card"].take();
    assert_eq!(
        (&after["version"], &after["updatedAt"]),
        (&before["version"], &before["updatedAt"])
    );
    assert_eq!(
        after["board"]["version"].as_i64(),
        before["board"]["version"].as_i64().map(|n| n + 1)
    );
    assert!(after["board"]["updatedAt"].as_str() > before["board"]["updatedAt"].as_str());
}

async fn a_comment_is_text_as_it_is(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let body = "    code\n\n<script>alert(1)</script>\t\u{1F600} ÉTÉ";
    let input = json!({ "cardId": card, "body": format!("{body} \n") });
    let made = ann.done("addComment", input, "comment { body }").await;
    assert_eq!(made["comment"]["body"], body);
    for (body, good) in [
        ("é".repeat(20_000), true),
        ("é".repeat(20_001), false),
        (String::new(), false),
        (" \n ".into(), false),
        ("a\0b".into(), false),
        ("a\u{1b}b".into(), false),
    ] {
        let answer =
            ann.call("addComment", json!({ "cardId": card, "body": body }), "comment { id }").await;
        if good {
            answer.ok();
        } else {
            assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "body"])));
        }
    }
}
