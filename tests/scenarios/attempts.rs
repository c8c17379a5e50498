//! The rate limit on log-in attempts, by account and by client address.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Server, config_with, scenarios};

scenarios![
    attempts_at_an_account_are_limited,
    attempts_from_an_address_are_limited,
    aliases_count_one_by_one,
    attempts_at_once_count_one_by_one,
    the_present_password_cannot_be_guessed_either,
    a_proxy_is_believed_only_when_told_so,
    look_ups_of_accounts_are_limited,
    a_flood_is_bounded_even_without_limits,
    a_flood_from_one_network_leaves_room_for_others,
];

/// A server with rate limits on the same database.
async fn strict(server: &Server, more: &[(&str, &str)]) -> Arc<Server> {
    let mut settings = vec![("RATE_LIMIT", "on")];
    settings.extend_from_slice(more);
    let config = config_with(&server.database_url, &settings);
    Arc::new(Server::start_with(config, server.database_url.clone()).await)
}

/// Asserts that the response is RATE_LIMITED and has a plausible `retryAfter`.
#[track_caller]
fn assert_limited(answer: &Answer) {
    assert_eq!(answer.code(), "RATE_LIMITED", "{}", answer.body);
    let seconds = answer.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(answer.headers["retry-after"], seconds.to_string().as_str());
    let message = answer.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains(&format!("in {seconds} s.")), "{message}");
}

async fn attempts_at_an_account_are_limited(server: Arc<Server>) {
    server.user("ann").await;
    let strict = strict(&server, &[("RATE_LIMIT_PER_ACCOUNT", "5")]).await;
    let work = || strict.services.hashing_work();
    for (email, n) in [("ann@example.com", 0), ("nobody@example.com", 1)] {
        for attempt in 0..5 {
            let answer = strict.try_log_in(email, "wrong").await;
            assert_eq!(answer.code(), "INVALID_CREDENTIALS", "{n} {attempt}");
        }
        let before = work();
        // In any spelling of the address, and with the right password too.
        for email in [email.to_owned(), email.to_uppercase(), format!(" {email} ")] {
            assert_limited(&strict.try_log_in(&email, "password").await);
        }
        assert_eq!(work(), before, "no password is hashed");
    }
    // Other accounts are not limited, and the limit can be turned off.
    strict.user("bob").await;
    for _ in 0..20 {
        server.log_in("ann", "password").await;
    }
    strict.stop().await;
}

async fn attempts_from_an_address_are_limited(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let strict = strict(&server, &[("RATE_LIMIT_PER_ADDRESS", "8")]).await;
    for n in 0..4 {
        strict.user(&format!("user{n}")).await;
    }
    assert_limited(&strict.try_log_in("other@example.com", "password").await);
    assert_limited(&strict.try_log_in("no address", "password").await);
    let sign_up = r#"mutation { signUp(input: { email: "x@example.com", password: "password" }) { user { id } } }"#;
    assert_limited(&strict.ask(sign_up, json!({})).await);
    // Requests with an access token are not limited.
    strict.ask_as(Some(&ann.token), "{ viewer { id } }", json!({})).await.ok();
    strict.stop().await;
}

async fn aliases_count_one_by_one(server: Arc<Server>) {
    server.user("ann").await;
    let strict = strict(&server, &[("RATE_LIMIT_PER_ACCOUNT", "3")]).await;
    let guess = |n: usize| {
        format!(
            r#"a{n}: logIn(input: {{ email: "ann@example.com", password: "guess {n}" }}) {{ accessToken }} "#
        )
    };
    let guesses = (0..10).map(guess).collect::<Vec<_>>().concat();
    let answer = strict.ask(&format!("mutation {{ {guesses} }}"), json!({})).await;
    let codes: Vec<&str> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["extensions"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes[..3], ["INVALID_CREDENTIALS"; 3]);
    assert_eq!(codes[3..], ["RATE_LIMITED"; 7]);
    assert!(answer.headers.contains_key("retry-after"));
    strict.stop().await;
}

