//! Members of boards and their roles.

use super::Services;
use super::once::{once, refuse};
use crate::domain::{
    At, BoardId, BoardRole, EmailKey, Error, Member, Mutation, RemovalReason, Result, Subject,
    User, UserId, UserKey, rejection,
};
use crate::store::access::AuthorizedBoard;
use crate::store::lock::{Admin, BoardTx, Reader, lock_board};
use crate::store::{members, users};

/// How a user is named with whom a board is shared.
#[derive(Clone, Debug)]
pub enum Invited {
    /// By their ID.
    User(UserId),
    /// By their e-mail address.
    Email(EmailKey),
}

impl Invited {
    /// The field of the input.
    fn field(&self) -> &'static str {
        match self {
            Self::User(_) => "userId",
            Self::Email(_) => "email",
        }
    }
}

/// Counts a look-up of an account by its address. RATE_LIMITED after too many, so that nobody finds out which of many
/// addresses have an account.
pub fn count_look_up(services: &Services, viewer: UserKey) -> Result<()> {
    services.attempts.look_up(viewer)
}

/// Adds a user to the board, with the role MEMBER unless another role is given. If the user is already
/// a member and a role is given, changes the role. CONFLICT if no ADMIN would remain, RATE_LIMITED after too many addresses.
pub async fn share(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    user: Invited,
    role: Option<BoardRole>,
) -> Result<(Member, AuthorizedBoard)> {
    if matches!(user, Invited::Email(_))
        && let Err(limited) = count_look_up(services, mutation.viewer.key)
    {
        return refuse(services, mutation, limited).await;
    }
    once(services, mutation, (board, user, role), async |tx, (viewer, (board, user, role))| {
        let mut board: BoardTx<Admin> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        let field = user.field();
        let user = find(&mut board, user).await?;
        give_role(&mut board, &user, *role, field).await?;
        let access = board.access()?;
        let member = members::find(board.conn(), access, user.key).await?;
        let member = member.ok_or(Error::Contention)?;
        Ok((member, board.finish(Subject::Member(user.key)).await?))
    })
    .await
}

/// NOT_FOUND if there is no such account.
async fn find(board: &mut BoardTx<'_, Admin>, user: &Invited) -> Result<User> {
    let found = match user {
        Invited::User(id) => users::by_id(board.conn(), *id).await?,
        Invited::Email(email) => users::by_email(board.conn(), email).await?,
    };
    found.ok_or_else(|| Error::not_found("user").at(user.field()))
}

async fn give_role(
    board: &mut BoardTx<'_, Admin>,
    user: &User,
    role: Option<BoardRole>,
    field: &'static str,
) -> Result<()> {
    let access = board.access()?;
    let Some(present) = members::find(board.conn(), access, user.key).await? else {
        let role = role.unwrap_or(BoardRole::Member);
        return members::insert(board, user, role).await.at(field);
    };
    let Some(role) = role.filter(|role| *role != present.role) else { return Ok(()) };
    members::set_role(board, &present, role).await?;
    keep_an_admin(board).await.at("role")
}

/// Removes a member from the board. An ADMIN can remove any member, other members only themselves.
/// CONFLICT for the last ADMIN. Returns `None` if the viewer has removed themselves.
pub async fn unshare(
    services: &Services,
    mutation: Mutation,
    board: BoardId,
    user: UserId,
) -> Result<Option<AuthorizedBoard>> {
    once(services, mutation, (board, user), async |tx, (viewer, (board, user))| {
        if *user == viewer.id {
            let mut board: BoardTx<Reader> =
                lock_board(tx, viewer.key, *board).await.at("boardId")?;
            remove(&mut board, *user, RemovalReason::Left).await?;
            return board.finish(Subject::Board).await.map(|_| None);
        }
        let mut board: BoardTx<Admin> = lock_board(tx, viewer.key, *board).await.at("boardId")?;
        remove(&mut board, *user, RemovalReason::Removed).await?;
        board.finish(Subject::Board).await.map(Some)
    })
    .await
}

async fn remove<P>(board: &mut BoardTx<'_, P>, user: UserId, reason: RemovalReason) -> Result<()> {
    let not_a_member = || Error::not_found("member").at("userId");
    let user = users::by_id(board.conn(), user).await?.ok_or_else(not_a_member)?;
    if !members::delete(board, user.key, user.id, reason).await? {
        return Err(not_a_member());
    }
    keep_an_admin(board).await.at("userId")
}

/// CONFLICT, which rolls back the transaction, if the board has no ADMIN left.
async fn keep_an_admin<P>(board: &mut BoardTx<'_, P>) -> Result<()> {
    if members::any_admin(board).await? {
        return Ok(());
    }
    Err(rejection::last_admin())
}
