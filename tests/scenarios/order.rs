//! The order of cards within a column, and moving cards.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Server, User, column, scenarios, text};

scenarios![
    new_cards_go_to_the_end_of_their_column,
    a_card_moves_before_and_after_a_neighbour_and_to_the_end,
    a_neighbour_that_has_left_the_column_decides_as_the_contract_says,
    no_card_stands_next_to_itself_or_to_one_of_another_board,
    a_move_to_where_it_stands_leaves_no_trace,
    a_move_writes_one_card,
    another_column_puts_a_card_at_its_end,
    long_ranks_are_renewed,
    ranks_of_an_unknown_format_are_renewed,
    any_moves_give_the_order_of_a_list,
    an_expected_version_guards_every_change,
];

const COLUMNS: [&str; 4] = ["BACKLOG", "TODO", "DOING", "DONE"];

async fn new_cards_go_to_the_end_of_their_column(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let first = ann.card(&board, "first").await;
    let many = ann.cards(&board, 3).await;
    let last = ann.card(&board, "last").await;
    let expected: Vec<_> = [vec![first], many, vec![last]].concat();
    assert_eq!(ann.columns(&board).await, [expected.clone(), vec![], vec![], vec![]]);
    // The order of the board's cards is that of the columns, and the ranks have the same order.
    let query = format!(
        "{{ board(id: {board:?}) {{ cards {{ nodes {{ id rank }} }}
        back: cards(orderBy: {{ field: RANK, direction: DESC }}) {{ nodes {{ id }} }} }} }}"
    );
    let found = ann.get(&query).await["board"].take();
    assert_eq!(column(&found["cards"]["nodes"], "id"), expected);
    let ranks = column(&found["cards"]["nodes"], "rank");
    assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    let back: Vec<_> = expected.into_iter().rev().collect();
    assert_eq!(column(&found["back"]["nodes"], "id"), back);
}

async fn a_card_moves_before_and_after_a_neighbour_and_to_the_end(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 4).await;
    let [a, b, c, d] = [0, 1, 2, 3].map(|n| ids[n].as_str());
    for (card, to, neighbour, expected) in [
        (a, "BACKLOG", json!({ "afterCardId": c }), [vec![b, c, a, d], vec![]]),
        (a, "BACKLOG", json!({ "beforeCardId": b }), [vec![a, b, c, d], vec![]]),
        (d, "BACKLOG", json!({ "afterCardId": a }), [vec![a, d, b, c], vec![]]),
        (a, "BACKLOG", json!({}), [vec![d, b, c, a], vec![]]),
        (b, "TODO", json!({}), [vec![d, c, a], vec![b]]),
        (a, "TODO", json!({ "beforeCardId": b }), [vec![d, c], vec![a, b]]),
        (d, "TODO", json!({ "afterCardId": a }), [vec![c], vec![a, d, b]]),
        (c, "TODO", json!({ "afterCardId": b, "beforeCardId": a }), [vec![], vec![a, d, b, c]]),
        (
            d,
            "BACKLOG",
            json!({ "beforeCardId": null, "afterCardId": null }),
            [vec![d], vec![a, b, c]],
        ),
    ] {
        let before = ann.version(&board).await;
        let moved = ann.move_card(card, to, neighbour.clone()).await;
        assert_eq!(moved["column"], to);
        assert_eq!(ann.columns(&board).await[..2], expected, "{card} {neighbour}");
        assert_eq!(ann.events(&board, before).await, ["CardMovedEvent"]);
        assert_eq!(moved["version"], before + 1);
        assert_eq!(moved["board"]["version"], before + 1);
    }
}

async fn a_neighbour_that_has_left_the_column_decides_as_the_contract_says(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 7).await;
    let [a, b, c, x, moved, trashed, erased] = [0, 1, 2, 3, 4, 5, 6].map(|n| ids[n].as_str());
    ann.move_card(moved, "DONE", json!({})).await;
    ann.delete_card(erased).await;
    server.age_trash(31).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    kanban::service::trash::purge(&services, Some(30)).await.unwrap();
    ann.delete_card(trashed).await;
    assert_eq!(ann.columns(&board).await[0], [a, b, c, x]);

    for lost in [moved, trashed, erased] {
        for (neighbour, expected) in [
            (json!({ "beforeCardId": lost }), [x, a, b, c]),
            (json!({ "afterCardId": lost }), [a, b, c, x]),
            (json!({ "afterCardId": a, "beforeCardId": lost }), [a, x, b, c]),
            (json!({ "afterCardId": lost, "beforeCardId": c }), [a, b, x, c]),
            (json!({ "afterCardId": lost, "beforeCardId": lost }), [x, a, b, c]),
        ] {
            ann.move_card(x, "BACKLOG", neighbour.clone()).await;
            assert_eq!(ann.columns(&board).await[0], expected, "{neighbour}");
        }
    }
}

