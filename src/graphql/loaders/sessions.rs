//! The viewer's sessions.

use std::sync::Arc;

use super::relation::{LoadContext, Relation, by};
use crate::domain::{Page, PageRequest, Result, Session, SessionId, Side};
use crate::store::sessions;

pub(in crate::graphql) struct Sessions;

impl Relation for Sessions {
    type Key = SessionId;
    type Parameters = ();
    type Value = Option<Arc<Session>>;

    async fn fetch(context: &LoadContext, keys: &[SessionId], (): &()) -> Result<Vec<Self::Value>> {
        let (viewer, now) = (context.viewer()?, context.now());
        let found = sessions::find(&mut context.read().await?, viewer.key, now, keys).await?;
        let entry = |session: Session| (session.id, Arc::new(session));
        Ok(by(keys, |id| *id, found.into_iter().map(entry)))
    }
}

pub(in crate::graphql) struct SessionCount;

impl Relation for SessionCount {
    /// There is only one list.
    type Key = ();
    type Parameters = ();
    type Value = i64;

    async fn fetch(context: &LoadContext, _of: &[()], (): &()) -> Result<Vec<i64>> {
        let (viewer, now) = (context.viewer()?, context.now());
        Ok(vec![sessions::count(&mut context.read().await?, viewer.key, now).await?])
    }
}

pub(in crate::graphql) struct SessionPages;

impl Relation for SessionPages {
    type Key = ();
    type Parameters = PageRequest;
    type Value = Arc<Page<Arc<Session>>>;

    async fn fetch(
        context: &LoadContext,
        _of: &[()],
        request: &PageRequest,
    ) -> Result<Vec<Self::Value>> {
        let (viewer, now) = (context.viewer()?, context.now());
        let page = sessions::list(&mut context.read().await?, viewer.key, now, request).await?;
        Ok(vec![Arc::new(page.map(Arc::new))])
    }
}

pub(in crate::graphql) struct SessionsBeyond;

impl Relation for SessionsBeyond {
    type Key = ();
    type Parameters = (PageRequest, Side);
    type Value = bool;

    async fn fetch(
        context: &LoadContext,
        _of: &[()],
        (page, side): &Self::Parameters,
    ) -> Result<Vec<bool>> {
        let (viewer, now) = (context.viewer()?, context.now());
        let conn = &mut context.read().await?;
        Ok(vec![sessions::any_beyond(conn, viewer.key, now, page, *side).await?])
    }
}
