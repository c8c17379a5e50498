//! A client keeps a copy of a board from the payloads of `boardEvents` alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Server, Socket, User, column, scenarios, text};

scenarios![
    copies_equal_the_board_while_four_writers_change_it,
    a_column_with_new_ranks_is_sent_whole,
];

const CARD: &str = "id title description column rank version labels { id } createdAt updatedAt";
const LABEL: &str = "id name color createdAt updatedAt";

fn fields() -> String {
    format!(
        "version title description labels {{ {LABEL} }} cards(first: 1000) {{ nodes {{ {CARD} }} }}
         members(first: 200) {{ edges {{ role node {{ id email }} }} }}"
    )
}

fn payload() -> String {
    format!(
        "sequence reset board {{ {} }}
         events {{ __typename sequence createdAt
           ... on BoardCreatedEvent {{ board {{ title description labels {{ {LABEL} }}
             members {{ edges {{ role node {{ id email }} }} }} }} }}
           ... on BoardUpdatedEvent {{ board {{ title description }} }}
           ... on CardCreatedEvent {{ cardId card {{ {CARD} }} }}
           ... on CardUpdatedEvent {{ cardId card {{ {CARD} }} }}
           ... on CardMovedEvent {{ cardId card {{ {CARD} }} }}
           ... on CardLabelsChangedEvent {{ cardId card {{ {CARD} }} }}
           ... on CardRestoredEvent {{ cardId card {{ {CARD} }} }}
           ... on CardDeletedEvent {{ cardId }}
           ... on ColumnReorderedEvent {{ cards {{ {CARD} }} }}
           ... on LabelCreatedEvent {{ label {{ {LABEL} }} }}
           ... on LabelUpdatedEvent {{ label {{ {LABEL} }} }}
           ... on LabelDeletedEvent {{ labelId }}
           ... on MemberAddedEvent {{ user {{ id email }} role }}
           ... on MemberRoleChangedEvent {{ userId to }}
           ... on MemberRemovedEvent {{ userId }} }}",
        fields()
    )
}

/// A copy of a board, by the IDs of its objects.
#[derive(Clone, Debug, Default, PartialEq)]
struct Copy {
    sequence: i64,
    texts: (String, String),
    labels: BTreeMap<String, Value>,
    cards: BTreeMap<String, Value>,
    /// The role and the e-mail address.
    members: BTreeMap<String, (Value, Value)>,
}

fn by_id(list: &Value) -> BTreeMap<String, Value> {
    list.as_array().unwrap().iter().map(|one| (text(&one["id"]), one.clone())).collect()
}

fn members(edges: &Value) -> BTreeMap<String, (Value, Value)> {
    let edges = edges.as_array().unwrap().iter();
    edges
        .map(|edge| {
            (text(&edge["node"]["id"]), (edge["role"].clone(), edge["node"]["email"].clone()))
        })
        .collect()
}

impl Copy {
    /// Fetches the board.
    async fn fetch(user: &User, board: &str) -> Self {
        let query = format!("{{ board(id: {board:?}) {{ {} }} }}", fields());
        Self::of(&user.get(&query).await["board"])
    }

    fn of(board: &Value) -> Self {
        Self {
            sequence: board["version"].as_i64().unwrap(),
            texts: (text(&board["title"]), text(&board["description"])),
            labels: by_id(&board["labels"]),
            cards: by_id(&board["cards"]["nodes"]),
            members: members(&board["members"]["edges"]),
        }
    }

    fn apply_payload(&mut self, payload: &Value) {
        assert_eq!(payload["reset"], false);
        for event in payload["events"].as_array().unwrap() {
            let sequence = event["sequence"].as_i64().unwrap();
            assert_eq!(sequence, self.sequence + 1);
            self.apply(event, sequence);
            self.sequence = sequence;
        }
        assert_eq!(payload["sequence"], self.sequence);
        let board = Self::of(&payload["board"]);
        assert!(board.sequence >= self.sequence);
        // Otherwise more follows.
        if board.sequence == self.sequence {
            assert_eq!(*self, board, "the payload was not read from one snapshot");
        }
    }

