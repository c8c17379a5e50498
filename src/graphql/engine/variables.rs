//! The values of variables, which are coerced once, before execution. Execution sees the result, with default values
//! applied.

use apollo_compiler::ast::{self, VariableDefinition};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value, Variables};

use super::coercion::coerce;
use super::cost::{Cost, FIELD, values_of};
use super::literals::constant;
use super::operation::PreparedOperation;
use super::request_error::RequestError;
use super::schema::TypeSystem;

/// The values of an operation's variables, without those that are left out and have no default value.
#[derive(Default)]
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
        PreparedOperation { definition: operation, required, .. }: &PreparedOperation,
        mut given: Variables,
    ) -> Result<Self, RequestError> {
        let mut values = Vec::with_capacity(operation.variables.len());
        for definition in &operation.variables {
            let given = given.remove(definition.name.as_str());
            if let Some(value) = bound(types, definition, given)? {
                let name = &definition.name;
                if value == Value::Null && required.contains(name) {
                    let message = format!("Variable ${name} must not be null.");
                    return Err(RequestError::invalid(message));
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
            ast::Value::Variable(name) => self.find(name).map_or(0, |bound| bound.cost),
            ast::Value::List(items) => all(&mut items.iter().map(|item| &**item)),
            ast::Value::Object(fields) => all(&mut fields.iter().map(|(_, value)| &**value)),
            _ => FIELD,
        }
    }

    /// The names of the variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().map(|bound| &bound.name)
    }

    /// Converts them to the type of async-graphql.
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
) -> Result<Option<Value>, RequestError> {
    let name = &definition.name;
    match (given, &definition.default_value) {
        (Some(value), _) => match coerce(types, &definition.ty, value) {
            Ok(value) => Ok(Some(value)),
            Err(wrong) => Err(RequestError::invalid(wrong.sentence(name))),
        },
        (None, Some(default)) => Ok(Some(constant(types, &definition.ty, default))),
        (None, None) if definition.ty.is_non_null() => {
            Err(RequestError::invalid(format!("Variable ${name} is required.")))
        }
        (None, None) => Ok(None),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_counted() {
        let nested = Value::from_json(json!([[{ "a": [1] }]])).unwrap();
        assert!(nested_deeper(&nested, 3) && !nested_deeper(&nested, 4));
    }
}
