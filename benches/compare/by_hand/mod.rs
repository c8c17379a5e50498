//! The reference to approach: a hand-written handler for each request, with as few prepared statements
//! as possible and the same JSON as kanban.
//!
//! Each handler checks the access token and the viewer's membership, as kanban does. It does not check
//! the session, has no limits and no log, and supports no other requests.

mod postgres;
mod sqlite;

use std::collections::HashMap;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use chrono::{DateTime, SecondsFormat, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kanban::domain::{CardColumn, CardId, LabelId, PublicId, Rank};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::support::SECRET;

/// The number of database connections, the same as kanban's.
const CONNECTIONS: usize = 10;

/// Serves on a free port, which is written to stderr, until the process is killed.
pub async fn serve(database_url: &str) {
    match database_url.strip_prefix("sqlite://") {
        Some(path) => run(sqlite::Sqlite::open(path)).await,
        None => run(postgres::Postgres::connect(database_url).await).await,
    }
}

/// The database operations of the handlers. `user` is the public ID in the token.
trait Database: Send + Sync + 'static {
    fn board(&self, user: String, board: i64) -> impl Future<Output = Option<Titled>> + Send;
    fn boards(&self, user: String) -> impl Future<Output = Vec<Listed>> + Send;
    fn whole(&self, user: String, board: i64) -> impl Future<Output = Option<Whole>> + Send;
    fn page(
        &self,
        user: String,
        board: i64,
        after: Option<Place>,
    ) -> impl Future<Output = Option<Page>> + Send;
    fn create(&self, user: String, new: NewCard) -> impl Future<Output = Option<Changed>> + Send;
    fn update(
        &self,
        user: String,
        card: i64,
        title: String,
    ) -> impl Future<Output = Option<Changed>> + Send;
    fn move_to(
        &self,
        user: String,
        card: i64,
        column: CardColumn,
    ) -> impl Future<Output = Option<Changed>> + Send;
    fn account(&self, email: String) -> impl Future<Output = Option<Account>> + Send;
    fn begin_session(&self, user: i64, token_hash: String) -> impl Future<Output = i64> + Send;
}

#[derive(Serialize)]
struct Titled {
    id: String,
    title: String,
}

#[derive(Serialize)]
struct Label {
    #[serde(skip)]
    key: i64,
    id: String,
    color: String,
    name: String,
}

/// A label that many cards have.
#[derive(Clone)]
struct SharedLabel(Arc<Label>);

impl Serialize for SharedLabel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Serialize)]
struct Listed {
    id: String,
    title: String,
    labels: Vec<SharedLabel>,
    cards: Count,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: i64,
}

#[derive(Serialize)]
struct Whole {
    id: String,
    title: String,
    version: i64,
    labels: Vec<SharedLabel>,
    columns: [Column; 4],
}

#[derive(Serialize)]
struct Column {
    column: &'static str,
    cards: Nodes<Card>,
}

#[derive(Serialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    id: String,
    title: String,
    description: String,
    rank: String,
    version: i64,
    created_at: String,
    updated_at: String,
    labels: Vec<SharedLabel>,
}

