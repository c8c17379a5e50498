//! The schema against which requests are checked, parsed from its SDL.

use apollo_compiler::ast::{DirectiveList, FieldDefinition, Type};
use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::Field;
use apollo_compiler::schema::Component;
use apollo_compiler::schema::{ExtendedType, Implementers};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema, name, ty};

/// The types of the schema.
pub(super) struct TypeSystem {
    pub(super) schema: Valid<Schema>,
    pub(super) implementers: HashMap<Name, Implementers>,
    /// Whether introspection is enabled, and error messages may reveal the schema.
    pub(super) reveals_schema: bool,
}

impl TypeSystem {
    /// Parses SDL. An error is a bug in the program.
    pub(super) fn of(sdl: &str, reveals_schema: bool) -> Result<Self, String> {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql");
        let schema = schema.map_err(|found| found.errors.to_string())?;
        let schema = Valid::assume_valid(with_one_of(schema.into_inner()));
        Ok(Self { implementers: schema.implementers_map(), schema, reveals_schema })
    }

    /// Whether every object of the type `own` also has the type `condition`, an object type or an
    /// interface.
    pub(super) fn is_a(&self, own: &str, condition: &str) -> bool {
        own == condition || self.schema.is_subtype(condition, own)
    }

    /// The object types that implement an interface; `None` if the type is not an interface.
    pub(super) fn objects_of(&self, interface: &str) -> Option<impl Iterator<Item = &Name>> {
        match self.schema.types.get(interface) {
            Some(ExtendedType::Interface(_)) => {
                Some(self.implementers.get(interface).into_iter().flat_map(|all| &all.objects))
            }
            _ => None,
        }
    }

    /// Whether one of these fields returns an object with a field that the schema marks with `@secret`.
    pub(super) fn hold_secrets<'f>(&self, fields: impl Iterator<Item = &'f Node<Field>>) -> bool {
        let mut types =
            fields.filter_map(|field| self.schema.get_object(field.ty().inner_named_type()));
        types.any(|ty| ty.fields.values().any(|field| field.directives.has("secret")))
    }

    /// The message for a value that does not have the expected type.
    pub(super) fn expected(&self, ty: &Type) -> String {
        if self.reveals_schema { format!("expected {ty}") } else { "wrong type".into() }
    }
}

/// Adds `__Type.isOneOf` of the specification of September 2025, which apollo-compiler 1 does not
/// support. It returns null, since the schema has no such input types.
fn with_one_of(mut schema: Schema) -> Schema {
    if let Some(ExtendedType::Object(object)) = schema.types.get_mut("__Type") {
        let field = FieldDefinition {
            description: None,
            name: name!("isOneOf"),
            arguments: Vec::new(),
            ty: ty!(Boolean),
            directives: DirectiveList::default(),
        };
        object.make_mut().fields.insert(name!("isOneOf"), Component::new(field));
    }
    schema
}
