//! Boards.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::domain::{At, BoardChanges, BoardId, Description, LabelName, NewBoard, Result, Title};
use crate::graphql::context::{ContextExt, Nullable, mutate};
use crate::graphql::engine::EagerObject;
use crate::graphql::schema::inputs::{id, optional};
use crate::graphql::schema::types::{Board, BoardEdge, LabelColor};
use crate::service::boards;

/// A new board. It has all seven labels, nameless, and the viewer as its ADMIN.
#[derive(InputObject)]
pub(super) struct CreateBoardInput {
    /// One line of 1 to 500 characters.
    title: String,
    /// Markdown of at most 20,000 characters.
    #[graphql(default)]
    description: String,
}

/// The new board.
#[derive(SimpleObject)]
pub(super) struct CreateBoardPayload {
    /// The new board.
    board: EagerObject<Board>,
    /// Its edge in `boards` in the default order.
    board_edge: EagerObject<BoardEdge>,
}

/// A new name for the board's label of a colour.
#[derive(InputObject)]
pub(super) struct LabelNameInput {
    /// Which label.
    color: LabelColor,
    /// One line of at most 100 characters; may be empty.
    name: String,
}

/// Changes to a board. A field left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateBoardInput {
    /// Which board.
    board_id: ID,
    /// One line of 1 to 500 characters.
    title: Option<String>,
    /// Markdown of at most 20,000 characters.
    description: Option<String>,
    /// New names for these labels; the others keep theirs.
    labels: Option<Vec<LabelNameInput>>,
}

/// The changed board.
#[derive(SimpleObject)]
pub(super) struct UpdateBoardPayload {
    /// The changed board.
    board: EagerObject<Board>,
}

/// A board to delete.
#[derive(InputObject)]
pub(super) struct DeleteBoardInput {
    /// Which board.
    board_id: ID,
}

/// The board that was deleted.
#[derive(SimpleObject)]
pub(super) struct DeleteBoardPayload {
    /// Its id.
    deleted_board_id: ID,
}

/// Boards.
#[derive(Default)]
pub(super) struct BoardMutation;

#[Object]
impl BoardMutation {
    /// Makes a board.
    async fn create_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new board.")] input: CreateBoardInput,
    ) -> Nullable<CreateBoardPayload> {
        mutate(ctx, async {
            let new = NewBoard {
                title: Title::parse(&input.title).at("title")?,
                description: Description::parse(&input.description).at("description")?,
            };
            let board = Board::new(boards::create(ctx.services()?, ctx.viewer()?, new).await?);
            Ok(CreateBoardPayload {
                board: board.clone().into(),
                board_edge: BoardEdge::in_use(board).into(),
            })
        })
        .await
    }

    /// Changes a board's texts and the names of its labels in one step. For ADMINs.
    async fn update_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What shall change.")] input: UpdateBoardInput,
    ) -> Nullable<UpdateBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            let changes = BoardChanges {
                title: optional(input.title, "title", |text| Title::parse(text))?,
                description: optional(input.description, "description", |text| {
                    Description::parse(text)
                })?,
                labels: label_names(input.labels.unwrap_or_default()).at("labels")?,
            };
            let board = boards::update(ctx.services()?, ctx.viewer()?, board, changes).await?;
            Ok(UpdateBoardPayload { board: Board::new(board).into() })
        })
        .await
    }

    /// Deletes a board with everything on it. It stays in the trash for 30 days, unless the
    /// server is told otherwise, see `deletedBoards` and `restoreBoard`. For ADMINs.
    async fn delete_board(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which board.")] input: DeleteBoardInput,
    ) -> Nullable<DeleteBoardPayload> {
        mutate(ctx, async {
            let board = id::<BoardId>(&input.board_id, "boardId")?;
            boards::delete(ctx.services()?, ctx.viewer()?, board).await?;
            Ok(DeleteBoardPayload { deleted_board_id: input.board_id })
        })
        .await
    }
}

fn label_names(inputs: Vec<LabelNameInput>) -> Result<Vec<(crate::domain::LabelColor, LabelName)>> {
    let names = inputs.into_iter().enumerate().map(|(index, input)| {
        let name = LabelName::parse(&input.name).at("name").at(index)?;
        Ok((input.color.into(), name))
    });
    names.collect()
}
