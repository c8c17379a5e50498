//! The variables of an operation: their values, and where they are used.

use std::cell::RefCell;
use std::collections::HashMap;

use async_graphql::parser::types::{BaseType, OperationDefinition, Type, VariableDefinition};
use async_graphql::{Name, Variables};

use super::cost::{Cost, of_value};
use super::types::Types;
use super::values::{Origin, Usages, Values, Wrong};

/// What an operation says of its variables, and what the request gives for them.
pub(super) struct Defined<'d> {
    definitions: Vec<&'d VariableDefinition>,
    given: &'d Variables,
    costs: RefCell<HashMap<String, Cost>>,
}

fn check(
    types: &Types,
    definition: &VariableDefinition,
    value: async_graphql::Value,
    origin: Origin,
) -> Result<(), String> {
    let values = Values { types, usages: NoVariables, origin };
    let checked = values.value(&definition.var_type.node, &value.into_value());
    checked.map_err(|wrong| wrong.sentence(&format!("Variable ${}", definition.name.node)))
}

impl<'d> Defined<'d> {
    pub(super) fn new(operation: &'d OperationDefinition, given: &'d Variables) -> Self {
        let definitions = operation.variable_definitions.iter().map(|one| &one.node).collect();
        Self { definitions, given, costs: RefCell::default() }
    }

    /// Checks the values that the document gives where the request does not.
    pub(super) fn check_defaults(&self, types: &Types) -> Result<(), String> {
        for definition in &self.definitions {
            if let Some(default) = &definition.default_value {
                check(types, definition, default.node.clone(), Origin::Literal)?;
            }
        }
        Ok(())
    }

    /// Checks the values that the request gives.
    pub(super) fn check_values(&self, types: &Types) -> Result<(), String> {
        for definition in &self.definitions {
            let (name, ty) = (&definition.name.node, &definition.var_type.node);
            match self.given.get(name) {
                Some(value) => check(types, definition, value.clone(), Origin::Json)?,
                None if !ty.nullable && definition.default_value.is_none() => {
                    return Err(format!("Variable ${name} is required."));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// What the variable counts wherever it is used.
    pub(super) fn cost(&self, name: &str) -> Cost {
        *self.costs.borrow_mut().entry(name.into()).or_insert_with(|| {
            self.value(name).map_or(0, |value| of_value(&value.clone().into_value(), &|_| 0))
        })
    }

    fn definition(&self, name: &str) -> Option<&'d VariableDefinition> {
        self.definitions.iter().find(|definition| definition.name.node == name).copied()
    }

    /// What the variable stands for; `None` if it is left out.
    pub(super) fn value(&self, name: &str) -> Option<&async_graphql::Value> {
        let definition = self.definition(name)?;
        let default = definition.default_value.as_ref().map(|default| &default.node);
        self.given.get(&definition.name.node).or(default)
    }
}

impl Usages for &Defined<'_> {
    /// `IsVariableUsageAllowed` of the specification.
    fn check(
        &self,
        types: &Types,
        name: &Name,
        expected: &Type,
        has_default: bool,
    ) -> Result<(), Wrong> {
        // What is not defined is for the library to tell.
        let Some(definition) = self.definition(name) else { return Ok(()) };
        let (own, null) = (&definition.var_type.node, &async_graphql::Value::Null);
        let own_default = definition.default_value.as_ref().map(|default| &default.node);
        let never_null = own_default.is_some_and(|default| default != null) || has_default;
        let allowed = if expected.nullable || !own.nullable {
            is_subtype(own, expected)
        } else {
            never_null && base_is_subtype(&own.base, &expected.base)
        };
        if !allowed {
            return Err(Wrong::new(format!("${name} is {own}, {}", types.expected(expected))));
        }
        // Allowed by its type, but the request says null all the same.
        if !expected.nullable && self.given.get(name) == Some(null) {
            return Err(Wrong::new(format!("${name} is null, {}", types.expected(expected))));
        }
        Ok(())
    }
}

fn is_subtype(own: &Type, expected: &Type) -> bool {
    (expected.nullable || !own.nullable) && base_is_subtype(&own.base, &expected.base)
}

fn base_is_subtype(own: &BaseType, expected: &BaseType) -> bool {
    match (own, expected) {
        (BaseType::Named(own), BaseType::Named(expected)) => own == expected,
        (BaseType::List(own), BaseType::List(expected)) => is_subtype(own, expected),
        _ => false,
    }
}

/// Values of variables have none themselves.
struct NoVariables;

impl Usages for NoVariables {
    fn check(&self, _: &Types, _: &Name, _: &Type, _: bool) -> Result<(), Wrong> {
        Ok(())
    }
}
