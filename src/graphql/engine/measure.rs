//! Measures documents before they are validated. Each fragment is measured once, however often it is
//! spread, so the time is linear in the length of the document.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, DirectiveList, Document, FragmentDefinition, Selection};

use crate::config::Limits;

/// The maximum nesting of selections and fragments while they are measured: far above the limits, but
/// safe for every stack.
const MAX_LEVELS: usize = 200;

/// The size of a selection set with all its fragments expanded.
#[derive(Clone, Copy, Default)]
struct Measure {
    /// The fields of the set itself.
    width: usize,
    /// The fields of the set and of all sets below it.
    fields: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    /// The selections of all kinds.
    selections: usize,
}

impl Measure {
    /// Adds a sibling.
    fn add(&mut self, other: Self) {
        self.width = self.width.saturating_add(other.width);
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.selections = self.selections.saturating_add(other.selections);
    }
}

/// The whole document may have so many times the selections of one operation.
const OPERATIONS: usize = 20;

/// Rejects a document with an operation or a fragment that exceeds a limit; the error names the limit.
/// Fragments that contain themselves count once here, since validation reports them.
pub(super) fn check(document: &Document, limits: &Limits) -> Result<(), String> {
    let fragments = document.definitions.iter().filter_map(|definition| match definition {
        Definition::FragmentDefinition(fragment) => Some((fragment.name.as_str(), fragment)),
        _ => None,
    });
    let mut measuring = Measuring { fragments: fragments.collect(), measured: HashMap::new() };
    let mut all: usize = 0;
    for definition in &document.definitions {
        let measure = match definition {
            Definition::OperationDefinition(operation) => {
                let set = measuring.selection_set(&operation.selection_set, 0)?;
                let variables = operation.variables.iter().map(|one| one.directives.len());
                let own = operation.directives.len() + variables.sum::<usize>();
                Measure { directives: set.directives.saturating_add(own), ..set }
            }
            // Unused fragments too.
            Definition::FragmentDefinition(fragment) => measuring.fragment(&fragment.name, 0)?,
            _ => continue,
        };
        for (what, found, limit) in [
            ("selections with all fragments expanded", measure.fields, limits.selections),
            ("levels of nesting", measure.depth, limits.depth),
            ("aliases", measure.aliases, limits.aliases),
            ("directives", measure.directives, limits.directives),
        ] {
            within(what, found, limit)?;
        }
        if let Definition::OperationDefinition(operation) = definition {
            within("root fields", measure.width, limits.root_fields)?;
            all = all.saturating_add(measure.selections);
            all = all.saturating_add(measuring.selections_of_fragments(&operation.selection_set));
            let limit = limits.selections.saturating_mul(OPERATIONS);
            if all > limit {
                return Err(format!(
                    "The document has more than {limit} selections, counting each fragment once for each operation that uses it."
                ));
            }
        }
    }
    Ok(())
}

fn within(what: &str, found: usize, limit: usize) -> Result<(), String> {
    if found > limit {
        return Err(format!("The operation has {found} {what}; at most {limit} are allowed."));
    }
    Ok(())
}

struct Measuring<'d> {
    fragments: HashMap<&'d str, &'d Node<FragmentDefinition>>,
    /// Empty while a fragment is being measured.
    measured: HashMap<&'d str, Measure>,
}

impl<'d> Measuring<'d> {
    /// The selections in all fragments that an operation uses, each expanded. apollo-compiler validates them for each
    /// operation, and looks for cycles from each of them.
    fn selections_of_fragments(&self, set: &'d [Selection]) -> usize {
        let (mut sets, mut visited, mut selections) = (vec![set], HashSet::new(), 0_usize);
        while let Some(set) = sets.pop() {
            for selection in set {
                match selection {
                    Selection::Field(field) => sets.push(&field.selection_set),
                    Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                    Selection::FragmentSpread(spread) => {
                        let name = spread.fragment_name.as_str();
                        if visited.insert(name)
                            && let Some(fragment) = self.fragments.get(name)
                        {
                            let measure = self.measured.get(name).copied().unwrap_or_default();
                            selections = selections.saturating_add(measure.selections);
                            sets.push(&fragment.selection_set);
                        }
                    }
                }
            }
        }
        selections
    }

    fn fragment(&mut self, name: &'d str, level: usize) -> Result<Measure, String> {
        if let Some(measure) = self.measured.get(name) {
            return Ok(*measure);
        }
        // Validation reports unknown fragments.
        let Some(fragment) = self.fragments.get(name).copied() else {
            return Ok(Measure::default());
        };
        self.measured.insert(name, Measure::default());
        let mut measure = self.selection_set(&fragment.selection_set, level + 1)?;
        measure.directives = measure.directives.saturating_add(fragment.directives.len());
        self.measured.insert(name, measure);
        Ok(measure)
    }

    fn selection_set(&mut self, set: &'d [Selection], level: usize) -> Result<Measure, String> {
        if level > MAX_LEVELS {
            return Err(format!(
                "Selections and fragments are nested more than {MAX_LEVELS} levels deep."
            ));
        }
        let mut all = Measure::default();
        for selection in set {
            let directives: &DirectiveList = match selection {
                Selection::Field(field) => {
                    let below = self.selection_set(&field.selection_set, level + 1)?;
                    all.add(Measure {
                        width: 1,
                        fields: below.fields.saturating_add(1),
                        depth: below.depth + 1,
                        aliases: below.aliases.saturating_add(field.alias.is_some().into()),
                        directives: below.directives,
                        selections: below.selections,
                    });
                    &field.directives
                }
                Selection::InlineFragment(inline) => {
                    all.add(self.selection_set(&inline.selection_set, level + 1)?);
                    &inline.directives
                }
                Selection::FragmentSpread(spread) => {
                    all.add(self.fragment(&spread.fragment_name, level + 1)?);
                    &spread.directives
                }
            };
            all.directives = all.directives.saturating_add(directives.len());
            all.selections = all.selections.saturating_add(1);
        }
        Ok(all)
    }
}
