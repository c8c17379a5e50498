//! Signing up, logging in, changing and deleting the own account, finding other users.

use std::sync::Arc;

use argon2::PasswordHasher;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Lock, Server, User, config_with, scenarios, text};

scenarios![
    sign_up_log_in_and_see_oneself,
    an_address_is_unique_without_case,
    wrong_log_ins_are_all_alike,
    changing_address_and_password_needs_the_present_one,
    users_are_found_by_exact_address_only,
    unknown_and_wrong_cost_the_same,
    an_address_is_the_same_however_it_is_composed,
    a_password_is_the_same_however_it_is_composed,
    a_password_that_was_hashed_as_entered_is_hashed_anew,
    log_ins_that_renew_the_hash_at_once_all_succeed,
    an_account_goes_with_what_is_its_own,
    an_account_that_changes_during_its_deletion_keeps_everything,
    boards_pass_on_when_their_only_admin_goes,
    boards_in_the_trash_pass_on_too,
    others_cannot_block_the_deletion_of_an_account,
];

async fn sign_up_log_in_and_see_oneself(server: Arc<Server>) {
    let ann = server.user("ann").await;
    assert!(ann.id.starts_with("user_") && ann.id.len() == 37, "{}", ann.id);
    let viewer = ann.get("{ viewer { id email createdAt updatedAt } }").await;
    assert_eq!(viewer["viewer"]["id"], json!(ann.id));
    assert_eq!(viewer["viewer"]["email"], "ann@example.com");
    let created = text(&viewer["viewer"]["createdAt"]);
    assert!(created.ends_with('Z') && created.len() == 27, "{created}");

    let log_in = server
        .ask(
            r#"mutation { logIn(input: { email: " ANN@Example.com ", password: "password" }) {
                accessToken tokenType expiresAt user { id createdAt } } }"#,
            json!({}),
        )
        .await
        .ok();
    assert_eq!(log_in["logIn"]["tokenType"], "Bearer");
    assert_eq!(log_in["logIn"]["user"]["createdAt"], viewer["viewer"]["createdAt"]);
    let claims = claims(&text(&log_in["logIn"]["accessToken"]));
    assert_eq!(claims["sub"], json!(ann.id));
    assert_eq!(claims["email"], "ann@example.com");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let bytes = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn an_address_is_unique_without_case(server: Arc<Server>) {
    server.user("ann").await;
    for email in ["ann@example.com", "ANN@EXAMPLE.COM"] {
        let query = "mutation($e: String!) { signUp(input: { email: $e, password: \"password\" }) { user { id } } }";
        let answer = server.ask(query, json!({ "e": email })).await;
        assert_eq!(answer.error(), ("CONFLICT".into(), json!(["input", "email"])));
    }
    let bob = server.user("bob").await;
    let input = json!({ "email": "Ann@example.com", "currentPassword": "password" });
    let answer = bob.call("updateViewer", input, "user { id }").await;
    assert_eq!(answer.error(), ("CONFLICT".into(), json!(["input", "email"])));
    assert_eq!(bob.get("{ viewer { email } }").await["viewer"]["email"], "bob@example.com");
}

