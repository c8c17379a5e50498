//! Mutations for labels.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, BoardId, LabelChanges, LabelId, LabelName};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify, optional};
use crate::graphql::schema::types::{Board, Label, LabelColor};
use crate::service::labels;

/// The data of a new label. CONFLICT if the board already has a label of this colour.
#[derive(InputObject)]
pub(super) struct CreateLabelInput {
    /// The ID of the board.
    board_id: ID,
    /// The colour of the label.
    color: LabelColor,
    /// The name: one line of at most 100 characters without U+202D and U+202E; may be empty. White space
    /// (Unicode White_Space) at both ends is removed.
    #[graphql(default)]
    name: String,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `createLabel`.
#[derive(SimpleObject)]
pub(super) struct CreateLabelPayload {
    /// The new label.
    label: EagerObject<Label>,
}

/// Changes to a label. Fields that are left out do not change. CONFLICT if the new colour is taken.
#[derive(InputObject)]
pub(super) struct UpdateLabelInput {
    /// The ID of the label.
    label_id: ID,
    /// The new name: one line of at most 100 characters without U+202D and U+202E; may be empty. White
    /// space (Unicode White_Space) at both ends is removed.
    name: Option<String>,
    /// The new colour.
    color: Option<LabelColor>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `updateLabel`.
#[derive(SimpleObject)]
pub(super) struct UpdateLabelPayload {
    /// The changed label.
    label: EagerObject<Label>,
}

/// The label to delete. It is removed from all cards that have it.
#[derive(InputObject)]
pub(super) struct DeleteLabelInput {
    /// The ID of the label.
    label_id: ID,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `deleteLabel`.
#[derive(SimpleObject)]
pub(super) struct DeleteLabelPayload {
    /// The ID of the deleted label.
    deleted_label_id: ID,
    /// The board that the label belonged to.
    board: EagerObject<Board>,
}

/// Mutations for labels.
#[derive(Default)]
pub(super) struct LabelMutation;

#[Object]
impl LabelMutation {
    /// Creates a label. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn create_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new label.")] input: CreateLabelInput,
    ) -> Nullable<CreateLabelPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let name = LabelName::parse(&input.name).at("name")?;
            let color = input.color.into();
            let (label, board) =
                labels::create(ctx.services()?, mutation, board, color, name).await?;
            Ok(CreateLabelPayload { label: Label::new(label, Board::new(board)).into() })
        })
        .await
    }

    /// Changes the name or colour of a label, or both. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn update_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes to the label.")] input: UpdateLabelInput,
    ) -> Nullable<UpdateLabelPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let label = id::<LabelId>(&input.label_id, "labelId")?;
            let changes = LabelChanges {
                name: optional(input.name, "name", |text| LabelName::parse(text))?,
                color: input.color.map(Into::into),
            };
            let (label, board) = labels::update(ctx.services()?, mutation, label, changes).await?;
            Ok(UpdateLabelPayload { label: Label::new(label, Board::new(board)).into() })
        })
        .await
    }

    /// Deletes a label permanently. Requires the role MEMBER or ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn delete_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The label to delete.")] input: DeleteLabelInput,
    ) -> Nullable<DeleteLabelPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let label = id::<LabelId>(&input.label_id, "labelId")?;
            let board = labels::delete(ctx.services()?, mutation, label).await?;
            let board = Board::new(board);
            Ok(DeleteLabelPayload { deleted_label_id: input.label_id, board: board.into() })
        })
        .await
    }
}
