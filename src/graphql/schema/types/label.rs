//! Labels.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};

use super::Board;
use crate::domain::{self, PublicId};
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::schema::scalars::DateTime;

/// The colours of labels, in the order in which labels are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::LabelColor")]
pub(in crate::graphql) enum LabelColor {
    /// Red, the first in the order.
    Red,
    /// Orange.
    Orange,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// Grey, the last in the order.
    Gray,
}

/// A coloured label of a board, which cards can have. A board has at most one label of each colour.
#[derive(Clone)]
pub(in crate::graphql) struct Label {
    label: Arc<domain::Label>,
    on: Board,
}

impl Label {
    pub(in crate::graphql) fn new(label: impl Into<Arc<domain::Label>>, on: Board) -> Self {
        Self { label: label.into(), on }
    }

    /// Labels that all belong to one board.
    pub(super) fn all<'l>(
        labels: impl Iterator<Item = &'l Arc<domain::Label>>,
        on: &Board,
    ) -> EagerList<Self> {
        let label = |label: &Arc<_>| Self { label: Arc::clone(label), on: on.clone() };
        EagerList(labels.map(label).collect())
    }
}

impl Pure for Label {}

/// A coloured label of a board, which cards can have. A board has at most one label of each colour.
#[Object]
impl Label {
    /// The opaque ID of the label.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.label.id.to_public().into()
    }

    /// The board that the label belongs to.
    fn board(&self) -> EagerObject<&Board> {
        EagerObject(&self.on)
    }

    /// The colour of the label.
    fn color(&self) -> LabelColor {
        self.label.color.into()
    }

    /// The name of the label; may be empty.
    fn name(&self) -> &str {
        &self.label.name
    }

    /// The time when the label was created.
    fn created_at(&self) -> DateTime {
        self.label.created_at.into()
    }

    /// The time when the name or colour last changed.
    fn updated_at(&self) -> DateTime {
        self.label.updated_at.into()
    }
}
