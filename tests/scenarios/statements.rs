//! The number of SQL statements of a query depends on its text, not on the number of rows.

use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, User, scenarios};

scenarios![
    a_whole_board_list_costs_the_same_for_1_and_for_50_boards,
    a_level_of_many_siblings_is_one_statement,
    a_list_of_nodes_is_one_statement_a_type,
    a_failing_sibling_does_not_disturb_the_others,
    counting_is_done_only_when_asked_for,
    what_lies_beyond_a_page_is_looked_for_only_when_asked_for,
    a_query_of_one_thing_is_one_statement,
    changes_of_cards_take_few_statements_however_many_cards,
    comments_and_histories_of_many_are_one_statement_each,
    a_page_of_events_costs_one_statement_for_each_kind_of_thing,
    what_is_found_by_itself_brings_its_board_along,
    each_screen_is_one_request,
];

/// The number of statements that the query needs without the board cache and when the account is
/// cached.
async fn statements(user: &User, query: &str) -> u64 {
    let server = user.server.another(&[("CACHE_MIB", "0")]).await;
    let get = || server.ask_as(Some(&user.token), query, json!({}));
    get().await.ok();
    let mut counts = Vec::new();
    // The account behind the token is looked up again every five seconds, so the minimum counts.
    for _ in 0..3 {
        let before = server.db.statement_count();
        get().await.ok();
        counts.push(server.db.statement_count() - before);
    }
    server.stop().await;
    counts.into_iter().min().unwrap()
}

/// Creates boards, each with three cards, of which two have labels, and two members.
async fn fill(user: &User, other: &User, boards: usize) {
    for n in 0..boards {
        let board = user.board(&format!("board {n}")).await;
        user.share(&board, other).await;
        let cards = json!([
            { "title": "a", "labels": ["RED", "BLUE"] },
            { "title": "b", "column": "DONE", "labels": ["GRAY"] },
            { "title": "c", "column": "DONE" },
        ]);
        let input = json!({ "boardId": board, "cards": cards });
        user.done("createCards", input, "cards { id }").await;
    }
}

async fn a_whole_board_list_costs_the_same_for_1_and_for_50_boards(server: Arc<Server>) {
    let (few, many) = (server.user("few").await, server.user("many").await);
    let other = server.user("other").await;
    fill(&few, &other, 1).await;
    fill(&many, &other, 50).await;
    let query = "{ viewer { email } boards(first: 50) { nodes { title labels { name }
        columns { column cards(first: 2) { nodes { title board { title } labels { color name } } } }
        members { nodes { email } edges { since } } } } }";
    let (one, fifty) = (statements(&few, query).await, statements(&many, query).await);
    assert_eq!(one, fifty);
    // The viewer, the boards, their labels, the cards, the cards' labels, the members.
    assert_eq!(one, 6);
    let found = many.get(query).await;
    assert_eq!(found["boards"]["nodes"].as_array().unwrap().len(), 50);
    assert_eq!(
        found["boards"]["nodes"][49]["columns"][3]["cards"]["nodes"][0]["labels"][0]["color"],
        "GRAY"
    );
}

async fn a_level_of_many_siblings_is_one_statement(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 1000).await;
    // The labels are loaded in one statement for all cards, also below an alias.
    let query = format!(
        "{{ board(id: {board:?}) {{ cards(first: 1000) {{ edges {{ node {{ board {{ id }} }} }}
            again: nodes {{ labels {{ color }} }} }} }} }}"
    );
    // The board, its labels, the cards, their labels.
    assert_eq!(statements(&ann, &query).await, 4);
    assert_eq!(ann.get(&query).await["board"]["cards"]["again"].as_array().unwrap().len(), 1000);
}

async fn a_list_of_nodes_is_one_statement_a_type(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 150).await;
    let query = |ids: &[String]| {
        format!("{{ nodes(ids: {ids:?}) {{ id ... on Card {{ labels {{ color }} }} }} }}")
    };
    assert_eq!(statements(&ann, &query(&cards[..1])).await, 2);
    assert_eq!(statements(&ann, &query(&cards)).await, 2);
    let mixed: Vec<String> =
        cards.iter().take(99).cloned().chain([board, ann.id.clone()]).collect();
    assert_eq!(statements(&ann, &query(&mixed)).await, 4);
}

