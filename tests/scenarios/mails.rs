//! Mails: verification of addresses, new passwords, notices, and the outbox.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Answer, MailServer, ReceivedMail, Server, User, Watched, config_with, eventually, scenarios,
    text,
};

scenarios![
    a_new_password_by_mail,
    a_reset_is_answered_alike_for_every_address,
    a_token_expires,
    a_token_is_used_once,
    tokens_are_stored_as_hashes_only,
    an_address_is_verified,
    a_new_address_has_to_be_verified_again,
    log_ins_can_require_a_verified_address,
    a_log_in_from_a_new_network_is_told,
    changes_of_an_account_are_told,
    links_lead_to_the_public_url,
    mails_to_one_address_are_limited,
    nobody_uses_up_the_mails_to_an_address_with_attempts_that_fail,
    recovery_is_limited_by_address,
    a_mail_that_fails_is_sent_again,
    a_mail_to_a_wrong_address_is_dropped,
    a_mail_of_a_newer_version_stops_no_others,
    a_reset_that_cannot_be_sent_in_time_is_dropped,
    a_mail_whose_text_cannot_be_made_is_given_up,
    verification_does_not_spend_a_reset,
    mails_outlive_the_server_and_are_sent_once,
    a_mail_that_is_being_sent_is_sent_once,
    a_mail_that_the_end_cuts_off_is_told,
    a_crash_while_a_mail_is_sent_loses_none,
    a_mail_server_that_hangs_delays_nobody,
    without_a_mail_server_everything_else_works,
];

/// A server that sends mails, on the same database.
async fn mailing(server: &Server, mails: &MailServer, more: &[(&str, &str)]) -> Arc<Server> {
    Arc::new(server.another(&mails.settings(more)).await)
}

async fn request_reset(server: &Server, email: &str) -> Answer {
    let query =
        "mutation($e: String!) { requestPasswordReset(input: { email: $e }) { requested } }";
    server.ask(query, json!({ "e": email })).await
}

async fn reset(server: &Server, token: &str, password: &str) -> Answer {
    let query = "mutation($t: String!, $p: String!) {
        resetPassword(input: { token: $t, newPassword: $p }) { user { id email } } }";
    server.ask(query, json!({ "t": token, "p": password })).await
}

async fn verify(server: &Server, token: &str) -> Answer {
    let query = "mutation($t: String!) { verifyEmail(input: { token: $t }) { user { id emailVerifiedAt } } }";
    server.ask(query, json!({ "t": token })).await
}

/// The mail with a new password, which could not be sent at first. Another mail wakes the senders.
async fn sent_again(server: &Server, mails: &MailServer) -> ReceivedMail {
    for attempt in 0..25 {
        server.db.clock().advance(60);
        request_reset(server, &format!("nobody{attempt}@example.com")).await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(mail) = mails.find("ann@example.com", "new password") {
            return mail;
        }
    }
    panic!("the mail was not sent again");
}

async fn is_verified(user: &User) -> bool {
    let viewer = user.get("{ viewer { emailVerifiedAt } }").await["viewer"].take();
    !viewer["emailVerifiedAt"].is_null()
}

#[track_caller]
fn assert_bad_token(answer: &Answer) {
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "token"])));
}

