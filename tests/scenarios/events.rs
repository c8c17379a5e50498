//! The history of boards: which mutations make which events, and what the events contain.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, User, column, scenarios, text};

scenarios![
    every_mutation_that_changes_a_board_makes_its_events,
    what_changes_nothing_makes_no_event,
    what_fails_leaves_neither_change_nor_event,
    events_tell_what_happened,
    ids_stay_when_what_they_name_is_gone,
    a_client_catches_up_from_the_version_it_has_seen,
    a_card_has_a_history_of_its_own,
    versions_follow_text_place_labels_and_trash,
    long_texts_are_cut_and_addresses_left_out,
    an_answer_shows_one_state_of_a_board,
];

/// A board that shows every kind of change.
pub(super) struct Fixture {
    pub(super) ann: User,
    pub(super) bob: User,
    pub(super) eve: User,
    pub(super) board: String,
    pub(super) cards: Vec<String>,
    trashed: String,
    comment: String,
    labels: Vec<String>,
}

impl Fixture {
    /// Ann is an ADMIN, Bob is a MEMBER, Eve is not a member.
    pub(super) async fn new(server: &Arc<Server>) -> Self {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let eve = server.user("eve").await;
        Self::of(ann, bob, eve).await
    }

    pub(super) async fn of(ann: User, bob: User, eve: User) -> Self {
        let board = ann.board("Plans").await;
        ann.share(&board, &bob).await;
        let mut cards = ann.cards(&board, 4).await;
        let input = json!({ "cardId": cards[0], "labels": ["RED", "BLUE"] });
        ann.done("addLabelsToCard", input, "card { id }").await;
        let comment = ann.comment(&cards[0], "hm").await;
        let trashed = cards.pop().unwrap();
        ann.delete_card(&trashed).await;
        let found = ann.get(&format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}")).await;
        let labels = column(&found["board"]["labels"], "id");
        ann.done("deleteLabel", json!({ "labelId": labels[6] }), "deletedLabelId").await;
        Self { ann, bob, eve, board, cards, trashed, comment, labels }
    }

