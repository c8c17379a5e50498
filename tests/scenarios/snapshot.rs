//! One response shows one state of the database, whatever other clients write in the meantime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use kanban::domain::{
    BoardId, CardFilter, CardOrder, EmailKey, Error, Page, PageRequest, PublicId, Result,
};
use kanban::store::access::{BoardAccess, board_access};
use kanban::store::card_lists::{self, CardList};
use kanban::store::{Budget, Conn, LongTexts, ReadMode, users};
use serde_json::{Value, json};

use crate::support::{Server, User, column, scenarios};

scenarios![
    answers_agree_with_themselves_while_four_write,
    payloads_agree_with_themselves_while_four_write,
    a_load_stops_when_its_budget_is_used_up,
    a_second_statement_needs_a_transaction,
    a_transaction_ends_with_its_last_statement,
];

/// The number of requests of each reader.
const ROUNDS: usize = 60;

/// Three connections of a board that must be consistent.
const LOOK: &str = "version cards { totalCount }
    columns { column cards(first: 1000) { totalCount nodes { id } } }
    all: cards(first: 1000) { nodes { id column version } }";

/// Panics if two parts of a response show different states of the board.
#[track_caller]
fn assert_agrees(board: &Value) {
    let all = board["all"]["nodes"].as_array().unwrap();
    assert_eq!(board["cards"]["totalCount"], all.len(), "the number of cards: {board}");
    for of_column in board["columns"].as_array().unwrap() {
        let here: Value =
            all.iter().filter(|c| c["column"] == of_column["column"]).cloned().collect();
        let cards = &of_column["cards"];
        assert_eq!(column(&cards["nodes"], "id"), column(&here, "id"), "the cards: {board}");
        assert_eq!(cards["totalCount"], cards["nodes"].as_array().unwrap().len(), "{board}");
    }
}

/// Sends a query and panics if the response is inconsistent.
async fn look(user: &User, board: &str) {
    let found = user.get(&format!("{{ board(id: {board:?}) {{ {LOOK} }} }}")).await;
    assert_agrees(&found["board"]);
    let latest = newest(&found["board"]["all"]["nodes"]);
    assert!(
        latest <= found["board"]["version"].as_i64(),
        "a card is newer than its board: {found}"
    );
}

fn newest(cards: &Value) -> Option<i64> {
    cards.as_array().unwrap().iter().filter_map(|card| card["version"].as_i64()).max()
}

/// Creates, moves and deletes cards until `stop` is set.
async fn write(user: User, board: String, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let card = user.card(&board, "x").await;
        user.move_card(&card, "DOING", json!({})).await;
        user.delete_card(&card).await;
    }
}

/// Runs `read` while four clients write to the board.
async fn while_four_write(ann: &User, board: &str, read: impl Future<Output = ()>) {
    let stop = Arc::new(AtomicBool::new(false));
    let writer = || tokio::spawn(write(ann.clone(), board.to_owned(), Arc::clone(&stop)));
    let writers = [writer(), writer(), writer(), writer()];
    read.await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn answers_agree_with_themselves_while_four_write(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 20).await;
    let plain = Arc::new(server.another(&[("CACHE_MIB", "0")]).await);
    let plain = User { server: plain, ..ann.clone() };
    let read = async |user: &User| {
        for _ in 0..ROUNDS {
            look(user, &board).await;
        }
    };
    let readers = async {
        tokio::join!(read(&ann), read(&ann), read(&plain), read(&plain));
    };
    while_four_write(&ann, &board, readers).await;
}

/// Mutation payloads that show the board are consistent too.
async fn payloads_agree_with_themselves_while_four_write(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 2).await;
    let plain = Arc::new(server.another(&[("CACHE_MIB", "0")]).await);
    let plain = User { server: plain, ..ann.clone() };
    let change = async |(user, card): (&User, &String)| {
        for round in 0..ROUNDS {
            let input = json!({ "cardId": card, "title": format!("round {round}") });
            let shown = format!("card {{ board {{ {LOOK} }} }}");
            let payload = user.done("updateCard", input, &shown).await;
            assert_agrees(&payload["card"]["board"]);
            // What the payload has read must not be cached under another version of the board.
            look(user, &board).await;
        }
    };
    let changes = join_all([(&ann, &cards[0]), (&plain, &cards[1])].map(change));
    while_four_write(&ann, &board, async { drop(changes.await) }).await;
}

