//! Pages of connections: forward and backward, in every order, while rows are added and removed.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{List, Server, User, column, scenarios, text};

scenarios![
    pages_of_cards_meet_every_row_once_in_every_order,
    pages_of_boards_meet_every_row_once_in_every_order,
    pages_of_members_and_of_a_column_meet_every_row_once,
    titles_sort_by_lower_case_code_points,
    the_default_page_has_fifty_rows,
    pages_have_a_greatest_size,
    after_and_before_together_bound_a_page,
    an_empty_list_has_an_empty_page,
    null_is_the_same_as_leaving_out,
    a_cursor_outlives_its_row,
    pages_of_boards_and_members_outlive_changes,
    only_cursors_of_this_list_in_this_order_are_taken,
    forged_cursors_do_no_harm,
    each_parent_has_its_own_page,
    every_list_says_what_is_really_there,
];

fn order(field: &str, direction: &str) -> Value {
    json!({ "field": field, "direction": direction })
}

/// Creates cards with these titles and columns in one mutation and returns their IDs.
async fn make(user: &User, board: &str, cards: &[(&str, &str)]) -> Vec<String> {
    let cards = cards.iter();
    let cards: Vec<_> =
        cards.map(|(title, column)| json!({ "title": title, "column": column })).collect();
    let input = json!({ "boardId": board, "cards": cards });
    column(&user.done("createCards", input, "cards { id }").await["cards"], "id")
}

/// The IDs of rows, sorted by a text and then by the number in the ID.
fn sorted(rows: &Value, key: impl Fn(&Value) -> String, descending: bool) -> Vec<String> {
    let number = |id: &str| id.rsplit('_').next().unwrap().parse::<u64>().unwrap();
    let rows = rows.as_array().unwrap().iter();
    let mut rows: Vec<_> =
        rows.map(|row| (key(row), number(&text(&row["id"])), text(&row["id"]))).collect();
    rows.sort();
    if descending {
        rows.reverse();
    }
    rows.into_iter().map(|(.., id)| id).collect()
}

async fn pages_of_cards_meet_every_row_once_in_every_order(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let mut ids = Vec::new();
    // Cards of one batch have the same creation time, titles recur, and the columns are mixed.
    for batch in ["a", "B", "é", "É"] {
        let titles = [batch, "same", "Same", "x", "SAME"];
        let columns = ["DONE", "TODO", "BACKLOG", "DOING", "TODO"];
        let cards: Vec<_> = titles.into_iter().zip(columns).collect();
        ids.extend(make(&ann, &board, &cards).await);
    }
    for (card, title) in [(3, "b"), (17, "sAME"), (8, "x")] {
        let input = json!({ "cardId": ids[card], "title": title });
        ann.done("updateCard", input, "card { id }").await;
    }
    for (card, neighbour) in [(6, 1), (1, 4), (14, 11), (4, 14)] {
        ann.move_card(&ids[card], "TODO", json!({ "beforeCardId": ids[neighbour] })).await;
    }
    let fields = "nodes { id title column rank createdAt updatedAt }";
    let query = format!("query($id: ID!) {{ board(id: $id) {{ cards {{ {fields} }} }} }}");
    let rows = ann.ask(&query, json!({ "id": board })).await.ok()["board"]["cards"]["nodes"].take();
    assert_eq!(rows.as_array().unwrap().len(), 20);
    let key = |field: &str, card: &Value| match field {
        // Except for TODO, the columns are in alphabetical order.
        "RANK" => text(&card["column"]).replace("TODO", "CODO") + &text(&card["rank"]),
        "TITLE" => text(&card["title"]).to_lowercase(),
        "CREATED_AT" => text(&card["createdAt"]),
        _ => text(&card["updatedAt"]),
    };
    for field in ["RANK", "TITLE", "CREATED_AT", "UPDATED_AT"] {
        for direction in ["ASC", "DESC"] {
            let expected = sorted(&rows, |card| key(field, card), direction == "DESC");
            let list = List::cards(&ann, &board, &order(field, direction));
            list.assert_is(&expected).await;
        }
    }
    let default = sorted(&rows, |card| key("RANK", card), false);
    let list = List::cards(&ann, &board, &Value::Null);
    list.assert_is(&default).await;
}

