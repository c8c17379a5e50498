//! Invalid input gets an error with a code and a field, and nothing is stored.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Answer, Server, User, scenarios, text};

scenarios![
    texts_have_limits_in_characters,
    a_new_account_has_rules,
    a_changed_account_has_rules,
    an_invalid_id_gives_null_in_a_query,
    an_invalid_id_is_bad_input_to_a_mutation,
    an_unknown_id_is_not_found_by_a_mutation,
    a_batch_is_made_whole_or_not_at_all,
    unknown_values_of_enums_are_refused,
    numbers_out_of_range_are_refused,
    variables_of_wrong_types_are_refused,
    control_characters_in_questions_do_no_harm,
    lone_surrogates_are_rejected,
    many_nodes_have_a_limit,
];

/// Ann with a board, a card, a label and one unused label colour.
struct Scene {
    ann: User,
    board: String,
    card: String,
    label: String,
    before: Value,
}

impl Scene {
    async fn new(server: &Arc<Server>) -> Self {
        let ann = server.user("ann").await;
        let board = ann.board("Plans").await;
        let card = ann.card(&board, "x").await;
        let query = "query($id: ID!) { board(id: $id) { labels { id } } }";
        let data = ann.ask(query, json!({ "id": board })).await.ok();
        let labels = &data["board"]["labels"];
        let gray = json!({ "labelId": labels[6]["id"] });
        ann.done("deleteLabel", gray, "deletedLabelId").await;
        let label = text(&labels[0]["id"]);
        let before = Value::Null;
        let mut scene = Self { ann, board, card, label, before };
        scene.before = scene.world().await;
        scene
    }

    /// Everything that Ann can see.
    async fn world(&self) -> Value {
        let query = "{ viewer { email updatedAt } boards { totalCount nodes {
            id title description updatedAt labels { id color name updatedAt } members { nodes { id } }
            cards { totalCount nodes { id title description column updatedAt labels { color } } } } } }";
        self.ann.get(query).await
    }

    /// Asserts that nothing has been stored since the scene was created.
    async fn assert_untouched(&self, shown: &str) {
        assert_eq!(self.world().await, self.before, "{shown}");
    }

    /// Asserts that a mutation is refused with BAD_USER_INPUT for this field of its input.
    async fn refuses(&self, mutation: &str, input: Value, field: Value) {
        let answer = self.ann.call(mutation, input.clone(), "__typename").await;
        let shown: String = format!("{mutation} {input}").chars().take(300).collect();
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), field), "{shown}");
        assert_eq!(answer.body["data"], json!({ mutation: null }), "{shown}");
    }

    /// Asserts that a request is refused because of its syntax or types.
    async fn refuses_request(&self, query: &str, variables: Value) {
        let shown = format!("{query} {variables}");
        let answer = self.ann.ask(query, variables).await;
        let (code, field) = answer.error();
        let codes = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"];
        let shown_code = format!("{shown}: {}", answer.body);
        assert!(codes.contains(&code.as_str()) && answer.status < 500, "{shown_code}");
        assert!(code != "BAD_USER_INPUT" || field.is_array(), "no field extension: {shown_code}");
    }

    /// Every text of every mutation: an input without the text, the path of the text, and its rules.
    #[rustfmt::skip]
    fn texts(&self) -> Vec<(&'static str, Value, &'static str, Kind)> {
        let (board, card) = (json!({ "boardId": self.board }), json!({ "cardId": self.card }));
        let one = json!({ "boardId": self.board, "card": { "title": "t" } });
        let cards = json!({ "boardId": self.board, "cards": [{ "title": "t" }, { "title": "t" }] });
        let gray = json!({ "boardId": self.board, "color": "GRAY" });
        let names = json!({ "boardId": self.board, "labels": [{ "color": "BLUE", "name": "" }] });
        vec![
            ("createBoard", json!({}), "/title", TITLE),
            ("createBoard", json!({ "title": "t" }), "/description", DESCRIPTION),
            ("updateBoard", board.clone(), "/title", TITLE),
            ("updateBoard", board, "/description", DESCRIPTION),
            ("updateBoard", names, "/labels/0/name", NAME),
            ("createCard", one.clone(), "/card/title", TITLE),
            ("createCard", one, "/card/description", DESCRIPTION),
            ("createCards", cards.clone(), "/cards/1/title", TITLE),
            ("createCards", cards, "/cards/1/description", DESCRIPTION),
            ("updateCard", card.clone(), "/title", TITLE),
            ("updateCard", card, "/description", DESCRIPTION),
            ("createLabel", gray, "/name", NAME),
            ("updateLabel", json!({ "labelId": self.label }), "/name", NAME),
        ]
    }

    /// Every ID of every mutation: an input with the ID, and the ID's field. Only the first entry of
    /// each type of ID is tested with all bad IDs.
    #[rustfmt::skip]
    fn ids(&self) -> Vec<(&'static str, Value, &'static str)> {
        let Self { ann, board, card, label, .. } = self;
        let both = json!({ "boardId": board, "userId": ann.id });
        let labels = json!({ "cardId": card, "labels": ["RED"] });
        vec![
            ("deleteBoard", json!({ "boardId": board }), "boardId"),
            ("deleteCard", json!({ "cardId": card }), "cardId"),
            ("deleteLabel", json!({ "labelId": label }), "labelId"),
            ("shareBoard", both.clone(), "userId"),
            ("shareBoard", both.clone(), "boardId"),
            ("unshareBoard", both.clone(), "boardId"),
            ("unshareBoard", both, "userId"),
            ("updateBoard", json!({ "boardId": board, "title": "t" }), "boardId"),
            ("createCard", json!({ "boardId": board, "card": { "title": "t" } }), "boardId"),
            ("createCards", json!({ "boardId": board, "cards": [{ "title": "t" }] }), "boardId"),
            ("updateCard", json!({ "cardId": card, "title": "t" }), "cardId"),
            ("addLabelsToCard", labels.clone(), "cardId"),
            ("removeLabelsFromCard", labels, "cardId"),
            ("createLabel", json!({ "boardId": board, "color": "GRAY" }), "boardId"),
            ("updateLabel", json!({ "labelId": label, "name": "t" }), "labelId"),
        ]
    }

    fn column(&self) -> String {
        self.board.replace("board", "column") + "_TODO"
    }
}

