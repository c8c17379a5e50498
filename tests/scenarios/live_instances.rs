//! Subscriptions with several instances, and while the database is out of reach.

use std::sync::Arc;
use std::time::Duration;

use kanban::app;
use kanban::domain::{BoardId, PublicId, UserId, UserKey};
use kanban::service::trash;
use kanban::store::{events, users};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::live_protocol::{completes, event_stream};
use crate::support::{
    Events, Lock, Network, Proxy, Server, Socket, User, Watched, ask_for_events, eventually, kinds,
    postgres, scenarios,
};

scenarios![
    changes_on_one_instance_arrive_on_all,
    a_notification_tells_without_the_sweep,
    the_sweep_finds_changes_without_notifications,
    a_subscriber_far_behind_gets_everything_up_to_the_end,
    a_subscriber_far_behind_gets_nothing_after_the_end,
    a_subscriber_whose_end_is_not_known_is_reset,
    a_change_between_two_payloads_is_not_forgotten,
    nothing_is_missed_in_a_short_outage,
    a_long_outage_ends_the_socket,
    a_subscription_that_cannot_begin_now_is_tried_again,
    a_payload_that_fails_ends_its_own_subscribers,
    lists_follow_the_changes_of_other_instances,
    a_client_that_does_not_read_holds_no_connection,
];

const EVENTS: &str = "sequence reset events { __typename sequence } board { version }";

/// Reads payloads up to a sequence number. Asserts that there is no gap.
async fn read_up_to(socket: &mut Socket, mut known: i64, last: i64) {
    while known < last {
        let news = socket.news("1").await;
        assert_eq!(news["reset"], false);
        for event in news["events"].as_array().unwrap() {
            known += 1;
            assert_eq!(event["sequence"], known);
        }
        assert_eq!(news["sequence"], known);
    }
}

async fn changes_on_one_instance_arrive_on_all(server: Arc<Server>) {
    let other = Arc::new(server.another(&[]).await);
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let far = User { server: Arc::clone(&other), ..ann.clone() };
    let (mut here, mut there) = (Socket::of(&ann).await, Socket::of(&far).await);
    for socket in [&mut here, &mut there] {
        socket.follow("1", &board, None, EVENTS).await;
        socket.news("1").await;
    }
    for n in 0..20 {
        let writer = if n % 2 == 0 { &ann } else { &far };
        writer.card(&board, &format!("card {n}")).await;
    }
    read_up_to(&mut here, 1, 21).await;
    read_up_to(&mut there, 1, 21).await;
    // Another program empties the trash.
    let card = ann.card(&board, "old").await;
    ann.delete_card(&card).await;
    server.age_trash(2).await;
    trash::purge(&other.services, Some(1)).await.unwrap();
    read_up_to(&mut here, 21, 24).await;
    // A member who is removed elsewhere.
    let bob = server.user("bob").await;
    ann.share(&board, &bob).await;
    let far = User { server: Arc::clone(&other), ..bob.clone() };
    let mut socket = Socket::following(&far, &board, EVENTS).await;
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    let last = socket.news("1").await;
    assert_eq!((kinds(&last), &last["board"]), (vec!["MemberRemovedEvent".into()], &Value::Null));
    assert_eq!(socket.message_of("1").await["type"], "complete");
    other.stop().await;
}

/// The other instance sends and receives notifications, but does not run: it has no sweep.
async fn a_notification_tells_without_the_sweep(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let other = app::build(server.config()).await.unwrap();
    let db = other.db().clone();
    let relay = tokio::spawn(async move { Box::pin(db.watch()).await });
    let key = BoardId::from_public(&board).unwrap();
    let mut changed = other.db().bus().boards.listen(key);
    let mut listed = other.db().bus().lists.listen(user_key(&bob).await);
    // Notifications before the other instance listens are lost.
    let mut is_told = async || {
        ann.card(&board, "x").await;
        timeout(Duration::from_millis(200), changed.woken()).await.is_ok()
    };
    let mut tries = 0;
    while !is_told().await {
        tries += 1;
        assert!(tries < 100, "no notification arrives");
    }
    ann.share(&board, &bob).await;
    listed.woken().await;
    relay.abort();
    other.db().close().await;
}

/// The key of an account, which no API shows.
async fn user_key(user: &User) -> UserKey {
    let mut conn = user.server.db.read().await.unwrap();
    let id = UserId::from_public(&user.id).unwrap();
    users::by_id(&mut conn, id).await.unwrap().unwrap().key
}

