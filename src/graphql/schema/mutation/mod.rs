//! The mutations. Each has an input, a payload and a resolver of a few lines; the rules are in `service`.

mod auth;
mod board;
mod card;
mod card_labels;
mod comment;
mod label;
mod recovery;
mod session;
mod sharing;
mod trash;

use async_graphql::MergedObject;

/// The mutation root. Every field requires an access token, except those with the directive `@anonymous`, such as `logIn`.
/// Fields run one after the other; a field that fails returns null and does not affect the others.
#[derive(MergedObject, Default)]
pub(in crate::graphql) struct Mutation(
    auth::AuthMutation,
    recovery::RecoveryMutation,
    session::SessionMutation,
    board::BoardMutation,
    sharing::SharingMutation,
    card::CardMutation,
    card_labels::CardLabelMutation,
    label::LabelMutation,
    comment::CommentMutation,
    trash::TrashMutation,
);
