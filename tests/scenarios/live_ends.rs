//! What ends or changes subscriptions takes effect at once on the same instance, not with the next sweep, and on others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::live_instances::deaf;
use super::live_protocol::event_stream;
use crate::support::{
    Events, LogIn, Received, Server, Socket, User, Watched, ask_for_events, eventually, kinds,
    scenarios,
};

scenarios![
    a_log_out_takes_effect_at_once,
    a_revoked_session_takes_effect_at_once,
    a_changed_password_takes_effect_at_once,
    a_deleted_account_takes_effect_at_once,
    a_removal_takes_effect_at_once,
    a_lowered_role_takes_effect_at_once,
    ends_and_roles_take_effect_on_other_instances,
    a_socket_that_is_read_slowly_ends_with_its_session,
    who_ends_their_own_session_gets_the_answer,
];

/// The pause between two sweeps.
const SWEEP: Duration = Duration::from_secs(2);

/// As many as take effect one after the other. If each waited for a sweep, there would be five pauses between them.
const TIMES: u32 = 6;

const FOLLOW: &str = "board { viewerRole } events { __typename }";

/// Asserts that `TIMES` changes, each after the effect of the one before it, did not wait for sweeps.
fn took(began: Instant) {
    let took = began.elapsed();
    assert!(took < SWEEP * (TIMES - 1), "{TIMES} changes took {took:?}");
}

/// Sessions of one user, each with an idle socket and one that follows a board.
async fn sessions(server: &Arc<Server>) -> Vec<(LogIn, [Socket; 2])> {
    let board = server.user("ann").await.board("Plans").await;
    let open = join_all((0..TIMES).map(async |_| {
        let session = server.log_in_as("ann", "password").await;
        let ann = session.user(server);
        let sockets = [Socket::of(&ann).await, Socket::following(&ann, &board, FOLLOW).await];
        (session, sockets)
    }));
    open.await
}

async fn are_closed(sockets: [Socket; 2]) {
    for mut socket in sockets {
        assert_eq!(socket.receive().await.code(), 4403);
    }
}

async fn a_log_out_takes_effect_at_once(server: Arc<Server>) {
    let sessions = sessions(&server).await;
    let began = Instant::now();
    for (session, sockets) in sessions {
        session.user(&server).get("mutation { logOut { revokedSessionId } }").await;
        are_closed(sockets).await;
    }
    took(began);
}

async fn a_revoked_session_takes_effect_at_once(server: Arc<Server>) {
    let sessions = sessions(&server).await;
    let ann = server.user_from("ann").await;
    let began = Instant::now();
    for (session, sockets) in sessions {
        let input = json!({ "sessionId": session.session });
        ann.done("revokeSession", input, "revokedSessionId").await;
        are_closed(sockets).await;
    }
    took(began);
}

/// Members of a board, who follow it.
async fn members(server: &Arc<Server>) -> (User, String, Vec<(User, Socket)>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut members = Vec::new();
    for n in 0..TIMES {
        let member = server.user(&format!("member{n}")).await;
        ann.share(&board, &member).await;
        members.push(member);
    }
    let following = members.into_iter().map(async |member| {
        let socket = Socket::following(&member, &board, FOLLOW).await;
        (member, socket)
    });
    let members = join_all(following).await;
    (ann, board, members)
}

async fn a_changed_password_takes_effect_at_once(server: Arc<Server>) {
    let (_, _, members) = members(&server).await;
    let began = Instant::now();
    for (member, mut socket) in members {
        let input = json!({ "password": "another password", "currentPassword": "password" });
        member.done("updateViewer", input, "user { id }").await;
        assert_eq!(socket.receive().await.code(), 4403);
    }
    took(began);
}

async fn a_deleted_account_takes_effect_at_once(server: Arc<Server>) {
    let (ann, board, members) = members(&server).await;
    let began = Instant::now();
    for (member, mut socket) in members {
        let mut watching = Socket::following(&ann, &board, FOLLOW).await;
        let input = json!({ "currentPassword": "password" });
        member.done("deleteViewer", input, "deletedUserId").await;
        // The last payload may come first.
        while let Received::Message(_) = socket.receive().await {}
        assert_eq!(kinds(&watching.news("1").await), ["MemberRemovedEvent"]);
    }
    took(began);
}

async fn a_removal_takes_effect_at_once(server: Arc<Server>) {
    let (ann, board, members) = members(&server).await;
    let began = Instant::now();
    for (member, mut socket) in members {
        let removal = json!({ "boardId": board, "userId": member.id });
        ann.done("unshareBoard", removal, "removedUserId").await;
        loop {
            let message = socket.message_of("1").await;
            if message["type"] == "complete" {
                break;
            }
        }
    }
    took(began);
}

async fn a_lowered_role_takes_effect_at_once(server: Arc<Server>) {
    let (ann, board, members) = members(&server).await;
    let began = Instant::now();
    for (member, mut socket) in members {
        ann.share_as(&board, &member, "VIEWER").await;
        while socket.news("1").await["board"]["viewerRole"] != "VIEWER" {}
    }
    took(began);
}