async fn a_new_password_by_mail(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let ann = server.user("ann").await;
    let log_in = server.log_in_as("ann", "password").await;
    let mailing = mailing(&server, &mails, &[]).await;
    // In any spelling of the address. The mail goes to the address of the account.
    let asked = request_reset(&mailing, " ANN@example.com ").await.ok();
    assert_eq!(asked["requestPasswordReset"]["requested"], true);
    let token = mails.take("ann@example.com", "new password").await.token();
    let short = reset(&mailing, &token, "short").await;
    assert_eq!(short.error(), ("BAD_USER_INPUT".into(), json!(["input", "newPassword"])));
    let done = reset(&mailing, &token, "another password").await.ok();
    let user = json!({ "id": ann.id, "email": "ann@example.com" });
    assert_eq!(done["resetPassword"]["user"], user);
    mails.take("ann@example.com", "was changed").await;
    assert_eq!(ann.ask("{ viewer { id } }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(server.refresh(&log_in.refresh_token).await.code(), "UNAUTHENTICATED");
    let old = server.try_log_in("ann@example.com", "password").await;
    assert_eq!(old.code(), "INVALID_CREDENTIALS");
    let ann = server.log_in_as("ann", "another password").await.user(&server);
    assert!(is_verified(&ann).await, "the mail has reached its user");
    mailing.stop().await;
}

async fn a_reset_is_answered_alike_for_every_address(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    let work = mailing.services.hashing_work();
    let mut answers = Vec::new();
    for email in ["nobody@example.com", "no address", "", &"x".repeat(300), "ann@example.com"] {
        answers.push(request_reset(&mailing, email).await.ok());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(mailing.services.hashing_work(), work, "nothing is hashed");
    mails.take("ann@example.com", "new password").await;
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty());
    mailing.stop().await;
}

async fn a_token_expires(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    mailing.user("ann").await;
    let verification = mails.take("ann@example.com", "Verify").await.token();
    let token = async || {
        request_reset(&mailing, "ann@example.com").await.ok();
        mails.take("ann@example.com", "new password").await.token()
    };
    let early = token().await;
    mailing.db.clock().advance(29 * 60);
    reset(&mailing, &early, "password").await.ok();
    let late = token().await;
    mailing.db.clock().advance(31 * 60);
    assert_bad_token(&reset(&mailing, &late, "password").await);
    // A reset spends all tokens.
    assert_bad_token(&verify(&mailing, &verification).await);
    mailing.stop().await;
}

async fn a_token_is_used_once(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        request_reset(&mailing, "ann@example.com").await.ok();
        tokens.push(mails.take("ann@example.com", "new password").await.token());
    }
    let instances = [&mailing, &server];
    let passwords: Vec<String> = (0..32).map(|n| format!("password {n}")).collect();
    let answers =
        join_all((0..32).map(|n| reset(instances[n % 2], &tokens[0], &passwords[n]))).await;
    let done: Vec<usize> = (0..32).filter(|n| answers[*n].body.get("errors").is_none()).collect();
    assert_eq!(done.len(), 1, "{done:?}");
    for answer in answers.iter().filter(|answer| answer.body.get("errors").is_some()) {
        assert_bad_token(answer);
    }
    server.log_in("ann", &passwords[done[0]]).await;
    // The other mail is of no use any more, and a token has one purpose.
    assert_bad_token(&reset(&mailing, &tokens[1], "password").await);
    request_reset(&mailing, "ann@example.com").await.ok();
    let token = mails.take("ann@example.com", "new password").await.token();
    assert_bad_token(&verify(&mailing, &token).await);
    for nonsense in ["", "mt_", &"x".repeat(10_000), "\u{0}"] {
        assert_bad_token(&reset(&mailing, nonsense, "password").await);
        assert_bad_token(&verify(&mailing, nonsense).await);
    }
    mailing.stop().await;
}

async fn tokens_are_stored_as_hashes_only(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    mails.refuse(450);
    request_reset(&mailing, "ann@example.com").await.ok();
    server.until_count("mail_tokens", 1).await;
    assert_eq!(server.count("outbox WHERE content LIKE '%mt_%'").await, 0);
    mails.refuse(0);
    let token = sent_again(&mailing, &mails).await.token();
    assert_eq!(token.len(), 46, "256 random bits");
    assert_eq!(server.count(&format!("mail_tokens WHERE hash = '{token}'")).await, 0);
    let hash = kanban::domain::sha256(&token);
    assert_eq!(server.count(&format!("mail_tokens WHERE hash = '{hash}'")).await, 1);
    mailing.stop().await;
}

async fn an_address_is_verified(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    let ann = mailing.user("ann").await;
    let token = mails.take("ann@example.com", "Verify").await.token();
    assert!(!is_verified(&ann).await);
    let done = verify(&mailing, &token).await.ok();
    assert_eq!(done["verifyEmail"]["user"]["id"], json!(ann.id));
    assert!(done["verifyEmail"]["user"]["emailVerifiedAt"].is_string());
    assert!(is_verified(&ann).await);
    assert_bad_token(&verify(&mailing, &token).await);
    let send = "mutation { sendVerificationEmail { sent } }";
    assert_eq!(ann.get(send).await["sendVerificationEmail"]["sent"], false);
    // Only the user sees it.
    let bob = mailing.user("bob").await;
    let query = r#"{ userByEmail(email: "ann@example.com") { emailVerifiedAt } }"#;
    assert_eq!(bob.get(query).await["userByEmail"]["emailVerifiedAt"], Value::Null);
    mails.take("bob@example.com", "Verify").await;
    assert_eq!(bob.get(send).await["sendVerificationEmail"]["sent"], true);
    let token = mails.take("bob@example.com", "Verify").await.token();
    verify(&mailing, &token).await.ok();
    mailing.stop().await;
}

async fn a_new_address_has_to_be_verified_again(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    let mut ann = mailing.user("ann").await;
    let token = mails.take("ann@example.com", "Verify").await.token();
    verify(&mailing, &token).await.ok();
    // Another spelling is the same mailbox.
    let same = json!({ "email": "Ann@example.com", "currentPassword": "password" });
    ann.change_account(same).await;
    assert!(is_verified(&ann).await);
    request_reset(&mailing, "ann@example.com").await.ok();
    let reset_token = mails.take("Ann@example.com", "new password").await.token();
    let other = json!({ "email": "anna@example.com", "currentPassword": "password" });
    ann.change_account(other).await;
    assert!(!is_verified(&ann).await);
    mails.take("Ann@example.com", "address was changed").await;
    // Whoever reads the former mailbox has no power over the account any more.
    assert_bad_token(&reset(&mailing, &reset_token, "password").await);
    let token = mails.take("anna@example.com", "Verify").await.token();
    verify(&mailing, &token).await.ok();
    assert!(is_verified(&ann).await);
    mailing.stop().await;
}

async fn log_ins_can_require_a_verified_address(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let strict = mailing(&server, &mails, &[("REQUIRE_VERIFIED_EMAIL", "on")]).await;
    let wrong = strict.try_log_in("ann@example.com", "wrong").await;
    assert_eq!(wrong.code(), "INVALID_CREDENTIALS");
    let refused = strict.try_log_in("ann@example.com", "password").await;
    assert_eq!(refused.code(), "FORBIDDEN");
    let token = mails.take("ann@example.com", "Verify").await.token();
    verify(&strict, &token).await.ok();
    let ann = strict.log_in_as("ann", "password").await.user(&strict);
    // A new address takes effect, but no session goes on with it.
    let change = json!({ "email": "boss@example.com", "currentPassword": "password" });
    let payload = "user { email } accessToken refreshToken session { id }";
    let changed = ann.done("updateViewer", change, payload).await;
    let user = json!({ "email": "boss@example.com" });
    let expected =
        json!({ "user": user, "accessToken": null, "refreshToken": null, "session": null });
    assert_eq!(changed, expected);
    assert_eq!(ann.ask("{ viewer { id } }", json!({})).await.code(), "UNAUTHENTICATED");
    let refused = strict.try_log_in("boss@example.com", "password").await;
    assert_eq!(refused.code(), "FORBIDDEN");
    strict.stop().await;
}

async fn log_in_from(server: &Server, address: &str) {
    let body = json!({
        "query": r#"mutation { logIn(input: { email: "ann@example.com", password: "password" }) { tokenType } }"#
    });
    let request = server.http.post(format!("{}/graphql", server.url)).json(&body);
    let request = request.header("x-forwarded-for", address).header("user-agent", "A browser");
    Answer::of(request.send().await.unwrap()).await.ok();
}

async fn a_log_in_from_a_new_network_is_told(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[("TRUSTED_PROXIES", "1")]).await;
    // Signed up from 127.0.0.0/24.
    mailing.user("ann").await;
    let verification = mails.take("ann@example.com", "Verify").await;
    // Nobody can send notices to an address that is not theirs.
    log_in_from(&mailing, "203.0.113.1").await;
    verify(&mailing, &verification.token()).await.ok();
    log_in_from(&mailing, "192.0.2.1").await;
    let notice = mails.take("ann@example.com", "new network").await;
    assert!(
        notice.text.contains("192.0.2.0/24") && notice.text.contains("A browser"),
        "{notice:?}"
    );
    for known in ["192.0.2.200", "127.0.0.1"] {
        log_in_from(&mailing, known).await;
    }
    log_in_from(&mailing, "2001:db8:1::1").await;
    let notice = mails.take("ann@example.com", "new network").await;
    assert!(notice.text.contains("2001:db8:1::/48"), "{notice:?}");
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty(), "{:?}", mails.all());
    // An account of which no network is known gets no notice.
    server.execute("DELETE FROM known_networks", "DELETE FROM known_networks").await;
    log_in_from(&mailing, "198.51.100.1").await;
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty(), "{:?}", mails.all());
    // So many networks are remembered.
    for n in 0..60 {
        log_in_from(&mailing, &format!("10.0.{n}.1")).await;
    }
    assert_eq!(server.count("known_networks").await, 50);
    mailing.stop().await;
}