async fn a_failing_sibling_does_not_disturb_the_others(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (one, two) = (ann.board("one").await, ann.board("two").await);
    let query = format!(
        "{{ a: board(id: {one:?}) {{ labels {{ color }} cards(first: -1) {{ totalCount }} }}
            b: board(id: {two:?}) {{ labels {{ color }} members {{ totalCount }} }} }}"
    );
    for _ in 0..20 {
        let answer = ann.ask(&query, json!({})).await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["first"])));
        assert_eq!(answer.body["data"]["b"]["labels"].as_array().unwrap().len(), 7);
        assert_eq!(answer.body["data"]["b"]["members"]["totalCount"], 1);
    }
}

async fn counting_is_done_only_when_asked_for(server: Arc<Server>) {
    let ann = server.user("ann").await;
    ann.board("Plans").await;
    let counted = "{ boards { totalCount nodes { members { totalCount }
        cards { totalCount } columns { cards { totalCount } } } } }";
    let uncounted = "{ boards { nodes { members { pageInfo { hasNextPage } }
        cards { pageInfo { hasNextPage } } columns { cards { pageInfo { hasNextPage } } } } } }";
    assert_eq!(statements(&ann, uncounted).await, 4);
    assert_eq!(statements(&ann, counted).await, 5);
}

async fn what_lies_beyond_a_page_is_looked_for_only_when_asked_for(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for _ in 0..3 {
        ann.cards(&ann.board("Plans").await, 3).await;
    }
    let first = ann.get("{ boards(first: 1) { nodes { cards(first: 1) { edges { cursor } } } } }");
    let cursor = &first.await["boards"]["nodes"][0]["cards"]["edges"][0]["cursor"];
    // The same for each of the twelve columns.
    let page = |arguments: &str, flag: &str| {
        format!(
            "{{ boards {{ nodes {{ columns {{ cards({arguments}: {cursor}) {{ pageInfo {{ {flag} }} }} }} }} }} }}"
        )
    };
    for (arguments, asked, known) in [
        ("first: 1, after", "hasPreviousPage", "hasNextPage"),
        ("last: 1, before", "hasNextPage", "hasPreviousPage"),
    ] {
        assert_eq!(statements(&ann, &page(arguments, known)).await, 2);
        assert_eq!(statements(&ann, &page(arguments, asked)).await, 3);
        assert_eq!(statements(&ann, &page(arguments, "startCursor")).await, 2);
    }
}

async fn a_query_of_one_thing_is_one_statement(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    assert_eq!(statements(&ann, &format!("{{ board(id: {board:?}) {{ id title }} }}")).await, 1);
    assert_eq!(statements(&ann, &format!("{{ card(id: {card:?}) {{ id title }} }}")).await, 1);
    assert_eq!(statements(&ann, "{ boards { nodes { id title } } }").await, 1);
    // Long texts need no additional statement.
    let both = "description board { description }";
    assert_eq!(statements(&ann, &format!("{{ card(id: {card:?}) {{ {both} }} }}")).await, 1);
    assert_eq!(statements(&ann, "{ boards { nodes { description } } }").await, 1);
}