/// The rules of a text: minimum length, maximum length, and whether it may have several lines.
#[derive(Clone, Copy)]
struct Kind(usize, usize, bool);
const TITLE: Kind = Kind(1, 500, false);
const DESCRIPTION: Kind = Kind(0, 20_000, true);
const NAME: Kind = Kind(0, 100, false);

/// An input with a value at `place`, and the path of this field.
fn with(input: &Value, place: &str, value: Value) -> (Value, Value) {
    let mut input = input.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    input.pointer_mut(parent).unwrap()[name] = value;
    let steps = place.split('/').skip(1);
    let steps = steps.map(|step| step.parse::<usize>().map_or(json!(step), |number| json!(number)));
    (input, std::iter::once(json!("input")).chain(steps).collect())
}

async fn texts_have_limits_in_characters(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    for (mutation, input, place, Kind(least, most, lines)) in scene.texts() {
        let mut bad = vec!["é".repeat(most + 1)];
        bad.extend(["\0", "a\0b", "a\u{1b}[1mb", "a\u{7f}b", "a\u{85}b"].map(Into::into));
        if least > 0 {
            bad.extend(
                ["", " \t\u{a0}\n", "\u{200b}", "\u{feff} \u{2066}\u{2069}"].map(Into::into),
            );
        }
        if !lines {
            bad.extend(["a\nb", "a\tb", "a\u{2028}b", "a\u{2029}b"].map(Into::into));
            bad.extend(["a\u{202d}b", "\u{202e}ab"].map(Into::into));
        }
        for text in bad {
            let (input, field) = with(&input, place, json!(text));
            scene.refuses(mutation, input, field).await;
        }
        scene.assert_untouched(place).await;
    }
    for (mutation, input, place, Kind(_, most, _)) in scene.texts() {
        // Four bytes for each character. Surrounding white space does not count.
        let text = "👍".repeat(most);
        let (input, _) = with(&input, place, json!(format!("{text}  ")));
        scene.ann.done(mutation, input, "__typename").await;
        let world = scene.world().await.to_string();
        assert!(world.contains(&format!("\"{text}\"")), "{mutation} {place}");
    }
}

/// An email address of `length` characters.
fn address_of(length: usize) -> String {
    let host = ["a".repeat(63), "b".repeat(63), "c".repeat(length - 193)].join(".");
    format!("{}@{host}", "x".repeat(64))
}

