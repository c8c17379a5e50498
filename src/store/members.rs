//! The members of boards.

use diesel::prelude::*;

use super::access::{BoardAccess, Membership};
use super::db::{Conn, Tx, foreign_key};
use super::dsl::{
    Children, ListOrder, LongTexts, Sort, SortColumn, any_of_each, columns, count_of_each,
    in_order, into_pages, page_of_each,
};
use super::lock::{Admin, BoardTx, Reader};
use super::rows::{MemberRow, MembershipRow, UserRow, member};
use super::schema::{users, users_boards};
use crate::domain::{
    Board, BoardId, BoardRole, Direction, Error, EventPayload, Member, Page, PageRequest,
    RemovalReason, Result, Side, Timestamp, User, UserId, UserKey,
};

const OF_BOARD: Children = Children {
    table: "users_boards",
    key: "users_boards.board_id, users_boards.user_id",
    of_parent: "users_boards.board_id = p.id",
};

const SINCE: ListOrder<Member> = ListOrder {
    list: "members",
    name: "SINCE",
    by: &[SortColumn::time("users_boards.created_at", |member| member.since)],
    tie: "users_boards.user_id",
    key: |member| member.user.key.0,
};

/// The order of the members of a board.
pub const BY_SINCE: Sort<Member> = SINCE.sort(Direction::Ascending);

