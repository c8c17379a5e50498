//! Lists as bound values: arrays in PostgreSQL, JSON text in SQLite.

use std::borrow::Cow;
use std::sync::OnceLock;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use serde_json::Value;

/// A list that is sent as one bound value.
pub(in crate::store) enum List {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Cow<'static, str>>),
}

/// The list of a number of each item.
pub(in crate::store) fn numbers<T, N: Into<Option<i64>>>(
    of: impl IntoIterator<Item = T>,
    number: impl Fn(T) -> N,
) -> List {
    List::Numbers(of.into_iter().map(|one| number(one).into()).collect())
}

/// The list of a text of each item.
pub(in crate::store) fn texts<T, S: Into<Cow<'static, str>>>(
    of: impl IntoIterator<Item = T>,
    text: impl Fn(T) -> S,
) -> List {
    List::Texts(of.into_iter().map(|one| text(one).into()).collect())
}

impl List {
    pub(in crate::store) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn json(&self, index: usize) -> Value {
        match self {
            Self::Numbers(numbers) => numbers.get(index).copied().flatten().into(),
            Self::Texts(texts) => texts.get(index).map(|text| &**text).into(),
        }
    }
}

/// Lists of the same length: the columns of a table, or a single one.
pub(in crate::store) struct Lists {
    lists: Vec<List>,
    json: OnceLock<String>,
}

impl Lists {
    pub(in crate::store) fn new(lists: Vec<List>) -> Self {
        Self { lists, json: OnceLock::new() }
    }

    /// Binds each list as an array of PostgreSQL, with its type: a statement can then be prepared from its text alone.
    pub(in crate::store) fn push_arrays<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        for (index, list) in self.lists.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            match list {
                List::Numbers(numbers) => {
                    out.push_bind_param::<Array<Nullable<BigInt>>, _>(numbers)?;
                    out.push_sql("::bigint[]");
                }
                List::Texts(texts) => {
                    out.push_bind_param::<Array<Text>, _>(texts)?;
                    out.push_sql("::text[]");
                }
            }
        }
        Ok(())
    }

    /// The JSON text for SQLite: one list as an array, several as an array of rows. Kept, because Diesel borrows bound
    /// values.
    pub(in crate::store) fn json(&self) -> &str {
        self.json.get_or_init(|| {
            let count = self.lists.iter().map(List::len).max().unwrap_or_default();
            let row = |index: usize| match &self.lists[..] {
                [list] => list.json(index),
                lists => lists.iter().map(|list| list.json(index)).collect(),
            };
            (0..count).map(row).collect::<Value>().to_string()
        })
    }
}
