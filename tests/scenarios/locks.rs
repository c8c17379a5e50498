//! Writes that have to wait for the lock of their board.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Lock, Server, User, scenarios, text};

scenarios![
    writes_run_before_their_commit,
    a_right_that_goes_while_one_waits_is_gone,
    a_membership_that_ends_while_one_waits_is_no_more,
    a_card_that_changes_while_one_waits_is_as_it_has_become,
    users_without_the_permission_take_no_lock,
    what_was_refused_for_lack_of_time_is_not_stored_later,
];

/// A board of Ann's with one card, on which Bob has this role.
async fn board_with(server: &Arc<Server>, role: &str) -> (User, User, String, String) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let card = ann.cards(&board, 1).await.remove(0);
    ann.share_as(&board, &bob, role).await;
    (ann, bob, board, card)
}

/// Mutations that lock a board, alone and together with one of its cards.
fn writes(board: &str, card: &str) -> [(&'static str, Value); 4] {
    [
        ("createCard", json!({ "boardId": board, "card": { "title": "Late" } })),
        ("updateCard", json!({ "cardId": card, "title": "Late" })),
        ("moveCard", json!({ "cardId": card, "column": "DONE" })),
        ("deleteCard", json!({ "cardId": card })),
    ]
}

/// The response to a mutation that waits for the board's lock while the board is changed.
async fn meanwhile(user: &User, (mutation, input): &(&'static str, Value), change: &str) -> Answer {
    let mut lock = Lock::take(&user.server).await;
    let (user, mutation, input) = (user.clone(), *mutation, input.clone());
    let write = tokio::spawn(async move { user.call(mutation, input, "__typename").await });
    lock.wait_for_others(1).await;
    lock.execute(change, change).await;
    assert!(!write.is_finished());
    lock.commit().await;
    write.await.unwrap()
}

const BOB: &str = "user_id = (SELECT id FROM users WHERE email = 'bob@example.com')";

async fn a_right_that_goes_while_one_waits_is_gone(server: Arc<Server>) {
    let (_, bob, board, card) = board_with(&server, "MEMBER").await;
    for write in writes(&board, &card) {
        let lost = format!("UPDATE users_boards SET role = 'VIEWER' WHERE {BOB}");
        assert_eq!(meanwhile(&bob, &write, &lost).await.code(), "FORBIDDEN", "{write:?}");
        let mut lock = Lock::take(&server).await;
        let again = format!("UPDATE users_boards SET role = 'MEMBER' WHERE {BOB}");
        lock.execute(&again, &again).await;
        lock.commit().await;
    }
    assert_eq!(server.count("cards").await, 1);
}

async fn a_membership_that_ends_while_one_waits_is_no_more(server: Arc<Server>) {
    let (ann, bob, board, card) = board_with(&server, "MEMBER").await;
    for write in writes(&board, &card) {
        let end = format!("DELETE FROM users_boards WHERE {BOB}");
        assert_eq!(meanwhile(&bob, &write, &end).await.code(), "NOT_FOUND", "{write:?}");
        ann.share(&board, &bob).await;
    }
    assert_eq!(server.count("cards").await, 1);
}

async fn a_card_that_changes_while_one_waits_is_as_it_has_become(server: Arc<Server>) {
    let (ann, _, board, card) = board_with(&server, "MEMBER").await;
    let query = "query($id: ID!) { card(id: $id) { version description } }";
    for (mutation, mut input) in writes(&board, &card).into_iter().skip(1) {
        let found = ann.ask(query, json!({ "id": card })).await.ok();
        input["expectedVersion"] = found["card"]["version"].clone();
        let change = "UPDATE cards SET version = version + 1, description = 'changed'";
        let answer = meanwhile(&ann, &(mutation, input), change).await;
        assert_eq!(answer.code(), "CONFLICT", "{mutation}");
    }
    // Fields that are not in the input keep their new values.
    let write = ("updateCard", json!({ "cardId": card, "column": "DOING" }));
    meanwhile(&ann, &write, "UPDATE cards SET description = 'changed again'").await.ok();
    let found = ann.ask(query, json!({ "id": card })).await.ok();
    assert_eq!(text(&found["card"]["description"]), "changed again");
    for write in writes(&board, &card).into_iter().skip(1) {
        let deleted = "UPDATE cards SET deleted_at = created_at";
        assert_eq!(meanwhile(&ann, &write, deleted).await.code(), "NOT_FOUND", "{write:?}");
        let mut lock = Lock::take(&server).await;
        let restored = "UPDATE cards SET deleted_at = NULL";
        lock.execute(restored, restored).await;
        lock.commit().await;
    }
}

/// On PostgreSQL, such requests do not even wait for the lock. (SQLite has only one lock for writers.)
async fn users_without_the_permission_take_no_lock(server: Arc<Server>) {
    let (_, bob, board, card) = board_with(&server, "VIEWER").await;
    let stranger = server.user("carol").await;
    for write in writes(&board, &card) {
        for (user, code) in [(&bob, "FORBIDDEN"), (&stranger, "NOT_FOUND")] {
            let lock = Lock::take(&server).await;
            let answer = user.call(write.0, write.1.clone(), "__typename");
            let answer = match lock {
                Lock::Postgres(_) => {
                    let answer = answer.await;
                    lock.release().await;
                    answer
                }
                Lock::Sqlite(_) => futures_util::future::join(answer, lock.release()).await.0,
            };
            assert_eq!(answer.code(), code, "{}", write.0);
        }
    }
}

/// The last write of a transaction is sent together with COMMIT, which must not overtake it: not even on a connection that
/// has to prepare it first.
async fn writes_run_before_their_commit(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    // The lock of a board holds this lock until the end of the transaction. The error is one that is not retried.
    let check = "CREATE FUNCTION check_lock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid()
                AND relation = 'users_boards'::regclass AND mode = 'RowShareLock')
            THEN RAISE 'outside of the transaction' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER check_lock BEFORE INSERT ON board_events FOR EACH ROW EXECUTE FUNCTION check_lock()";
    server.execute("SELECT 1", check).await;
    for _ in 0..2 {
        let other = Arc::new(server.another(&[("DATABASE_POOL_SIZE", "1")]).await);
        let ann = User { server: Arc::clone(&other), id: ann.id.clone(), token: ann.token.clone() };
        for _ in 0..2 {
            let card = ann.card(&board, "x").await;
            ann.done("updateCard", json!({ "cardId": card, "title": "y" }), "__typename").await;
            ann.move_card(&card, "DONE", json!({})).await;
            ann.comment(&card, "hm").await;
            ann.delete_card(&card).await;
        }
        other.stop().await;
    }
    assert_eq!(ann.version(&board).await, 1 + 2 * 2 * 5);
}

/// More writes than there are connections, while somebody holds the lock.
async fn what_was_refused_for_lack_of_time_is_not_stored_later(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut users = vec![ann.clone()];
    for name in ["bob", "cem"] {
        let user = server.user(name).await;
        ann.share(&board, &user).await;
        users.push(user);
    }
    // A user may use four of the connections at once.
    let settings = [("DATABASE_WAIT_SECONDS", "1"), ("DATABASE_POOL_SIZE", "5")];
    let strict = Arc::new(server.another(&settings).await);
    let users = users.into_iter().map(|user| User { server: Arc::clone(&strict), ..user });
    let users: Vec<_> = users.collect();
    let lock = Lock::take(&server).await;
    let input = json!({ "boardId": board, "card": { "title": "x" } });
    let writes = users.iter().flat_map(|user| {
        let input = &input;
        (0..4).map(move |_| user.call("createCard", input.clone(), "card { id }"))
    });
    for answer in join_all(writes).await {
        assert_eq!(answer.code(), "SERVICE_UNAVAILABLE", "{}", answer.body);
    }
    lock.release().await;
    // After this one, all that was sent before has ended.
    ann.done("createCard", input, "card { id }").await;
    assert_eq!(server.count("cards").await, 1);
    strict.stop().await;
}
