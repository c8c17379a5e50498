//! What the schema tells the engine about its fields, and clients who estimate what a query costs.

// The derive makes types that are named as directives are.
#![allow(non_camel_case_types, missing_docs, unreachable_pub)]

use std::borrow::Cow;

use async_graphql::TypeDirective;
use async_graphql::registry::{MetaDirectiveInvocation, Registry, location_traits};

use super::paging::DEFAULT_PAGE;

/// How many entries a list has for the complexity of a query: `assumedSize`, or what one of the arguments
/// `slicingArguments` asks for. With `sizedFields`, the lists are these fields beneath. (After IBM's
/// specification of cost directives.)
#[TypeDirective(location = "FieldDefinition", name = "listSize")]
pub fn list_size(
    assumed_size: Option<i32>,
    slicing_arguments: Option<Vec<String>>,
    sized_fields: Option<Vec<String>>,
) {
}

/// Needs no access token. One that has ended does no harm.
#[TypeDirective(location = "FieldDefinition", name = "anonymous")]
pub fn anonymous() {}

/// A list of names.
pub(super) fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

/// `@listSize` of a field that answers a connection.
pub struct paged;

impl TypeDirective for paged {
    fn name(&self) -> Cow<'static, str> {
        list_size.name()
    }

    fn register(&self, registry: &mut Registry) {
        list_size.register(registry);
    }
}

impl location_traits::Directive_At_FIELD_DEFINITION for paged {}

impl paged {
    pub fn apply() -> MetaDirectiveInvocation {
        let (slicing, sized) = (names(["first", "last"]), names(["edges", "nodes"]));
        list_size::apply(Some(DEFAULT_PAGE), Some(slicing), Some(sized))
    }
}