async fn changes_of_an_account_are_told(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mut ann = server.user("ann").await;
    ann.server = mailing(&server, &mails, &[]).await;
    ann.change_account(json!({ "name": "Ann" })).await;
    let change = json!({
        "email": "anna@example.com", "password": "new password", "currentPassword": "password"
    });
    ann.change_account(change).await;
    mails.take("ann@example.com", "password was changed").await;
    mails.take("ann@example.com", "address was changed").await;
    mails.take("anna@example.com", "Verify").await;
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty(), "{:?}", mails.all());
    ann.server.stop().await;
}

async fn links_lead_to_the_public_url(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    let body = json!({
        "query": r#"mutation { requestPasswordReset(input: { email: "ann@example.com" }) { requested } }"#
    });
    let request = mailing.http.post(format!("{}/graphql", mailing.url)).json(&body);
    let request = request.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    Answer::of(request.send().await.unwrap()).await.ok();
    let mail = mails.take("ann@example.com", "new password").await;
    let expected = format!("https://kanban.example.com/app/reset-password#token={}", mail.token());
    assert_eq!(mail.link(), expected);
    assert!(!mail.text.contains("evil"));
    mailing.stop().await;
}

async fn mails_to_one_address_are_limited(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    for _ in 0..8 {
        request_reset(&mailing, "ann@example.com").await.ok();
    }
    server.until_count("outbox", 0).await;
    let count = |to: &str, about: &str| {
        mails.all().iter().filter(|mail| mail.to == to && mail.subject.contains(about)).count()
    };
    assert_eq!(count("ann@example.com", "new password"), 3);
    // Somebody signs up with the address of a victim again and again.
    for _ in 0..5 {
        let mut fake = mailing.user("stranger").await;
        server.until_count("outbox", 0).await;
        fake.server = Arc::clone(&mailing);
        fake.done("deleteViewer", json!({ "currentPassword": "password" }), "deletedUserId").await;
    }
    assert_eq!(count("stranger@example.com", "Verify"), 3);
    // Somebody takes the address of a victim again and again.
    let mut eve = server.user("eve").await;
    eve.server = Arc::clone(&mailing);
    for address in ["victim@example.com", "eve@example.com"].repeat(6) {
        eve.change_account(json!({ "email": address, "currentPassword": "password" })).await;
    }
    server.until_count("outbox", 0).await;
    // Fewer if the address has changed again before a mail was made.
    assert!(count("victim@example.com", "Verify") <= 3);
    assert_eq!(count("victim@example.com", "was changed"), 3);
    mailing.stop().await;
}