async fn no_card_stands_next_to_itself_or_to_one_of_another_board(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, other) = (ann.board("Plans").await, ann.board("Other").await);
    let (card, foreign) = (ann.card(&board, "x").await, ann.card(&other, "y").await);
    let before = ann.version(&board).await;
    for field in ["beforeCardId", "afterCardId"] {
        for (neighbour, code) in [
            (card.as_str(), "BAD_USER_INPUT"),
            (&foreign, "NOT_FOUND"),
            ("card_999", "NOT_FOUND"),
            ("card_x", "BAD_USER_INPUT"),
            (&board, "BAD_USER_INPUT"),
        ] {
            let input = json!({ "cardId": card, "column": "DONE", field: neighbour });
            let answer = ann.call("moveCard", input, "card { id }").await;
            assert_eq!(answer.error(), (code.into(), json!(["input", field])), "{neighbour}");
        }
    }
    assert_eq!(ann.version(&board).await, before);
    assert_eq!(ann.columns(&board).await[0], [card]);
}

async fn a_move_to_where_it_stands_leaves_no_trace(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 3).await;
    let query = format!(
        "{{ board(id: {board:?}) {{ version updatedAt cards {{ nodes {{ id rank version updatedAt }} }} }} }}"
    );
    let before = ann.get(&query).await;
    for (card, neighbour) in [
        (0, json!({ "beforeCardId": ids[1] })),
        (1, json!({ "afterCardId": ids[0] })),
        (1, json!({ "beforeCardId": ids[2] })),
        (1, json!({ "afterCardId": ids[0], "beforeCardId": ids[2] })),
        (2, json!({ "afterCardId": ids[1] })),
        (2, json!({})),
    ] {
        ann.move_card(&ids[card], "BACKLOG", neighbour).await;
        assert_eq!(ann.get(&query).await, before);
    }
}

async fn a_move_writes_one_card(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 5).await;
    let query = format!(
        "{{ board(id: {board:?}) {{ cards {{ nodes {{ id rank version updatedAt }} }} }} }}"
    );
    let by_id = async || {
        let found = ann.get(&query).await["board"]["cards"]["nodes"].take();
        let mut cards = found.as_array().unwrap().clone();
        cards.sort_by_key(|card| text(&card["id"]));
        cards
    };
    let before = by_id().await;
    ann.move_card(&ids[0], "BACKLOG", json!({ "afterCardId": ids[3] })).await;
    let after = by_id().await;
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1..], before[1..]);
}

async fn another_column_puts_a_card_at_its_end(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 4).await;
    for card in [2, 0] {
        let input = json!({ "cardId": ids[card], "column": "DOING" });
        ann.done("updateCard", input, "card { id }").await;
    }
    ann.delete_card(&ids[2]).await;
    let input = json!({ "cardId": ids[2] });
    ann.done("restoreCard", input, "card { id }").await;
    let expected = [
        vec![ids[1].clone(), ids[3].clone()],
        vec![],
        vec![ids[0].clone(), ids[2].clone()],
        vec![],
    ];
    assert_eq!(ann.columns(&board).await, expected);
}

/// Two cards that are moved in turns into the same gap make the ranks longer and longer.
async fn long_ranks_are_renewed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 4).await;
    let [first, a, b, last] = [0, 1, 2, 3].map(|n| ids[n].as_str());
    let mut before = ann.version(&board).await;
    let (mut longest, mut renewed) = (0, 0);
    for turn in 0..200 {
        let (card, other) = if turn % 2 == 0 { (a, b) } else { (b, a) };
        let moved = ann.move_card(card, "BACKLOG", json!({ "afterCardId": other })).await;
        longest = longest.max(text(&moved["rank"]).len());
        let events = ann.events(&board, before).await;
        before += i64::try_from(events.len()).unwrap();
        assert_eq!(moved["version"], before);
        if events == ["ColumnReorderedEvent", "CardMovedEvent"] {
            renewed += 1;
            let query =
                format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ id rank version }} }} }} }}");
            let cards = ann.get(&query).await["board"]["cards"]["nodes"].take();
            for card in cards.as_array().unwrap() {
                let version = card["version"].as_i64().unwrap();
                assert_eq!(version, if card["id"] == moved["id"] { before } else { before - 1 });
                assert!(text(&card["rank"]).len() <= 3, "{card}");
            }
        } else {
            assert_eq!(events, ["CardMovedEvent"]);
        }
        assert_eq!(ann.columns(&board).await[0], [first, other, card, last]);
    }
    assert_eq!(renewed, 1, "longest: {longest}");
    assert!(longest <= 32, "{longest}");
}

