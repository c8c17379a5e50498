//! What an update makes of a card: texts, column and labels, and the events that tell of it.

use std::collections::BTreeMap;

use super::boards::no_label;
use super::order;
use crate::domain::{
    At, Card, CardChanges, CardId, EventPayload, FieldChange, LabelColor, LabelId,
    LabelsChange::{self, Add, Remove, Set},
    Result, Timestamp,
};
use crate::store::locks::BoardEditor;
use crate::store::{Tx, cards, labels};

/// Labels of a board by colour, of which it has each at most once.
pub(super) type Labels = BTreeMap<LabelColor, LabelId>;

/// The card as it shall be, and what makes the difference. Only labels are written yet.
pub(super) async fn change(
    tx: &mut Tx,
    board: &BoardEditor,
    card: &Card,
    changes: &CardChanges,
) -> Result<(Card, Vec<EventPayload>)> {
    let mut new = card.clone();
    let mut events = Vec::new();
    if let Some(title) = &changes.title {
        title.as_str().clone_into(&mut new.title);
    }
    if let Some(description) = &changes.description {
        new.description = Some(description.as_str().to_owned());
    }
    events.extend(text_change(card, &new));
    if let Some(column) = changes.column.filter(|column| *column != card.column) {
        (new.column, new.rank) = (column, order::end_of(tx, board, column).await?);
        events.push(EventPayload::CardMoved { card: card.id, from: card.column, to: column });
    }
    if let Some(labels) = &changes.labels {
        events.extend(change_labels(tx, board, card.id, labels).await?);
    }
    Ok((new, events))
}

fn text_change(old: &Card, new: &Card) -> Option<EventPayload> {
    let [was, is] = [old, new].map(|card| card.description.as_deref().unwrap_or_default());
    let fields = [("title", &*old.title, &*new.title), ("description", was, is)];
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    let changes: Vec<_> =
        changed.map(|(field, old, new)| FieldChange::new(field, old, new)).collect();
    (!changes.is_empty()).then_some(EventPayload::CardUpdated { card: old.id, changes })
}

async fn change_labels(
    tx: &mut Tx,
    board: &BoardEditor,
    card: CardId,
    change: &LabelsChange,
) -> Result<Option<EventPayload>> {
    let (Set(colors) | Add(colors) | Remove(colors)) = change;
    let named = labels_named(&labels_for(tx, board, colors).await?, colors)?;
    let borne = labels::of_cards(tx, &[(board.access(), card)]).await?;
    let borne: Labels =
        borne.into_values().flatten().map(|label| (label.color, label.id)).collect();
    let (gained, lost) = match change {
        Set(_) => (without(&named, &borne), without(&borne, &named)),
        Add(_) => (without(&named, &borne), Labels::new()),
        Remove(_) => (Labels::new(), without(&borne, &without(&borne, &named))),
    };
    if gained.is_empty() && lost.is_empty() {
        return Ok(None);
    }
    let ids = |labels: &Labels| labels.values().copied().collect::<Vec<_>>();
    cards::add_labels(tx, board, card, &ids(&gained), Timestamp::now()).await?;
    cards::remove_labels(tx, board, card, &ids(&lost)).await?;
    let (added, removed) = (gained.into_keys().collect(), lost.into_keys().collect());
    Ok(Some(EventPayload::CardLabelsChanged { card, added, removed }))
}

fn without(labels: &Labels, others: &Labels) -> Labels {
    let left = labels.iter().filter(|(color, _)| !others.contains_key(color));
    left.map(|(color, id)| (*color, *id)).collect()
}

/// The board's labels, read only when colours were given.
async fn labels_for(tx: &mut Tx, board: &BoardEditor, colors: &[LabelColor]) -> Result<Labels> {
    if colors.is_empty() {
        return Ok(Labels::new());
    }
    let labels = labels::of_board(tx, board.access()).await?;
    Ok(labels.iter().map(|label| (label.color, label.id)).collect())
}

/// Those of a board's labels that have these colours, each once.
pub(super) fn labels_named(labels: &Labels, colors: &[LabelColor]) -> Result<Labels> {
    let named = colors.iter().enumerate().map(|(index, color)| {
        let label = labels.get(color).copied().ok_or_else(|| no_label(*color));
        Ok((*color, label.at(index).at("labels")?))
    });
    named.collect()
}