/// Somebody who knows the password of Ann must not keep the notice of a change from her.
async fn nobody_uses_up_the_mails_to_an_address_with_attempts_that_fail(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    let (mut ann, bob) = (mailing.user("ann").await, mailing.user("bob").await);
    mailing.user("eve").await;
    let token = mails.take("ann@example.com", "Verify").await.token();
    verify(&mailing, &token).await.ok();
    for address in ["bob@example.com", "eve@example.com"].repeat(3) {
        let taken =
            json!({ "email": address, "password": "x2345678", "currentPassword": "password" });
        assert_eq!(ann.call("updateViewer", taken, "user { id }").await.code(), "CONFLICT");
        let again = mailing.ask(&format!("mutation {{ signUp(input: {{ email: {address:?}, password: \"password\" }}) {{ user {{ id }} }} }}"), json!({})).await;
        assert_eq!(again.code(), "CONFLICT");
    }
    let change = |email: &str, current: &str| json!({ "email": email, "password": "password", "currentPassword": current });
    ann.change_account(change("anna@example.com", "password")).await;
    mails.take("ann@example.com", "password was changed").await;
    mails.take("ann@example.com", "address was changed").await;
    let sent = bob.get("mutation { sendVerificationEmail { sent } }").await;
    assert_eq!(sent["sendVerificationEmail"]["sent"], true);
    mailing.stop().await;
}

