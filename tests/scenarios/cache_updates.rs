//! Cached lists of cards that are brought up to date equal lists that are read.

use std::fmt::Write as _;
use std::sync::Arc;

use kanban::service::trash::purge;
use serde_json::{Value, json};

use crate::support::{Server, User, Watched, column, scenarios};

scenarios![
    updated_lists_equal_lists_that_are_read,
    cards_that_were_purged_meanwhile_are_gone,
    a_version_of_a_lost_history_is_not_continued,
    events_of_a_newer_version_do_no_harm,
];

/// The same user on an instance without the cache.
async fn without_cache(user: &User) -> User {
    let server = user.server.another(&[("CACHE_MIB", "0")]).await;
    User { server: Arc::new(server), id: user.id.clone(), token: user.token.clone() }
}

/// All lists of a board in all orders. Some pages are one card too short or too long for their column.
fn lists(board: &str) -> String {
    const CARD: &str = "{ id title column rank version updatedAt labels { id color name } }";
    let mut query = format!("{{ board(id: {board:?}) {{ version ");
    for (index, first) in [2, 3, 4, 1000].into_iter().enumerate() {
        let _ = write!(
            query,
            "c{index}: columns {{ cards(first: {first}) {{
                nodes {CARD} edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
    }
    for field in ["RANK", "CREATED_AT", "UPDATED_AT", "TITLE"] {
        for direction in ["ASC", "DESC"] {
            let _ = write!(
                query,
                "{field}_{direction}: cards(first: 1000, orderBy: {{ field: {field}, direction: {direction} }})
                    {{ nodes {{ id title description labels {{ name }} }} }}"
            );
        }
    }
    query + "} }"
}

/// A source of numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

const COLUMNS: [&str; 4] = ["BACKLOG", "TODO", "DOING", "DONE"];
const COLORS: [&str; 3] = ["RED", "BLUE", "GRAY"];

/// A random change of the board, which has these cards and labels.
fn change(
    dice: &mut Dice,
    board: &str,
    cards: &[String],
    labels: &[String],
) -> (&'static str, Value) {
    let card = dice.one_of(cards);
    let title = format!(
        "{} {}",
        dice.one_of(&["Card", "card", "École", "ÉCOLE", "ß", "ｃ"]),
        dice.below(9)
    );
    let (column, color) = (*dice.one_of(&COLUMNS), *dice.one_of(&COLORS));
    match dice.below(12) {
        0 | 1 => {
            let card = json!({ "title": title, "column": column, "labels": [color] });
            ("createCard", json!({ "boardId": board, "card": card }))
        }
        2 => ("updateCard", json!({ "cardId": card, "title": title })),
        3 => ("updateCard", json!({ "cardId": card, "description": title, "column": column })),
        4 => ("updateCard", json!({ "cardId": card, "labels": [color] })),
        5 => ("moveCard", json!({ "cardId": card, "column": column })),
        6 => (
            "moveCard",
            json!({ "cardId": card, "column": column, "beforeCardId": dice.one_of(cards) }),
        ),
        7 => ("deleteCard", json!({ "cardId": card })),
        8 => ("restoreCard", json!({ "cardId": card })),
        9 => ("updateLabel", json!({ "labelId": dice.one_of(labels), "name": title })),
        10 => ("addComment", json!({ "cardId": card, "body": title })),
        _ => {
            let cards = vec![json!({ "title": title, "column": column }); dice.below(3) * 9 + 1];
            ("createCards", json!({ "boardId": board, "cards": cards }))
        }
    }
}

async fn updated_lists_equal_lists_that_are_read(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let plain = without_cache(&ann).await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 6).await;
    let (query, mut dice) = (lists(&board), Dice(15));
    let all = "labels { id } cards(first: 1000) { nodes { id } } deletedCards { nodes { id } }";
    let all = format!("{{ board(id: {board:?}) {{ {all} }} }}");
    for step in 0..40 {
        let found = plain.get(&all).await;
        let mut cards = column(&found["board"]["cards"]["nodes"], "id");
        cards.extend(column(&found["board"]["deletedCards"]["nodes"], "id"));
        let labels = column(&found["board"]["labels"], "id");
        let mut done = Vec::new();
        for _ in 0..=dice.below(4) {
            let (mutation, input) = change(&mut dice, &board, &cards, &labels);
            // Some are refused, such as the restoration of a card that is not deleted.
            ann.call(mutation, input.clone(), "__typename").await;
            done.push((mutation, input));
        }
        if step == 30 {
            ann.done("deleteLabel", json!({ "labelId": labels[0] }), "__typename").await;
        }
        assert_eq!(ann.get(&query).await, plain.get(&query).await, "step {step}: {done:?}");
    }
    plain.server.stop().await;
}

async fn cards_that_were_purged_meanwhile_are_gone(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let plain = without_cache(&ann).await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 3).await;
    let query = lists(&board);
    ann.get(&query).await;
    ann.delete_card(&cards[1]).await;
    server.age_trash(31).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    assert_eq!(purge(&services, Some(30)).await.unwrap().cards, 1);
    let found = ann.get(&query).await;
    assert_eq!(found, plain.get(&query).await);
    assert_eq!(found["board"]["RANK_ASC"]["nodes"].as_array().unwrap().len(), 2);
    plain.server.stop().await;
}

/// A standby that takes over may lack the latest changes, and assigns their versions again.
async fn a_version_of_a_lost_history_is_not_continued(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 3).await;
    let query = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ title }} }} }} }}");
    let titles = async || column(&ann.get(&query).await["board"]["cards"]["nodes"], "title");
    let version = ann.version(&board).await;
    titles().await;
    // Another change with the same version.
    let sql = format!("UPDATE cards SET title = 'other' WHERE version = {version}");
    server.execute(&sql, &sql).await;
    let earlier =
        if server.is_sqlite() { "created_at - 1" } else { "created_at - interval '1 ms'" };
    let sql = format!("UPDATE board_events SET created_at = {earlier} WHERE sequence = {version}");
    server.execute(&sql, &sql).await;
    let before = titles().await;
    assert!(!before.contains(&"other".to_owned()), "nothing tells that it changed: {before:?}");
    ann.done("updateCard", json!({ "cardId": cards[0], "title": "new" }), "__typename").await;
    let after = titles().await;
    assert!(after.contains(&"other".to_owned()) && after.contains(&"new".to_owned()), "{after:?}");
}

/// An instance of a later version may write events of kinds that this one does not know.
async fn events_of_a_newer_version_do_no_harm(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 3).await;
    let query = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ title }} }} }} }}");
    ann.get(&query).await;
    ann.done("updateCard", json!({ "cardId": cards[0], "title": "new" }), "__typename").await;
    let sql = "UPDATE board_events SET kind = 'CARD_SPLIT' WHERE kind = 'CARD_UPDATED'";
    server.execute(sql, sql).await;
    let titles = column(&ann.get(&query).await["board"]["cards"]["nodes"], "title");
    assert!(titles.contains(&"new".to_owned()), "{titles:?}");
    assert!(!watched.process.log().contains("ERROR"), "{}", watched.process.log());
}