/// An import may have written them.
async fn ranks_of_an_unknown_format_are_renewed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let new = json!({ "title": "new", "column": "DONE" });
    for (mutation, event, is_moved) in [
        ("createCard", "CardCreatedEvent", false),
        ("createCards", "CardCreatedEvent", false),
        ("updateCard", "CardMovedEvent", true),
        ("moveCard", "CardMovedEvent", true),
        ("restoreCard", "CardRestoredEvent", true),
    ] {
        let board = ann.board("Plans").await;
        let ids = ann.cards(&board, 3).await;
        for id in &ids {
            ann.move_card(id, "DONE", json!({})).await;
        }
        let mut input = match mutation {
            "createCard" => json!({ "boardId": board, "card": new }),
            "createCards" => json!({ "boardId": board, "cards": [new] }),
            _ => json!({ "cardId": ids[0] }),
        };
        match mutation {
            "restoreCard" => ann.delete_card(&ids[0]).await,
            "updateCard" | "moveCard" => {
                ann.move_card(&ids[0], "TODO", json!({})).await;
                input["column"] = "DONE".into();
            }
            _ => {}
        }
        let last = format!("UPDATE cards SET rank = 'zz' WHERE id = {}", &ids[2]["card_".len()..]);
        server.execute(&last, &last).await;
        let before = ann.version(&board).await;
        ann.done(mutation, input, "__typename").await;
        assert_eq!(ann.events(&board, before).await, ["ColumnReorderedEvent", event], "{mutation}");
        let done = ann.columns(&board).await[3].clone();
        let kept = if is_moved { &ids[1..] } else { &ids[..] };
        assert_eq!(&done[..kept.len()], kept, "{mutation}");
        assert_eq!(done.len(), kept.len() + 1, "{mutation}");
    }
}

async fn any_moves_give_the_order_of_a_list(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 8).await;
    let mut model: Vec<Vec<String>> = vec![ids.clone(), vec![], vec![], vec![]];
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..120 {
        let (card, to) = (ids.choose(&mut rng).unwrap(), rng.random_range(0..4));
        for column in &mut model {
            column.retain(|one| one != card);
        }
        let place = rng.random_range(0..=model[to].len());
        let above = place.checked_sub(1).map(|above| model[to][above].clone());
        let below = model[to].get(place).cloned();
        let neighbour = match (above, below) {
            (Some(above), None) => json!({ "afterCardId": above }),
            (None, None) => json!({}),
            (Some(above), Some(_)) if rng.random_bool(0.5) => json!({ "afterCardId": above }),
            (_, Some(below)) => json!({ "beforeCardId": below }),
        };
        model[to].insert(place, card.clone());
        ann.move_card(card, COLUMNS[to], neighbour).await;
    }
    assert_eq!(ann.columns(&board).await, model);
}

async fn an_expected_version_guards_every_change(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let version = ann.version(&board).await;
    let try_with = async |user: &User, expected: Value| {
        let mut answers = Vec::new();
        for (mutation, more) in [
            ("updateCard", json!({ "title": "y" })),
            ("updateCard", json!({})),
            ("moveCard", json!({ "column": "DONE" })),
            ("moveCard", json!({ "column": "BACKLOG" })),
            ("deleteCard", json!({})),
        ] {
            let mut input = json!({ "cardId": card, "expectedVersion": expected });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            answers.push((mutation, user.call(mutation, input, "__typename").await));
        }
        answers
    };
    for expected in [version - 1, version + 1, 0, -1, 2_147_483_647] {
        for (mutation, answer) in try_with(&ann, json!(expected)).await {
            let field = json!(["input", "expectedVersion"]);
            assert_eq!(answer.error(), ("CONFLICT".into(), field), "{mutation}");
            let current = &answer.body["errors"][0]["extensions"]["currentVersion"];
            assert_eq!(*current, json!(version), "{mutation}");
        }
    }
    assert_eq!(ann.version(&board).await, version);
    // A comment does not change the card's version, an added label does.
    ann.comment(&card, "hm").await;
    let input = json!({ "cardId": card, "title": "y", "expectedVersion": version });
    let changed = ann.done("updateCard", input, "card { version }").await;
    assert_eq!(changed["card"]["version"], version + 2);
    let input = json!({ "cardId": card, "labels": ["RED"] });
    let changed = ann.done("addLabelsToCard", input, "card { version }").await;
    assert_eq!(changed["card"]["version"], version + 3);
    let input = json!({ "cardId": card, "column": "DONE", "expectedVersion": version + 3 });
    let moved = ann.done("moveCard", input, "card { version }").await;
    assert_eq!(moved["card"]["version"], version + 4);
    let input = json!({ "cardId": card, "expectedVersion": version + 4 });
    ann.done("deleteCard", input, "deletedCardId").await;
}
