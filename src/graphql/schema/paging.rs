//! Relay connections: arguments, cursors, pages.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::scalars::int;
use super::types::{
    BoardEdge, BoardEventEdge, BoardMemberEdge, CardEdge, CommentEdge, SessionEdge,
};
use crate::domain::{
    At, BoardList, CardFilter, CardId, Direction, Error, Page, PageRequest, Position, Result,
    SortValue, Timestamp,
};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::{Pure, Row, Rows, Text};
use crate::store::access::BoardAccess;
use crate::store::card_lists::CardList;
use crate::store::events::EventList;

/// How long a cursor may be. Ours are shorter: the longest holds a title of 500 characters.
const MAX_CURSOR: usize = 16 * 1024;

/// The format of cursors; another number makes all older cursors invalid.
const CURSOR_VERSION: u64 = 2;

/// How many rows a page has when nobody says.
pub(super) const DEFAULT_PAGE: i32 = 50;

/// How many rows a page of cards may have.
pub(super) const MAX_CARDS: i32 = 1000;

/// How many rows a page of anything else may have.
pub(super) const MAX_OTHERS: i32 = 200;

/// The arguments of a connection.
pub(super) struct PageArgs {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

impl PageArgs {
    /// Checks the arguments for a list whose pages have at most `max` rows.
    pub(super) fn request(&self, list: CursorKind, max: i32) -> Result<PageRequest> {
        let (limit, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::bad_input("Give either first or last.").at("last"));
            }
            (None, Some(last)) => (size(last, max).at("last")?, true),
            (first, None) => (size(first.unwrap_or(DEFAULT_PAGE), max).at("first")?, false),
        };
        let place = |cursor: &Option<String>| match cursor {
            Some(text) => list.decode(text).map(Some),
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
        Ok(size) if (1..=max).contains(&count) => Ok(size),
        _ => Err(Error::bad_input(format!("Must be from 1 to {max}."))),
    }
}

/// Which list, in which order: a cursor of another is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct CursorKind {
    pub(super) list: &'static str,
    pub(super) field: &'static str,
    pub(super) direction: Direction,
    pub(super) values: &'static [ValueKind],
}

/// What the list is sorted by.
#[derive(Clone, Copy, Debug)]
pub(super) enum ValueKind {
    Number,
    Text,
    Time,
}

impl CursorKind {
    fn order(self) -> String {
        let direction = match self.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        format!("{} {direction}", self.field)
    }

    /// The cursor of a place: format, list, order, sort values and key.
    pub(super) fn encode(self, place: &Position) -> String {
        let value = |value: &SortValue| match value {
            SortValue::Number(number) => json!(number),
            SortValue::Text(text) => json!(text),
            SortValue::Time(time) => json!(time.micros()),
        };
        let values: Vec<_> = place.values.iter().map(value).collect();
        let fields = json!([CURSOR_VERSION, self.list, self.order(), values, place.key]);
        BASE64URL_NOPAD.encode(fields.to_string().as_bytes())
    }

    fn decode(self, cursor: &str) -> Result<Position> {
        self.parse(cursor)
            .ok_or_else(|| Error::bad_input("This is no cursor of this list in this order."))
    }

    fn parse(self, cursor: &str) -> Option<Position> {
        if cursor.len() > MAX_CURSOR {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let [version, list, order, values, key] =
            serde_json::from_slice::<[Value; 5]>(&bytes).ok()?;
        if version != CURSOR_VERSION || list != self.list || order != self.order() {
            return None;
        }
        let values = values.as_array().filter(|values| values.len() == self.values.len())?;
        let values = self.values.iter().zip(values).map(|(kind, value)| kind.parse(value));
        Some(Position { values: values.collect::<Option<_>>()?, key: key.as_i64()? })
    }
}

impl ValueKind {
    fn parse(self, value: &Value) -> Option<SortValue> {
        Some(match self {
            Self::Number => SortValue::Number(value.as_i64()?),
            // What PostgreSQL would refuse, no cursor of ours holds.
            Self::Text => {
                SortValue::Text(value.as_str().filter(|text| !text.contains('\0'))?.to_owned())
            }
            Self::Time => SortValue::Time(Timestamp::from_micros(value.as_i64()?)?),
        })
    }
}

/// An edge of a connection.
pub(super) trait Edge: Pure {
    type Node: Pure;