async fn attempts_at_once_count_one_by_one(server: Arc<Server>) {
    let strict = strict(&server, &[("RATE_LIMIT_PER_ACCOUNT", "5")]).await;
    let guesses = (0..32).map(|_| strict.try_log_in("ann@example.com", "guess"));
    let codes: Vec<String> = join_all(guesses).await.iter().map(Answer::code).collect();
    let limited = codes.iter().filter(|code| *code == "RATE_LIMITED").count();
    assert_eq!(limited, 27, "{codes:?}");
    strict.stop().await;
}

/// An attacker with a stolen access token must not be able to guess the password.
async fn the_present_password_cannot_be_guessed_either(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let strict = strict(&server, &[("RATE_LIMIT_PER_ACCOUNT", "4")]).await;
    let ask = async |query: &str| strict.ask_as(Some(&ann.token), query, json!({})).await;
    for n in 0..2 {
        let update = format!(
            r#"mutation {{ updateViewer(input: {{ currentPassword: "guess {n}" }}) {{ user {{ id }} }} }}"#
        );
        assert_eq!(ask(&update).await.code(), "INVALID_CREDENTIALS");
        let delete = format!(
            r#"mutation {{ deleteViewer(input: {{ currentPassword: "guess {n}" }}) {{ deletedUserId }} }}"#
        );
        assert_eq!(ask(&delete).await.code(), "INVALID_CREDENTIALS");
    }
    let right =
        r#"mutation { deleteViewer(input: { currentPassword: "password" }) { deletedUserId } }"#;
    assert_limited(&ask(right).await);
    let update =
        r#"mutation { updateViewer(input: { currentPassword: "password" }) { user { id } } }"#;
    assert_limited(&ask(update).await);
    assert_limited(&strict.try_log_in("ann@example.com", "password").await);
    strict.stop().await;
}

async fn a_proxy_is_believed_only_when_told_so(server: Arc<Server>) {
    for (proxies, from, limited) in [
        ("0", "192.0.2.{}", true),
        ("1", "192.0.2.{}", false),
        ("1", "192.0.2.{}, 198.51.100.7", true),
        ("2", "192.0.2.{}, 198.51.100.7", false),
    ] {
        let settings = [("RATE_LIMIT_PER_ADDRESS", "3"), ("TRUSTED_PROXIES", proxies)];
        let strict = strict(&server, &settings).await;
        let mut codes = Vec::new();
        for n in 0..5 {
            let query = format!(
                r#"mutation {{ logIn(input: {{ email: "nobody{n}@example.com", password: "password" }}) {{ tokenType }} }}"#
            );
            let request = strict
                .http
                .post(format!("{}/graphql", strict.url))
                .header("x-forwarded-for", from.replace("{}", &n.to_string()))
                .json(&json!({ "query": query }));
            codes.push(Answer::of(request.send().await.unwrap()).await.code());
        }
        let last = if limited { "RATE_LIMITED" } else { "INVALID_CREDENTIALS" };
        assert_eq!(codes[4], last, "{proxies} {from}: {codes:?}");
        strict.stop().await;
    }
}