/// Adds the creator of a board as its first member, with the role ADMIN. UNAUTHENTICATED if the account was deleted meanwhile.
pub(super) async fn insert_first(
    tx: &mut Tx,
    board: &Board,
    user: UserKey,
    now: Timestamp,
) -> Result<BoardAccess> {
    let command = diesel::insert_into(users_boards::table)
        .values(values(board.id, user, BoardRole::Admin, now))
        .returning(columns::<Membership>());
    let inserted = tx.write_returning_one(command).await;
    // This transaction has inserted the board, so only the user can be missing.
    let row: Membership = foreign_key(inserted, Error::Unauthenticated)?;
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

/// Adds a member; NOT_FOUND if the account was deleted meanwhile.
pub async fn insert(board: &mut BoardTx<'_, Admin>, user: &User, role: BoardRole) -> Result<()> {
    let values = values(board.id(), user.key, role, board.now());
    let event = EventPayload::MemberAdded { user: user.id, role };
    let inserted =
        board.write(event, diesel::insert_into(users_boards::table).values(values)).await;
    board.tell(user.key);
    foreign_key(inserted, Error::not_found("user")).map(drop)
}

/// Changes the role of a member.
pub async fn set_role(
    board: &mut BoardTx<'_, Admin>,
    member: &Member,
    role: BoardRole,
) -> Result<()> {
    let User { key, id, .. } = &member.user;
    let event = EventPayload::MemberRoleChanged { user: *id, from: member.role, to: role };
    let changes = (users_boards::role.eq(role.as_str()), users_boards::updated_at.eq(board.now()));
    let target = users_boards::table.find((board.id().0, key.0));
    board.write(event, diesel::update(target).set(changes)).await?;
    board.tell(*key);
    if board.access()?.user_key() == *key {
        board.set_role(role);
    }
    Ok(())
}

/// Removes a user from the board; `false` if they are not a member.
pub async fn delete<P>(
    board: &mut BoardTx<'_, P>,
    key: UserKey,
    id: UserId,
    reason: RemovalReason,
) -> Result<bool> {
    let target = users_boards::table.find((board.id().0, key.0));
    let event = EventPayload::MemberRemoved { user: id, reason: Some(reason) };
    board.tell(key);
    Ok(board.write(event, diesel::delete(target)).await? > 0)
}

/// Whether the board has an ADMIN.
pub async fn any_admin<P>(board: &mut BoardTx<'_, P>) -> Result<bool> {
    let one = users_boards::table
        .filter(users_boards::board_id.eq(board.id().0))
        .filter(users_boards::role.eq(BoardRole::Admin.as_str()))
        .select(users_boards::user_id)
        .limit(1);
    let found: Option<i64> = board.conn().first(one).await?;
    Ok(found.is_some())
}

/// Makes another member ADMIN, because the only ADMIN deletes the account: a MEMBER before a VIEWER, the longest
/// membership first, and disabled accounts last. Events of the deleted account have no actor afterwards.
pub async fn promote_successor(board: &mut BoardTx<'_, Reader>) -> Result<()> {
    let successor = users_boards::table
        .inner_join(users::table)
        .filter(users_boards::board_id.eq(board.id().0))
        .order((
            users::disabled_at.is_not_null(),
            users_boards::role.eq(BoardRole::Viewer.as_str()),
            users_boards::created_at,
            users_boards::user_id,
        ))
        .select((columns::<UserRow>(), columns::<MembershipRow>()))
        .limit(1);
    let successor: Option<MemberRow> = board.conn().first(successor).await?;
    let Some(Member { user, role, .. }) = successor.map(member) else {
        return Err(Error::defect("a board has no member who becomes its admin"));
    };
    let event = EventPayload::MemberRoleChanged { user: user.id, from: role, to: BoardRole::Admin };
    let target = users_boards::table.find((board.id().0, user.key.0));
    let changes = (
        users_boards::role.eq(BoardRole::Admin.as_str()),
        users_boards::updated_at.eq(board.now()),
    );
    board.tell(user.key);
    board.write(event, diesel::update(target).set(changes)).await?;
    Ok(())
}

/// Whether the board has any member besides this one.
pub async fn any_other<P>(board: &mut BoardTx<'_, P>, user: UserKey) -> Result<bool> {
    let one = users_boards::table
        .filter(users_boards::board_id.eq(board.id().0))
        .filter(users_boards::user_id.ne(user.0))
        .select(users_boards::user_id)
        .limit(1);
    let found: Option<i64> = board.conn().first(one).await?;
    Ok(found.is_some())
}

/// The boards of which the user is a member, including those in the trash, in the order of their keys.
pub async fn boards_of(conn: &mut Conn, user: UserKey) -> Result<Vec<BoardId>> {
    let ids: Vec<i64> = conn
        .load(
            users_boards::table
                .filter(users_boards::user_id.eq(user.0))
                .order(users_boards::board_id)
                .select(users_boards::board_id),
        )
        .await?;
    Ok(ids.into_iter().map(BoardId).collect())
}

/// One member of the board.
pub async fn find(conn: &mut Conn, board: BoardAccess, user: UserKey) -> Result<Option<Member>> {
    let row: Option<MemberRow> = conn
        .first(
            users_boards::table
                .find((board.board_id().0, user.0))
                .inner_join(users::table)
                .select((columns::<UserRow>(), columns::<MembershipRow>())),
        )
        .await?;
    Ok(row.map(member))
}

/// A page of the members of each board, in the order of `boards`.
pub async fn list(
    conn: &mut Conn,
    boards: &[BoardAccess],
    request: &PageRequest,
) -> Result<Vec<Page<Member>>> {
    let parents: Vec<_> = boards.iter().map(|board| (board.board_id().0, 0)).collect();
    let statement = page_of_each::<MemberRow, _>(
        &parents,
        &OF_BOARD,
        " JOIN users ON users.id = users_boards.user_id",
        |statement| statement,
        BY_SINCE,
        request,
        LongTexts::Load,
    );
    let rows: Vec<(i64, MemberRow)> = conn.load(statement).await?;
    let rows = rows.into_iter().map(|(place, row)| (place, member(row)));
    Ok(into_pages(rows, boards.len(), BY_SINCE, request))
}

/// The number of members of each board, in the order of `boards`.
pub async fn counts(conn: &mut Conn, boards: &[BoardAccess]) -> Result<Vec<i64>> {
    let parents: Vec<_> = boards.iter().map(|board| (board.board_id().0, 0)).collect();
    let statement = count_of_each(&parents, &OF_BOARD, |statement| statement);
    let rows: Vec<(i64, i64)> = conn.load(statement).await?;
    Ok(in_order(rows, boards.len()))
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
    let statement = any_of_each(&parents, &OF_BOARD, all, BY_SINCE, request, side);
    Ok(in_order(conn.load(statement).await?, boards.len()))
}
