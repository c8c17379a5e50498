//! Values against the types that are expected: "Values of Correct Type" and "All Variable Usages Are
//! Allowed" of the specification.

use async_graphql::Name;
use async_graphql::parser::types::{BaseType, Type};
use async_graphql_value::Value;

use super::types::{Input, Kind, Types};

/// What is wrong with a value: where within it, and what is expected there.
pub(super) struct Wrong {
    path: String,
    reason: String,
}

impl Wrong {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    fn at(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }

    /// A sentence about the value that is called `name`.
    pub(super) fn sentence(self, name: &str) -> String {
        let colon = if self.reason.starts_with("is ") { "" } else { ":" };
        format!("{name}{}{colon} {}.", self.path, self.reason)
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The document.
    Literal,
    /// The variables, in JSON, which has no enums.
    Json,
}

/// What a document says about a variable that is used in it.
pub(super) trait Usages {
    /// Checks the use of a variable where `ty` is expected; `has_default` if leaving it out gives the
    /// place a value.
    fn check(&self, types: &Types, name: &Name, ty: &Type, has_default: bool) -> Result<(), Wrong>;
}

/// Checks values.
pub(super) struct Values<'t, U> {
    pub(super) types: &'t Types,
    pub(super) usages: U,
    pub(super) origin: Origin,
}

impl<U: Usages> Values<'_, U> {
    /// Checks the value of an argument or of an input object's field.
    pub(super) fn input(&self, input: &Input, value: &Value) -> Result<(), Wrong> {
        match value {
            Value::Variable(name) => {
                self.usages.check(self.types, name, &input.ty, input.has_default)
            }
            value => self.value(&input.ty, value),
        }
    }

    /// Checks a value.
    pub(super) fn value(&self, ty: &Type, value: &Value) -> Result<(), Wrong> {
        match (value, &ty.base) {
            (Value::Variable(name), _) => self.usages.check(self.types, name, ty, false),
            (Value::Null, _) if ty.nullable => Ok(()),
            (Value::Null, _) => Err(Wrong::new(self.types.expected(ty))),
            (Value::List(items), BaseType::List(inner)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(inner, item).map_err(|wrong| wrong.at(&format!("[{index}]")))?;
                }
                Ok(())
            }
            // One value is a list of one.
            (value, BaseType::List(inner)) => self.value(inner, value),
            (value, BaseType::Named(name)) => self.named(ty, name, value),
        }
    }

    fn named(&self, ty: &Type, name: &Name, value: &Value) -> Result<(), Wrong> {
        let right = match (self.types.get(name), value) {
            (Some(Kind::InputObject(fields)), Value::Object(given)) => {
                for (name, value) in given {
                    let known = fields.get(name);
                    let known = known.ok_or_else(|| Wrong::new("there is no such field"));
                    let checked = known.and_then(|field| self.input(field, value));
                    checked.map_err(|wrong| wrong.at(&format!(".{name}")))?;
                }
                return match missing(fields, |name| given.contains_key(name)) {
                    None => Ok(()),
                    Some(name) => {
                        let name = if self.types.told { name } else { "…" };
                        Err(Wrong::new("is required").at(&format!(".{name}")))
                    }
                };
            }
            (Some(Kind::Enum(values)), Value::Enum(value)) => values.contains(value),
            (Some(Kind::Enum(values)), Value::String(value)) => {
                self.origin == Origin::Json && values.contains(value.as_str())
            }
            (Some(Kind::InputObject(_) | Kind::Enum(_) | Kind::Output(_)), _) => false,
            (Some(Kind::Scalar) | None, value) => scalar(name, value),
        };
        if right { Ok(()) } else { Err(Wrong::new(self.types.expected(ty))) }
    }
}

/// Whether a value is one of a scalar; what values a scalar of our own has, it says itself.
fn scalar(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("Int", Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        ("Float", Value::Number(_))
        | ("String", Value::String(_))
        | ("Boolean", Value::Boolean(_)) => true,
        ("ID", value) => match value {
            Value::String(_) => true,
            Value::Number(number) => number.is_i64() || number.is_u64(),
            _ => false,
        },
        ("Int" | "Float" | "String" | "Boolean", _) => false,
        _ => true,
    }
}

/// The name of an input that has to be there and is not; of several, the first by name.
pub(super) fn missing<'t>(
    inputs: impl IntoIterator<Item = (&'t Name, &'t Input)>,
    given: impl Fn(&str) -> bool,
) -> Option<&'t str> {
    inputs
        .into_iter()
        .filter(|(name, input)| !input.ty.nullable && !input.has_default && !given(name))
        .map(|(name, _)| name.as_str())
        .min()
}
