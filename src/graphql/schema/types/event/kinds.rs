//! A type for each kind of event.

use std::ops::Deref;
use std::sync::Arc;

use async_graphql::{ID, Interface, SimpleObject};

use super::parts::{AboutCard, AboutComment, AboutLabel, AboutUser, FieldChange, Happening};
use crate::domain::{self, CardId, Change, CommentId, LabelId, PublicId, UserKey};
use crate::graphql::context::Nullable;
use crate::graphql::engine::{Pure, Row, Rows};
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::types::{Board, BoardRole, CardColumn, LabelColor, User};

/// Declares a type for each kind of event, and the interface that they share.
macro_rules! events {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$about])*
            #[derive(SimpleObject)]
            pub(in crate::graphql) struct $name {
                #[graphql(flatten)]
                happening: Happening,
                $($(#[$doc])* $field: $type,)*
            }

            impl Deref for $name {
                type Target = Happening;

                fn deref(&self) -> &Happening {
                    &self.happening
                }
            }
        )*

        /// One change to a board. Sequences of a board have no gaps and never change. Ids stay when
        /// what they name is gone; then, or when the viewer may not see it any more, the object
        /// beside the id is null.
        #[derive(Interface)]
        #[allow(clippy::enum_variant_names, reason = "the types of the schema have these names")]
        #[graphql(
            field(name = "id", ty = "ID", desc = "Opaque."),
            field(name = "sequence", ty = "i32", desc = "Its place in the board's history, counted from 1 without gaps."),
            field(name = "created_at", ty = "DateTime", desc = "When it happened."),
            field(name = "actor", ty = "Nullable<Row<User>>", desc = "Who did it; null for the server itself and for an account that is gone."),
            field(name = "board_id", ty = "ID", desc = "On which board."),
            field(name = "board", ty = "Option<Row<&Board>>", desc = "The board.")
        )]
        pub(in crate::graphql) enum BoardEvent {
            $($name($name),)*
        }

        impl Pure for BoardEvent {}

        impl BoardEvent {
            /// As it was written.
            pub(super) fn event(&self) -> &domain::Event {
                match self {
                    $(Self::$name(kind) => &kind.happening.event,)*
                }
            }
        }
    };
}

events! {
    /// The board was made, with its labels and its first member.
    BoardCreatedEvent {}
    /// The board's texts changed.
    BoardUpdatedEvent {
        /// What changed.
        changes: Rows<FieldChange>,
    }
    /// The board was put into the trash.
    BoardDeletedEvent {}
    /// The board came back from the trash.
    BoardRestoredEvent {}
    /// A card was made.
    CardCreatedEvent {
        #[graphql(flatten)]
        about: AboutCard,
    }
    /// A card's texts changed.
    CardUpdatedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// What changed.
        changes: Rows<FieldChange>,
    }
    /// A card was moved to another column, or to another place in its column.
    CardMovedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The column it stood in.
        from_column: CardColumn,
        /// The column it stands in since; the same one when only its place changed.
        to_column: CardColumn,
    }
    /// A card gained or lost labels.
    CardLabelsChangedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The colours of the labels it gained, in the order of LabelColor.
        added: Vec<LabelColor>,
        /// The colours of the labels it lost, in the order of LabelColor.
        removed: Vec<LabelColor>,
    }
    /// A card was put into the trash.
    CardDeletedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// Its title then; what is longer than 200 characters is cut and ends in `…`.
        title: String,
    }
    /// A card came back from the trash.
    CardRestoredEvent {
        #[graphql(flatten)]
        about: AboutCard,
    }
    /// The server gave a column's cards new ranks without changing their order, to make room for the
    /// move that follows. They have new versions too.
    ColumnReorderedEvent {
        /// Which column.
        column: CardColumn,
    }
    /// Deleted cards whose time in the trash ran out.
    CardsPurgedEvent {
        /// Which cards.
        card_ids: Vec<ID>,
    }
    /// A label was made.
    LabelCreatedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
    }
    /// A label's name or colour changed.
    LabelUpdatedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
        /// What changed.
        changes: Rows<FieldChange>,
    }
    /// A label was deleted. The cards that bore it lose it without events of their own, and have new
    /// versions.
    LabelDeletedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
    }
    /// Somebody became a member.
    MemberAddedEvent {
        #[graphql(flatten)]
        about: AboutUser,
        /// What they may do.
        role: BoardRole,
    }
    /// A member got another role.
    MemberRoleChangedEvent {
        #[graphql(flatten)]
        about: AboutUser,
        /// The role they had.
        from: BoardRole,
        /// The role they have since.
        to: BoardRole,
    }
    /// Somebody is no longer a member.
    MemberRemovedEvent {
        #[graphql(flatten)]
        about: AboutUser,
    }
    /// Somebody commented on a card.
    CommentAddedEvent {
        #[graphql(flatten)]
        about_card: AboutCard,
        #[graphql(flatten)]
        about: AboutComment,
    }
    /// A comment changed.
    CommentUpdatedEvent {
        #[graphql(flatten)]
        about_card: AboutCard,
        #[graphql(flatten)]
        about: AboutComment,
    }
    /// A comment was deleted.
    CommentDeletedEvent {
        #[graphql(flatten)]
        about_card: AboutCard,
        /// Which comment.
        comment_id: ID,
    }
}

