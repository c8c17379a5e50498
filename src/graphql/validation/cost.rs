//! How much an answer may hold: an object counts ten, any other field one, each multiplied by the sizes
//! of the lists that it stands in.
//!
//! (An object is a row to find, to send and to take apart: about 6 µs of a page of 1,000 cards, where
//! a field costs 0.3.)

use async_graphql::parser::types::{BaseType, Field as FieldNode, Type};
use async_graphql_value::Value;

use super::types::{Field, innermost};
use crate::domain::{CardColumn, LabelColor};
use crate::graphql::paging::{DEFAULT_PAGE, MAX_CARDS};

/// What an answer may hold.
pub(super) type Cost = u64;

/// What an object counts.
const OBJECT: Cost = 10;

/// What any other field counts.
const FIELD: Cost = 1;

/// What a field itself counts.
pub(super) fn of_one(field: &FieldNode) -> Cost {
    if field.selection_set.node.items.is_empty() { FIELD } else { OBJECT }
}

/// Whether a selection set is that of a connection, and how many things its page may have.
#[derive(Clone, Copy)]
pub(super) struct Page(Option<Cost>);

impl Page {
    /// No connection.
    pub(super) const NONE: Self = Self(None);

    /// What is beneath a field.
    pub(super) fn of(field: &Field, argument: impl Fn(&str) -> Option<Value>) -> Self {
        if !field.arguments.contains_key("first") {
            return Self::NONE;
        }
        let given = ["first", "last"].iter().filter_map(|name| number(argument(name)?));
        // What is out of range is refused by the field itself.
        let max = Cost::try_from(MAX_CARDS).unwrap_or(Cost::MAX);
        Self(Some(given.max().unwrap_or(default_page()).min(max)))
    }

    /// How often a field may stand in the answer, for each time that its selection set does.
    pub(super) fn times(
        self,
        name: &str,
        field: &Field,
        argument: impl Fn(&str) -> Option<Value>,
    ) -> Cost {
        match self.0 {
            Some(size) if ["edges", "nodes"].contains(&name) => size,
            _ if !is_list(&field.ty) => 1,
            _ => list_size(innermost(&field.ty), argument("ids")),
        }
    }
}

fn default_page() -> Cost {
    Cost::try_from(DEFAULT_PAGE).unwrap_or_default()
}

fn number(value: Value) -> Option<Cost> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

/// How long a list is that has no pages.
fn list_size(of: &str, ids: Option<Value>) -> Cost {
    let length = |length: usize| Cost::try_from(length).unwrap_or(Cost::MAX);
    match (of, ids) {
        (_, Some(Value::List(ids))) => length(ids.len()),
        ("Label", _) => length(LabelColor::ALL.len()),
        ("BoardColumn", _) => length(CardColumn::ALL.len()),
        // What a mutation has made or an event tells: as long as what was sent.
        _ => 1,
    }
}
