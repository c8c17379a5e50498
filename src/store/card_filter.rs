//! The conditions of a filter of cards.

use super::dsl::{SearchTexts, Statement, numbers, texts};
use crate::domain::{CardColumn, CardFilter};

const TEXTS: SearchTexts =
    SearchTexts { postgres: "strpos(cards.search_text, ", sqlite: "instr(cards.search_text, " };

/// Appends the conditions of a filter. A connection prepares each SQL text, so there are only two: without a filter, and
/// with one, whichever of its conditions are used.
pub(super) fn filtered<ST>(statement: Statement<ST>, filter: &CardFilter) -> Statement<ST> {
    if *filter == CardFilter::default() {
        return statement;
    }
    let CardFilter { columns, labels, text } = filter;
    let columns = if columns.is_empty() { &CardColumn::ALL[..] } else { columns };
    statement
        .sql(" AND cards.column_position")
        .in_any(numbers(columns, |column| column.position()))
        .sql(" AND (1 = ")
        .flag(labels.is_empty())
        // Not a join: PostgreSQL would read all labels of these colours for each card.
        .sql(" OR EXISTS (SELECT 1 FROM cards_labels WHERE cards_labels.card_id = cards.id")
        .sql(" AND (SELECT labels.color FROM labels WHERE labels.id = cards_labels.label_id)")
        .in_any(texts(labels, |color| color.as_str()))
        .sql(")) AND (1 = ")
        .flag(text.is_none())
        .sql(" OR ")
        .containing(TEXTS, text.as_ref())
        .sql(")")
}