#[derive(Serialize)]
struct Page {
    cards: PageOfCards,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageOfCards {
    nodes: Vec<ShortCard>,
    page_info: PageInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShortCard {
    id: String,
    title: String,
    column: String,
    updated_at: String,
    labels: Vec<SharedLabel>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// A position among the cards of a board. Its cursor is `column/rank/key`.
struct Place {
    column: i64,
    rank: String,
    key: i64,
}

impl Place {
    /// The position before all cards.
    fn start() -> Self {
        Self { column: -1, rank: String::new(), key: 0 }
    }

    fn parse(cursor: &str) -> Option<Self> {
        let [column, rank, key] = cursor.split('/').collect::<Vec<_>>().try_into().ok()?;
        Some(Self { column: column.parse().ok()?, rank: rank.to_owned(), key: key.parse().ok()? })
    }
}

/// The number of cards of a page.
const PAGE: i64 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewCard {
    board_id: String,
    title: String,
    description: String,
    column: CardColumn,
    labels: Vec<String>,
}

/// The fields of a card that a write returns.
#[derive(Serialize)]
struct Changed {
    id: String,
    title: String,
    column: String,
    rank: String,
    version: i64,
}

struct Account {
    key: i64,
    public_id: String,
    hash: String,
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn card_id(key: i64) -> String {
    CardId(key).to_public()
}

fn label(key: i64, color: String, name: String) -> SharedLabel {
    SharedLabel(Arc::new(Label { key, id: LabelId(key).to_public(), color, name }))
}

/// Sorts labels in the API's order: by colour, which is the order of their keys here.
fn labels_in_order(mut labels: Vec<SharedLabel>) -> Vec<SharedLabel> {
    labels.sort_unstable_by_key(|label| label.0.key);
    labels
}

/// The labels of each card.
type Borne = HashMap<i64, Vec<SharedLabel>>;

/// From pairs of a card and a label.
fn borne(pairs: impl IntoIterator<Item = (i64, i64)>, labels: &[SharedLabel]) -> Borne {
    let by_key: HashMap<i64, &SharedLabel> =
        labels.iter().map(|label| (label.0.key, label)).collect();
    let mut borne = Borne::new();
    for (card, label) in pairs {
        borne.entry(card).or_default().push(by_key[&label].clone());
    }
    borne
}

fn taken(borne: &mut Borne, card: i64) -> Vec<SharedLabel> {
    labels_in_order(borne.remove(&card).unwrap_or_default())
}

fn below(last: Option<String>) -> Rank {
    Rank::between(last.map(Rank::from_stored).as_ref(), None).unwrap()
}

fn columns(cards: Vec<(i64, Card)>) -> [Column; 4] {
    let mut columns = CardColumn::ALL
        .map(|column| Column { column: column.as_str(), cards: Nodes { nodes: Vec::new() } });
    for (place, card) in cards {
        columns[usize::try_from(place).unwrap()].cards.nodes.push(card);
    }
    columns
}

/// The page of these rows, which include one more than the page size if there is a next page.
fn page(mut rows: Vec<(ShortCard, Place)>) -> Page {
    let limit = usize::try_from(PAGE).unwrap();
    let has_next_page = rows.len() > limit;
    rows.truncate(limit);
    let cursor = |Place { column, rank, key }: &Place| format!("{column}/{rank}/{key}");
    let end_cursor = rows.last().map(|(_, place)| cursor(place));
    let nodes = rows.into_iter().map(|(card, _)| card).collect();
    Page { cards: PageOfCards { nodes, page_info: PageInfo { has_next_page, end_cursor } } }
}

struct Server<D> {
    database: D,
    sign: EncodingKey,
    accept: DecodingKey,
    validation: Validation,
    hashing: Semaphore,
}

type Shared<D> = State<Arc<Server<D>>>;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    email: String,
    sid: String,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

async fn run<D: Database>(database: D) {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&["simple-kanban"]);
    validation.set_audience(&["simple-kanban"]);
    // As many as kanban has: one core is left for other work.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let server = Server {
        database,
        sign: EncodingKey::from_secret(SECRET.as_bytes()),
        accept: DecodingKey::from_secret(SECRET.as_bytes()),
        validation,
        hashing: Semaphore::new((cores - 1).max(1)),
    };
    let router = axum::Router::new()
        .route("/boards", get(boards::<D>))
        .route("/boards/{id}", get(board::<D>))
        .route("/boards/{id}/whole", get(whole::<D>))
        .route("/boards/{id}/cards", get(cards::<D>))
        .route("/cards", post(create::<D>))
        .route("/cards/{id}", post(update::<D>))
        .route("/cards/{id}/move", post(move_to::<D>))
        .route("/log-in", post(log_in::<D>))
        .with_state(Arc::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("listening on {}", listener.local_addr().unwrap());
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}

impl<D> Server<D> {
    /// The public ID of the user of the access token.
    fn user(&self, headers: &HeaderMap) -> Option<String> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.accept, &self.validation);
        claims.ok()?.claims.sub.strip_prefix("user_").map(str::to_owned)
    }
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Board<T> {
    board: Option<T>,
}

/// A JSON response in the format of the API.
fn answer<T: Serialize>(data: T) -> Response {
    let body = serde_json::to_vec(&Data { data }).unwrap();
    ([(header::CONTENT_TYPE, "application/graphql-response+json")], body).into_response()
}

fn unauthorized() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

fn key(id: &str, prefix: &str) -> i64 {
    id.strip_prefix(prefix).and_then(|key| key.parse().ok()).unwrap_or(0)
}

fn board_key(id: &str) -> i64 {
    key(id, "board_")
}

async fn board<D: Database>(
    State(server): Shared<D>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(user) = server.user(&headers) else { return unauthorized() };
    answer(Board { board: server.database.board(user, board_key(&id)).await })
}

async fn boards<D: Database>(State(server): Shared<D>, headers: HeaderMap) -> Response {
    #[derive(Serialize)]
    struct Boards {
        boards: Nodes<Listed>,
    }
    let Some(user) = server.user(&headers) else { return unauthorized() };
    answer(Boards { boards: Nodes { nodes: server.database.boards(user).await } })
}

async fn whole<D: Database>(
    State(server): Shared<D>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(user) = server.user(&headers) else { return unauthorized() };
    answer(Board { board: server.database.whole(user, board_key(&id)).await })
}

async fn cards<D: Database>(
    State(server): Shared<D>,
    Path(id): Path<String>,
    RawQuery(after): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(user) = server.user(&headers) else { return unauthorized() };
    let after = after.as_deref().and_then(Place::parse);
    answer(Board { board: server.database.page(user, board_key(&id), after).await })
}

#[derive(Serialize)]
struct Payload {
    card: Option<Changed>,
}

async fn create<D: Database>(
    State(server): Shared<D>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created {
        create_card: Payload,
    }
    let Some(user) = server.user(&headers) else { return unauthorized() };
    let new: NewCard = serde_json::from_slice(&body).unwrap();
    answer(Created { create_card: Payload { card: server.database.create(user, new).await } })
}

async fn update<D: Database>(
    State(server): Shared<D>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    #[derive(Deserialize)]
    struct Texts {
        title: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Updated {
        update_card: Payload,
    }
    let Some(user) = server.user(&headers) else { return unauthorized() };
    let Texts { title } = serde_json::from_slice(&body).unwrap();
    let card = server.database.update(user, key(&id, "card_"), title).await;
    answer(Updated { update_card: Payload { card } })
}

async fn move_to<D: Database>(
    State(server): Shared<D>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    #[derive(Deserialize)]
    struct To {
        column: CardColumn,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Moved {
        move_card: Payload,
    }
    let Some(user) = server.user(&headers) else { return unauthorized() };
    let To { column } = serde_json::from_slice(&body).unwrap();
    let card = server.database.move_to(user, key(&id, "card_"), column).await;
    answer(Moved { move_card: Payload { card } })
}

async fn log_in<D: Database>(State(server): Shared<D>, body: Bytes) -> Response {
    #[derive(Deserialize)]
    struct Credentials {
        email: String,
        password: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Tokens {
        access_token: String,
        refresh_token: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct LoggedIn {
        log_in: Tokens,
    }
    let Credentials { email, password } = serde_json::from_slice(&body).unwrap();
    let Some(account) = server.database.account(email.clone()).await else { return unauthorized() };
    let Account { key, public_id, hash } = account;
    let right = {
        let _permit = server.hashing.acquire().await;
        let verify = move || {
            let hash = PasswordHash::new(&hash).unwrap();
            Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
        };
        tokio::task::spawn_blocking(verify).await.unwrap()
    };
    if !right {
        return unauthorized();
    }
    let refresh_token = data_encoding::BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, refresh_token.as_bytes());
    let token_hash = data_encoding::BASE64URL_NOPAD.encode(digest.as_ref());
    let session = server.database.begin_session(key, token_hash).await;
    let now = Utc::now().timestamp();
    let claims = Claims {
        sub: format!("user_{public_id}"),
        email,
        sid: format!("session_{session}"),
        iss: "simple-kanban".into(),
        aud: "simple-kanban".into(),
        iat: now,
        exp: now + 3600,
    };
    let access_token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &server.sign).unwrap();
    answer(LoggedIn { log_in: Tokens { access_token, refresh_token } })
}
