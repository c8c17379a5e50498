//! Lists of the boards of a user.

use diesel::sql_types::{BigInt, Bool};

use super::access::{AuthorizedBoard, BoardWithAccess, with_access};
use super::db::Conn;
use super::dsl::{ListOrder, LongTexts, SearchTexts, Sort, SortColumn, Statement, select_with};
use crate::domain::{
    Board, BoardList, BoardOrder, BoardOrderField, BoardRole, Direction, Page, PageRequest, Result,
    Side, UserKey, lower_case,
};

const TEXTS: SearchTexts =
    SearchTexts { postgres: "strpos(boards.search_text, ", sqlite: "instr(boards.search_text, " };

const FROM_MEMBERSHIPS: &str = " FROM users_boards JOIN boards ON boards.id = users_boards.board_id WHERE users_boards.user_id = ";

impl<ST> Statement<ST> {
    /// Appends the memberships of a user that belong to the list, and their boards.
    fn of_list(self, user: UserKey, list: &BoardList) -> Self {
        let statement = self.sql(FROM_MEMBERSHIPS).number(user.0);
        match list {
            BoardList::InUse(_, None) => statement.sql(" AND boards.deleted_at IS NULL"),
            BoardList::InUse(_, Some(text)) => statement
                .sql(" AND boards.deleted_at IS NULL AND (")
                .containing(TEXTS, Some(text))
                .sql(")"),
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
    list: &BoardList,
    request: &PageRequest,
    texts: LongTexts,
) -> Result<Page<AuthorizedBoard>> {
    let statement =
        select_with::<BoardWithAccess>(texts).of_list(user, list).page(sort(list), request);
    let rows: Vec<BoardWithAccess> = conn.load(statement).await?;
    Ok(Page::from_rows(rows.into_iter().map(with_access).collect(), request))
}

/// The number of boards in a list of the user's boards.
pub async fn count(conn: &mut Conn, user: UserKey, list: &BoardList) -> Result<i64> {
    let statement = Statement::<BigInt>::new().sql("SELECT count(*)").of_list(user, list);
    Ok(conn.first(statement).await?.unwrap_or_default())
}

/// Whether any board of a list lies beyond a page on this side.
pub async fn any_beyond(
    conn: &mut Conn,
    user: UserKey,
    list: &BoardList,
    request: &PageRequest,
    side: Side,
) -> Result<bool> {
    let statement = Statement::<Bool>::new()
        .sql("SELECT EXISTS (SELECT 1")
        .of_list(user, list)
        .beyond(sort(list), request, side)
        .sql(")");
    Ok(conn.first(statement).await?.unwrap_or_default())
}

/// The bytes of text that a search in the list reads.
pub async fn search_bytes(conn: &mut Conn, user: UserKey) -> Result<i64> {
    let statement = Statement::<BigInt>::new()
        .sql("SELECT CAST(coalesce(sum(octet_length(boards.search_text)), 0) AS BIGINT)")
        .of_list(user, &BoardList::InUse(BoardOrder::default(), None));
    Ok(conn.first(statement).await?.unwrap_or_default())
}

const CREATED_AT: ListOrder<Board> = order(
    "boards",
    "CREATED_AT",
    &[SortColumn::time("boards.created_at", |board| board.created_at)],
);
const UPDATED_AT: ListOrder<Board> = order(
    "boards",
    "UPDATED_AT",
    &[SortColumn::time("boards.updated_at", |board| board.updated_at)],
);
const TITLE: ListOrder<Board> = order(
    "boards",
    "TITLE",
    &[SortColumn::text("boards.title_key", |board| lower_case(&board.title).into())],
);
const DELETED_AT: ListOrder<Board> = order(
    "deletedBoards",
    "DELETED_AT",
    &[SortColumn::time("boards.deleted_at", |board| board.deleted_at.unwrap_or(board.updated_at))],
);

const fn order(
    list: &'static str,
    name: &'static str,
    by: &'static [SortColumn<Board>],
) -> ListOrder<Board> {
    ListOrder { list, name, by, tie: "boards.id", key: |board| board.id.0 }
}

/// The order of a list of boards.
pub fn sort(list: &BoardList) -> Sort<Board> {
    match list {
        BoardList::Deleted => DELETED_AT.sort(Direction::Descending),
        BoardList::InUse(BoardOrder { field, direction }, _) => match field {
            BoardOrderField::CreatedAt => CREATED_AT.sort(*direction),
            BoardOrderField::UpdatedAt => UPDATED_AT.sort(*direction),
            BoardOrderField::Title => TITLE.sort(*direction),
        },
    }
}
