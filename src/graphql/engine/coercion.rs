//! "Coercing Variable Values" of the specification, with the number conversions of graphql-js.

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use serde_json::Number;

use super::schema::TypeSystem;

/// The path and the reason of an invalid value.
pub(super) struct Wrong {
    path: String,
    reason: String,
}

impl Wrong {
    fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    fn at(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }

    /// Tells what is wrong with the value of this variable.
    pub(super) fn sentence(self, variable: &str) -> String {
        let colon = if self.reason.starts_with("is ") { "" } else { ":" };
        format!("Variable ${variable}{}{colon} {}.", self.path, self.reason)
    }
}

/// Converts a value to the type of its variable.
pub(super) fn coerce(types: &TypeSystem, ty: &Type, value: Value) -> Result<Value, Wrong> {
    match (value, ty) {
        (Value::Null, ty) if !ty.is_non_null() => Ok(Value::Null),
        (Value::Null, _) => Err(Wrong::new(types.expected(ty))),
        (Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
            let item = |(index, value)| {
                coerce(types, item, value).map_err(|wrong| wrong.at(&format!("[{index}]")))
            };
            items.into_iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::List)
        }
        // A single value is coerced to a list with one entry.
        (value, Type::List(item) | Type::NonNullList(item)) => {
            Ok(Value::List(vec![coerce(types, item, value)?]))
        }
        (value, Type::Named(name) | Type::NonNullNamed(name)) => {
            let coerced = match types.schema.types.get(name) {
                Some(ExtendedType::InputObject(object)) => match value {
                    Value::Object(fields) => return input_object(types, object, fields),
                    _ => None,
                },
                Some(ExtendedType::Enum(known)) => enum_value(known, value),
                _ => scalar(name, value),
            };
            coerced.ok_or_else(|| Wrong::new(types.expected(ty)))
        }
    }
}

fn input_object(
    types: &TypeSystem,
    object: &Node<InputObjectType>,
    mut given: IndexMap<Name, Value>,
) -> Result<Value, Wrong> {
    let mut fields = IndexMap::with_capacity(given.len());
    for (name, field) in &object.fields {
        let value = match given.swap_remove(name.as_str()) {
            Some(value) => {
                coerce(types, &field.ty, value).map_err(|wrong| wrong.at(&format!(".{name}")))?
            }
            None if field.is_required() => {
                let name = if types.reveals_schema { name } else { "…" };
                return Err(Wrong::new("is required").at(&format!(".{name}")));
            }
            // async-graphql applies default values of input fields.
            None => continue,
        };
        fields.insert(Name::new(name.as_str()), value);
    }
    match given.keys().next() {
        None => Ok(Value::Object(fields)),
        Some(name) => Err(Wrong::new("unknown field").at(&format!(".{name}"))),
    }
}

/// JSON has no enums, so their values are strings.
fn enum_value(known: &EnumType, value: Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            known.values.contains_key(text.as_str()).then(|| Value::Enum(Name::new(text)))
        }
        _ => None,
    }
}

/// The value of a scalar. Custom scalars check their values themselves.
fn scalar(name: &str, value: Value) -> Option<Value> {
    match (name, value) {
        ("Int", Value::Number(number)) => integer(&number).map(Value::from),
        ("ID", Value::Number(number)) => id(&number).map(Value::String),
        ("Float", value @ Value::Number(_))
        | ("String" | "ID", value @ Value::String(_))
        | ("Boolean", value @ Value::Boolean(_)) => Some(value),
        ("Int" | "ID" | "Float" | "String" | "Boolean", _) => None,
        (_, value) => Some(value),
    }
}

/// An integer of 32 bits in any notation, such as `2.0`, `1e1` and `-0`.
fn integer(number: &Number) -> Option<i32> {
    if let Some(number) = number.as_i64() {
        return i32::try_from(number).ok();
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
    #[allow(clippy::cast_possible_truncation, reason = "it is whole, and in range")]
    (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number).then_some(number as i32)
}

/// The text of an integer. (No ID of this server has more digits than a float can hold.)
fn id(number: &Number) -> Option<String> {
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
    // Converts -0.0 to 0.0.
    Some(format!("{}", number + 0.0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn coerced(ty: &str, value: &Json) -> Option<Json> {
        let sdl = "type Query { a(x: In, e: [E!]): Int }
            input In { a: Int! b: ID = 5 c: [In!] } enum E { ONE TWO }";
        let types = TypeSystem::of(sdl, true).unwrap();
        let ty = Type::parse(ty, "type").unwrap();
        let value = Value::from_json(value.clone()).unwrap();
        coerce(&types, &ty, value).ok().map(|value| value.into_json().unwrap())
    }

    #[test]
    fn values_are_coerced_as_graphql_js_does() {
        for (ty, given, expected) in [
            ("Int", json!(2.0), json!(2)),
            ("Int", json!(1e1), json!(10)),
            ("Int!", json!(-0.0), json!(0)),
            ("ID", json!(1.0), json!("1")),
            ("ID", json!(-0.0), json!("0")),
            ("ID", json!(18_446_744_073_709_551_615_u64), json!("18446744073709551615")),
            ("ID", json!(1e20), json!("100000000000000000000")),
            ("[Int]", json!(1), json!([1])),
            ("[[Int]]", json!([1, [2], null]), json!([[1], [2], null])),
            ("E", json!("ONE"), json!("ONE")),
            ("In", json!({ "a": 1 }), json!({ "a": 1 })),
            ("In", json!({ "a": 1, "c": { "a": 2 } }), json!({ "a": 1, "c": [{ "a": 2 }] })),
        ] {
            assert_eq!(coerced(ty, &given), Some(expected), "{ty} {given}");
        }
        for (ty, given) in [
            ("Int", json!(2.5)),
            ("Int", json!(2_147_483_648_u32)),
            ("Int", json!("1")),
            ("Int!", json!(null)),
            ("ID", json!(1.5)),
            ("ID", json!(true)),
            ("Boolean", json!(1)),
            ("String", json!(1)),
            ("[Int!]", json!([null])),
            ("E", json!("THREE")),
            ("E", json!(1)),
            ("In", json!({})),
            ("In", json!({ "a": 1, "z": 1 })),
            ("In", json!([])),
        ] {
            assert_eq!(coerced(ty, &given), None, "{ty} {given}");
        }
    }
}
