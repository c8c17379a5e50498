//! Mutations for cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{
    self, At, BoardId, CardChanges, CardId, CardMove, Description, LabelsChange, Mutation, NewCard,
    Result, Title, rejection,
};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::{EagerList, EagerObject};
use crate::graphql::schema::directives::list_size;
use crate::graphql::schema::inputs::{Retry, id, identify, optional, parse_id};
use crate::graphql::schema::types::{Board, Card, CardColumn, CardEdge, LabelColor};
use crate::service::cards;

/// The maximum number of cards that one mutation may create.
const MAX_BATCH: usize = 100;

/// The data of a new card. BAD_USER_INPUT if the board has no label of a given colour.
#[derive(InputObject)]
pub(super) struct CardInput {
    /// The title: one line of 1 to 500 characters, at least one of them visible, without U+202D and
    /// U+202E. White space (Unicode White_Space) at both ends is removed.
    title: String,
    /// The description: Markdown of at most 20,000 characters. White space (Unicode White_Space) at the
    /// end is removed.
    #[graphql(default)]
    description: String,
    /// The column of the card. The card is placed at its end.
    #[graphql(default_with = "CardColumn::Backlog")]
    column: CardColumn,
    /// The colours of the card's labels.
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

/// A new card and its board.
#[derive(InputObject)]
pub(super) struct CreateCardInput {
    /// The ID of the board.
    board_id: ID,
    /// The new card.
    card: CardInput,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `createCard`.
#[derive(SimpleObject)]
pub(super) struct CreateCardPayload {
    /// The new card.
    card: EagerObject<Card>,
    /// The edge of the new card in the default order of the `cards` of its board and of its column.
    card_edge: EagerObject<CardEdge>,
}

/// New cards and their board. Either all cards are created, in the given order, or none.
#[derive(InputObject)]
pub(super) struct CreateCardsInput {
    /// The ID of the board.
    board_id: ID,
    /// The new cards, 1 to 100.
    cards: Vec<CardInput>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `createCards`.
#[derive(SimpleObject)]
pub(super) struct CreateCardsPayload {
    /// The new cards, in the given order.
    #[graphql(directive = list_size::apply(Some(100), None, None))]
    cards: EagerList<Card>,
    /// The edges of the new cards in the default order of the `cards` of the board and of its columns, in the given
    /// order.
    #[graphql(directive = list_size::apply(Some(100), None, None))]
    card_edges: EagerList<CardEdge>,
}

/// Changes to a card. Fields that are left out do not change.
#[derive(InputObject)]
pub(super) struct UpdateCardInput {
    /// The ID of the card.
    card_id: ID,
    /// The new title: one line of 1 to 500 characters, at least one of them visible, without U+202D and
    /// U+202E. White space (Unicode White_Space) at both ends is removed.
    title: Option<String>,
    /// The new description: Markdown of at most 20,000 characters. White space (Unicode White_Space) at
    /// the end is removed.
    description: Option<String>,
    /// The new column. If the column changes, the card is placed at its end.
    column: Option<CardColumn>,
    /// The colours of all labels that the card is to have. An empty list removes all labels.
    labels: Option<Vec<LabelColor>>,
    /// The version of the card that the client has seen. CONFLICT if the card has another version now;
    /// `extensions.currentVersion` holds the current version.
    expected_version: Option<i32>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `updateCard`.
#[derive(SimpleObject)]
pub(super) struct UpdateCardPayload {
    /// The changed card.
    card: EagerObject<Card>,
    /// The edge of the card in the default order of the `cards` of its board and of its column.
    card_edge: EagerObject<CardEdge>,
}

/// The card to delete.
#[derive(InputObject)]
pub(super) struct DeleteCardInput {
    /// The ID of the card.
    card_id: ID,
    /// The version of the card that the client has seen. CONFLICT if the card has another version now;
    /// `extensions.currentVersion` holds the current version.
    expected_version: Option<i32>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `deleteCard`.
#[derive(SimpleObject)]
pub(super) struct DeleteCardPayload {
    /// The ID of the deleted card.
    deleted_card_id: ID,
    /// The board that the card was on.
    board: EagerObject<Board>,
}

/// The new position of a card. Without `beforeCardId` and `afterCardId` the card is placed at the end of
/// the column; to place it at the top, pass the column's first card as `beforeCardId`. If both are given,
/// `afterCardId` decides if that card is still in the column, otherwise `beforeCardId`. If the deciding
/// card has left the column, the moved card is placed at the start for `beforeCardId` and at the end for
/// `afterCardId`. BAD_USER_INPUT if a neighbour is the card itself, NOT_FOUND if a neighbour was never on
/// this board.
#[derive(InputObject)]
pub(super) struct MoveCardInput {
    /// The ID of the card.
    card_id: ID,
    /// The column to place the card in.
    column: CardColumn,
    /// The ID of the card directly after the new position.
    before_card_id: Option<ID>,
    /// The ID of the card directly before the new position.
    after_card_id: Option<ID>,
    /// The version of the card that the client has seen. CONFLICT if the card has another version now;
    /// `extensions.currentVersion` holds the current version.
    expected_version: Option<i32>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `moveCard`.
#[derive(SimpleObject)]
pub(super) struct MoveCardPayload {
    /// The moved card.
    card: EagerObject<Card>,
    /// The edge of the card in the default order of the `cards` of its board and of its column.
    card_edge: EagerObject<CardEdge>,
}

/// Mutations for cards.
#[derive(Default)]
pub(super) struct CardMutation;

#[Object]
impl CardMutation {
    /// Creates a card at the end of its column. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn create_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new card and its board.")] input: CreateCardInput,
    ) -> Nullable<CreateCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = input.card.parse().at("card")?;
            let (card, board) = cards::create(ctx.services()?, mutation, board, new).await?;
            let card = Card::new(card, Board::new(board));
            Ok(CreateCardPayload {
                card: card.clone().into(),
                card_edge: CardEdge::on_board(card).into(),
            })
        })
        .await
    }

