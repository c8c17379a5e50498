//! Cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{
    self, At, BoardId, CardChanges, CardId, CardMove, Description, Error, LabelsChange, NewCard,
    Result, Title,
};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::{EagerList, EagerObject};
use crate::graphql::schema::directives::list_size;
use crate::graphql::schema::inputs::{id, optional, parse_id};
use crate::graphql::schema::types::{Board, Card, CardColumn, CardEdge, LabelColor};
use crate::service::cards;

/// How many cards one mutation may make.
const MAX_BATCH: usize = 100;

/// A new card. A colour that the board has no label for is BAD_USER_INPUT.
#[derive(InputObject)]
pub(super) struct CardInput {
    /// One line of 1 to 500 characters.
    title: String,
    /// Markdown of at most 20,000 characters.
    #[graphql(default)]
    description: String,
    /// The column it shall stand in, at its end.
    #[graphql(default_with = "CardColumn::Backlog")]
    column: CardColumn,
    /// The colours of the labels it shall bear.
    #[graphql(default)]
    labels: Vec<LabelColor>,
}

impl CardInput {
    fn parse(self) -> Result<NewCard> {
        Ok(NewCard {
            title: Title::parse(&self.title).at("title")?,
            description: Description::parse(&self.description).at("description")?,
            column: self.column.into(),
            labels: colors(self.labels),
        })
    }
}

pub(super) fn colors(colors: Vec<LabelColor>) -> Vec<domain::LabelColor> {
    colors.into_iter().map(Into::into).collect()
}

/// A new card on a board.
#[derive(InputObject)]
pub(super) struct CreateCardInput {
    /// Which board.
    board_id: ID,
    /// The new card.
    card: CardInput,
}

/// The new card.
#[derive(SimpleObject)]
pub(super) struct CreateCardPayload {
    /// The new card.
    card: EagerObject<Card>,
    /// Its edge in the board's `cards` in the default order.
    card_edge: EagerObject<CardEdge>,
}

/// New cards on a board: all or none, in the given order.
#[derive(InputObject)]
pub(super) struct CreateCardsInput {
    /// Which board.
    board_id: ID,
    /// 1 to 100 new cards.
    cards: Vec<CardInput>,
}

/// The new cards.
#[derive(SimpleObject)]
pub(super) struct CreateCardsPayload {
    /// The new cards, in the given order.
    #[graphql(directive = list_size::apply(Some(100), None, None))]
    cards: EagerList<Card>,
}

/// Changes to a card. A field left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateCardInput {
    /// Which card.
    card_id: ID,
    /// One line of 1 to 500 characters.
    title: Option<String>,
    /// Markdown of at most 20,000 characters.
    description: Option<String>,
    /// Another column puts the card at its end.
    column: Option<CardColumn>,
    /// The colours of all labels that the card shall bear; an empty list takes all off.
    labels: Option<Vec<LabelColor>>,
    /// CONFLICT, with the card's present version under extensions.currentVersion, when it is no
    /// longer this one.
    expected_version: Option<i32>,
}

/// The changed card.
#[derive(SimpleObject)]
pub(super) struct UpdateCardPayload {
    /// The changed card.
    card: EagerObject<Card>,
}

/// A card to delete.
#[derive(InputObject)]
pub(super) struct DeleteCardInput {
    /// Which card.
    card_id: ID,
    /// CONFLICT, with the card's present version under extensions.currentVersion, when it is no
    /// longer this one.
    expected_version: Option<i32>,
}

/// The card that was deleted.
#[derive(SimpleObject)]
pub(super) struct DeleteCardPayload {
    /// Its id.
    deleted_card_id: ID,
    /// The board it was on.
    board: EagerObject<Board>,
}

/// Where a card shall stand. To the top of a column: `beforeCardId` is its first card. With neither neighbour it goes to the end of the column, with both
/// `afterCardId` decides if that card is still in the column, else `beforeCardId`. Where the
/// deciding one has left the column: the start for a lost `beforeCardId`, the end for a lost
/// `afterCardId`. The card itself is BAD_USER_INPUT, a card that was never on this board NOT_FOUND.
#[derive(InputObject)]
pub(super) struct MoveCardInput {
    /// Which card.
    card_id: ID,
    /// The column it shall stand in.
    column: CardColumn,
    /// The card that shall stand directly after it.
    before_card_id: Option<ID>,
    /// The card that shall stand directly before it.
    after_card_id: Option<ID>,
    /// CONFLICT, with the card's present version under extensions.currentVersion, when it is no
    /// longer this one.
    expected_version: Option<i32>,
}

