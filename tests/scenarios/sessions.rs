//! Sessions: refreshing, listing, revoking and logging out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, List, Lock, LogIn, Server, column, config_with, scenarios, text};

scenarios![
    a_refresh_token_is_spent_by_its_use,
    a_refresh_token_gets_the_same_successor_for_ten_seconds,
    a_refresh_token_that_is_used_again_later_ends_its_session,
    one_of_many_refreshes_spends_the_token,
    tokens_are_not_stored,
    refresh_tokens_outlive_a_change_of_keys,
    sessions_end_when_they_are_not_refreshed,
    sessions_are_listed_for_their_user_only,
    pages_of_sessions_are_newest_first,
    a_user_agent_is_kept_within_bounds,
    logging_out_ends_the_session_at_once,
    sessions_can_be_revoked,
    a_new_password_ends_the_other_sessions,
    a_password_that_changes_during_a_log_in_wins,
    other_instances_refuse_what_has_ended_within_five_seconds,
];

const VIEWER: &str = "{ viewer { id } }";

/// Whether an access token is still accepted.
async fn works(server: &Server, token: &str) -> bool {
    let answer = server.ask_as(Some(token), VIEWER, json!({})).await;
    if answer.body.get("errors").is_none() {
        return true;
    }
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    false
}

fn refreshed(answer: Answer) -> LogIn {
    LogIn::of(&answer.ok()["refreshSession"])
}

/// Moves the time at which refresh tokens were spent back by `seconds`.
async fn age_spent_tokens(server: &Server, seconds: i64) {
    let micros = seconds * 1_000_000;
    server
        .execute(
            &format!("UPDATE refresh_tokens SET spent_at = spent_at - {micros}"),
            &format!(
                "UPDATE refresh_tokens SET spent_at = spent_at - interval '{seconds} seconds'"
            ),
        )
        .await;
}

/// Moves the expiry of all sessions back by `days`.
async fn age_sessions(server: &Server, days: i64) {
    let micros = days * 86_400_000_000;
    server
        .execute(
            &format!("UPDATE sessions SET expires_at = expires_at - {micros}"),
            &format!("UPDATE sessions SET expires_at = expires_at - interval '{days} days'"),
        )
        .await;
}

async fn a_refresh_token_is_spent_by_its_use(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let before =
        ann.get("{ sessions(first: 1) { nodes { createdAt lastUsedAt expiresAt } } }").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!((&first.session, &first.user), (&second.session, &second.user));
    assert!(works(&server, &first.token).await && works(&server, &second.token).await);
    let after =
        ann.get("{ sessions(first: 1) { nodes { createdAt lastUsedAt expiresAt } } }").await;
    let [before, after] = [before, after].map(|found| found["sessions"]["nodes"][0].clone());
    assert_eq!(before["createdAt"], after["createdAt"]);
    for field in ["lastUsedAt", "expiresAt"] {
        assert!(text(&before[field]) < text(&after[field]), "{field}");
    }
    let third = refreshed(server.refresh(&second.refresh_token).await);
    assert_eq!(third.session, first.session);
    for nonsense in ["", "x", &first.token, &"x".repeat(100_000), "\u{0}", &first.session] {
        assert_eq!(server.refresh(nonsense).await.code(), "UNAUTHENTICATED", "{nonsense:.40}");
    }
}

async fn a_refresh_token_gets_the_same_successor_for_ten_seconds(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    age_spent_tokens(&server, 8).await;
    let again = refreshed(server.refresh(&first.refresh_token).await);
    assert_eq!(second.refresh_token, again.refresh_token);
    // Also after the successor has been used.
    let third = refreshed(server.refresh(&second.refresh_token).await);
    let again = refreshed(server.refresh(&first.refresh_token).await);
    assert_eq!(second.refresh_token, again.refresh_token);
    assert_eq!(
        refreshed(server.refresh(&again.refresh_token).await).refresh_token,
        third.refresh_token
    );
    assert!(works(&server, &third.token).await);
}

async fn a_refresh_token_that_is_used_again_later_ends_its_session(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    let third = refreshed(server.refresh(&second.refresh_token).await);
    assert!(works(&server, &third.token).await);
    age_spent_tokens(&server, 11).await;
    assert_eq!(server.refresh(&first.refresh_token).await.code(), "UNAUTHENTICATED");
    // Everybody who holds a token of the session, legitimately or not, has to log in again.
    for log_in in [&first, &second, &third] {
        assert!(!works(&server, &log_in.token).await);
        assert_eq!(server.refresh(&log_in.refresh_token).await.code(), "UNAUTHENTICATED");
    }
    assert_eq!(ann.get("{ sessions { totalCount } }").await["sessions"]["totalCount"], 1);
}

async fn one_of_many_refreshes_spends_the_token(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let answers = join_all((0..32).map(|_| server.refresh(&first.refresh_token))).await;
    let mut tokens: Vec<String> =
        answers.into_iter().map(|answer| refreshed(answer).refresh_token).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all responses have the same successor");
    // The tokens of both sessions, and one successor.
    assert_eq!(server.count("refresh_tokens").await, 3);
}