async fn wrong_log_ins_are_all_alike(server: Arc<Server>) {
    server.user("ann").await;
    let log_in = "mutation($i: LogInInput!) { logIn(input: $i) { accessToken } }";
    let mut answers = Vec::new();
    for (email, password) in [
        ("ann@example.com", "Password"),
        ("ann@example.com", ""),
        ("nobody@example.com", "password"),
        ("no address", "password"),
    ] {
        let input = json!({ "email": email, "password": password });
        let answer = server.ask(log_in, json!({ "i": input })).await;
        assert_eq!(answer.code(), "INVALID_CREDENTIALS");
        answers.push(answer.body.to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

async fn changing_address_and_password_needs_the_present_one(server: Arc<Server>) {
    let mut ann = server.user("ann").await;
    let wrong = json!({ "email": "x@example.com", "currentPassword": "wrong one" });
    let answer = ann.call("updateViewer", wrong, "user { id }").await;
    assert_eq!(answer.error().0, "INVALID_CREDENTIALS");

    let both = json!({ "email": "Annie@example.com", "password": "new password", "currentPassword": "password" });
    let changed = ann.change_account(both).await;
    assert_eq!(changed["user"]["email"], "Annie@example.com");
    assert_eq!(changed["user"]["id"], json!(ann.id));
    server.log_in("annie", "new password").await;

    // A change of letter case in the own address is no conflict.
    let case = json!({ "email": "annie@example.com", "currentPassword": "new password" });
    let changed = ann.change_account(case).await;
    assert_eq!(changed["user"]["email"], "annie@example.com");

    let nothing = json!({ "email": null, "password": null, "currentPassword": "new password" });
    ann.done("updateViewer", nothing, "user { email }").await;
    server.log_in("annie", "new password").await;
}

async fn users_are_found_by_exact_address_only(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let find = "query($e: String!) { userByEmail(email: $e) { id email createdAt updatedAt } }";
    let found = ann.ask(find, json!({ "e": "BOB@example.com" })).await.ok();
    let expected =
        json!({ "id": bob.id, "email": "bob@example.com", "createdAt": null, "updatedAt": null });
    assert_eq!(found["userByEmail"], expected);
    for email in
        ["bob@example", "bob", "%@example.com", "", "b_b@example.com", "nobody@example.com"]
    {
        let found = ann.ask(find, json!({ "e": email })).await.ok();
        assert_eq!(found["userByEmail"], Value::Null, "{email}");
    }
    let own = ann.ask(find, json!({ "e": "ann@example.com" })).await.ok();
    assert!(own["userByEmail"]["createdAt"].is_string());
}

/// The response, the hashing work and the number of statements are equal, so that an attacker cannot
/// find out whether an account exists.
async fn unknown_and_wrong_cost_the_same(server: Arc<Server>) {
    server.user("ann").await;
    let mut seen = Vec::new();
    for (email, password) in [
        ("ann@example.com", "wrong password"),
        ("nobody@example.com", "password"),
        ("nobody@example.com", "x"),
    ] {
        let before = (server.services.hashing_work(), server.db.statement_count());
        let answer = server.try_log_in(email, password).await;
        assert_eq!(answer.code(), "INVALID_CREDENTIALS");
        let work = server.services.hashing_work() - before.0;
        // The test servers hash with one pass over 8 KiB.
        assert_eq!(work, 8, "{email}: one run with the configured parameters");
        seen.push((answer.body, server.db.statement_count() - before.1));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

/// É and é as one character, and as a letter with an accent.
async fn an_address_is_the_same_however_it_is_composed(server: Arc<Server>) {
    let sign_up = "mutation($i: SignUpInput!) { signUp(input: $i) { user { email } } }";
    let with = |email: &str| json!({ "i": { "email": email, "password": "password" } });
    for email in ["e\u{301}va@exa\u{308}mple.com", "संपर्क@उदाहरण.भारत"]
    {
        let made = server.ask(sign_up, with(&format!(" {email}\u{3000}"))).await.ok();
        assert_eq!(made["signUp"]["user"]["email"], email);
    }
    for email in ["\u{e9}va@ex\u{e4}mple.com", "\u{c9}VA@exa\u{308}mple.com", "संपर्क@उदाहरण.भारत"]
    {
        let again = server.ask(sign_up, with(email)).await;
        assert_eq!(again.error(), ("CONFLICT".into(), json!(["input", "email"])), "{email}");
        let logged_in = server.try_log_in(email, "password").await.ok();
        let token = text(&logged_in["logIn"]["accessToken"]);
        let find = "query($e: String!) { viewer { id } userByEmail(email: $e) { id } }";
        let found = server.ask_as(Some(&token), find, json!({ "e": email })).await.ok();
        assert_eq!(found["viewer"], found["userByEmail"]);
    }
}

const COMPOSED: &str = "\u{e9}t\u{e9} d'or";
const DECOMPOSED: &str = "e\u{301}te\u{301} d'or";

async fn a_password_is_the_same_however_it_is_composed(server: Arc<Server>) {
    let mut ann = server.user("ann").await;
    let mut current = "password";
    for new in [DECOMPOSED, COMPOSED] {
        ann.change_account(json!({ "password": new, "currentPassword": current })).await;
        for same in [COMPOSED, DECOMPOSED] {
            server.log_in("ann", same).await;
        }
        let other = server.try_log_in("ann@example.com", "ete d'or").await;
        assert_eq!(other.code(), "INVALID_CREDENTIALS");
        // The current password too.
        current = DECOMPOSED;
    }
    // A password of which two forms are compared costs the same, whether the account exists or not.
    for (email, password, runs) in [
        ("ann@example.com", COMPOSED, 1),
        ("ann@example.com", DECOMPOSED, 2),
        ("ann@example.com", "e\u{301} is wrong", 2),
        ("nobody@example.com", "e\u{301} is wrong", 2),
    ] {
        let before = server.services.hashing_work();
        server.try_log_in(email, password).await;
        assert_eq!(server.services.hashing_work() - before, 8 * runs, "{email} {password}");
    }
}

/// Earlier versions hashed passwords as they were entered.
async fn a_password_that_was_hashed_as_entered_is_hashed_anew(server: Arc<Server>) {
    server.user("ann").await;
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let (kind, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
    let argon2 = argon2::Argon2::new(kind, version, params);
    // Eight characters as entered, five in NFC: rules for new passwords do not apply to old ones.
    for (composed, decomposed) in
        [(COMPOSED, DECOMPOSED), ("\u{e9}\u{e9}\u{e9}12", "e\u{301}e\u{301}e\u{301}12")]
    {
        let hash = argon2.hash_password(decomposed.as_bytes()).unwrap().to_string();
        let update = format!("UPDATE users SET password_hash = '{hash}'");
        server.execute(&update, &update).await;
        let early = server.try_log_in("ann@example.com", composed).await;
        assert_eq!(early.code(), "INVALID_CREDENTIALS");
        let before = server.services.hashing_work();
        server.log_in("ann", decomposed).await;
        assert_eq!(
            server.services.hashing_work() - before,
            16,
            "compared as entered, then renewed"
        );
        server.log_in("ann", composed).await;
        server.log_in("ann", decomposed).await;
    }
}

/// The password is another one before the account is locked.
async fn an_account_that_changes_during_its_deletion_keeps_everything(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (own, shared) = (ann.board("Own").await, bob.board("Shared").await);
    bob.share_as(&shared, &ann, "ADMIN").await;
    for change in ["password_hash = 'another'", "disabled_at = created_at"] {
        let mut lock = Lock::take(&server).await;
        lock.execute("", "SELECT 1 FROM users FOR UPDATE").await;
        let leaving = ann.clone();
        let input = json!({ "currentPassword": "password" });
        let leave =
            tokio::spawn(async move { leaving.call("deleteViewer", input, "deletedUserId").await });
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(!leave.is_finished());
        let change = format!("UPDATE users SET {change} WHERE email = 'ann@example.com'");
        lock.execute(&change, &change).await;
        lock.commit().await;
        assert_eq!(leave.await.unwrap().code(), "INVALID_CREDENTIALS");
        let tidy = server.tidy().await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        tidy.stop().await;
        let query = format!("{{ board(id: {shared:?}) {{ members {{ totalCount }} }} }}");
        assert_eq!(bob.get(&query).await["board"]["members"]["totalCount"], 2);
        // As it was before.
        let back = "UPDATE users SET disabled_at = NULL, password_hash =
            (SELECT password_hash FROM users WHERE email = 'bob@example.com')";
        server.execute(back, back).await;
        let query = format!("{{ board(id: {own:?}) {{ title }} }}");
        assert_eq!(ann.get(&query).await["board"]["title"], "Own");
    }
}

async fn an_account_goes_with_what_is_its_own(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (own, trashed) = (ann.board("Own").await, ann.board("Past").await);
    ann.cards(&own, 3).await;
    ann.done("deleteBoard", json!({ "boardId": trashed }), "deletedBoardId").await;
    let shared = bob.board("Shared").await;
    bob.share_as(&shared, &ann, "ADMIN").await;
    let card = ann.card(&shared, "from ann").await;
    ann.comment(&card, "hello").await;
    let version = bob.version(&shared).await;

    let wrong = ann.call("deleteViewer", json!({ "currentPassword": "x" }), "deletedUserId").await;
    assert_eq!(wrong.code(), "INVALID_CREDENTIALS");
    let right = json!({ "currentPassword": "password" });
    let gone = ann.done("deleteViewer", right, "deletedUserId").await;
    assert_eq!(gone["deletedUserId"], json!(ann.id));

    assert_eq!(ann.ask("{ viewer { id } }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(
        server.try_log_in("ann@example.com", "password").await.code(),
        "INVALID_CREDENTIALS"
    );
    assert_eq!((server.count("users").await, server.count("sessions").await), (1, 1));
    // Erased after the answer.
    server.until_count("boards", 1).await;
    assert_eq!(server.count("cards").await, 1);
    assert_eq!(bob.events(&shared, version).await, ["MemberRemovedEvent"]);
    let query = format!(
        "{{ board(id: {shared:?}) {{ members {{ nodes {{ email }} }} cards {{ nodes {{ title
            comments {{ nodes {{ body author {{ id }} }} }} }} }} activity(first: 1) {{ nodes {{ actor {{ id }}
            ... on MemberRemovedEvent {{ user {{ id }} }} }} }} }} }}"
    );
    let expected = json!({
        "members": { "nodes": [{ "email": "bob@example.com" }] },
        "cards": { "nodes": [{ "title": "from ann",
            "comments": { "nodes": [{ "body": "hello", "author": null }] } }] },
        "activity": { "nodes": [{ "actor": null, "user": null }] },
    });
    assert_eq!(bob.get(&query).await["board"], expected);
    // The address can be used again, for a new account.
    assert_ne!(server.user("ann").await.id, ann.id);
}

