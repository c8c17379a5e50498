//! GraphQL over HTTP: bodies, status codes, errors, headers, health checks and GraphiQL.

use std::sync::Arc;

use reqwest::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, VARY,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Server, scenarios};

scenarios![
    a_body_that_is_no_request_is_refused,
    only_json_is_read,
    a_byte_order_mark_and_an_empty_name_mean_nothing,
    variables_have_a_greatest_number_of_values,
    every_answer_is_for_its_caller_only,
    a_body_has_a_greatest_size,
    documents_that_make_no_sense_are_refused,
    every_error_has_a_code,
    other_methods_and_paths_are_refused,
    a_url_may_hold_a_query_and_nothing_that_changes,
    the_status_says_whether_a_request_was_run,
    an_answer_comes_in_the_wanted_media_type,
    health_is_told,
    a_request_has_an_id,
    graphiql_runs_nothing_but_its_own_scripts,
    graphiql_has_the_files_of_its_page_and_no_others,
    pages_of_others_may_not_call_unless_named,
    a_refused_preflight_names_the_setting,
    the_schema_can_be_asked_for_without_log_in,
];

async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

fn post(server: &Server, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = server.http.post(format!("{}/graphql", server.url));
    request.header(CONTENT_TYPE, content_type).body(body)
}

fn get(server: &Server, path: &str) -> RequestBuilder {
    server.http.get(format!("{}{path}", server.url))
}

/// Asserts that there is at least one error, and that each has a message and one of these codes.
#[track_caller]
fn assert_coded(answer: &Answer, codes: &[&str]) {
    let errors = answer.body["errors"].as_array();
    let errors = errors.unwrap_or_else(|| panic!("no errors: {} {}", answer.status, answer.body));
    assert!(!errors.is_empty());
    for error in errors {
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        let code = error["extensions"]["code"].as_str().unwrap_or("none");
        assert!(codes.contains(&code), "{code} is none of {codes:?}: {}", answer.body);
    }
}

async fn a_body_that_is_no_request_is_refused(server: Arc<Server>) {
    let bodies: [&[u8]; 20] = [
        b"",
        b" ",
        b"no JSON",
        b"null",
        b"5",
        b"true",
        b"\"{ __typename }\"",
        b"[]",
        b"[1]",
        br#"["{ __typename }"]"#,
        br#"[{"query": "{ __typename }"}]"#,
        b"{}",
        br#"{"query": "{ __typename }""#,
        br#"{"query": 5}"#,
        br#"{"query": null}"#,
        br#"{"query": "{ __typename }", "variables": 5}"#,
        br#"{"query": "{ __typename }", "variables": [1]}"#,
        br#"{"query": "{ __typename }", "operationName": {}}"#,
        b"{\"query\": \"{ __typename \xff}\"}",
        br#"{"query": "{ __typename } # \ud800"}"#,
    ];
    for body in bodies {
        let answer = send(post(&server, "application/json", body)).await;
        let shown = String::from_utf8_lossy(body);
        assert!((400..500).contains(&answer.status), "{shown}: {} {}", answer.status, answer.body);
        assert_coded(&answer, &["BAD_REQUEST"]);
        assert!(
            answer.headers[CONTENT_TYPE].to_str().unwrap().starts_with("application/"),
            "{shown}"
        );
        assert!(answer.body.get("data").is_none(), "{shown}: {}", answer.body);
    }
    // Null is equivalent to an absent member.
    let body = r#"{"query": "{ __typename }", "variables": null, "operationName": null, "extensions": null}"#;
    send(post(&server, "application/json", body)).await.ok();
}

async fn only_json_is_read(server: Arc<Server>) {
    let body = r#"{"query": "{ __typename }"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "json",
        "",
    ] {
        let answer = send(post(&server, kind, body)).await;
        assert_eq!(answer.status, 415, "{kind}");
        assert_coded(&answer, &["BAD_REQUEST"]);
    }
    let request = server.http.post(format!("{}/graphql", server.url)).body(body);
    assert_eq!(send(request).await.status, 415);
    for kind in
        ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8"]
    {
        let answer = send(post(&server, kind, body)).await;
        assert_eq!(answer.ok(), json!({ "__typename": "Query" }), "{kind}");
    }
    for (encoding, status) in
        [("identity", 200), ("Identity", 200), ("gzip", 415), ("br", 415), ("identity, gzip", 415)]
    {
        let request = post(&server, "application/json", body).header(CONTENT_ENCODING, encoding);
        assert_eq!(send(request).await.status, status, "{encoding}");
    }
}