/// Another instance, which finds changes by its sweep only.
pub(super) async fn deaf(server: &Server) -> Server {
    if server.is_sqlite() {
        return server.another(&[]).await;
    }
    let proxy = Proxy::to(&server.database_url).await;
    let deaf = server.another(&[("DATABASE_LISTEN_URL", &proxy.url)]).await;
    proxy.set(Network::Lost);
    deaf
}

/// Bob follows a board of Ann on another instance, which finds changes by its sweep only.
struct Far {
    deaf: Arc<Server>,
    ann: User,
    bob: User,
    board: String,
    socket: Socket,
}

impl Far {
    async fn make(server: &Arc<Server>) -> Self {
        let deaf = Arc::new(deaf(server).await);
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let board = ann.board("Plans").await;
        ann.share(&board, &bob).await;
        let far = User { server: Arc::clone(&deaf), ..bob.clone() };
        let socket = Socket::following(&far, &board, EVENTS).await;
        Self { deaf, ann, bob, board, socket }
    }
}

/// The viewer loses the board after more events than a payload may have.
async fn a_subscriber_far_behind_gets_everything_up_to_the_end(server: Arc<Server>) {
    let Far { deaf, ann, bob, board, mut socket } = Far::make(&server).await;
    ann.cards(&board, 230).await;
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    ann.card(&board, "not for bob").await;
    let (mut known, mut last) = (2, Value::Null);
    while known < 233 {
        last = socket.news("1").await;
        for event in last["events"].as_array().unwrap() {
            known += 1;
            assert_eq!(event["sequence"], known);
        }
        assert_eq!(last["sequence"], known);
    }
    assert_eq!(kinds(&last).last().unwrap(), "MemberRemovedEvent");
    assert_eq!(last["board"], Value::Null);
    assert_eq!(socket.message_of("1").await["type"], "complete");
    deaf.stop().await;
}

/// Bob knows the board up to 2, and nobody has served him since: he gets what happened while he could see it.
async fn a_subscriber_far_behind_gets_nothing_after_the_end(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let member = json!({ "boardId": board, "userId": bob.id });
    let this = json!({ "boardId": board });
    let (key, user) =
        (BoardId::from_public(&board).unwrap(), UserId::from_public(&bob.id).unwrap());
    let rest = async |after: i64| {
        let mut conn = server.db.read().await.unwrap();
        let access = events::former_access(&mut conn, key, user, after, 100).await.unwrap();
        let Some(access) = access else { return Vec::new() };
        let rest = events::of_former_member(&mut conn, access, after, 100).await.unwrap();
        rest.iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    ann.cards(&board, 2).await;
    assert_eq!(rest(2).await, [0; 0], "he can still see it");
    // 5: removed; 6 and 7 are not for him; 8: deleted.
    ann.done("unshareBoard", member.clone(), "removedUserId").await;
    ann.cards(&board, 2).await;
    ann.done("deleteBoard", this.clone(), "deletedBoardId").await;
    assert_eq!(rest(2).await, [3, 4, 5]);
    // 9: restored; 10: shared again, so that he may read all of it; 11: deleted; 12: restored; 13: deleted.
    ann.done("restoreBoard", this.clone(), "board { id }").await;
    assert_eq!(rest(2).await, [3, 4, 5], "it was not restored for him");
    ann.share(&board, &bob).await;
    for _ in 0..2 {
        ann.done("deleteBoard", this.clone(), "deletedBoardId").await;
        ann.done("restoreBoard", this.clone(), "board { id }").await;
    }
    assert_eq!(rest(2).await, (3..=13).collect::<Vec<_>>());
    assert_eq!(rest(10).await, [11, 12, 13]);
    // 15: removed; 16: deleted.
    ann.done("unshareBoard", member, "removedUserId").await;
    ann.done("deleteBoard", this, "deletedBoardId").await;
    assert_eq!(rest(10).await, [11, 12, 13, 14, 15]);
}

/// So many events have happened that they are not read up to the one that took the board away.
async fn a_subscriber_whose_end_is_not_known_is_reset(server: Arc<Server>) {
    let Far { deaf, mut socket, .. } = Far::make(&server).await;
    let change = "BEGIN; WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10100)
        INSERT INTO board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload)
        SELECT board_id, sequence + n + 1, created_at, actor_id, card_id, 'BOARD_UPDATED', '{\"changes\":[]}'
        FROM board_events CROSS JOIN numbers WHERE kind = 'BOARD_CREATED';
        UPDATE boards SET version = version + 10100;
        DELETE FROM users_boards WHERE user_id = (SELECT id FROM users WHERE email = 'bob@example.com'); COMMIT";
    server.execute(change, change).await;
    let last = socket.news("1").await;
    assert_eq!((&last["reset"], &last["events"]), (&json!(true), &json!([])));
    assert_eq!(last["board"], Value::Null);
    assert_eq!(socket.message_of("1").await["type"], "complete");
    deaf.stop().await;
}