    /// Everything that Ann can see of the board, except its version and history.
    async fn state(&self) -> Value {
        const CARD: &str = "{ nodes { id title description column rank deletedAt labels { color }
            comments(first: 5) { nodes { id body } } } }";
        let board = format!(
            "id title description deletedAt labels {{ id color name }} cards {CARD} deletedCards {CARD}
             members {{ edges {{ role node {{ id }} }} }}"
        );
        let query = format!(
            "{{ board(id: {:?}) {{ {board} }} deletedBoards(first: 5) {{ nodes {{ {board} }} }} }}",
            self.board
        );
        self.ann.get(&query).await
    }

    /// The board's version, also while the board is in the trash.
    async fn version(&self) -> i64 {
        let query = format!(
            "{{ board(id: {:?}) {{ version }} deletedBoards {{ nodes {{ id version }} }} }}",
            self.board
        );
        let found = self.ann.get(&query).await;
        let in_trash = found["deletedBoards"]["nodes"].as_array().unwrap();
        let in_trash = in_trash.iter().find(|board| board["id"] == self.board.as_str());
        let version = in_trash.map_or(&found["board"]["version"], |board| &board["version"]);
        version.as_i64().unwrap()
    }

    /// The types of the events after a sequence number, in ascending order, also while the board is in
    /// the trash.
    async fn events(&self, after: i64) -> Vec<String> {
        let query = format!(
            "{{ board(id: {0:?}) {{ ...history }} deletedBoards {{ nodes {{ id ...history }} }} }}
             fragment history on Board {{ activity(first: 200, afterSequence: {after}) {{
                nodes {{ __typename }} }} }}",
            self.board
        );
        let found = self.ann.get(&query).await;
        let in_trash = found["deletedBoards"]["nodes"].as_array().unwrap();
        let in_trash = in_trash.iter().find(|board| board["id"] == self.board.as_str());
        let board = in_trash.unwrap_or(&found["board"]);
        let mut kinds = column(&board["activity"]["nodes"], "__typename");
        kinds.reverse();
        kinds
    }

    /// Changes, each with the events that it makes.
    pub(super) fn changes(&self) -> Vec<(&'static str, Value, &'static [&'static str])> {
        let Self { board, cards, trashed, comment, labels, bob, eve, .. } = self;
        vec![
            ("updateBoard", json!({ "boardId": board, "title": "Deeds" }), &["BoardUpdatedEvent"]),
            (
                "updateBoard",
                json!({ "boardId": board, "description": "d", "labels": [
                    { "color": "GREEN", "name": "food" }, { "color": "RED", "name": "urgent" } ] }),
                &["BoardUpdatedEvent", "LabelUpdatedEvent", "LabelUpdatedEvent"],
            ),
            (
                "updateBoard",
                json!({ "boardId": board, "labels": [{ "color": "RED", "name": "hot" }] }),
                &["LabelUpdatedEvent"],
            ),
            ("deleteBoard", json!({ "boardId": board }), &["BoardDeletedEvent"]),
            ("shareBoard", json!({ "boardId": board, "userId": eve.id }), &["MemberAddedEvent"]),
            (
                "shareBoard",
                json!({ "boardId": board, "userId": bob.id, "role": "ADMIN" }),
                &["MemberRoleChangedEvent"],
            ),
            (
                "unshareBoard",
                json!({ "boardId": board, "userId": bob.id }),
                &["MemberRemovedEvent"],
            ),
            (
                "createCard",
                json!({ "boardId": board, "card": { "title": "x", "labels": ["RED"] } }),
                &["CardCreatedEvent"],
            ),
            (
                "createCards",
                json!({ "boardId": board, "cards": [{ "title": "x" }, { "title": "y" }, { "title": "z" }] }),
                &["CardCreatedEvent", "CardCreatedEvent", "CardCreatedEvent"],
            ),
            ("updateCard", json!({ "cardId": cards[0], "title": "new" }), &["CardUpdatedEvent"]),
            (
                "updateCard",
                json!({ "cardId": cards[0], "description": "new", "column": "DONE", "labels": ["RED"] }),
                &["CardUpdatedEvent", "CardMovedEvent", "CardLabelsChangedEvent"],
            ),
            ("updateCard", json!({ "cardId": cards[0], "column": "DONE" }), &["CardMovedEvent"]),
            (
                "updateCard",
                json!({ "cardId": cards[0], "labels": [] }),
                &["CardLabelsChangedEvent"],
            ),
            (
                "moveCard",
                json!({ "cardId": cards[0], "column": "BACKLOG", "afterCardId": cards[1] }),
                &["CardMovedEvent"],
            ),
            ("deleteCard", json!({ "cardId": cards[0] }), &["CardDeletedEvent"]),
            ("restoreCard", json!({ "cardId": trashed }), &["CardRestoredEvent"]),
            (
                "addLabelsToCard",
                json!({ "cardId": cards[0], "labels": ["RED", "GREEN"] }),
                &["CardLabelsChangedEvent"],
            ),
            (
                "removeLabelsFromCard",
                json!({ "cardId": cards[0], "labels": ["RED", "GREEN"] }),
                &["CardLabelsChangedEvent"],
            ),
            ("createLabel", json!({ "boardId": board, "color": "GRAY" }), &["LabelCreatedEvent"]),
            (
                "updateLabel",
                json!({ "labelId": labels[0], "color": "GRAY" }),
                &["LabelUpdatedEvent"],
            ),
            ("deleteLabel", json!({ "labelId": labels[0] }), &["LabelDeletedEvent"]),
            ("addComment", json!({ "cardId": cards[0], "body": "x" }), &["CommentAddedEvent"]),
            (
                "updateComment",
                json!({ "commentId": comment, "body": "x" }),
                &["CommentUpdatedEvent"],
            ),
            ("deleteComment", json!({ "commentId": comment }), &["CommentDeletedEvent"]),
        ]
    }
}

