//! "Field Selection Merging" of the specification, for arguments with lists: apollo-compiler considers two lists
//! equal if one is a prefix of the other. It has checked everything else.

use apollo_compiler::Node;
use apollo_compiler::ast;
use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};

use super::request_error::RequestError;
use super::schema::TypeSystem;

/// The maximum number of selections that are visited.
const MAX_STEPS: usize = 100_000;

/// Checks all operations. Nothing to do in most documents, because they have no lists.
pub(super) fn check(types: &TypeSystem, document: &ExecutableDocument) -> Result<(), RequestError> {
    if !has_lists(document) {
        return Ok(());
    }
    let mut check = Check { types, document, steps: 0 };
    let mut operations = document.operations.iter();
    operations.try_for_each(|operation| check.check(&[&operation.selection_set]))
}

fn has_lists(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|operation| &operation.selection_set);
    let fragments = document.fragments.values().map(|fragment| &fragment.selection_set);
    operations.chain(fragments).any(set_has_lists)
}

fn set_has_lists(set: &SelectionSet) -> bool {
    set.selections.iter().any(|selection| match selection {
        Selection::Field(field) => {
            field.arguments.iter().any(|argument| value_has_lists(&argument.value))
                || set_has_lists(&field.selection_set)
        }
        Selection::InlineFragment(inline) => set_has_lists(&inline.selection_set),
        Selection::FragmentSpread(_) => false,
    })
}

fn value_has_lists(value: &ast::Value) -> bool {
    match value {
        ast::Value::List(_) => true,
        ast::Value::Object(fields) => fields.iter().any(|(_, value)| value_has_lists(value)),
        _ => false,
    }
}

/// A field and the type of the selection set in which it stands.
type Selected<'d> = (&'d str, &'d Field);

struct Check<'d> {
    types: &'d TypeSystem,
    document: &'d ExecutableDocument,
    steps: usize,
}

impl<'d> Check<'d> {
    /// Checks selection sets that are merged into one.
    fn check(&mut self, sets: &[&'d SelectionSet]) -> Result<(), RequestError> {
        let (mut fields, mut visited) = (Vec::new(), Vec::new());
        for set in sets {
            self.collect(set, &mut fields, &mut visited)?;
        }
        while let Some((_, first)) = fields.first() {
            let key = first.response_key();
            let (same, rest) =
                fields.into_iter().partition(|(_, field)| field.response_key() == key);
            fields = rest;
            self.check_group(same)?;
        }
        Ok(())
    }

    fn collect(
        &mut self,
        set: &'d SelectionSet,
        fields: &mut Vec<Selected<'d>>,
        visited: &mut Vec<&'d str>,
    ) -> Result<(), RequestError> {
        self.steps += set.selections.len();
        if self.steps > MAX_STEPS {
            return Err(RequestError::too_complex(
                "The document has too many fields to be merged.",
            ));
        }
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => fields.push((&set.ty, field)),
                Selection::InlineFragment(inline) => {
                    self.collect(&inline.selection_set, fields, visited)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && !visited.contains(&name)
                    {
                        visited.push(name);
                        self.collect(&fragment.selection_set, fields, visited)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks fields with the same response key. An object has one type, so fields of different object types are never
    /// merged; those of interfaces are merged with all.
    fn check_group(&mut self, fields: Vec<Selected<'d>>) -> Result<(), RequestError> {
        let (of_objects, shared): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|(ty, _)| self.types.schema.get_object(ty).is_some());
        let mut types: Vec<_> = of_objects.iter().map(|(ty, _)| *ty).collect();
        types.sort_unstable();
        types.dedup();
        if types.is_empty() {
            return self.merge(shared.iter().map(|(_, field)| *field).collect());
        }
        for object in types {
            let own = of_objects.iter().filter(|(ty, _)| *ty == object);
            self.merge(own.chain(&shared).map(|(_, field)| *field).collect())?;
        }
        Ok(())
    }

    fn merge(&mut self, fields: Vec<&'d Field>) -> Result<(), RequestError> {
        if let [first, others @ ..] = &*fields
            && let Some(other) = others.iter().find(|other| !same_arguments(first, other))
        {
            return Err(RequestError::invalid(format!(
                "{} is selected more than once with different arguments.",
                other.response_key()
            )));
        }
        let sets: Vec<_> = fields.into_iter().map(|field| &field.selection_set).collect();
        self.check(&sets)
    }
}

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
