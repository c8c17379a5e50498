//! The rows of the tables, and what they become in the domain.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::db::MemorySize;
use super::dsl::row;
use super::schema::{
    board_events, boards, cards, comments, labels, outbox, sessions, users, users_boards,
};
use crate::domain::{
    Board, BoardId, BoardRole, Card, CardColumn, CardId, Comment, CommentId, Error, Event,
    EventPayload, Label, LabelColor, LabelId, Member, Name, Rank, Result, Session, SessionId,
    Timestamp, User, UserId, UserKey,
};

row! {
    BoardRow of boards {
        id: i64,
        title: String,
        created_at: Timestamp,
        updated_at: Timestamp,
        version: i64,
        deleted_at: Option<Timestamp>,
        created_by: Option<i64>;
        long description
    }
}

impl MemorySize for BoardRow {
    fn text_bytes(&self) -> usize {
        self.title.len() + self.description.text_bytes()
    }
}

impl From<BoardRow> for Board {
    fn from(row: BoardRow) -> Self {
        Self {
            id: BoardId(row.id),
            title: row.title,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
            deleted_at: row.deleted_at,
            created_by: row.created_by.map(UserKey),
        }
    }
}

row! {
    CardRow of cards {
        id: i64,
        board_id: i64,
        title: String,
        column: CardColumn,
        rank: Rank,
        version: i64,
        created_at: Timestamp,
        updated_at: Timestamp,
        deleted_at: Option<Timestamp>,
        created_by: Option<i64>;
        long description
    }
}

impl MemorySize for CardRow {
    fn text_bytes(&self) -> usize {
        self.title.len() + self.description.text_bytes() + self.rank.text_bytes()
    }
}

impl From<CardRow> for Card {
    fn from(row: CardRow) -> Self {
        Self {
            id: CardId(row.id),
            board_id: BoardId(row.board_id),
            title: row.title,
            description: row.description,
            column: row.column,
            rank: row.rank,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            created_by: row.created_by.map(UserKey),
        }
    }
}

row! {
    LabelRow of labels {
        id: i64,
        board_id: i64,
        color: LabelColor,
        name: String,
        created_at: Timestamp,
        updated_at: Timestamp
    }
}

impl MemorySize for LabelRow {
    fn text_bytes(&self) -> usize {
        self.name.len()
    }
}

impl From<LabelRow> for Label {
    fn from(row: LabelRow) -> Self {
        Self {
            id: LabelId(row.id),
            board_id: BoardId(row.board_id),
            color: row.color,
            name: row.name,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

row! {
    CommentRow of comments {
        id: i64,
        card_id: i64,
        author_id: Option<i64>,
        created_at: Timestamp,
        updated_at: Timestamp;
        long body
    }
}

impl MemorySize for CommentRow {
    fn text_bytes(&self) -> usize {
        self.body.text_bytes()
    }
}

impl CommentRow {
    /// The comment, whose card is on this board.
    pub(super) fn on(self, board: BoardId) -> Comment {
        Comment {
            id: CommentId(self.id),
            card_id: CardId(self.card_id),
            board_id: board,
            author: self.author_id.map(UserKey),
            body: self.body,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

row! {
    UserRow of users {
        id: i64,
        public_id: UserId,
        email: String,
        name: String,
        created_at: Timestamp,
        updated_at: Timestamp,
        email_verified_at: Option<Timestamp>
    }
}

impl MemorySize for UserRow {
    fn text_bytes(&self) -> usize {
        self.email.len() + self.name.len()
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            key: UserKey(row.id),
            id: row.public_id,
            // An instance of an earlier version stores no name.
            name: if row.name.is_empty() { Name::of(&row.email).into() } else { row.name },
            email: row.email,
            email_verified_at: row.email_verified_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

row! {
    MembershipRow of users_boards {
        created_at: Timestamp,
        role: BoardRole
    }
}

impl MemorySize for MembershipRow {}

/// A user, and their membership of a board.
pub(super) type MemberRow = (UserRow, MembershipRow);

pub(super) fn member((user, membership): MemberRow) -> Member {
    Member { user: user.into(), since: membership.created_at, role: membership.role }
}

row! {
    SessionRow of sessions {
        id: i64,
        created_at: Timestamp,
        last_used_at: Timestamp,
        expires_at: Timestamp,
        user_agent: Option<String>,
        network: Option<String>
    }
}

impl MemorySize for SessionRow {
    fn text_bytes(&self) -> usize {
        self.user_agent.text_bytes() + self.network.text_bytes()
    }
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let SessionRow { id, created_at, last_used_at, expires_at, user_agent, network } = row;
        Self { id: SessionId(id), created_at, last_used_at, expires_at, user_agent, network }
    }
}

row! {
    OutboxRow of outbox {
        id: i64,
        email: String,
        content: String,
        created_at: Timestamp,
        attempts: i64
    }
}

impl MemorySize for OutboxRow {
    fn text_bytes(&self) -> usize {
        self.email.len() + self.content.len()
    }
}

row! {
    EventRow of board_events {
        board_id: i64,
        sequence: i64,
        created_at: Timestamp,
        actor_id: Option<i64>,
        kind: String,
        payload: String,
        client_mutation_id: Option<String>
    }
}

impl MemorySize for EventRow {
    fn text_bytes(&self) -> usize {
        self.kind.len() + self.payload.len() + self.client_mutation_id.text_bytes()
    }
}

/// The name of the kind within the JSON of a payload; it has a column of its own.
pub(super) const KIND: &str = "kind";

impl EventRow {
    /// What happened. An error may mean that a newer version of the program has written the event.
    pub(super) fn payload(&self) -> serde_json::Result<EventPayload> {
        let mut map: Map<String, Value> = serde_json::from_str(&self.payload)?;
        map.insert(KIND.into(), self.kind.clone().into());
        serde_json::from_value(Value::Object(map))
    }
}

impl TryFrom<EventRow> for Event {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self> {
        let payload = row.payload().map_err(|error| {
            tracing::error!(%error, board = row.board_id, sequence = row.sequence, "an event cannot be read");
            Error::Internal
        })?;
        Ok(Self {
            board_id: BoardId(row.board_id),
            sequence: row.sequence,
            created_at: row.created_at,
            actor: row.actor_id.map(UserKey),
            client_mutation_id: row.client_mutation_id,
            payload,
        })
    }
}