async fn pages_of_boards_meet_every_row_once_in_every_order(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    bob.board("Not Ann's").await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let title = ["Same", "same", "Ähre", "ähre", "z"][number % 5];
        ids.push(ann.board(title).await);
    }
    for board in [&ids[4], &ids[11], &ids[0]] {
        ann.card(board, "something new").await;
    }
    let rows = ann.get("{ boards { nodes { id title createdAt updatedAt } } }").await;
    let rows = &rows["boards"]["nodes"];
    for (field, key) in
        [("TITLE", "title"), ("CREATED_AT", "createdAt"), ("UPDATED_AT", "updatedAt")]
    {
        for direction in ["ASC", "DESC"] {
            let key = |board: &Value| text(&board[key]).to_lowercase();
            let expected = sorted(rows, key, direction == "DESC");
            let list = List::boards(&ann, &order(field, direction));
            list.assert_is(&expected).await;
        }
    }
    ids.reverse();
    List::boards(&ann, &Value::Null).assert_is(&ids).await;
}

/// Signs up a user who never logs in and returns the user's ID.
async fn stranger(server: &Server, name: &str) -> String {
    let query = "mutation($i: SignUpInput!) { signUp(input: $i) { user { id } } }";
    let input = json!({ "email": format!("{name}@example.com"), "password": "password" });
    let made = server.ask(query, json!({ "i": input })).await.ok();
    text(&made["signUp"]["user"]["id"])
}

/// A board of Ann's that is shared with `others` users, and its members in the order in which they
/// joined.
async fn crowd(ann: &User, others: usize) -> (String, Vec<String>) {
    let board = ann.board("Crowd").await;
    let names: Vec<_> = (0..others).map(|number| format!("member{number}")).collect();
    let ids = join_all(names.iter().map(|name| stranger(&ann.server, name))).await;
    let mut members = vec![ann.id.clone()];
    for id in ids {
        let input = json!({ "boardId": board, "userId": id });
        ann.done("shareBoard", input, "board { id }").await;
        members.push(id);
    }
    (board, members)
}

async fn pages_of_members_and_of_a_column_meet_every_row_once(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, members) = crowd(&ann, 9).await;
    List::members(&ann, &board).assert_is(&members).await;

    let columns = ["TODO", "DONE", "TODO", "BACKLOG", "TODO", "TODO", "DOING", "TODO"];
    let mut todo = Vec::new();
    for _ in 0..3 {
        let ids = make(&ann, &board, &columns.map(|column| ("x", column))).await;
        let of_todo = ids.into_iter().zip(columns).filter(|(_, column)| *column == "TODO");
        todo.extend(of_todo.map(|(id, _)| id));
    }
    let query = "query($id: ID!) { board(id: $id) { columns { id } } }";
    let data = ann.ask(query, json!({ "id": board })).await.ok();
    let column = text(&data["board"]["columns"][1]["id"]);
    List::column(&ann, &column).assert_is(&todo).await;
}

async fn titles_sort_by_lower_case_code_points(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let made = [
        "Zebra", "apple", "äpfel", "Äpfel", "APPLE", "zebra", "9", "10", "😀", "～", "Straße",
        "strasse",
    ];
    make(&ann, &board, &made.map(|title| (title, "TODO"))).await;
    let query = "query($id: ID!, $asc: CardOrder, $desc: CardOrder) { board(id: $id) {
        up: cards(orderBy: $asc) { nodes { title } } down: cards(orderBy: $desc) { nodes { title } } } }";
    let variables =
        json!({ "id": board, "asc": order("TITLE", "ASC"), "desc": order("TITLE", "DESC") });
    let lists = ann.ask(query, variables).await.ok();
    let mut expected = [
        "10", "9", "apple", "APPLE", "strasse", "Straße", "Zebra", "zebra", "äpfel", "Äpfel", "～",
        "😀",
    ];
    assert_eq!(column(&lists["board"]["up"]["nodes"], "title"), expected);
    expected.reverse();
    assert_eq!(column(&lists["board"]["down"]["nodes"], "title"), expected);
}