async fn tokens_are_not_stored(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    for token in [&first.refresh_token, &second.refresh_token] {
        assert!(token.starts_with("rt_") && token.len() == 46, "256 random bits: {token}");
        let own = format!("refresh_tokens WHERE hash LIKE '%{token}%'");
        assert_eq!(server.count(&own).await, 0);
    }
}

async fn refresh_tokens_outlive_a_change_of_keys(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    let (old, new) = (crate::support::SECRET, "another secret that has more than 32 bytes");
    let both = format!("{new},{old}");
    let config = config_with(&server.database_url, &[("JWT_SECRET", &both)]);
    let rotated = Server::start_with(config, server.database_url.clone()).await;
    assert!(
        works(&rotated, &second.token).await,
        "access tokens signed with the old key stay valid"
    );
    // The successor that was derived with the old key is returned again.
    let again = refreshed(rotated.refresh(&first.refresh_token).await);
    assert_eq!(again.refresh_token, second.refresh_token);
    assert!(!works(&server, &again.token).await, "the token is signed with the new key");
    // Without the old key, its access tokens become invalid, but the sessions continue.
    let config = config_with(&server.database_url, &[("JWT_SECRET", new)]);
    let later = Server::start_with(config, server.database_url.clone()).await;
    assert!(!works(&later, &second.token).await && works(&later, &again.token).await);
    let third = refreshed(later.refresh(&second.refresh_token).await);
    assert_eq!(third.session, first.session);
    later.stop().await;
    rotated.stop().await;
}

async fn sessions_end_when_they_are_not_refreshed(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    age_sessions(&server, 29).await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    age_sessions(&server, 2).await;
    // The first session has not been refreshed. (This instance may have cached it, so another one is
    // asked.)
    let other = Server::start(server.database_url.clone()).await;
    assert!(!works(&other, &ann.token).await);
    let bob = second.user(&server);
    assert_eq!(bob.get("{ sessions { totalCount } }").await["sessions"]["totalCount"], 1);
    age_sessions(&server, 29).await;
    assert!(!works(&other, &second.token).await);
    assert_eq!(other.refresh(&second.refresh_token).await.code(), "UNAUTHENTICATED");
    other.stop().await;
    // Expired sessions are erased.
    let config = kanban::config::Config {
        trash: kanban::config::Trash { retention_days: None, every: Duration::from_millis(50) },
        ..server.config()
    };
    let tidy = Server::start_with(config, server.database_url.clone()).await;
    for _ in 0..200 {
        if server.count("sessions").await + server.count("refresh_tokens").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.count("sessions").await, 0);
    assert_eq!(server.count("refresh_tokens").await, 0);
    tidy.stop().await;
}

async fn sessions_are_listed_for_their_user_only(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let second = server.log_in_as("ann", "password").await;
    let query = "{ sessions { totalCount nodes { id isCurrent } } }";
    let seen = ann.get(query).await["sessions"].take();
    assert_eq!(seen["totalCount"], 2);
    assert_eq!(column(&seen["nodes"], "id")[0], second.session, "the newest session is not first");
    let current: Vec<&Value> =
        seen["nodes"].as_array().unwrap().iter().map(|one| &one["isCurrent"]).collect();
    assert_eq!(current, [false, true]);

    let node = "query($id: ID!) { node(id: $id) { id ... on Session { isCurrent createdAt } } }";
    let found = ann.ask(node, json!({ "id": second.session })).await.ok();
    assert_eq!(found["node"]["isCurrent"], false);
    let hidden = bob.ask(node, json!({ "id": second.session })).await.ok();
    assert_eq!(hidden["node"], Value::Null);
    let revoke =
        bob.call("revokeSession", json!({ "sessionId": second.session }), "revokedSessionId");
    assert_eq!(revoke.await.error(), ("NOT_FOUND".into(), json!(["input", "sessionId"])));
    let malformed = ann.call("revokeSession", json!({ "sessionId": "x" }), "revokedSessionId");
    assert_eq!(malformed.await.error(), ("BAD_USER_INPUT".into(), json!(["input", "sessionId"])));
}

async fn pages_of_sessions_are_newest_first(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for _ in 0..14 {
        server.log_in("ann", "password").await;
        server.log_in("ann", "password").await;
        server.user_again("bob").await;
    }
    // Some of Ann's sessions have expired, but not the current one.
    server
        .execute(
            "UPDATE sessions SET expires_at = 5 WHERE id % 3 = 0",
            "UPDATE sessions SET expires_at = 'epoch' WHERE id % 3 = 0",
        )
        .await;
    let number = |id: &String| id.rsplit('_').next().unwrap().parse::<i64>().unwrap();
    let own = ann.get("{ sessions(first: 200) { nodes { id } } }").await;
    let left = column(&own["sessions"]["nodes"], "id");
    assert!(left.len() > 5 && left.iter().all(|id| number(id) % 3 != 0), "{left:?}");
    assert!(left.windows(2).all(|pair| number(&pair[0]) > number(&pair[1])), "{left:?}");
    List::sessions(&ann).assert_is(&left).await;
    List::sessions(&ann).assert_refuses(json!({ "first": 201 }), "first").await;
}

