//! What the library finds out too late, in the middle of an operation, or not at all: values of wrong
//! types, variables where they do not belong, and how much an answer may hold.
//!
//! An error there would null the whole answer, and with it what earlier fields of a mutation have
//! committed. Everything else that the specification calls validation the library does.

mod cost;
mod roots;
mod types;
mod values;
mod variables;

use std::cell::RefCell;
use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection,
    SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Variables};
use async_graphql_value::Value;

pub(super) use roots::merge_root_fields;

use cost::{Cost, Page};
use types::{Input, Types, innermost, root};
use values::{Origin, Values, missing};
use variables::Defined;

/// What is wrong with a request, and where in its document.
pub(super) struct Invalid {
    pub(super) message: String,
    pub(super) place: Option<Pos>,
}

/// The schema, as far as requests are checked against it.
pub(super) struct Validation {
    types: Types,
}

impl Validation {
    /// Reads the schema's text. Without introspection, no message tells a name that the request does
    /// not.
    pub(super) fn new(sdl: &str, introspection: bool) -> Result<Self, String> {
        Types::of(sdl, introspection).map(|types| Self { types })
    }

    /// Checks all operations of a document whose fragments have no circles, and the values of
    /// variables for the one that shall be run; answers how much its answer may hold.
    pub(super) fn check(
        &self,
        document: &ExecutableDocument,
        chosen: &OperationDefinition,
        variables: &Variables,
    ) -> Result<u64, Invalid> {
        let (mut cost, none) = (0, Variables::default());
        for (_, operation) in document.operations.iter() {
            let is_chosen = std::ptr::eq(&raw const operation.node, chosen);
            let given = if is_chosen { variables } else { &none };
            let variables = Defined::new(&operation.node, given);
            let of_request = |message| Invalid { message, place: None };
            variables.check_defaults(&self.types).map_err(of_request)?;
            if is_chosen {
                variables.check_values(&self.types).map_err(of_request)?;
            }
            let walked = self.walk(document, &operation.node, &variables)?;
            if is_chosen {
                cost = walked;
            }
        }
        Ok(cost)
    }

    fn walk(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Defined<'_>,
    ) -> Result<Cost, Invalid> {
        let walk = Walk {
            types: &self.types,
            fragments: &document.fragments,
            variables,
            known: RefCell::default(),
        };
        walk.directives(&operation.directives)?;
        walk.selection_set(Some(root(operation.ty)), &operation.selection_set.node, Page::NONE)
    }
}

/// Walks through an operation, with its fragments.
struct Walk<'d> {
    types: &'d Types,
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d Defined<'d>,
    known: RefCell<HashMap<(&'d str, Page), Cost>>,
}

impl<'d> Walk<'d> {
    /// `parent` is `None` beneath what the schema does not have, which is for the library to tell,
    /// and within the introspection.
    fn selection_set(
        &self,
        parent: Option<&str>,
        set: &'d SelectionSet,
        page: Page,
    ) -> Result<Cost, Invalid> {
        let mut cost: Cost = 0;
        for selection in &set.items {
            let one = match &selection.node {
                Selection::Field(field) => self.field(parent, field, page)?,
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.node.directives)?;
                    let on = inline.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    self.selection_set(parent, &inline.node.selection_set.node, page)?
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives)?;
                    self.fragment(&spread.node.fragment_name.node, page)?
                }
            };
            cost = cost.saturating_add(one);
        }
        Ok(cost)
    }

    /// Each is looked at once, however often it is spread.
    fn fragment(&self, name: &'d str, page: Page) -> Result<Cost, Invalid> {
        if let Some(cost) = self.known.borrow().get(&(name, page)) {
            return Ok(*cost);
        }
        // One that is not there is for the library to tell.
        let Some(fragment) = self.fragments.get(name) else { return Ok(0) };
        self.directives(&fragment.node.directives)?;
        let parent = Some(fragment.node.type_condition.node.on.node.as_str());
        let cost = self.selection_set(parent, &fragment.node.selection_set.node, page)?;
        self.known.borrow_mut().insert((name, page), cost);
        Ok(cost)
    }

    fn field(
        &self,
        parent: Option<&str>,
        field: &'d Positioned<Field>,
        page: Page,
    ) -> Result<Cost, Invalid> {
        let place = field.pos;
        let field = &field.node;
        self.directives(&field.directives)?;
        if !self.types.told && ["__schema", "__type"].contains(&field.name.node.as_str()) {
            let message = "Introspection is turned off.".into();
            return Err(Invalid { message, place: Some(place) });
        }
        let fields = parent.and_then(|parent| self.types.fields(parent));
        let own = cost::of_field(field);
        let Some(known) = fields.and_then(|fields| fields.get(&field.name.node)) else {
            let below = self.selection_set(None, &field.selection_set.node, Page::NONE)?;
            let times = cost::times_in_introspection(&field.name.node);
            return Ok(below.saturating_add(own).saturating_mul(times));
        };
        self.arguments(&known.arguments, &field.arguments, place)?;
        let argument = |name: &str| self.argument(field, name);
        let is_connection = known.arguments.contains_key("first");
        let below = if is_connection { Page::of(argument) } else { Page::NONE };
        let parent = Some(innermost(&known.ty).as_str());
        let children = self.selection_set(parent, &field.selection_set.node, below)?;
        let times = page.times(&field.name.node, &known.ty, argument);
        let once = children.saturating_add(own).saturating_add(self.cost_of_arguments(field));
        Ok(once.saturating_mul(times))
    }

    fn cost_of_arguments(&self, field: &Field) -> Cost {
        let variable = |name: &str| self.variables.cost(name);
        let values =
            field.arguments.iter().map(|(_, value)| cost::of_value(&value.node, &variable));
        values.fold(0, Cost::saturating_add)
    }

    /// The value of an argument: what a variable stands for, if it is one.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        match &field.get_argument(name)?.node {
            Value::Variable(variable) => {
                self.variables.value(variable).map(|value| value.clone().into_value())
            }
            value => Some(value.clone()),
        }
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), Invalid> {
        for directive in directives {
            let known = self.types.directive(&directive.node.name.node);
            if let Some(known) = known {
                self.arguments(known, &directive.node.arguments, directive.pos)?;
            }
        }
        Ok(())
    }

    fn arguments(
        &self,
        known: &HashMap<Name, Input>,
        given: &[(Positioned<Name>, Positioned<Value>)],
        place: Pos,
    ) -> Result<(), Invalid> {
        let values = Values { types: self.types, usages: self.variables, origin: Origin::Literal };
        for (name, value) in given {
            // One that the schema does not have is for the library to tell.
            let Some(input) = known.get(&name.node) else { continue };
            values.input(input, &value.node).map_err(|wrong| Invalid {
                message: wrong.sentence(&format!("Argument {}", name.node)),
                place: Some(value.pos),
            })?;
        }
        match missing(known, |name| given.iter().any(|(own, _)| own.node == name)) {
            None => Ok(()),
            Some(name) => {
                let name = if self.types.told { name } else { "…" };
                Err(Invalid {
                    message: format!("Argument {name} is required."),
                    place: Some(place),
                })
            }
        }
    }
}
