//! The sentences of all errors that have one of their own, in one place. `graphql::error` has those that depend only on
//! the kind of the error, `graphql::engine` and `http` those about requests that are not run.

use super::error::Error;
use super::role::{BoardRole, Right};

// Texts and numbers.

pub(super) fn must_not_be_empty() -> Error {
    Error::bad_input("Must not be empty.")
}

pub(super) fn too_short(min: usize) -> Error {
    Error::bad_input(format!("Must have at least {min} characters."))
}

pub(super) fn too_long(max: usize, count: usize) -> Error {
    Error::bad_input(format!("Must have at most {max} characters, but has {count}."))
}

pub(super) fn not_one_line() -> Error {
    Error::bad_input("Must be a single line without control characters.")
}

pub(super) fn control_characters() -> Error {
    Error::bad_input("Must not contain control characters.")
}

pub(super) fn bidirectional_override() -> Error {
    Error::bad_input("Must not override the direction of text (U+202D, U+202E).")
}

pub(super) fn no_visible_character() -> Error {
    Error::bad_input("Must contain a visible character.")
}

pub(super) fn not_an_address() -> Error {
    Error::bad_input("Must be a valid e-mail address.")
}

pub(super) fn invisible_in_address() -> Error {
    Error::bad_input("Must not contain invisible characters.")
}

pub(super) fn confusable_address() -> Error {
    Error::bad_input(
        "Must not mix scripts or contain unusual characters (UTS #39, Highly Restrictive).",
    )
}

/// A number that must not be negative.
pub fn must_not_be_negative() -> Error {
    Error::bad_input("Must not be negative.")
}

// Arguments and input fields.

/// An ID of another type, or text that is not an ID.
pub fn invalid_id() -> Error {
    Error::bad_input("This is not a valid ID for this field.")
}

/// Too many IDs.
pub fn too_many_ids(max: i32) -> Error {
    Error::bad_input(format!("Must have at most {max} IDs."))
}

/// A cursor of another list or order, or text that is not a cursor.
pub fn invalid_cursor() -> Error {
    Error::bad_input("This is not a valid cursor for this list and order.")
}

/// A page size outside its range.
pub fn page_size_out_of_range(max: i32) -> Error {
    Error::bad_input(format!("Must be from 0 to {max}."))
}

/// `first` together with `last`.
pub fn first_and_last() -> Error {
    Error::bad_input("Use either `first` or `last`, not both.")
}

/// An order that only the cards of one board have.
pub fn order_across_boards() -> Error {
    Error::bad_input("RANK is the order of the cards on one board.")
}

/// The wrong number of cards in one mutation.
pub fn number_of_cards(max: usize) -> Error {
    Error::bad_input(format!("Must have 1 to {max} cards."))
}

/// `userId` together with `email`.
pub fn user_and_email() -> Error {
    Error::bad_input("Use either `userId` or `email`, not both.")
}

/// Neither `userId` nor `email`.
pub fn no_user() -> Error {
    Error::bad_input("Either `userId` or `email` is required.")
}

/// A colour that is given twice.
pub fn repeated_color(color: &str) -> Error {
    Error::bad_input(format!("Must not contain the colour {color} twice."))
}

/// A colour that no label of the board has.
pub fn no_label_of_color(color: &str) -> Error {
    Error::bad_input(format!("The board has no {color} label."))
}

/// A card that is to be moved next to itself.
pub fn next_to_itself() -> Error {
    Error::bad_input("A card cannot be moved next to itself.")
}

/// The current password is missing.
pub fn password_required() -> Error {
    Error::bad_input("Required to change the e-mail address or the password.")
}

/// A token from a mail.
pub fn invalid_mail_token() -> Error {
    Error::bad_input("The token is invalid or expired, or was used before.")
}

// Tokens and permissions.

/// An access token that is not accepted.
pub fn invalid_access_token() -> Error {
    Error::BadToken {
        message: "The access token is invalid or expired. Refresh the session or log in again.",
    }
}

/// A refresh token that is not accepted.
pub fn invalid_refresh_token() -> Error {
    Error::BadToken { message: "The refresh token is invalid or expired. Log in again." }
}

/// The role on the board does not include the right.
pub fn right_required(right: Right) -> Error {
    Error::forbidden(match right.least_role() {
        BoardRole::Viewer => "This operation requires a role on the board.",
        BoardRole::Member => "This operation requires the role MEMBER or ADMIN on the board.",
        BoardRole::Admin => "This operation requires the role ADMIN on the board.",
    })
}

/// A comment of somebody else.
pub fn not_the_author() -> Error {
    Error::forbidden("Only the author of a comment may change it.")
}

/// The server sends no mail.
pub fn no_mail() -> Error {
    Error::forbidden("This server sends no mail. Ask its operator for help.")
}

/// Nobody may sign up.
pub fn sign_ups_closed() -> Error {
    Error::forbidden("Sign-ups are closed on this server. Ask its operator for an account.")
}

/// The address of the account must be verified before a log-in.
pub fn address_not_verified() -> Error {
    Error::forbidden("Verify your e-mail address first: open the link in the mail to it.")
}

// Conflicts with stored data.

/// The address has an account.
pub fn address_taken() -> Error {
    Error::conflict("There is already an account with this e-mail address.")
}

/// The colour has a label.
pub fn color_taken() -> Error {
    Error::conflict("The board already has a label of this colour.")
}

/// The last ADMIN of a board cannot leave or get another role.
pub fn last_admin() -> Error {
    Error::conflict("A board must have at least one ADMIN. Make another member ADMIN first.")
}

/// Another mutation has the same `clientMutationId`.
pub fn id_of_another_mutation() -> Error {
    Error::conflict(
        "You have sent another mutation with this ID in the last seven days. A retry must have the same input.",
    )
}

/// Demo data for a database that is in use.
pub fn database_has_users() -> Error {
    Error::conflict("The database already has users.")
}

/// Demo data with boards but without users.
pub fn boards_need_users() -> Error {
    Error::conflict("Boards need at least one user.")
}
