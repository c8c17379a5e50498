//! The arguments of fields, converted to the types of async-graphql.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Type};
use apollo_compiler::executable::Field;
use async_graphql::{Name, Positioned};
use async_graphql_value::Value as Literal;

use super::collect::Scope;
use crate::graphql::engine::cost::Cost;
use crate::graphql::engine::literals::leaf;
use crate::graphql::engine::position::position;

/// The arguments of a field.
pub(super) type Arguments = Vec<(Positioned<Name>, Positioned<Literal>)>;

impl Scope<'_> {
    /// The arguments of a field, and the number of their values.
    pub(super) fn arguments(&self, field: &Field) -> (Arguments, Cost) {
        let mut arguments = Vec::with_capacity(field.arguments.len());
        let mut cost = 0;
        for argument in &field.arguments {
            let Some(definition) = field.definition.argument_by_name(&argument.name) else {
                continue;
            };
            cost = Cost::saturating_add(cost, self.values.count_in(&argument.value));
            let place = position(argument.value.location());
            if !self.is_absent(&argument.value) {
                let value = self.literal(&definition.ty, &argument.value);
                let name = Name::new(argument.name.as_str());
                arguments.push((Positioned::new(name, place), Positioned::new(value, place)));
            }
        }
        (arguments, cost)
    }

    /// Whether a value is a variable without a value, which means that the argument is absent.
    fn is_absent(&self, value: &ast::Value) -> bool {
        value.as_variable().is_some_and(|name| self.values.get(name).is_none())
    }

    /// Converts a literal to the type of async-graphql.
    fn literal(&self, ty: &Type, value: &ast::Value) -> Literal {
        match value {
            ast::Value::Variable(name) => Literal::Variable(Name::new(name)),
            ast::Value::List(items) => {
                Literal::List(items.iter().map(|item| self.literal(ty.item_type(), item)).collect())
            }
            ast::Value::Object(fields) => {
                let object = self.types.schema.get_input_object(ty.inner_named_type());
                let field = |(name, value): &(apollo_compiler::Name, Node<ast::Value>)| {
                    let field = object.and_then(|object| object.fields.get(name))?;
                    let given = !self.is_absent(value);
                    given.then(|| (Name::new(name), self.literal(&field.ty, value)))
                };
                Literal::Object(fields.iter().filter_map(field).collect())
            }
            value => leaf(ty.inner_named_type(), value).into_value(),
        }
    }
}