/// How somebody loses access, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Session,
    Password,
    Account,
    Board,
    Role,
}

/// With notifications, and without, where the sweep finds it.
async fn ends_and_roles_take_effect_on_other_instances(server: Arc<Server>) {
    let near = Arc::new(server.another(&[]).await);
    let deaf = Arc::new(deaf(&server).await);
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut number = 0;
    for place in [&near, &deaf] {
        for loss in [Loss::Session, Loss::Password, Loss::Account, Loss::Board, Loss::Role] {
            number += 1;
            let member = server.user(&format!("member{number}")).await;
            ann.share(&board, &member).await;
            let there = User { server: Arc::clone(place), ..member.clone() };
            let mut socket = Socket::following(&there, &board, FOLLOW).await;
            let mut events = event_stream(&there, &board).await;
            lose(loss, &ann, &board, &member).await;
            match loss {
                Loss::Role => while socket.news("1").await["board"]["viewerRole"] != "VIEWER" {},
                Loss::Board => while socket.message_of("1").await["type"] != "complete" {},
                // The end of a membership may be sent before the end of the session.
                Loss::Session | Loss::Password | Loss::Account => loop {
                    if let Received::Closed(code) = socket.receive().await {
                        break assert_eq!(code, 4403, "{loss:?}");
                    }
                },
            }
            if loss == Loss::Role {
                assert_eq!(events.next().await.unwrap().0, "next");
            } else {
                while events.next().await.is_some() {}
            }
        }
    }
    near.stop().await;
    deaf.stop().await;
}

async fn lose(loss: Loss, ann: &User, board: &str, member: &User) {
    let membership = json!({ "boardId": board, "userId": member.id });
    match loss {
        Loss::Session => {
            member.get("mutation { logOut { revokedSessionId } }").await;
        }
        Loss::Password => {
            let input = json!({ "password": "another password", "currentPassword": "password" });
            member.done("updateViewer", input, "user { id }").await;
        }
        Loss::Account => {
            let input = json!({ "currentPassword": "password" });
            member.done("deleteViewer", input, "deletedUserId").await;
        }
        Loss::Board => {
            ann.done("unshareBoard", membership, "removedUserId").await;
        }
        Loss::Role => ann.share_as(board, member, "VIEWER").await,
    }
}

/// The socket writes a payload that its client does not read, while the session ends.
async fn a_socket_that_is_read_slowly_ends_with_its_session(server: Arc<Server>) {
    let watched = Watched::start(&server, &[("HTTP_WRITE_SECONDS", "600")]).await;
    let ann = watched.server.user("ann").await;
    let board = ann.board("Plans").await;
    let texts = ann.large_texts(&board).await;
    let mut socket = Socket::of(&ann).await;
    socket.follow("1", &board, None, &format!("board {{ {texts} }}")).await;
    let deliveries = async || watched.sum("kanban_live_payloads_total", &[]).await;
    eventually!("nothing is sent", deliveries().await.total_cmp(&0.0).is_gt());
    // Until the buffers of the connection are full.
    tokio::time::sleep(Duration::from_secs(2)).await;
    ann.get("mutation { logOut { revokedSessionId } }").await;
    let ended = Instant::now();
    let open = async || watched.sum("kanban_live_streams", &[]).await;
    eventually!("the socket is kept", open().await.total_cmp(&1.0).is_lt());
    // Before the kernel gives up the connection.
    assert!(ended.elapsed() < Duration::from_secs(30), "{:?}", ended.elapsed());
    drop(socket);
    watched.process.stop().await;
}

/// Only the answer has the tokens of the new session.
async fn who_ends_their_own_session_gets_the_answer(server: Arc<Server>) {
    server.user("ann").await;
    let query = "mutation($i: UpdateViewerInput!) { updateViewer(input: $i) { accessToken } }";
    for n in 0..20 {
        let (current, new) = (password(n), password(n + 1));
        let ann = server.log_in_as("ann", &current).await.user(&server);
        let input = json!({ "i": { "password": new, "currentPassword": current } });
        if n % 4 == 0 {
            let mut events = Events::of(ask_for_events(&ann, query, input).await);
            let (name, data) = events.next().await.unwrap();
            assert_eq!(name, "next");
            assert!(data["data"]["updateViewer"]["accessToken"].is_string(), "{data}");
            continue;
        }
        let mut socket = Socket::of(&ann).await;
        socket.subscribe("m", query, input).await;
        assert!(socket.next("m").await["updateViewer"]["accessToken"].is_string());
        while let Received::Message(message) = socket.receive().await {
            assert_eq!(message, json!({ "id": "m", "type": "complete" }));
        }
    }
}

fn password(number: u32) -> String {
    if number == 0 { "password".into() } else { format!("password {number}") }
}
