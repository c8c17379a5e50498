//! Cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{
    self, At, BoardId, CardChanges, CardId, Description, Error, LabelsChange, NewCard, Result,
    Title,
};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::inputs::{id, optional};
use crate::graphql::types::{Board, Card, CardColumn, CardEdge, LabelColor};
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

fn colors(colors: Vec<LabelColor>) -> Vec<domain::LabelColor> {
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
    card: Card,
    /// Its edge in the board's `cards` in the default order.
    card_edge: CardEdge,
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
    cards: Vec<Card>,
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
    /// Another column.
    column: Option<CardColumn>,
    /// The colours of all labels that the card shall bear; an empty list takes all off.
    labels: Option<Vec<LabelColor>>,
}

/// The changed card.
#[derive(SimpleObject)]
pub(super) struct UpdateCardPayload {
    /// The changed card.
    card: Card,
}

/// A card to delete.
#[derive(InputObject)]
pub(super) struct DeleteCardInput {
    /// Which card.
    card_id: ID,
}

/// The card that is no more.
#[derive(SimpleObject)]
pub(super) struct DeleteCardPayload {
    /// Its id.
    deleted_card_id: ID,
    /// The board it was on.
    board: Board,
}

/// Labels that a card shall bear besides those it bears.
#[derive(InputObject)]
pub(super) struct AddLabelsToCardInput {
    /// Which card.
    card_id: ID,
    /// The labels' colours; one that the card bears already is no error.
    labels: Vec<LabelColor>,
}

/// The card with its labels.
#[derive(SimpleObject)]
pub(super) struct AddLabelsToCardPayload {
    /// The card.
    card: Card,
}

/// Labels that a card shall bear no longer.
#[derive(InputObject)]
pub(super) struct RemoveLabelsFromCardInput {
    /// Which card.
    card_id: ID,
    /// The labels' colours; one that the card does not bear is no error.
    labels: Vec<LabelColor>,
}

/// The card with its labels.
#[derive(SimpleObject)]
pub(super) struct RemoveLabelsFromCardPayload {
    /// The card.
    card: Card,
}

/// Cards.
#[derive(Default)]
pub(super) struct CardMutation;

#[Object]
impl CardMutation {
    /// Makes a card.
    async fn create_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new card.")] input: CreateCardInput,
    ) -> Nullable<CreateCardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = input.card.parse().at("card")?;
            let (card, access) = cards::create(ctx.services()?, ctx.viewer()?, board, new).await?;
            let card = Card::new(card, access);
            Ok(CreateCardPayload { card: card.clone(), card_edge: CardEdge::new(card) })
        })
        .await
    }

    /// Makes up to 100 cards, all or none.
    async fn create_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new cards.")] input: CreateCardsInput,
    ) -> Nullable<CreateCardsPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let new = batch(input.cards).at("cards")?;
            let (made, access) =
                cards::create_many(ctx.services()?, ctx.viewer()?, board, new).await?;
            let cards = made.into_iter().map(|card| Card::new(card, access)).collect();
            Ok(CreateCardsPayload { cards })
        })
        .await
    }

    /// Changes a card's texts, column and labels in one step.
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
            let (card, access) =
                cards::update(ctx.services()?, ctx.viewer()?, card, changes).await?;
            Ok(UpdateCardPayload { card: Card::new(card, access) })
        })
        .await
    }

    /// Deletes a card.
    async fn delete_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card.")] input: DeleteCardInput,
    ) -> Nullable<DeleteCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let (board, access) = cards::delete(ctx.services()?, ctx.viewer()?, card).await?;
            let board = Board::new(board, access);
            Ok(DeleteCardPayload { deleted_card_id: input.card_id, board })
        })
        .await
    }

    /// Gives a card more labels.
    async fn add_labels_to_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, which labels.")] input: AddLabelsToCardInput,
    ) -> Nullable<AddLabelsToCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Add(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            let (card, access) =
                cards::update(ctx.services()?, ctx.viewer()?, card, changes).await?;
            Ok(AddLabelsToCardPayload { card: Card::new(card, access) })
        })
        .await
    }

    /// Takes labels off a card.
    async fn remove_labels_from_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, which labels.")] input: RemoveLabelsFromCardInput,
    ) -> Nullable<RemoveLabelsFromCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Remove(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            let (card, access) =
                cards::update(ctx.services()?, ctx.viewer()?, card, changes).await?;
            Ok(RemoveLabelsFromCardPayload { card: Card::new(card, access) })
        })
        .await
    }
}

fn batch(inputs: Vec<CardInput>) -> Result<Vec<NewCard>> {
    if !(1..=MAX_BATCH).contains(&inputs.len()) {
        return Err(Error::bad_input(format!("Must have 1 to {MAX_BATCH} cards.")));
    }
    let cards = inputs.into_iter().enumerate().map(|(index, input)| input.parse().at(index));
    cards.collect()
}