async fn a_byte_order_mark_and_an_empty_name_mean_nothing(server: Arc<Server>) {
    let typename = json!({ "__typename": "Query" });
    let mark = "\u{feff}";
    let body = r#"{"query": "{ __typename }"}"#;
    let answer = send(post(&server, "application/json", format!("{mark} {body}"))).await;
    assert_eq!(answer.ok(), typename);
    let twice = send(post(&server, "application/json", format!("{mark}{mark}{body}"))).await;
    assert_eq!(twice.status, 400);

    for query in ["{ __typename }", "query A { __typename }"] {
        let body = json!({ "query": query, "operationName": "" }).to_string();
        assert_eq!(send(post(&server, "application/json", body)).await.ok(), typename, "{query}");
    }
    let answer = send(get(&server, "/graphql?query={__typename}&operationName=")).await;
    assert_eq!(answer.ok(), typename);
    let two =
        json!({ "query": "query A { __typename } query B { __typename }", "operationName": "" });
    let answer = send(post(&server, "application/json", two.to_string())).await;
    assert_coded(&answer, &["GRAPHQL_VALIDATION_FAILED"]);
}

async fn variables_have_a_greatest_number_of_values(server: Arc<Server>) {
    let settings = [("GRAPHQL_MAX_TOKENS", "100"), ("GRAPHQL_MAX_BATCH", "2")];
    let strict = server.another(&settings).await;
    let body = |name: &str, values: usize| {
        // The list counts as one value. Characters within a string do not count.
        let list = vec![r#"],[{\\\",:"#; values - 1].join("\" , \"");
        let list = format!("[\"{list}\"]").replace("[\"\"]", "[]");
        format!(r#"{{"query": "{{ __typename }}", "{name}": {{ "x" : {list} }}}}"#)
    };
    let typename = json!({ "data": { "__typename": "Query" } });
    for name in ["variables", "extensions"] {
        let message = format!("The {name} have more than 100 values.");
        for (values, passes) in [(1, true), (100, true), (101, false), (5000, false)] {
            let one = body(name, values);
            let in_url = form_urlencoded::Serializer::new(String::new())
                .append_pair("query", "{ __typename }")
                .append_pair(name, &serde_json::from_str::<Value>(&one).unwrap()[name].to_string())
                .finish();
            let mut answers = vec![send(post(&strict, "application/json", one.clone())).await];
            // Longer URLs are refused anyway.
            if values < 5000 {
                answers.push(send(get(&strict, &format!("/graphql?{in_url}"))).await);
            }
            for answer in answers {
                if passes {
                    assert_eq!(answer.body, typename, "{name} {values}");
                } else {
                    assert_eq!(answer.code(), "QUERY_TOO_COMPLEX");
                    assert_eq!(answer.body["errors"][0]["message"], message.as_str());
                }
            }
            let batch = format!("[{one}, {}]", body(name, 1));
            let answer = send(post(&strict, "application/json", batch)).await;
            assert_eq!(answer.body[0] == typename, passes, "{name} {values}");
            assert_eq!(answer.body[1], typename);
        }
    }
    strict.stop().await;
}

/// No cache may store a response, and no browser may sniff its content type.
async fn every_answer_is_for_its_caller_only(server: Arc<Server>) {
    let open = server.another(&[("CORS_ORIGINS", "https://app.example.com")]).await;
    let typename = r#"{"query": "{ __typename }"}"#;
    let graphql = format!("{}/graphql", open.url);
    let large = " ".repeat(2 * 1024 * 1024);
    let to_graphql = [
        (200, post(&open, "application/json", typename)),
        (200, get(&open, "/graphql?query={__typename}")),
        (400, post(&open, "application/json", "nonsense")),
        (405, open.http.put(&graphql)),
        (406, post(&open, "application/json", typename).header(ACCEPT, "text/html")),
        (413, post(&open, "application/json", large)),
        (415, post(&open, "text/plain", typename)),
    ];
    for (status, request) in to_graphql {
        let answer = send(request.header("origin", "https://app.example.com")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{status}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{status}");
        let vary = answer.headers.get_all(VARY).iter();
        let vary = vary.map(|names| names.to_str().unwrap().to_lowercase()).collect::<Vec<_>>();
        let vary = vary.join(",");
        for name in ["accept", "origin"] {
            assert!(vary.split(',').any(|one| one.trim() == name), "{status}: {vary}");
        }
    }
    for path in ["/livez", "/readyz", "/nonsense", "/graphiql", "/"] {
        let answer = send(get(&open, path)).await;
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers.get(CONTENT_ENCODING).is_none(), "{path}");
    }
    open.stop().await;
}

async fn a_body_has_a_greatest_size(server: Arc<Server>) {
    const MIB: usize = 1024 * 1024;
    let body = |size: usize| {
        let (start, end) = (r#"{"query": "{ __typename }", "operationName": null"#, "}");
        format!("{start}{}{end}", " ".repeat(size - start.len() - end.len()))
    };
    send(post(&server, "application/json", body(MIB))).await.ok();
    for size in [MIB + 1, 2 * MIB] {
        let answer = send(post(&server, "application/json", body(size))).await;
        assert_eq!(answer.status, 413);
        assert_coded(&answer, &["BAD_REQUEST"]);
    }
}

async fn documents_that_make_no_sense_are_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for query in [
        "{",
        "",
        "}",
        "{ viewer { id }",
        "query { viewer(id: ) { id } }",
        "{ a: }",
        "# nothing",
        "{ viewer { id \u{0} } }",
        r#"{ board(id: "\ud800") { id } }"#,
    ] {
        let answer = ann.ask(query, json!({})).await;
        assert!(answer.status < 500, "{query}");
        assert_coded(&answer, &["GRAPHQL_PARSE_FAILED"]);
        assert!(answer.body["data"].is_null(), "{query}");
    }
    for query in [
        "{ nonsense }",
        "{ viewer { id nonsense } }",
        "{ viewer }",
        "{ viewer { id { x } } }",
        "{ board { id } }",
        "{ board(id: \"board_1\", more: 1) { id } }",
        "query($id: ID!) { viewer { id } }",
        "{ board(id: $id) { id } }",
        "query($id: Nonsense) { board(id: $id) { id } }",
        "{ ...none }",
        "fragment f on Board { id } { viewer { id } }",
        "{ viewer { ... on Board { id } } }",
        "{ viewer { id @nonsense } }",
        "{ viewer { id @skip } }",
        "{ boards(first: 1, first: 2) { totalCount } }",
        "mutation { viewer { id } }",
        "{ viewer { id } viewer: boards { totalCount } }",
    ] {
        let answer = ann.ask(query, json!({})).await;
        assert!(answer.status < 500, "{query}");
        assert_coded(&answer, &["GRAPHQL_VALIDATION_FAILED"]);
        assert!(answer.body["data"].is_null(), "{query}: {}", answer.body);
    }
}

async fn every_error_has_a_code(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let codes = [
        "BAD_REQUEST",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "UNAUTHENTICATED",
        "BAD_USER_INPUT",
        "NOT_FOUND",
    ];
    for query in [
        "subscription { x }",
        "query A { __typename } query B { __typename }",
        "query A { __typename } query A { __typename }",
        "mutation { deleteBoard(input: { boardId: \"board_1\" }) { deletedBoardId } }",
        "mutation { deleteBoard(input: { boardId: \"\" }) { deletedBoardId } }",
        "query($id: ID!) { board(id: $id) { id } }",
        "query($n: Int) { boards(first: $n) { totalCount } }",
        "{ boards(first: -1) { totalCount } }",
    ] {
        let variables = json!({ "n": "one" });
        assert_coded(&ann.ask(query, variables.clone()).await, &codes);
        assert_coded(&server.ask(query, variables).await, &codes);
    }
    for query in ["{ viewer { id } }", "{ boards { totalCount } }", "{ node(id: \"x\") { id } }"] {
        assert_coded(&server.ask(query, json!({})).await, &["UNAUTHENTICATED"]);
    }
    let body = json!({ "query": "query A { __typename }", "operationName": "B" }).to_string();
    assert_coded(&send(post(&server, "application/json", body)).await, &codes);
}

async fn other_methods_and_paths_are_refused(server: Arc<Server>) {
    for method in ["PUT", "DELETE", "PATCH"] {
        let method = method.parse().unwrap();
        let answer = send(server.http.request(method, format!("{}/graphql", server.url))).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers[ALLOW], "GET, POST");
        assert_coded(&answer, &["BAD_REQUEST"]);
    }
    for path in ["/nonsense", "/graphql/x", "/.env", "/kanban.db"] {
        assert_eq!(send(get(&server, path)).await.status, 404, "{path}");
    }
}

/// A GET request must not change anything, because any page can contain a link.
async fn a_url_may_hold_a_query_and_nothing_that_changes(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let ask = async |parameters: &[(&str, &str)]| {
        let encoded =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = get(&server, &format!("/graphql?{encoded}")).bearer_auth(&ann.token);
        send(request.header(ACCEPT, "application/graphql-response+json")).await
    };
    let query =
        "query A($f: Int) { boards(first: $f) { totalCount } } query B { viewer { email } }";
    let asked =
        ask(&[("query", query), ("operationName", "A"), ("variables", r#"{ "f": 1 }"#)]).await;
    assert_eq!(asked.ok()["boards"]["totalCount"], 0);
    let asked = ask(&[("query", query), ("operationName", "B"), ("variables", "null")]).await;
    assert_eq!(asked.ok()["viewer"]["email"], "ann@example.com");
    let mutation = r#"mutation A { createBoard(input: { title: "x" }) { board { id } } }"#;
    let both = format!("{mutation} query B {{ __typename }}");
    for parameters in [
        &[("query", mutation)][..],
        &[("query", mutation), ("operationName", "A")],
        &[("query", &both), ("operationName", "A")],
    ] {
        let answer = ask(parameters).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers[ALLOW], "POST");
        assert_coded(&answer, &["BAD_REQUEST"]);
        assert!(answer.body.get("data").is_none());
    }
    assert_eq!(ask(&[("query", &both), ("operationName", "B")]).await.status, 200);
    // Without `operationName` the operation is ambiguous, so neither is executed.
    assert_eq!(ask(&[("query", &both)]).await.status, 400);
    for parameters in [
        &[][..],
        &[("query", "")],
        &[("nonsense", "{ __typename }")],
        &[("query", "{ __typename }"), ("query", "{ __typename }")],
        &[("query", "{ __typename }"), ("variables", "{")],
        &[("query", "{ __typename }"), ("variables", "[]")],
        &[("query", "{ __typename }"), ("extensions", "5")],
    ] {
        assert_eq!(ask(parameters).await.status, 400, "{parameters:?}");
    }
    assert_eq!(ann.get("{ boards { totalCount } }").await["boards"]["totalCount"], 0);
}

async fn the_status_says_whether_a_request_was_run(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for (query, variables, run) in [
        ("{ viewer { id } }", json!({}), true),
        // Executed, with an error in a field.
        ("{ boards(first: -1) { totalCount } }", json!({}), true),
        (
            "mutation { deleteCard(input: { cardId: \"card_1\" }) { deletedCardId } }",
            json!({}),
            true,
        ),
        ("{", json!({}), false),
        ("{ nonsense }", json!({}), false),
        ("query($id: ID!) { board(id: $id) { id } }", json!({}), false),
        ("query($id: ID!) { board(id: $id) { id } }", json!({ "id": null }), false),
        ("query A { viewer { id } } query B { viewer { id } }", json!({}), false),
    ] {
        for (accept, refused) in
            [("application/graphql-response+json", 400), ("application/json", 200)]
        {
            let body = json!({ "query": query, "variables": variables }).to_string();
            let request = post(&server, "application/json", body).bearer_auth(&ann.token);
            let answer = send(request.header(ACCEPT, accept)).await;
            assert_eq!(answer.status, if run { 200 } else { refused }, "{query} {accept}");
            assert_eq!(answer.body.get("data").is_some(), run, "{query} {accept}");
            let content_type = answer.headers[CONTENT_TYPE].to_str().unwrap();
            assert_eq!(content_type, format!("{accept}; charset=utf-8"));
        }
    }
}

async fn an_answer_comes_in_the_wanted_media_type(server: Arc<Server>) {
    let body = r#"{"query": "{ __typename }"}"#;
    for (accept, status) in [
        ("application/json", 200),
        ("application/graphql-response+json, application/json;q=0.9", 200),
        ("*/*", 200),
        ("text/html, application/xhtml+xml, */*;q=0.8", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("nonsense", 406),
    ] {
        let answer = send(post(&server, "application/json", body).header(ACCEPT, accept)).await;
        assert_eq!(answer.status, status, "{accept}");
        if status == 406 {
            assert_coded(&answer, &["BAD_REQUEST"]);
        }
    }
    for charset in ["iso-8859-1", "utf-16"] {
        let kind = format!("application/json; charset={charset}");
        assert_eq!(send(post(&server, &kind, body)).await.status, 415);
    }
}

async fn health_is_told(server: Arc<Server>) {
    for path in ["/livez", "/readyz"] {
        assert_eq!(send(get(&server, path)).await.status, 200, "{path}");
    }
}

async fn a_request_has_an_id(server: Arc<Server>) {
    let id_of = async |given: Option<&[u8]>, path: &str| {
        let mut request = get(&server, path);
        if let Some(given) = given {
            request = request.header("x-request-id", given);
        }
        let answer = send(request).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    for path in ["/livez", "/graphql", "/nonsense"] {
        let harmless = ["x", "7f9c-A_b", &"a".repeat(64)];
        for given in harmless {
            assert_eq!(id_of(Some(given.as_bytes()), path).await, given);
        }
        let long = "a".repeat(65);
        let harmful: [&[u8]; 7] = [b"", b"a b", b"a\"b", b"a\tb", b"<b>", b"\xff", long.as_bytes()];
        let mut made = vec![id_of(None, path).await];
        for given in harmful {
            made.push(id_of(Some(given), path).await);
        }
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(made.iter().all(|id| id.len() == 32 && id.bytes().all(digit)), "{made:?}");
        made.sort();
        made.dedup();
        assert_eq!(made.len(), 8);
    }
    let refused = send(post(&server, "text/plain", "").header("x-request-id", "me")).await;
    assert_eq!(refused.headers["x-request-id"], "me");
}

async fn graphiql_runs_nothing_but_its_own_scripts(server: Arc<Server>) {
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = send(get(&server, "/graphiql")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(nonce.len() >= 22, "{nonce}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src *"), "{policy}");
        let Value::String(page) = answer.body else { panic!("not a page") };
        assert!(!page.contains("{{nonce}}"));
        let mut scripts = page.split("<script").skip(1).peekable();
        assert!(scripts.peek().is_some());
        let attribute = format!("nonce=\"{nonce}\"");
        assert!(scripts.all(|script| script.split('>').next().unwrap().contains(&attribute)));
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

async fn graphiql_has_the_files_of_its_page_and_no_others(server: Arc<Server>) {
    let Value::String(page) = send(get(&server, "/graphiql")).await.body else {
        panic!("not a page")
    };
    // A proxy may serve the page below another path.
    assert!(!page.contains("src=\"/") && !page.contains("href=\"/"), "{page}");
    for (file, content_type) in [("main.js", "text/javascript"), ("page.css", "text/css")] {
        assert!(page.contains(&format!("=\"./graphiql/assets/{file}\"")), "{page}");
        let answer = send(get(&server, &format!("/graphiql/assets/{file}"))).await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.headers[CONTENT_TYPE].to_str().unwrap().starts_with(content_type));
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{file}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{file}");
    }
    for other in ["", "none.js", ".gitignore", "..%2fpage.html"] {
        let answer = send(get(&server, &format!("/graphiql/assets/{other}"))).await;
        assert_eq!(answer.status, 404, "{other}");
    }
}

/// The response headers for a page of this origin: of the request and of the CORS preflight request.
async fn to_page_of(server: &Server, origin: &str) -> [HeaderMap; 2] {
    let call = post(server, "application/json", r#"{"query": "{ __typename }"}"#);
    let call = send(call.header("origin", origin)).await;
    assert_eq!(call.status, 200);
    [call.headers, preflight(server, origin, "authorization,content-type").await.headers]
}

/// Sends a CORS preflight request.
async fn preflight(server: &Server, origin: &str, headers: &str) -> Answer {
    let request = server.http.request(Method::OPTIONS, format!("{}/graphql", server.url));
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", headers);
    send(request).await
}

async fn pages_of_others_may_not_call_unless_named(server: Arc<Server>) {
    const ALLOW: &str = "access-control-allow-origin";
    for headers in to_page_of(&server, "https://app.example.com").await {
        let access = headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(access.collect::<Vec<_>>(), Vec::<&str>::new());
    }
    let origins = "https://app.example.com, http://localhost:3000, https://*.example.org";
    let open = server.another(&[("CORS_ORIGINS", origins)]).await;
    for (origin, is_allowed) in [
        ("https://app.example.com", true),
        ("http://localhost:3000", true),
        ("https://a.b.example.org", true),
        ("https://evil.example.com", false),
        ("http://app.example.com", false),
        ("https://app.example.com.evil.org", false),
        ("https://example.org", false),
        ("https://a.example.org:8443", false),
        ("null", false),
    ] {
        for headers in to_page_of(&open, origin).await {
            let allowed = headers.get(ALLOW).map(|value| value.to_str().unwrap());
            assert_eq!(allowed, is_allowed.then_some(origin), "{origin}");
            assert!(headers.get("access-control-allow-credentials").is_none());
            let vary = headers.get_all(VARY).iter().map(|names| names.to_str().unwrap());
            assert!(vary.collect::<String>().to_lowercase().contains("origin"), "{origin}");
        }
    }
    let any = server.another(&[("CORS_ORIGINS", "*")]).await;
    for (server, headers) in [
        (&open, "authorization,content-type"),
        (&open, "apollographql-client-name,traceparent,x-my-own"),
        (&any, "authorization,sentry-trace"),
    ] {
        let preflight = preflight(server, "http://localhost:3000", headers).await;
        assert_eq!(preflight.status, 200);
        let headers_of = |name: &str| preflight.headers[name].to_str().unwrap().to_owned();
        assert_eq!(headers_of("access-control-allow-headers"), headers);
        assert!(headers_of("access-control-allow-methods").contains("POST"));
        assert_eq!(headers_of("access-control-max-age"), "7200");
    }
    any.stop().await;
    open.stop().await;
}

async fn a_refused_preflight_names_the_setting(server: Arc<Server>) {
    let open = server.another(&[("CORS_ORIGINS", "https://app.example.com")]).await;
    for server in [&*server, &open] {
        let refused = preflight(server, "https://other.example.com", "content-type").await;
        assert_eq!(refused.status, 403);
        assert_coded(&refused, &["BAD_REQUEST"]);
        assert!(refused.body.to_string().contains("CORS_ORIGINS"), "{}", refused.body);
        // Not a preflight request.
        let url = format!("{}/graphql", server.url);
        let plain = send(server.http.request(Method::OPTIONS, url)).await;
        assert_ne!(plain.status, 403);
    }
    open.stop().await;
}

async fn the_schema_can_be_asked_for_without_log_in(server: Arc<Server>) {
    let data = server.ask("{ __typename }", json!({})).await.ok();
    assert_eq!(data["__typename"], "Query");
    let data = server.ask("mutation { __typename }", json!({})).await.ok();
    assert_eq!(data["__typename"], "Mutation");
    let query = "{ __schema { queryType { name } mutationType { name } types { name description } }
        __type(name: \"Card\") { kind fields { name } } }";
    let data = server.ask(query, json!({})).await.ok();
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    assert_eq!(data["__type"]["kind"], "OBJECT");
    let fields = data["__type"]["fields"].as_array().unwrap();
    assert!(fields.contains(&json!({ "name": "title" })));
}
