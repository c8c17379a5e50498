//! Mutations for the labels of cards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::card::{colors, update};
use crate::domain::{CardChanges, CardId, LabelsChange};
use crate::graphql::context::{Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify};
use crate::graphql::schema::types::{Card, LabelColor};

/// The labels to add to a card. The labels that it already has remain.
#[derive(InputObject)]
pub(super) struct AddLabelsToCardInput {
    /// The ID of the card.
    card_id: ID,
    /// The colours of the labels to add. A label that the card already has is not an error.
    labels: Vec<LabelColor>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `addLabelsToCard`.
#[derive(SimpleObject)]
pub(super) struct AddLabelsToCardPayload {
    /// The card with its labels.
    card: EagerObject<Card>,
}

/// The labels to remove from a card.
#[derive(InputObject)]
pub(super) struct RemoveLabelsFromCardInput {
    /// The ID of the card.
    card_id: ID,
    /// The colours of the labels to remove. A label that the card does not have is not an error.
    labels: Vec<LabelColor>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `removeLabelsFromCard`.
#[derive(SimpleObject)]
pub(super) struct RemoveLabelsFromCardPayload {
    /// The card with its labels.
    card: EagerObject<Card>,
}

/// Mutations for the labels of cards.
#[derive(Default)]
pub(super) struct CardLabelMutation;

#[Object]
impl CardLabelMutation {
    /// Adds labels to a card. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn add_labels_to_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card and the labels.")] input: AddLabelsToCardInput,
    ) -> Nullable<AddLabelsToCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Add(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            Ok(AddLabelsToCardPayload {
                card: update(ctx, mutation, card, None, changes).await?.into(),
            })
        })
        .await
    }

    /// Removes labels from a card. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn remove_labels_from_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The card and the labels.")] input: RemoveLabelsFromCardInput,
    ) -> Nullable<RemoveLabelsFromCardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let card = id::<CardId>(&input.card_id, "cardId")?;
            let labels = Some(LabelsChange::Remove(colors(input.labels)));
            let changes = CardChanges { labels, ..CardChanges::default() };
            Ok(RemoveLabelsFromCardPayload {
                card: update(ctx, mutation, card, None, changes).await?.into(),
            })
        })
        .await
    }
}
