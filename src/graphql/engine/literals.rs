//! The values of literals.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Type};
use async_graphql::{Name, Value};
use async_graphql_value::Value as Literal;
use serde_json::Number;

use super::schema::TypeSystem;

/// A default value, which has been validated. It has no variables.
pub(super) fn constant(types: &TypeSystem, ty: &Type, value: &ast::Value) -> Value {
    literal(types, ty, value, &|_| false).into_const().unwrap_or_default()
}

/// A literal, which has been validated, converted to the type of async-graphql. Fields of input objects are omitted if
/// `is_absent` says so of their variable.
pub(super) fn literal(
    types: &TypeSystem,
    ty: &Type,
    value: &ast::Value,
    is_absent: &impl Fn(&str) -> bool,
) -> Literal {
    match (value, ty) {
        (ast::Value::Variable(name), _) => Literal::Variable(Name::new(name)),
        (ast::Value::Null, _) => Literal::Null,
        (ast::Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
            let item = |value: &Node<_>| literal(types, item, value, is_absent);
            Literal::List(items.iter().map(item).collect())
        }
        // A single value is coerced to a list with one entry.
        (value, Type::List(item) | Type::NonNullList(item)) => {
            Literal::List(vec![literal(types, item, value, is_absent)])
        }
        (ast::Value::Object(fields), ty) => {
            let object = types.schema.get_input_object(ty.inner_named_type());
            let field = |(name, value): &(apollo_compiler::Name, Node<ast::Value>)| {
                let field = object.and_then(|object| object.fields.get(name))?;
                let given = !value.as_variable().is_some_and(|name| is_absent(name));
                given.then(|| (Name::new(name), literal(types, &field.ty, value, is_absent)))
            };
            Literal::Object(fields.iter().filter_map(field).collect())
        }
        (value, ty) => leaf(ty.inner_named_type(), value).into_value(),
    }
}

/// A literal that is not a list, an object or a variable.
fn leaf(ty: &str, value: &ast::Value) -> Value {
    match value {
        ast::Value::Enum(name) => Value::Enum(Name::new(name.as_str())),
        ast::Value::String(text) => Value::String(text.clone()),
        ast::Value::Boolean(is) => Value::Boolean(*is),
        ast::Value::Int(number) if ty == "ID" => Value::String(number.as_str().to_owned()),
        ast::Value::Int(number) => number.try_to_i32().map_or(Value::Null, Value::from),
        ast::Value::Float(number) => {
            let number = number.try_to_f64().ok().and_then(Number::from_f64);
            number.map_or(Value::Null, Value::Number)
        }
        _ => Value::Null,
    }
}
