//! The viewer's sessions.

use std::sync::Arc;

use super::lists::Lists;
use super::load_context::LoadContext;
use super::relation::{Relation, by};
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

/// The list of the viewer's sessions.
pub(in crate::graphql) struct SessionLists;

impl Lists for SessionLists {
    type Parent = ();
    type Filter = ();
    type Page = PageRequest;
    type Row = Arc<Session>;

    async fn pages(
        context: &LoadContext,
        _of: &[()],
        (): &(),
        request: &PageRequest,
    ) -> Result<Vec<Page<Arc<Session>>>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        let page = sessions::list(&mut conn, viewer.key, context.now(), request).await?;
        Ok(vec![page.map(Arc::new)])
    }

    async fn counts(context: &LoadContext, _of: &[()], (): &()) -> Result<Vec<i64>> {
        let (mut conn, viewer) = (context.read().await?, context.viewer()?);
        Ok(vec![sessions::count(&mut conn, viewer.key, context.now()).await?])
    }

    async fn any_beyond(
        context: &LoadContext,
        _of: &[()],
        (): &(),
        request: &PageRequest,
        side: Side,
    ) -> Result<Vec<bool>> {
        let (mut conn, viewer, now) = (context.read().await?, context.viewer()?, context.now());
        Ok(vec![sessions::any_beyond(&mut conn, viewer.key, now, request, side).await?])
    }
}
