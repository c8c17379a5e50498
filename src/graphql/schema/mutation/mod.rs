//! What can be done. Each mutation: input, payload, a resolver of a few lines; the rule is in
//! `service`.

mod auth;
mod board;
mod card;
mod card_labels;
mod comment;
mod label;
mod session;
mod sharing;
mod trash;

use async_graphql::MergedObject;

/// What can be done. Every field but `signUp`, `logIn` and `refreshSession` needs a log-in. Fields run one after the
/// other; one that fails answers null and leaves the others alone.
#[derive(MergedObject, Default)]
pub(in crate::graphql) struct Mutation(
    auth::AuthMutation,
    session::SessionMutation,
    board::BoardMutation,
    sharing::SharingMutation,
    card::CardMutation,
    card_labels::CardLabelMutation,
    label::LabelMutation,
    comment::CommentMutation,
    trash::TrashMutation,
);
