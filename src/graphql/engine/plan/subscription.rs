//! The root field of a subscription, and the complexity of its payloads.

use std::collections::HashMap;

use apollo_compiler::executable::Field;
use async_graphql::Value;
use async_graphql_value::Value as Literal;

use super::Planner;
use super::collect::{Conditions, Group, Scope};
use crate::graphql::engine::cost::{self, Cost};
use crate::graphql::engine::operation::PreparedOperation;
use crate::graphql::engine::request_error::RequestError;
use crate::graphql::engine::schema::TypeSystem;
use crate::graphql::engine::variables::Values;

/// The root field of a subscription, with the values of its arguments.
pub(in crate::graphql) struct RootField {
    pub(in crate::graphql) name: String,
    /// Its key in the response.
    pub(in crate::graphql) key: String,
    pub(in crate::graphql) arguments: HashMap<String, Value>,
}
/// The complexity of payloads, which depends on the objects in one of their lists.
pub(in crate::graphql) struct PayloadCost {
    /// That of a payload whose list is empty.
    pub(in crate::graphql::engine) empty: Cost,
    /// That of an object of each type in the list.
    pub(in crate::graphql::engine) objects: HashMap<String, Cost>,
}

impl PayloadCost {
    /// The cost of an object of this type.
    pub(in crate::graphql) fn of(&self, ty: &str) -> Cost {
        self.objects.get(ty).copied().unwrap_or_default()
    }

    /// The cost of a payload with one object, the most expensive one.
    pub(in crate::graphql::engine) fn of_one(&self) -> Cost {
        self.empty.saturating_add(self.objects.values().copied().max().unwrap_or_default())
    }
}

/// The root field of a subscription, and what its payloads cost. `lists` has the name of the list in the payloads of each
/// root field.
pub(in crate::graphql::engine) fn root_of_subscription(
    types: &TypeSystem,
    operation: &PreparedOperation,
    values: &Values,
    lists: &[(&str, &str)],
) -> Result<(RootField, PayloadCost), RequestError> {
    let fragments = &operation.document.fragments;
    let scope = Scope::new(types, fragments, values, Conditions::Apply);
    let mut planner = Planner { scope, trail: None };
    let definition = &operation.definition;
    let groups = planner.scope.collect(definition.object_type(), &[&definition.selection_set]);
    let Some(root) = groups.as_ref().and_then(|groups| groups.first()) else {
        return Err(RequestError::invalid("The subscription has no field."));
    };
    let list = lists.iter().find(|(field, _)| root.first.name == *field).map(|(_, list)| *list);
    let own = planner.field(root, None)?.1;
    let (mut in_lists, mut objects) = (0, HashMap::new());
    for group in
        planner.scope.collect(root.first.ty().inner_named_type(), &root.sets()).iter().flatten()
    {
        if Some(group.first.name.as_str()) == list {
            in_lists = Cost::saturating_add(in_lists, planner.field(group, None)?.1);
            planner.add_objects(group, &mut objects)?;
        }
    }
    let cost = PayloadCost { empty: own.saturating_sub(in_lists), objects };
    Ok((root_field(&planner.scope, root.first), cost))
}

impl<'d> Planner<'d> {
    /// Adds the cost of an object of each type that a list of this field may have.
    fn add_objects(
        &mut self,
        list: &Group<'d>,
        costs: &mut HashMap<String, Cost>,
    ) -> Result<(), RequestError> {
        let (types, ty) = (self.scope.types, list.first.ty().inner_named_type());
        let objects: Vec<_> = types.objects_of(ty).map_or_else(|| vec![ty], Iterator::collect);
        for object in objects {
            let fields = self.scope.collect(object, &list.sets()).unwrap_or_default();
            let cost = cost::OBJECT.saturating_add(self.fields(&fields, None)?.1);
            let known = costs.entry(object.to_string()).or_default();
            *known = known.saturating_add(cost);
        }
        Ok(())
    }
}

fn root_field(scope: &Scope<'_>, field: &Field) -> RootField {
    let value = |literal: Literal| {
        literal.into_const_with(|name| scope.values.get(&name).cloned().ok_or(())).ok()
    };
    let arguments = scope.arguments(field).0.into_iter();
    let arguments =
        arguments.filter_map(|(name, literal)| Some((name.node.to_string(), value(literal.node)?)));
    RootField {
        name: field.name.to_string(),
        key: field.response_key().to_string(),
        arguments: arguments.collect(),
    }
}
