//! The values of literals without variables.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Type};
use async_graphql::{Name, Value};
use serde_json::Number;

use super::schema::TypeSystem;

/// A default value, which has been validated.
pub(super) fn constant(types: &TypeSystem, ty: &Type, value: &ast::Value) -> Value {
    match (value, ty) {
        (ast::Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
            Value::List(items.iter().map(|value| constant(types, item, value)).collect())
        }
        (ast::Value::Null, _) => Value::Null,
        (value, Type::List(item) | Type::NonNullList(item)) => {
            Value::List(vec![constant(types, item, value)])
        }
        (ast::Value::Object(fields), ty) => {
            let object = types.schema.get_input_object(ty.inner_named_type());
            let field = |(name, value): &(apollo_compiler::Name, Node<ast::Value>)| {
                let field = object.and_then(|object| object.fields.get(name))?;
                Some((Name::new(name.as_str()), constant(types, &field.ty, value)))
            };
            Value::Object(fields.iter().filter_map(field).collect())
        }
        (value, ty) => leaf(ty.inner_named_type(), value),
    }
}

/// A literal that is not a list, an object or a variable.
pub(super) fn leaf(ty: &str, value: &ast::Value) -> Value {
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