/// Mutations that concern no board, or create one. (deleteViewer is tested in accounts.rs.)
const ABOUT_NO_BOARD: [&str; 13] = [
    "signUp",
    "logIn",
    "refreshSession",
    "logOut",
    "revokeSession",
    "revokeOtherSessions",
    "updateViewer",
    "deleteViewer",
    "createBoard",
    "requestPasswordReset",
    "resetPassword",
    "sendVerificationEmail",
    "verifyEmail",
];

/// Asserts that the mutation makes these events, that it changes the state only if it makes events, and
/// that the version grows by the number of events.
async fn assert_change(fixture: &Fixture, mutation: &str, input: Value, expected: &[&str]) {
    let (state, version) = (fixture.state().await, fixture.version().await);
    fixture.ann.done(mutation, input.clone(), "__typename").await;
    let changed = fixture.state().await != state;
    let events = fixture.events(version).await;
    assert_eq!(changed, !expected.is_empty(), "{mutation} {input}: does it change the board?");
    assert_eq!(events, expected, "{mutation} {input}");
    let grown = usize::try_from(fixture.version().await - version).unwrap();
    assert_eq!(grown, events.len(), "{mutation} {input}");
}

async fn every_mutation_that_changes_a_board_makes_its_events(server: Arc<Server>) {
    let mut fixture = Fixture::new(&server).await;
    let mut seen: BTreeSet<String> = ABOUT_NO_BOARD.map(Into::into).into();
    for index in 0..fixture.changes().len() {
        let (mutation, input, expected) = fixture.changes().swap_remove(index);
        seen.insert(mutation.to_owned());
        assert_change(&fixture, mutation, input, expected).await;
        if mutation == "deleteBoard" {
            let input = json!({ "boardId": fixture.board });
            seen.insert("restoreBoard".to_owned());
            assert_change(&fixture, "restoreBoard", input, &["BoardRestoredEvent"]).await;
        }
        // A new board for each change, so that one change cannot affect another.
        let Fixture { ann, bob, eve, .. } = fixture;
        fixture = Fixture::of(ann, bob, eve).await;
    }
    let query = "{ __schema { mutationType { fields { name } } } }";
    let schema = server.ask(query, json!({})).await.ok();
    let all = column(&schema["__schema"]["mutationType"]["fields"], "name");
    assert_eq!(seen, all.into_iter().collect(), "the table must name every mutation");
    // The history of a new board begins with its creation.
    let board = fixture.ann.board("New").await;
    assert_eq!(fixture.ann.events(&board, 0).await, ["BoardCreatedEvent"]);
}

async fn what_changes_nothing_makes_no_event(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, board, cards, comment, labels, bob, .. } = &fixture;
    for (mutation, input) in [
        ("updateBoard", json!({ "boardId": board })),
        ("updateBoard", json!({ "boardId": board, "title": "Plans", "description": "" })),
        ("updateBoard", json!({ "boardId": board, "labels": [{ "color": "RED", "name": "" }] })),
        ("restoreBoard", json!({ "boardId": board })),
        ("shareBoard", json!({ "boardId": board, "userId": bob.id })),
        ("shareBoard", json!({ "boardId": board, "userId": bob.id, "role": "MEMBER" })),
        ("shareBoard", json!({ "boardId": board, "userId": ann.id })),
        ("updateCard", json!({ "cardId": cards[0] })),
        (
            "updateCard",
            json!({ "cardId": cards[0], "title": "card 0", "description": "",
            "column": "BACKLOG", "labels": ["BLUE", "RED", "RED"] }),
        ),
        ("moveCard", json!({ "cardId": cards[1], "column": "BACKLOG", "afterCardId": cards[0] })),
        ("restoreCard", json!({ "cardId": cards[0] })),
        ("addLabelsToCard", json!({ "cardId": cards[0], "labels": ["RED"] })),
        ("addLabelsToCard", json!({ "cardId": cards[0], "labels": [] })),
        ("removeLabelsFromCard", json!({ "cardId": cards[0], "labels": ["GREEN"] })),
        ("updateLabel", json!({ "labelId": labels[0], "name": "", "color": "RED" })),
        ("updateComment", json!({ "commentId": comment, "body": "hm" })),
    ] {
        assert_change(&fixture, mutation, input, &[]).await;
    }
}

