//! The SQL texts of typed statements, which are made once and kept.
//!
//! diesel-async makes the text of a statement each time that it runs, even if the connection has prepared it.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::LazyLock;

use diesel::QueryResult;
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use parking_lot::RwLock;

/// A statement whose text is made only once, if it depends on nothing but its type.
pub(super) struct TextOnce<S>(pub(super) S);

/// By the types of the statements, so their number is bounded by the code.
static KNOWN: LazyLock<RwLock<HashMap<TypeId, &'static str>>> = LazyLock::new(RwLock::default);

impl<S: QueryFragment<Pg> + QueryId> TextOnce<S> {
    /// `None` if the text may differ from that of other statements of the same type.
    fn known(&self) -> QueryResult<Option<&'static str>> {
        let Some(id) = S::query_id() else { return Ok(None) };
        if let Some(text) = KNOWN.read().get(&id) {
            return Ok(Some(text));
        }
        // Diesel keeps no other statement either, although some of them have an ID.
        if !self.0.is_safe_to_cache_prepared(&Pg)? {
            return Ok(None);
        }
        let mut builder = PgQueryBuilder::default();
        self.0.to_sql(&mut builder, &Pg)?;
        Ok(Some(*KNOWN.write().entry(id).or_insert_with(|| &*builder.finish().leak())))
    }
}

impl<S: Query> Query for TextOnce<S> {
    type SqlType = S::SqlType;
}

impl<S: QueryId> QueryId for TextOnce<S> {
    type QueryId = S::QueryId;

    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;

    fn query_id() -> Option<TypeId> {
        S::query_id()
    }
}

impl<S: QueryFragment<Pg> + QueryId> QueryFragment<Pg> for TextOnce<S> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn to_sql(&self, out: &mut PgQueryBuilder, backend: &Pg) -> QueryResult<()> {
        match self.known()? {
            Some(text) => out.push_sql(text),
            None => self.0.to_sql(out, backend)?,
        }
        Ok(())
    }

    fn is_safe_to_cache_prepared(&self, backend: &Pg) -> QueryResult<bool> {
        match self.known()? {
            Some(_) => Ok(true),
            None => self.0.is_safe_to_cache_prepared(backend),
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::store::schema::boards;

    fn text(statement: &impl QueryFragment<Pg>) -> String {
        let mut builder = PgQueryBuilder::default();
        statement.to_sql(&mut builder, &Pg).unwrap();
        builder.finish()
    }

    #[test]
    fn texts_are_those_of_diesel() {
        let title = |key: i64| boards::table.select(boards::title).filter(boards::id.eq(key));
        let version = |key: i64| boards::table.select(boards::version).filter(boards::id.eq(key));
        for key in 1..3 {
            assert_eq!(text(&TextOnce(title(key))), text(&title(key)));
            assert_eq!(text(&TextOnce(version(key))), text(&version(key)));
            assert!(TextOnce(title(key)).is_safe_to_cache_prepared(&Pg).unwrap());
        }
    }

    #[test]
    fn texts_that_differ_are_not_kept() {
        let some = |limited: bool| {
            let all = boards::table.select(boards::title).into_boxed::<Pg>();
            if limited { all.limit(1) } else { all }
        };
        assert!(TextOnce(some(true)).known().unwrap().is_none());
        let literal = boards::table.select(diesel::dsl::sql::<diesel::sql_types::Text>("title"));
        assert!(TextOnce(literal).known().unwrap().is_none());
        for limited in [true, false] {
            assert_eq!(text(&TextOnce(some(limited))), text(&some(limited)));
        }
    }
}
