//! The schema's types, as far as documents are checked against them.

use std::collections::{HashMap, HashSet};

use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind,
    TypeSystemDefinition,
};

/// An argument of a field, or a field of an input object.
pub(super) struct Input {
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

/// A field of an object or an interface.
pub(super) struct Field {
    pub(super) ty: Type,
    pub(super) arguments: HashMap<Name, Input>,
}

/// A type by its name.
pub(super) enum Kind {
    Scalar,
    Enum(HashSet<Name>),
    InputObject(HashMap<Name, Input>),
    /// Objects, interfaces and (without fields) unions.
    Output(HashMap<Name, Field>),
}

/// All types of the schema but those of the introspection, and the arguments of its directives.
pub(super) struct Types {
    kinds: HashMap<Name, Kind>,
    directives: HashMap<Name, HashMap<Name, Input>>,
    /// Whether requests may ask for them, and messages tell of them.
    pub(super) told: bool,
}

impl Types {
    /// Reads them from the schema's text, the one form in which the library gives all of them.
    pub(super) fn of(sdl: &str, told: bool) -> Result<Self, String> {
        let document = parse_schema(sdl).map_err(|error| error.to_string())?;
        let (mut kinds, mut directives) = (HashMap::new(), HashMap::new());
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    kinds.insert(definition.node.name.node, kind(definition.node.kind));
                }
                TypeSystemDefinition::Directive(definition) => {
                    let arguments = inputs(definition.node.arguments);
                    directives.insert(definition.node.name.node, arguments);
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        Ok(Self { kinds, directives, told })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// What is expected where the value has another type.
    pub(super) fn expected(&self, ty: &Type) -> String {
        if self.told { format!("expected {ty}") } else { "has another type".into() }
    }

    /// The arguments of a directive.
    pub(super) fn directive(&self, name: &str) -> Option<&HashMap<Name, Input>> {
        self.directives.get(name)
    }

    /// The fields of an object or an interface.
    pub(super) fn fields(&self, name: &str) -> Option<&HashMap<Name, Field>> {
        match self.get(name)? {
            Kind::Output(fields) => Some(fields),
            _ => None,
        }
    }
}

/// The name of a root type.
pub(super) fn root(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// The name of the type within all lists.
pub(super) fn innermost(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}

fn kind(kind: TypeKind) -> Kind {
    match kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Enum(kind) => {
            Kind::Enum(kind.values.into_iter().map(|value| value.node.value.node).collect())
        }
        TypeKind::InputObject(kind) => Kind::InputObject(inputs(kind.fields)),
        TypeKind::Object(kind) => Kind::Output(fields(kind.fields)),
        TypeKind::Interface(kind) => Kind::Output(fields(kind.fields)),
        TypeKind::Union(_) => Kind::Output(HashMap::new()),
    }
}

fn fields(fields: Vec<Positioned<FieldDefinition>>) -> HashMap<Name, Field> {
    let field = |field: Positioned<FieldDefinition>| {
        let FieldDefinition { name, arguments, ty, .. } = field.node;
        (name.node, Field { ty: ty.node, arguments: inputs(arguments) })
    };
    fields.into_iter().map(field).collect()
}

fn inputs(inputs: Vec<Positioned<InputValueDefinition>>) -> HashMap<Name, Input> {
    let input = |input: Positioned<InputValueDefinition>| {
        let InputValueDefinition { name, ty, default_value, .. } = input.node;
        (name.node, Input { ty: ty.node, has_default: default_value.is_some() })
    };
    inputs.into_iter().map(input).collect()
}