    /// Creates up to 100 cards, either all or none. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn create_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new cards and their board.")] input: CreateCardsInput,
    ) -> Nullable<CreateCardsPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = batch(input.cards).at("cards")?;
            let (made, board) = cards::create_many(ctx.services()?, mutation, board, new).await?;
            let board = Board::new(board);
            let card = |card| Card::new(card, board.clone());
            let cards: Vec<_> = made.into_iter().map(card).collect();
            let card_edges = cards.iter().cloned().map(CardEdge::on_board).collect();
            Ok(CreateCardsPayload { cards: EagerList(cards), card_edges: EagerList(card_edges) })
        })
        .await
    }

    /// Changes the title, description, column and labels of a card in one step. Requires the role MEMBER
    /// or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn update_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes to the card.")] input: UpdateCardInput,
    ) -> Nullable<UpdateCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let changes = CardChanges {
                title: optional(input.title, "title", |text| Title::parse(text))?,
                description: optional(input.description, "description", |text| {
                    Description::parse(text)
                })?,
                column: input.column.map(Into::into),
                labels: input.labels.map(colors).map(LabelsChange::Set),
            };
            let card = update(ctx, mutation, card, input.expected_version, changes).await?;
            Ok(UpdateCardPayload {
                card: card.clone().into(),
                card_edge: CardEdge::on_board(card).into(),
            })
        })
        .await
    }

    /// Moves a card to another position in its column, or to another column. Requires the role MEMBER or
    /// ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn move_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card and its new position.")] input: MoveCardInput,
    ) -> Nullable<MoveCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let wanted = CardMove {
                column: input.column.into(),
                before: optional(input.before_card_id, "beforeCardId", parse_id)?,
                after: optional(input.after_card_id, "afterCardId", parse_id)?,
            };
            let expected = input.expected_version.map(Into::into);
            let (card, board) =
                cards::move_to(ctx.services()?, mutation, card, expected, wanted).await?;
            let card = Card::new(card, Board::new(board));
            Ok(MoveCardPayload {
                card: card.clone().into(),
                card_edge: CardEdge::on_board(card).into(),
            })
        })
        .await
    }

    /// Deletes a card. It stays in the board's trash for 30 days, unless the server is configured
    /// otherwise; see `Board.deletedCards` and `restoreCard`. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn delete_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card to delete.")] input: DeleteCardInput,
    ) -> Nullable<DeleteCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let expected = input.expected_version.map(Into::into);
            let board = cards::delete(ctx.services()?, mutation, card, expected).await?;
            let board = Board::new(board);
            Ok(DeleteCardPayload { deleted_card_id: input.card_id, board: board.into() })
        })
        .await
    }
}

/// Changes a card; shared by several mutations.
pub(super) async fn update(
    ctx: &Context<'_>,
    mutation: Mutation,
    card: CardId,
    expected_version: Option<i32>,
    changes: CardChanges,
) -> Result<Card> {
    let (services, expected) = (ctx.services()?, expected_version.map(Into::into));
    let (card, board) = cards::update(services, mutation, card, expected, changes).await?;
    Ok(Card::new(card, Board::new(board)))
}

fn batch(inputs: Vec<CardInput>) -> Result<Vec<NewCard>> {
    if !(1..=MAX_BATCH).contains(&inputs.len()) {
        return Err(rejection::number_of_cards(MAX_BATCH));
    }
    let cards = inputs.into_iter().enumerate().map(|(index, input)| input.parse().at(index));
    cards.collect()
}
