//! Requests as the transports hand them over.

use async_graphql::Variables;

/// A request: a document, and how to run it.
pub struct Request {
    /// The document.
    pub document: DocumentSource,
    /// The name of the operation to run, if the document has several.
    pub operation_name: Option<String>,
    /// The values of variables.
    pub variables: Variables,
}

/// How a request gives its document.
pub enum DocumentSource {
    /// By its text.
    Text(String),
    /// By its text, to be registered under its hash.
    Registration {
        /// The text.
        text: String,
        /// The SHA-256 hash of the text, as the client has computed it.
        hash: String,
    },
    /// By the hash under which it was registered, or by its ID in a list, which clients may send in place of the hash.
    Hash(String),
    /// By its ID in the list of trusted documents.
    Id(String),
}
