//! The permissions of every operation of the schema: without a token, as a user who is no member of the
//! board, and as a VIEWER, MEMBER and ADMIN of it, compared with a table.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, scenarios, text};

scenarios![
    queries_as_everybody,
    mutations_as_everybody,
    other_mutations_as_everybody,
    the_table_names_every_operation,
    nobody_is_refused_before_anything_is_looked_at,
    absence_and_refusal_look_the_same,
    users_are_seen_by_those_who_share_a_board,
];

/// The outcome of an operation: `ok`, `null`, `empty` (a list without rows), or an error code.
type Outcome = &'static str;

const NOBODY: Outcome = "UNAUTHENTICATED";

/// The outcomes without a token, for a non-member, a VIEWER, a MEMBER and an ADMIN.
type Outcomes = [Outcome; 5];

/// Allowed for every user who is logged in.
const ALL: Outcomes = [NOBODY, "ok", "ok", "ok", "ok"];
/// An absent object is null in a query.
const NONE: Outcomes = [NOBODY, "null", "null", "null", "null"];
/// An absent object is NOT_FOUND in a mutation.
const ABSENT: Outcomes = [NOBODY, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"];
/// The servers of tests send no mail.
const WITHOUT_MAIL: Outcomes = [NOBODY, "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"];
/// Every member may read.
const READ: Outcomes = [NOBODY, "null", "ok", "ok", "ok"];
/// MEMBER and ADMIN may write.
const EDIT: Outcomes = [NOBODY, "NOT_FOUND", "FORBIDDEN", "ok", "ok"];
/// Only ADMIN may write.
const MANAGE: Outcomes = [NOBODY, "NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "ok"];

/// The path of the result below `data`, beginning with the root field; the request; the outcomes.
const TABLE: &[Row] = &[
    ("viewer", "{ viewer { id } }", ALL),
    ("node", "{ node(id: $board) { id } }", READ),
    ("node", "{ node(id: $card) { id } }", READ),
    ("node", "{ node(id: $label) { id } }", READ),
    ("node", "{ node(id: $column) { id } }", READ),
    ("node", "{ node(id: $comment) { id } }", READ),
    ("node", "{ node(id: $owner) { id } }", READ),
    ("node", "{ node(id: $trashed) { id } }", NONE),
    ("node", "{ node(id: $session) { id } }", NONE),
    ("node", "{ node(id: $deleted) { id } }", NONE),
    ("nodes/0", "{ nodes(ids: [$board]) { id } }", READ),
    ("boards/nodes", "{ boards { nodes { id } } }", [NOBODY, "empty", "ok", "ok", "ok"]),
    (
        "deletedBoards/nodes",
        "{ deletedBoards { nodes { id } } }",
        [NOBODY, "empty", "empty", "empty", "ok"],
    ),
    ("board", "{ board(id: $board) { id } }", READ),
    ("board", "{ board(id: $deleted) { id } }", NONE),
    ("board/members/nodes", "{ board(id: $board) { members { nodes { email } } } }", READ),
    ("board/activity/nodes", "{ board(id: $board) { activity { nodes { id } } } }", READ),
    (
        "board/deletedCards/nodes",
        "{ board(id: $board) { deletedCards { nodes { id } } } }",
        [NOBODY, "null", "empty", "ok", "ok"],
    ),
    ("cards/nodes", "{ cards { nodes { id } } }", [NOBODY, "empty", "ok", "ok", "ok"]),
    (
        "cards/nodes",
        "{ cards(boardIds: [$deleted]) { nodes { id } } }",
        [NOBODY, "empty", "empty", "empty", "empty"],
    ),
    ("card", "{ card(id: $card) { id } }", READ),
    ("card", "{ card(id: $trashed) { id } }", NONE),
    ("card", "{ card(id: $cardOfDeleted) { id } }", NONE),
    ("card/comments/nodes", "{ card(id: $card) { comments { nodes { author { id } } } } }", READ),
    ("card/activity/nodes", "{ card(id: $card) { activity { nodes { actor { id } } } } }", READ),
    ("userByEmail", r#"{ userByEmail(email: "owner@example.com") { id } }"#, ALL),
    ("sessions/nodes", "{ sessions { nodes { id } } }", ALL),
    (
        "signUp",
        r#"mutation { signUp(input: { email: "new-$who@example.com", password: "password" }) { user { id } } }"#,
        ["ok"; 5],
    ),
    (
        "logIn",
        r#"mutation { logIn(input: { email: "owner@example.com", password: "password" }) { accessToken } }"#,
        ["ok"; 5],
    ),
    (
        "updateViewer",
        r#"mutation { updateViewer(input: { currentPassword: "password" }) { user { id } } }"#,
        ALL,
    ),
    (
        "requestPasswordReset",
        r#"mutation { requestPasswordReset(input: { email: "owner@example.com" }) { requested } }"#,
        ["FORBIDDEN"; 5],
    ),
    (
        "resetPassword",
        r#"mutation { resetPassword(input: { token: "x", newPassword: "password" }) { user { id } } }"#,
        ["BAD_USER_INPUT"; 5],
    ),
    (
        "verifyEmail",
        r#"mutation { verifyEmail(input: { token: "x" }) { user { id } } }"#,
        ["BAD_USER_INPUT"; 5],
    ),
    ("sendVerificationEmail", "mutation { sendVerificationEmail { sent } }", WITHOUT_MAIL),
    (
        "refreshSession",
        "mutation { refreshSession(input: { refreshToken: $refreshToken }) { accessToken } }",
        ["ok"; 5],
    ),
    (
        "revokeSession",
        "mutation { revokeSession(input: { sessionId: $session }) { revokedSessionId } }",
        ABSENT,
    ),
    ("revokeOtherSessions", "mutation { revokeOtherSessions { revokedSessionIds } }", ALL),
    ("logOut", "mutation { logOut { revokedSessionId } }", ALL),
    (
        "deleteViewer",
        r#"mutation { deleteViewer(input: { currentPassword: "password" }) { deletedUserId } }"#,
        ALL,
    ),
    ("createBoard", r#"mutation { createBoard(input: { title: "x" }) { board { id } } }"#, ALL),
    (
        "updateBoard",
        r#"mutation { updateBoard(input: { boardId: $board, title: "$who" }) { board { id } } }"#,
        MANAGE,
    ),
    (
        "deleteBoard",
        "mutation { deleteBoard(input: { boardId: $board }) { deletedBoardId } }",
        MANAGE,
    ),
    (
        "deleteBoard",
        "mutation { deleteBoard(input: { boardId: $deleted }) { deletedBoardId } }",
        ABSENT,
    ),
    (
        "restoreBoard",
        "mutation { restoreBoard(input: { boardId: $deleted }) { board { id } } }",
        [NOBODY, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "ok"],
    ),
    (
        "restoreBoard",
        "mutation { restoreBoard(input: { boardId: $board }) { board { id } } }",
        MANAGE,
    ),
    (
        "shareBoard",
        "mutation { shareBoard(input: { boardId: $board, userId: $stranger }) { board { id } } }",
        MANAGE,
    ),
    (
        "shareBoard",
        "mutation { shareBoard(input: { boardId: $board, userId: $self, role: ADMIN }) { board { id } } }",
        MANAGE,
    ),
    (
        "unshareBoard",
        "mutation { unshareBoard(input: { boardId: $board, userId: $owner }) { removedUserId } }",
        MANAGE,
    ),
    (
        "unshareBoard",
        "mutation { unshareBoard(input: { boardId: $board, userId: $self }) { removedUserId } }",
        [NOBODY, "NOT_FOUND", "ok", "ok", "ok"],
    ),
    (
        "createCard",
        r#"mutation { createCard(input: { boardId: $board, card: { title: "x" } }) { card { id } } }"#,
        EDIT,
    ),
    (
        "createCards",
        r#"mutation { createCards(input: { boardId: $board, cards: [{ title: "x" }] }) { cards { id } } }"#,
        EDIT,
    ),
    (
        "updateCard",
        r#"mutation { updateCard(input: { cardId: $card, title: "$who" }) { card { id } } }"#,
        EDIT,
    ),
    (
        "updateCard",
        r#"mutation { updateCard(input: { cardId: $trashed, title: "$who" }) { card { id } } }"#,
        ABSENT,
    ),
    (
        "updateCard",
        r#"mutation { updateCard(input: { cardId: $cardOfDeleted, title: "$who" }) { card { id } } }"#,
        ABSENT,
    ),
    (
        "moveCard",
        "mutation { moveCard(input: { cardId: $card, column: DONE }) { card { id } } }",
        EDIT,
    ),
    (
        "moveCard",
        "mutation { moveCard(input: { cardId: $trashed, column: DONE }) { card { id } } }",
        ABSENT,
    ),
    ("deleteCard", "mutation { deleteCard(input: { cardId: $card }) { deletedCardId } }", EDIT),
    (
        "restoreCard",
        "mutation { restoreCard(input: { cardId: $trashed }) { card { id } } }",
        [NOBODY, "NOT_FOUND", "NOT_FOUND", "ok", "ok"],
    ),
    ("restoreCard", "mutation { restoreCard(input: { cardId: $card }) { card { id } } }", EDIT),
    (
        "restoreCard",
        "mutation { restoreCard(input: { cardId: $cardOfDeleted }) { card { id } } }",
        ABSENT,
    ),
    (
        "addLabelsToCard",
        "mutation { addLabelsToCard(input: { cardId: $card, labels: [RED] }) { card { id } } }",
        EDIT,
    ),
    (
        "removeLabelsFromCard",
        "mutation { removeLabelsFromCard(input: { cardId: $card, labels: [RED] }) { card { id } } }",
        EDIT,
    ),
    (
        "createLabel",
        "mutation { createLabel(input: { boardId: $board, color: GRAY }) { label { id } } }",
        EDIT,
    ),
    (
        "updateLabel",
        r#"mutation { updateLabel(input: { labelId: $label, name: "$who" }) { label { id } } }"#,
        EDIT,
    ),
    (
        "deleteLabel",
        "mutation { deleteLabel(input: { labelId: $label }) { deletedLabelId } }",
        EDIT,
    ),
    (
        "addComment",
        r#"mutation { addComment(input: { cardId: $card, body: "x" }) { comment { id } } }"#,
        EDIT,
    ),
    (
        "addComment",
        r#"mutation { addComment(input: { cardId: $trashed, body: "x" }) { comment { id } } }"#,
        ABSENT,
    ),
    (
        "updateComment",
        r#"mutation { updateComment(input: { commentId: $comment, body: "$who" }) { comment { id } } }"#,
        [NOBODY, "NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"],
    ),
    (
        "updateComment",
        r#"mutation { updateComment(input: { commentId: $ownComment, body: "$who" }) { comment { id } } }"#,
        [NOBODY, "NOT_FOUND", "FORBIDDEN", "ok", "ok"],
    ),
    (
        "deleteComment",
        "mutation { deleteComment(input: { commentId: $comment }) { deletedCommentId } }",
        MANAGE,
    ),
    (
        "deleteComment",
        "mutation { deleteComment(input: { commentId: $ownComment }) { deletedCommentId } }",
        EDIT,
    ),
];

/// The root field of a table row.
fn root(place: &str) -> &str {
    place.split('/').next().unwrap()
}

/// The users of the table, one for each outcome that needs a token.
struct People {
    owner: User,
    stranger: User,
    viewer: User,
    member: User,
    admin: User,
}

impl People {
    async fn new(server: &Arc<Server>) -> Self {
        Self {
            owner: server.user_again("owner").await,
            stranger: server.user_again("stranger").await,
            viewer: server.user_again("viewer").await,
            member: server.user_again("member").await,
            admin: server.user_again("admin").await,
        }
    }

    fn askers(&self) -> [(&'static str, Option<&User>); 5] {
        [
            ("nobody", None),
            ("stranger", Some(&self.stranger)),
            ("viewer", Some(&self.viewer)),
            ("member", Some(&self.member)),
            ("admin", Some(&self.admin)),
        ]
    }
}

/// The IDs that the placeholders of the table stand for.
struct Fixture {
    names: Vec<(&'static str, String)>,
    /// A comment by each user.
    own: Vec<(&'static str, String)>,
}

impl Fixture {
    /// A board of the owner with a card that has the label RED and a comment, a card in the trash, and
    /// no label in GRAY; and a board in the trash. Both boards have the same members.
    async fn new(people: &People) -> Self {
        let owner = &people.owner;
        let (board, deleted) = (owner.board("Plans").await, owner.board("Past").await);
        for board in [&board, &deleted] {
            for (_, user) in &people.askers()[1..] {
                owner.share(board, user.unwrap()).await;
            }
        }
        let query = "query($id: ID!) { board(id: $id) { labels { id } } }";
        let labels = owner.ask(query, json!({ "id": board })).await.ok();
        let label = |n: usize| text(&labels["board"]["labels"][n]["id"]);
        owner.done("deleteLabel", json!({ "labelId": label(6) }), "deletedLabelId").await;
        let (card, trashed) = (owner.card(&board, "x").await, owner.card(&board, "y").await);
        let comment = owner.comment(&card, "hm").await;
        // While all of them are members, so that each has written a comment.
        let mut own = Vec::new();
        for (who, user) in &people.askers()[1..] {
            own.push((*who, user.unwrap().comment(&card, "own").await));
        }
        let card_of_deleted = owner.card(&deleted, "z").await;
        for board in [&board, &deleted] {
            for (role, user) in [("VIEWER", &people.viewer), ("ADMIN", &people.admin)] {
                owner.share_as(board, user, role).await;
            }
            let input = json!({ "boardId": board, "userId": people.stranger.id });
            owner.done("unshareBoard", input, "removedUserId").await;
        }
        owner.done("deleteCard", json!({ "cardId": trashed }), "deletedCardId").await;
        owner.done("deleteBoard", json!({ "boardId": deleted }), "deletedBoardId").await;
        let log_in = owner.server.log_in_as("owner", "password").await;
        let names = vec![
            ("$board", board.clone()),
            ("$card", card),
            ("$cardOfDeleted", card_of_deleted),
            ("$column", format!("{}_TODO", board.replace("board", "column"))),
            ("$comment", comment),
            ("$deleted", deleted),
            ("$label", label(0)),
            ("$owner", owner.id.clone()),
            ("$refreshToken", log_in.refresh_token),
            ("$session", log_in.session),
            ("$stranger", people.stranger.id.clone()),
            ("$trashed", trashed),
        ];
        Self { names, own }
    }

    fn id(&self, name: &str) -> &str {
        &self.names.iter().find(|(other, _)| *other == name).unwrap().1
    }

    /// The request with the IDs filled in for this user.
    fn fill(&self, request: &str, who: &str, asker: Option<&User>) -> String {
        let own = self.own.iter().find(|(other, _)| *other == who);
        let mut names = self.names.clone();
        names.push(("$ownComment", own.map_or("comment_1".into(), |(_, id)| id.clone())));
        names.push(("$self", asker.map_or("user_1".into(), |user| user.id.clone())));
        // The longest name first, because one name may be the beginning of another.
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.iter().fold(request.replace("$who", who), |text, (name, id)| {
            text.replace(name, &format!("{id:?}"))
        })
    }
}

async fn queries_as_everybody(server: Arc<Server>) {
    as_everybody(&server, TABLE.iter().filter(|row| !is_mutation(row))).await;
}

async fn mutations_as_everybody(server: Arc<Server>) {
    as_everybody(&server, TABLE.iter().filter(|row| is_mutation(row)).step_by(2)).await;
}

/// In a scenario of their own, because each change needs new objects.
async fn other_mutations_as_everybody(server: Arc<Server>) {
    as_everybody(&server, TABLE.iter().filter(|row| is_mutation(row)).skip(1).step_by(2)).await;
}

/// A row of the table.
type Row = (&'static str, &'static str, Outcomes);

fn is_mutation((_, request, _): &Row) -> bool {
    request.starts_with("mutation")
}

async fn as_everybody(server: &Arc<Server>, rows: impl Iterator<Item = &'static Row>) {
    let mut people = People::new(server).await;
    let mut fixture = Fixture::new(&people).await;
    for row @ (place, request, expected) in rows {
        for (n, expected) in expected.iter().enumerate() {
            let (who, asker) = people.askers()[n];
            let request = fixture.fill(request, who, asker);
            let token = asker.map(|user| user.token.as_str());
            let answer = server.ask_as(token, &request, json!({})).await;
            assert_eq!(
                outcome(&answer.body, place),
                *expected,
                "{request} as {who}: {}",
                answer.body
            );
            if is_mutation(row) && *expected == "ok" {
                // The mutation has changed what the next request reads, perhaps even the users.
                if ["logOut", "deleteViewer"].contains(&root(place)) {
                    people = People::new(server).await;
                }
                fixture = Fixture::new(&people).await;
            }
        }
    }
}

async fn the_table_names_every_operation(server: Arc<Server>) {
    let named: BTreeSet<_> = TABLE.iter().map(|(place, ..)| root(place).to_owned()).collect();
    assert_eq!(named, root_fields(&server).await);
}

/// Authentication is checked first: without it, errors reveal nothing about the input.
async fn nobody_is_refused_before_anything_is_looked_at(server: Arc<Server>) {
    for (place, request, [nobody, ..]) in TABLE {
        let mut request = (*request).to_owned();
        while let Some(start) = request.find('$') {
            let rest = &request[start + 1..];
            let end = rest.find(|c: char| !c.is_alphabetic()).unwrap();
            request.replace_range(start..=start + end, "\"x\"");
        }
        let request = request.replace("\"\"x\"\"", "\"\"").replace("\"x\"", "\"\"");
        let request = request.replace("labels: [RED]", "labels: []");
        let request =
            request.replace("updateViewer(input: {", "updateViewer(input: { email: \"\",");
        if *nobody == NOBODY {
            let answer = server.ask(&request, json!({})).await;
            assert_eq!(outcome(&answer.body, place), NOBODY, "{request}: {}", answer.body);
        }
    }
}

fn outcome(body: &Value, place: &str) -> String {
    if let Some(errors) = body["errors"].as_array() {
        return text(&errors[0]["extensions"]["code"]);
    }
    match body.pointer(&format!("/data/{place}")) {
        None | Some(Value::Null) => "null".into(),
        Some(Value::Array(rows)) if rows.is_empty() => "empty".into(),
        Some(_) => "ok".into(),
    }
}

async fn root_fields(server: &Server) -> BTreeSet<String> {
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }";
    let schema = server.ask(query, json!({})).await.ok()["__schema"].take();
    let fields = |kind: &str| crate::support::column(&schema[kind]["fields"], "name");
    fields("queryType").into_iter().chain(fields("mutationType")).collect()
}

/// The whole response is the same for an object that does not exist and for one that the user may not
/// see, except for the IDs that the user has sent.
async fn absence_and_refusal_look_the_same(server: Arc<Server>) {
    let people = People::new(&server).await;
    let (owner, stranger) = (&people.owner, &people.stranger);
    let fixture = Fixture::new(&people).await;
    let [board, card, label, comment] =
        ["$board", "$card", "$label", "$comment"].map(|id| fixture.id(id));
    let (trashed, deleted) = (fixture.id("$trashed"), fixture.id("$deleted"));
    let unknown = format!("user_{:032x}", 1);
    for (mutation, input, absent) in [
        (
            "updateBoard",
            json!({ "boardId": board, "title": "x" }),
            json!({ "boardId": "board_999", "title": "x" }),
        ),
        ("deleteBoard", json!({ "boardId": board }), json!({ "boardId": "board_999" })),
        (
            "createCard",
            json!({ "boardId": board, "card": { "title": "x", "labels": ["GRAY"] } }),
            json!({ "boardId": "board_999", "card": { "title": "x", "labels": ["GRAY"] } }),
        ),
        (
            "updateCard",
            json!({ "cardId": card, "labels": ["GRAY"] }),
            json!({ "cardId": "card_999", "labels": ["GRAY"] }),
        ),
        ("deleteCard", json!({ "cardId": card }), json!({ "cardId": "card_999" })),
        (
            "moveCard",
            json!({ "cardId": card, "column": "DONE", "expectedVersion": 1 }),
            json!({ "cardId": "card_999", "column": "DONE", "expectedVersion": 1 }),
        ),
        ("restoreCard", json!({ "cardId": trashed }), json!({ "cardId": "card_999" })),
        ("restoreBoard", json!({ "boardId": deleted }), json!({ "boardId": "board_999" })),
        (
            "addComment",
            json!({ "cardId": card, "body": "x" }),
            json!({ "cardId": "card_999", "body": "x" }),
        ),
        (
            "updateComment",
            json!({ "commentId": comment, "body": "x" }),
            json!({ "commentId": "comment_999", "body": "x" }),
        ),
        ("deleteComment", json!({ "commentId": comment }), json!({ "commentId": "comment_999" })),
        (
            "createLabel",
            json!({ "boardId": board, "color": "RED" }),
            json!({ "boardId": "board_999", "color": "RED" }),
        ),
        (
            "updateLabel",
            json!({ "labelId": label, "color": "BLUE" }),
            json!({ "labelId": "label_999", "color": "BLUE" }),
        ),
        (
            "shareBoard",
            json!({ "boardId": board, "userId": unknown }),
            json!({ "boardId": "board_999", "userId": unknown }),
        ),
        (
            "unshareBoard",
            json!({ "boardId": board, "userId": owner.id }),
            json!({ "boardId": "board_999", "userId": owner.id }),
        ),
    ] {
        let refused = stranger.call(mutation, input, "__typename").await;
        let missing = stranger.call(mutation, absent, "__typename").await;
        assert_eq!(refused.code(), "NOT_FOUND", "{mutation}");
        assert_eq!(refused.body, missing.body, "{mutation}");
    }
    // The board has not changed.
    let query = format!(
        "{{ board(id: {board:?}) {{ title labels {{ color }} cards {{ totalCount }} members {{ totalCount }} }} }}"
    );
    let found = owner.get(&query).await;
    assert_eq!(found["board"]["title"], "Plans");
    assert_eq!(found["board"]["cards"]["totalCount"], 1);
    assert_eq!(found["board"]["members"]["totalCount"], 4);
}

async fn users_are_seen_by_those_who_share_a_board(server: Arc<Server>) {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let sees = async |viewer: &User, user: &User| {
        let query = format!("{{ node(id: {0:?}) {{ id }} nodes(ids: [{0:?}]) {{ id }} }}", user.id);
        let found = viewer.get(&query).await;
        assert_eq!(found["node"].is_null(), found["nodes"][0].is_null());
        !found["node"].is_null()
    };
    assert!(sees(&ann, &ann).await && !sees(&ann, &bob).await && !sees(&bob, &ann).await);
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    assert!(sees(&ann, &bob).await && sees(&bob, &ann).await);
    // Users do not see each other through a board in the trash.
    ann.done("deleteBoard", json!({ "boardId": board }), "deletedBoardId").await;
    assert!(!sees(&ann, &bob).await && !sees(&bob, &ann).await);
    ann.done("restoreBoard", json!({ "boardId": board }), "board { id }").await;
    assert!(sees(&ann, &bob).await && sees(&bob, &ann).await);
    let input = json!({ "boardId": board, "userId": bob.id });
    ann.done("unshareBoard", input, "removedUserId").await;
    assert!(!sees(&ann, &bob).await && !sees(&bob, &ann).await);
    // User IDs cannot be enumerated.
    for guess in ["user_1", "user_2", "user_00000000000000000000000000000001"] {
        let found = ann.get(&format!("{{ node(id: {guess:?}) {{ id }} }}")).await;
        assert!(found["node"].is_null());
    }
}
