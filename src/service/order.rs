//! Where a card stands in its column.

use crate::domain::{
    At, Card, CardColumn, CardId, CardMove, Direction, Error, EventPayload, Rank, Result, Timestamp,
};
use crate::store::locks::BoardEditor;
use crate::store::order::{end_without, last_rank, next_without, rerank_without};
use crate::store::{Tx, cards, events};

/// The rank of a card that is put at the end of a column.
pub(super) async fn end_of(tx: &mut Tx, board: &BoardEditor, column: CardColumn) -> Result<Rank> {
    let last = last_rank(tx, board, column).await?;
    Rank::between(last.as_ref(), None).ok_or(Error::Internal)
}

/// The rank that a card needs to stand where it is wanted; `None` when it stands there. A move writes
/// one card and never its neighbours, unless the ranks at that spot have become long: then the column
/// gets new ones, which is an event of its own.
pub(super) async fn place(
    tx: &mut Tx,
    board: &BoardEditor,
    card: &Card,
    wanted: &CardMove,
) -> Result<(Option<Rank>, Vec<EventPayload>)> {
    let spot = spot(tx, board, card.id, wanted).await?;
    let gap = gap(tx, board, card.id, wanted.column, &spot).await?;
    if card.column == wanted.column && gap.holds(&card.rank) {
        return Ok((None, Vec::new()));
    }
    if let Some(rank) = gap.rank() {
        return Ok((Some(rank), Vec::new()));
    }
    let (version, now) = (board.version_after(1), Timestamp::now());
    rerank_without(tx, board, wanted.column, card.id, version, now).await?;
    // The neighbour has another rank now.
    let spot = self::spot(tx, board, card.id, wanted).await?;
    let gap = self::gap(tx, board, card.id, wanted.column, &spot).await?;
    let rank = gap.rank().ok_or(Error::Internal)?;
    Ok((Some(rank), vec![EventPayload::ColumnReordered { column: wanted.column }]))
}

/// A place in a column.
enum Spot {
    Start,
    Above(Card),
    Below(Card),
    End,
}

/// What became of a card that was named as a neighbour.
enum Neighbour {
    NotNamed,
    /// It has left the column.
    Lost,
    Present(Card),
}

async fn spot(tx: &mut Tx, board: &BoardEditor, card: CardId, wanted: &CardMove) -> Result<Spot> {
    let before = neighbour(tx, board, card, wanted.column, wanted.before).await;
    let before = before.at("beforeCardId")?;
    let after = neighbour(tx, board, card, wanted.column, wanted.after).await.at("afterCardId")?;
    Ok(match (after, before) {
        (Neighbour::Present(above), _) => Spot::Below(above),
        (_, Neighbour::Present(below)) => Spot::Above(below),
        (_, Neighbour::Lost) => Spot::Start,
        (_, Neighbour::NotNamed) => Spot::End,
    })
}

async fn neighbour(
    tx: &mut Tx,
    board: &BoardEditor,
    card: CardId,
    column: CardColumn,
    named: Option<CardId>,
) -> Result<Neighbour> {
    let Some(id) = named else {
        return Ok(Neighbour::NotNamed);
    };
    if id == card {
        return Err(Error::bad_input("A card cannot stand next to itself."));
    }
    match cards::find_on(tx, board, id).await? {
        Some(found) if found.deleted_at.is_none() && found.column == column => {
            Ok(Neighbour::Present(found))
        }
        Some(_) => Ok(Neighbour::Lost),
        None if events::tell_of_card(tx, board, id).await? => Ok(Neighbour::Lost),
        None => Err(Error::not_found("card")),
    }
}

/// Between two ranks of a column, either of which may be missing.
struct Gap {
    above: Option<Rank>,
    below: Option<Rank>,
}

impl Gap {
    fn holds(&self, rank: &Rank) -> bool {
        self.above.as_ref().is_none_or(|above| above < rank)
            && self.below.as_ref().is_none_or(|below| rank < below)
    }

    /// A short rank within; `None` when there is none.
    fn rank(&self) -> Option<Rank> {
        Rank::between(self.above.as_ref(), self.below.as_ref()).filter(|rank| !rank.is_long())
    }
}

/// The gap at a spot, as if the card were not in the column.
async fn gap(
    tx: &mut Tx,
    board: &BoardEditor,
    card: CardId,
    column: CardColumn,
    spot: &Spot,
) -> Result<Gap> {
    use Direction::{Ascending, Descending};
    let (mut above, mut below) = (None, None);
    match spot {
        Spot::Start => below = end_without(tx, board, column, card, Ascending).await?,
        Spot::End => above = end_without(tx, board, column, card, Descending).await?,
        Spot::Above(next) => {
            above = next_without(tx, board, next, card, Descending).await?;
            below = Some(next.rank.clone());
        }
        Spot::Below(next) => {
            above = Some(next.rank.clone());
            below = next_without(tx, board, next, card, Ascending).await?;
        }
    }
    Ok(Gap { above, below })
}