/// Another instance changes the board after one payload was read, and before the next one is. No notification arrives.
async fn a_change_between_two_payloads_is_not_forgotten(server: Arc<Server>) {
    // SQLite locks no tables.
    if server.is_sqlite() {
        return;
    }
    let deaf = Arc::new(deaf(&server).await);
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    let far = User { server: Arc::clone(&deaf), ..ann.clone() };
    let comments = "board { cards(first: 1) { nodes { comments { nodes { body } } } } }";
    let mut first = Socket::following(&far, &board, &format!("{EVENTS} {comments}")).await;
    let mut second = Socket::following(&far, &board, EVENTS).await;
    let mut lock = Lock::Postgres(postgres(&server).await);
    lock.execute("", "BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE").await;
    ann.card(&board, "while nobody reads").await;
    lock.wait_for_others(1).await;
    ann.card(&board, "while the first payload is read").await;
    lock.commit().await;
    read_up_to(&mut first, 2, 4).await;
    read_up_to(&mut second, 2, 4).await;
    deaf.stop().await;
}

async fn the_sweep_finds_changes_without_notifications(server: Arc<Server>) {
    let deaf = deaf(&server).await;
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let far = User { server: Arc::new(deaf), ..ann.clone() };
    let mut socket = Socket::following(&far, &board, EVENTS).await;
    for n in 0..3 {
        ann.card(&board, &format!("card {n}")).await;
        read_up_to(&mut socket, n + 1, n + 2).await;
    }
    far.server.stop().await;
}

/// A user with a board, who is also on another instance that connects to PostgreSQL through a proxy.
struct Behind {
    proxy: Proxy,
    near: User,
    board: String,
    /// The same user on the other instance.
    ann: User,
}

impl Behind {
    async fn make(server: &Arc<Server>, settings: &[(&str, &str)]) -> Self {
        let proxy = Proxy::to(&server.database_url).await;
        let near = server.user("ann").await;
        let board = near.board("Plans").await;
        let ann = proxy.user(&near, settings).await;
        Self { proxy, near, board, ann }
    }
}

