//! The position of a card in its column.

use crate::domain::{
    At, Card, CardColumn, CardId, CardMove, Direction, Error, Rank, Result, rejection,
};
use crate::store::card_order::{end_without, last_rank, next_without, rerank};
use crate::store::lock::{BoardTx, Editor};
use crate::store::{cards, events};

/// The rank for a card at the end of a column. If the last rank has an unknown format, the column gets new ranks first.
pub(super) async fn end_of(board: &mut BoardTx<'_, Editor>, column: CardColumn) -> Result<Rank> {
    let last = last_rank(board, column).await?;
    if let Some(rank) = Rank::between(last.as_ref(), None) {
        return Ok(rank);
    }
    rerank(board, column, None).await?;
    let last = last_rank(board, column).await?;
    Rank::between(last.as_ref(), None).ok_or_else(no_rank)
}

fn no_rank() -> Error {
    Error::defect("a column with new ranks has no rank for a card")
}

/// The rank that moves a card to the wanted position; `None` if the card is already there.
///
/// A move writes only the moved card. But if the ranks at the target have become too long, the other cards of the
/// column get new ranks first, which is a change of its own.
pub(super) async fn place(
    board: &mut BoardTx<'_, Editor>,
    card: &Card,
    wanted: &CardMove,
) -> Result<Option<Rank>> {
    let spot = spot(board, card.id, wanted).await?;
    let gap = gap(board, card.id, wanted.column, &spot).await?;
    if card.column == wanted.column && gap.holds(&card.rank) {
        return Ok(None);
    }
    if let Some(rank) = gap.rank() {
        return Ok(Some(rank));
    }
    rerank(board, wanted.column, Some(card.id)).await?;
    // Read again: the neighbour has a new rank.
    let spot = self::spot(board, card.id, wanted).await?;
    let gap = self::gap(board, card.id, wanted.column, &spot).await?;
    gap.rank().map(Some).ok_or_else(no_rank)
}

/// A target position in a column.
enum Spot {
    Start,
    Above(Card),
    Below(Card),
    End,
}

/// The state of the card that the client named as a neighbour.
enum Neighbour {
    NotNamed,
    /// The card is no longer in the column.
    Lost,
    Present(Card),
}

async fn spot(board: &mut BoardTx<'_, Editor>, card: CardId, wanted: &CardMove) -> Result<Spot> {
    let before = neighbour(board, card, wanted.column, wanted.before).await;
    let before = before.at("beforeCardId")?;
    let after = neighbour(board, card, wanted.column, wanted.after).await.at("afterCardId")?;
    Ok(match (after, before) {
        (Neighbour::Present(above), _) => Spot::Below(above),
        (_, Neighbour::Present(below)) => Spot::Above(below),
        (_, Neighbour::Lost) => Spot::Start,
        (_, Neighbour::NotNamed) => Spot::End,
    })
}

async fn neighbour(
    board: &mut BoardTx<'_, Editor>,
    card: CardId,
    column: CardColumn,
    named: Option<CardId>,
) -> Result<Neighbour> {
    let Some(id) = named else {
        return Ok(Neighbour::NotNamed);
    };
    if id == card {
        return Err(rejection::next_to_itself());
    }
    match cards::find_on(board, id).await? {
        Some(found) if found.deleted_at.is_none() && found.column == column => {
            Ok(Neighbour::Present(found))
        }
        Some(_) => Ok(Neighbour::Lost),
        None if is_mentioned(board, id).await? => Ok(Neighbour::Lost),
        None => Err(Error::not_found("card")),
    }
}

/// The gap between two ranks of a column; `None` is an end of the column.
struct Gap {
    above: Option<Rank>,
    below: Option<Rank>,
}

impl Gap {
    fn holds(&self, rank: &Rank) -> bool {
        self.above.as_ref().is_none_or(|above| above < rank)
            && self.below.as_ref().is_none_or(|below| rank < below)
    }

    /// A rank in the gap that is not too long; `None` if there is none.
    fn rank(&self) -> Option<Rank> {
        Rank::between(self.above.as_ref(), self.below.as_ref()).filter(|rank| !rank.is_long())
    }
}

/// The gap at a position, ignoring the card that is moved.
async fn gap(
    board: &mut BoardTx<'_, Editor>,
    card: CardId,
    column: CardColumn,
    spot: &Spot,
) -> Result<Gap> {
    use Direction::{Ascending, Descending};
    let (mut above, mut below) = (None, None);
    match spot {
        Spot::Start => below = end_without(board, column, card, Ascending).await?,
        Spot::End => above = end_without(board, column, card, Descending).await?,
        Spot::Above(next) => {
            above = next_without(board, next, card, Descending).await?;
            below = Some(next.rank.clone());
        }
        Spot::Below(next) => {
            above = Some(next.rank.clone());
            below = next_without(board, next, card, Ascending).await?;
        }
    }
    Ok(Gap { above, below })
}

/// Whether the card was on the board, even if it is deleted.
async fn is_mentioned(board: &mut BoardTx<'_, Editor>, card: CardId) -> Result<bool> {
    let id = board.id();
    events::mention_card(board.conn(), id, card).await
}
