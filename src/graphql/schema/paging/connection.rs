//! Connections and `PageInfo`.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Object, TypeName};
use futures_util::future::BoxFuture;

use super::edge::Edge;
use super::list::List;
use crate::domain::{Page, Result, Side};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::{Caller as _, EagerList, EagerObject, Pure};
use crate::graphql::schema::scalars::int;

/// Information about a page of a list.
pub(in crate::graphql::schema) struct PageInfo {
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
    fn start_cursor(&self) -> Option<&str> {
        self.start_cursor.as_deref()
    }

    /// The cursor of the last edge; null if the page is empty.
    fn end_cursor(&self) -> Option<&str> {
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
pub(in crate::graphql::schema) struct Connection<E> {
    edges: Vec<E>,
    has_next: Option<bool>,
    has_previous: Option<bool>,
    list: List,
}

impl<E> Connection<E> {
    /// Loads a page of a list. The rows are not loaded if only `totalCount` is selected.
    pub(in crate::graphql::schema) fn load<'c, T: Clone + Send + Sync>(
        ctx: &'c Context<'_>,
        list: List,
        page: impl Future<Output = Result<Arc<Page<T>>>> + Send + 'c,
        edge: impl FnMut(T) -> E + Send + 'c,
    ) -> BoxFuture<'c, Result<Self>>
    where
        E: Send + 'c,
    {
        let edges = async { Ok((*page.await?).clone().map(edge)) };
        Self::of_edges(ctx, list, edges)
    }

    /// The same for a page that consists of edges.
    ///
    /// Boxed, because the future of a field is more than twice as large as that of the largest field of its type.
    pub(in crate::graphql::schema) fn of_edges<'c>(
        ctx: &'c Context<'_>,
        list: List,
        edges: impl Future<Output = Result<Page<E>>> + Send + 'c,
    ) -> BoxFuture<'c, Result<Self>>
    where
        E: Send + 'c,
    {
        Box::pin(async move {
            let selection = ctx.look_ahead();
            let rows = ["edges", "nodes", "pageInfo"];
            let loads = rows.iter().any(|field| selection.field(field).exists());
            let page = if loads { edges.await? } else { Page::default() };
            let bytes = page.items.len() * (size_of::<E>() + size_of::<&E>());
            ctx.caller()?.state().budget.take(bytes)?;
            Ok(Self::of(page, list))
        })
    }

    /// An empty connection, for a list that the viewer may not see.
    pub(in crate::graphql::schema) fn empty() -> Self {
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
    fn edges(&self) -> EagerList<&E> {
        EagerList(self.edges.iter().collect())
    }

    /// The objects on this page.
    fn nodes(&self) -> EagerList<&E::Node> {
        EagerList(self.edges.iter().map(Edge::node).collect())
    }

    /// Whether the list has more entries, and the first and last cursor of this page.
    fn page_info(&self) -> EagerObject<PageInfo> {
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
