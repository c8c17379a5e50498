//! One type for each kind of event.

use std::ops::Deref;
use std::sync::Arc;

use async_graphql::{ID, Interface, SimpleObject};

use super::parts::{
    AboutCard, AboutColumn, AboutComment, AboutLabel, AboutUser, EventFields, FieldChange,
    MemberRemovalReason, PresentLabel,
};
use crate::domain::{self, CardId, CommentId, EventPayload, LabelId, PublicId, UserId};
use crate::graphql::context::Nullable;
use crate::graphql::engine::{EagerList, EagerObject, Pure};
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::types::{Board, BoardRole, CardColumn, LabelColor, User};

/// Declares a type for each kind of event, and the interface that they implement.
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

        /// A change to a board. The sequence numbers of a board have no gaps and never change. IDs remain
        /// when the object that they name is gone; then, or when the viewer may no longer see it, the
        /// object field next to the ID is null.
        #[derive(Interface)]
        #[allow(clippy::enum_variant_names, reason = "the types of the schema have these names")]
        #[graphql(
            field(name = "id", ty = "ID", desc = "The opaque ID of the event."),
            field(name = "sequence", ty = "i32", desc = "The position of the event in the board's history, counted from 1 without gaps."),
            field(name = "created_at", ty = "DateTime", desc = "The time of the change."),
            field(name = "actor", ty = "Nullable<EagerObject<User>>", desc = "The user who made the change; null for the server itself and for a deleted account."),
            field(name = "board_id", ty = "ID", desc = "The ID of the board."),
            field(name = "board", ty = "Option<EagerObject<&Board>>", desc = "The board; null if the viewer may no longer see it."),
            field(name = "client_mutation_id", ty = "Option<&str>", desc = "The `clientMutationId` that the change was sent with. Only the viewer who sent it sees it.")
        )]
        pub(in crate::graphql) enum BoardEvent {
            $($name($name),)*
        }

        impl Pure for BoardEvent {}

        impl BoardEvent {
            /// The event as it was recorded.
            pub(super) fn event(&self) -> &domain::Event {
                match self {
                    $(Self::$name(kind) => &kind.common.event,)*
                }
            }
        }
    };
}

events! {
    /// The board was created, with its labels and its first member.
    BoardCreatedEvent {}
    /// The title or description of the board changed.
    BoardUpdatedEvent {
        /// The changed fields.
        changes: EagerList<FieldChange>,
    }
    /// The board was moved to the trash.
    BoardDeletedEvent {}
    /// The board was restored from the trash.
    BoardRestoredEvent {}
    /// A card was created.
    CardCreatedEvent {
        #[graphql(flatten)]
        about: AboutCard,
    }
    /// The title or description of a card changed.
    CardUpdatedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The changed fields.
        changes: EagerList<FieldChange>,
    }
    /// A card was moved to another column, or to another position in its column.
    CardMovedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The column that the card was in before.
        from_column: CardColumn,
        /// The column that the card is in afterwards; the same column if only the position changed.
        to_column: CardColumn,
        /// The rank of the card after the move; null for moves before version 0.2.
        rank: Option<String>,
    }
    /// Labels were added to a card or removed from it.
    CardLabelsChangedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The colours of the added labels, in the order of LabelColor.
        added: Vec<LabelColor>,
        /// The colours of the removed labels, in the order of LabelColor.
        removed: Vec<LabelColor>,
    }
    /// A card was moved to the trash.
    CardDeletedEvent {
        #[graphql(flatten)]
        about: AboutCard,
        /// The title at that time; a title of more than 200 characters is cut and ends in `…`. Empty when the card was
        /// erased from the trash.
        title: String,
    }
    /// A card was restored from the trash.
    CardRestoredEvent {
        #[graphql(flatten)]
        about: AboutCard,
    }
    /// The server gave the cards of a column new ranks without changing their order, to make space for
    /// the move that follows. The cards also have new versions.
    ColumnReorderedEvent {
        #[graphql(flatten)]
        about: AboutColumn,
    }
    /// Deleted cards were erased because their time in the trash has ended.
    CardsPurgedEvent {
        /// The IDs of the erased cards.
        card_ids: Vec<ID>,
    }
    /// A label was created.
    LabelCreatedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
        #[graphql(flatten)]
        present: PresentLabel,
    }
    /// The name or colour of a label changed.
    LabelUpdatedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
        #[graphql(flatten)]
        present: PresentLabel,
        /// The changed fields.
        changes: EagerList<FieldChange>,
    }
    /// A label was deleted. The cards that had it lose it without events of their own and have new
    /// versions.
    LabelDeletedEvent {
        #[graphql(flatten)]
        about: AboutLabel,
    }
    /// A user became a member.
    MemberAddedEvent {
        #[graphql(flatten)]
        about: AboutUser,
        /// The role of the new member.
        role: BoardRole,
    }
    /// The role of a member changed.
    MemberRoleChangedEvent {
        #[graphql(flatten)]
        about: AboutUser,
        /// The role before the change.
        from: BoardRole,
        /// The role after the change.
        to: BoardRole,
    }
    /// A user is no longer a member.
    MemberRemovedEvent {
        #[graphql(flatten)]
        about: AboutUser,
        /// Why they are no longer a member; null for removals before version 0.2.
        reason: Option<MemberRemovalReason>,
    }
    /// A comment was added to a card.
    CommentAddedEvent {
        #[graphql(flatten)]
        about_card: AboutCard,
        #[graphql(flatten)]
        about: AboutComment,
    }
    /// A comment was changed.
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
        /// The ID of the deleted comment.
        comment_id: ID,
    }
}

impl BoardEvent {
    /// `on` is the board, for objects that the viewer may see.
    pub(in crate::graphql) fn new(event: &Arc<domain::Event>, on: Option<&Board>) -> Self {
        let on = || on.cloned();
        let card = |id: &CardId| AboutCard { id: *id, on: on() };
        let user = |id: &UserId| AboutUser { id: *id, on: on() };
        let comment = |id: &CommentId| AboutComment { id: *id, on: on() };
        let present = |id: &LabelId| PresentLabel { id: *id, on: on() };
        let label = |id: &LabelId, color: &domain::LabelColor, name: &str| AboutLabel {
            label_id: id.to_public().into(),
            color: (*color).into(),
            name: name.to_owned(),
        };
        let common = EventFields { event: Arc::clone(event), on: on() };
        match &event.payload {
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
            EventPayload::CardMoved { card: id, from, to, rank } => {
                let (from_column, to_column) = ((*from).into(), (*to).into());
                let rank = rank.as_ref().map(|rank| rank.as_str().to_owned());
                CardMovedEvent { common, about: card(id), from_column, to_column, rank }.into()
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
                let about = AboutColumn { column: *column, on: on() };
                ColumnReorderedEvent { common, about }.into()
            }
            EventPayload::CardsPurged { cards } => {
                let card_ids = cards.iter().map(|card| card.to_public().into()).collect();
                CardsPurgedEvent { common, card_ids }.into()
            }
            EventPayload::LabelCreated { label: id, color, name } => {
                let about = label(id, color, name);
                LabelCreatedEvent { common, about, present: present(id) }.into()
            }
            EventPayload::LabelUpdated { label: id, color, name, changes } => {
                let (about, changes) = (label(id, color, name), fields(changes));
                LabelUpdatedEvent { common, about, present: present(id), changes }.into()
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
            EventPayload::MemberRemoved { user: key, reason } => {
                let reason = reason.map(Into::into);
                MemberRemovedEvent { common, about: user(key), reason }.into()
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
