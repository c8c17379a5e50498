//! Converts a valid operation into the one that the library executes: "Collecting Fields" of the
//! specification, before execution. Fragments are expanded, equal fields are merged, fields excluded by
//! `@skip` and `@include` are removed, and each object type has its own fields. The complexity is
//! computed on the way.

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, DirectiveList, OperationType, Type};
use apollo_compiler::executable::{Field, FragmentMap, Operation, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use async_graphql::parser::types as library;
use async_graphql::{Name, Pos, Positioned, Value, Variables};
use async_graphql_value::Value as Literal;

use super::cost::{self, Cost};
use super::document::{Document, offset};
use super::list_size::{self, Size};
use super::refusal::Refusal;
use super::schema::TypeSystem;
use super::subscription::{PayloadCost, RootField};
use super::variables::{Values, leaf};

/// The maximum number of fields of an operation when interfaces are expanded to their object types.
const MAX_FIELDS: usize = 50_000;

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
    document: &Document,
    operation: &Operation,
    values: Values,
    limit: Cost,
) -> Result<Plan, Refusal> {
    let fragments = &document.executable().fragments;
    let mut planner = Planner { types, fragments, values: &values, fields: 0, trail: None };
    let root = planner.root(operation)?;
    if root.cost > limit {
        planner.trail = Some(Vec::new());
        planner.root(operation)?;
        let trail = planner.trail.unwrap_or_default();
        return Err(too_complex(root.cost, limit, &trail));
    }
    let definition = library::OperationDefinition {
        ty: match operation.operation_type {
            OperationType::Query => library::OperationType::Query,
            OperationType::Mutation => library::OperationType::Mutation,
            OperationType::Subscription => library::OperationType::Subscription,
        },
        variable_definitions: values.names().map(definition).collect(),
        directives: Vec::new(),
        selection_set: nowhere(root.set),
    };
    Ok(Plan {
        document: library::ExecutableDocument {
            operations: library::DocumentOperations::Single(nowhere(definition)),
            fragments: HashMap::new(),
        },
        cost: root.cost,
        introspection: root.introspection,
        variables: values.into_variables(),
    })
}

/// The root field of a subscription, and what its payloads cost. `lists` has the name of the list in the payloads of each
/// root field.
pub(super) fn root_of_subscription(
    types: &TypeSystem,
    document: &Document,
    operation: &Operation,
    values: &Values,
    lists: &[(&str, &str)],
) -> Result<(RootField, PayloadCost), Refusal> {
    let fragments = &document.executable().fragments;
    let mut planner = Planner { types, fragments, values, fields: 0, trail: None };
    let groups = planner.collect(operation.object_type(), &[&operation.selection_set]);
    let Some(root) = groups.as_ref().and_then(|groups| groups.first()) else {
        return Err(Refusal::invalid("The subscription has no field."));
    };
    let list = lists.iter().find(|(field, _)| root.first.name == *field).map(|(_, list)| *list);
    let own = planner.field(root, None)?.1;
    let (mut in_lists, mut objects) = (0, HashMap::new());
    for group in planner.collect(root.first.ty().inner_named_type(), &root.sets()).iter().flatten()
    {
        if Some(group.first.name.as_str()) == list {
            in_lists = Cost::saturating_add(in_lists, planner.field(group, None)?.1);
            planner.add_objects(group, &mut objects)?;
        }
    }
    let cost = PayloadCost { empty: own.saturating_sub(in_lists), objects };
    Ok((planner.root_field(root.first), cost))
}

/// The library needs the names of variables, but never their types.
fn definition(name: &Name) -> Positioned<library::VariableDefinition> {
    let any = library::BaseType::Named(name.clone());
    nowhere(library::VariableDefinition {
        name: nowhere(name.clone()),
        var_type: nowhere(library::Type { base: any, nullable: true }),
        directives: Vec::new(),
        default_value: None,
    })
}

/// Reports the cost of fields, from the root down to where most of the cost arises.
fn too_complex(cost: Cost, limit: Cost, trail: &[(String, Cost)]) -> Refusal {
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
    Refusal::too_complex(message)
}

