//! How much an answer may hold: an object counts ten, any other field one, an argument as much as it has
//! values, each multiplied by the sizes of the lists that it stands in.
//!
//! (An object is a row to find, to send and to take apart: about 6 µs of a page of 1,000 cards, where
//! a field costs 0.3.) How long lists are, the schema says with `@listSize`.

use apollo_compiler::ast::{self, FieldDefinition};
use apollo_compiler::executable::Field;
use async_graphql::Value;

use super::variables::Values;

/// How much.
pub(super) type Cost = u64;

/// What an object counts.
pub(super) const OBJECT: Cost = 10;

/// What any other field counts.
pub(super) const FIELD: Cost = 1;

/// So many characters of its name in the answer count as a field more.
const NAME: usize = 32;

/// How many entries a list has of which the schema does not say.
const LIST: Cost = 5;

/// The longest page of any list; a field refuses more by itself.
const MAX_PAGE: Cost = 1000;

/// What a field itself counts, without its arguments and what is beneath.
pub(super) fn of_field(field: &Field, is_object: bool) -> Cost {
    let own = if is_object { OBJECT } else { FIELD };
    own.saturating_add(cost(field.response_key().len() / NAME))
}

/// How many values there are, all parts counted.
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

/// How many values a literal has, all parts counted.
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

/// How long the list of a field is, or its page.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// The field is no list.
    One,
    /// The field is a list.
    List(Cost),
    /// The field is a page: objects beneath it are its rows, or tell of them.
    Page(Cost),
}

/// Reads what the schema says of a field: `@listSize(assumedSize:, slicingArguments:, sizedFields:)`.
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
        // To tell of an empty page costs something too.
        Size::Page(size.clamp(1, MAX_PAGE))
    } else {
        Size::List(size)
    }
}

/// How much of a list an argument asks for: a number of rows, or as many as it has entries.
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

fn cost(length: usize) -> Cost {
    Cost::try_from(length).unwrap_or(Cost::MAX)
}
