//! Expensive documents are refused before execution, and the server keeps running.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, bombs, config_with, scenarios};

scenarios![
    bombs_are_refused,
    what_people_ask_for_passes_with_room,
    each_limit_can_be_set,
    documents_are_nested_as_deep_as_the_setting_allows,
    introspection_does_not_go_in_circles,
    planning_is_limited,
];

async fn bombs_are_refused(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for (name, document) in bombs() {
        let before = server.db.statement_count();
        let answer = ann.ask(&document, json!({})).await;
        let errors =
            answer.body["errors"].as_array().unwrap_or_else(|| panic!("{name}: {}", answer.body));
        let codes = ["QUERY_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"];
        for error in errors {
            assert!(
                codes.contains(&error["extensions"]["code"].as_str().unwrap()),
                "{name}: {error}"
            );
        }
        assert!(answer.body.get("data").is_none(), "{name}: {}", answer.body);
        assert!(server.db.statement_count() <= before + 1, "{name}: only the viewer is looked up");
        // The error response itself is small.
        assert!(
            answer.body.to_string().len() < 20_000,
            "{name}: {}",
            answer.body.to_string().len()
        );
    }
    for depth in [100, 127, 500, 20_000] {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(
            r#"{{"query": "query($v: [ID!]!) {{ nodes(ids: $v) {{ id }} }}", "variables": {{ "v": {nested} }}}}"#
        );
        let request = server.http.post(format!("{}/graphql", server.url)).body(body);
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        assert!([200, 400].contains(&answer.status().as_u16()), "{depth}");
        let text = answer.text().await.unwrap();
        assert!(
            text.contains("QUERY_TOO_COMPLEX") || text.contains("BAD_REQUEST"),
            "{depth}: {text}"
        );
    }
    assert_eq!(ann.get("{ viewer { email } }").await["viewer"]["email"], "ann@example.com");
}

/// The full introspection query of GraphiQL and of code generators.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
      subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations
        args(includeDeprecated: true) { ...InputValue } } } }
    fragment FullType on __Type { kind name description specifiedByURL isOneOf
      fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
      inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
      ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

async fn what_people_ask_for_passes_with_room(server: Arc<Server>) {
    // With half of each default limit.
    let halves = [
        ("GRAPHQL_MAX_TOKENS", "2500"),
        ("GRAPHQL_MAX_NESTING", "32"),
        ("GRAPHQL_MAX_SELECTIONS", "1000"),
        ("GRAPHQL_MAX_ROOT_FIELDS", "25"),
        ("GRAPHQL_MAX_ALIASES", "100"),
        ("GRAPHQL_MAX_DIRECTIVES", "50"),
        ("GRAPHQL_MAX_COMPLEXITY", "1000000"),
    ];
    let config = config_with(&server.database_url, &halves);
    let strict = Server::start_with(config, server.database_url.clone()).await;
    let ann = server.user("ann").await;
    let found = strict.ask(INTROSPECTION, json!({})).await.ok();
    assert!(found["__schema"]["types"].as_array().unwrap().len() > 100);
    let board = "{ boards(first: 1) { edges { cursor node { id title description version viewerRole updatedAt labels { id name color }
        members { edges { role node { id email } } } columns { id column cards(first: 500) { totalCount
            pageInfo { hasNextPage endCursor } edges { cursor node { id title rank version labels { id color name }
                comments(first: 3) { totalCount nodes { id body author { id email } } } } } } }
        activity(first: 20) { nodes { __typename id sequence actor { id email }
            ... on CardMovedEvent { card { id title board { id } } fromColumn toColumn } } } } } } }";
    strict.ask_as(Some(&ann.token), board, json!({})).await.ok();
    let largest = "{ boards(first: 1) { nodes { id title columns { id column cards(first: 1000) { totalCount nodes {
        id title description column rank version createdAt updatedAt labels { id name color } } } } } } }";
    strict.ask_as(Some(&ann.token), largest, json!({})).await.ok();
    let explored = "{ boards { nodes { title cards { nodes { title } } } } }";
    strict.ask_as(Some(&ann.token), explored, json!({})).await.ok();
    strict.stop().await;
}