struct Planner<'d> {
    types: &'d TypeSystem,
    fragments: &'d FragmentMap,
    values: &'d Values,
    /// The number of fields planned so far.
    fields: usize,
    /// If the cost is to be reported: the most expensive field of the last planned selection set, and of
    /// the sets below it.
    trail: Option<Vec<(String, Cost)>>,
}

struct Root {
    set: library::SelectionSet,
    cost: Cost,
    introspection: Option<Vec<Name>>,
}

/// Fields with the same response key, which validation has found to be mergeable.
struct Group<'d> {
    first: &'d Node<Field>,
    others: Vec<&'d Node<Field>>,
}

impl<'d> Group<'d> {
    fn sets(&self) -> Vec<&'d SelectionSet> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|field| &field.selection_set).collect()
    }
}

/// The groups of a selection set, and the fragments visited.
#[derive(Default)]
struct Collected<'d> {
    groups: Vec<Group<'d>>,
    visited: Vec<&'d str>,
}

impl<'d> Planner<'d> {
    fn root(&mut self, operation: &'d Operation) -> Result<Root, Refusal> {
        let ty = operation.object_type();
        let groups = self.collect(ty, &[&operation.selection_set]).unwrap_or_default();
        let is_meta = |group: &Group<'_>| matches!(&*group.first.name, "__schema" | "__type");
        let introspection = groups.iter().any(is_meta).then(|| {
            groups.iter().map(|group| Name::new(group.first.response_key().as_str())).collect()
        });
        let (meta, groups): (Vec<_>, _) = groups.into_iter().partition(is_meta);
        let (items, own) = self.fields(&groups, None)?;
        let sets = meta.iter().flat_map(Group::sets);
        let meta = sets.map(|set| self.introspection(set).saturating_add(cost::OBJECT));
        let cost = meta.fold(own, Cost::saturating_add);
        Ok(Root { set: library::SelectionSet { items }, cost, introspection })
    }

