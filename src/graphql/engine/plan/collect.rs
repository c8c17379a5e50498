//! "Collecting Fields" of the specification: expands fragments, groups equal fields and removes those that `@skip` and
//! `@include` exclude.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, DirectiveList};
use apollo_compiler::executable::{Field, FragmentMap, Selection, SelectionSet};
use async_graphql::Value;

use crate::graphql::engine::refusal::Refusal;
use crate::graphql::engine::schema::TypeSystem;
use crate::graphql::engine::variables::Values;

/// What the selections of a document refer to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'d> {
    pub(super) types: &'d TypeSystem,
    pub(super) fragments: &'d FragmentMap,
    pub(super) values: &'d Values,
}

/// Fields with the same response key, which validation has found to be mergeable.
pub(super) struct Group<'d> {
    pub(super) first: &'d Node<Field>,
    others: Vec<&'d Node<Field>>,
}

impl<'d> Group<'d> {
    pub(super) fn sets(&self) -> Vec<&'d SelectionSet> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|field| &field.selection_set).collect()
    }

    /// Refuses fields with different arguments.
    pub(super) fn check_arguments(&self) -> Result<(), Refusal> {
        match self.others.iter().find(|other| !same_arguments(self.first, other)) {
            Some(other) => Err(Refusal::invalid(format!(
                "{} is selected more than once with different arguments.",
                other.response_key()
            ))),
            None => Ok(()),
        }
    }
}

/// The groups of a selection set, and the fragments visited.
#[derive(Default)]
struct Collected<'d> {
    groups: Vec<Group<'d>>,
    visited: Vec<&'d str>,
}

impl<'d> Scope<'d> {
    /// The fields of objects of a type; `None` if they depend on which object type of an interface it is.
    pub(super) fn collect(&self, ty: &str, sets: &[&'d SelectionSet]) -> Option<Vec<Group<'d>>> {
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