/// The longest-standing MEMBER becomes ADMIN; a VIEWER only if there is no MEMBER.
async fn boards_pass_on_when_their_only_admin_goes(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (vic, meg, mia) =
        (server.user("vic").await, server.user("meg").await, server.user("mia").await);
    let board = ann.board("Shared").await;
    for (user, role) in [(&vic, "VIEWER"), (&meg, "MEMBER"), (&mia, "MEMBER")] {
        ann.share_as(&board, user, role).await;
    }
    let roles = async || {
        let query = format!(
            "{{ board(id: {board:?}) {{ members {{ edges {{ role node {{ id }} }} }} }} }}"
        );
        vic.get(&query).await["board"]["members"]["edges"].take()
    };
    let edge = |role: &str, user: &User| json!({ "role": role, "node": { "id": user.id } });
    for (leaver, left) in [
        (&ann, vec![edge("VIEWER", &vic), edge("ADMIN", &meg), edge("MEMBER", &mia)]),
        (&meg, vec![edge("VIEWER", &vic), edge("ADMIN", &mia)]),
        (&mia, vec![edge("ADMIN", &vic)]),
    ] {
        let version = vic.version(&board).await;
        leaver.done("deleteViewer", json!({ "currentPassword": "password" }), "__typename").await;
        assert_eq!(roles().await, json!(left));
        let kinds = vic.events(&board, version).await;
        assert_eq!(kinds, ["MemberRemovedEvent", "MemberRoleChangedEvent"]);
    }
    let query = format!(
        "{{ board(id: {board:?}) {{ activity(first: 1) {{ nodes {{ actor {{ id }}
            ... on MemberRoleChangedEvent {{ from to user {{ id }} }} }} }} }} }}"
    );
    let event = json!({ "actor": null, "from": "VIEWER", "to": "ADMIN", "user": { "id": vic.id } });
    assert_eq!(vic.get(&query).await["board"]["activity"]["nodes"], json!([event]));
    // The new ADMIN may do everything.
    vic.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
}