/// Tokens cannot be guessed, and nobody can fill the outbox.
async fn recovery_is_limited_by_address(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let settings = [("RATE_LIMIT", "on"), ("RATE_LIMIT_PER_ADDRESS", "1")];
    for what in ["request", "reset", "verify"] {
        let strict = mailing(&server, &mails, &settings).await;
        let attempt = async || match what {
            "request" => request_reset(&strict, "ann@example.com").await,
            "reset" => reset(&strict, "mt_guess", "password").await,
            _ => verify(&strict, "mt_guess").await,
        };
        let first = attempt().await;
        if what == "request" {
            first.ok();
        } else {
            assert_bad_token(&first);
        }
        assert_eq!(attempt().await.code(), "RATE_LIMITED", "{what}");
        strict.stop().await;
    }
}

async fn a_mail_that_fails_is_sent_again(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    for code in [451, 535, 554] {
        mails.refuse(code);
        let before = mails.refused();
        request_reset(&mailing, "ann@example.com").await.ok();
        while mails.refused() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        mails.refuse(0);
        let mail = sent_again(&mailing, &mails).await;
        reset(&mailing, &mail.token(), "password").await.ok();
        mails.take("ann@example.com", "was changed").await;
        server.until_count("outbox", 0).await;
    }
    mailing.stop().await;
}