async fn each_limit_can_be_set(server: Arc<Server>) {
    for (variable, value, passes, fails) in [
        (
            "GRAPHQL_MAX_TOKENS",
            "100",
            "{ __typename }".to_owned(),
            format!("{{ {} }}", "__typename ".repeat(99)),
        ),
        ("GRAPHQL_MAX_NESTING", "10", "{ __schema { types { name } } }".into(), "{ ".repeat(11)),
        (
            "GRAPHQL_MAX_DEPTH",
            "5",
            "{ __schema { types { ofType { ofType { name } } } } }".into(),
            "{ __schema { types { ofType { ofType { ofType { name } } } } } }".into(),
        ),
        (
            "GRAPHQL_MAX_SELECTIONS",
            "100",
            format!("{{ {} }}", "__typename ".repeat(50)),
            format!(
                "{{ {} }} fragment F on Query {{ {} }}",
                "...F ".repeat(3),
                "__typename ".repeat(34)
            ),
        ),
        (
            "GRAPHQL_MAX_ROOT_FIELDS",
            "2",
            "{ __typename __typename }".into(),
            "{ __typename ... { __typename } ...F } fragment F on Query { __typename }".into(),
        ),
        (
            "GRAPHQL_MAX_ALIASES",
            "1",
            "{ a: __typename }".into(),
            "{ a: __typename b: __typename }".into(),
        ),
        (
            "GRAPHQL_MAX_COMPLEXITY",
            "1000",
            "{ __schema { queryType { name } } }".into(),
            "{ viewer { id } boards(first: 200) { nodes { id } } }".into(),
        ),
        (
            "GRAPHQL_MAX_DIRECTIVES",
            "1",
            "{ __typename @skip(if: false) }".into(),
            "{ __typename @skip(if: false) ... @include(if: true) { __typename } }".into(),
        ),
    ] {
        let config = config_with(&server.database_url, &[(variable, value)]);
        let other = Server::start_with(config, server.database_url.clone()).await;
        other.ask(&passes, json!({})).await.ok();
        let answer = other.ask(&fails, json!({})).await;
        assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{variable}: {}", answer.body);
        let message = answer.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(value), "{variable}: {message}");
        other.stop().await;
    }
}

async fn documents_are_nested_as_deep_as_the_setting_allows(server: Arc<Server>) {
    // Almost the largest depth that can be set. (serde_json reads no deeper response.)
    const LEVELS: usize = 30;
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.card(&board, "a plan").await;
    let mut fields = "title".to_owned();
    for _ in 0..LEVELS {
        fields = format!(
            "cards(first: 1) {{ nodes {{ comments {{ totalCount }} board {{ {fields} }} }} }}"
        );
    }
    let query = format!("{{ board(id: {board:?}) {{ {fields} }} }}");
    let settings = [("GRAPHQL_MAX_DEPTH", "100"), ("GRAPHQL_MAX_NESTING", "200")];
    let deep = server.another(&settings).await;
    let answer = deep.ask_as(Some(&ann.token), &query, json!({})).await.ok();
    let mut found = &answer["board"];
    for _ in 0..LEVELS {
        found = &found["cards"]["nodes"][0]["board"];
    }
    assert_eq!(found["title"], "Plans");
    assert_eq!(server.ask(&query, json!({})).await.code(), "QUERY_TOO_COMPLEX");
    deep.stop().await;
}

async fn introspection_does_not_go_in_circles(server: Arc<Server>) {
    let circle = "{ __schema { types { interfaces { possibleTypes { interfaces { possibleTypes { interfaces { possibleTypes { name } } } } } } } } }";
    assert_eq!(server.ask(circle, json!({})).await.code(), "QUERY_TOO_COMPLEX");
    // Each level has 21 types or an interface of them.
    let levels: Vec<_> = (1..13)
        .map(|n| {
            let list = if n % 2 == 0 { "interfaces" } else { "possibleTypes" };
            format!("fragment F{n} on __Type {{ {list} {{ ...F{} }} }}", n - 1)
        })
        .collect();
    let levels = levels.join(" ") + " fragment F0 on __Type { name }";
    for (variables, name) in [("", "\"BoardEvent\""), ("($n: String!)", "$n")] {
        let fields: Vec<_> =
            (0..13).map(|n| format!("a{n}: __type(name: {name}) {{ ...F{n} }}")).collect();
        let query = format!("query{variables} {{ {} }} {levels}", fields.join(" "));
        let answer = server.ask(&query, json!({ "n": "BoardEvent" })).await;
        assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{}", answer.body);
    }
    let found = server
        .ask(
            "{ __type(name: \"Board\") { fields { type { ofType { fields { name } } } } } }",
            json!({}),
        )
        .await;
    assert_ne!(found.ok()["__type"], Value::Null);
}

/// Each of the selections is looked at for each of the object types of an interface, on each level.
async fn planning_is_limited(server: Arc<Server>) {
    let mut selection = "... on MemberAddedEvent { id } ".repeat(600);
    for _ in 0..3 {
        selection = format!(
            "... on MemberAddedEvent {{ id }} board {{ activity(first: 0) {{ nodes {{ {selection} }} }} }}"
        );
    }
    let query = format!(
        "{{ board(id: \"board_1\") {{ activity(first: 0) {{ nodes {{ {selection} }} }} }} }}"
    );
    let answer = server.ask(&query, json!({})).await;
    assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{}", answer.body);
    assert!(answer.body.to_string().contains("nested interfaces"), "{}", answer.body);
}
