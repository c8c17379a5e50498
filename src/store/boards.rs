//! Boards.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use super::access::{AuthorizedBoard, BoardAccess, Membership};
use super::locks::{BoardAdmin, DeletedBoard};
use super::memory_size::MemorySize;
use super::page::Sort;
use super::schema::boards;
use super::sql::{LongTexts, Statement};
use super::{Conn, Tx, events, labels, members, sql};
use crate::domain::{
    Board, BoardId, BoardList, BoardOrderField, BoardRole, Description, Direction, EventPayload,
    NewBoard, Page, PageRequest, Position, Result, Side, SortValue, Timestamp, Title, UserKey,
    fold_case,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = boards)]
pub(super) struct BoardRow {
    id: i64,
    title: String,
    #[diesel(select_expression = boards::description.nullable())]
    #[diesel(select_expression_type = diesel::dsl::Nullable<boards::description>)]
    description: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
    deleted_at: Option<Timestamp>,
}

impl MemorySize for BoardRow {
    fn texts(&self) -> usize {
        self.title.len() + self.description.texts()
    }
}

impl From<BoardRow> for Board {
    fn from(row: BoardRow) -> Self {
        Self {
            id: BoardId(row.id),
            title: row.title,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
            deleted_at: row.deleted_at,
        }
    }
}

pub(super) type BoardWithAccess = (BoardRow, Membership);

pub(super) fn with_access((board, membership): BoardWithAccess) -> AuthorizedBoard {
    let access = membership.access(Some((board.version, board.updated_at)));
    (board.into(), access)
}

/// Makes a board with all seven labels, `user` as its ADMIN, and the first event of its history.
pub async fn insert(
    tx: &mut Tx,
    user: UserKey,
    new: &NewBoard,
    now: Timestamp,
) -> Result<AuthorizedBoard> {
    let row: BoardRow = run!(tx, |c| diesel::insert_into(boards::table)
        .values((
            boards::title.eq(new.title.as_str()),
            boards::title_key.eq(fold_case(new.title.as_str())),
            boards::description.eq(new.description.as_str()),
            boards::created_at.eq(now),
            boards::updated_at.eq(now),
            boards::version.eq(1),
        ))
        .returning(BoardRow::as_returning())
        .get_result(c)
        .await)?;
    let board = Board::from(row);
    labels::insert_all(tx, board.id, now).await?;
    let access = members::insert_first(tx, &board, user, now).await?;
    let made =
        events::events(board.id, Some(user), board.version, &[EventPayload::BoardCreated], now)?;
    sql::execute_all(tx, vec![made]).await?;
    Ok((board, access))
}

/// Writes new texts; `None` stays as it is. The event that tells of it moves `updated_at`.
pub async fn update(
    tx: &mut Tx,
    board: &mut BoardAdmin,
    title: Option<&Title>,
    description: Option<&Description>,
) -> Result<()> {
    let Some(changes) = texts(title, description) else {
        return Ok(());
    };
    let target = boards::table.find(board.id().0);
    run!(tx, |c| diesel::update(target).set(changes).execute(c).await)?;
    let Board { title: old_title, description: old_description, .. } = &mut board.lock.board;
    if let Some(title) = title {
        title.as_str().clone_into(old_title);
    }
    if let Some(description) = description {
        *old_description = Some(description.as_str().to_owned());
    }
    Ok(())
}

#[derive(AsChangeset)]
#[diesel(table_name = boards)]
struct NewTexts<'a> {
    title: Option<&'a str>,
    title_key: Option<String>,
    description: Option<&'a str>,
}

/// `None` when there is nothing to write, which Diesel would refuse.
fn texts<'a>(
    title: Option<&'a Title>,
    description: Option<&'a Description>,
) -> Option<NewTexts<'a>> {
    (title.is_some() || description.is_some()).then(|| NewTexts {
        title: title.map(Title::as_str),
        title_key: title.map(|title| fold_case(title.as_str())),
        description: description.map(Description::as_str),
    })
}

/// Puts the board into the trash.
pub async fn delete(tx: &mut Tx, board: &mut BoardAdmin, now: Timestamp) -> Result<()> {
    let target = boards::table.find(board.id().0);
    run!(tx, |c| diesel::update(target).set(boards::deleted_at.eq(now)).execute(c).await)?;
    board.lock.board.deleted_at = Some(now);
    Ok(())
}

/// Takes the board out of the trash.
pub async fn restore(tx: &mut Tx, board: &mut DeletedBoard) -> Result<()> {
    let never: Option<Timestamp> = None;
    let target = boards::table.find(board.id().0);
    run!(tx, |c| diesel::update(target).set(boards::deleted_at.eq(never)).execute(c).await)?;
    board.lock.board.deleted_at = None;
    Ok(())
}

