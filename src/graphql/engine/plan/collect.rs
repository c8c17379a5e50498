//! "Collecting Fields" of the specification: expands fragments, groups equal fields and removes those that `@skip` and
//! `@include` exclude.

use std::cell::Cell;
use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, DirectiveList};
use apollo_compiler::executable::{Field, FragmentMap, Selection, SelectionSet};
use async_graphql::Value;
use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry;

use crate::graphql::engine::request_error::RequestError;
use crate::graphql::engine::schema::TypeSystem;
use crate::graphql::engine::variables::Values;

/// The maximum number of selections that are visited. Interfaces are expanded to their object types, so a selection
/// may be visited many times, also for types that it does not apply to.
const MAX_STEPS: usize = 100_000;

/// What the selections of a document refer to.
pub(super) struct Scope<'d> {
    pub(super) types: &'d TypeSystem,
    pub(super) fragments: &'d FragmentMap,
    pub(super) values: &'d Values,
    conditions: Conditions,
    /// The number of selections that were visited.
    steps: Cell<usize>,
}

/// Whether `@skip` and `@include` exclude selections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Conditions {
    Apply,
    Ignore,
}

/// Fields with the same response key, which validation has found to be mergeable.
pub(super) struct Group<'d> {
    pub(super) first: &'d Node<Field>,
    pub(super) others: Vec<&'d Node<Field>>,
}

impl<'d> Group<'d> {
    pub(super) fn sets(&self) -> Vec<&'d SelectionSet> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|field| &field.selection_set).collect()
    }
}

/// The groups of a selection set, and the fragments visited.
#[derive(Default)]
struct Collected<'d> {
    /// By their response keys.
    groups: IndexMap<&'d str, Group<'d>>,
    visited: HashSet<&'d str>,
}

impl<'d> Scope<'d> {
    pub(super) fn new(
        types: &'d TypeSystem,
        fragments: &'d FragmentMap,
        values: &'d Values,
        conditions: Conditions,
    ) -> Self {
        Self { types, fragments, values, conditions, steps: Cell::default() }
    }

    /// Fails if too many selections were visited.
    pub(super) fn check_steps(&self) -> Result<(), RequestError> {
        if self.steps.get() > MAX_STEPS {
            let message = "The document has too many fields on nested interfaces.";
            return Err(RequestError::too_complex(message));
        }
        Ok(())
    }

    /// The fields of objects of a type; `None` if they depend on which object type of an interface it is.
    pub(super) fn collect(&self, ty: &str, sets: &[&'d SelectionSet]) -> Option<Vec<Group<'d>>> {
        let mut collected = Collected::default();
        for set in sets {
            self.add(&mut collected, ty, set)?;
        }
        // `collect` would reuse the memory of the map, and then shrink it.
        let mut groups = Vec::with_capacity(collected.groups.len());
        groups.extend(collected.groups.into_values());
        Some(groups)
    }

    fn add(&self, to: &mut Collected<'d>, ty: &str, set: &'d SelectionSet) -> Option<()> {
        self.steps.set(self.steps.get().saturating_add(set.selections.len()));
        for selection in &set.selections {
            if self.conditions == Conditions::Apply && self.is_left_out(selection.directives()) {
                continue;
            }
            let set = match selection {
                Selection::Field(field) => {
                    match to.groups.entry(field.response_key()) {
                        Entry::Occupied(mut group) => group.get_mut().others.push(field),
                        Entry::Vacant(place) => {
                            place.insert(Group { first: field, others: Vec::new() });
                        }
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => &inline.selection_set,
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if !to.visited.insert(name) {
                        continue;
                    }
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
    pub(super) fn is_left_out(&self, directives: &DirectiveList) -> bool {
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
}