    fn apply(&mut self, event: &Value, sequence: i64) {
        match event["__typename"].as_str().unwrap() {
            "BoardCreatedEvent" | "BoardUpdatedEvent" => {
                let board = &event["board"];
                self.texts = (text(&board["title"]), text(&board["description"]));
                if event["__typename"] == "BoardCreatedEvent" {
                    self.labels = by_id(&board["labels"]);
                    self.members = members(&board["members"]["edges"]);
                }
            }
            "CardDeletedEvent" => drop(self.cards.remove(&text(&event["cardId"]))),
            "ColumnReorderedEvent" => self.cards.extend(by_id(&event["cards"])),
            "LabelCreatedEvent" | "LabelUpdatedEvent" => self.put_label(&event["label"]),
            "LabelDeletedEvent" => self.remove_label(event, sequence),
            "MemberAddedEvent" => {
                let member = (event["role"].clone(), event["user"]["email"].clone());
                self.members.insert(text(&event["user"]["id"]), member);
            }
            "MemberRoleChangedEvent" => {
                let member = self.members.get_mut(&text(&event["userId"])).unwrap();
                member.0 = event["to"].clone();
            }
            "MemberRemovedEvent" => drop(self.members.remove(&text(&event["userId"]))),
            // A card that is gone by now: its deletion follows.
            _ if event["card"].is_null() => drop(self.cards.remove(&text(&event["cardId"]))),
            _ => drop(self.cards.insert(text(&event["cardId"]), event["card"].clone())),
        }
    }

    fn put_label(&mut self, label: &Value) {
        if !label.is_null() {
            self.labels.insert(text(&label["id"]), label.clone());
        }
    }

    /// The cards that had the label lose it, which is a change of these cards.
    fn remove_label(&mut self, event: &Value, sequence: i64) {
        self.labels.remove(&text(&event["labelId"]));
        for card in self.cards.values_mut() {
            let labels = card["labels"].as_array_mut().unwrap();
            let before = labels.len();
            labels.retain(|label| label["id"] != event["labelId"]);
            if labels.len() < before {
                card["version"] = sequence.max(card["version"].as_i64().unwrap()).into();
                card["updatedAt"] = event["createdAt"].clone();
            }
        }
    }
}

/// A small generator of numbers, the same in each run.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn of<'a>(&mut self, list: &'a [String]) -> Option<&'a String> {
        if list.is_empty() { None } else { list.get(self.up_to(list.len())) }
    }
}

const COLUMNS: [&str; 4] = ["BACKLOG", "TODO", "DOING", "DONE"];

/// Changes the board once. Other writers may get in between, so some changes fail.
async fn change(user: &User, board: &str, other: &User, dice: &mut Dice) {
    let query = format!(
        "{{ board(id: {board:?}) {{ cards(first: 30) {{ nodes {{ id }} }} labels {{ id color }}
           deletedCards(first: 5) {{ nodes {{ id }} }} }} }}"
    );
    let found = user.get(&query).await["board"].take();
    let cards = column(&found["cards"]["nodes"], "id");
    let (labels, colors) = (column(&found["labels"], "id"), column(&found["labels"], "color"));
    let deleted = column(&found["deletedCards"]["nodes"], "id");
    let number = dice.up_to(1000);
    let color = dice.of(&colors).cloned();
    let colors: Vec<_> = color.iter().collect();
    let to = COLUMNS[dice.up_to(4)];
    let card = dice.of(&cards).cloned().unwrap_or_default();
    let role = if number % 4 == 1 { "VIEWER" } else { "MEMBER" };
    let (mutation, input) = match dice.up_to(14) {
        0 | 1 => (
            "createCard",
            json!({ "boardId": board, "card": { "title": format!("card {number}"), "column": to, "labels": colors } }),
        ),
        2 => (
            "createCards",
            json!({ "boardId": board, "cards": [{ "title": "a" }, { "title": "b", "column": to }] }),
        ),
        3 | 4 => (
            "updateCard",
            json!({ "cardId": card, "title": format!("title {number}"), "column": to, "labels": colors }),
        ),
        5 => ("updateCard", json!({ "cardId": card, "description": format!("text {number}") })),
        6 | 7 => {
            ("moveCard", json!({ "cardId": card, "column": to, "beforeCardId": dice.of(&cards) }))
        }
        8 => ("deleteCard", json!({ "cardId": card })),
        9 => ("restoreCard", json!({ "cardId": dice.of(&deleted).cloned().unwrap_or_default() })),
        10 => ("addLabelsToCard", json!({ "cardId": card, "labels": colors })),
        11 => (
            "updateLabel",
            json!({ "labelId": dice.of(&labels).cloned().unwrap_or_default(), "name": format!("label {number}") }),
        ),
        12 if labels.len() > 4 => ("deleteLabel", json!({ "labelId": dice.of(&labels) })),
        12 => ("createLabel", json!({ "boardId": board, "color": "GRAY", "name": "new" })),
        _ if number.is_multiple_of(2) => {
            ("updateBoard", json!({ "boardId": board, "title": format!("board {number}") }))
        }
        _ => ("shareBoard", json!({ "boardId": board, "userId": other.id, "role": role })),
    };
    user.call(mutation, input, "__typename").await;
}

