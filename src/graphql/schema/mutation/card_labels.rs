//! Labels of cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::card::{colors, update};
use crate::domain::{CardChanges, CardId, LabelsChange};
use crate::graphql::context::{Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::id;
use crate::graphql::schema::types::{Card, LabelColor};

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
    card: EagerObject<Card>,
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
    card: EagerObject<Card>,
}

/// Labels of cards.
#[derive(Default)]
pub(super) struct CardLabelMutation;

#[Object]
impl CardLabelMutation {
    /// Gives a card more labels. For MEMBERs and ADMINs.
    async fn add_labels_to_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, which labels.")] input: AddLabelsToCardInput,
    ) -> Nullable<AddLabelsToCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Add(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            Ok(AddLabelsToCardPayload { card: update(ctx, card, None, changes).await?.into() })
        })
        .await
    }

    /// Takes labels off a card. For MEMBERs and ADMINs.
    async fn remove_labels_from_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which card, which labels.")] input: RemoveLabelsFromCardInput,
    ) -> Nullable<RemoveLabelsFromCardPayload> {
        mutate(ctx, async {
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Remove(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            Ok(RemoveLabelsFromCardPayload { card: update(ctx, card, None, changes).await?.into() })
        })
        .await
    }
}
