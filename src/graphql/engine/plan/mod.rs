//! Converts a valid operation into the one that async-graphql executes. Fragments are expanded, fields with the same
//! response key are merged, fields excluded by `@skip` and `@include` are removed (`collect`), and each object type has
//! its own fields. The complexity is computed on the way.

mod arguments;
mod collect;
mod introspection;
mod list_arguments;
mod nodes;
mod subscription;

use apollo_compiler::executable::{Field, Operation, SelectionSet};
use async_graphql::parser::types as library;
use async_graphql::{Name, Positioned, Variables};

use self::collect::{Conditions, Group, Scope};
pub(super) use self::list_arguments::check_list_arguments;
pub(super) use self::subscription::{PayloadCost, RootField, root_of_subscription};
use super::cost::{self, Cost};
use super::list_size::{self, Size};
use super::operation::PreparedOperation;
use super::request_error::RequestError;
use super::schema::TypeSystem;
use super::variables::Values;

/// An operation that is ready for execution.
pub(super) struct Plan {
    /// The operation without the introspection fields.
    pub(super) document: library::ExecutableDocument,
    pub(super) variables: Variables,
    pub(super) cost: Cost,
    /// All response keys in their order, if there are introspection fields.
    pub(super) introspection: Option<Vec<Name>>,
}

/// Plans an operation. QUERY_TOO_COMPLEX if its cost exceeds `limit`.
pub(super) fn plan(
    types: &TypeSystem,
    operation: &PreparedOperation,
    values: Values,
    limit: Cost,
) -> Result<Plan, RequestError> {
    let (definition, fragments) = (&operation.definition, &operation.document.fragments);
    let scope = || Scope::new(types, fragments, &values, Conditions::Apply);
    let root = Planner { scope: scope(), trail: None }.root(definition)?;
    if root.cost > limit {
        let mut planner = Planner { scope: scope(), trail: Some(Vec::new()) };
        planner.root(definition)?;
        let trail = planner.trail.unwrap_or_default();
        return Err(too_complex(root.cost, limit, &trail));
    }
    Ok(Plan {
        document: nodes::document(definition.operation_type, values.names(), root.set),
        cost: root.cost,
        introspection: root.introspection,
        variables: values.into_variables(),
    })
}

struct Planner<'d> {
    scope: Scope<'d>,
    /// If the cost is to be reported: the most expensive field of the last planned selection set, and of
    /// the sets below it.
    trail: Option<Vec<(String, Cost)>>,
}

struct Root {
    set: library::SelectionSet,
    cost: Cost,
    introspection: Option<Vec<Name>>,
}

impl<'d> Planner<'d> {
    fn root(&mut self, operation: &'d Operation) -> Result<Root, RequestError> {
        let ty = operation.object_type();
        let groups = self.scope.collect(ty, &[&operation.selection_set]).unwrap_or_default();
        let is_meta = |group: &Group<'_>| matches!(&*group.first.name, "__schema" | "__type");
        let introspection = groups.iter().any(is_meta).then(|| {
            groups.iter().map(|group| Name::new(group.first.response_key().as_str())).collect()
        });
        let (meta, groups): (Vec<_>, _) = groups.into_iter().partition(is_meta);
        let (items, own) = self.fields(&groups, None)?;
        let cost = own.saturating_add(introspection::cost(&self.scope, &meta)?);
        Ok(Root { set: library::SelectionSet { items }, cost, introspection })
    }

    /// A selection set on a type, with its cost for one object.
    fn set(
        &mut self,
        ty: &str,
        sets: &[&'d SelectionSet],
        page: Option<Cost>,
    ) -> Result<(library::SelectionSet, Cost), RequestError> {
        if let Some(groups) = self.scope.collect(ty, sets) {
            let (items, cost) = self.fields(&groups, page)?;
            return Ok((library::SelectionSet { items }, cost));
        }
        let (mut items, mut most) = (Vec::new(), (0, None));
        for object in self.scope.types.objects_of(ty).into_iter().flatten() {
            let groups = self.scope.collect(object, sets).unwrap_or_default();
            let (fields, cost) = self.fields(&groups, page)?;
            if cost > most.0 {
                most = (cost, self.trail.clone());
            }
            if !fields.is_empty() {
                items.push(nodes::on(object, fields));
            }
        }
        self.trail = self.trail.as_ref().and(most.1);
        Ok((library::SelectionSet { items }, most.0))
    }

    fn fields(
        &mut self,
        groups: &[Group<'d>],
        page: Option<Cost>,
    ) -> Result<(Vec<Positioned<library::Selection>>, Cost), RequestError> {
        self.scope.check_steps()?;
        let mut items = Vec::with_capacity(groups.len());
        let (mut total, mut most, mut trail) = (0, 0, None);
        for group in groups {
            let (field, cost) = self.field(group, page)?;
            total = Cost::saturating_add(total, cost);
            if self.trail.is_some() && cost >= most {
                (most, trail) = (cost, self.trail.clone());
            }
            items.push(field);
        }
        self.trail = self.trail.as_ref().map(|_| trail.unwrap_or_default());
        Ok((items, total))
    }

    fn field(
        &mut self,
        group: &Group<'d>,
        page: Option<Cost>,
    ) -> Result<(Positioned<library::Selection>, Cost), RequestError> {
        let field = group.first;
        let ty = field.ty();
        let is_object = !field.selection_set.selections.is_empty();
        let mut cost = cost::of_field(field, is_object);
        let size = list_size::size(field, self.scope.values);
        let mut set = library::SelectionSet::default();
        if is_object {
            let below = if let Size::Page(size) = size { Some(size) } else { None };
            let (planned, beneath) = self.set(ty.inner_named_type(), &group.sets(), below)?;
            (set, cost) = (planned, cost.saturating_add(beneath));
        } else if let Some(trail) = &mut self.trail {
            trail.clear();
        }
        let (arguments, values) = self.scope.arguments(field);
        let times = match (page, size) {
            (Some(size), _) if is_object => size,
            (_, Size::List(size)) => size,
            _ => 1,
        };
        let cost = cost.saturating_add(values).saturating_mul(times);
        self.note(field, times, cost);
        Ok((nodes::field(field, arguments, set), cost))
    }

    /// If the cost is to be reported, puts a field above those of its selection set.
    fn note(&mut self, field: &Field, times: Cost, cost: Cost) {
        let Some(trail) = &mut self.trail else { return };
        for (_, cost) in trail.iter_mut() {
            *cost = cost.saturating_mul(times);
        }
        trail.insert(0, (field.response_key().to_string(), cost));
    }
}

/// Reports the cost of fields, from the root down to where most of the cost arises.
fn too_complex(cost: Cost, limit: Cost, trail: &[(String, Cost)]) -> RequestError {
    let mut path = String::new();
    let mut told = Vec::new();
    for (key, own) in trail.iter().take_while(|(_, own)| own.saturating_mul(2) > cost) {
        path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        told.push(format!("{path} costs {own}"));
    }
    if told.is_empty() {
        told.extend(trail.first().map(|(key, own)| format!("{key} costs {own}, all others less")));
    }
    let most = match told.join(", ") {
        most if most.is_empty() => most,
        most => format!(" Request smaller pages: {most}."),
    };
    let message =
        format!("The query has a complexity of {cost}; at most {limit} is allowed.{most}");
    RequestError::too_complex(message)
}