async fn the_default_page_has_fifty_rows(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let (board, members) = crowd(&ann, 50).await;
    let cards = ann.cards(&board, 51).await;
    for _ in 0..50 {
        ann.board("Another").await;
    }
    let null = Value::Null;
    let page = List::cards(&ann, &board, &null).page(json!({})).await;
    assert_eq!(
        (page.ids, page.next, page.previous, page.total),
        (cards[..50].to_vec(), true, false, 51)
    );
    let page = List::members(&ann, &board).page(json!({})).await;
    assert_eq!(
        (page.ids, page.next, page.previous, page.total),
        (members[..50].to_vec(), true, false, 51)
    );
    let page = List::boards(&ann, &null).page(json!({})).await;
    assert_eq!((page.ids.len(), page.next, page.previous, page.total), (50, true, false, 51));
    let rest = List::boards(&ann, &null).page(json!({ "after": page.cursors[49] })).await;
    assert_eq!((rest.ids, rest.next), (vec![board], false));
}

async fn pages_have_a_greatest_size(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 1001).await;
    let data = ann.get("{ boards { nodes { columns { id } } } }").await;
    let column = text(&data["boards"]["nodes"][0]["columns"][0]["id"]);
    for (list, max, rows) in [
        (List::boards(&ann, &Value::Null), 200, 1),
        (List::members(&ann, &board), 200, 1),
        (List::cards(&ann, &board, &Value::Null), 1000, 1000),
        (List::column(&ann, &column), 1000, 1000),
    ] {
        for size in ["first", "last"] {
            let page = list.page(json!({ size: max })).await;
            assert_eq!(page.ids.len(), rows);
            let more = (page.next, page.previous);
            assert_eq!(more, (rows > 1 && size == "first", rows > 1 && size == "last"));
            for wrong in [-1, max + 1, i32::MAX, i32::MIN] {
                list.assert_refuses(json!({ size: wrong }), size).await;
            }
        }
        let (code, field) = list.ask(&json!({ "first": 1, "last": 1 })).await.error();
        assert_eq!(code, "BAD_USER_INPUT");
        assert!(field == json!(["first"]) || field == json!(["last"]), "{field}");
    }
}

async fn after_and_before_together_bound_a_page(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let ids = ann.cards(&board, 20).await;
    for (direction, ids) in [("ASC", ids.clone()), ("DESC", ids.into_iter().rev().collect())] {
        let list = List::cards(&ann, &board, &order("CREATED_AT", direction));
        let cursors = list.page(json!({})).await.cursors;
        let between = async |size: &str, count: u32, after: usize, before: usize| {
            let arguments =
                json!({ size: count, "after": cursors[after], "before": cursors[before] });
            list.page(arguments).await
        };
        let page = between("first", 3, 4, 15).await;
        assert_eq!((&page.ids[..], page.next), (&ids[5..8], true));
        let page = between("last", 3, 4, 15).await;
        assert_eq!((&page.ids[..], page.previous), (&ids[12..15], true));
        assert_eq!(between("first", 10, 4, 15).await.ids, ids[5..15]);
        assert_eq!(between("last", 99, 4, 15).await.ids, ids[5..15]);
        for (after, before) in [(4, 5), (4, 4), (15, 4)] {
            assert!(between("first", 9, after, before).await.ids.is_empty());
            assert!(between("last", 9, after, before).await.ids.is_empty());
        }
        let page = list.page(json!({ "after": cursors[4], "before": cursors[15] })).await;
        assert_eq!((&page.ids[..], page.total), (&ids[5..15], 20));
        let page = list.page(json!({ "first": 5, "after": cursors[19] })).await;
        assert_eq!((page.ids.len(), page.next, page.previous), (0, false, true));
        let page = list.page(json!({ "last": 5, "before": cursors[0] })).await;
        assert_eq!((page.ids.len(), page.next, page.previous), (0, true, false));
    }
}

