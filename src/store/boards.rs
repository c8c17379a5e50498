//! Boards.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::access::{AuthorizedBoard, BoardAccess, BoardWithAccess, Membership, with_access};
use super::db::{Conn, Tx};
use super::dsl::{LongTexts, Statement, any_of, columns, execute_all, numbers, selection};
use super::lock::{Admin, BoardTx};
use super::rows::BoardRow;
use super::schema::{boards, users_boards};
use super::{events, labels, members, receipts};
use crate::domain::{
    Board, BoardId, BoardRole, ChangedField, Description, EventPayload, FieldChange, NewBoard,
    Result, Subject, Timestamp, Title, UserKey, lower_case, search_text,
};
use crate::events::Change;

/// Creates a board with all seven labels, with `user` as its ADMIN, and with the first event of its history.
pub async fn insert(
    tx: &mut Tx,
    user: UserKey,
    new: &NewBoard,
    now: Timestamp,
) -> Result<AuthorizedBoard> {
    let (title, description) = (new.title.as_str(), new.description.as_str());
    let row: BoardRow = tx
        .write_returning_one(
            diesel::insert_into(boards::table)
                .values((
                    boards::title.eq(title.to_owned()),
                    boards::title_key.eq(lower_case(title)),
                    boards::description.eq(description.to_owned()),
                    boards::created_at.eq(now),
                    boards::updated_at.eq(now),
                    boards::version.eq(1),
                    boards::created_by.eq(user.0),
                    boards::search_text.eq(search_text(title, description)),
                ))
                .returning(columns::<BoardRow>()),
        )
        .await?;
    let board = Board::from(row);
    labels::insert_all(tx, board.id, now).await?;
    let access = members::insert_first(tx, &board, user, now).await?;
    let mutation = tx.take_mutation();
    let created = [EventPayload::BoardCreated];
    let (mutation, version) = (mutation.as_ref(), board.version);
    let mut writes = vec![events::insert(board.id, Some(user), mutation, version, &created, now)?];
    if let Some(id) = mutation {
        let events = Some((version, version));
        writes.push(receipts::insert(user, id, board.id, &Subject::Board, events, now)?);
    }
    execute_all(tx, writes).await?;
    tx.close_change(Change::of(board.id, &[], vec![user]));
    Ok((board, access))
}

/// Changes the texts of a board; `None` stays as it is.
pub async fn update(
    board: &mut BoardTx<'_, Admin>,
    title: Option<&Title>,
    description: Option<&Description>,
) -> Result<()> {
    let old = board.board().clone();
    let old_description = old.description.as_deref().unwrap_or_default();
    let title = title.filter(|new| new.as_str() != old.title);
    let description = description.filter(|new| new.as_str() != old_description);
    let title_change =
        title.map(|new| FieldChange::new(ChangedField::Title, &old.title, new.as_str()));
    let description_change = description
        .map(|new| FieldChange::new(ChangedField::Description, old_description, new.as_str()));
    let Some(texts) = new_texts(title, description) else { return Ok(()) };
    let changes = title_change.into_iter().chain(description_change).collect();
    let update = diesel::update(boards::table.find(board.id().0));
    let search_text = search_text(
        title.map_or(&old.title, Title::as_str),
        description.map_or(old_description, Description::as_str),
    );
    // Must differ from the stored value. Otherwise the trigger `boards_search_text` assumes that an older program has
    // written the row.
    let other = format!("{search_text}\u{1f}").into_sql::<Text>();
    let search_text = case_when(boards::search_text.eq(search_text.clone()), other)
        .otherwise(search_text.into_sql::<Text>());
    let update = update.set((texts, boards::search_text.eq(search_text)));
    board.write(EventPayload::BoardUpdated { changes }, update).await?;
    let Board { title: old_title, description: old_description, .. } = board.board_mut();
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
struct NewTexts {
    title: Option<String>,
    title_key: Option<String>,
    description: Option<String>,
}

/// `None` if there is nothing to write: Diesel rejects an UPDATE without columns.
fn new_texts(title: Option<&Title>, description: Option<&Description>) -> Option<NewTexts> {
    (title.is_some() || description.is_some()).then(|| NewTexts {
        title: title.map(|title| title.as_str().to_owned()),
        title_key: title.map(|title| lower_case(title.as_str())),
        description: description.map(|text| text.as_str().to_owned()),
    })
}

/// Puts the board into the trash.
pub async fn delete(board: &mut BoardTx<'_, Admin>) -> Result<()> {
    let now = board.now();
    set_deleted(board, EventPayload::BoardDeleted, Some(now)).await
}

/// Takes the board out of the trash.
pub async fn restore(board: &mut BoardTx<'_, Admin>) -> Result<()> {
    set_deleted(board, EventPayload::BoardRestored, None).await
}

async fn set_deleted(
    board: &mut BoardTx<'_, Admin>,
    event: EventPayload,
    time: Option<Timestamp>,
) -> Result<()> {
    let target = boards::table.find(board.id().0);
    board.write(event, diesel::update(target).set(boards::deleted_at.eq(time))).await?;
    board.board_mut().deleted_at = time;
    Ok(())
}

/// Deletes all boards, for `kanban seed --reset`.
pub async fn delete_all(tx: &mut Tx) -> Result<()> {
    tx.execute(diesel::delete(boards::table)).await?;
    Ok(())
}

/// The boards with these keys of which the user is a member and which are not in the trash.
pub async fn find(
    conn: &mut Conn,
    user: UserKey,
    ids: &[BoardId],
    texts: LongTexts,
) -> Result<Vec<AuthorizedBoard>> {
    let query = users_boards::table
        .inner_join(boards::table)
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .filter(any_of(boards::id, ids.iter().map(|id| id.0)))
        .select(selection::<BoardWithAccess>(texts));
    let rows: Vec<BoardWithAccess> = conn.load(query).await?;
    Ok(rows.into_iter().map(with_access).collect())
}

/// A board for each of these users who may see it.
pub async fn for_each(
    conn: &mut Conn,
    board: BoardId,
    users: &[UserKey],
) -> Result<Vec<AuthorizedBoard>> {
    let query = users_boards::table
        .inner_join(boards::table)
        .filter(users_boards::board_id.eq(board.0))
        .filter(boards::deleted_at.is_null())
        .filter(any_of(users_boards::user_id, users.iter().map(|user| user.0)))
        .select(selection::<BoardWithAccess>(LongTexts::Skip));
    let rows: Vec<BoardWithAccess> = conn.load(query).await?;
    Ok(rows.into_iter().map(with_access).collect())
}

/// The versions of these boards; those in the trash are included.
pub async fn versions(conn: &mut Conn, ids: &[BoardId]) -> Result<HashMap<BoardId, i64>> {
    let query = boards::table
        .filter(any_of(boards::id, ids.iter().map(|id| id.0)))
        .select((boards::id, boards::version));
    let rows: Vec<(i64, i64)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(id, version)| (BoardId(id), version)).collect())
}

