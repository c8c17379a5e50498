//! Labels.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, BoardId, LabelChanges, LabelId, LabelName};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{id, optional};
use crate::graphql::schema::types::{Board, Label, LabelColor};
use crate::service::labels;

/// A new label. CONFLICT when the board already has that colour.
#[derive(InputObject)]
pub(super) struct CreateLabelInput {
    /// Which board.
    board_id: ID,
    /// Its colour.
    color: LabelColor,
    /// One line of at most 100 characters; may be empty.
    #[graphql(default)]
    name: String,
}

/// The new label.
#[derive(SimpleObject)]
pub(super) struct CreateLabelPayload {
    /// The new label.
    label: EagerObject<Label>,
}

/// Changes to a label. A field left out stays as it is. CONFLICT when the new colour is taken.
#[derive(InputObject)]
pub(super) struct UpdateLabelInput {
    /// Which label.
    label_id: ID,
    /// One line of at most 100 characters; may be empty.
    name: Option<String>,
    /// Another colour.
    color: Option<LabelColor>,
}

/// The changed label.
#[derive(SimpleObject)]
pub(super) struct UpdateLabelPayload {
    /// The changed label.
    label: EagerObject<Label>,
}

/// A label to delete. The cards that bear it lose it.
#[derive(InputObject)]
pub(super) struct DeleteLabelInput {
    /// Which label.
    label_id: ID,
}

/// The label that is no more.
#[derive(SimpleObject)]
pub(super) struct DeleteLabelPayload {
    /// Its id.
    deleted_label_id: ID,
    /// The board it belonged to.
    board: EagerObject<Board>,
}

/// Labels.
#[derive(Default)]
pub(super) struct LabelMutation;

#[Object]
impl LabelMutation {
    /// Makes a label. For MEMBERs and ADMINs.
    async fn create_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new label.")] input: CreateLabelInput,
    ) -> Nullable<CreateLabelPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let name = LabelName::parse(&input.name).at("name")?;
            let color = input.color.into();
            let (label, board) =
                labels::create(ctx.services()?, ctx.viewer()?, board, color, name).await?;
            Ok(CreateLabelPayload { label: Label::new(label, Board::new(board)).into() })
        })
        .await
    }

    /// Changes a label's name, colour or both. For MEMBERs and ADMINs.
    async fn update_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What shall change.")] input: UpdateLabelInput,
    ) -> Nullable<UpdateLabelPayload> {
        mutate(ctx, async {
            let label = id::<LabelId>(&input.label_id, "labelId")?;
            let changes = LabelChanges {
                name: optional(input.name, "name", |text| LabelName::parse(text))?,
                color: input.color.map(Into::into),
            };
            let (label, board) =
                labels::update(ctx.services()?, ctx.viewer()?, label, changes).await?;
            Ok(UpdateLabelPayload { label: Label::new(label, Board::new(board)).into() })
        })
        .await
    }

    /// Deletes a label, for good. For MEMBERs and ADMINs.
    async fn delete_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which label.")] input: DeleteLabelInput,
    ) -> Nullable<DeleteLabelPayload> {
        mutate(ctx, async {
            let label = id::<LabelId>(&input.label_id, "labelId")?;
            let board = labels::delete(ctx.services()?, ctx.viewer()?, label).await?;
            let board = Board::new(board);
            Ok(DeleteLabelPayload { deleted_label_id: input.label_id, board: board.into() })
        })
        .await
    }
}