async fn a_mail_to_a_wrong_address_is_dropped(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    mails.refuse(550);
    mailing.user("ann").await;
    server.until_count("outbox", 0).await;
    assert_eq!(mails.refused(), 1);
    // One that never succeeds is dropped after a day.
    mails.refuse(451);
    mailing.user("bob").await;
    while mails.refused() == 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for attempt in 0..3 {
        mailing.db.clock().advance(12 * 3600 + 1);
        request_reset(&mailing, &format!("nobody{attempt}@example.com")).await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.until_count("outbox", 0).await;
    mailing.stop().await;
}

async fn a_mail_of_a_newer_version_stops_no_others(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let insert = |now: &str| {
        format!(
            r#"INSERT INTO outbox (email, content, created_at, due_at)
            VALUES ('x@example.com', '{{"kind":"INVITATION"}}', {now}, {now})"#
        )
    };
    server.execute(&insert("5"), &insert("'2026-01-01'")).await;
    let mailing = mailing(&server, &mails, &[]).await;
    mailing.user("ann").await;
    mails.take("ann@example.com", "Verify").await;
    // It is older than a day.
    server.until_count("outbox", 0).await;
    server.execute(&insert("unixepoch() * 1000000"), &insert("now()")).await;
    mailing.user("bob").await;
    mails.take("bob@example.com", "Verify").await;
    server.until_count("outbox", 1).await;
    mailing.stop().await;
}

async fn a_reset_that_cannot_be_sent_in_time_is_dropped(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let mailing = mailing(&server, &mails, &[]).await;
    mails.refuse(451);
    request_reset(&mailing, "ann@example.com").await.ok();
    while mails.refused() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for attempt in 0..4 {
        mailing.db.clock().advance(15 * 60);
        request_reset(&mailing, &format!("nobody{attempt}@example.com")).await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty());
    mailing.stop().await;
}

/// Its token cannot be stored.
async fn a_mail_whose_text_cannot_be_made_is_given_up(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    let sqlite = "CREATE TRIGGER broken BEFORE INSERT ON mail_tokens
        BEGIN INSERT INTO outbox (email) VALUES (NULL); END";
    let postgres = "ALTER TABLE mail_tokens ADD CONSTRAINT broken CHECK (hash = '')";
    server.execute(sqlite, postgres).await;
    let mailing = mailing(&server, &mails, &[]).await;
    request_reset(&mailing, "ann@example.com").await.ok();
    server.until_count("outbox WHERE attempts = 1", 1).await;
    // The failed attempt may be recorded only after the clock was advanced, so one time is not enough.
    for _ in 0..25 {
        mailing.db.clock().advance(31 * 60);
        request_reset(&mailing, "nobody@example.com").await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
        if server.count("outbox").await == 0 {
            break;
        }
    }
    server.until_count("outbox", 0).await;
    assert!(mails.all().is_empty());
    mailing.stop().await;
}

async fn verification_does_not_spend_a_reset(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    mailing.user("ann").await;
    let verification = mails.take("ann@example.com", "Verify").await.token();
    request_reset(&mailing, "ann@example.com").await.ok();
    let token = mails.take("ann@example.com", "new password").await.token();
    verify(&mailing, &verification).await.ok();
    reset(&mailing, &token, "another password").await.ok();
    mailing.stop().await;
}

async fn mails_outlive_the_server_and_are_sent_once(server: Arc<Server>) {
    // Nobody listens there.
    let settings =
        [("SMTP_URL", "smtp://127.0.0.1:9?tls=off"), ("PUBLIC_URL", "https://kanban.example.com")];
    let first = Arc::new(server.another(&settings).await);
    let names: Vec<String> = (0..20).map(|n| format!("user{n}")).collect();
    for name in &names {
        first.user(name).await;
    }
    first.stop().await;
    assert_eq!(server.count("outbox").await, 20);
    let mails = MailServer::start().await;
    let (one, two) = tokio::join!(mailing(&server, &mails, &[]), mailing(&server, &mails, &[]));
    // The mails that the first server was sending are leased to it for a while.
    for instance in [&one, &two] {
        instance.db.clock().advance(600);
    }
    request_reset(&one, "nobody@example.com").await.ok();
    request_reset(&two, "nobody@example.com").await.ok();
    server.until_count("outbox", 0).await;
    let mut received: Vec<String> = mails.all().into_iter().map(|mail| mail.to).collect();
    received.sort();
    let mut expected: Vec<String> =
        names.iter().map(|name| format!("{name}@example.com")).collect();
    expected.sort();
    assert_eq!(received, expected);
    one.stop().await;
    two.stop().await;
}

async fn a_mail_that_is_being_sent_is_sent_once(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mailing = mailing(&server, &mails, &[]).await;
    server.user("ann").await;
    mails.hold(true);
    request_reset(&mailing, "ann@example.com").await.ok();
    eventually!("no mail was sent", !mails.all().is_empty());
    mailing.signal();
    // Long enough to stop if it did not wait.
    tokio::time::sleep(Duration::from_millis(500)).await;
    mails.hold(false);
    mailing.stop_gracefully().await;
    assert_eq!(server.count("outbox").await, 0);
}

async fn a_mail_that_the_end_cuts_off_is_told(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    mails.hold(true);
    let watched = Watched::start(&server, &mails.settings(&[("SHUTDOWN_SECONDS", "1")])).await;
    request_reset(&watched.server, "ann@example.com").await.ok();
    eventually!("no mail was sent", !mails.all().is_empty());
    let log = watched.process.stop().await;
    assert!(
        log.contains("SHUTDOWN_SECONDS is over before the senders of mails have ended"),
        "{log}"
    );
    assert_eq!(server.count("outbox").await, 1);
}

/// The mail server has the mail, but the instance does not know that.
async fn a_crash_while_a_mail_is_sent_loses_none(server: Arc<Server>) {
    let mails = MailServer::start().await;
    server.user("ann").await;
    mails.hold(true);
    let mut first = Watched::start(&server, &mails.settings(&[])).await;
    request_reset(&first.server, "ann@example.com").await.ok();
    let lost = mails.take("ann@example.com", "new password").await.token();
    assert!(!first.process.log().contains("SMTP_URL"));
    first.process.signal("-KILL");
    first.process.ended().await;
    mails.hold(false);
    let mailing = mailing(&server, &mails, &[]).await;
    let token = sent_again(&mailing, &mails).await.token();
    // Both tokens are valid until one is used: nobody knows which mail has arrived.
    reset(&mailing, &lost, "another password").await.ok();
    assert_bad_token(&reset(&mailing, &token, "another password").await);
    mailing.stop().await;
}

async fn a_mail_server_that_hangs_delays_nobody(server: Arc<Server>) {
    let mails = MailServer::start().await;
    let mut config = config_with(&server.database_url, &mails.settings(&[]));
    config.mail.limit = Duration::from_secs(10);
    let mailing = Arc::new(Server::start_with(config, server.database_url.clone()).await);
    mails.hold(true);
    for name in ["ann", "bob", "eve"] {
        mailing.user(name).await;
        request_reset(&mailing, &format!("{name}@example.com")).await.ok();
    }
    assert!(mails.all().len() <= 4, "the requests have waited for a conversation to end");
    eventually!("not as many as are sent at the same time", mails.all().len() == 4);
    // The others are sent when the first conversations have taken too long. These mails are sent again later.
    eventually!("the others are not sent", mails.all().len() == 6);
    server.until_count("outbox WHERE attempts = 1", 6).await;
    mails.hold(false);
    mailing.stop().await;
}

async fn without_a_mail_server_everything_else_works(server: Arc<Server>) {
    let watched = Watched::start(&server, &[]).await;
    assert!(watched.process.log().contains("SMTP_URL is not set: no mail is sent"));
    watched.process.stop().await;
    let mut ann = server.user("ann").await;
    assert_eq!(request_reset(&server, "ann@example.com").await.code(), "FORBIDDEN");
    let send = ann.ask("mutation { sendVerificationEmail { sent } }", json!({})).await;
    assert_eq!(send.code(), "FORBIDDEN");
    let change = json!({ "email": "anna@example.com", "currentPassword": "password" });
    let changed = ann.change_account(change).await;
    assert_eq!(text(&changed["user"]["email"]), "anna@example.com");
    assert_eq!(server.count("outbox").await, 0);
}