/// What a list of boards shows of one of them, and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The role of the member.
    pub role: BoardRole,
    /// The version of the board.
    pub version: i64,
}

/// Longer lists are not compared.
const MAX_LISTINGS: i64 = 10_000;

/// The boards that a user may see; `None` if there are more than 10,000.
pub async fn listings(conn: &mut Conn, user: UserKey) -> Result<Option<HashMap<BoardId, Listing>>> {
    let query = users_boards::table
        .inner_join(boards::table)
        .filter(users_boards::user_id.eq(user.0))
        .filter(boards::deleted_at.is_null())
        .limit(MAX_LISTINGS + 1)
        .select((columns::<Membership>(), boards::version));
    let rows: Vec<(Membership, i64)> = conn.load(query).await?;
    let is_short = i64::try_from(rows.len()).is_ok_and(|count| count <= MAX_LISTINGS);
    let listing = |(membership, version): (Membership, i64)| {
        let access = membership.access(None);
        (access.board_id(), Listing { role: access.role(), version })
    };
    Ok(is_short.then(|| rows.into_iter().map(listing).collect()))
}

/// Those of the boards whose title or description has changed since a version.
pub async fn renamed_since(conn: &mut Conn, boards: &[(BoardId, i64)]) -> Result<HashSet<BoardId>> {
    if boards.is_empty() {
        return Ok(HashSet::new());
    }
    let statement = Statement::<BigInt>::new()
        .sql("SELECT DISTINCT board_events.board_id FROM ")
        .table(
            "p",
            [
                ("board", numbers(boards, |(board, _)| board.0)),
                ("version", numbers(boards, |(_, version)| *version)),
            ],
        )
        .sql(" JOIN board_events ON board_events.board_id = p.board AND board_events.sequence > p.version")
        .sql(" AND board_events.kind = 'BOARD_UPDATED'");
    let rows: Vec<i64> = conn.load(statement).await?;
    Ok(rows.into_iter().map(BoardId).collect())
}

/// Those of the users who are members of one of the boards, which may be in the trash.
pub async fn members_among(
    conn: &mut Conn,
    boards: &[BoardId],
    users: &[UserKey],
) -> Result<Vec<UserKey>> {
    let query = users_boards::table
        .filter(any_of(users_boards::board_id, boards.iter().map(|board| board.0)))
        .filter(any_of(users_boards::user_id, users.iter().map(|user| user.0)))
        .select(users_boards::user_id);
    let rows: Vec<i64> = conn.load(query).await?;
    Ok(rows.into_iter().map(UserKey).collect())
}

/// For each of the users, numbers that change when their list of boards changes.
pub async fn fingerprints(
    conn: &mut Conn,
    users: &[UserKey],
) -> Result<HashMap<UserKey, (i64, i64, i64)>> {
    let statement = Statement::<(BigInt, (BigInt, BigInt, BigInt))>::new()
        .sql("SELECT users_boards.user_id, CAST(sum(boards.id) AS BIGINT), CAST(sum(boards.version) AS BIGINT),")
        .sql(" sum(CASE users_boards.role WHEN 'ADMIN' THEN 1 WHEN 'MEMBER' THEN 100000 ELSE 0 END)")
        .sql(" FROM users_boards JOIN boards ON boards.id = users_boards.board_id")
        .sql(" WHERE boards.deleted_at IS NULL AND users_boards.user_id")
        .in_any(numbers(users, |user| user.0))
        .sql(" GROUP BY users_boards.user_id");
    let rows: Vec<(i64, (i64, i64, i64))> = conn.load(statement).await?;
    Ok(rows.into_iter().map(|(user, numbers)| (UserKey(user), numbers)).collect())
}

/// The descriptions of boards.
pub async fn descriptions(
    conn: &mut Conn,
    keys: &[BoardAccess],
) -> Result<HashMap<BoardId, Arc<str>>> {
    let query = boards::table
        .filter(any_of(boards::id, keys.iter().map(|board| board.board_id().0)))
        .select((boards::id, boards::description));
    let rows: Vec<(i64, String)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(board, text)| (BoardId(board), text.into())).collect())
}