/// Ann's access to her board.
async fn access(ann: &User, board: &str) -> BoardAccess {
    let mut conn = ann.server.db.read().await.unwrap();
    let email = EmailKey::parse("ann@example.com").unwrap();
    let user = users::by_email(&mut conn, &email).await.unwrap().unwrap();
    let board = BoardId::from_public(board).unwrap();
    board_access(&mut conn, user.key, board).await.unwrap().unwrap()
}

/// All cards of the board with their descriptions.
async fn cards(conn: &mut Conn, board: BoardAccess) -> Result<Page<kanban::domain::Card>> {
    let request = PageRequest { limit: 1000, backward: false, after: None, before: None };
    let lists = [CardList::on_board(board)];
    let (filter, order) = (CardFilter::default(), CardOrder::default());
    let pages = card_lists::list(conn, &lists, &filter, order, &request, LongTexts::Load).await?;
    Ok(pages.into_iter().next().unwrap())
}

async fn a_load_stops_when_its_budget_is_used_up(server: Arc<Server>) {
    const LONG: usize = 10_000;
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    for _ in 0..4 {
        let card = json!({ "title": "x", "description": "é".repeat(LONG) });
        let input = json!({ "boardId": board, "cards": vec![card; 25] });
        ann.done("createCards", input, "__typename").await;
    }
    let board = access(&ann, &board).await;
    let read = Arc::new(AtomicUsize::new(0));
    let spent = Arc::clone(&read);
    let budget: Budget = Arc::new(move |bytes| {
        let sum = spent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if sum > 10 * 2 * LONG { Err(Error::TooLong { kib: 7 }) } else { Ok(()) }
    });
    let snapshot = server.db.snapshot(ReadMode::Transaction, Some(budget));
    let mut conn = snapshot.read().await.unwrap();
    let refused = cards(&mut conn, board).await.unwrap_err();
    assert!(matches!(refused, Error::TooLong { kib: 7 }), "{refused:?}");
    let read = read.load(Ordering::Relaxed);
    assert!((20 * LONG..=22 * LONG).contains(&read), "{read} bytes of the first ten");
    // The connection is still usable.
    assert!(!snapshot.failed());
    let bytes = card_lists::search_bytes(&mut conn, &[board]).await.unwrap_err();
    assert!(matches!(bytes, Error::TooLong { .. }), "{bytes:?}");
    let unbounded = server.db.snapshot(ReadMode::Transaction, None);
    let mut conn = unbounded.read().await.unwrap();
    assert_eq!(cards(&mut conn, board).await.unwrap().items.len(), 100);
    // The title and the description, each with a separator.
    let bytes = card_lists::search_bytes(&mut conn, &[board, board]).await.unwrap();
    assert_eq!(bytes, [i64::try_from(100 * (3 + 2 * LONG)).unwrap(); 2]);
}

async fn a_second_statement_needs_a_transaction(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let board = access(&ann, &board).await;
    let snapshot = server.db.snapshot(ReadMode::Expect(1), None);
    let (mut one, mut two) = (snapshot.read().await.unwrap(), snapshot.read().await.unwrap());
    cards(&mut one, board).await.unwrap();
    assert!(!snapshot.exceeded());
    for conn in [&mut one, &mut two] {
        assert!(matches!(cards(conn, board).await, Err(Error::Contention)));
        assert!(snapshot.exceeded() && !snapshot.failed());
    }
}

async fn a_transaction_ends_with_its_last_statement(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let id = ann.board("Plans").await;
    let board = access(&ann, &id).await;
    let (lists, filter) = ([CardList::on_board(board)], CardFilter::default());
    let mut refused = 0;
    for number in 0..20 {
        let snapshot = server.db.snapshot(ReadMode::Expect(2), None);
        let mut conn = snapshot.read().await.unwrap();
        assert_eq!(cards(&mut conn, board).await.unwrap().items.len(), number);
        ann.card(&id, "x").await;
        // The first time, the statement has to be prepared, and COMMIT must not be sent before it.
        let count = card_lists::counts(&mut conn, &lists, &filter).await.unwrap();
        assert_eq!(count, [i64::try_from(number).unwrap()]);
        match cards(&mut conn, board).await {
            Ok(page) => assert_eq!(page.items.len(), number),
            Err(error) => {
                assert!(matches!(error, Error::Contention) && snapshot.exceeded(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}