async fn what_fails_leaves_neither_change_nor_event(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, board, cards, trashed, comment, labels, .. } = &fixture;
    let (state, version) = (fixture.state().await, fixture.version().await);
    for (mutation, input, code) in [
        (
            "updateBoard",
            json!({ "boardId": board, "title": "new", "labels": [
            { "color": "RED", "name": "new" }, { "color": "GRAY", "name": "new" } ] }),
            "BAD_USER_INPUT",
        ),
        (
            "createCards",
            json!({ "boardId": board, "cards": [{ "title": "x" }, { "title": "y", "labels": ["GRAY"] }] }),
            "BAD_USER_INPUT",
        ),
        (
            "updateCard",
            json!({ "cardId": cards[0], "title": "new", "column": "DONE", "labels": ["GRAY"] }),
            "BAD_USER_INPUT",
        ),
        (
            "updateCard",
            json!({ "cardId": cards[0], "title": "new", "expectedVersion": 1 }),
            "CONFLICT",
        ),
        (
            "moveCard",
            json!({ "cardId": cards[0], "column": "DONE", "afterCardId": "card_999" }),
            "NOT_FOUND",
        ),
        ("updateCard", json!({ "cardId": trashed, "title": "new" }), "NOT_FOUND"),
        ("createLabel", json!({ "boardId": board, "color": "RED" }), "CONFLICT"),
        ("updateLabel", json!({ "labelId": labels[0], "color": "BLUE" }), "CONFLICT"),
        ("shareBoard", json!({ "boardId": board, "userId": ann.id, "role": "VIEWER" }), "CONFLICT"),
        ("unshareBoard", json!({ "boardId": board, "userId": ann.id }), "CONFLICT"),
        ("updateComment", json!({ "commentId": comment, "body": " " }), "BAD_USER_INPUT"),
    ] {
        let answer = ann.call(mutation, input.clone(), "__typename").await;
        assert_eq!(answer.code(), code, "{mutation} {input}");
        assert_eq!(fixture.state().await, state, "{mutation} {input}");
        assert_eq!(fixture.version().await, version, "{mutation} {input}");
    }
}

/// The specific fields of every event type, besides the fields that all have.
const DETAILS: &str = "__typename sequence actor { id } boardId board { id }
    ... on BoardUpdatedEvent { changes { field from to } }
    ... on CardCreatedEvent { cardId card { id } }
    ... on CardUpdatedEvent { cardId card { id } changes { field from to } }
    ... on CardMovedEvent { cardId card { id } fromColumn toColumn }
    ... on CardLabelsChangedEvent { cardId card { id } added removed }
    ... on CardDeletedEvent { cardId title }
    ... on CardRestoredEvent { cardId card { id } }
    ... on CardsPurgedEvent { cardIds }
    ... on LabelCreatedEvent { labelId color name }
    ... on LabelUpdatedEvent { labelId color name changes { field from to } }
    ... on LabelDeletedEvent { labelId color name }
    ... on MemberAddedEvent { userId user { id } role }
    ... on MemberRoleChangedEvent { userId user { id } fromRole: from toRole: to }
    ... on MemberRemovedEvent { userId user { id } }
    ... on CommentAddedEvent { cardId commentId comment { id } }
    ... on CommentUpdatedEvent { cardId commentId comment { id } }
    ... on CommentDeletedEvent { cardId commentId }";

/// The details of the board's events after a sequence number, in ascending order, without the fields
/// that all events have.
async fn details(user: &User, board: &str, after: i64) -> Vec<Value> {
    let query = format!(
        "{{ board(id: {board:?}) {{ activity(first: 200, afterSequence: {after}) {{ nodes {{ {DETAILS} }} }} }} }}"
    );
    let mut events = user.get(&query).await["board"]["activity"]["nodes"].take();
    let events = events.as_array_mut().unwrap();
    events.reverse();
    for event in events.iter_mut() {
        let event = event.as_object_mut().unwrap();
        assert_eq!(event.remove("boardId").unwrap(), board);
        assert_eq!(event.remove("board").unwrap()["id"], board);
        event.remove("sequence").unwrap();
    }
    events.clone()
}

