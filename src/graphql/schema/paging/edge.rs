//! Edges of connections.

use std::borrow::Cow;

use async_graphql::{Object, TypeName};

use super::cursor::cursor;
use crate::graphql::engine::{EagerObject, Pure};
use crate::store::Sort;

/// An edge of a connection.
pub(in crate::graphql::schema) trait Edge: Pure {
    type Node: Pure;

    fn node(&self) -> &Self::Node;
    fn cursor(&self) -> String;
}

/// A type whose objects appear in connections.
pub(in crate::graphql::schema) trait Listed: Pure {
    /// What the lists consist of.
    type Entity: Send + Sync + 'static;

    /// The entity that determines the position of the object.
    fn entity(&self) -> &Self::Entity;
}

/// An edge without fields of its own besides `cursor` and `node`.
pub(in crate::graphql::schema) struct PlainEdge<N: Listed> {
    node: N,
    sort: Sort<N::Entity>,
}

impl<N: Listed> PlainEdge<N> {
    /// The edge of an object in a list.
    pub(in crate::graphql::schema) fn new(node: N, sort: Sort<N::Entity>) -> Self {
        Self { node, sort }
    }
}

/// An edge of a connection: an object and its cursor.
#[Object(name_type)]
impl<N: Listed> PlainEdge<N> {
    /// The cursor of the object, for `after` and `before`.
    fn cursor(&self) -> String {
        cursor(self.sort, self.node.entity())
    }

    /// The object.
    fn node(&self) -> EagerObject<&N> {
        EagerObject(&self.node)
    }
}

impl<N: Listed> TypeName for PlainEdge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

impl<N: Listed> Pure for PlainEdge<N> {}

impl<N: Listed> Edge for PlainEdge<N> {
    type Node = N;

    fn node(&self) -> &N {
        &self.node
    }

    fn cursor(&self) -> String {
        cursor(self.sort, self.node.entity())
    }
}