/// Invalid email addresses and passwords, with the field that the error must name.
fn bad_accounts() -> Vec<(String, String, &'static str)> {
    let addresses = "|bob|bob@|@example.com|bob@@example.com|bob bob@example.com|bob@exa mple.com|\
        Bob <bob@example.com>|bob@example.com, ann@example.com|bob\0@example.com|\
        bob@example.com\0|bob\r\n@example.com|bob\u{1}@example.com|bob@exam\u{7f}ple.com|\
        bo\u{200b}b@example.com|bob@exam\u{ad}ple.com|bob\u{202e}@example.com|bob@example.com\u{2028}x|\
        \u{301}bob@example.com|b\u{43e}b@example.com|bob.\u{431}@example.com|bob@ex\u{430}mple.com|\
        ｂｏｂ@example.com";
    let addresses = addresses.split('|').map(ToOwned::to_owned);
    let addresses = addresses.chain([address_of(255)]);
    let passwords = ["", "1234567", &"é".repeat(7), &" ".repeat(7), &"x".repeat(129)];
    let passwords = passwords.map(|bad| ("bob@example.com".into(), bad.to_owned(), "password"));
    let addresses = addresses.map(|bad| (bad, "password".into(), "email"));
    addresses.chain(passwords).collect()
}

/// Email addresses and passwords exactly at the limits.
fn good_accounts() -> [(String, String); 4] {
    [
        (address_of(254), "12345678".into()),
        ("one@example.com".into(), "🔑".repeat(8)),
        ("two@example.com".into(), "é".repeat(128)),
        ("three@example.com".into(), " \0\n\u{7f}pass ".into()),
    ]
}

const LOG_IN: &str = "mutation($i: LogInInput!) { logIn(input: $i) { user { email } } }";

async fn a_new_account_has_rules(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let sign_up = "mutation($i: SignUpInput!) { signUp(input: $i) { user { email } } }";
    for (email, password, field) in bad_accounts() {
        let account = json!({ "i": { "email": email, "password": password } });
        let answer = server.ask(sign_up, account.clone()).await;
        assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", field])), "{account}");
        assert!(!answer.body.to_string().contains("1234567"), "the response contains the password");
        assert_eq!(
            server.ask(LOG_IN, account.clone()).await.code(),
            "INVALID_CREDENTIALS",
            "{account}"
        );
        let query = "query($e: String!) { userByEmail(email: $e) { id } }";
        assert_eq!(ann.ask(query, json!({ "e": email })).await.ok()["userByEmail"], Value::Null);
    }
    for (email, password) in good_accounts() {
        let account = json!({ "i": { "email": email, "password": password } });
        server.ask(sign_up, account.clone()).await.ok();
        assert_eq!(server.ask(LOG_IN, account).await.ok()["logIn"]["user"]["email"], json!(email));
        // The password is not truncated before it is compared.
        let account = json!({ "i": { "email": email, "password": format!("{password} ") } });
        assert_eq!(server.ask(LOG_IN, account).await.code(), "INVALID_CREDENTIALS");
    }
}

async fn a_changed_account_has_rules(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    for (email, password, field) in bad_accounts() {
        let input = json!({ "email": email, "password": password, "currentPassword": "password" });
        scene.refuses("updateViewer", input, json!(["input", field])).await;
    }
    scene.assert_untouched("updateViewer").await;
    let (mut ann, mut current) = (scene.ann.clone(), "password".to_owned());
    for (email, password) in good_accounts() {
        let input = json!({ "email": email, "password": password, "currentPassword": current });
        ann.change_account(input).await;
        let account = json!({ "i": { "email": email, "password": password } });
        server.ask(LOG_IN, account).await.ok();
        current = password;
    }
}

/// IDs that match nothing in any database. `like` is an ID of the expected type.
fn bad_ids(like: &str) -> Vec<String> {
    let (kind, key) = like.split_once('_').unwrap();
    let any = "| |_|7|null|nonsense|\0|column_1|column_1_NOPE|column_1_todo|comment_1|user_1";
    let keys = "|0|-1|x|1.0|1e3|0x1|１|1 OR 1=1|9223372036854775808|99999999999999999999|\
        -9223372036854775808";
    let (long, upper) = ("9".repeat(9999), like.to_uppercase());
    let any = any.split('|').map(ToOwned::to_owned);
    let keys = keys.split('|').map(|key| format!("{kind}_{key}"));
    let before = ["+", "-", "0", " ", "_", "\0", &long].map(|more| format!("{kind}_{more}{key}"));
    let after = [" ", "\n", "\0", "_", ".0", &long].map(|more| format!("{like}{more}"));
    let whole = [format!(" {like}"), format!("{kind}{key}"), format!("{kind} {key}"), upper];
    any.chain(keys).chain(before).chain(after).chain(whole).collect()
}

