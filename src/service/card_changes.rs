//! Applying an update to a card: texts, column and labels, and the resulting events.

use std::collections::BTreeMap;

use super::order;
use crate::domain::{
    At, Card, CardChanges, CardId, ChangedField, EventPayload, FieldChange, LabelColor, LabelId,
    LabelsChange::{self, Add, Remove, Set},
    Result, rejection,
};
use crate::store::card_writes::{self, LabelsDelta};
use crate::store::labels;
use crate::store::lock::{BoardTx, Editor};

/// Labels of a board by colour. A board has at most one label of each colour.
pub(super) type Labels = BTreeMap<LabelColor, LabelId>;

/// Applies the changes to a card and returns it as it is written.
pub(super) async fn change(
    board: &mut BoardTx<'_, Editor>,
    card: &Card,
    changes: &CardChanges,
) -> Result<Card> {
    let mut new = card.clone();
    let (mut events, mut delta) = (Vec::new(), LabelsDelta::default());
    if let Some(title) = &changes.title {
        title.as_str().clone_into(&mut new.title);
    }
    if let Some(description) = &changes.description {
        new.description = Some(description.as_str().to_owned());
    }
    events.extend(text_change(card, &new));
    if let Some(column) = changes.column.filter(|column| *column != card.column) {
        (new.column, new.rank) = (column, order::end_of(board, column).await?);
        let (from, rank) = (card.column, Some(new.rank.clone()));
        events.push(EventPayload::CardMoved { card: card.id, from, to: column, rank });
    }
    if let Some(labels) = &changes.labels {
        let (gained, lost) = label_changes(board, card.id, labels).await?;
        delta.gained = gained.values().copied().collect();
        delta.lost = lost.values().copied().collect();
        events.extend(labels_event(card.id, gained, lost));
    }
    Ok(card_writes::save(board, card, new, &delta, events))
}

fn text_change(old: &Card, new: &Card) -> Option<EventPayload> {
    let [was, is] = [old, new].map(|card| card.description.as_deref().unwrap_or_default());
    let fields =
        [(ChangedField::Title, &*old.title, &*new.title), (ChangedField::Description, was, is)];
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    let changes: Vec<_> =
        changed.map(|(field, old, new)| FieldChange::new(field, old, new)).collect();
    (!changes.is_empty()).then_some(EventPayload::CardUpdated { card: old.id, changes })
}

/// The labels that the card gains and loses.
async fn label_changes(
    board: &mut BoardTx<'_, Editor>,
    card: CardId,
    change: &LabelsChange,
) -> Result<(Labels, Labels)> {
    let (Set(colors) | Add(colors) | Remove(colors)) = change;
    let named = labels_named(&labels_for(board, colors).await?, colors)?;
    let access = board.access()?;
    let present = labels::of_cards(board.conn(), &[(access, card)]).await?;
    let present: Labels =
        present.into_values().flatten().map(|label| (label.color, label.id)).collect();
    Ok(match change {
        Set(_) => (without(&named, &present), without(&present, &named)),
        Add(_) => (without(&named, &present), Labels::new()),
        Remove(_) => (Labels::new(), without(&present, &without(&present, &named))),
    })
}

fn labels_event(card: CardId, gained: Labels, lost: Labels) -> Option<EventPayload> {
    if gained.is_empty() && lost.is_empty() {
        return None;
    }
    let (added, removed) = (gained.into_keys().collect(), lost.into_keys().collect());
    Some(EventPayload::CardLabelsChanged { card, added, removed })
}

fn without(labels: &Labels, others: &Labels) -> Labels {
    let left = labels.iter().filter(|(color, _)| !others.contains_key(color));
    left.map(|(color, id)| (*color, *id)).collect()
}

/// The board's labels. They are not read if `colors` is empty.
async fn labels_for(board: &mut BoardTx<'_, Editor>, colors: &[LabelColor]) -> Result<Labels> {
    if colors.is_empty() {
        return Ok(Labels::new());
    }
    let access = board.access()?;
    let labels = labels::of_board(board.conn(), access).await?;
    Ok(labels.iter().map(|label| (label.color, label.id)).collect())
}

/// Selects the labels of these colours, without duplicates. BAD_USER_INPUT for a colour without a label.
pub(super) fn labels_named(labels: &Labels, colors: &[LabelColor]) -> Result<Labels> {
    let named = colors.iter().enumerate().map(|(index, color)| {
        let label =
            labels.get(color).copied().ok_or_else(|| rejection::no_label_of_color(color.as_str()));
        Ok((*color, label.at(index).at("labels")?))
    });
    named.collect()
}
