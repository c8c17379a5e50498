//! What subscriptions select from their payloads. Subscriptions with equal selections share one [`Shape`].

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use async_graphql::Variables;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet,
};
use parking_lot::Mutex;

use super::plan::PayloadCost;

/// What a subscription selects from its payloads. Subscriptions that select the same share one, whatever the arguments of
/// their root fields are.
pub(in crate::graphql) struct Shape {
    /// The text of the document, for the locations of errors.
    pub(super) text: Arc<str>,
    /// The arguments of its root field are those of one of the subscriptions; resolvers do not read them.
    pub(super) document: ExecutableDocument,
    pub(super) variables: Variables,
    pub(in crate::graphql) cost: PayloadCost,
    /// Whether a payload has depended on the viewer.
    pub(super) is_personal: AtomicBool,
}

impl Shape {
    /// Whether a payload has depended on the viewer.
    pub(in crate::graphql) fn is_personal(&self) -> bool {
        self.is_personal.load(Ordering::Relaxed)
    }

    /// Whether the document may select a field of this name; true if its text has the name.
    pub(in crate::graphql) fn mentions(&self, field: &str) -> bool {
        self.text.contains(field)
    }

    /// Records that a payload has depended on the viewer.
    pub(in crate::graphql) fn note_personal(&self) {
        self.is_personal.store(true, Ordering::Relaxed);
    }
}

/// The shapes of all subscriptions.
#[derive(Default)]
pub(super) struct Shapes(Mutex<HashMap<String, Weak<Shape>>>);

impl Shapes {
    /// The known shape that is equal to this one, or this one.
    pub(super) fn shared(&self, shape: Shape) -> Arc<Shape> {
        let key = key(&shape);
        let mut known = self.0.lock();
        if let Some(shape) = known.get(&key).and_then(Weak::upgrade) {
            return shape;
        }
        known.retain(|_, shape| shape.strong_count() > 0);
        let shape = Arc::new(shape);
        known.insert(key, Arc::downgrade(&shape));
        shape
    }
}

/// A text that is equal for equal shapes only. The arguments of the root field are left out: they choose the events and
/// not what is selected from them.
fn key(shape: &Shape) -> String {
    let mut key = format!("{}\0", shape.text);
    if let DocumentOperations::Single(operation) = &shape.document.operations {
        for selection in &operation.node.selection_set.node.items {
            if let Selection::Field(root) = &selection.node {
                let _ = write!(key, "{}:{}", root.node.response_key().node, root.node.name.node);
                add_set(&mut key, &root.node.selection_set.node, &shape.variables);
            }
        }
    }
    key
}

fn add_set(key: &mut String, set: &SelectionSet, variables: &Variables) {
    key.push('{');
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => add_field(key, &field.node, variables),
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let ty = condition.map_or("", |condition| condition.node.on.node.as_str());
                let _ = write!(key, "...{ty}");
                add_set(key, &inline.node.selection_set.node, variables);
            }
            Selection::FragmentSpread(spread) => {
                let _ = write!(key, "...{} ", spread.node.fragment_name.node);
            }
        }
    }
    key.push('}');
}

fn add_field(key: &mut String, field: &Field, variables: &Variables) {
    let _ = write!(key, "{}:{}(", field.response_key().node, field.name.node);
    for (name, literal) in &field.arguments {
        let value = |name| variables.get(&name).cloned().ok_or(());
        let value = literal.node.clone().into_const_with(value).unwrap_or_default();
        let _ = write!(key, "{}:{value} ", name.node);
    }
    key.push(')');
    add_set(key, &field.selection_set.node, variables);
}
