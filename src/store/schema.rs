//! The tables, one set for both databases.
//!
//! Written by hand, because `diesel print-schema` would write one set for each database. Columns that the databases
//! compute (`cards.column_position`) are named in raw statements and left out here.

use super::types::Instant;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    users (id) {
        id -> BigInt,
        public_id -> Text,
        email -> Text,
        email_key -> Text,
        password_hash -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        name -> Text,
        email_verified_at -> Nullable<Instant>,
        disabled_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    boards (id) {
        id -> BigInt,
        title -> Text,
        title_key -> Text,
        description -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
        deleted_at -> Nullable<Instant>,
        created_by -> Nullable<BigInt>,
        search_text -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::Instant;

    users_boards (board_id, user_id) {
        board_id -> BigInt,
        user_id -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        role -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::Instant;

    labels (id) {
        id -> BigInt,
        board_id -> BigInt,
        color -> Text,
        name -> Text,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    cards (id) {
        id -> BigInt,
        board_id -> BigInt,
        title -> Text,
        title_key -> Text,
        description -> Text,
        search_text -> Text,
        column -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        rank -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Instant>,
        created_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use super::Instant;

    cards_labels (card_id, label_id) {
        card_id -> BigInt,
        label_id -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    comments (id) {
        id -> BigInt,
        card_id -> BigInt,
        author_id -> Nullable<BigInt>,
        body -> Text,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    board_events (board_id, sequence) {
        board_id -> BigInt,
        sequence -> BigInt,
        created_at -> Instant,
        actor_id -> Nullable<BigInt>,
        card_id -> Nullable<BigInt>,
        kind -> Text,
        payload -> Text,
        client_mutation_id -> Nullable<Text>,
    }
}

diesel::joinable!(users_boards -> boards (board_id));
diesel::joinable!(users_boards -> users (user_id));
diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        user_agent -> Nullable<Text>,
        created_at -> Instant,
        last_used_at -> Instant,
        expires_at -> Instant,
        family_hash -> Nullable<Text>,
        generation -> BigInt,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    refresh_tokens (hash) {
        hash -> Text,
        session_id -> BigInt,
        spent_at -> Nullable<Instant>,
        generation -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::Instant;

    known_networks (user_id, network) {
        user_id -> BigInt,
        network -> Text,
        seen_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::Instant;

    mail_tokens (hash) {
        hash -> Text,
        user_id -> BigInt,
        purpose -> Text,
        email_key -> Text,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::Instant;

    outbox (id) {
        id -> BigInt,
        email -> Text,
        content -> Text,
        created_at -> Instant,
        due_at -> Instant,
        attempts -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::Instant;

    mutation_receipts (user_id, client_mutation_id) {
        user_id -> BigInt,
        client_mutation_id -> Text,
        input_hash -> Text,
        board_id -> BigInt,
        subject -> Text,
        first_sequence -> Nullable<BigInt>,
        last_sequence -> Nullable<BigInt>,
        created_at -> Instant,
    }
}

diesel::joinable!(labels -> boards (board_id));
diesel::joinable!(cards -> boards (board_id));
diesel::joinable!(comments -> cards (card_id));
diesel::joinable!(board_events -> boards (board_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(mail_tokens -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(cards_labels -> cards (card_id));
diesel::joinable!(cards_labels -> labels (label_id));
diesel::allow_tables_to_appear_in_same_query!(
    board_events,
    boards,
    cards,
    cards_labels,
    comments,
    labels,
    mail_tokens,
    refresh_tokens,
    sessions,
    users,
    users_boards
);