/// Two changes each, with BEGIN and COMMIT. The writes are one statement on PostgreSQL, and one for
/// each table on SQLite.
async fn changes_of_cards_take_few_statements_however_many_cards(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let create = |cards: &str| {
        format!(
            "createCards(input: {{ boardId: {board:?}, cards: [{cards}] }}) {{ cards {{ id }} }}"
        )
    };
    let change = |name: &str, to: &str| {
        format!("{name}(input: {{ cardId: {card:?}, {to} }}) {{ card {{ id }} }}")
    };
    let one = r#"{ title: "a", labels: [RED, BLUE] }"#;
    let on_postgres = server.database_url.starts_with("postgres");
    for (fields, sqlite, postgres) in [
        ([create(one), create(one)], 16, 10),
        ([create(&one.repeat(2)), create(&one.repeat(50))], 16, 10),
        ([r#"title: "b""#, r#"title: "c""#].map(|to| change("updateCard", to)), 12, 8),
        (["DOING", "DONE"].map(|to| change("moveCard", &format!("column: {to}"))), 14, 10),
        (
            ["deleteCard", "restoreCard"]
                .map(|name| format!("{name}(input: {{ cardId: {card:?} }}) {{ __typename }}")),
            15,
            11,
        ),
    ] {
        let query = format!("mutation {{ a: {} b: {} }}", fields[0], fields[1]);
        let wanted = if on_postgres { postgres } else { sqlite };
        assert_eq!(statements(&ann, &query).await, wanted, "{query}");
    }
}

async fn comments_and_histories_of_many_are_one_statement_each(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 1000).await;
    for card in cards.iter().step_by(100) {
        ann.comment(card, "hm").await;
    }
    let with = |more: &str| {
        format!("{{ board(id: {board:?}) {{ cards(first: 1000) {{ nodes {{ id {more} }} }} }} }}")
    };
    let plain = statements(&ann, &with("")).await;
    for (more, cost) in [
        ("comments { totalCount }", 1),
        ("comments { __typename ... on CommentConnection { n: totalCount } }", 1),
        ("comments(first: 1) { nodes { body } }", 1),
        (
            "comments(first: 10) { nodes { body author { email } card { title board { title } } } totalCount }",
            3,
        ),
        ("activity(first: 1) { nodes { __typename } }", 1),
        ("activity(first: 1) { totalCount nodes { actor { email } board { title } } }", 3),
    ] {
        assert_eq!(statements(&ann, &with(more)).await, plain + cost, "{more}");
    }
    let found = ann.get(&with("comments { totalCount }")).await;
    let nodes = found["board"]["cards"]["nodes"].as_array().unwrap();
    let count: u64 =
        nodes.iter().map(|node| node["comments"]["totalCount"].as_u64().unwrap()).sum();
    assert_eq!(count, 10);
}

async fn a_page_of_events_costs_one_statement_for_each_kind_of_thing(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let events = "activity(first: 100) { nodes { actor { email } board { title }
        ... on CardCreatedEvent { card { title } } ... on MemberAddedEvent { user { email } }
        ... on CommentAddedEvent { comment { body } } } }";
    let mut counts = Vec::new();
    for many in [1, 30] {
        let board = ann.board("Plans").await;
        ann.share(&board, &bob).await;
        for card in ann.cards(&board, many).await {
            bob.comment(&card, "hm").await;
        }
        counts.push(statements(&ann, &format!("{{ board(id: {board:?}) {{ {events} }} }}")).await);
    }
    // The same for many boards. For boards in the trash, members are visible only there.
    for trashed in [false, true] {
        for _ in 0..15 {
            let board = ann.board("Plans").await;
            ann.share(&board, &bob).await;
            bob.card(&board, "x").await;
            if trashed {
                ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
            }
        }
        let list = if trashed { "deletedBoards" } else { "boards" };
        counts.push(statements(&ann, &format!("{{ {list} {{ nodes {{ {events} }} }} }}")).await);
    }
    // The boards, the events, their actors, cards, users and comments. Comments are not visible in the
    // trash.
    assert_eq!(counts, [6, 6, 6, 5]);
    let found = ann.get(&format!("{{ deletedBoards {{ nodes {{ {events} }} }} }}")).await;
    let boards = found["deletedBoards"]["nodes"].as_array().unwrap();
    for board in boards {
        let user = &board["activity"]["nodes"][2]["user"];
        assert_eq!(user["email"], "bob@example.com", "{board}");
    }
}

async fn what_is_found_by_itself_brings_its_board_along(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let comment = ann.comment(&card, "hm").await;
    let query = format!("{{ card(id: {card:?}) {{ title board {{ title version }} }} }}");
    assert_eq!(statements(&ann, &query).await, 1);
    let query = format!(
        "{{ node(id: {comment:?}) {{ ... on Comment {{ body card {{ title board {{ title }} }} }} }} }}"
    );
    assert_eq!(statements(&ann, &query).await, 2);
}