async fn events_tell_what_happened(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, bob, eve, board, cards, trashed, labels, .. } = &fixture;
    let version = fixture.version().await;
    let card = cards[0].as_str();
    for (mutation, input) in [
        (
            "updateBoard",
            json!({ "boardId": board, "title": "Deeds", "description": "d",
            "labels": [{ "color": "RED", "name": "urgent" }] }),
        ),
        (
            "updateCard",
            json!({ "cardId": card, "title": "new", "description": "d", "column": "DONE", "labels": ["RED", "ORANGE"] }),
        ),
        ("restoreCard", json!({ "cardId": trashed })),
        ("deleteCard", json!({ "cardId": trashed })),
        ("updateLabel", json!({ "labelId": labels[0], "name": "hot", "color": "GRAY" })),
        ("createLabel", json!({ "boardId": board, "color": "RED", "name": "r" })),
        ("deleteLabel", json!({ "labelId": labels[0] })),
        ("shareBoard", json!({ "boardId": board, "userId": eve.id, "role": "VIEWER" })),
        ("shareBoard", json!({ "boardId": board, "userId": eve.id, "role": "MEMBER" })),
    ] {
        ann.done(mutation, input, "__typename").await;
    }
    let comment = bob.comment(card, "hm").await;
    let input = json!({ "commentId": comment, "body": "oh" });
    bob.done("updateComment", input, "comment { id }").await;
    let input = json!({ "boardId": board, "userId": bob.id });
    bob.done("unshareBoard", input, "removedUserId").await;
    let (by_ann, by_bob) = (json!({ "id": ann.id }), json!({ "id": bob.id }));
    let new_label = {
        let query = format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}");
        ann.get(&query).await["board"]["labels"][0]["id"].take()
    };
    let about = |card: &str| json!({ "id": card });
    let expected = [
        json!({ "__typename": "BoardUpdatedEvent", "actor": by_ann, "changes": [
            { "field": "title", "from": "Plans", "to": "Deeds" },
            { "field": "description", "from": "", "to": "d" } ] }),
        json!({ "__typename": "LabelUpdatedEvent", "actor": by_ann, "labelId": labels[0], "color": "RED",
            "name": "urgent", "changes": [{ "field": "name", "from": "", "to": "urgent" }] }),
        json!({ "__typename": "CardUpdatedEvent", "actor": by_ann, "cardId": card, "card": about(card),
            "changes": [{ "field": "title", "from": "card 0", "to": "new" },
                        { "field": "description", "from": "", "to": "d" }] }),
        json!({ "__typename": "CardMovedEvent", "actor": by_ann, "cardId": card, "card": about(card),
            "fromColumn": "BACKLOG", "toColumn": "DONE" }),
        json!({ "__typename": "CardLabelsChangedEvent", "actor": by_ann, "cardId": card, "card": about(card),
            "added": ["ORANGE"], "removed": ["BLUE"] }),
        // The card is in the trash again.
        json!({ "__typename": "CardRestoredEvent", "actor": by_ann, "cardId": trashed, "card": null }),
        json!({ "__typename": "CardDeletedEvent", "actor": by_ann, "cardId": trashed, "title": "card 3" }),
        json!({ "__typename": "LabelUpdatedEvent", "actor": by_ann, "labelId": labels[0], "color": "GRAY",
            "name": "hot", "changes": [{ "field": "name", "from": "urgent", "to": "hot" },
                                       { "field": "color", "from": "RED", "to": "GRAY" }] }),
        json!({ "__typename": "LabelCreatedEvent", "actor": by_ann, "labelId": new_label, "color": "RED", "name": "r" }),
        json!({ "__typename": "LabelDeletedEvent", "actor": by_ann, "labelId": labels[0], "color": "GRAY", "name": "hot" }),
        json!({ "__typename": "MemberAddedEvent", "actor": by_ann, "userId": eve.id, "user": { "id": eve.id }, "role": "VIEWER" }),
        json!({ "__typename": "MemberRoleChangedEvent", "actor": by_ann, "userId": eve.id, "user": { "id": eve.id },
            "fromRole": "VIEWER", "toRole": "MEMBER" }),
        json!({ "__typename": "CommentAddedEvent", "actor": by_bob, "cardId": card, "commentId": comment,
            "comment": { "id": comment } }),
        json!({ "__typename": "CommentUpdatedEvent", "actor": by_bob, "cardId": card, "commentId": comment,
            "comment": { "id": comment } }),
        // Bob is no longer a member. As an actor he is still visible, as the subject of an event he is
        // not.
        json!({ "__typename": "MemberRemovedEvent", "actor": by_bob, "userId": bob.id, "user": null }),
    ];
    for (found, expected) in details(ann, board, version).await.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(details(ann, board, version).await.len(), expected.len());
}