async fn an_empty_list_has_an_empty_page(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    for list in [List::boards(&bob, &Value::Null), List::cards(&ann, &board, &Value::Null)] {
        for arguments in [json!({}), json!({ "first": 1 }), json!({ "last": 1 })] {
            let page = list.page(arguments).await;
            assert_eq!(
                (page.ids.len(), page.next, page.previous, page.total),
                (0, false, false, 0)
            );
        }
    }
}

async fn null_is_the_same_as_leaving_out(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 3).await;
    let nulls = "first: null, after: null, last: null, before: null";
    let query = format!("query($id: ID!) {{
        left: boards {{ nodes {{ id cards {{ nodes {{ id }} }} members {{ nodes {{ id }} }} columns {{ cards {{ nodes {{ id }} }} }} }} }}
        null: boards({nulls}, orderBy: null) {{ nodes {{ id cards({nulls}, filter: null, orderBy: null) {{ nodes {{ id }} }}
            members({nulls}) {{ nodes {{ id }} }} columns {{ cards({nulls}, filter: null) {{ nodes {{ id }} }} }} }} }}
        board(id: $id) {{ one: cards(first: 1, last: null) {{ nodes {{ title }} }} two: cards(first: null, last: 2) {{ nodes {{ title }} }}
            three: cards(filter: {{ columns: null, labels: null, text: null }}) {{ totalCount }} }} }}");
    let data = ann.ask(&query, json!({ "id": board })).await.ok();
    assert_eq!(data["left"], data["null"]);
    assert_eq!(column(&data["board"]["one"]["nodes"], "title"), ["card 0"]);
    assert_eq!(column(&data["board"]["two"]["nodes"], "title"), ["card 1", "card 2"]);
    assert_eq!(data["board"]["three"]["totalCount"], 3);
    let nulls =
        json!({ "first": null, "after": null, "last": null, "before": null, "filter": null });
    let list = List::cards(&ann, &board, &Value::Null);
    assert_eq!(list.page(nulls).await.ids, list.page(json!({})).await.ids);
}

async fn a_cursor_outlives_its_row(server: Arc<Server>) {
    let ann = server.user("ann").await;
    for (size, place, direction) in [
        ("first", "after", "ASC"),
        ("first", "after", "DESC"),
        ("last", "before", "ASC"),
        ("last", "before", "DESC"),
    ] {
        let board = ann.board("Plans").await;
        let titles: Vec<_> = (0..20).map(|number| format!("c{number:02}")).collect();
        let cards: Vec<_> = titles.iter().map(|title| (title as &str, "TODO")).collect();
        let ids = make(&ann, &board, &cards).await;
        let list = List::cards(&ann, &board, &order("TITLE", direction));
        let page = list.page(json!({ size: 5 })).await;
        // Whether the walk starts at c00 and ascends.
        let up = (size == "first") == (direction == "ASC");
        let (outer, inner, new, rows) =
            if up { (0, 4, "c00x", 5..20) } else { (19, 15, "c18x", 0..15) };
        let cursor = match size {
            "first" => &page.cursors[4],
            _ => &page.cursors[0],
        };
        assert!(page.ids.contains(&ids[outer]) && page.ids.contains(&ids[inner]));

        // The row of the cursor is deleted, and so are a row before it and a row after it. New rows are
        // added on both sides of the cursor.
        for card in [inner, outer, 9] {
            let input = json!({ "cardId": ids[card] });
            ann.done("deleteCard", input, "deletedCardId").await;
        }
        let new = [(new, "TODO"), ("c09x", "DONE"), ("C10", "TODO")];
        let new = make(&ann, &board, &new).await;
        let rest = list.page(json!({ size: 50, place: cursor })).await;
        let mut expected = ids[rows.start..9].to_vec();
        expected.extend([new[1].clone(), ids[10].clone(), new[2].clone()]);
        expected.extend_from_slice(&ids[11..rows.end]);
        if direction == "DESC" {
            expected.reverse();
        }
        assert_eq!(rest.ids, expected, "{size} {direction}");
    }
}

