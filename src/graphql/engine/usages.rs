//! "All Variable Usages Are Allowed" of the specification, including usages within lists and input
//! objects, which apollo-compiler does not check.

use std::collections::HashSet;

use apollo_compiler::ast::{self, DirectiveList, InputValueDefinition, Type, VariableDefinition};
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use apollo_compiler::{Name, Node};

use super::request_error::RequestError;
use super::schema::TypeSystem;

/// Checks all usages of the variables of an operation. Returns the variables that must not be null.
pub(super) fn check(
    types: &TypeSystem,
    document: &ExecutableDocument,
    operation: &Operation,
) -> Result<Vec<Name>, RequestError> {
    let mut walk =
        Walk { types, document, operation, visited: HashSet::new(), required: Vec::new() };
    walk.directives(&operation.directives)?;
    walk.set(&operation.selection_set)?;
    Ok(walk.required)
}

struct Walk<'d> {
    types: &'d TypeSystem,
    document: &'d ExecutableDocument,
    operation: &'d Operation,
    /// The fragments visited so far.
    visited: HashSet<&'d Name>,
    required: Vec<Name>,
}

impl<'d> Walk<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<(), RequestError> {
        set.selections.iter().try_for_each(|selection| {
            self.directives(selection.directives())?;
            match selection {
                Selection::Field(field) => self.field(field),
                Selection::InlineFragment(inline) => self.set(&inline.selection_set),
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name),
            }
        })
    }

    fn fragment(&mut self, name: &'d Name) -> Result<(), RequestError> {
        if !self.visited.insert(name) {
            return Ok(());
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(()) };
        self.directives(&fragment.directives)?;
        self.set(&fragment.selection_set)
    }

    fn field(&mut self, field: &'d Field) -> Result<(), RequestError> {
        self.arguments(&field.arguments, |name| field.definition.argument_by_name(name))?;
        self.set(&field.selection_set)
    }

    fn arguments<'t>(
        &mut self,
        arguments: &'d [Node<ast::Argument>],
        definition: impl Fn(&Name) -> Option<&'t Node<InputValueDefinition>>,
    ) -> Result<(), RequestError> {
        for argument in arguments {
            if let Some(input) = definition(&argument.name) {
                self.value(&input.ty, input.default_value.is_some(), &argument.value)?;
            }
        }
        Ok(())
    }

    fn directives(&mut self, directives: &'d DirectiveList) -> Result<(), RequestError> {
        for directive in directives {
            let definition = self.types.schema.directive_definitions.get(&directive.name);
            let argument = |name: &Name| definition.and_then(|one| one.argument_by_name(name));
            self.arguments(&directive.arguments, argument)?;
        }
        Ok(())
    }

    fn value(
        &mut self,
        ty: &Type,
        has_default: bool,
        value: &ast::Value,
    ) -> Result<(), RequestError> {
        match value {
            ast::Value::Variable(name) => self.variable(ty, has_default, name),
            ast::Value::List(items) => {
                items.iter().try_for_each(|item| self.value(ty.item_type(), false, item))
            }
            ast::Value::Object(fields) => {
                let object = self.types.schema.get_input_object(ty.inner_named_type());
                fields.iter().try_for_each(|(name, value)| {
                    match object.and_then(|object| object.fields.get(name)) {
                        Some(field) => self.value(&field.ty, field.default_value.is_some(), value),
                        None => Ok(()),
                    }
                })
            }
            _ => Ok(()),
        }
    }

    fn variable(&mut self, ty: &Type, has_default: bool, name: &Name) -> Result<(), RequestError> {
        let is_it = |definition: &&Node<VariableDefinition>| definition.name == *name;
        let Some(definition) = self.operation.variables.iter().find(is_it) else { return Ok(()) };
        if ty.is_non_null() {
            self.required.push(name.clone());
        }
        if is_allowed(definition, ty, has_default) {
            return Ok(());
        }
        let expected = self.types.expected(ty);
        Err(RequestError::invalid(format!(
            "Variable ${name} has type {}: {expected}.",
            definition.ty
        )))
    }
}

/// `IsVariableUsageAllowed` of the specification.
fn is_allowed(definition: &VariableDefinition, ty: &Type, has_default: bool) -> bool {
    if !ty.is_non_null() || definition.ty.is_non_null() {
        return definition.ty.is_assignable_to(ty);
    }
    let own = definition.default_value.as_deref();
    let never_absent = own.is_some_and(|value| *value != ast::Value::Null) || has_default;
    never_absent && definition.ty.is_assignable_to(&ty.clone().nullable())
}
