//! Marks the types that may be resolved eagerly.

use async_graphql::ContainerType;

/// Types whose resolvers have no side effects, so that they may run twice for one response.
pub(in crate::graphql) trait Pure: ContainerType {}

impl<T: Pure> Pure for &T {}
