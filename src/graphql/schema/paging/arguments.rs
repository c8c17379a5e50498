//! The arguments of connections.

use super::cursor::decode;
use crate::domain::{At, PageRequest, Result, rejection};
use crate::store::Sort;

/// The page size if neither `first` nor `last` is given.
pub(in crate::graphql::schema) const DEFAULT_PAGE: i32 = 50;

/// The maximum page size of lists of cards.
pub(in crate::graphql::schema) const MAX_CARDS: i32 = 1000;

/// The maximum page size of all other lists.
pub(in crate::graphql::schema) const MAX_OTHERS: i32 = 200;

/// The arguments of a connection.
pub(in crate::graphql::schema) struct PageArgs {
    pub(in crate::graphql::schema) first: Option<i32>,
    pub(in crate::graphql::schema) after: Option<String>,
    pub(in crate::graphql::schema) last: Option<i32>,
    pub(in crate::graphql::schema) before: Option<String>,
}

impl PageArgs {
    /// Checks the arguments for a list whose pages have at most `max` rows. BAD_USER_INPUT if they are
    /// invalid.
    pub(in crate::graphql::schema) fn request<T>(
        &self,
        sort: Sort<T>,
        max: i32,
    ) -> Result<PageRequest> {
        let (limit, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(rejection::first_and_last().at("last"));
            }
            (None, Some(last)) => (size(last, max).at("last")?, true),
            (first, None) => (size(first.unwrap_or(DEFAULT_PAGE), max).at("first")?, false),
        };
        let place = |cursor: &Option<String>| match cursor {
            Some(text) => decode(sort, text).map(Some),
            None => Ok(None),
        };
        Ok(PageRequest {
            limit,
            backward,
            after: place(&self.after).at("after")?,
            before: place(&self.before).at("before")?,
        })
    }
}

fn size(count: i32, max: i32) -> Result<usize> {
    match usize::try_from(count) {
        Ok(size) if count <= max => Ok(size),
        _ => Err(rejection::page_size_out_of_range(max)),
    }
}