async fn pages_of_boards_and_members_outlive_changes(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(ann.board("Plans").await);
    }
    let list = List::boards(&ann, &Value::Null);
    let page = list.page(json!({ "first": 2 })).await;
    assert_eq!(page.ids, [ids[5].clone(), ids[4].clone()]);
    for board in [&ids[4], &ids[2]] {
        ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    }
    ann.board("New").await;
    let rest = list.page(json!({ "first": 9, "after": page.cursors[1] })).await;
    assert_eq!(rest.ids, [ids[3].clone(), ids[1].clone(), ids[0].clone()]);

    let (board, members) = crowd(&ann, 5).await;
    let list = List::members(&ann, &board);
    let page = list.page(json!({ "first": 3 })).await;
    assert_eq!(page.ids, members[..3]);
    for member in [&members[2], &members[4]] {
        let input = json!({ "boardId": board, "userId": member });
        ann.done("unshareBoard", input, "removedUserId").await;
    }
    // A member who is added again comes last.
    let input = json!({ "boardId": board, "userId": members[2] });
    ann.done("shareBoard", input, "board { id }").await;
    let rest = list.page(json!({ "first": 9, "after": page.cursors[2] })).await;
    assert_eq!(rest.ids, [members[3].clone(), members[5].clone(), members[2].clone()]);
}

async fn only_cursors_of_this_list_in_this_order_are_taken(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 2).await;
    let cards = |field, direction| List::cards(&ann, &board, &order(field, direction));
    let boards = |field, direction| List::boards(&ann, &order(field, direction));
    let lists = [
        cards("RANK", "ASC"),
        cards("RANK", "DESC"),
        cards("CREATED_AT", "ASC"),
        cards("UPDATED_AT", "ASC"),
        cards("TITLE", "ASC"),
        boards("CREATED_AT", "ASC"),
        boards("CREATED_AT", "DESC"),
        boards("TITLE", "ASC"),
        List::members(&ann, &board),
    ];
    let mut cursors = Vec::new();
    for list in &lists {
        cursors.push(list.page(json!({})).await.cursors.remove(0));
    }
    for (number, list) in lists.iter().enumerate() {
        list.page(json!({ "after": cursors[number] })).await;
        for cursor in cursors.iter().filter(|cursor| **cursor != cursors[number]) {
            list.assert_refuses(json!({ "after": cursor }), "after").await;
            let before = json!({ "last": 1, "before": cursor });
            list.assert_refuses(before, "before").await;
        }
    }

    let rank = fields_of(&cursors[0]);
    let mut version = rank.clone();
    version[0] = json!(rank[0].as_u64().unwrap() + 1);
    let text = "|x|äöü|\0|bm9uc2Vuc2U|W10|bnVsbA==|null|e30|WyI=";
    let mut garbage: Vec<_> = text.split('|').map(ToOwned::to_owned).collect();
    garbage.extend([cursor_of(&version), cursor_of(&rank[1..]), cursors[0].clone() + "="]);
    garbage.extend([cursors[0].to_lowercase(), "A".repeat(9999)]);
    for cursor in garbage {
        for list in [&lists[0], &lists[6], &lists[8]] {
            list.assert_refuses(json!({ "after": cursor }), "after").await;
        }
        let before = json!({ "last": 1, "before": cursor });
        lists[0].assert_refuses(before, "before").await;
    }
}

/// The decoded content of a cursor.
fn fields_of(cursor: &str) -> Vec<Value> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The cursor with this content.
fn cursor_of(fields: &[Value]) -> String {
    BASE64URL_NOPAD.encode(json!(fields).to_string().as_bytes())
}