    /// The fields of objects of a type; `None` if they depend on which object type of an interface it is.
    fn collect(&self, ty: &str, sets: &[&'d SelectionSet]) -> Option<Vec<Group<'d>>> {
        let mut collected = Collected::default();
        for set in sets {
            self.add(&mut collected, ty, set)?;
        }
        Some(collected.groups)
    }

    fn add(&self, to: &mut Collected<'d>, ty: &str, set: &'d SelectionSet) -> Option<()> {
        for selection in &set.selections {
            if self.is_left_out(selection.directives()) {
                continue;
            }
            let set = match selection {
                Selection::Field(field) => {
                    let key = field.response_key();
                    match to.groups.iter_mut().find(|group| group.first.response_key() == key) {
                        Some(group) => group.others.push(field),
                        None => to.groups.push(Group { first: field, others: Vec::new() }),
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => &inline.selection_set,
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if to.visited.contains(&name) {
                        continue;
                    }
                    to.visited.push(name);
                    &self.fragments.get(name)?.selection_set
                }
            };
            if self.types.is_a(ty, &set.ty) {
                self.add(to, ty, set)?;
            } else if self.types.objects_of(ty).is_some() {
                return None;
            }
        }
        Some(())
    }

    /// Whether `@skip` or `@include` excludes a selection.
    fn is_left_out(&self, directives: &DirectiveList) -> bool {
        directives.iter().any(|directive| {
            let condition = || match &**directive.specified_argument_by_name("if")? {
                ast::Value::Boolean(is) => Some(*is),
                ast::Value::Variable(name) => Some(*self.values.get(name)? == Value::Boolean(true)),
                _ => None,
            };
            match directive.name.as_str() {
                "skip" => condition() == Some(true),
                "include" => condition() == Some(false),
                _ => false,
            }
        })
    }

    /// A selection set on a type, with its cost for one object.
    fn set(
        &mut self,
        ty: &str,
        sets: &[&'d SelectionSet],
        page: Option<Cost>,
    ) -> Result<(library::SelectionSet, Cost), Refusal> {
        if let Some(groups) = self.collect(ty, sets) {
            let (items, cost) = self.fields(&groups, page)?;
            return Ok((library::SelectionSet { items }, cost));
        }
        let (mut items, mut most) = (Vec::new(), (0, None));
        for object in self.types.objects_of(ty).into_iter().flatten() {
            let groups = self.collect(object, sets).unwrap_or_default();
            let (fields, cost) = self.fields(&groups, page)?;
            if cost > most.0 {
                most = (cost, self.trail.clone());
            }
            if !fields.is_empty() {
                items.push(nowhere(on(object, fields)));
            }
        }
        self.trail = self.trail.as_ref().and(most.1);
        Ok((library::SelectionSet { items }, most.0))
    }

    fn fields(
        &mut self,
        groups: &[Group<'d>],
        page: Option<Cost>,
    ) -> Result<(Vec<Positioned<library::Selection>>, Cost), Refusal> {
        self.fields += groups.len();
        if self.fields > MAX_FIELDS {
            return Err(Refusal::too_complex(
                "The operation has too many fields on nested interfaces.",
            ));
        }
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
    ) -> Result<(Positioned<library::Selection>, Cost), Refusal> {
        let field = group.first;
        if let Some(other) = group.others.iter().find(|other| !same_arguments(field, other)) {
            let message = format!(
                "{} is selected more than once with different arguments.",
                other.response_key()
            );
            return Err(Refusal::invalid(message));
        }
        let ty = field.ty();
        let is_object = self.types.is_composite(ty);
        let mut cost = cost::of_field(field, is_object);
        let size = list_size::size(field, self.values);
        let mut set = library::SelectionSet::default();
        if is_object {
            let below = if let Size::Page(size) = size { Some(size) } else { None };
            let (planned, beneath) = self.set(ty.inner_named_type(), &group.sets(), below)?;
            (set, cost) = (planned, cost.saturating_add(beneath));
        } else if let Some(trail) = &mut self.trail {
            trail.clear();
        }
        let (arguments, values) = self.arguments(field);
        let times = match (page, size) {
            (Some(size), _) if is_object => size,
            (_, Size::List(size)) => size,
            _ => 1,
        };
        let cost = cost.saturating_add(values).saturating_mul(times);
        if let Some(trail) = &mut self.trail {
            for (_, cost) in trail.iter_mut() {
                *cost = cost.saturating_mul(times);
            }
            trail.insert(0, (field.response_key().to_string(), cost));
        }
        let place = position(field.location());
        let name = |name: &apollo_compiler::Name| Positioned::new(Name::new(name), place);
        let field = library::Field {
            alias: field.alias.as_ref().map(name),
            name: name(&field.name),
            arguments,
            directives: Vec::new(),
            selection_set: Positioned::new(set, place),
        };
        Ok((Positioned::new(library::Selection::Field(Positioned::new(field, place)), place), cost))
    }

    /// Adds the cost of an object of each type that a list of this field may have.
    fn add_objects(
        &mut self,
        list: &Group<'d>,
        costs: &mut HashMap<String, Cost>,
    ) -> Result<(), Refusal> {
        let (types, ty) = (self.types, list.first.ty().inner_named_type());
        let objects: Vec<_> = types.objects_of(ty).map_or_else(|| vec![ty], Iterator::collect);
        for object in objects {
            let fields = self.collect(object, &list.sets()).unwrap_or_default();
            let cost = cost::OBJECT.saturating_add(self.fields(&fields, None)?.1);
            let known = costs.entry(object.to_string()).or_default();
            *known = known.saturating_add(cost);
        }
        Ok(())
    }

    fn root_field(&self, field: &Field) -> RootField {
        let value = |literal: Literal| {
            literal.into_const_with(|name| self.values.get(&name).cloned().ok_or(())).ok()
        };
        let arguments = self.arguments(field).0.into_iter();
        let arguments = arguments
            .filter_map(|(name, literal)| Some((name.node.to_string(), value(literal.node)?)));
        RootField {
            name: field.name.to_string(),
            key: field.response_key().to_string(),
            arguments: arguments.collect(),
        }
    }

    /// The arguments of a field, and the number of their values.
    fn arguments(&self, field: &Field) -> (Arguments, Cost) {
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

    /// Converts a literal to the type of the library.
    fn literal(&self, ty: &Type, value: &ast::Value) -> Literal {
        match value {
            ast::Value::Variable(name) => Literal::Variable(Name::new(name)),
            ast::Value::List(items) => {
                Literal::List(items.iter().map(|item| self.literal(ty.item_type(), item)).collect())
            }
            ast::Value::Object(fields) => {
                let object = self.types.input_object(ty.inner_named_type());
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

    /// The cost of a selection set within the introspection.
    fn introspection(&self, set: &'d SelectionSet) -> Cost {
        let field = |field: &'d Node<Field>| {
            let own = cost::of_field(field, self.types.is_composite(field.ty()));
            let once = own.saturating_add(self.introspection(&field.selection_set));
            once.saturating_mul(list_size::times_in_introspection(&field.name))
        };
        let selection = |selection: &'d Selection| match selection {
            Selection::Field(one) => field(one),
            Selection::InlineFragment(inline) => self.introspection(&inline.selection_set),
            Selection::FragmentSpread(spread) => {
                let fragment = self.fragments.get(&spread.fragment_name);
                fragment.map_or(0, |fragment| self.introspection(&fragment.selection_set))
            }
        };
        set.selections.iter().map(selection).fold(0, Cost::saturating_add)
    }
}

/// Whether two fields with the same response key have the same arguments. (apollo-compiler considers
/// lists equal if one is a prefix of the other.)
fn same_arguments(one: &Field, other: &Field) -> bool {
    let same = |argument: &Node<ast::Argument>| {
        let value = other.specified_argument_by_name(&argument.name);
        value.is_some_and(|value| same_value(&argument.value, value))
    };
    one.arguments.len() == other.arguments.len() && one.arguments.iter().all(same)
}

fn same_value(one: &ast::Value, other: &ast::Value) -> bool {
    match (one, other) {
        (ast::Value::List(one), ast::Value::List(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (ast::Value::Object(one), ast::Value::Object(other)) => {
            let same = |(name, value): &(apollo_compiler::Name, Node<ast::Value>)| {
                let found = other.iter().find(|(own, _)| own == name);
                found.is_some_and(|(_, other)| same_value(value, other))
            };
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}

type Arguments = Vec<(Positioned<Name>, Positioned<Literal>)>;

fn on(object: &str, items: Vec<Positioned<library::Selection>>) -> library::Selection {
    let condition = library::TypeCondition { on: nowhere(Name::new(object)) };
    library::Selection::InlineFragment(nowhere(library::InlineFragment {
        type_condition: Some(nowhere(condition)),
        directives: Vec::new(),
        selection_set: nowhere(library::SelectionSet { items }),
    }))
}

/// A location in the form that the library carries: the offset, counted from 1, in place of the line.
/// Lines are computed only for errors.
fn position(place: Option<SourceSpan>) -> Pos {
    Pos { line: offset(place) + 1, column: 0 }
}

fn nowhere<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}

/// The line and column of a location made by [`position`].
pub(super) fn place(text: &str, place: Pos) -> Option<Pos> {
    let before = text.get(..place.line.checked_sub(1)?)?;
    let is_end = |(index, byte): &(usize, u8)| match byte {
        b'\n' => true,
        b'\r' => before.as_bytes().get(index + 1) != Some(&b'\n'),
        _ => false,
    };
    let ends = before.bytes().enumerate().filter(is_end);
    let (lines, start) = ends.fold((1, 0), |(lines, _), (index, _)| (lines + 1, index + 1));
    Some(Pos { line: lines, column: before.get(start..)?.encode_utf16().count() + 1 })
}
