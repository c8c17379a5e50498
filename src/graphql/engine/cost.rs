//! The complexity of a query: an object counts ten, any other field one, an argument the number of its
//! values, each multiplied by the sizes of the lists around it.
//!
//! (An object is a row to find, send and decode: about 6 µs in a page of 1,000 cards, against 0.3 µs for
//! a field.) The schema gives the sizes of lists with `@listSize`.

use apollo_compiler::ast::{self, FieldDefinition};
use apollo_compiler::executable::Field;
use async_graphql::Value;

use super::variables::Values;

/// An amount of complexity.
pub(super) type Cost = u64;

/// The cost of an object.
pub(super) const OBJECT: Cost = 10;

/// The cost of any other field.
pub(super) const FIELD: Cost = 1;

/// Every so many characters of a response key cost as much as a field.
const NAME: usize = 32;

/// The assumed number of entries of a list without `@listSize`.
const LIST: Cost = 5;

/// The largest page of any list. Fields reject larger values themselves.
const MAX_PAGE: Cost = 1000;

/// The cost of a field itself, without its arguments and the fields below it.
pub(super) fn of_field(field: &Field, is_object: bool) -> Cost {
    let own = if is_object { OBJECT } else { FIELD };
    own.saturating_add(cost(field.response_key().len() / NAME))
}

/// The number of values in a value, including nested ones.
pub(super) fn values_of(value: &Value) -> Cost {
    let all = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(values_of).fold(FIELD, Cost::saturating_add)
    };
    match value {
        Value::List(items) => all(&mut items.iter()),
        Value::Object(fields) => all(&mut fields.values()),
        _ => FIELD,
    }
}

/// The number of values in a literal, including nested ones.
pub(super) fn values_in(value: &ast::Value, variables: &Values) -> Cost {
    let all = |values: &mut dyn Iterator<Item = &ast::Value>| {
        values.map(|value| values_in(value, variables)).fold(FIELD, Cost::saturating_add)
    };
    match value {
        ast::Value::Variable(name) => variables.cost(name),
        ast::Value::List(items) => all(&mut items.iter().map(|item| &**item)),
        ast::Value::Object(fields) => all(&mut fields.iter().map(|(_, value)| &**value)),
        _ => FIELD,
    }
}

/// The size of a field's list or page.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// The field is not a list.
    One,
    /// The field is a list with this many entries.
    List(Cost),
    /// The field is a page with this many rows. Objects below it are its rows, or describe them.
    Page(Cost),
}

/// Reads the directive of a field: `@listSize(assumedSize:, slicingArguments:, sizedFields:)`.
pub(super) fn size(field: &Field, variables: &Values) -> Size {
    let definition: &FieldDefinition = &field.definition;
    let Some(directive) = definition.directives.get("listSize") else {
        return if definition.ty.is_list() { Size::List(LIST) } else { Size::One };
    };
    let said = |name: &str| directive.specified_argument_by_name(name);
    let slicing = said("slicingArguments").and_then(|value| value.as_list()).unwrap_or_default();
    let slices = slicing.iter().filter_map(|name| {
        let value = field.specified_argument_by_name(name.as_str()?)?;
        slice(value, variables)
    });
    let assumed = || said("assumedSize").and_then(|size| size.to_i32()).unwrap_or_default();
    let size = slices.max().unwrap_or_else(|| Cost::try_from(assumed()).unwrap_or_default());
    if said("sizedFields").is_some() {
        // An empty page has a cost too.
        Size::Page(size.clamp(1, MAX_PAGE))
    } else {
        Size::List(size)
    }
}

/// The number of entries that an argument requests: its value, or the length if it is a list.
fn slice(value: &ast::Value, variables: &Values) -> Option<Cost> {
    match value {
        ast::Value::Variable(name) => match variables.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::List(items) => Some(cost(items.len())),
            _ => None,
        },
        ast::Value::Int(number) => number.as_str().parse().ok(),
        ast::Value::List(items) => Some(cost(items.len())),
        _ => None,
    }
}

/// The assumed number of entries of an introspection list: its average length in this schema. (The
/// longest lists are those that are reached most often.)
pub(super) fn times_in_introspection(name: &str) -> Cost {
    match name {
        "types" => 125,
        "fields" => 8,
        "possibleTypes" => 4,
        "inputFields" | "args" | "enumValues" | "directives" => 2,
        _ => 1,
    }
}

fn cost(length: usize) -> Cost {
    Cost::try_from(length).unwrap_or(Cost::MAX)
}