/// The screens of a front end, with their numbers of statements. `$board` and `$card` are IDs.
const SCREENS: [(&str, u64, &str); 7] = [
    // The viewer, the boards and their number, authors, members and their number, the number of cards.
    (
        "my boards",
        7,
        "{ viewer { name email } boards { totalCount nodes { id title updatedAt viewerRole
            createdBy { name } cards { totalCount } members(first: 5) { totalCount nodes { name } } }
            pageInfo { hasNextPage endCursor } } }",
    ),
    // The board, its author, labels, members, cards and their numbers; the cards' labels, authors and comments.
    (
        "board",
        9,
        "{ board(id: $board) { id title description version viewerRole createdBy { name }
            labels { id color name } members { edges { role node { id name } } }
            columns { id column cards(first: 1000) { totalCount nodes { id title rank version
                labels { id } createdBy { name } comments { totalCount } } } } } }",
    ),
    // The card with its board, its author and labels, those of the board, comments, events, their authors.
    (
        "card",
        7,
        "{ card(id: $card) { id title description column version createdAt createdBy { name }
            labels { id color name } board { id title viewerRole labels { id color name } }
            comments { nodes { id body createdAt author { name } viewerCanUpdate viewerCanDelete } }
            activity { nodes { id __typename createdAt actor { name } } } } }",
    ),
    // The bytes to search, twice, the cards, their number, labels, authors.
    (
        "search over all boards",
        6,
        r#"{ cards(filter: { text: "a" }, first: 20) { totalCount nodes { id title column updatedAt
            labels { color } createdBy { name } board { id title } } pageInfo { hasNextPage } } }"#,
    ),
    // The board, its events, their actors, cards, users and comments.
    (
        "activity",
        6,
        "{ board(id: $board) { version activity(first: 100) { nodes { __typename sequence createdAt
            clientMutationId actor { name } ... on CardCreatedEvent { card { title } }
            ... on MemberAddedEvent { user { name } role } ... on CommentAddedEvent { comment { body } }
            ... on CardUpdatedEvent { card { title } changes { fieldName from to } } } } } }",
    ),
    // The board, its members and their number.
    (
        "members",
        3,
        "{ board(id: $board) { viewerRole members { totalCount
            edges { since role node { id name email } } pageInfo { hasNextPage } } } }",
    ),
    // The deleted boards, the board, its labels, its deleted cards and their labels.
    (
        "trash",
        5,
        "{ deletedBoards { nodes { id title deletedAt } } board(id: $board) {
            deletedCards { nodes { id title deletedAt labels { color } } } } }",
    ),
];

async fn each_screen_is_one_request(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    for many in [1, 20] {
        let (mut board, mut card) = (String::new(), String::new());
        for _ in 0..many {
            board = ann.board("a").await;
            ann.share(&board, &bob).await;
            for id in bob.cards(&board, many + 1).await {
                card = id;
            }
            for _ in 0..many {
                bob.comment(&card, "hm").await;
            }
            let labels = json!({ "cardId": card, "labels": ["RED", "BLUE"] });
            ann.done("addLabelsToCard", labels, "card { id }").await;
            let first = format!("{{ board(id: {board:?}) {{ cards {{ nodes {{ id }} }} }} }}");
            let first = ann.get(&first).await["board"]["cards"]["nodes"][0]["id"].take();
            ann.delete_card(first.as_str().unwrap()).await;
        }
        let gone = ann.board("b").await;
        ann.done("deleteBoard", json!({ "boardId": gone }), "deletedBoardId").await;
        let mut found = Vec::new();
        for (screen, _, query) in SCREENS {
            let query = query
                .replace("$board", &format!("{board:?}"))
                .replace("$card", &format!("{card:?}"));
            found.push((screen, statements(&ann, &query).await));
        }
        assert_eq!(found, SCREENS.map(|(screen, count, _)| (screen, count)), "{many} of each");
    }
}