    fn node(&self) -> &Self::Node;
    fn cursor(&self) -> String;
}

/// About a page of a list.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Whether there is a page behind this one.
    has_next_page: bool,
    /// Whether there is a page before this one.
    has_previous_page: bool,
    /// The cursor of the first edge; null on an empty page.
    start_cursor: Option<Text<'static>>,
    /// The cursor of the last edge; null on an empty page.
    end_cursor: Option<Text<'static>>,
}

impl Pure for PageInfo {}

/// What `totalCount` counts, when it is asked for.
pub(super) enum Count {
    Boards(BoardList),
    Cards(CardList, CardFilter),
    Comments(BoardAccess, CardId),
    Events(EventList),
    Members(BoardAccess),
    Sessions,
    /// The list is empty, whatever there is.
    Nothing,
}

/// A page of a list, with everything the Relay specification asks for.
pub(super) struct Connection<E> {
    edges: Vec<E>,
    has_next: bool,
    has_previous: bool,
    count: Count,
}

impl<E> Connection<E> {
    /// A page of a list. The rows are not even loaded when only their number is asked for.
    pub(super) async fn load<T: Clone>(
        ctx: &Context<'_>,
        count: Count,
        page: impl Future<Output = Result<Arc<Page<T>>>>,
        edge: impl FnMut(T) -> E,
    ) -> Result<Self> {
        let selection = ctx.look_ahead();
        let rows = ["edges", "nodes", "pageInfo"];
        if rows.iter().any(|field| selection.field(field).exists()) {
            let page = (*page.await?).clone().map(edge);
            return Ok(Self::of(page, count));
        }
        Ok(Self::of(Page::default(), count))
    }

    /// A list that is empty for the viewer.
    pub(super) fn empty() -> Self {
        Self::of(Page::default(), Count::Nothing)
    }

    fn of(page: Page<E>, count: Count) -> Self {
        Self { edges: page.items, has_next: page.has_next, has_previous: page.has_previous, count }
    }
}

/// A page of a list.
#[Object(
    concrete(name = "BoardConnection", params(BoardEdge)),
    concrete(name = "BoardEventConnection", params(BoardEventEdge)),
    concrete(name = "BoardMemberConnection", params(BoardMemberEdge)),
    concrete(name = "CardConnection", params(CardEdge)),
    concrete(name = "CommentConnection", params(CommentEdge)),
    concrete(name = "SessionConnection", params(SessionEdge))
)]
impl<E: Edge> Connection<E> {
    /// The things on this page, each with its cursor.
    async fn edges(&self) -> Rows<&E> {
        Rows(self.edges.iter().collect())
    }

    /// The things on this page.
    async fn nodes(&self) -> Rows<&E::Node> {
        Rows(self.edges.iter().map(Edge::node).collect())
    }

    /// Whether the list goes on, and where.
    async fn page_info(&self) -> Row<PageInfo> {
        Row(PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.edges.first().map(|edge| edge.cursor().into()),
            end_cursor: self.edges.last().map(|edge| edge.cursor().into()),
        })
    }

    /// How many things the whole list has, with its filter. Counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let loaders = ctx.loaders()?;
        let count = match &self.count {
            Count::Boards(list) => loaders.board_count.load(*list).await?,
            Count::Cards(list, filter) => {
                loaders.card_count.load((*list, filter.clone().into())).await?
            }
            Count::Comments(board, card) => loaders.comment_count.load((*board, *card)).await?,
            Count::Events(list) => loaders.event_count.load(*list).await?,
            Count::Members(board) => loaders.member_count.load(*board).await?,
            Count::Sessions => loaders.session_count.load(()).await?,
            Count::Nothing => 0,
        };
        Ok(int(count))
    }
}
