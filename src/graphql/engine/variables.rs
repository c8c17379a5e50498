//! Coerces the values of variables once, before execution: "Coercing Variable Values" of the
//! specification, with the number conversions of graphql-js. Execution sees the result, with default
//! values applied.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Type, VariableDefinition};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value, Variables};
use serde_json::Number;

use super::cost::{Cost, FIELD, values_of};
use super::refusal::Refusal;
use super::schema::TypeSystem;

/// The values of an operation's variables, without those that are left out and have no default value.
pub(super) struct Values(Vec<Bound>);

struct Bound {
    name: Name,
    value: Value,
    cost: Cost,
}

impl Values {
    /// Coerces the given values; unknown variables are ignored. A variable with a default value can be
    /// null although it is used where a value is `required`. Then the whole request is rejected, so that
    /// no mutation is half done. (By the specification, only the field would fail.)
    pub(super) fn coerce(
        types: &TypeSystem,
        operation: &Operation,
        required: &[apollo_compiler::Name],
        mut given: Variables,
    ) -> Result<Self, Refusal> {
        let mut values = Vec::with_capacity(operation.variables.len());
        for definition in &operation.variables {
            let given = given.remove(definition.name.as_str());
            if let Some(value) = bound(types, definition, given)? {
                let name = &definition.name;
                if value == Value::Null && required.contains(name) {
                    let message = format!("Variable ${name} must not be null.");
                    return Err(Refusal::invalid(message));
                }
                let cost = values_of(&value);
                values.push(Bound { name: Name::new(definition.name.as_str()), value, cost });
            }
        }
        Ok(Self(values))
    }

    fn find(&self, name: &str) -> Option<&Bound> {
        self.0.iter().find(|bound| bound.name == *name)
    }

    /// The value of a variable; `None` if it has none.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|bound| &bound.value)
    }

    /// The number of values in a literal, including nested ones.
    pub(super) fn count_in(&self, value: &ast::Value) -> Cost {
        let all = |values: &mut dyn Iterator<Item = &ast::Value>| {
            values.map(|value| self.count_in(value)).fold(FIELD, Cost::saturating_add)
        };
        match value {
            ast::Value::Variable(name) => self.cost(name),
            ast::Value::List(items) => all(&mut items.iter().map(|item| &**item)),
            ast::Value::Object(fields) => all(&mut fields.iter().map(|(_, value)| &**value)),
            _ => FIELD,
        }
    }

    /// The number of values in a variable, including nested ones.
    pub(super) fn cost(&self, name: &str) -> Cost {
        self.find(name).map_or(0, |bound| bound.cost)
    }

    /// The names of the variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().map(|bound| &bound.name)
    }

    /// Converts them to the type of the library.
    pub(super) fn into_variables(self) -> Variables {
        let all: IndexMap<Name, Value> =
            self.0.into_iter().map(|bound| (bound.name, bound.value)).collect();
        Variables::from_value(Value::Object(all))
    }
}

fn bound(
    types: &TypeSystem,
    definition: &VariableDefinition,
    given: Option<Value>,
) -> Result<Option<Value>, Refusal> {
    let name = &definition.name;
    match (given, &definition.default_value) {
        (Some(value), _) => match coerce(types, &definition.ty, value) {
            Ok(value) => Ok(Some(value)),
            Err(wrong) => Err(Refusal::invalid(wrong.sentence(name))),
        },
        (None, Some(default)) => Ok(Some(constant(types, &definition.ty, default))),
        (None, None) if definition.ty.is_non_null() => {
            Err(Refusal::invalid(format!("Variable ${name} is required.")))
        }
        (None, None) => Ok(None),
    }
}

/// The path and the reason of an invalid value.
struct Wrong {
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

    fn sentence(self, variable: &str) -> String {
        let colon = if self.reason.starts_with("is ") { "" } else { ":" };
        format!("Variable ${variable}{}{colon} {}.", self.path, self.reason)
    }
}

fn coerce(types: &TypeSystem, ty: &Type, value: Value) -> Result<Value, Wrong> {
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
                let name = if types.told { name } else { "…" };
                return Err(Wrong::new("is required").at(&format!(".{name}")));
            }
            // The library applies default values of input fields.
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

/// Whether lists and objects in a value are nested more than `limit` levels deep.
pub(super) fn nested_deeper(value: &Value, limit: usize) -> bool {
    let deeper = |value: &Value| limit == 0 || nested_deeper(value, limit - 1);
    match value {
        Value::List(items) => limit == 0 || items.iter().any(deeper),
        Value::Object(fields) => limit == 0 || fields.values().any(deeper),
        _ => false,
    }
}

/// A default value, which has been validated.
fn constant(types: &TypeSystem, ty: &Type, value: &ast::Value) -> Value {
    match (value, ty) {
        (ast::Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
            Value::List(items.iter().map(|value| constant(types, item, value)).collect())
        }
        (ast::Value::Null, _) => Value::Null,
        (value, Type::List(item) | Type::NonNullList(item)) => {
            Value::List(vec![constant(types, item, value)])
        }
        (ast::Value::Object(fields), ty) => {
            let object = types.input_object(ty.inner_named_type());
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
    fn nesting_is_counted() {
        let nested = Value::from_json(json!([[{ "a": [1] }]])).unwrap();
        assert!(nested_deeper(&nested, 3) && !nested_deeper(&nested, 4));
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
