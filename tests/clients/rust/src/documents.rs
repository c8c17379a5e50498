//! The documents: cynic writes them from these types, and compares them with the schema when it compiles.

use cynic::{Enum, Id, InlineFragments, InputObject, QueryFragment, QueryVariables};

#[cynic::schema("kanban")]
mod schema {}

// --- Sessions ---

#[derive(InputObject)]
pub struct LogInInput {
    pub email: String,
    pub password: String,
}

#[derive(QueryVariables)]
pub struct LogInVariables {
    pub input: LogInInput,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "LogInVariables")]
pub struct LogIn {
    #[arguments(input: $input)]
    pub log_in: Option<LogInPayload>,
}

#[derive(QueryFragment)]
pub struct LogInPayload {
    pub access_token: String,
    pub refresh_token: String,
}

#[derive(InputObject)]
pub struct RefreshSessionInput {
    pub refresh_token: String,
}

#[derive(QueryVariables)]
pub struct RefreshVariables {
    pub input: RefreshSessionInput,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "RefreshVariables")]
pub struct Refresh {
    #[arguments(input: $input)]
    pub refresh_session: Option<RefreshSessionPayload>,
}

#[derive(QueryFragment)]
pub struct RefreshSessionPayload {
    pub access_token: String,
    pub refresh_token: String,
}

// --- Queries ---

#[derive(QueryFragment)]
#[cynic(graphql_type = "Query")]
pub struct Viewer {
    pub viewer: User,
}

#[derive(QueryFragment)]
pub struct User {
    pub email: String,
}

#[derive(QueryVariables)]
pub struct BoardVariables {
    pub id: Id,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Query", variables = "BoardVariables")]
pub struct BoardTitle {
    #[arguments(id: $id)]
    pub board: Option<Board>,
}

#[derive(QueryFragment)]
pub struct Board {
    pub title: String,
}

/// The list may grow, so the client must be able to read a value that it does not know.
#[derive(Clone, Enum)]
pub enum CardColumn {
    Backlog,
    Todo,
    Doing,
    Done,
    #[cynic(fallback)]
    Unknown(String),
}

#[derive(Default, InputObject)]
pub struct CardFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<CardColumn>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(QueryVariables)]
pub struct CardsVariables {
    pub board_id: Id,
    pub first: i32,
    pub after: Option<String>,
    pub filter: CardFilter,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Query", variables = "CardsVariables")]
pub struct Cards {
    #[arguments(id: $board_id)]
    pub board: Option<BoardCards>,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Board", variables = "CardsVariables")]
pub struct BoardCards {
    #[arguments(first: $first, after: $after, filter: $filter)]
    pub cards: CardConnection,
}

#[derive(QueryFragment)]
pub struct CardConnection {
    pub nodes: Vec<Card>,
    pub page_info: PageInfo,
}

#[derive(QueryFragment)]
pub struct Card {
    pub id: Id,
    pub title: String,
}

#[derive(QueryFragment)]
pub struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

// --- Mutations ---

#[derive(InputObject)]
pub struct CardInput {
    pub title: String,
    pub column: CardColumn,
}

#[derive(InputObject)]
pub struct CreateCardInput {
    pub board_id: Id,
    pub card: CardInput,
    pub client_mutation_id: Option<String>,
}

#[derive(QueryVariables)]
pub struct CreateCardVariables {
    pub input: CreateCardInput,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "CreateCardVariables")]
pub struct CreateCard {
    #[arguments(input: $input)]
    pub create_card: Option<CreateCardPayload>,
}

#[derive(QueryFragment)]
pub struct CreateCardPayload {
    pub card: Card,
}

/// A field that is `None` is not sent, so it stays as it is.
#[derive(InputObject)]
pub struct UpdateCardInput {
    pub card_id: Id,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<i32>,
}

#[derive(QueryVariables)]
pub struct UpdateTwoVariables {
    pub found: UpdateCardInput,
    pub missing: UpdateCardInput,
}

/// Each mutation of a document succeeds or fails on its own: the payload of one that failed is `None`.
#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "UpdateTwoVariables")]
pub struct UpdateTwo {
    #[arguments(input: $found)]
    #[cynic(alias, rename = "updateCard")]
    pub found: Option<UpdateCardPayload>,
    #[arguments(input: $missing)]
    #[cynic(alias, rename = "updateCard")]
    pub missing: Option<UpdateCardPayload>,
}

#[derive(QueryFragment)]
pub struct UpdateCardPayload {
    pub card: Card,
}

// --- Subscriptions ---

#[derive(QueryVariables)]
pub struct BoardEventsVariables {
    pub board_id: Id,
    pub after_sequence: i32,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Subscription", variables = "BoardEventsVariables")]
pub struct BoardEvents {
    #[arguments(boardId: $board_id, afterSequence: $after_sequence)]
    pub board_events: BoardEventsPayload,
}

#[derive(QueryFragment)]
pub struct BoardEventsPayload {
    pub reset: bool,
    pub events: Vec<BoardEvent>,
}

#[derive(InlineFragments)]
pub enum BoardEvent {
    CardUpdatedEvent(CardUpdatedEvent),
    #[cynic(fallback)]
    Other,
}

#[derive(QueryFragment)]
pub struct CardUpdatedEvent {
    pub card: Option<Card>,
}
