//! Mutations for boards.

use std::collections::BTreeSet;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{
    self, At, BoardChanges, BoardId, Description, LabelName, NewBoard, Result, Title, rejection,
};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{Retry, id, identify, optional};
use crate::graphql::schema::types::{Board, BoardEdge, LabelColor};
use crate::service::boards;

/// The data of a new board. It gets all seven labels, without names, and the viewer as its ADMIN.
#[derive(InputObject)]
pub(super) struct CreateBoardInput {
    /// The title: one line of 1 to 500 characters, at least one of them visible, without U+202D and
    /// U+202E. White space (Unicode White_Space) at both ends is removed.
    title: String,
    /// The description: Markdown of at most 20,000 characters. White space (Unicode White_Space) at the
    /// end is removed.
    #[graphql(default)]
    description: String,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `createBoard`.
#[derive(SimpleObject)]
pub(super) struct CreateBoardPayload {
    /// The new board.
    board: EagerObject<Board>,
    /// The edge of the new board in the default order of `boards`.
    board_edge: EagerObject<BoardEdge>,
}

/// The new name of the board's label of a colour.
#[derive(InputObject)]
pub(super) struct LabelNameInput {
    /// The colour of the label.
    color: LabelColor,
    /// The new name: one line of at most 100 characters without U+202D and U+202E; may be empty. White
    /// space (Unicode White_Space) at both ends is removed.
    name: String,
}

/// Changes to a board. Fields that are left out do not change.
#[derive(InputObject)]
pub(super) struct UpdateBoardInput {
    /// The ID of the board.
    board_id: ID,
    /// The new title: one line of 1 to 500 characters, at least one of them visible, without U+202D and
    /// U+202E. White space (Unicode White_Space) at both ends is removed.
    title: Option<String>,
    /// The new description: Markdown of at most 20,000 characters. White space (Unicode White_Space) at
    /// the end is removed.
    description: Option<String>,
    /// New names for the labels of these colours, each of which may occur once. All other labels keep their
    /// names.
    labels: Option<Vec<LabelNameInput>>,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `updateBoard`.
#[derive(SimpleObject)]
pub(super) struct UpdateBoardPayload {
    /// The changed board.
    board: EagerObject<Board>,
}

/// The board to delete.
#[derive(InputObject)]
pub(super) struct DeleteBoardInput {
    /// The ID of the board.
    board_id: ID,
    #[graphql(flatten)]
    retry: Retry,
}

/// The result of `deleteBoard`.
#[derive(SimpleObject)]
pub(super) struct DeleteBoardPayload {
    /// The ID of the deleted board.
    deleted_board_id: ID,
}

/// Mutations for boards.
#[derive(Default)]
pub(super) struct BoardMutation;

#[Object]
impl BoardMutation {
    /// Creates a board.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT.
    async fn create_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new board.")] input: CreateBoardInput,
    ) -> Nullable<CreateBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let new = NewBoard {
                title: Title::parse(&input.title).at("title")?,
                description: Description::parse(&input.description).at("description")?,
            };
            let board = Board::new(boards::create(ctx.services()?, mutation, new).await?);
            Ok(CreateBoardPayload {
                board: board.clone().into(),
                board_edge: BoardEdge::in_use(board).into(),
            })
        })
        .await
    }

    /// Changes the title and description of a board and the names of its labels in one step. Requires the
    /// role ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn update_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes to the board.")] input: UpdateBoardInput,
    ) -> Nullable<UpdateBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let changes = BoardChanges {
                title: optional(input.title, "title", |text| Title::parse(text))?,
                description: optional(input.description, "description", |text| {
                    Description::parse(text)
                })?,
                labels: label_names(input.labels.unwrap_or_default()).at("labels")?,
            };
            let board = boards::update(ctx.services()?, mutation, board, changes).await?;
            Ok(UpdateBoardPayload { board: Board::new(board).into() })
        })
        .await
    }

    /// Deletes a board with everything on it. It stays in the trash for 30 days, unless the server is
    /// configured otherwise; see `deletedBoards` and `restoreBoard`. Requires the role ADMIN.
    ///
    /// Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT.
    async fn delete_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The board to delete.")] input: DeleteBoardInput,
    ) -> Nullable<DeleteBoardPayload> {
        mutate(ctx, async {
            let mutation = identify(ctx, &input, &input.retry)?;
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            boards::delete(ctx.services()?, mutation, board).await?;
            Ok(DeleteBoardPayload { deleted_board_id: input.board_id })
        })
        .await
    }
}

/// BAD_USER_INPUT if a colour occurs twice: it is not clear which name is meant.
fn label_names(inputs: Vec<LabelNameInput>) -> Result<Vec<(domain::LabelColor, LabelName)>> {
    let mut colors = BTreeSet::new();
    let names = inputs.into_iter().enumerate().map(|(index, input)| {
        let color = domain::LabelColor::from(input.color);
        if !colors.insert(color) {
            return Err(rejection::repeated_color(color.as_str()).at("color").at(index));
        }
        let name = LabelName::parse(&input.name).at("name").at(index)?;
        Ok((color, name))
    });
    names.collect()
}
