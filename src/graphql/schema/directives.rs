//! Schema directives, for the engine and for clients that estimate the cost of a query.

// The derive generates types with the names of the directives.
#![allow(non_camel_case_types, missing_docs, unreachable_pub)]

use std::borrow::Cow;

use async_graphql::TypeDirective;
use async_graphql::registry::{MetaDirectiveInvocation, Registry, location_traits};

use super::paging::DEFAULT_PAGE;

/// Gives the number of entries that a list counts in the complexity of a query: what one of the arguments
/// `slicingArguments` asks for (a number, or the length of a list), otherwise `assumedSize`. With
/// `sizedFields`, the size applies to these fields of the returned object. Follows IBM's specification of
/// cost directives.
#[TypeDirective(location = "FieldDefinition", name = "listSize")]
pub fn list_size(
    assumed_size: Option<i32>,
    slicing_arguments: Option<Vec<String>>,
    sized_fields: Option<Vec<String>>,
) {
}

/// The field needs no access token. An invalid or expired access token is ignored if all root fields of
/// the operation have this directive.
#[TypeDirective(location = "FieldDefinition", name = "anonymous")]
pub fn anonymous() {}

/// The field holds a token that gives access to an account. Responses that may hold one are never compressed, and
/// clients should not store or log it together with other data.
#[TypeDirective(location = "FieldDefinition", name = "secret")]
pub fn secret() {}

pub(super) fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

/// `@listSize` for a field that returns a connection.
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