async fn ids_stay_when_what_they_name_is_gone(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, board, trashed, comment, labels, .. } = &fixture;
    ann.done("deleteComment", json!({ "commentId": comment }), "card { id }").await;
    ann.done("deleteLabel", json!({ "labelId": labels[1] }), "deletedLabelId").await;
    server.age_trash(31).await;
    let services = kanban::app::services_without_tokens(&server.config()).await.unwrap();
    kanban::service::trash::purge(&services, Some(30)).await.unwrap();
    let events = details(ann, board, 0).await;
    let kind = |name: &'static str| events.iter().filter(move |event| event["__typename"] == name);
    let made: Vec<_> =
        kind("CardCreatedEvent").filter(|e| e["cardId"] == trashed.as_str()).collect();
    assert_eq!(made.len(), 1);
    assert!(made[0]["card"].is_null());
    let added = kind("CommentAddedEvent").next().unwrap();
    assert_eq!((&added["commentId"], &added["comment"]), (&json!(comment), &Value::Null));
    let purged = kind("CardsPurgedEvent").next().unwrap();
    assert_eq!((&purged["cardIds"], &purged["actor"]), (&json!([trashed]), &Value::Null));
    // After an account is deleted, its member events keep the user ID, and its events have no actor.
    server
        .execute(
            "PRAGMA foreign_keys = ON; DELETE FROM users WHERE email = 'bob@example.com'",
            "DELETE FROM users WHERE email = 'bob@example.com'",
        )
        .await;
    let events = details(ann, board, 0).await;
    let member = events.iter().find(|event| event["__typename"] == "MemberAddedEvent").unwrap();
    assert_eq!((&member["userId"], &member["user"]), (&json!(fixture.bob.id), &Value::Null));
}

