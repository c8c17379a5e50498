//! Relay connections: arguments, cursors and pages.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Object, TypeName};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::scalars::int;
use crate::domain::{
    At, BoardList, CardId, CardOrder, Direction, Error, Page, PageRequest, Position, Result, Side,
    SortValue, Timestamp,
};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::loaders::{CardQuery, Loaders};
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;
use crate::store::viewer_cards::ViewerCards;
use crate::store::{Sort, ValueKind};

/// The maximum length of a cursor in bytes. Cursors of this server are shorter: the longest holds a title
/// of 500 characters.
const MAX_CURSOR: usize = 16 * 1024;

/// The version of the cursor format. A new version invalidates all existing cursors.
const CURSOR_VERSION: u64 = 2;

/// The page size if neither `first` nor `last` is given.
pub(super) const DEFAULT_PAGE: i32 = 50;

/// The maximum page size of lists of cards.
pub(super) const MAX_CARDS: i32 = 1000;

/// The maximum page size of all other lists.
pub(super) const MAX_OTHERS: i32 = 200;

/// The arguments of a connection.
pub(super) struct PageArgs {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

impl PageArgs {
    /// Checks the arguments for a list whose pages have at most `max` rows. BAD_USER_INPUT if they are
    /// invalid.
    pub(super) fn request<T>(&self, sort: Sort<T>, max: i32) -> Result<PageRequest> {
        let (limit, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::bad_input("Use either `first` or `last`, not both.").at("last"));
            }
            (None, Some(last)) => (size(last, max).at("last")?, true),
            (first, None) => (size(first.unwrap_or(DEFAULT_PAGE), max).at("first")?, false),
        };
        let place = |cursor: &Option<String>| match cursor {
            Some(text) => decode(sort, text).map(Some),
            None => Ok(None),
        };
        Ok(PageRequest {
            limit,
            backward,
            after: place(&self.after).at("after")?,
            before: place(&self.before).at("before")?,
        })
    }
}

fn size(count: i32, max: i32) -> Result<usize> {
    match usize::try_from(count) {
        Ok(size) if count <= max => Ok(size),
        _ => Err(Error::bad_input(format!("Must be from 0 to {max}."))),
    }
}

/// Encodes the cursor of an entity: format version, list, order, sort values and key.
pub(super) fn cursor<T>(sort: Sort<T>, entity: &T) -> String {
    let value = |value: &SortValue| match value {
        SortValue::Number(number) => json!(number),
        SortValue::Text(text) => json!(text),
        SortValue::Time(time) => json!(time.micros()),
    };
    let Position { values, key } = sort.position(entity);
    let values: Vec<_> = values.iter().map(value).collect();
    let fields = json!([CURSOR_VERSION, sort.order.list, order_name(sort), values, key]);
    BASE64URL_NOPAD.encode(fields.to_string().as_bytes())
}

fn order_name<T>(sort: Sort<T>) -> String {
    let direction = match sort.direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    format!("{} {direction}", sort.order.name)
}

/// The position that a cursor encodes. A cursor belongs to one list and order; others are rejected.
fn decode<T>(sort: Sort<T>, cursor: &str) -> Result<Position> {
    parse(sort, cursor)
        .ok_or_else(|| Error::bad_input("This is not a valid cursor for this list and order."))
}

