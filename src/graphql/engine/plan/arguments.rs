//! The arguments of fields, converted to the types of async-graphql.

use apollo_compiler::executable::Field;
use async_graphql::{Name, Positioned};
use async_graphql_value::Value as Literal;

use super::collect::Scope;
use crate::graphql::engine::cost::Cost;
use crate::graphql::engine::literals::literal;
use crate::graphql::engine::position::position;

/// The arguments of a field.
pub(super) type Arguments = Vec<(Positioned<Name>, Positioned<Literal>)>;

impl Scope<'_> {
    /// The arguments of a field, and the number of their values.
    pub(super) fn arguments(&self, field: &Field) -> (Arguments, Cost) {
        let mut arguments = Vec::with_capacity(field.arguments.len());
        let mut cost = 0;
        let is_absent = |name: &str| self.values.get(name).is_none();
        for argument in &field.arguments {
            let Some(definition) = field.definition.argument_by_name(&argument.name) else {
                continue;
            };
            cost = Cost::saturating_add(cost, self.values.count_in(&argument.value));
            let place = position(argument.value.location());
            // An argument is absent if its variable has no value.
            if !argument.value.as_variable().is_some_and(|name| is_absent(name)) {
                let value = literal(self.types, &definition.ty, &argument.value, &is_absent);
                let name = Name::new(argument.name.as_str());
                arguments.push((Positioned::new(name, place), Positioned::new(value, place)));
            }
        }
        (arguments, cost)
    }
}