/// The moved card.
#[derive(SimpleObject)]
pub(super) struct MoveCardPayload {
    /// The moved card.
    card: EagerObject<Card>,
}

/// Cards.
#[derive(Default)]
pub(super) struct CardMutation;

#[Object]
impl CardMutation {
    /// Makes a card at the end of its column. For MEMBERs and ADMINs.
    async fn create_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new card.")] input: CreateCardInput,
    ) -> Nullable<CreateCardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = input.card.parse().at("card")?;
            let (card, board) = cards::create(ctx.services()?, ctx.viewer()?, board, new).await?;
            let card = Card::new(card, Board::new(board));
            Ok(CreateCardPayload {
                card: card.clone().into(),
                card_edge: CardEdge::on_board(card).into(),
            })
        })
        .await
    }

    /// Makes up to 100 cards, all or none. For MEMBERs and ADMINs.
    async fn create_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new cards.")] input: CreateCardsInput,
    ) -> Nullable<CreateCardsPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = batch(input.cards).at("cards")?;
            let (made, board) =
                cards::create_many(ctx.services()?, ctx.viewer()?, board, new).await?;
            let board = Board::new(board);
            let cards = made.into_iter().map(|card| Card::new(card, board.clone())).collect();
            Ok(CreateCardsPayload { cards: EagerList(cards) })
        })
        .await
    }

    /// Changes a card's texts, column and labels in one step. For MEMBERs and ADMINs.
    async fn update_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What shall change.")] input: UpdateCardInput,
    ) -> Nullable<UpdateCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let changes = CardChanges {
                title: optional(input.title, "title", |text| Title::parse(text))?,
                description: optional(input.description, "description", |text| {
                    Description::parse(text)
                })?,
                column: input.column.map(Into::into),
                labels: input.labels.map(colors).map(LabelsChange::Set),
            };
            let card = update(ctx, card, input.expected_version, changes).await?;
            Ok(UpdateCardPayload { card: card.into() })
        })
        .await
    }

    /// Moves a card to another place in its column, or to another column. For MEMBERs and ADMINs.
    async fn move_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, and where to.")] input: MoveCardInput,
    ) -> Nullable<MoveCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let wanted = CardMove {
                column: input.column.into(),
                before: optional(input.before_card_id, "beforeCardId", parse_id)?,
                after: optional(input.after_card_id, "afterCardId", parse_id)?,
            };
            let expected = input.expected_version.map(Into::into);
            let (card, board) =
                cards::move_to(ctx.services()?, ctx.viewer()?, card, expected, wanted).await?;
            Ok(MoveCardPayload { card: Card::new(card, Board::new(board)).into() })
        })
        .await
    }

    /// Deletes a card. It stays in the board's trash for 30 days, unless the server is told otherwise,
    /// see `Board.deletedCards` and `restoreCard`. For MEMBERs and ADMINs.
    async fn delete_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card.")] input: DeleteCardInput,
    ) -> Nullable<DeleteCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let expected = input.expected_version.map(Into::into);
            let board = cards::delete(ctx.services()?, ctx.viewer()?, card, expected).await?;
            let board = Board::new(board);
            Ok(DeleteCardPayload { deleted_card_id: input.card_id, board: board.into() })
        })
        .await
    }
}

/// Changes a card: what more than one mutation does.
pub(super) async fn update(
    ctx: &Context<'_>,
    card: CardId,
    expected_version: Option<i32>,
    changes: CardChanges,
) -> Result<Card> {
    let (services, expected) = (ctx.services()?, expected_version.map(Into::into));
    let (card, board) = cards::update(services, ctx.viewer()?, card, expected, changes).await?;
    Ok(Card::new(card, Board::new(board)))
}

fn batch(inputs: Vec<CardInput>) -> Result<Vec<NewCard>> {
    if !(1..=MAX_BATCH).contains(&inputs.len()) {
        return Err(Error::bad_input(format!("Must have 1 to {MAX_BATCH} cards.")));
    }
    let cards = inputs.into_iter().enumerate().map(|(index, input)| input.parse().at(index));
    cards.collect()
}