async fn forged_cursors_do_no_harm(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 2).await;
    let values = r#"9223372036854775807 -9223372036854775808 18446744073709551615 1e300 null [1] {}
        -6000000000000000000 8200000000000000000 "a\u0000b" "\udbff\udfff" "" true"#;
    for field in ["RANK", "CREATED_AT", "TITLE"] {
        let list = List::cards(&ann, &board, &order(field, "ASC"));
        let fields = fields_of(&list.page(json!({})).await.cursors[0]);
        // The sort values and the key.
        let values = values.split_whitespace().map(|value| serde_json::from_str(value).unwrap());
        let forgeries = values.flat_map(|value: Value| {
            [(3, value.clone()), (3, json!([value])), (3, json!([1, value])), (4, value)]
        });
        for (place, value) in forgeries {
            let mut forged = fields.clone();
            forged[place] = value.clone();
            let answer = list.ask(&json!({ "after": cursor_of(&forged) })).await;
            if answer.body.get("errors").is_some() {
                let refusal = ("BAD_USER_INPUT".to_owned(), json!(["after"]));
                assert_eq!(answer.error(), refusal, "{field} {place} {value}");
            }
        }
    }
    // Cursors become part of cache keys, so their length is limited.
    let list = List::cards(&ann, &board, &order("TITLE", "ASC"));
    let mut forged = fields_of(&list.page(json!({})).await.cursors[0]);
    forged[3] = json!(["a".repeat(100_000)]);
    let answer = list.ask(&json!({ "after": cursor_of(&forged) })).await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".to_owned(), json!(["after"])));
    // The longest possible cursor.
    make(&ann, &board, &[("\u{130}".repeat(500).as_str(), "TODO"), ("z", "TODO")]).await;
    let cursors = list.page(json!({})).await.cursors;
    let behind = list.page(json!({ "after": cursors[cursors.len() - 2] })).await;
    assert_eq!(behind.cursors.len(), 1);
}

async fn each_parent_has_its_own_page(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let columns = ["TODO", "BACKLOG", "DONE", "TODO", "DONE"];
    let mut ids = Vec::new();
    for (title, count) in [("A", 0), ("B", 1), ("C", 5)] {
        let board = ann.board(title).await;
        if count > 0 {
            ids = make(&ann, &board, &columns.map(|column| ("x", column))[..count]).await;
        }
        if count != 1 {
            ann.share(&board, &bob).await;
        }
    }
    let pages = "{ nodes { id } pageInfo { hasNextPage hasPreviousPage } totalCount }";
    let query = format!("{{ boards(orderBy: {{ field: TITLE, direction: ASC }}) {{ nodes {{
        top: cards(first: 2, orderBy: {{ field: CREATED_AT, direction: ASC }}) {pages} end: cards(last: 2) {pages}
        members(first: 1) {pages} columns {{ cards(first: 1) {{ nodes {{ id }} edges {{ cursor }} }} }} }} }} }}");
    let boards = ann.get(&query).await["boards"]["nodes"].take();
    let facts = |list: &Value| {
        let info = &list["pageInfo"];
        (
            column(&list["nodes"], "id").len(),
            info["hasNextPage"] == true,
            info["hasPreviousPage"] == true,
            list["totalCount"].as_u64().unwrap(),
        )
    };
    for (board, expected) in [
        (0, [(0, false, false, 0), (0, false, false, 0), (1, true, false, 2)]),
        (1, [(1, false, false, 1), (1, false, false, 1), (1, false, false, 1)]),
        (2, [(2, true, false, 5), (2, false, true, 5), (1, true, false, 2)]),
    ] {
        let lists = ["top", "end", "members"].map(|list| facts(&boards[board][list]));
        assert_eq!(lists, expected);
    }
    let board = &boards[2];
    assert_eq!(column(&board["top"]["nodes"], "id"), ids[..2]);
    assert_eq!(column(&board["end"]["nodes"], "id"), [ids[2].clone(), ids[4].clone()]);

    // The cursor of the first card of TODO. BACKLOG comes before it, DOING and DONE come after it.
    let cursor = &board["columns"][1]["cards"]["edges"][0]["cursor"];
    let query = "query($c: String!) { boards(first: 1, orderBy: { field: TITLE, direction: DESC }) { nodes { columns {
        next: cards(first: 1, after: $c) { nodes { id } } back: cards(last: 1, before: $c) { nodes { id } } } } } }";
    let data = ann.ask(query, json!({ "c": cursor })).await.ok();
    let columns = data["boards"]["nodes"][0]["columns"].as_array().unwrap().clone();
    let of = |list: &str| {
        columns.iter().map(|one| column(&one[list]["nodes"], "id")).collect::<Vec<_>>()
    };
    let one = |number: usize| vec![ids[number].clone()];
    assert_eq!(of("next"), [vec![], one(3), vec![], one(2)]);
    assert_eq!(of("back"), [one(1), vec![], vec![], vec![]]);
}

