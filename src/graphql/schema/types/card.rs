//! Cards.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};

use super::comment::{Comment, CommentEdge};
use super::event::{BoardEventEdge, event_page};
use super::{Board, Label, User};
use crate::domain::{self, LabelId, PublicId, Result};
use crate::graphql::context::{ContextExt, NODES, Nullable, long_text, row, texts};
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::loaders::{LoadedCard, SharedLabels};
use crate::graphql::schema::directives::{list_size, paged};
use crate::graphql::schema::paging::{Connection, List, Listed, MAX_OTHERS, PageArgs};
use crate::graphql::schema::scalars::{DateTime, int};
use crate::store::comments::OLDEST_FIRST;
use crate::store::events::EventList;

/// The columns of every board, in their order.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::CardColumn")]
pub(in crate::graphql) enum CardColumn {
    /// Ideas that are not planned. The default column of new cards.
    Backlog,
    /// Planned work.
    Todo,
    /// Work in progress.
    Doing,
    /// Finished work.
    Done,
}

/// A card on a board.
#[derive(Clone)]
pub(in crate::graphql) struct Card {
    card: Arc<domain::Card>,
    pub(super) on: Board,
    labels: Option<LoadedLabels>,
}

/// The labels of a card that was loaded as part of a list.
#[derive(Clone)]
struct LoadedLabels {
    of_card: Arc<[LabelId]>,
    of_board: SharedLabels,
}

impl Card {
    pub(in crate::graphql) fn new(card: impl Into<Arc<domain::Card>>, on: Board) -> Self {
        Self { card: card.into(), on, labels: None }
    }

    /// A card that was loaded as part of a list of its board. `labels` are those of the board, if the cards have
    /// been loaded with their labels.
    pub(super) fn loaded(
        LoadedCard { card, labels: of_card }: LoadedCard,
        board: &Board,
        labels: Option<SharedLabels>,
    ) -> Self {
        let labels = of_card.zip(labels);
        let labels = labels.map(|(of_card, of_board)| LoadedLabels { of_card, of_board });
        Self { card, on: board.clone(), labels }
    }
}

impl Pure for Card {}

impl Listed for Card {
    type Entity = domain::Card;

    fn entity(&self) -> &domain::Card {
        &self.card
    }
}

/// A card on a board.
#[Object]
impl Card {
    /// The opaque ID of the card.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.card.id.to_public().into()
    }

    /// The title: what is to be done, in one line.
    fn title(&self) -> &str {
        &self.card.title
    }

    /// The description in Markdown, as it was written; may be empty.
    async fn description(&self, ctx: &Context<'_>) -> Result<Cow<'_, str>> {
        let load = async { ctx.loaders()?.card_text().load((self.on.access, self.card.id)).await };
        long_text(self.card.description.as_deref(), load).await
    }

    /// The column that the card is in.
    fn column(&self) -> CardColumn {
        self.card.column.into()
    }

    /// The board that the card is on.
    fn board(&self) -> EagerObject<&Board> {
        EagerObject(&self.on)
    }

    /// The labels of the card, in the order of LabelColor.
    #[graphql(directive = list_size::apply(Some(7), None, None))]
    async fn labels(&self, ctx: &Context<'_>) -> Result<EagerList<Label>> {
        if let Some(LoadedLabels { of_card, of_board }) = &self.labels {
            let of_card = of_board.iter().filter(|label| of_card.contains(&label.id));
            return Ok(Label::all(of_card, &self.on));
        }
        let labels = ctx.loaders()?.card_labels().load((self.on.access, self.card.id)).await?;
        Ok(Label::all(labels.iter(), &self.on))
    }

    /// The time when the card was created.
    fn created_at(&self) -> DateTime {
        self.card.created_at.into()
    }

    /// The user who created the card; null if the account was deleted.
    async fn created_by(&self, ctx: &Context<'_>) -> Nullable<EagerObject<User>> {
        row(User::actor(ctx, self.card.created_by).await)
    }

    /// The time when the card's text, column, rank or labels last changed.
    fn updated_at(&self) -> DateTime {
        self.card.updated_at.into()
    }

    /// The position of the card in its column. Compare ranks as plain ASCII strings, without
    /// language-specific collation. Only the server sets ranks. If many cards have been moved to the same
    /// position, all cards of the column get new ranks and new versions (ColumnReorderedEvent).
    fn rank(&self) -> &str {
        self.card.rank.as_str()
    }

    /// The board's version at the latest change to the card's text, column, rank or labels (not its
    /// comments). Use it for `expectedVersion`.
    fn version(&self) -> i32 {
        int(self.card.version)
    }

    /// The time when the card was deleted; null if it is not deleted.
    fn deleted_at(&self) -> Option<DateTime> {
        self.card.deleted_at.map(Into::into)
    }

    /// The comments on the card, oldest first.
    #[graphql(directive = paged::apply())]
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CommentEdge>> {
        let args = PageArgs { first, after, last, before };
        let request = Arc::new(args.request(OLDEST_FIRST, MAX_OTHERS)?);
        let card = (self.on.access, self.card.id);
        let loaders = ctx.loaders()?;
        let args = (request, texts(&ctx.look_ahead(), NODES, "body"));
        let page = loaders.comments().page(card, (), args.clone());
        let edge = |comment| CommentEdge::new(Comment::under(self.clone(), comment), OLDEST_FIRST);
        Connection::load(ctx, List::Comments(card, args), page, edge).await
    }

    /// The events of the card, latest first. Events that concern several cards at once (a deleted label,
    /// new ranks) appear only in the activity of the board.
    #[graphql(directive = paged::apply())]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first n entries, 0 to 200; 50 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<BoardEventEdge>> {
        let list = EventList { board: self.on.access, card: Some(self.card.id), after: 0 };
        event_page(ctx, &self.on, list, PageArgs { first, after, last, before }).await
    }
}
