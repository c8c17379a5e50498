//! Mutations that take effect once, however often the client sends them (ADR 90).
//!
//! A mutation with an ID stores a receipt in its transaction. A retry runs like the first attempt, and fails: because of the
//! receipt, or because of what the first attempt has changed (a version, a membership). Then the receipt is looked up, and
//! the payload is read again. So neither the first attempt nor a mutation without an ID takes another statement.

use super::Services;
use crate::domain::{
    At, Card, Comment, Error, Label, Member, Mutation, MutationId, Receipt, Result, Subject,
    Timestamp, Viewer, rejection,
};
use crate::store::access::AuthorizedBoard;
use crate::store::{Conn, LongTexts, Tx, Work, boards, cards, comments, labels, members, receipts};

/// The number of days for which the ID of a mutation is remembered.
const DAYS: u32 = 7;

/// The maximum number of attempts of a mutation whose ID has an old receipt. Others may send the same ID at the same time.
const TRIES: usize = 3;

/// The maximum number of receipts per transaction.
const BATCH: i64 = 1000;

/// Runs a mutation in a transaction, unless a mutation with its ID has taken effect before: then the present state of its
/// objects is returned.
///
/// CONFLICT if the earlier mutation had another input.
pub(super) async fn once<I, T, F>(
    services: &Services,
    mutation: Mutation,
    input: I,
    work: F,
) -> Result<T>
where
    I: Clone + Send + Sync + 'static,
    T: Replay + 'static,
    for<'t, 'i> F: AsyncFn(&'t mut Tx, &'i (Viewer, I)) -> Result<T>
        + Work<&'t mut Tx, &'i (Viewer, I), Result<T>, Fut: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let Mutation { viewer, id } = mutation;
    let Some(id) = id else { return services.db.write((viewer, input), work).await };
    let time = services.db.now().days_before(DAYS);
    for _ in 0..TRIES {
        let (sent, input) = (Some(id.clone()), (viewer, input.clone()));
        let error = match services.db.write_as(sent, input, work.clone(), |_| ()).await {
            Err(error) => error,
            done => return done,
        };
        match receipt(services, viewer, &id, time).await {
            Ok(Some(receipt)) => return again(services, viewer, &id, &receipt).await,
            // The receipt is too old.
            Ok(None) if error == Error::Repeated => {
                forget(services, viewer, id.clone(), time).await?;
            }
            // The error may come from the earlier mutation itself: the client must send it again.
            Err(failed) if error != Error::OutcomeUnknown => return Err(failed),
            _ => return Err(error),
        }
    }
    Err(Error::Unavailable)
}

/// The result of a mutation that is refused before it runs: a retry of one that took effect is not.
pub(super) async fn refuse<T: Replay>(
    services: &Services,
    Mutation { viewer, id }: Mutation,
    refusal: Error,
) -> Result<T> {
    let Some(id) = id else { return Err(refusal) };
    let time = services.db.now().days_before(DAYS);
    match receipt(services, viewer, &id, time).await? {
        Some(receipt) => again(services, viewer, &id, &receipt).await,
        None => Err(refusal),
    }
}

/// The receipt of a mutation, if it is not older than `time`.
async fn receipt(
    services: &Services,
    viewer: Viewer,
    id: &MutationId,
    time: Timestamp,
) -> Result<Option<Receipt>> {
    let found = receipts::find(&mut services.db.read().await?, viewer.key, id).await?;
    Ok(found.filter(|receipt| receipt.created_at >= time))
}

async fn again<T: Replay>(
    services: &Services,
    viewer: Viewer,
    id: &MutationId,
    receipt: &Receipt,
) -> Result<T> {
    if receipt.input_hash != id.input_hash() {
        return Err(rejection::id_of_another_mutation().at("clientMutationId"));
    }
    let mut conn = services.db.read().await?;
    let found = T::read(&mut conn, viewer, receipt).await?;
    found.ok_or(Error::AppliedBefore { what: T::WHAT })
}

/// Deletes the receipt of a mutation that was sent too long ago.
async fn forget(
    services: &Services,
    viewer: Viewer,
    id: MutationId,
    time: Timestamp,
) -> Result<()> {
    let input = (viewer.key, id, time);
    let forgotten = services.db.write(input, async |tx, (user, id, time)| {
        receipts::delete_older(tx, *user, id, *time).await
    });
    forgotten.await
}

