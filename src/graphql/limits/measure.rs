//! How much a parsed document asks for. Each fragment is measured once, however often it is spread.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

use super::TooComplex;
use crate::config::Limits;

/// How deep selections and fragments may lie within each other while they are measured: far beyond
/// what the limits allow, and few enough for any stack.
const MAX_LEVELS: usize = 200;

/// How deep lists of the introspection may lie within each other, as in graphql-js
/// (`MaxIntrospectionDepthRule`): types have fields that have types.
const MAX_CIRCLES: usize = 2;

/// Whether the introspection has a list of this name that leads to types again. No other field of
/// the schema is called so.
fn is_list(field: &str) -> bool {
    ["fields", "inputFields", "interfaces", "possibleTypes"].contains(&field)
}

/// What a selection set asks for, with its fragments in their places.
#[derive(Clone, Copy, Default)]
struct Measure {
    /// Fields of the set itself.
    width: usize,
    /// Fields of the set and of all beneath.
    selections: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    /// How deep the lists of the introspection lie within each other.
    circles: usize,
}

impl Measure {
    /// Adds what stands beside.
    fn add(&mut self, other: Self) {
        self.width = self.width.saturating_add(other.width);
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.circles = self.circles.max(other.circles);
    }
}

/// Refuses a document of which any operation or any fragment asks for too much, or whose fragments
/// contain themselves.
pub(super) fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), TooComplex> {
    let mut measuring = Measuring { fragments: &document.fragments, measured: HashMap::new() };
    for name in document.fragments.keys() {
        measuring.fragment(name, 0)?;
    }
    for (_, operation) in document.operations.iter() {
        let mut measure = measuring.selection_set(&operation.node.selection_set.node, 0)?;
        measure.directives += operation.node.directives.len();
        for (what, found, limit) in [
            ("selections, fragments spread out", measure.selections, limits.selections),
            ("levels", measure.depth, limits.depth),
            ("aliases", measure.aliases, limits.aliases),
            ("directives", measure.directives, limits.directives),
            ("levels of introspection", measure.circles, MAX_CIRCLES),
            ("root fields", measure.width, limits.root_fields),
        ] {
            if found > limit {
                return Err(format!("The operation has {found} {what}; {limit} are allowed."));
            }
        }
    }
    Ok(())
}

struct Measuring<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being measured: whoever meets it then goes in a circle.
    measured: HashMap<&'d Name, Option<Measure>>,
}

impl<'d> Measuring<'d> {
    fn fragment(&mut self, name: &'d Name, level: usize) -> Result<Measure, TooComplex> {
        match self.measured.get(name) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => return Err(format!("The fragment {name} contains itself.")),
            None => {}
        }
        // A fragment that is not there is for the validation to tell.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Measure::default());
        };
        self.measured.insert(name, None);
        let mut measure = self.selection_set(&fragment.node.selection_set.node, level + 1)?;
        measure.directives += fragment.node.directives.len();
        self.measured.insert(name, Some(measure));
        Ok(measure)
    }

    fn selection_set(
        &mut self,
        set: &'d SelectionSet,
        level: usize,
    ) -> Result<Measure, TooComplex> {
        if level > MAX_LEVELS {
            return Err(format!(
                "Selections and fragments lie more than {MAX_LEVELS} levels deep."
            ));
        }
        let mut all = Measure::default();
        for selection in &set.items {
            let directives: &[Positioned<Directive>] = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let below = self.selection_set(&field.selection_set.node, level + 1)?;
                    all.add(Measure {
                        width: 1,
                        selections: below.selections.saturating_add(1),
                        depth: below.depth + 1,
                        aliases: below.aliases.saturating_add(field.alias.is_some().into()),
                        directives: below.directives,
                        circles: below.circles + usize::from(is_list(&field.name.node)),
                    });
                    &field.directives
                }
                Selection::InlineFragment(inline) => {
                    let set = &inline.node.selection_set.node;
                    all.add(self.selection_set(set, level + 1)?);
                    &inline.node.directives
                }
                Selection::FragmentSpread(spread) => {
                    all.add(self.fragment(&spread.node.fragment_name.node, level + 1)?);
                    &spread.node.directives
                }
            };
            all.directives = all.directives.saturating_add(directives.len());
        }
        Ok(all)
    }
}