async fn an_invalid_id_gives_null_in_a_query(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let (ann, column) = (&scene.ann, scene.column());
    let all = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let one = "query($id: ID!) { node(id: $id) { id } board(id: $id) { id } card(id: $id) { id } }";
    let nothing = json!({ "node": null, "board": null, "card": null });
    for like in [&scene.board, &scene.card, &scene.label, &ann.id, &column] {
        let mut ids = bad_ids(like);
        let (kind, _) = like.split_once('_').unwrap();
        let unknown = ["9223372036854775807", "9223372036854775807_DONE", "ff"];
        ids.extend(unknown.map(|key| format!("{kind}_{key}")));
        ids.push(format!("user_{}", "f".repeat(32)));
        let data = ann.ask(all, json!({ "ids": ids })).await.ok();
        assert_eq!(data["nodes"], json!(vec![(); ids.len()]), "{ids:?}");
        for id in ids.iter().filter(|_| ["board", "card"].contains(&kind)) {
            let data = ann.ask(one, json!({ "id": id })).await.ok();
            assert_eq!(data, nothing, "{id:?}");
        }
    }
    assert_eq!(ann.ask(one, json!({ "id": 7 })).await.ok(), nothing);

    // An ID of another type is found as a node, but neither as a board nor as a card.
    for id in [&scene.label, &ann.id, &column] {
        let data = ann.ask(one, json!({ "id": id })).await.ok();
        let node = json!({ "node": { "id": id }, "board": null, "card": null });
        assert_eq!(data, node);
    }
    let swapped = "query($b: ID!, $c: ID!) { board(id: $c) { id } card(id: $b) { id } }";
    let variables = json!({ "b": scene.board, "c": scene.card });
    let data = ann.ask(swapped, variables).await.ok();
    assert_eq!(data, json!({ "board": null, "card": null }));
}

async fn an_invalid_id_is_bad_input_to_a_mutation(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let all = [&scene.board, &scene.card, &scene.label, &scene.ann.id, &scene.column()];
    for (number, (mutation, input, field)) in scene.ids().into_iter().enumerate() {
        let right = text(&input[field]);
        let mut ids = bad_ids(&right);
        if number >= 4 {
            ids.retain(|id| ["", "nonsense", "\0"].contains(&id.as_str()) || id.ends_with("99"));
        }
        ids.extend(all.into_iter().filter(|id| **id != right).cloned());
        for id in ids.into_iter().map(Value::String).chain([json!(7)]) {
            let (input, path) = with(&input, &format!("/{field}"), id.clone());
            let answer = scene.ann.call(mutation, input, "__typename").await;
            assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), path), "{mutation} {id}");
            assert_eq!(answer.body["data"], json!({ mutation: null }), "{mutation} {id}");
        }
        scene.assert_untouched(mutation).await;
    }
}

async fn an_unknown_id_is_not_found_by_a_mutation(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    for (mutation, input, field) in scene.ids() {
        let right = text(&input[field]);
        let (kind, _) = right.split_once('_').unwrap();
        let unknown = match kind {
            "user" => [0, 1, u128::MAX].map(|key| format!("user_{key:032x}")),
            _ => [1_000_000, i64::MAX - 1, i64::MAX].map(|key| format!("{kind}_{key}")),
        };
        for id in unknown {
            let (input, _) = with(&input, &format!("/{field}"), json!(id));
            let answer = scene.ann.call(mutation, input, "__typename").await;
            assert_eq!(answer.code(), "NOT_FOUND", "{mutation} {id}");
            assert_eq!(answer.body["data"], json!({ mutation: null }), "{mutation} {id}");
        }
        scene.assert_untouched(mutation).await;
    }
}

async fn a_batch_is_made_whole_or_not_at_all(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let batch = |cards: Vec<Value>| json!({ "boardId": scene.board, "cards": cards });
    let many = |count: usize| vec![json!({ "title": "t", "labels": ["RED"] }); count];
    for count in [0, 101, 1000] {
        let field = json!(["input", "cards"]);
        scene.refuses("createCards", batch(many(count)), field).await;
    }
    for number in [0, 1, 99] {
        let mut cards = many(100);
        for (bad, place) in [("", "title"), ("\0", "description")] {
            cards[number][place] = json!(bad);
            let field = json!(["input", "cards", number, place]);
            scene.refuses("createCards", batch(cards.clone()), field).await;
            cards[number][place] = json!("t");
        }
        cards[number]["labels"] = json!(["RED", "GRAY"]);
        let field = json!(["input", "cards", number, "labels", 1]);
        scene.refuses("createCards", batch(cards), field).await;
    }
    scene.assert_untouched("createCards").await;
    let made = scene.ann.done("createCards", batch(many(100)), "cards { id }").await;
    assert_eq!(made["cards"].as_array().unwrap().len(), 100);
}