async fn a_user_agent_is_kept_within_bounds(server: Arc<Server>) {
    server.user("ann").await;
    let body = json!({
        "query": r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { session { userAgent } } }"#
    });
    for (sent, kept) in [
        (Some("Mozilla/5.0 (X11)".to_owned()), json!("Mozilla/5.0 (X11)")),
        (Some("x".repeat(300)), json!("x".repeat(200))),
        (None, Value::Null),
    ] {
        let mut request = server.http.post(format!("{}/graphql", server.url)).json(&body);
        if let Some(name) = &sent {
            request = request.header("user-agent", name);
        }
        let answer = Answer::of(request.send().await.unwrap()).await.ok();
        assert_eq!(answer["logIn"]["session"]["userAgent"], kept, "{sent:?}");
    }
}

async fn logging_out_ends_the_session_at_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let other = server.log_in_as("ann", "password").await;
    assert!(works(&server, &ann.token).await && works(&server, &other.token).await);
    // The following mutations of the same document are unauthenticated.
    let document = r#"mutation { logOut { revokedSessionId }
        createBoard(input: { title: "x" }) { board { id } } }"#;
    let answer = server.ask_as(Some(&other.token), document, json!({})).await;
    assert_eq!(answer.body["data"]["logOut"]["revokedSessionId"], json!(other.session));
    assert_eq!(answer.error().0, "UNAUTHENTICATED");
    assert_eq!(answer.body["data"]["createBoard"], Value::Null);
    assert!(!works(&server, &other.token).await);
    assert_eq!(server.refresh(&other.refresh_token).await.code(), "UNAUTHENTICATED");
    assert!(works(&server, &ann.token).await);
}

async fn sessions_can_be_revoked(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(server.log_in_as("ann", "password").await);
    }
    for log_in in &others {
        assert!(works(&server, &log_in.token).await);
    }
    let input = json!({ "sessionId": others[0].session });
    let revoked = ann.done("revokeSession", input.clone(), "revokedSessionId").await;
    assert_eq!(revoked["revokedSessionId"], json!(others[0].session));
    assert!(!works(&server, &others[0].token).await);
    let again = ann.call("revokeSession", input, "revokedSessionId").await;
    assert_eq!(again.code(), "NOT_FOUND");

    let query = "mutation { revokeOtherSessions { revokedSessionIds } }";
    let revoked = ann.get(query).await["revokeOtherSessions"]["revokedSessionIds"].take();
    assert_eq!(revoked, json!([others[2].session, others[1].session]));
    assert!(!works(&server, &others[1].token).await && !works(&server, &others[2].token).await);
    assert!(works(&server, &ann.token).await);
    let revoked = ann.get(query).await;
    assert_eq!(revoked["revokeOtherSessions"]["revokedSessionIds"], json!([]));
}

async fn a_new_password_ends_the_other_sessions(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let other = server.log_in_as("ann", "password").await;
    assert!(works(&server, &other.token).await);
    // A change of the email address ends no session.
    let address = json!({ "email": "anna@example.com", "currentPassword": "password" });
    ann.done("updateViewer", address, "user { id }").await;
    assert!(works(&server, &other.token).await);
    let password = json!({ "password": "new password", "currentPassword": "password" });
    ann.done("updateViewer", password, "user { id }").await;
    assert!(!works(&server, &other.token).await);
    assert_eq!(server.refresh(&other.refresh_token).await.code(), "UNAUTHENTICATED");
    assert!(works(&server, &ann.token).await, "the session that changed the password continues");
}

/// The password is checked and then changed before the session is stored.
async fn a_password_that_changes_during_a_log_in_wins(server: Arc<Server>) {
    server.user("ann").await;
    let mut lock = Lock::take(&server).await;
    lock.execute("", "SELECT 1 FROM users FOR UPDATE").await;
    let other = Arc::clone(&server);
    let log_in = tokio::spawn(async move { other.try_log_in("ann@example.com", "password").await });
    // The log-in waits for the lock to insert its session.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!log_in.is_finished());
    let change = "UPDATE users SET password_hash = 'another'; DELETE FROM sessions";
    lock.execute(change, change).await;
    lock.commit().await;
    assert_eq!(log_in.await.unwrap().code(), "INVALID_CREDENTIALS");
    assert_eq!(server.count("sessions").await, 0);
}

async fn other_instances_refuse_what_has_ended_within_five_seconds(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let other = Server::start(server.database_url.clone()).await;
    let revoked = server.log_in_as("ann", "password").await;
    assert!(works(&other, &revoked.token).await);
    let input = json!({ "sessionId": revoked.session });
    ann.done("revokeSession", input, "revokedSessionId").await;
    assert!(
        !works(&server, &revoked.token).await,
        "a revocation must take effect at once on the same instance"
    );
    let since = std::time::Instant::now();
    while works(&other, &revoked.token).await {
        // Five seconds, and one more for a slow machine.
        assert!(since.elapsed().as_secs() < 6, "the revoked session is still accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    other.stop().await;
}
