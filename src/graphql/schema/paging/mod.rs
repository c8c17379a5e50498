//! Relay connections: arguments, cursors and pages.

mod arguments;
mod connection;
mod cursor;
mod edge;
mod list;

pub(super) use self::arguments::{DEFAULT_PAGE, MAX_CARDS, MAX_OTHERS, PageArgs};
pub(super) use self::connection::Connection;
pub(super) use self::cursor::cursor;
pub(super) use self::edge::{Edge, Listed, PlainEdge};
pub(super) use self::list::List;