async fn a_client_catches_up_from_the_version_it_has_seen(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    ann.cards(&board, 3).await;
    let seen = ann.version(&board).await;
    ann.cards(&board, 5).await;
    let query = format!(
        "query($first: Int, $after: String) {{ board(id: {board:?}) {{ version
            activity(first: $first, after: $after, afterSequence: {seen}) {{ totalCount nodes {{ sequence }}
                pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let first = ann.ask(&query, json!({ "first": 3 })).await.ok()["board"].take();
    assert_eq!(first["version"], seen + 5);
    assert_eq!(first["activity"]["totalCount"], 5);
    let sequences = |page: &Value| {
        let nodes = page["activity"]["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|node| node["sequence"].as_i64().unwrap() - seen).collect::<Vec<_>>()
    };
    assert_eq!(sequences(&first), [5, 4, 3]);
    assert_eq!(first["activity"]["pageInfo"]["hasNextPage"], true);
    let after = &first["activity"]["pageInfo"]["endCursor"];
    let second = ann.ask(&query, json!({ "after": after })).await.ok()["board"].take();
    assert_eq!(sequences(&second), [2, 1]);
    assert_eq!(second["activity"]["pageInfo"]["hasNextPage"], false);
    // A client that has seen no events yet passes 0 or less.
    for after in [-1, 0] {
        let query = format!(
            "{{ board(id: {board:?}) {{ activity(afterSequence: {after}) {{ totalCount }} }} }}"
        );
        assert_eq!(ann.get(&query).await["board"]["activity"]["totalCount"], seen + 5);
    }
}

async fn a_card_has_a_history_of_its_own(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, cards, .. } = &fixture;
    ann.move_card(&cards[0], "DONE", json!({})).await;
    ann.move_card(&cards[1], "DONE", json!({})).await;
    let query = format!(
        "{{ card(id: {:?}) {{ activity {{ totalCount nodes {{ __typename board {{ title }} }} }} }} }}",
        cards[0]
    );
    let found = ann.get(&query).await["card"]["activity"].take();
    let expected =
        ["CardMovedEvent", "CommentAddedEvent", "CardLabelsChangedEvent", "CardCreatedEvent"];
    assert_eq!(column(&found["nodes"], "__typename"), expected);
    assert_eq!(found["totalCount"], 4);
    assert_eq!(found["nodes"][0]["board"]["title"], "Plans");
}

/// The version and the time of the last change of a card, on the board or in its trash.
async fn card_state(user: &User, board: &str, card: &str) -> (i64, String) {
    let list = "{ nodes { id version updatedAt } }";
    let query = format!("{{ board(id: {board:?}) {{ cards {list} deletedCards {list} }} }}");
    let found = user.get(&query).await["board"].take();
    let lists =
        ["cards", "deletedCards"].map(|list| found[list]["nodes"].as_array().unwrap().clone());
    let cards = lists.concat();
    let found = cards.iter().find(|one| one["id"] == card).unwrap();
    (found["version"].as_i64().unwrap(), text(&found["updatedAt"]))
}

async fn versions_follow_text_place_labels_and_trash(server: Arc<Server>) {
    let fixture = Fixture::new(&server).await;
    let Fixture { ann, board, cards, comment, labels, .. } = &fixture;
    let card = cards[0].as_str();
    for (mutation, input, follows) in [
        ("updateCard", json!({ "cardId": card, "title": "new" }), true),
        (
            "updateCard",
            json!({ "cardId": card, "title": "n", "column": "DONE", "labels": ["RED"] }),
            true,
        ),
        ("moveCard", json!({ "cardId": card, "column": "BACKLOG" }), true),
        ("addLabelsToCard", json!({ "cardId": card, "labels": ["BLUE"] }), true),
        ("removeLabelsFromCard", json!({ "cardId": card, "labels": ["BLUE"] }), true),
        ("updateLabel", json!({ "labelId": labels[0], "name": "new" }), false),
        ("deleteLabel", json!({ "labelId": labels[3] }), false),
        // The card has this label and loses it.
        ("deleteLabel", json!({ "labelId": labels[0] }), true),
        ("addComment", json!({ "cardId": card, "body": "x" }), false),
        ("updateComment", json!({ "commentId": comment, "body": "x" }), false),
        ("updateCard", json!({ "cardId": cards[1], "title": "x" }), false),
        ("deleteCard", json!({ "cardId": card }), true),
        ("restoreCard", json!({ "cardId": card }), true),
    ] {
        let before = card_state(ann, board, card).await;
        ann.done(mutation, input.clone(), "__typename").await;
        let (after, version) = (card_state(ann, board, card).await, ann.version(board).await);
        if follows {
            assert_eq!(after.0, version, "{mutation} {input}");
            assert!(after.1 > before.1, "{mutation} {input}");
        } else {
            assert_eq!(after, before, "{mutation} {input}");
        }
    }
}

async fn long_texts_are_cut_and_addresses_left_out(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let bob = server.user("bob").await;
    let board = ann.board("Plans").await;
    ann.share(&board, &bob).await;
    let card = ann.card(&board, "x").await;
    let version = ann.version(&board).await;
    let (title, description) = ("é".repeat(201), "y".repeat(20_000));
    let input = json!({ "cardId": card, "title": title, "description": description });
    ann.done("updateCard", input, "card { id }").await;
    ann.delete_card(&card).await;
    let events = details(&ann, &board, version).await;
    let cut = format!("{}…", "é".repeat(199));
    assert_eq!(events[0]["changes"][0]["to"], cut.as_str());
    assert_eq!(events[1]["title"], cut.as_str());
    assert_eq!(text(&events[0]["changes"][1]["to"]).chars().count(), 200);
    // No event contains an email address.
    let stored = "SELECT count(*) FROM board_events WHERE payload LIKE '%@%'";
    server
        .execute(
            &format!("CREATE TEMP TABLE t (n INTEGER CHECK (n = 0)); INSERT INTO t {stored}"),
            &format!("CREATE TEMP TABLE t (n bigint CHECK (n = 0)); INSERT INTO t {stored}"),
        )
        .await;
}

/// Every path to a board shows the same version of it, and nothing below it is older, so that a client
/// which reads on from this version misses nothing.
async fn an_answer_shows_one_state_of_a_board(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let card = ann.card(&board, "x").await;
    let comment = ann.comment(&card, "hm").await;
    let found = ann.get(&format!("{{ board(id: {board:?}) {{ labels {{ id }} }} }}")).await;
    let label = &found["board"]["labels"][0]["id"];
    let beneath = "version cards(first: 5) { nodes { changed: version board { version } labels { board { version } }
            comments(first: 5) { nodes { card { changed: version board { version } } } }
            activity(first: 5) { nodes { sequence board { version } } } } }
        labels { board { version } } columns { board { version } cards(first: 5) { nodes { changed: version board { version } } } }
        activity(first: 5) { nodes { sequence board { version }
            ... on CommentAddedEvent { comment { card { board { version } } } } } }";
    let query = format!(
        "{{ boards(first: 5) {{ nodes {{ {beneath} }} }} board(id: {board:?}) {{ {beneath} }}
            card(id: {card:?}) {{ changed: version board {{ {beneath} }} }}
            nodes(ids: [{board:?}, {card:?}, {comment:?}, {label}]) {{
                ... on Board {{ {beneath} }} ... on Card {{ changed: version board {{ {beneath} }} }}
                ... on Comment {{ card {{ board {{ {beneath} }} }} }} ... on Label {{ board {{ {beneath} }} }} }} }}"
    );
    let write = async |n: i32| {
        let input = json!({ "cardId": card, "title": format!("title {n}") });
        ann.done("updateCard", input, "card { id }").await;
    };
    write(0).await;
    let writing = async {
        for n in 1..60 {
            write(n).await;
        }
    };
    let reading = async {
        for _ in 0..40 {
            let found = ann.get(&query).await;
            let boards = [
                &found["boards"]["nodes"][0],
                &found["board"],
                &found["card"]["board"],
                &found["nodes"][0],
                &found["nodes"][1]["board"],
                &found["nodes"][2]["card"]["board"],
                &found["nodes"][3]["board"],
            ];
            for board in boards {
                assert_one_state(board);
            }
            for card in [&found["card"], &found["nodes"][1]] {
                // Every change concerns this card, so the card and its board have the same version.
                assert_eq!(card["changed"], card["board"]["version"]);
            }
        }
    };
    tokio::join!(writing, reading);
}

/// The board has one version, its cards are at least as new, and the events up to this version are
/// listed.
#[track_caller]
fn assert_one_state(board: &Value) {
    let mut versions = BTreeSet::new();
    collect(board, "version", &mut versions);
    assert_eq!(versions.len(), 1, "{board}");
    let version = *versions.first().unwrap();
    let mut cards = BTreeSet::new();
    collect(board, "changed", &mut cards);
    assert!(*cards.first().unwrap() >= version, "{board}");
    let newest = board["activity"]["nodes"][0]["sequence"].as_i64().unwrap();
    assert!(newest >= version, "{board}");
}

/// Collects all numbers with this field name.
fn collect(value: &Value, name: &str, numbers: &mut BTreeSet<i64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, numbers)),
        Value::Object(fields) => {
            numbers.extend(fields.get(name).and_then(Value::as_i64));
            fields.values().for_each(|field| collect(field, name, numbers));
        }
        _ => {}
    }
}
