//! The operations of valid documents.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use apollo_compiler::executable::{ExecutableDocument, Field, Operation, OperationType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node};

use super::schema::TypeSystem;
use crate::metrics::{self, Kind};
use crate::store::ReadMode;

/// An operation that may be planned.
pub(super) struct PreparedOperation {
    /// The text of its document.
    pub(super) text: Arc<str>,
    /// Its document.
    pub(super) document: Arc<Valid<ExecutableDocument>>,
    pub(super) definition: Node<Operation>,
    /// The variables that must not be null, because of where they are used.
    pub(super) required: Vec<Name>,
    /// Whether the response may hold tokens.
    pub(super) holds_secrets: bool,
    /// Its time series, from its first run on.
    series: OnceLock<Arc<metrics::Operation>>,
    /// The number of statements that its last run needed; 0 before the first run.
    statements: AtomicUsize,
}

impl PreparedOperation {
    pub(super) fn new(
        types: &TypeSystem,
        text: &Arc<str>,
        document: &Arc<Valid<ExecutableDocument>>,
        definition: &Node<Operation>,
        required: Vec<Name>,
    ) -> Self {
        let holds_secrets = types.hold_secrets(definition.root_fields(document));
        let (text, document, definition) =
            (Arc::clone(text), Arc::clone(document), definition.clone());
        let (series, statements) = Default::default();
        Self { text, document, definition, required, holds_secrets, series, statements }
    }

    /// Its root fields, with those in fragments.
    pub(super) fn root_fields(&self) -> impl Iterator<Item = &Node<Field>> {
        self.definition.root_fields(&self.document)
    }

    /// Its time series.
    pub(super) fn series(&self) -> &Arc<metrics::Operation> {
        let kind = match self.definition.operation_type {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        };
        let name = self.definition.name.as_deref();
        self.series.get_or_init(|| metrics::get().requests.operation(name, kind))
    }

    /// The mode in which it reads.
    pub(super) fn mode(&self) -> ReadMode {
        match self.statements.load(Ordering::Relaxed) {
            statements if statements > 0 && self.definition.is_query() => {
                ReadMode::Expect(statements)
            }
            _ => ReadMode::Transaction,
        }
    }

    /// Records the number of statements that a query needed.
    pub(super) fn note_statements(&self, statements: usize) {
        if statements != self.statements.load(Ordering::Relaxed) {
            self.statements.store(statements, Ordering::Relaxed);
        }
    }
}