async fn unknown_values_of_enums_are_refused(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let inputs = "createCard(input: { boardId: BOARD, card: { title: TEXT, column: VALUE } })
        createCard(input: { boardId: BOARD, card: { title: TEXT, labels: [RED, VALUE] } })
        createCards(input: { boardId: BOARD, cards: [{ title: TEXT }, { title: TEXT, column: VALUE }] })
        updateBoard(input: { boardId: BOARD, title: TEXT, labels: [{ color: VALUE, name: TEXT }] })
        updateCard(input: { cardId: CARD, title: TEXT, labels: VALUE })
        createLabel(input: { boardId: BOARD, color: VALUE })";
    let inputs = inputs.replace("TEXT", "\"t\"");
    let inputs = inputs.replace("BOARD", &format!("\"{}\"", scene.board));
    let inputs = inputs.replace("CARD", &format!("\"{}\"", scene.card));
    for value in ["NOPE", "todo", "red", "1", "true", "[[RED]]", "{}", "\"NOPE\""] {
        for input in inputs.replace("VALUE", value).lines() {
            let query = format!("mutation {{ {input} {{ __typename }} }}");
            scene.refuses_request(&query, json!({})).await;
        }
        let order = format!("{{ field: {value}, direction: ASC }}");
        let query = format!("{{ boards(orderBy: {order}) {{ totalCount }} }}");
        scene.refuses_request(&query, json!({})).await;
    }
    let card = "mutation($v: CreateCardInput!) { createCard(input: $v) { __typename } }";
    let filter = "query($v: CardFilter) { boards { nodes { cards(filter: $v) { totalCount } } } }";
    for value in
        ["NOPE", "todo", "RED ", ""].map(Value::from).into_iter().chain([json!(1), json!({})])
    {
        for place in ["column", "labels"] {
            let mut input = json!({ "boardId": scene.board, "card": { "title": "t" } });
            input["card"][place] = value.clone();
            scene.refuses_request(card, json!({ "v": input })).await;
        }
        scene.refuses_request(filter, json!({ "v": { "columns": [value] } })).await;
    }
    scene.assert_untouched("unknown values").await;
}

async fn numbers_out_of_range_are_refused(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    for number in
        "2147483648 -2147483649 99999999999999999999 1.5 1.0 1e3 1e400 \"5\" true X {}".split(' ')
    {
        let query = format!("{{ boards(first: {number}) {{ totalCount }} }}");
        scene.refuses_request(&query, json!({})).await;
        let query =
            format!("{{ boards {{ nodes {{ cards(last: {number}) {{ totalCount }} }} }} }}");
        scene.refuses_request(&query, json!({})).await;
    }
    let query = "query($n: Int) { boards { nodes { cards(first: $n) { totalCount } } } }";
    let numbers = [json!(1_i64 << 31), json!(-(1_i64 << 31) - 1), json!(u64::MAX), json!(1e30)];
    for number in numbers.into_iter().chain([json!(1.5), json!("5"), json!(true), json!({})]) {
        scene.refuses_request(query, json!({ "n": number })).await;
    }
}