fn parse<T>(sort: Sort<T>, cursor: &str) -> Option<Position> {
    if cursor.len() > MAX_CURSOR {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let [version, list, order, values, key] = serde_json::from_slice::<[Value; 5]>(&bytes).ok()?;
    if version != CURSOR_VERSION || list != sort.order.list || order != order_name(sort) {
        return None;
    }
    let values = values.as_array().filter(|values| values.len() == sort.kinds().len())?;
    let values = sort.kinds().zip(values).map(|(kind, value)| parse_value(kind, value));
    Some(Position { values: values.collect::<Option<_>>()?, key: key.as_i64()? })
}

fn parse_value(kind: ValueKind, value: &Value) -> Option<SortValue> {
    Some(match kind {
        ValueKind::Number => SortValue::Number(value.as_i64()?),
        // PostgreSQL rejects NUL characters, and no cursor of this server contains one.
        ValueKind::Text => {
            SortValue::Text(value.as_str().filter(|text| !text.contains('\0'))?.to_owned())
        }
        ValueKind::Time => SortValue::Time(Timestamp::from_micros(value.as_i64()?)?),
    })
}

/// An edge of a connection.
pub(super) trait Edge: Pure {
    type Node: Pure;

    fn node(&self) -> &Self::Node;
    fn cursor(&self) -> String;
}

/// A type whose objects appear in connections.
pub(super) trait Listed: Pure {
    /// What the lists consist of.
    type Entity: Send + Sync + 'static;

    /// The entity that determines the position of the object.
    fn entity(&self) -> &Self::Entity;
}

/// An edge without fields of its own besides `cursor` and `node`.
pub(super) struct PlainEdge<N: Listed> {
    node: N,
    sort: Sort<N::Entity>,
}

impl<N: Listed> PlainEdge<N> {
    /// The edge of an object in a list.
    pub(super) fn new(node: N, sort: Sort<N::Entity>) -> Self {
        Self { node, sort }
    }
}

/// An edge of a connection: an object and its cursor.
#[Object(name_type)]
impl<N: Listed> PlainEdge<N> {
    /// The cursor of the object, for `after` and `before`.
    async fn cursor(&self) -> String {
        cursor(self.sort, self.node.entity())
    }

    /// The object.
    async fn node(&self) -> EagerObject<&N> {
        EagerObject(&self.node)
    }
}

impl<N: Listed> TypeName for PlainEdge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

impl<N: Listed> Pure for PlainEdge<N> {}

impl<N: Listed> Edge for PlainEdge<N> {
    type Node = N;

    fn node(&self) -> &N {
        &self.node
    }

    fn cursor(&self) -> String {
        cursor(self.sort, self.node.entity())
    }
}

/// The list that a page belongs to, with the arguments of the page.
#[derive(Clone)]
pub(super) enum List {
    Boards(BoardList, PageRequest),
    ViewerCards(Arc<ViewerCards>, CardOrder, Arc<PageRequest>),
    Cards(CardList, Arc<CardQuery>),
    Comments((BoardAccess, CardId), Arc<PageRequest>),
    Events(EventList, Arc<PageRequest>),
    Members(BoardAccess, Arc<PageRequest>),
    Sessions(PageRequest),
    /// An empty list that needs no statement, e.g. one that the viewer may not see.
    Nothing,
}

impl List {
    /// The number of rows in the whole list.
    async fn count(&self, loaders: &Loaders) -> Result<i64> {
        match self {
            Self::Boards(list, _) => loaders.board_count().load(list.clone()).await,
            Self::ViewerCards(list, ..) => loaders.viewer_card_count().load(Arc::clone(list)).await,
            Self::Cards(list, query) => {
                loaders.card_count().load_as(*list, query.filter.clone().into()).await
            }
            Self::Comments(card, _) => loaders.comment_count().load(*card).await,
            Self::Events(list, _) => loaders.event_count().load(*list).await,
            Self::Members(board, _) => loaders.member_count().load(*board).await,
            Self::Sessions(_) => loaders.session_count().load(()).await,
            Self::Nothing => Ok(0),
        }
    }

    /// Whether the list has rows beyond the page on this side.
    async fn any_beyond(self, loaders: &Loaders, side: Side) -> Result<bool> {
        match self {
            Self::Boards(list, page) => loaders.board_beyond().load_as(list, (page, side)).await,
            Self::ViewerCards(list, order, page) => {
                loaders.viewer_card_beyond().load_as(list, (order, page, side)).await
            }
            Self::Cards(list, query) => loaders.card_beyond().load_as(list, (query, side)).await,
            Self::Comments(card, page) => {
                loaders.comment_beyond().load_as(card, (page, side)).await
            }
            Self::Events(list, page) => loaders.event_beyond().load_as(list, (page, side)).await,
            Self::Members(board, page) => {
                loaders.member_beyond().load_as(board, (page, side)).await
            }
            Self::Sessions(page) => loaders.session_beyond().load_as((), (page, side)).await,
            Self::Nothing => Ok(false),
        }
    }
}

/// Information about a page of a list.
pub(super) struct PageInfo {
    list: List,
    has_next: Option<bool>,
    has_previous: Option<bool>,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// Information about a page of a list.
#[Object]
impl PageInfo {
    /// Whether the list has entries after this page.
    async fn has_next_page(&self, ctx: &Context<'_>) -> Result<bool> {
        self.any(ctx, self.has_next, Side::Behind).await
    }

    /// Whether the list has entries before this page.
    async fn has_previous_page(&self, ctx: &Context<'_>) -> Result<bool> {
        self.any(ctx, self.has_previous, Side::Before).await
    }

    /// The cursor of the first edge; null if the page is empty.
    async fn start_cursor(&self) -> Option<&str> {
        self.start_cursor.as_deref()
    }

    /// The cursor of the last edge; null if the page is empty.
    async fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }
}

impl PageInfo {
    /// Returns `known`, or reads the answer from the database.
    async fn any(&self, ctx: &Context<'_>, known: Option<bool>, side: Side) -> Result<bool> {
        match known {
            Some(known) => Ok(known),
            None => self.list.clone().any_beyond(&*ctx.loaders()?, side).await,
        }
    }
}

impl Pure for PageInfo {}

/// A page of a list, with the fields that the Relay specification requires.
pub(super) struct Connection<E> {
    edges: Vec<E>,
    has_next: Option<bool>,
    has_previous: Option<bool>,
    list: List,
}

impl<E> Connection<E> {
    /// Loads a page of a list. The rows are not loaded if only `totalCount` is selected.
    pub(super) async fn load<T: Clone>(
        ctx: &Context<'_>,
        list: List,
        page: impl Future<Output = Result<Arc<Page<T>>>>,
        edge: impl FnMut(T) -> E,
    ) -> Result<Self> {
        let edges = async { Ok((*page.await?).clone().map(edge)) };
        Self::of_edges(ctx, list, edges).await
    }

    /// The same for a page that consists of edges.
    pub(super) async fn of_edges(
        ctx: &Context<'_>,
        list: List,
        edges: impl Future<Output = Result<Page<E>>>,
    ) -> Result<Self> {
        let selection = ctx.look_ahead();
        let rows = ["edges", "nodes", "pageInfo"];
        let loads = rows.iter().any(|field| selection.field(field).exists());
        Ok(Self::of(if loads { edges.await? } else { Page::default() }, list))
    }

    /// An empty connection, for a list that the viewer may not see.
    pub(super) fn empty() -> Self {
        Self::of(Page::default(), List::Nothing)
    }

    fn of(page: Page<E>, list: List) -> Self {
        Self { edges: page.items, has_next: page.has_next, has_previous: page.has_previous, list }
    }
}

/// A page of a list: a Relay connection.
#[Object(name_type)]
impl<E: Edge> Connection<E> {
    /// The objects on this page, each with its cursor.
    async fn edges(&self) -> EagerList<&E> {
        EagerList(self.edges.iter().collect())
    }

    /// The objects on this page.
    async fn nodes(&self) -> EagerList<&E::Node> {
        EagerList(self.edges.iter().map(Edge::node).collect())
    }

    /// Whether the list has more entries, and the first and last cursor of this page.
    async fn page_info(&self) -> EagerObject<PageInfo> {
        EagerObject(PageInfo {
            list: self.list.clone(),
            has_next: self.has_next,
            has_previous: self.has_previous,
            start_cursor: self.edges.first().map(Edge::cursor),
            end_cursor: self.edges.last().map(Edge::cursor),
        })
    }

    /// The number of objects in the whole list, with the filter applied. Counted only if selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let count = self.list.count(&*ctx.loaders()?).await?;
        Ok(int(count))
    }
}

impl<E: Edge> TypeName for Connection<E> {
    fn type_name() -> Cow<'static, str> {
        let edge = E::type_name();
        format!("{}Connection", edge.strip_suffix("Edge").unwrap_or(&edge)).into()
    }
}
