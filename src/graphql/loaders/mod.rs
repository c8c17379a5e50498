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
mod relation;
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
use boards::{BoardCount, BoardPages, BoardTexts, Boards, BoardsBeyond};
use cards::{CardCounts, CardPages, CardTexts, Cards, CardsBeyond, CardsOnBoards};
use comments::{
    CommentCounts, CommentPages, CommentTexts, Comments, CommentsBeyond, CommentsOnBoards,
};
use events::{EventCounts, EventPages, EventsBeyond};
use labels::{BoardLabels, CardLabels, Labels};
use relation::{BatchedLoader, LoadContext, LoaderState};
use sessions::{SessionCount, SessionPages, Sessions, SessionsBeyond};
use users::{Actors, MemberCounts, MemberPages, MembersBeyond, Users, UsersByEmail, UsersOnBoards};

use viewer_cards::{ViewerCardCount, ViewerCardPages, ViewerCardsBeyond};

use crate::domain::Viewer;
use crate::store::{self, ReadMode, Snapshot};

macro_rules! loaders {
    ($($(#[$doc:meta])* $field:ident: $relation:ident,)*) => {
        /// The loaders of one run of a query, or of one root field of a mutation.
        pub(super) struct Loaders {
            context: Arc<LoadContext>,
            $($field: OnceLock<LoaderState<$relation>>,)*
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
                Self { $($field: OnceLock::new(),)* context }
            }

            $(
                $(#[$doc])*
                pub(super) fn $field(&self) -> BatchedLoader<'_, $relation> {
                    BatchedLoader { context: &self.context, loader: &self.$field }
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
    /// Actors and authors on boards that the viewer may see.
    actor: Actors,
    /// Boards that the viewer may see.
    board: Boards,
    /// Whether a list of the viewer's boards continues beyond a page.
    board_beyond: BoardsBeyond,
    /// The number of boards in a list of the viewer's boards.
    board_count: BoardCount,
    /// A page of a list of the viewer's boards.
    board_page: BoardPages,
    /// The description of a board.
    board_text: BoardTexts,
    /// The labels of a board.
    board_labels: BoardLabels,
    /// Cards that the viewer may see.
    card: Cards,
    /// Whether a list of cards continues beyond a page.
    card_beyond: CardsBeyond,
    /// The number of cards in a list.
    card_count: CardCounts,
    /// The labels of a card.
    card_labels: CardLabels,
    /// A page of a list of cards.
    card_page: CardPages,
    /// The description of a card.
    card_text: CardTexts,
    /// Cards on boards that the viewer has access to.
    card_on_board: CardsOnBoards,
    /// Comments that the viewer may see.
    comment: Comments,
    /// Whether the comments on a card continue beyond a page.
    comment_beyond: CommentsBeyond,
    /// The number of comments on a card.
    comment_count: CommentCounts,
    /// The body of a comment.
    comment_text: CommentTexts,
    /// Comments on boards that the viewer has access to.
    comment_on_board: CommentsOnBoards,
    /// A page of a card's comments.
    comment_page: CommentPages,
    /// Whether the history of a board or a card continues beyond a page.
    event_beyond: EventsBeyond,
    /// The number of events of a board or a card.
    event_count: EventCounts,
    /// A page of the history of a board or a card.
    event_page: EventPages,
    /// Labels that the viewer may see.
    label: Labels,
    /// Whether the members of a board continue beyond a page.
    member_beyond: MembersBeyond,
    /// The number of members of a board.
    member_count: MemberCounts,
    /// A page of a board's members.
    member_page: MemberPages,
    /// Sessions of the viewer.
    session: Sessions,
    /// Whether the viewer's sessions continue beyond a page.
    session_beyond: SessionsBeyond,
    /// The number of the viewer's sessions.
    session_count: SessionCount,
    /// A page of the viewer's sessions.
    session_page: SessionPages,
    /// Users that the viewer may see.
    user: Users,
    /// Users by their exact e-mail address.
    user_by_email: UsersByEmail,
    /// Users that the viewer may see, or who are members of a board that the viewer has access to.
    user_on_board: UsersOnBoards,
    /// Whether the list of the viewer's cards continues beyond a page.
    viewer_card_beyond: ViewerCardsBeyond,
    /// The number of the viewer's cards.
    viewer_card_count: ViewerCardCount,
    /// A page of the cards of the viewer's boards.
    viewer_card_page: ViewerCardPages,
}