/// Nobody can find out which of many addresses have an account.
async fn look_ups_of_accounts_are_limited(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let strict = strict(&server, &[]).await;
    let find = r#"{ userByEmail(email: "bob@example.com") { id } }"#;
    let share = "mutation($i: ShareBoardInput!) { shareBoard(input: $i) { board { id } } }";
    let ann_asks =
        async |query: &str, variables| strict.ask_as(Some(&ann.token), query, variables).await;
    // One more is allowed each second, so each request has many.
    let look_up = |n| format!(r#"a{n}: userByEmail(email: "x{n}@example.com") {{ id }}"#);
    let many = format!("{{ {} }}", (0..30).map(look_up).collect::<Vec<_>>().join(" "));
    let mut retry =
        json!({ "i": { "boardId": board, "email": "bob@example.com", "clientMutationId": "x" } });
    ann_asks(share, retry.clone()).await.ok();
    for _ in 0..2 {
        ann_asks(&many, json!({})).await;
    }
    let limited =
        |answer: &Answer| answer.body["errors"][0]["extensions"]["code"] == "RATE_LIMITED";
    assert!(limited(&ann_asks(&many, json!({})).await));
    let by_email = json!({ "i": { "boardId": board, "email": "bob@example.com" } });
    let mut shares = Vec::new();
    for _ in 0..10 {
        shares.push(ann_asks(share, by_email.clone()).await);
    }
    assert!(shares.iter().any(limited));
    // A retry of an applied mutation does not count as a look-up.
    for _ in 0..10 {
        ann_asks(share, retry.clone()).await.ok();
    }
    retry["i"]["role"] = json!("VIEWER");
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(ann_asks(share, retry.clone()).await);
    }
    assert!(others.iter().any(|answer| answer.code() == "CONFLICT"), "{others:?}");
    // Other ways and other users are not limited.
    let by_id = json!({ "i": { "boardId": board, "userId": bob.id } });
    ann_asks(share, by_id).await.ok();
    strict.ask_as(Some(&bob.token), find, json!({})).await.ok();
    strict.stop().await;
}

/// One log-in for each core but one is hashed at a time, a bounded number waits, and the rest is
/// refused at once.
async fn a_flood_is_bounded_even_without_limits(server: Arc<Server>) {
    let settings =
        [("RATE_LIMIT", "off"), ("ARGON2_MEMORY_KIB", "19456"), ("ARGON2_ITERATIONS", "4")];
    let config = config_with(&server.database_url, &settings);
    let flooded = Server::start_with(config, server.database_url.clone()).await;
    let flood = join_all((0..200).map(|_| flooded.try_log_in("nobody@example.com", "x"))).await;
    let mut limited = 0;
    for answer in &flood {
        if answer.code() == "RATE_LIMITED" {
            assert_limited(answer);
            limited += 1;
        } else {
            assert_eq!(answer.code(), "INVALID_CREDENTIALS");
        }
        assert_eq!(answer.body["data"]["logIn"], Value::Null);
    }
    assert!((1..200).contains(&limited), "{limited} of 200");
    flooded.stop().await;
}

/// Each client of a provider has a network of its own, and together they send more than fits into the queue.
async fn a_flood_from_one_network_leaves_room_for_others(server: Arc<Server>) {
    server.user("ann").await;
    let settings = [
        ("RATE_LIMIT", "off"),
        ("ARGON2_MEMORY_KIB", "19456"),
        ("ARGON2_ITERATIONS", "4"),
        ("TRUSTED_PROXIES", "1"),
    ];
    let flooded = Arc::new(server.another(&settings).await);
    let log_in = async |address: String, email: &str| {
        let query = format!(
            r#"mutation {{ logIn(input: {{ email: "{email}", password: "password" }}) {{ tokenType }} }}"#
        );
        let request = flooded.http.post(format!("{}/graphql", flooded.url));
        let request = request.header("x-forwarded-for", address).json(&json!({ "query": query }));
        Answer::of(request.send().await.unwrap()).await
    };
    let flood =
        join_all((0..250).map(|n| log_in(format!("2001:db8:1:{n:x}::1"), "nobody@example.com")));
    let others = async {
        // By now the queue is full.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let addresses = ["2001:db8:1:100::1", "2001:db8:2::1", "192.0.2.1", "192.0.2.200"];
        join_all(addresses.map(|address| log_in(address.into(), "ann@example.com"))).await
    };
    let (flood, others) = tokio::join!(flood, others);
    for answer in others {
        answer.ok();
    }
    let limited = flood.iter().filter(|answer| answer.code() == "RATE_LIMITED").count();
    assert!(limited > 100, "{limited}");
    flooded.stop().await;
}
