//! Who may use a board.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::access::{BoardAccess, Membership};
use super::error::referenced;
use super::locks::{BoardAdmin, LockedBoard};
use super::memory_size::MemorySize;
use super::page::{self, Children, Sort};
use super::schema::{users, users_boards};
use super::sql::LongTexts;
use super::users::UserRow;
use super::{Conn, Tx};
use crate::domain::{
    Board, BoardId, BoardRole, Direction, Error, Member, Page, PageRequest, Position, Result, Side,
    SortValue, Timestamp, UserKey,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users_boards)]
struct MembershipRow {
    created_at: Timestamp,
    role: BoardRole,
}

impl MemorySize for MembershipRow {}

type MemberRow = (UserRow, MembershipRow);

fn member((user, membership): MemberRow) -> Member {
    Member { user: user.into(), since: membership.created_at, role: membership.role }
}

const OF_BOARD: Children = Children {
    table: "users_boards",
    key: "users_boards.board_id, users_boards.user_id",
    of_parent: "users_boards.board_id = p.id",
};

const BY_SINCE: Sort = Sort {
    by: &["users_boards.created_at"],
    tie: "users_boards.user_id",
    direction: Direction::Ascending,
};

/// Makes the creator of a board its first member, as ADMIN.
pub(super) async fn insert_first(
    tx: &mut Tx,
    board: &Board,
    user: UserKey,
    now: Timestamp,
) -> Result<BoardAccess> {
    let row: Membership = run!(tx, |c| diesel::insert_into(users_boards::table)
        .values(values(board.id, user, BoardRole::Admin, now))
        .returning(Membership::as_returning())
        .get_result(c)
        .await)?;
    Ok(row.access(None))
}

type NewMember = (
    diesel::dsl::Eq<users_boards::board_id, i64>,
    diesel::dsl::Eq<users_boards::user_id, i64>,
    diesel::dsl::Eq<users_boards::created_at, Timestamp>,
    diesel::dsl::Eq<users_boards::updated_at, Timestamp>,
    diesel::dsl::Eq<users_boards::role, &'static str>,
);

fn values(board: BoardId, user: UserKey, role: BoardRole, now: Timestamp) -> NewMember {
    (
        users_boards::board_id.eq(board.0),
        users_boards::user_id.eq(user.0),
        users_boards::created_at.eq(now),
        users_boards::updated_at.eq(now),
        users_boards::role.eq(role.as_str()),
    )
}

/// Makes a user, who is no member yet, a member; NOT_FOUND when the account has just gone.
pub async fn insert(
    tx: &mut Tx,
    board: &BoardAdmin,
    user: UserKey,
    role: BoardRole,
    now: Timestamp,
) -> Result<()> {
    let inserted = run!(tx, |c| diesel::insert_into(users_boards::table)
        .values(values(board.id(), user, role, now))
        .execute(c)
        .await);
    referenced(inserted, Error::not_found("user")).map(drop)
}

/// Gives a member another role.
pub async fn set_role(
    tx: &mut Tx,
    board: &BoardAdmin,
    user: UserKey,
    role: BoardRole,
    now: Timestamp,
) -> Result<()> {
    let target = users_boards::table.find((board.id().0, user.0));
    run!(tx, |c| diesel::update(target)
        .set((users_boards::role.eq(role.as_str()), users_boards::updated_at.eq(now)))
        .execute(c)
        .await)?;
    Ok(())
}

/// Takes a user off the board; `false` when they are no member.
pub async fn delete(tx: &mut Tx, board: &LockedBoard, user: UserKey) -> Result<bool> {
    let target = users_boards::table.find((board.id().0, user.0));
    Ok(run!(tx, |c| diesel::delete(target).execute(c).await)? > 0)
}

/// Whether any ADMIN is left on the board.
pub async fn any_admin(tx: &mut Tx, board: &LockedBoard) -> Result<bool> {
    let one = users_boards::table
        .filter(users_boards::board_id.eq(board.id().0))
        .filter(users_boards::role.eq(BoardRole::Admin.as_str()))
        .select(users_boards::user_id)
        .limit(1);
    let found: Option<i64> = run!(tx, |c| one.first(c).await.optional())?;
    Ok(found.is_some())
}

/// Whether anybody is left on the board.
pub async fn any(tx: &mut Tx, board: &LockedBoard) -> Result<bool> {
    let one = users_boards::table
        .filter(users_boards::board_id.eq(board.id().0))
        .select(users_boards::user_id)
        .limit(1);
    let found: Option<i64> = run!(tx, |c| one.first(c).await.optional())?;
    Ok(found.is_some())
}

/// The boards of which the user is a member, also those in the trash, in the order of their keys.
pub async fn boards_of(tx: &mut Tx, user: UserKey) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = run!(tx, |c| users_boards::table
        .filter(users_boards::user_id.eq(user.0))
        .order(users_boards::board_id)
        .select(users_boards::board_id)
        .load(c)
        .await)?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// One member of the board.
pub async fn find(conn: &mut Conn, board: BoardAccess, user: UserKey) -> Result<Option<Member>> {
    let row: Option<MemberRow> = run!(conn, |c| users_boards::table
        .find((board.board_id().0, user.0))
        .inner_join(users::table)
        .select((UserRow::as_select(), MembershipRow::as_select()))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(member))
}

/// A page of the members of each board, in the order of `boards`.
pub async fn list(
    conn: &mut Conn,
    boards: &[BoardAccess],
    request: &PageRequest,
) -> Result<Vec<Page<Member>>> {
    let parents: Vec<_> = boards.iter().map(|board| (board.board_id().0, 0)).collect();
    let statement = page::page_of_each::<MemberRow>(
        &parents,
        &OF_BOARD,
        " JOIN users ON users.id = users_boards.user_id",
        |statement| statement,
        BY_SINCE,
        request,
        LongTexts::Load,
    );
    let rows: Vec<(i64, MemberRow)> = statement.rows(conn).await?;
    let rows = rows.into_iter().map(|(place, row)| (place, member(row))).collect();
    Ok(page::into_pages(rows, boards.len(), request))
}

/// How many members each board has, in the order of `boards`.
pub async fn counts(conn: &mut Conn, boards: &[BoardAccess]) -> Result<Vec<i64>> {
    let parents: Vec<_> = boards.iter().map(|board| (board.board_id().0, 0)).collect();
    let statement = page::count_of_each(&parents, &OF_BOARD, |statement| statement);
    let rows: Vec<(i64, i64)> = statement.rows(conn).await?;
    Ok(page::in_order(rows, boards.len()))
}

/// Whether any member of each board lies beyond a page on this side, in the order of `boards`.
pub async fn any_beyond(
    conn: &mut Conn,
    boards: &[BoardAccess],
    request: &PageRequest,
    side: Side,
) -> Result<Vec<bool>> {
    let parents: Vec<_> = boards.iter().map(|board| (board.board_id().0, 0)).collect();
    let all = |statement| statement;
    let statement = page::any_of_each(&parents, &OF_BOARD, all, BY_SINCE, request, side);
    Ok(page::in_order(statement.rows(conn).await?, boards.len()))
}

/// The place of a member in the list of members.
pub fn position(member: &Member) -> Position {
    Position { values: vec![SortValue::Time(member.since)], key: member.user.key.0 }
}