/// Deletes the receipts of mutations that were sent too long ago.
pub async fn forget_old(services: &Services) -> Result<()> {
    let time = services.db.now().days_before(DAYS);
    loop {
        let deleted = services
            .db
            .write(time, async |tx, time| receipts::delete_all_older(tx, *time, BATCH).await);
        if i64::try_from(deleted.await?).is_ok_and(|deleted| deleted < BATCH) {
            return Ok(());
        }
    }
}

/// What a mutation returns.
pub(super) trait Replay: Sized + Send {
    /// The type of the object for the message if it is gone.
    const WHAT: &'static str;

    /// Reads it again for a retry; `None` if an object is gone, or hidden from the viewer.
    fn read(
        conn: &mut Conn,
        viewer: Viewer,
        receipt: &Receipt,
    ) -> impl Future<Output = Result<Option<Self>>> + Send;
}

/// The hash of the input includes the mutation, so a receipt always has the subject of its mutation.
fn wrong_subject() -> Error {
    Error::defect("the receipt of a mutation has the subject of another one")
}

/// The payload is read afterwards, and may be newer.
fn unversioned((board, access): AuthorizedBoard) -> AuthorizedBoard {
    (board, access.without_version())
}

impl Replay for AuthorizedBoard {
    const WHAT: &'static str = "board";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let found = boards::find(conn, viewer.key, &[receipt.board], LongTexts::Load).await?;
        Ok(found.into_iter().next().map(unversioned))
    }
}

/// The viewer has left the board, or does not see it any more.
impl Replay for Option<AuthorizedBoard> {
    const WHAT: &'static str = "board";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        AuthorizedBoard::read(conn, viewer, receipt).await.map(Some)
    }
}

/// The payload shows IDs only.
impl Replay for () {
    const WHAT: &'static str = "object";

    async fn read(_: &mut Conn, _: Viewer, _: &Receipt) -> Result<Option<Self>> {
        Ok(Some(()))
    }
}

impl Replay for (Vec<Card>, AuthorizedBoard) {
    const WHAT: &'static str = "card";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let ids = match &receipt.subject {
            Subject::Card(id) => std::slice::from_ref(id),
            Subject::Cards(ids) => ids,
            _ => return Err(wrong_subject()),
        };
        let mut found = cards::find(conn, viewer.key, ids, LongTexts::Load).await?;
        let board = found.first().map(|(_, board)| unversioned(board.clone()));
        found.sort_by_key(|(card, _)| ids.iter().position(|id| *id == card.id));
        let cards: Vec<_> = found.into_iter().map(|(card, _)| card).collect();
        Ok(board.filter(|_| cards.len() == ids.len()).map(|board| (cards, board)))
    }
}

impl Replay for (Card, AuthorizedBoard) {
    const WHAT: &'static str = "card";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let found = <(Vec<Card>, AuthorizedBoard)>::read(conn, viewer, receipt).await?;
        Ok(found.and_then(|(cards, board)| Some((cards.into_iter().next()?, board))))
    }
}

impl Replay for (Label, AuthorizedBoard) {
    const WHAT: &'static str = "label";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let Subject::Label(id) = receipt.subject else { return Err(wrong_subject()) };
        let found = labels::find(conn, viewer.key, &[id]).await?;
        Ok(found.into_iter().next().map(|(label, board)| (label, unversioned(board))))
    }
}

impl Replay for (Comment, Card, AuthorizedBoard) {
    const WHAT: &'static str = "comment";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let Subject::Comment(id) = receipt.subject else { return Err(wrong_subject()) };
        let found = comments::find(conn, viewer.key, &[id], LongTexts::Load).await?;
        let Some((comment, board)) = found.into_iter().next() else { return Ok(None) };
        let card = cards::find(conn, viewer.key, &[comment.card_id], LongTexts::Load).await?;
        Ok(card.into_iter().next().map(|(card, _)| (comment, card, unversioned(board))))
    }
}

impl Replay for (Member, AuthorizedBoard) {
    const WHAT: &'static str = "member";

    async fn read(conn: &mut Conn, viewer: Viewer, receipt: &Receipt) -> Result<Option<Self>> {
        let Subject::Member(user) = receipt.subject else { return Err(wrong_subject()) };
        let Some(board) = AuthorizedBoard::read(conn, viewer, receipt).await? else {
            return Ok(None);
        };
        let member = members::find(conn, board.1, user).await?;
        Ok(member.map(|member| (member, board)))
    }
}
