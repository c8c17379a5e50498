//! The cost of text searches, which is known only when the texts have been measured.

use super::load_context::LoadContext;
use crate::domain::{BoardId, Result};
use crate::store::access::BoardAccess;
use crate::store::{board_lists, card_lists, viewer_cards};

/// The texts that a search reads.
#[derive(PartialEq, Eq, Hash)]
pub(in crate::graphql) enum SearchedTexts {
    /// Those of the viewer's boards.
    Boards,
    /// Those of the cards on a board. Its columns are searched together.
    Cards(BoardAccess),
    /// Those of the cards on several boards of the viewer; on all of them if it is empty.
    CardsOn(Vec<BoardId>),
}

/// The number of bytes that a search reads at the cost of one field. With the default complexity limit, a
/// query can search 488 MiB.
const BYTES_OF_A_FIELD: u64 = 256;

/// Takes the cost of searches from the budget, given their texts and how often these are searched.
pub(super) async fn charge(
    context: &LoadContext,
    searches: Vec<(SearchedTexts, usize)>,
) -> Result<()> {
    let (mut boards, mut on_boards, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (texts, times) in searches {
        match texts {
            SearchedTexts::Cards(board) => {
                boards.push(board);
                on_boards.push(times);
            }
            SearchedTexts::Boards => {
                let (mut conn, viewer) = (context.read().await?, context.viewer()?);
                bytes.push((board_lists::search_bytes(&mut conn, viewer.key).await?, times));
            }
            SearchedTexts::CardsOn(ids) => {
                let (mut conn, viewer) = (context.read().await?, context.viewer()?);
                bytes.push((viewer_cards::search_bytes(&mut conn, viewer.key, ids).await?, times));
            }
        }
    }
    if !boards.is_empty() {
        let found = card_lists::search_bytes(&mut context.read().await?, &boards).await?;
        bytes.extend(found.into_iter().zip(on_boards));
    }
    context.state.budget.take_complexity(cost(&bytes))
}

/// The cost, given the bytes of texts and how often they are searched.
fn cost(texts: &[(i64, usize)]) -> u64 {
    let bytes = texts.iter().map(|(bytes, times)| {
        let times = u64::try_from(*times).unwrap_or(u64::MAX);
        u64::try_from(*bytes).unwrap_or_default().saturating_mul(times)
    });
    bytes.fold(0, u64::saturating_add) / BYTES_OF_A_FIELD
}
