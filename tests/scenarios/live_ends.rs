//! What ends or changes subscriptions takes effect at once on the same instance, not with the next sweep.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{LogIn, Received, Server, Socket, User, kinds, scenarios};

scenarios![
    a_log_out_takes_effect_at_once,
    a_revoked_session_takes_effect_at_once,
    a_changed_password_takes_effect_at_once,
    a_deleted_account_takes_effect_at_once,
    a_removal_takes_effect_at_once,
    a_lowered_role_takes_effect_at_once,
];

/// The pause between two sweeps.
const SWEEP: Duration = Duration::from_secs(2);

/// As many as take effect one after the other. If each waited for a sweep, there would be three pauses between them.
const TIMES: u32 = 4;

const FOLLOW: &str = "board { viewerRole } events { __typename }";

/// Asserts that `TIMES` changes, each after the effect of the one before it, did not wait for sweeps.
fn took(began: Instant) {
    let took = began.elapsed();
    assert!(took < SWEEP * (TIMES - 2), "{TIMES} changes took {took:?}");
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
