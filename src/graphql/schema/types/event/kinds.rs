//! A type for each kind of event.

use std::ops::Deref;
use std::sync::Arc;

use async_graphql::{ID, Interface, SimpleObject};

use super::parts::{AboutCard, AboutComment, AboutLabel, AboutUser, EventFields, FieldChange};
use crate::domain::{self, CardId, CommentId, EventPayload, LabelId, PublicId, UserId};
use crate::graphql::context::Nullable;
use crate::graphql::engine::{EagerList, EagerObject, Pure};
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
                common: EventFields,
                $($(#[$doc])* $field: $type,)*
            }

            impl Deref for $name {
                type Target = EventFields;

                fn deref(&self) -> &EventFields {
                    &self.common
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
            field(name = "actor", ty = "Nullable<EagerObject<User>>", desc = "Who did it; null for the server itself and for an account that is gone."),
            field(name = "board_id", ty = "ID", desc = "On which board."),
            field(name = "board", ty = "Option<EagerObject<&Board>>", desc = "The board.")
        )]
        pub(in crate::graphql) enum BoardEvent {
            $($name($name),)*
        }

        impl Pure for BoardEvent {}

        impl BoardEvent {
            /// As it was written.
            pub(super) fn event(&self) -> &domain::Event {
                match self {
                    $(Self::$name(kind) => &kind.common.event,)*
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
        changes: EagerList<FieldChange>,
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
        changes: EagerList<FieldChange>,
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
        changes: EagerList<FieldChange>,
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
        let user = |id: &UserId| AboutUser { id: *id, on: on.clone() };
        let comment = |id: &CommentId| AboutComment { id: *id, on: on.clone() };
        let label = |id: &LabelId, color: &domain::LabelColor, name: &str| AboutLabel {
            label_id: id.to_public().into(),
            color: (*color).into(),
            name: name.to_owned(),
        };
        let common = EventFields { event: Arc::clone(event), on: on.clone() };
        match &event.change {
            EventPayload::BoardCreated => BoardCreatedEvent { common }.into(),
            EventPayload::BoardUpdated { changes } => {
                BoardUpdatedEvent { common, changes: fields(changes) }.into()
            }
            EventPayload::BoardDeleted => BoardDeletedEvent { common }.into(),
            EventPayload::BoardRestored => BoardRestoredEvent { common }.into(),
            EventPayload::CardCreated { card: id } => {
                CardCreatedEvent { common, about: card(id) }.into()
            }
            EventPayload::CardUpdated { card: id, changes } => {
                CardUpdatedEvent { common, about: card(id), changes: fields(changes) }.into()
            }
            EventPayload::CardMoved { card: id, from, to } => {
                let (from_column, to_column) = ((*from).into(), (*to).into());
                CardMovedEvent { common, about: card(id), from_column, to_column }.into()
            }
            EventPayload::CardLabelsChanged { card: id, added, removed } => {
                let (added, removed) = (colors(added), colors(removed));
                CardLabelsChangedEvent { common, about: card(id), added, removed }.into()
            }
            EventPayload::CardDeleted { card: id, title } => {
                CardDeletedEvent { common, about: card(id), title: title.clone() }.into()
            }
            EventPayload::CardRestored { card: id } => {
                CardRestoredEvent { common, about: card(id) }.into()
            }
            EventPayload::ColumnReordered { column } => {
                ColumnReorderedEvent { common, column: (*column).into() }.into()
            }
            EventPayload::CardsPurged { cards } => {
                let card_ids = cards.iter().map(|card| card.to_public().into()).collect();
                CardsPurgedEvent { common, card_ids }.into()
            }
            EventPayload::LabelCreated { label: id, color, name } => {
                LabelCreatedEvent { common, about: label(id, color, name) }.into()
            }
            EventPayload::LabelUpdated { label: id, color, name, changes } => {
                let (about, changes) = (label(id, color, name), fields(changes));
                LabelUpdatedEvent { common, about, changes }.into()
            }
            EventPayload::LabelDeleted { label: id, color, name } => {
                LabelDeletedEvent { common, about: label(id, color, name) }.into()
            }
            EventPayload::MemberAdded { user: key, role } => {
                MemberAddedEvent { common, about: user(key), role: (*role).into() }.into()
            }
            EventPayload::MemberRoleChanged { user: key, from, to } => {
                let (from, to) = ((*from).into(), (*to).into());
                MemberRoleChangedEvent { common, about: user(key), from, to }.into()
            }
            EventPayload::MemberRemoved { user: key } => {
                MemberRemovedEvent { common, about: user(key) }.into()
            }
            EventPayload::CommentAdded { card: id, comment: said } => {
                CommentAddedEvent { common, about_card: card(id), about: comment(said) }.into()
            }
            EventPayload::CommentUpdated { card: id, comment: said } => {
                CommentUpdatedEvent { common, about_card: card(id), about: comment(said) }.into()
            }
            EventPayload::CommentDeleted { card: id, comment } => {
                let comment_id = comment.to_public().into();
                CommentDeletedEvent { common, about_card: card(id), comment_id }.into()
            }
        }
    }
}

fn fields(changes: &[domain::FieldChange]) -> EagerList<FieldChange> {
    EagerList(changes.iter().map(Into::into).collect())
}

fn colors(colors: &[domain::LabelColor]) -> Vec<LabelColor> {
    colors.iter().map(|color| (*color).into()).collect()
}