async fn nothing_is_missed_in_a_short_outage(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let Behind { proxy, near, board, ann } = Behind::make(&server, &[]).await;
    let mut socket = Socket::following(&ann, &board, EVENTS).await;
    let mut known = 1;
    for network in [Network::Frozen, Network::Reset, Network::Lost] {
        proxy.set(network);
        for n in 0..10 {
            near.card(&board, &format!("card {n}")).await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        proxy.set(Network::Up);
        read_up_to(&mut socket, known, known + 10).await;
        known += 10;
    }
    ann.server.stop().await;
}

async fn a_long_outage_ends_the_socket(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let Behind { proxy, board, ann, .. } = Behind::make(&server, &[]).await;
    let mut socket = Socket::following(&ann, &board, EVENTS).await;
    let mut list = Socket::of(&ann).await;
    list.subscribe("1", "subscription { viewerBoards { reset } }", json!({})).await;
    list.next("1").await;
    let events = event_stream(&ann, &board).await;
    proxy.set(Network::Reset);
    // All look because of a change that the other instance makes, or has made.
    ann.server
        .db
        .bus()
        .boards
        .keys()
        .iter()
        .for_each(|board| ann.server.db.bus().boards.wake(board));
    ann.server.db.bus().lists.keys().iter().for_each(|user| ann.server.db.bus().lists.wake(user));
    assert_eq!(socket.receive().await.code(), 1013);
    assert_eq!(list.receive().await.code(), 1013);
    assert!(!completes(events).await);
    ann.server.stop().await;
}

/// Clients do not try again after `error` or `complete`.
async fn a_subscription_that_cannot_begin_now_is_tried_again(server: Arc<Server>) {
    if server.is_sqlite() {
        return;
    }
    let Behind { proxy, board, ann, .. } =
        Behind::make(&server, &[("DATABASE_WAIT_SECONDS", "1")]).await;
    let (mut socket, mut other) = (Socket::of(&ann).await, Socket::of(&ann).await);
    // The session is known, so that only the board has to be read.
    ann.get("{ viewer { id } }").await;
    proxy.set(Network::Reset);
    socket.follow("1", &board, None, EVENTS).await;
    assert_eq!(socket.receive().await.code(), 1013);
    other.subscribe("1", "{ viewer { id } }", json!({})).await;
    assert_eq!(other.message_of("1").await["type"], "error", "a query is not tried again");
    let query = "subscription($b: ID!) { boardEvents(boardId: $b) { sequence } }";
    let events = ask_for_events(&ann, query, json!({ "b": board })).await;
    assert_eq!(events.status(), 200);
    assert!(!completes(Events::of(events)).await);
    ann.server.stop().await;
}

/// What some subscribers select cannot be read in time, because a table is locked. The others go on.
async fn a_payload_that_fails_ends_its_own_subscribers(server: Arc<Server>) {
    // SQLite locks no tables.
    if server.is_sqlite() {
        return;
    }
    let slow = Arc::new(server.another(&[("DATABASE_STATEMENT_SECONDS", "1")]).await);
    let ann = slow.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    let first = "board { cards(first: 1) { nodes { comments { nodes { body } } } } }";
    let comments = format!("{EVENTS} {first}");
    let mut dear = Socket::following(&ann, &board, &comments).await;
    let mut cheap = Socket::following(&ann, &board, EVENTS).await;
    let lock = postgres(&server).await;
    lock.batch_execute("BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut late = None;
    for n in 0..6 {
        ann.card(&board, &format!("card {n}")).await;
        read_up_to(&mut cheap, n + 2, n + 3).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if late.is_none() && n > 3 {
            let mut socket = Socket::of(&ann).await;
            socket.follow("1", &board, Some(2), &comments).await;
            late = Some(socket);
        }
    }
    // After ten seconds.
    assert_eq!(dear.receive().await.code(), 1013);
    lock.batch_execute("ROLLBACK").await.unwrap();
    read_up_to(&mut late.unwrap(), 2, 8).await;
    ann.card(&board, "the end").await;
    read_up_to(&mut cheap, 8, 9).await;
    slow.stop().await;
}

async fn lists_follow_the_changes_of_other_instances(server: Arc<Server>) {
    let other = Arc::new(server.another(&[]).await);
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let far = User { server: Arc::clone(&other), ..bob.clone() };
    let mut socket = Socket::of(&far).await;
    let query = "subscription { viewerBoards { boards { title } removedBoardIds } }";
    socket.subscribe("1", query, json!({})).await;
    socket.next("1").await;
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let mut next = async || socket.next("1").await["viewerBoards"].take();
    let shown = |title: &str| json!({ "boards": [{ "title": title }], "removedBoardIds": [] });
    assert_eq!(next().await, shown("Plans"));
    ann.done("updateBoard", json!({ "boardId": board, "title": "Goals" }), "board { id }").await;
    assert_eq!(next().await, shown("Goals"));
    let removal = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", removal, "removedUserId").await;
    assert_eq!(next().await, json!({ "boards": [], "removedBoardIds": [board] }));
    other.stop().await;
}

/// A query runs while the server writes a large result of another one, which the client does not read.
async fn a_client_that_does_not_read_holds_no_connection(server: Arc<Server>) {
    // SQLite locks no tables.
    if server.is_sqlite() {
        return;
    }
    let watched = Watched::start(&server, &[("HTTP_WRITE_SECONDS", "600")]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "x").await;
    let mut lock = Lock::Postgres(postgres(&server).await);
    lock.execute("", "BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE").await;
    let mut socket = Socket::of(&ann).await;
    let comments = "columns { cards { nodes { comments { nodes { body } } } } }";
    let texts = ann.large_texts(&board).await;
    for (id, selection) in [("small", comments), ("large", &texts)] {
        let query = format!("query($b: ID!) {{ board(id: $b) {{ {selection} }} }}");
        socket.subscribe(id, &query, json!({ "b": board })).await;
    }
    lock.wait_for_others(1).await;
    let in_use = async || {
        let state = [("state", "in_use")];
        watched.sum("kanban_database_connections", &state).await.round().to_string()
    };
    eventually!("the large result is not made", in_use().await == "1");
    // Until the buffers of the connection are full.
    tokio::time::sleep(Duration::from_secs(3)).await;
    lock.commit().await;
    eventually!("the connection is kept", in_use().await == "0");
    socket.next("large").await;
    socket.next("small").await;
    drop(socket);
    watched.process.stop().await;
}
