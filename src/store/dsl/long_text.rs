//! Texts that may be long.

/// Whether texts that may be long are read. They are most of a row, and few answers contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LongTexts {
    /// They are read.
    Load,
    /// They are not read: the row has `None`.
    Skip,
}