impl BoardEvent {
    pub(super) fn new(event: &Arc<domain::Event>, on: &Board) -> Self {
        let card = |id: &CardId| AboutCard { id: *id, on: on.clone() };
        let user = |key: &UserKey| AboutUser { key: *key, on: on.clone() };
        let comment = |id: &CommentId| AboutComment { id: *id, on: on.clone() };
        let label = |id: &LabelId, color: &domain::LabelColor, name: &str| AboutLabel {
            label_id: id.to_public().into(),
            color: (*color).into(),
            name: name.to_owned(),
        };
        let happening = Happening { event: Arc::clone(event), on: on.clone() };
        match &event.change {
            Change::BoardCreated => BoardCreatedEvent { happening }.into(),
            Change::BoardUpdated { changes } => {
                BoardUpdatedEvent { happening, changes: fields(changes) }.into()
            }
            Change::BoardDeleted => BoardDeletedEvent { happening }.into(),
            Change::BoardRestored => BoardRestoredEvent { happening }.into(),
            Change::CardCreated { card: id } => {
                CardCreatedEvent { happening, about: card(id) }.into()
            }
            Change::CardUpdated { card: id, changes } => {
                CardUpdatedEvent { happening, about: card(id), changes: fields(changes) }.into()
            }
            Change::CardMoved { card: id, from, to } => {
                let (from_column, to_column) = ((*from).into(), (*to).into());
                CardMovedEvent { happening, about: card(id), from_column, to_column }.into()
            }
            Change::CardLabelsChanged { card: id, added, removed } => {
                let (added, removed) = (colors(added), colors(removed));
                CardLabelsChangedEvent { happening, about: card(id), added, removed }.into()
            }
            Change::CardDeleted { card: id, title } => {
                CardDeletedEvent { happening, about: card(id), title: title.clone() }.into()
            }
            Change::CardRestored { card: id } => {
                CardRestoredEvent { happening, about: card(id) }.into()
            }
            Change::ColumnReordered { column } => {
                ColumnReorderedEvent { happening, column: (*column).into() }.into()
            }
            Change::CardsPurged { cards } => {
                let card_ids = cards.iter().map(|card| card.to_public().into()).collect();
                CardsPurgedEvent { happening, card_ids }.into()
            }
            Change::LabelCreated { label: id, color, name } => {
                LabelCreatedEvent { happening, about: label(id, color, name) }.into()
            }
            Change::LabelUpdated { label: id, color, name, changes } => {
                let (about, changes) = (label(id, color, name), fields(changes));
                LabelUpdatedEvent { happening, about, changes }.into()
            }
            Change::LabelDeleted { label: id, color, name } => {
                LabelDeletedEvent { happening, about: label(id, color, name) }.into()
            }
            Change::MemberAdded { user: key, role } => {
                MemberAddedEvent { happening, about: user(key), role: (*role).into() }.into()
            }
            Change::MemberRoleChanged { user: key, from, to } => {
                let (from, to) = ((*from).into(), (*to).into());
                MemberRoleChangedEvent { happening, about: user(key), from, to }.into()
            }
            Change::MemberRemoved { user: key } => {
                MemberRemovedEvent { happening, about: user(key) }.into()
            }
            Change::CommentAdded { card: id, comment: said } => {
                CommentAddedEvent { happening, about_card: card(id), about: comment(said) }.into()
            }
            Change::CommentUpdated { card: id, comment: said } => {
                CommentUpdatedEvent { happening, about_card: card(id), about: comment(said) }.into()
            }
            Change::CommentDeleted { card: id, comment } => {
                let comment_id = comment.to_public().into();
                CommentDeletedEvent { happening, about_card: card(id), comment_id }.into()
            }
        }
    }
}

fn fields(changes: &[domain::FieldChange]) -> Rows<FieldChange> {
    Rows(changes.iter().map(Into::into).collect())
}

fn colors(colors: &[domain::LabelColor]) -> Vec<LabelColor> {
    colors.iter().map(|color| (*color).into()).collect()
}
