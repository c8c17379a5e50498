//! Boards.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::access::{BoardAccess, LockedBoard, Membership};
use super::page::Sort;
use super::schema::{boards, users_boards};
use super::{Conn, Tx, labels, members, sql};
use crate::domain::{
    Board, BoardId, BoardOrder, BoardOrderField, Description, NewBoard, Page, PageRequest,
    Position, Result, SortValue, Timestamp, Title, UserId, fold_case,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = boards)]
pub(super) struct BoardRow {
    id: i64,
    title: String,
    description: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<BoardRow> for Board {
    fn from(row: BoardRow) -> Self {
        Self {
            id: BoardId(row.id),
            title: row.title,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

type BoardWithAccess = (BoardRow, Membership);

fn with_access((board, membership): BoardWithAccess) -> (Board, BoardAccess) {
    (board.into(), membership.access())
}

/// Makes a board with all seven labels and `user` as its first member.
pub async fn insert(
    tx: &mut Tx,
    user: UserId,
    new: &NewBoard,
    now: Timestamp,
) -> Result<(Board, BoardAccess)> {
    let row: BoardRow = run!(tx, |c| diesel::insert_into(boards::table)
        .values((
            boards::title.eq(new.title.as_str()),
            boards::title_key.eq(fold_case(new.title.as_str())),
            boards::description.eq(new.description.as_str()),
            boards::created_at.eq(now),
            boards::updated_at.eq(now),
        ))
        .returning(BoardRow::as_returning())
        .get_result(c)
        .await)?;
    let board = Board::from(row);
    labels::insert_all(tx, board.id, now).await?;
    let access = members::insert_first(tx, board.id, user, now).await?;
    Ok((board, access))
}

/// Writes new texts and moves `updated_at`.
pub async fn update(
    tx: &mut Tx,
    board: &LockedBoard,
    title: Option<&Title>,
    description: Option<&Description>,
    now: Timestamp,
) -> Result<Board> {
    #[derive(AsChangeset)]
    #[diesel(table_name = boards)]
    struct Changes<'a> {
        title: Option<&'a str>,
        title_key: Option<String>,
        description: Option<&'a str>,
    }
    let changes = Changes {
        title: title.map(Title::as_str),
        title_key: title.map(|title| fold_case(title.as_str())),
        description: description.map(Description::as_str),
    };
    let row: BoardRow = run!(tx, |c| diesel::update(boards::table.find(board.id().0))
        .set((changes, boards::updated_at.eq(now)))
        .returning(BoardRow::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.into())
}

/// Moves the board's `updated_at`: something on it has changed.
pub async fn touch(tx: &mut Tx, board: &LockedBoard, now: Timestamp) -> Result<Board> {
    update(tx, board, None, None, now).await
}

/// Deletes the board with everything on it.
pub async fn delete(tx: &mut Tx, board: &LockedBoard) -> Result<()> {
    run!(tx, |c| diesel::delete(boards::table.find(board.id().0)).execute(c).await)?;
    Ok(())
}

/// Deletes all boards, for `kanban seed --reset`.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    run!(tx, |c| diesel::delete(boards::table).execute(c).await)?;
    Ok(())
}

/// Those of the boards that the user is a member of.
pub async fn find(
    conn: &mut Conn,
    user: UserId,
    ids: &[BoardId],
) -> Result<Vec<(Board, BoardAccess)>> {
    let statement = sql::select::<BoardWithAccess>()
        .sql(" FROM boards JOIN users_boards ON users_boards.board_id = boards.id WHERE users_boards.user_id = ")
        .number(user.0)
        .sql(" AND boards.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<BoardWithAccess> = run!(conn, |c| statement.load(c).await)?;
    Ok(rows.into_iter().map(with_access).collect())
}

/// A page of the boards that the user is a member of.
pub async fn list(
    conn: &mut Conn,
    user: UserId,
    order: BoardOrder,
    request: &PageRequest,
) -> Result<Page<(Board, BoardAccess)>> {
    let statement = sql::select::<BoardWithAccess>()
        .sql(" FROM users_boards JOIN boards ON boards.id = users_boards.board_id WHERE users_boards.user_id = ")
        .number(user.0)
        .page(sort(order), request);
    let rows: Vec<BoardWithAccess> = run!(conn, |c| statement.load(c).await)?;
    Ok(Page::from_rows(rows.into_iter().map(with_access).collect(), request))
}

/// How many boards the user is a member of.
pub async fn count(conn: &mut Conn, user: UserId) -> Result<i64> {
    Ok(run!(conn, |c| users_boards::table
        .filter(users_boards::user_id.eq(user.0))
        .count()
        .get_result(c)
        .await)?)
}

fn sort(order: BoardOrder) -> Sort {
    let by = match order.field {
        BoardOrderField::CreatedAt => "boards.created_at",
        BoardOrderField::UpdatedAt => "boards.updated_at",
        BoardOrderField::Title => "boards.title_key",
    };
    Sort { by, tie: "boards.id", direction: order.direction }
}

/// The place of a board in a list of this order.
pub fn position(board: &Board, order: BoardOrder) -> Position {
    let value = match order.field {
        BoardOrderField::CreatedAt => SortValue::Time(board.created_at),
        BoardOrderField::UpdatedAt => SortValue::Time(board.updated_at),
        BoardOrderField::Title => SortValue::Text(fold_case(&board.title)),
    };
    Position { value, key: board.id.0 }
}
