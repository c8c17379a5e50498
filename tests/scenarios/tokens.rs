//! Invalid access tokens: all are refused with the same response (RFC 8725).

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Answer, SECRET, Server, config_with, scenarios};

scenarios![
    bad_tokens_are_refused_with_the_same_answer,
    a_bad_token_is_no_anonymous_request,
    a_bad_token_keeps_nobody_from_logging_in,
    the_life_of_tokens_is_a_setting,
    tokens_of_each_key_are_accepted,
];

/// The header and the claims of a token that the server has issued.
fn parts(token: &str) -> (Header, Value) {
    let claims = token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    (jsonwebtoken::decode_header(token).unwrap(), serde_json::from_slice(&claims).unwrap())
}

fn sign(header: &Header, claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// Invalid tokens. Each differs from a valid token in one respect.
fn bad_tokens(token: &str, refresh_token: &str, others: &str) -> Vec<(&'static str, String)> {
    let (header, claims) = parts(token);
    let now = claims["iat"].as_i64().unwrap();
    let claim = |name: &str, value: Value| {
        let mut claims = claims.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        sign(&header, &claims, SECRET)
    };
    let with_header = |change: &dyn Fn(&mut Header)| {
        let mut header = header.clone();
        change(&mut header);
        sign(&header, &claims, SECRET)
    };
    let unsigned = |algorithm: &str, typ: &str| {
        let header = json!({ "alg": algorithm, "typ": typ, "kid": header.kid });
        let encode =
            |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}.", encode(&header), encode(&claims))
    };
    let mut signature = token.to_owned();
    let last = signature.len() - 5;
    let other = if &signature[last..=last] == "A" { "B" } else { "A" };
    signature.replace_range(last..=last, other);
    vec![
        ("empty", String::new()),
        ("not a JWT", "x".into()),
        ("three parts", "a.b.c".into()),
        ("too many parts", format!("{token}.x")),
        ("wrong signature", signature),
        ("no signature", unsigned("HS256", "at+jwt")),
        ("no algorithm", unsigned("none", "at+jwt")),
        ("NONE", unsigned("NONE", "at+jwt")),
        ("another algorithm", with_header(&|header| header.alg = Algorithm::HS512)),
        ("another key", sign(&header, &claims, "another secret that has 32 bytes and more")),
        ("unknown key ID", with_header(&|header| header.kid = Some("other".into()))),
        ("no key ID", with_header(&|header| header.kid = None)),
        ("a plain JWT", with_header(&|header| header.typ = Some("JWT".into()))),
        ("no type", with_header(&|header| header.typ = None)),
        ("no expiry", claim("exp", Value::Null)),
        ("expired", claim("exp", json!(now - 10))),
        ("an expiry that is not a number", claim("exp", json!("soon"))),
        ("issued before its session", claim("iat", json!(now - 60))),
        ("no time of issue", claim("iat", Value::Null)),
        ("another issuer", claim("iss", json!("somebody else"))),
        ("no issuer", claim("iss", Value::Null)),
        ("another audience", claim("aud", json!("something else"))),
        ("several audiences, none of them ours", claim("aud", json!(["a", "b"]))),
        ("no audience", claim("aud", Value::Null)),
        ("no user", claim("sub", Value::Null)),
        ("an unknown user", claim("sub", json!(format!("user_{:032x}", 1)))),
        ("another user", claim("sub", json!(others))),
        ("an invalid user ID", claim("sub", json!("board_1"))),
        ("no session", claim("sid", Value::Null)),
        ("an unknown session", claim("sid", json!("session_999999"))),
        ("an invalid session ID", claim("sid", json!("1"))),
        ("a refresh token", refresh_token.into()),
    ]
}

async fn send(server: &Server, authorization: &str, query: &str) -> Answer {
    let request = server
        .http
        .post(format!("{}/graphql", server.url))
        .header("accept", "application/graphql-response+json")
        .header("authorization", authorization)
        .json(&json!({ "query": query }));
    Answer::of(request.send().await.unwrap()).await
}

