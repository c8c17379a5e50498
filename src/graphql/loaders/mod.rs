//! Batches the loads that fields request. There is one loader for each relation, created for each run of a query and each
//! root field of a mutation, so the number of statements depends on the text of a query and not on the number of rows.
//! (Labels may take one more, if the trash has very many.)

mod boards;
mod cache;
mod card_updates;
mod cards;
mod comments;
mod events;
mod labels;
mod lists;
mod load_context;
mod relation;
mod search;
mod sessions;
mod shared;
mod users;
mod values;
mod viewer_cards;

use std::sync::{Arc, OnceLock};

pub(super) use self::cache::BoardCache;
pub(super) use self::shared::Shared;
pub(super) use self::values::{CardQuery, LoadedCard, SharedLabels};
use super::engine::RequestState;
use boards::{BoardLists, BoardTexts, Boards};
use cards::{CardLists, CardTexts, Cards, CardsOnBoards};
use comments::{CommentLists, CommentTexts, Comments, CommentsOnBoards};
use events::EventLists;
use labels::{BoardLabels, CardLabels, Labels};
use lists::{BatchedLists, ListLoaders};
use load_context::LoadContext;
use relation::{BatchedLoader, LoaderState};
use sessions::{SessionLists, Sessions};
use users::{Actors, MemberLists, Users, UsersByEmail, UsersOnBoards};
use viewer_cards::ViewerCardLists;

use crate::domain::Viewer;
use crate::store::{self, ReadMode, Snapshot};

macro_rules! loaders {
    (
        relations { $($(#[$doc:meta])* $field:ident: $relation:ident,)* }
        lists { $($(#[$list_doc:meta])* $list_field:ident: $list:ident,)* }
    ) => {
        /// The loaders of one run of a query, or of one root field of a mutation.
        pub(super) struct Loaders {
            context: Arc<LoadContext>,
            $($field: OnceLock<Arc<LoaderState<$relation>>>,)*
            $($list_field: ListLoaders<$list>,)*
        }

        impl Loaders {
            pub(super) fn new(
                shared: &Arc<Shared>,
                viewer: Option<Viewer>,
                state: &Arc<RequestState>,
                mode: ReadMode,
            ) -> Self {
                let budget = Arc::clone(&state.budget);
                let budget: store::Budget = Arc::new(move |bytes| budget.take(bytes));
                let db = shared.services.db.snapshot(mode, Some(budget));
                let (shared, state) = (Arc::clone(shared), Arc::clone(state));
                let context = Arc::new(LoadContext { db, shared, viewer, state });
                Self {
                    context,
                    $($field: OnceLock::new(),)*
                    $($list_field: ListLoaders::default(),)*
                }
            }

            $(
                $(#[$doc])*
                pub(super) fn $field(&self) -> BatchedLoader<'_, $relation> {
                    BatchedLoader { context: &self.context, loader: &self.$field }
                }
            )*

            $(
                $(#[$list_doc])*
                pub(super) fn $list_field(&self) -> BatchedLists<'_, $list> {
                    BatchedLists { context: &self.context, loaders: &self.$list_field }
                }
            )*

            /// The snapshot that all loaders read.
            pub(super) fn snapshot(&self) -> &Snapshot {
                &self.context.db
            }
        }
    };
}

loaders! {
    relations {
        /// Actors and authors on boards that the viewer may see.
        actor: Actors,
        /// Boards that the viewer may see.
        board: Boards,
        /// The description of a board.
        board_text: BoardTexts,
        /// The labels of a board.
        board_labels: BoardLabels,
        /// Cards that the viewer may see.
        card: Cards,
        /// The labels of a card.
        card_labels: CardLabels,
        /// The description of a card.
        card_text: CardTexts,
        /// Cards on boards that the viewer has access to.
        card_on_board: CardsOnBoards,
        /// Comments that the viewer may see.
        comment: Comments,
        /// The body of a comment.
        comment_text: CommentTexts,
        /// Comments on boards that the viewer has access to.
        comment_on_board: CommentsOnBoards,
        /// Labels that the viewer may see.
        label: Labels,
        /// Sessions of the viewer.
        session: Sessions,
        /// Users that the viewer may see.
        user: Users,
        /// Users by their exact e-mail address.
        user_by_email: UsersByEmail,
        /// Users that the viewer may see, or who are members of a board that the viewer has access to.
        user_on_board: UsersOnBoards,
    }
    lists {
        /// The viewer's boards.
        boards: BoardLists,
        /// The cards of boards, columns and the trash.
        cards: CardLists,
        /// The comments on cards.
        comments: CommentLists,
        /// The histories of boards and cards.
        events: EventLists,
        /// The members of boards.
        members: MemberLists,
        /// The viewer's sessions.
        sessions: SessionLists,
        /// The cards of the viewer's boards.
        viewer_cards: ViewerCardLists,
    }
}