/// Deletes all boards, for `kanban seed --reset`.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    run!(tx, |c| diesel::delete(boards::table).execute(c).await)?;
    Ok(())
}

/// Those of the boards in use that the user is a member of.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[BoardId],
    texts: LongTexts,
) -> Result<Vec<AuthorizedBoard>> {
    let statement = sql::select_with::<BoardWithAccess>(texts)
        .sql(FROM_MEMBERSHIPS)
        .number(user.0)
        .sql(" AND boards.deleted_at IS NULL AND boards.id")
        .in_numbers(ids.iter().map(|id| id.0).collect());
    let rows: Vec<BoardWithAccess> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(with_access).collect())
}

/// The descriptions of boards.
pub async fn descriptions(
    conn: &mut Conn,
    boards: &[BoardAccess],
) -> Result<HashMap<BoardId, Arc<str>>> {
    let statement = Statement::<(BigInt, Text)>::new()
        .sql("SELECT id, description FROM boards WHERE id")
        .in_numbers(boards.iter().map(|board| board.board_id().0).collect());
    let rows: Vec<(i64, String)> = statement.rows(conn).await?;
    Ok(rows.into_iter().map(|(board, text)| (BoardId(board), text.into())).collect())
}

const FROM_MEMBERSHIPS: &str = " FROM users_boards JOIN boards ON boards.id = users_boards.board_id WHERE users_boards.user_id = ";

impl<ST> Statement<ST> {
    /// Appends the memberships of a user that belong to the list, and their boards.
    fn of_list(self, user: UserKey, list: BoardList) -> Self {
        let statement = self.sql(FROM_MEMBERSHIPS).number(user.0);
        match list {
            BoardList::InUse(_) => statement.sql(" AND boards.deleted_at IS NULL"),
            BoardList::Deleted => statement
                .sql(" AND boards.deleted_at IS NOT NULL AND users_boards.role = ")
                .text(BoardRole::Admin.as_str()),
        }
    }
}

/// A page of a list of the user's boards.
pub async fn list(
    conn: &mut Conn,
    user: UserKey,
    list: BoardList,
    request: &PageRequest,
    texts: LongTexts,
) -> Result<Page<AuthorizedBoard>> {
    let statement =
        sql::select_with::<BoardWithAccess>(texts).of_list(user, list).page(sort(list), request);
    let rows: Vec<BoardWithAccess> = statement.rows(conn).await?;
    Ok(Page::from_rows(rows.into_iter().map(with_access).collect(), request))
}

/// How many boards a list of the user's boards has.
pub async fn count(conn: &mut Conn, user: UserKey, list: BoardList) -> Result<i64> {
    let statement = Statement::<BigInt>::new().sql("SELECT count(*)").of_list(user, list);
    Ok(statement.row(conn).await?.unwrap_or_default())
}

/// Whether any board of a list lies beyond a page on this side.
pub async fn any_beyond(
    conn: &mut Conn,
    user: UserKey,
    list: BoardList,
    request: &PageRequest,
    side: Side,
) -> Result<bool> {
    let statement = Statement::<Bool>::new()
        .sql("SELECT EXISTS (SELECT 1")
        .of_list(user, list)
        .beyond(sort(list), request, side)
        .sql(")");
    Ok(statement.row(conn).await?.unwrap_or_default())
}

fn sort(list: BoardList) -> Sort {
    let (by, direction): (&[&str], _) = match list {
        BoardList::Deleted => (&["boards.deleted_at"], Direction::Descending),
        BoardList::InUse(order) => match order.field {
            BoardOrderField::CreatedAt => (&["boards.created_at"], order.direction),
            BoardOrderField::UpdatedAt => (&["boards.updated_at"], order.direction),
            BoardOrderField::Title => (&["boards.title_key"], order.direction),
        },
    };
    Sort { by, tie: "boards.id", direction }
}

/// The place of a board in a list.
pub fn position(board: &Board, list: BoardList) -> Position {
    let value = match list {
        BoardList::Deleted => SortValue::Time(board.deleted_at.unwrap_or(board.updated_at)),
        BoardList::InUse(order) => match order.field {
            BoardOrderField::CreatedAt => SortValue::Time(board.created_at),
            BoardOrderField::UpdatedAt => SortValue::Time(board.updated_at),
            BoardOrderField::Title => SortValue::Text(fold_case(&board.title)),
        },
    };
    Position { values: vec![value], key: board.id.0 }
}