async fn bad_tokens_are_refused_with_the_same_answer(server: Arc<Server>) {
    let bob = server.user("bob").await;
    server.user("ann").await;
    let log_in = server.log_in_as("ann", "password").await;
    let tokens = bad_tokens(&log_in.token, &log_in.refresh_token, &bob.id);
    let first = send(&server, "Bearer x", "{ viewer { id } }").await;
    assert_eq!((first.code().as_str(), first.status), ("UNAUTHENTICATED", 401));
    assert!(first.body.get("data").is_none());
    for (name, token) in tokens.iter().filter(|(_, token)| !token.is_empty()) {
        let answer = send(&server, &format!("Bearer {token}"), "{ viewer { id } }").await;
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.body, first.body, "{name}");
        assert_eq!(answer.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
    }
    for no_bearer in ["Basic dXNlcjpwYXNz", "Bearer", log_in.token.as_str()] {
        let answer = send(&server, no_bearer, "{ viewer { id } }").await;
        assert_eq!((answer.code().as_str(), answer.status), ("UNAUTHENTICATED", 401));
        let message = &answer.body["errors"][0]["message"];
        let form = "The Authorization header must be \"Bearer\", a space and the access token.";
        assert_eq!(message, form, "{no_bearer}");
    }
    // A clock skew of a few seconds is tolerated.
    let (header, mut claims) = parts(&log_in.token);
    claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 3);
    let early = sign(&header, &claims, SECRET);
    let signed_here = sign(&header, &parts(&log_in.token).1, SECRET);
    for good in [&log_in.token, &signed_here, &early] {
        send(&server, &format!("bearer {good}"), "{ viewer { id } }").await.ok();
    }
}

/// An invalid token is an error even for fields that need no authentication.
async fn a_bad_token_is_no_anonymous_request(server: Arc<Server>) {
    for query in [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "mutation { logOut { revokedSessionId } }",
    ] {
        let answer = server.ask_as(Some("x"), query, json!({})).await;
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{query}");
        assert!(answer.body.get("data").is_none(), "{query}");
        assert_eq!(answer.status, 200, "application/json clients expect 200");
    }
    // Errors in the document take precedence.
    let answer = server.ask_as(Some("x"), "{", json!({})).await;
    assert_eq!(answer.code(), "GRAPHQL_PARSE_FAILED");
}

/// Clients send their token with every request, also after it has expired.
async fn a_bad_token_keeps_nobody_from_logging_in(server: Arc<Server>) {
    server.user("ann").await;
    let log_in = server.log_in_as("ann", "password").await;
    let credentials = r#"(input: { email: "ann@example.com", password: "password" })"#;
    let refresh = format!("(input: {{ refreshToken: {:?} }})", log_in.refresh_token);
    let new = r#"(input: { email: "new@example.com", password: "password" })"#;
    let log_ins = [
        format!("mutation {{ logIn{credentials} {{ tokenType }} }}"),
        format!("mutation {{ refreshSession{refresh} {{ tokenType }} }}"),
        format!("mutation {{ signUp{new} {{ user {{ id }} }} }}"),
        format!(
            "mutation {{ __typename ...F }} fragment F on Mutation {{ ... {{ logIn{credentials} {{ tokenType }} }} }}"
        ),
    ];
    for query in &log_ins {
        server.ask_as(Some("x"), query, json!({})).await.ok();
    }
    let mixed =
        format!("mutation {{ logIn{credentials} {{ tokenType }} logOut {{ revokedSessionId }} }}");
    assert_eq!(server.ask_as(Some("x"), &mixed, json!({})).await.code(), "UNAUTHENTICATED");
}

async fn the_life_of_tokens_is_a_setting(server: Arc<Server>) {
    server.user("ann").await;
    let other = server.another(&[("ACCESS_TOKEN_SECONDS", "5")]).await;
    for (server, seconds) in [(&*server, 3600), (&other, 5)] {
        let token = server.log_in("ann", "password").await;
        let (_, claims) = parts(&token);
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(life, seconds);
    }
    other.stop().await;
}

async fn tokens_of_each_key_are_accepted(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let keys = format!("a first secret that has more than 32 bytes, {SECRET}");
    let config = config_with(&server.database_url, &[("JWT_SECRET", &keys)]);
    let rotated = Server::start_with(config, server.database_url.clone()).await;
    rotated.ask_as(Some(&ann.token), "{ viewer { id } }", json!({})).await.ok();
    let token = rotated.log_in("ann", "password").await;
    assert_ne!(parts(&token).0.kid, parts(&ann.token).0.kid);
    let old = server.ask_as(Some(&token), "{ viewer { id } }", json!({})).await;
    assert_eq!(old.code(), "UNAUTHENTICATED");
    rotated.stop().await;
}
