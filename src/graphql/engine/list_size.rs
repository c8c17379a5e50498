//! The sizes of lists and pages, from `@listSize` and the arguments of a field.

use apollo_compiler::ast::{self, FieldDefinition};
use apollo_compiler::executable::Field;
use async_graphql::Value;

use super::cost::{Cost, of_values};
use super::variables::Values;

/// The assumed number of entries of a list without `@listSize`.
const LIST: Cost = 5;

/// The largest page of any list. Fields reject larger values themselves.
const MAX_PAGE: Cost = 1000;

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
        let argument = definition.argument_by_name(name.as_str()?)?;
        slice(&argument.ty, field.specified_argument_by_name(&argument.name)?, variables)
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
fn slice(ty: &ast::Type, value: &ast::Value, variables: &Values) -> Option<Cost> {
    match value {
        ast::Value::Variable(name) => match variables.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::List(items) => Some(of_values(items.len())),
            _ => None,
        },
        ast::Value::List(items) => Some(of_values(items.len())),
        ast::Value::Null => None,
        // A single value is coerced to a list with one entry.
        _ if ty.is_list() => Some(1),
        ast::Value::Int(number) => number.as_str().parse().ok(),
        _ => None,
    }
}