async fn boards_in_the_trash_pass_on_too(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Shared").await;
    ann.share(&board, &bob).await;
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    ann.done("deleteViewer", json!({ "currentPassword": "password" }), "deletedUserId").await;
    bob.done("restoreBoard", json!({ "boardId": board }), "board { id }").await;
    let left = bob.get("{ boards { nodes { title viewerRole } } }").await;
    assert_eq!(left["boards"]["nodes"], json!([{ "title": "Shared", "viewerRole": "ADMIN" }]));
}

/// A stranger makes somebody ADMIN of a board and leaves it: that must not bind the other account.
async fn others_cannot_block_the_deletion_of_an_account(server: Arc<Server>) {
    let (ann, eve, eva) =
        (server.user("ann").await, server.user("eve").await, server.user("eva").await);
    let board = eve.board("Trap").await;
    eve.share_as(&board, &ann, "ADMIN").await;
    eve.share_as(&board, &eva, "VIEWER").await;
    let leave = json!({ "boardId": board, "userId": eve.id });
    eve.done("unshareBoard", leave, "removedUserId").await;
    let leave = json!({ "boardId": board, "userId": ann.id });
    assert_eq!(ann.call("unshareBoard", leave, "removedUserId").await.code(), "CONFLICT");
    ann.done("deleteViewer", json!({ "currentPassword": "password" }), "deletedUserId").await;
    let left = eva.get("{ boards { nodes { viewerRole } } }").await;
    assert_eq!(left["boards"]["nodes"], json!([{ "viewerRole": "ADMIN" }]));
}

/// The first log-in after a change of the Argon2 settings renews the hash. Concurrent log-ins that have
/// checked the old hash must still succeed.
async fn log_ins_that_renew_the_hash_at_once_all_succeed(server: Arc<Server>) {
    server.user("ann").await;
    let config = config_with(&server.database_url, &[("ARGON2_ITERATIONS", "3")]);
    let harder = Server::start_with(config, server.database_url.clone()).await;
    let log_ins = join_all((0..16).map(|_| harder.try_log_in("ann@example.com", "password"))).await;
    for answer in log_ins {
        answer.ok();
    }
    let before = harder.services.hashing_work();
    harder.log_in("ann", "password").await;
    assert_eq!(harder.services.hashing_work() - before, 24, "renewed: three passes over 8 KiB");
    harder.stop().await;
}
