//! Sessions: refreshing, listing, revoking and logging out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, List, Lock, LogIn, Server, column, config_with, scenarios, text};

scenarios![
    a_refresh_token_is_spent_by_its_use,
    each_presentation_within_ten_seconds_gets_its_own_successor,
    two_used_successors_end_the_session,
    a_refresh_token_that_is_used_again_later_ends_its_session,
    one_of_eight_answers_is_enough,
    two_tabs_share_a_token,
    a_token_of_the_previous_version_is_accepted,
    old_tokens_are_recognised_without_a_row,
    refreshes_of_a_session_are_limited,
    sessions_have_an_absolute_end,
    the_least_used_session_gives_way,
    the_network_of_a_session_is_shown,
    tokens_are_not_stored,
    refresh_tokens_outlive_a_change_of_keys,
    sessions_end_when_they_are_not_refreshed,
    sessions_are_listed_for_their_user_only,
    pages_of_sessions_are_newest_first,
    a_user_agent_is_kept_within_bounds,
    logging_out_ends_the_session_at_once,
    sessions_can_be_revoked,
    a_new_password_or_address_ends_all_sessions,
    an_account_that_changes_during_a_log_in_wins,
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
pub(super) async fn age_spent_tokens(server: &Server, seconds: i64) {
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

async fn each_presentation_within_ten_seconds_gets_its_own_successor(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let mut successors = Vec::new();
    for _ in 0..3 {
        let next = refreshed(server.refresh(&first.refresh_token).await);
        assert!(works(&server, &next.token).await);
        successors.push(next.refresh_token);
        // In all 6 s: a slow machine has the rest.
        age_spent_tokens(&server, 3).await;
    }
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 3);
    // An answer that was lost: any of them can be used.
    let next = refreshed(server.refresh(&successors[1]).await);
    assert!(works(&server, &next.token).await);
    assert_eq!(refreshed(server.refresh(&next.refresh_token).await).session, first.session);
}

/// Asserts that nobody who holds a token of the session, legitimately or not, can go on.
async fn assert_ended(server: &Server, tokens: &[&LogIn]) {
    for log_in in tokens {
        assert!(!works(server, &log_in.token).await);
        assert_eq!(server.refresh(&log_in.refresh_token).await.code(), "UNAUTHENTICATED");
    }
    let session = tokens[0].session.rsplit('_').next().unwrap();
    assert_eq!(server.count(&format!("sessions WHERE id = {session}")).await, 0);
}

/// A thief presents the token shortly after its owner, and both use their successors.
async fn two_used_successors_end_the_session(server: Arc<Server>) {
    server.user("ann").await;
    for late in [false, true] {
        let stolen = server.log_in_as("ann", "password").await;
        let owner = refreshed(server.refresh(&stolen.refresh_token).await);
        let mut thief = refreshed(server.refresh(&stolen.refresh_token).await);
        let owner = refreshed(server.refresh(&owner.refresh_token).await);
        if late {
            // The token is presented once more after its successor was used.
            thief = refreshed(server.refresh(&stolen.refresh_token).await);
        }
        assert!(works(&server, &owner.token).await);
        assert_eq!(server.refresh(&thief.refresh_token).await.code(), "UNAUTHENTICATED");
        assert_ended(&server, &[&stolen, &owner, &thief]).await;
    }
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

/// A client sends eight refreshes at once, and keeps one of the answers.
async fn one_of_eight_answers_is_enough(server: Arc<Server>) {
    server.user("ann").await;
    let mut kept = server.log_in_as("ann", "password").await;
    let other = Server::start(server.database_url.clone()).await;
    for round in 0..4 {
        let instances = [&*server, &other];
        let answers = join_all((0..8).map(|n| instances[n % 2].refresh(&kept.refresh_token))).await;
        kept = refreshed(answers.into_iter().nth(round * 2).unwrap());
        assert!(works(&server, &kept.token).await);
    }
    // The token of the other session; of this session the token that was used last, and its successors. The tokens that
    // were used before are still in their ten seconds.
    assert_eq!(server.count("refresh_tokens WHERE spent_at IS NULL").await, 1 + 8);
    age_spent_tokens(&server, 20).await;
    refreshed(server.refresh(&kept.refresh_token).await);
    assert_eq!(server.count("refresh_tokens").await, 1 + 2);
    other.stop().await;
}

/// Both tabs store the token that they get in the same place, and read it there before each refresh.
async fn two_tabs_share_a_token(server: Arc<Server>) {
    server.user("ann").await;
    let mut stored = server.log_in_as("ann", "password").await;
    for _ in 0..5 {
        let token = stored.refresh_token.clone();
        let (one, two) = tokio::join!(server.refresh(&token), server.refresh(&token));
        assert!(works(&server, &refreshed(one).token).await);
        stored = refreshed(two);
    }
    assert!(works(&server, &stored.token).await);
}

async fn a_token_of_the_previous_version_is_accepted(server: Arc<Server>) {
    server.user("ann").await;
    let log_in = server.log_in_as("ann", "password").await;
    let session = log_in.session.rsplit('_').next().unwrap();
    // SHA-256 of this token.
    let token = "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let hash = kanban::domain::sha256(token);
    let statement = format!(
        "DELETE FROM refresh_tokens; UPDATE sessions SET family_hash = NULL WHERE id = {session};
         INSERT INTO refresh_tokens (hash, session_id) VALUES ('{hash}', {session})"
    );
    server.execute(&statement, &statement).await;
    let next = refreshed(server.refresh(token).await);
    assert_eq!(next.session, log_in.session);
    let again = refreshed(server.refresh(token).await);
    let next = refreshed(server.refresh(&next.refresh_token).await);
    age_spent_tokens(&server, 11).await;
    assert_eq!(server.refresh(&again.refresh_token).await.code(), "UNAUTHENTICATED");
    assert_ended(&server, &[&log_in, &next]).await;
}

async fn old_tokens_are_recognised_without_a_row(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let mut latest = first.clone();
    for _ in 0..30 {
        latest = refreshed(server.refresh(&latest.refresh_token).await);
        age_spent_tokens(&server, 11).await;
    }
    // The token of the other session, the last spent token and its successor.
    assert_eq!(server.count("refresh_tokens").await, 3);
    assert_eq!(server.refresh(&first.refresh_token).await.code(), "UNAUTHENTICATED");
    assert_ended(&server, &[&first, &latest]).await;
}

async fn refreshes_of_a_session_are_limited(server: Arc<Server>) {
    server.user("ann").await;
    let settings = [("RATE_LIMIT", "on"), ("RATE_LIMIT_PER_SESSION", "3")];
    let strict = server.another(&settings).await;
    let mut log_in = strict.log_in_as("ann", "password").await;
    for _ in 0..3 {
        log_in = refreshed(strict.refresh(&log_in.refresh_token).await);
    }
    let refused = strict.refresh(&log_in.refresh_token).await;
    assert_eq!(refused.code(), "RATE_LIMITED");
    let retry_after = refused.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
    assert!((1..=60).contains(&retry_after), "{retry_after}");
    // The token was not used, and other sessions are not limited.
    refreshed(server.refresh(&log_in.refresh_token).await);
    let other = strict.log_in_as("ann", "password").await;
    let next = refreshed(strict.refresh(&other.refresh_token).await);
    // A thief who refreshes without pause does not keep the owner from ending the session.
    let mut thief = next;
    for _ in 0..2 {
        thief = refreshed(strict.refresh(&thief.refresh_token).await);
    }
    assert_eq!(strict.refresh(&thief.refresh_token).await.code(), "RATE_LIMITED");
    age_spent_tokens(&server, 60).await;
    refreshed(server.refresh(&thief.refresh_token).await);
    assert_eq!(strict.refresh(&other.refresh_token).await.code(), "UNAUTHENTICATED");
    assert_ended(&server, &[&other, &thief]).await;
    strict.stop().await;
}

async fn sessions_have_an_absolute_end(server: Arc<Server>) {
    server.user("ann").await;
    let short = server.another(&[("SESSION_DAYS", "10"), ("SESSION_MAX_DAYS", "12")]).await;
    let mut log_in = short.log_in_as("ann", "password").await;
    let expires = async |user: &crate::support::User| {
        let found = user.get("{ sessions(first: 1) { nodes { createdAt expiresAt } } }").await;
        let node = found["sessions"]["nodes"][0].clone();
        let time = |name: &str| chrono::DateTime::parse_from_rfc3339(&text(&node[name])).unwrap();
        (time("expiresAt") - time("createdAt")).num_seconds()
    };
    let short = Arc::new(short);
    assert_eq!(expires(&log_in.clone().user(&short)).await, 10 * 86_400);
    short.db.clock().advance(8 * 86_400);
    log_in = refreshed(short.refresh(&log_in.refresh_token).await);
    assert_eq!(expires(&log_in.clone().user(&short)).await, 12 * 86_400);
    short.db.clock().advance(5 * 86_400);
    assert_eq!(short.refresh(&log_in.refresh_token).await.code(), "UNAUTHENTICATED");
    short.stop().await;
}

async fn the_least_used_session_gives_way(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = server.log_in_as("ann", "password").await;
    for _ in 0..97 {
        server.log_in("ann", "password").await;
    }
    // 100 with the session of `ann`. The oldest one but that is used.
    refreshed(server.refresh(&first.refresh_token).await);
    assert!(works(&server, &first.token).await);
    server.log_in("ann", "password").await;
    assert!(!works(&server, &ann.token).await);
    assert!(works(&server, &first.token).await && works(&server, &second.token).await);
    let found = first.user(&server).get("{ sessions { totalCount } }").await;
    assert_eq!(found["sessions"]["totalCount"], 100);
}

async fn the_network_of_a_session_is_shown(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let proxied = server.another(&[("TRUSTED_PROXIES", "1")]).await;
    let body = json!({
        "query": r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { session { network } } }"#
    });
    for (address, network) in [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:198.51.100.9", "198.51.100.0/24"),
    ] {
        let request = proxied.http.post(format!("{}/graphql", proxied.url)).json(&body);
        let request = request.header("x-forwarded-for", address);
        let answer = Answer::of(request.send().await.unwrap()).await.ok();
        assert_eq!(answer["logIn"]["session"]["network"], network);
    }
    let found = ann.get("{ sessions { nodes { network } } }").await;
    assert_eq!(found["sessions"]["nodes"][3]["network"], "127.0.0.0/24");
    proxied.stop().await;
}

async fn tokens_are_not_stored(server: Arc<Server>) {
    server.user("ann").await;
    let first = server.log_in_as("ann", "password").await;
    let second = refreshed(server.refresh(&first.refresh_token).await);
    for token in [&first.refresh_token, &second.refresh_token] {
        assert!(token.starts_with("rt_") && token.len() == 67, "384 random bits: {token}");
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
    let again = refreshed(rotated.refresh(&first.refresh_token).await);
    assert!(!works(&server, &again.token).await, "the token is signed with the new key");
    // Without the old key, its access tokens become invalid, but the sessions continue.
    let config = config_with(&server.database_url, &[("JWT_SECRET", new)]);
    let later = Server::start_with(config, server.database_url.clone()).await;
    assert!(!works(&later, &second.token).await && works(&later, &again.token).await);
    let third = refreshed(later.refresh(&again.refresh_token).await);
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
    let tidy = server.tidy().await;
    server.until_count("sessions", 0).await;
    server.until_count("refresh_tokens", 0).await;
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

const CHANGED: &str =
    "user { id email } accessToken tokenType expiresAt refreshToken session { id isCurrent }";

async fn a_new_password_or_address_ends_all_sessions(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let renamed = ann.done("updateViewer", json!({ "name": "Ann" }), CHANGED).await;
    for field in ["accessToken", "tokenType", "expiresAt", "refreshToken", "session"] {
        assert_eq!(renamed[field], Value::Null, "{field}");
    }
    let mut password = "password";
    for (change, next) in [
        (json!({ "email": "anna@example.com" }), "password"),
        (json!({ "password": "new password" }), "new password"),
        (json!({ "password": "password", "email": "ann@example.com" }), "password"),
    ] {
        let email = ann_address(&server).await;
        let log_in = LogIn::of(&server.try_log_in(&email, password).await.ok()["logIn"]);
        let other = LogIn::of(&server.try_log_in(&email, password).await.ok()["logIn"]);
        assert!(works(&server, &other.token).await);
        let mut input = change.clone();
        input["currentPassword"] = json!(password);
        let caller = log_in.clone().user(&server);
        // The following mutations of the same document are unauthenticated.
        let document = format!(
            "mutation($input: UpdateViewerInput!) {{ updateViewer(input: $input) {{ {CHANGED} }}
             createBoard(input: {{ title: \"x\" }}) {{ board {{ id }} }} }}"
        );
        let answer = caller.ask(&document, json!({ "input": input })).await;
        assert_eq!(answer.error().0, "UNAUTHENTICATED");
        let changed = answer.body["data"]["updateViewer"].clone();
        assert_eq!(changed["session"]["isCurrent"], true);
        let new = LogIn::of(&changed);
        assert!(works(&server, &new.token).await);
        assert!(!works(&server, &other.token).await && !works(&server, &log_in.token).await);
        for old in [&other, &log_in] {
            assert_eq!(server.refresh(&old.refresh_token).await.code(), "UNAUTHENTICATED");
        }
        refreshed(server.refresh(&new.refresh_token).await);
        assert_eq!(server.count("sessions").await, 1);
        password = next;
    }
}

async fn ann_address(server: &Server) -> String {
    let is_anna = server.count("users WHERE email = 'anna@example.com'").await == 1;
    if is_anna { "anna@example.com".into() } else { "ann@example.com".into() }
}

/// The password is checked and then changed before the session is stored.
async fn an_account_that_changes_during_a_log_in_wins(server: Arc<Server>) {
    for (name, change) in [
        ("ann", "password_hash = 'another'"),
        ("bob", "email = 'boss@example.com', email_key = 'boss@example.com'"),
        ("eve", "disabled_at = created_at"),
    ] {
        let address = format!("{name}@example.com");
        server.user(name).await;
        let mut lock = Lock::take(&server).await;
        lock.execute("", "SELECT 1 FROM users FOR UPDATE").await;
        let (other, email) = (Arc::clone(&server), address.clone());
        let log_in = tokio::spawn(async move { other.try_log_in(&email, "password").await });
        // The log-in waits for the lock to insert its session.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!log_in.is_finished());
        let change =
            format!("UPDATE users SET {change} WHERE email = '{address}'; DELETE FROM sessions");
        lock.execute(&change, &change).await;
        lock.commit().await;
        assert_eq!(log_in.await.unwrap().code(), "INVALID_CREDENTIALS", "{name}");
        assert_eq!(server.count("sessions").await, 0, "{name}");
    }
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
