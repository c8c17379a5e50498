//! The cost of introspection: the number of values in its result, counted in the schema itself, because the lists of types
//! refer to each other and a few levels of nesting multiply.

use apollo_compiler::ast::{FieldDefinition, InputValueDefinition, Type, Value as Literal};
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::schema::{DirectiveDefinition, ExtendedType};
use async_graphql::Value;

use super::collect::{Group, Scope};
use crate::graphql::engine::cost::Cost;
use crate::graphql::engine::request_error::RequestError;

/// The maximum number of values in the result. The full introspection query of GraphiQL and of code generators has about
/// half of it. They are made in one go, which takes 10 ms on a fast machine.
const MAX_VALUES: Cost = 20_000;

/// An object of the introspection.
#[derive(Clone, Copy)]
enum Object<'d> {
    Schema,
    Named(&'d str),
    /// `NON_NULL`.
    NonNull(&'d Type),
    /// `LIST`, with the type of its items.
    List(&'d Type),
    Field(&'d FieldDefinition),
    Input(&'d InputValueDefinition),
    Directive(&'d DirectiveDefinition),
    EnumValue,
}

/// The cost of the introspection fields of an operation. QUERY_TOO_COMPLEX if their result has too many values.
pub(super) fn cost(scope: &Scope<'_>, fields: &[Group<'_>]) -> Result<Cost, RequestError> {
    let mut counter = Counter { scope, values: 0 };
    for group in fields {
        let object = match &*group.first.name {
            "__schema" => Some(Object::Schema),
            _ => scope.type_named(group.first).map(Object::Named),
        };
        let counted = object.map_or(Ok(()), |object| {
            group.sets().into_iter().try_for_each(|set| counter.set(set, object))
        });
        counted.map_err(|TooMany| {
            let message = format!("The introspection has more than {MAX_VALUES} values.");
            RequestError::too_complex(message)
        })?;
    }
    Ok(counter.values)
}

struct TooMany;

struct Counter<'d> {
    scope: &'d Scope<'d>,
    /// The number of values, and of selections that were visited.
    values: Cost,
}

impl<'d> Counter<'d> {
    fn set(&mut self, set: &'d SelectionSet, object: Object<'d>) -> Result<(), TooMany> {
        for selection in &set.selections {
            self.values += 1;
            if self.values > MAX_VALUES {
                return Err(TooMany);
            }
            if self.scope.is_left_out(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let below = self.scope.objects(object, &field.name);
                    below
                        .into_iter()
                        .try_for_each(|below| self.set(&field.selection_set, below))?;
                }
                Selection::InlineFragment(inline) => self.set(&inline.selection_set, object)?,
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.scope.fragments.get(&spread.fragment_name) {
                        self.set(&fragment.selection_set, object)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl<'d> Scope<'d> {
    /// The type that `__type` asks for, if there is one.
    fn type_named(&self, field: &'d Field) -> Option<&'d str> {
        let name = match &**field.specified_argument_by_name("name")? {
            Literal::String(name) => name.as_str(),
            Literal::Variable(name) => match self.values.get(name)? {
                Value::String(name) => name,
                _ => return None,
            },
            _ => return None,
        };
        self.types.schema.types.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// The objects in a field of an object.
    fn objects(&self, object: Object<'d>, field: &str) -> Vec<Object<'d>> {
        let schema = &self.types.schema;
        let inputs = |all: &'d [apollo_compiler::Node<InputValueDefinition>]| {
            all.iter().map(|one| Object::Input(one)).collect()
        };
        match (object, field) {
            (Object::Schema, "types") => {
                schema.types.keys().map(|name| Object::Named(name)).collect()
            }
            (Object::Schema, "directives") => {
                let all = schema.directive_definitions.values();
                all.map(|one| Object::Directive(one)).collect()
            }
            (Object::Schema, "queryType" | "mutationType" | "subscriptionType") => {
                let root = &schema.schema_definition;
                let name = match field {
                    "queryType" => &root.query,
                    "mutationType" => &root.mutation,
                    _ => &root.subscription,
                };
                name.iter().map(|name| Object::Named(name)).collect()
            }
            (Object::Named(name), _) => self.objects_in_type(name, field),
            (Object::NonNull(Type::NonNullNamed(name)), "ofType") => vec![Object::Named(name)],
            (Object::NonNull(Type::NonNullList(item)), "ofType") => vec![Object::List(item)],
            (Object::List(item), "ofType") => vec![Object::of(item)],
            (Object::Field(field), "args") => inputs(&field.arguments),
            (Object::Directive(directive), "args") => inputs(&directive.arguments),
            (Object::Field(field), "type") => vec![Object::of(&field.ty)],
            (Object::Input(input), "type") => vec![Object::of(&input.ty)],
            _ => Vec::new(),
        }
    }

    fn objects_in_type(&self, name: &str, field: &str) -> Vec<Object<'d>> {
        let Some(ty) = self.types.schema.types.get(name) else { return Vec::new() };
        let (fields, interfaces) = match ty {
            ExtendedType::Object(ty) => (Some(&ty.fields), Some(&ty.implements_interfaces)),
            ExtendedType::Interface(ty) => (Some(&ty.fields), Some(&ty.implements_interfaces)),
            _ => (None, None),
        };
        match (field, ty) {
            ("fields", _) => fields
                .into_iter()
                .flat_map(|all| all.values())
                .map(|one| Object::Field(one))
                .collect(),
            ("interfaces", _) => {
                interfaces.into_iter().flatten().map(|name| Object::Named(name)).collect()
            }
            ("possibleTypes", ExtendedType::Union(ty)) => {
                ty.members.iter().map(|name| Object::Named(name)).collect()
            }
            ("possibleTypes", _) => {
                let objects = self.types.objects_of(name).into_iter().flatten();
                objects.map(|name| Object::Named(name)).collect()
            }
            ("enumValues", ExtendedType::Enum(ty)) => {
                ty.values.keys().map(|_| Object::EnumValue).collect()
            }
            ("inputFields", ExtendedType::InputObject(ty)) => {
                ty.fields.values().map(|field| Object::Input(field)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl<'d> Object<'d> {
    fn of(ty: &'d Type) -> Self {
        match ty {
            Type::Named(name) => Self::Named(name),
            Type::List(item) => Self::List(item),
            non_null => Self::NonNull(non_null),
        }
    }
}