async fn copies_equal_the_board_while_four_writers_change_it(server: Arc<Server>) {
    let other = Arc::new(server.another(&[]).await);
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let far = User { server: Arc::clone(&other), ..ann.clone() };
    let board = ann.board("Plans").await;
    let early = Copy::fetch(&ann, &board).await;
    ann.cards(&board, 10).await;
    let done = Arc::new(AtomicBool::new(false));
    let writers = join_all((0..4).map(|writer| {
        let user = if writer % 2 == 0 { ann.clone() } else { far.clone() };
        let (bob, board) = (bob.clone(), board.clone());
        tokio::spawn(async move {
            let mut dice = Dice(writer);
            for _ in 0..60 {
                change(&user, &board, &bob, &mut dice).await;
            }
        })
    }));
    let fresh = Copy::fetch(&ann, &board).await;
    let followers = [(&far, Copy::default()), (&ann, early), (&far, fresh)].map(|(user, copy)| {
        let (user, board, done) = (user.clone(), board.clone(), Arc::clone(&done));
        tokio::spawn(async move { follow(&user, &board, copy, &done).await })
    });
    for writer in writers.await {
        writer.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let mut compared = 0;
    for follower in join_all(followers).await {
        compared += follower.unwrap();
    }
    assert!(compared >= 100, "compared only {compared} times");
    other.stop().await;
}

/// Keeps a copy until the writers are done. Returns how often it was compared with the board.
async fn follow(user: &User, board: &str, mut copy: Copy, done: &AtomicBool) -> usize {
    let mut socket = Socket::of(user).await;
    socket.follow("1", board, Some(copy.sequence), &payload()).await;
    let mut compared = 0;
    loop {
        let is_last = done.load(Ordering::SeqCst);
        let fresh = Copy::fetch(user, board).await;
        while copy.sequence < fresh.sequence {
            let news = socket.news("1").await;
            copy.apply_payload(&news);
        }
        if copy.sequence == fresh.sequence {
            assert_eq!(copy, fresh);
            compared += 1;
        }
        if is_last {
            assert_eq!(copy, fresh);
            return compared;
        }
    }
}

async fn a_column_with_new_ranks_is_sent_whole(server: Arc<Server>) {
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let cards = ann.cards(&board, 4).await;
    let input = json!({ "cardId": cards[1], "labels": ["RED"] });
    ann.done("addLabelsToCard", input, "card { id }").await;
    let mut copy = Copy::fetch(&ann, &board).await;
    let mut socket = Socket::of(&ann).await;
    socket.follow("1", &board, Some(copy.sequence), &payload()).await;
    socket.news("1").await;
    // Two cards change places between two others until their ranks are too long.
    let mut was_reordered = false;
    for n in 0..400 {
        let neighbours = json!({ "beforeCardId": cards[0] });
        ann.move_card(&cards[1 + n % 2], "BACKLOG", neighbours).await;
        let news = socket.news("1").await;
        copy.apply_payload(&news);
        if news["events"][0]["__typename"] == "ColumnReorderedEvent" {
            was_reordered = true;
            assert_eq!(copy, Copy::fetch(&ann, &board).await);
            break;
        }
    }
    assert!(was_reordered);
}
