//! How much an answer may hold, and how much it is to find: an object counts ten, any other field one, an
//! argument as much as it has values, each multiplied by the sizes of the lists that it stands in.
//!
//! (An object is a row to find, to send and to take apart: about 6 µs of a page of 1,000 cards, where
//! a field costs 0.3.)

use async_graphql::parser::types::{BaseType, Field, Type};
use async_graphql_value::Value;

use super::types::innermost;
use crate::domain::{CardColumn, LabelColor};
use crate::graphql::mutation::MAX_BATCH;
use crate::graphql::paging::{DEFAULT_PAGE, MAX_CARDS};

/// How much.
pub(super) type Cost = u64;

/// What an object counts.
const OBJECT: Cost = 10;

/// What any other field counts.
const FIELD: Cost = 1;

/// What a search for a text counts: it reads every card of a board.
const SEARCH: Cost = 10_000;

/// So many characters of its name in the answer count as a field more.
const NAME: usize = 32;

/// What a field itself counts, without what is beneath.
pub(super) fn of_field(field: &Field) -> Cost {
    let own = if field.selection_set.node.items.is_empty() { FIELD } else { OBJECT };
    own.saturating_add(cost(field.response_key().node.len() / NAME))
}

/// What a value counts: its parts are looked at each time that its field is.
pub(super) fn of_value(value: &Value, variable: &impl Fn(&str) -> Cost) -> Cost {
    let all = |start: Cost, values: &mut dyn Iterator<Item = &Value>| {
        values.map(|value| of_value(value, variable)).fold(start, Cost::saturating_add)
    };
    match value {
        Value::Variable(name) => variable(name),
        Value::List(items) => all(FIELD, &mut items.iter()),
        Value::Object(fields) => {
            let search = if fields.contains_key("text") { SEARCH } else { 0 };
            all(FIELD + search, &mut fields.values())
        }
        _ => FIELD,
    }
}

/// Whether a selection set is that of a connection, and how many things its page may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Page(Option<Cost>);

impl Page {
    /// No connection.
    pub(super) const NONE: Self = Self(None);

    /// The page that a field of a connection asks for.
    pub(super) fn of(argument: impl Fn(&str) -> Option<Value>) -> Self {
        let given = ["first", "last"].iter().filter_map(|name| number(argument(name)?));
        // What is out of range is refused by the field itself.
        let max = Cost::try_from(MAX_CARDS).unwrap_or(Cost::MAX);
        let default = Cost::try_from(DEFAULT_PAGE).unwrap_or_default();
        Self(Some(given.max().unwrap_or(default).min(max)))
    }

    /// How often a field of the schema may stand in the answer, for each time that its selection set
    /// does. To tell about a page, its rows have to be found too.
    pub(super) fn times(
        self,
        name: &str,
        ty: &Type,
        argument: impl Fn(&str) -> Option<Value>,
    ) -> Cost {
        match self.0 {
            Some(size) if ["edges", "nodes", "pageInfo"].contains(&name) => size.max(1),
            _ if !matches!(ty.base, BaseType::List(_)) => 1,
            _ => list_size(innermost(ty), argument("ids")),
        }
    }
}

fn number(value: Value) -> Option<Cost> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn cost(length: usize) -> Cost {
    Cost::try_from(length).unwrap_or(Cost::MAX)
}

/// How long a list is that has no pages.
fn list_size(of: &str, ids: Option<Value>) -> Cost {
    match (of, ids) {
        (_, Some(Value::List(ids))) => cost(ids.len()),
        ("Label", _) => cost(LabelColor::ALL.len()),
        ("BoardColumn", _) => cost(CardColumn::ALL.len()),
        // What createCards has made.
        ("Card", _) => cost(MAX_BATCH),
        // What an event tells: a few.
        _ => 5,
    }
}

/// How often a field of the introspection may stand in the answer: its lists are that long here on
/// average, and the longest of them are those that are reached most often.
pub(super) fn times_in_introspection(name: &str) -> Cost {
    match name {
        "types" => 125,
        "fields" => 8,
        "possibleTypes" => 4,
        "inputFields" | "args" | "enumValues" | "directives" => 2,
        _ => 1,
    }
}