async fn variables_of_wrong_types_are_refused(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    for (mutation, variables) in [
        ("createBoard", r#"{} {"i":null} {"I":{"title":"t"}} {"i":5} {"i":"t"} {"i":[]} {"i":{}}"#),
        ("createBoard", r#"{"i":{"title":null}} {"i":{"title":5}} {"i":{"title":["t","u"]}}"#),
        ("createBoard", r#"{"i":{"title":{"t":1}}} {"i":{"title":"t","description":5}}"#),
        ("createBoard", r#"{"i":{"title":"t","description":null}} {"i":{"description":"d"}}"#),
        ("createBoard", r#"{"i":{"title":"t","more":1}} {"i":{"Title":"t"}}"#),
        ("createCards", r#"{"i":{"boardId":ID,"cards":null}} {"i":{"boardId":ID,"cards":[null]}}"#),
        (
            "createCards",
            r#"{"i":{"boardId":ID,"cards":[{"title":"t"},null]}} {"i":{"boardId":ID}}"#,
        ),
        ("createCards", r#"{"i":{"boardId":ID,"cards":[{"title":"t","labels":null}]}}"#),
        ("createCards", r#"{"i":{"boardId":ID,"cards":["t"]}} {"i":{"boardId":ID,"cards":"t"}}"#),
        ("deleteBoard", r#"{"i":{"boardId":null}} {"i":{"boardId":1.5}} {"i":{"boardId":true}}"#),
        ("deleteBoard", r#"{"i":{"boardId":{}}} {"i":{"boardId":[ID]}} {"i":{"boardId":[[ID]]}}"#),
    ] {
        let kind = mutation.replacen(|_: char| true, &mutation[..1].to_uppercase(), 1);
        let query =
            format!("mutation($i: {kind}Input!) {{ {mutation}(input: $i) {{ __typename }} }}");
        let variables = variables.replace("ID", &format!("\"{}\"", scene.board));
        for variables in variables.split(' ') {
            let variables = serde_json::from_str(variables).unwrap();
            scene.refuses_request(&query, variables).await;
        }
        scene.assert_untouched(&variables).await;
    }
}

async fn control_characters_in_questions_do_no_harm(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let query =
        "query($t: String!) { boards { nodes { cards(filter: { text: $t }) { totalCount } } } }";
    for sign in ["\0", "x\0", "\u{1f}", "\u{7f}", "\u{85}", "\u{1b}[2J"] {
        let answer = scene.ann.ask(query, json!({ "t": sign })).await;
        assert_eq!(
            answer.error(),
            ("BAD_USER_INPUT".into(), json!(["filter", "text"])),
            "{sign:?}"
        );
        let answer = scene
            .ann
            .ask(
                "query($e: String!) { userByEmail(email: $e) { id } }",
                json!({ "e": format!("ann{sign}@example.com") }),
            )
            .await;
        assert_eq!(answer.ok()["userByEmail"], Value::Null, "{sign:?}");
        let account = json!({ "i": { "email": format!("ann@example.com{sign}"), "password": format!("password{sign}") } });
        assert_eq!(server.ask(LOG_IN, account).await.code(), "INVALID_CREDENTIALS", "{sign:?}");
    }
    // The same, as an escape in the document.
    let query = "mutation { createBoard(input: { title: \"a\\u0000b\" }) { board { id } } }";
    let answer = scene.ann.ask(query, json!({})).await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["input", "title"])));
    assert_eq!(scene.world().await["boards"]["totalCount"], 1);
}

async fn lone_surrogates_are_rejected(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let query = "mutation($t: String!) { createBoard(input: { title: $t }) { board { id } } }";
    for half in [r"\ud800", r"\udc00", r"\ud83d", r"a\ud83d\u0041", r"\udc4d\ud83d"] {
        let body = format!(r#"{{ "query": "{query}", "variables": {{ "t": "{half}" }} }}"#);
        let request =
            server.http.post(format!("{}/graphql", server.url)).bearer_auth(&scene.ann.token);
        let request = request.header("content-type", "application/json").body(body);
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_REQUEST".into()), "{half}");
        let query = format!(
            "mutation {{ createBoard(input: {{ title: \"{half}\" }}) {{ board {{ id }} }} }}"
        );
        let answer = scene.ann.ask(&query, json!({})).await;
        assert_eq!(answer.code(), "GRAPHQL_PARSE_FAILED", "{half}");
    }
    scene.assert_untouched("half a character").await;
}

async fn many_nodes_have_a_limit(server: Arc<Server>) {
    let scene = Scene::new(&server).await;
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let answer = scene.ann.ask(query, json!({ "ids": vec![&scene.card; 201] })).await;
    assert_eq!(answer.error(), ("BAD_USER_INPUT".into(), json!(["ids"])));
    let data = scene.ann.ask(query, json!({ "ids": vec![&scene.card; 200] })).await.ok();
    assert_eq!(data["nodes"], json!(vec![json!({ "id": scene.card }); 200]));
    assert_eq!(scene.ann.ask(query, json!({ "ids": [] })).await.ok()["nodes"], json!([]));
    for ids in [json!(null), json!([null]), json!({ "id": 1 })] {
        scene.refuses_request(query, json!({ "ids": ids })).await;
    }
}