/// Checks `pageInfo` of a list of four rows while its first and last row are removed, and then the
/// second. `mutation` removes a row, with the row's ID in `field` of `input`.
async fn assert_flags(list: &List<'_>, by: &User, (mutation, field, input): (&str, &str, Value)) {
    let all = list.page(json!({})).await;
    let [first, second, third, last] = &all.cursors[..] else { panic!("{mutation}: not four") };
    let flags = async |arguments: Value, count: usize, previous: bool, next: bool| {
        let page = list.page(arguments.clone()).await;
        let found = (page.ids.len(), page.previous, page.next);
        assert_eq!(found, (count, previous, next), "{mutation} {arguments}");
    };
    let remove = async |id: &String| {
        let mut input = input.clone();
        input[field] = json!(id);
        by.done(mutation, input, "__typename").await;
    };
    flags(json!({ "first": 0 }), 0, false, true).await;
    flags(json!({ "last": 0 }), 0, true, false).await;
    flags(json!({ "first": 0, "after": last }), 0, true, false).await;
    flags(json!({ "first": 0, "after": third }), 0, true, true).await;
    flags(json!({ "last": 0, "before": first }), 0, false, true).await;
    flags(json!({ "last": 0, "before": second }), 0, true, true).await;
    flags(json!({ "first": 0, "before": first }), 0, false, true).await;
    flags(json!({ "first": 9, "after": first, "before": last }), 2, true, true).await;
    flags(json!({ "last": 9, "after": first, "before": last }), 2, true, true).await;
    flags(json!({ "first": 1, "after": first, "before": last }), 1, true, true).await;
    remove(&all.ids[0]).await;
    remove(&all.ids[3]).await;
    // The cursors are still valid positions in the list, but there are no rows beyond them.
    flags(json!({ "first": 9, "after": first, "before": last }), 2, false, false).await;
    flags(json!({ "last": 9, "after": first, "before": last }), 2, false, false).await;
    flags(json!({ "first": 1, "after": first, "before": last }), 1, false, true).await;
    flags(json!({ "last": 1, "after": first, "before": last }), 1, true, false).await;
    flags(json!({ "first": 9, "after": last }), 0, true, false).await;
    flags(json!({ "first": 0, "after": second }), 0, true, true).await;
    flags(json!({ "last": 0, "before": second }), 0, false, true).await;
    flags(json!({ "first": 9, "before": second }), 0, false, true).await;
    flags(json!({ "last": 9, "after": third }), 0, true, false).await;
    remove(&all.ids[1]).await;
    flags(json!({ "first": 1, "after": second }), 1, false, false).await;
    flags(json!({ "last": 1, "before": last }), 1, false, false).await;
}

