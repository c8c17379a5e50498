//! What Diesel's query language lacks: expressions of our own for it, and statements that it cannot express, behind typed
//! functions.
//!
//! A [`Statement`] consists of parts whose SQL text is `&'static str`, so the number of texts that a
//! connection prepares is bounded.

mod any_of;
mod bind;
mod long_text;
mod order;
mod page;
mod row;
mod search;
mod statement;

pub(super) use self::any_of::{any_of, any_text_of};
pub(super) use self::bind::{numbers, texts};
pub use self::long_text::LongTexts;
pub(super) use self::order::SortColumn;
pub use self::order::{ListOrder, Sort, ValueKind};
pub(super) use self::page::{
    Children, PageOfEach, aggregate_of_each, any_of_each, count_of_each, in_order, into_pages,
    page_of_each,
};
pub(super) use self::row::{ColumnTypes, Row, columns, row, selection};
pub(super) use self::search::SearchTexts;
pub(super) use self::statement::{Statement, Write, execute_all, select, select_with};
