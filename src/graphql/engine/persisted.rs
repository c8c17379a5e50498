//! Persisted documents: requests name them instead of sending their text.

use std::collections::HashMap;
use std::sync::Arc;

use moka::sync::Cache;

use super::document::Document;
use super::request::DocumentSource;
use super::request_error::RequestError;
use super::trusted;
use crate::config::{self, StartError};
use crate::domain::sha256;
use crate::metrics;

/// The approximate capacity of registered documents in bytes. Only their texts are kept here.
const CAPACITY: u64 = 8 << 20;

/// The approximate memory of an entry besides its text.
const ENTRY: usize = 256;

/// The documents that requests may name.
pub(super) enum Persisted {
    /// None.
    Off,
    /// Those that clients have registered ("automatic persisted queries"): the text of each by its hash.
    Registered(Cache<String, Arc<str>>),
    /// Those in the list of the operator. Only these may run.
    Trusted(HashMap<String, Arc<str>>),
}

impl Persisted {
    /// `check` tells why a text is not a valid document. Fails if the list cannot be used.
    pub(super) fn new(
        config: &config::Documents,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Self, StartError> {
        Ok(match &config.trusted {
            Some(path) => {
                metrics::get().requests.trust_names();
                Self::Trusted(trusted::read(path, check)?)
            }
            None if config.automatic => Self::Registered(cache()),
            None => Self::Off,
        })
    }

    /// Finds the document of a request. `read` parses and validates a text.
    pub(super) fn find(
        &self,
        source: &DocumentSource,
        read: impl Fn(&str) -> Result<Arc<Document>, RequestError>,
    ) -> Result<Arc<Document>, RequestError> {
        match (self, source) {
            (Self::Trusted(list), DocumentSource::Hash(id) | DocumentSource::Id(id)) => {
                read(trusted::find(list, id).ok_or_else(RequestError::not_in_list)?)
            }
            (Self::Trusted(_), _) => Err(RequestError::id_required()),
            (_, DocumentSource::Text(text))
            | (Self::Off, DocumentSource::Registration { text, .. }) => read(text),
            (_, DocumentSource::Id(_)) => Err(RequestError::no_list()),
            (Self::Off, DocumentSource::Hash(_)) => {
                Err(RequestError::persisted_query_not_supported())
            }
            (Self::Registered(known), DocumentSource::Hash(hash)) => {
                read(&known.get(hash).ok_or_else(RequestError::persisted_query_not_found)?)
            }
            (Self::Registered(known), DocumentSource::Registration { text, hash }) => {
                if sha256(text) != *hash {
                    return Err(RequestError::wrong_hash());
                }
                let document = read(text)?;
                if document.may_be_kept() {
                    known.insert(hash.clone(), Arc::clone(document.text()));
                }
                Ok(document)
            }
        }
    }
}

fn cache() -> Cache<String, Arc<str>> {
    let weight =
        |_: &String, text: &Arc<str>| u32::try_from(text.len() + ENTRY).unwrap_or(u32::MAX);
    Cache::builder().max_capacity(CAPACITY).weigher(weight).build()
}