async fn every_list_says_what_is_really_there(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let board = ann.board("Plans").await;
    let null = Value::Null;
    let delete = || ("deleteCard", "cardId", json!({}));
    for order in [null.clone(), order("TITLE", "DESC"), order("UPDATED_AT", "ASC")] {
        let board = ann.board("Plans").await;
        make(&ann, &board, &[("a", "TODO"), ("b", "DONE"), ("a", "TODO"), ("c", "DOING")]).await;
        assert_flags(&List::cards(&ann, &board, &order), &ann, delete()).await;
    }
    make(&ann, &board, &[("x", "TODO"), ("x", "DONE"), ("x", "BACKLOG")]).await;
    make(&ann, &board, &[("x", "DOING"); 4]).await;
    let data = ann.get(&format!("{{ board(id: {board:?}) {{ columns {{ id }} }} }}")).await;
    let doing = text(&data["board"]["columns"][2]["id"]);
    assert_flags(&List::column(&ann, &doing), &ann, delete()).await;

    let card = ann.card(&board, "x").await;
    for _ in 0..4 {
        ann.comment(&card, "hm").await;
    }
    let comments = List::comments(&ann, &card);
    assert_flags(&comments, &ann, ("deleteComment", "commentId", json!({}))).await;

    // With this card there are four in the trash: `assert_flags` has deleted three above.
    ann.delete_card(&card).await;
    let trash = List::deleted_cards(&ann, &board);
    assert_flags(&trash, &ann, ("restoreCard", "cardId", json!({}))).await;

    ann.share_as(&board, &bob, "ADMIN").await;
    for name in ["carl", "dora"] {
        let input = json!({ "boardId": board, "userId": stranger(&server, name).await });
        ann.done("shareBoard", input, "board { id }").await;
    }
    let members = List::members(&bob, &board);
    let remove = ("unshareBoard", "userId", json!({ "boardId": board }));
    let row = members.page(json!({})).await;
    assert_eq!(row.ids[..2], [ann.id.clone(), bob.id.clone()]);
    // Bob remains a member until the end.
    let all = [&row.cursors[0], &row.cursors[1], &row.cursors[2], &row.cursors[3]];
    for (gone, previous, next) in
        [(None, true, true), (Some(0), false, true), (Some(3), false, false)]
    {
        if let Some(gone) = gone {
            let mut input = remove.2.clone();
            input[remove.1] = json!(row.ids[gone]);
            bob.done(remove.0, input, "__typename").await;
        }
        for size in ["first", "last"] {
            let page = members.page(json!({ size: 9, "after": all[0], "before": all[3] })).await;
            assert_eq!((page.ids.len(), page.previous, page.next), (2, previous, next));
        }
    }

    let eve = server.user("eve").await;
    for _ in 0..4 {
        eve.board("Plans").await;
    }
    let to_trash = ("deleteBoard", "boardId", json!({}));
    assert_flags(&List::boards(&eve, &null), &eve, to_trash).await;
    let last = eve.get("{ boards { nodes { id } } }").await["boards"]["nodes"][0]["id"].take();
    eve.done("deleteBoard", json!({ "boardId": last }), "__typename").await;
    let back = ("restoreBoard", "boardId", json!({}));
    assert_flags(&List::deleted_boards(&eve), &eve, back).await;

    let eve = server.user_from("eve").await;
    server.user_from("eve").await;
    server.user_from("eve").await;
    // The second of the four sessions belongs to the current user and stays.
    let revoke = ("revokeSession", "sessionId", json!({}));
    assert_flags(&List::sessions(&eve), &eve, revoke).await;

    // Rows of histories are never removed.
    for list in [List::activity(&bob, &board, Some(3)), List::card_activity(&bob, &card)] {
        let rows = list.page(json!({})).await;
        let [first, .., last] = &rows.cursors[..] else { panic!("too few events") };
        let page = list.page(json!({ "first": 0 })).await;
        assert_eq!((page.ids.len(), page.previous, page.next), (0, false, true));
        for size in ["first", "last"] {
            let page = list.page(json!({ size: 0, "after": last })).await;
            assert_eq!((page.previous, page.next), (true, false));
            let page = list.page(json!({ size: 0, "before": first })).await;
            assert_eq!((page.previous, page.next), (false, true));
        }
    }
}
