//! Sessions of the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use super::Relation;
use crate::domain::{Page, PageRequest, Result, Session, SessionId, Side, Timestamp, Viewer};
use crate::store::{self, Snapshot};

pub(in crate::graphql) struct Sessions;

impl Relation for Sessions {
    type Key = SessionId;
    type Value = Option<Arc<Session>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[SessionId],
    ) -> Result<HashMap<SessionId, Self::Value>> {
        let (mut conn, now) = (db.read().await?, Timestamp::now());
        let found = store::sessions::find(&mut conn, viewer.id, now, keys).await?;
        Ok(found.into_iter().map(|session| (session.id, Some(Arc::new(session)))).collect())
    }
}

pub(in crate::graphql) struct SessionCount;

impl Relation for SessionCount {
    /// There is one list.
    type Key = ();
    type Value = i64;

    async fn fetch(db: &Snapshot, viewer: Viewer, _keys: &[()]) -> Result<HashMap<(), i64>> {
        let mut conn = db.read().await?;
        let count = store::sessions::count(&mut conn, viewer.id, Timestamp::now()).await?;
        Ok(HashMap::from([((), count)]))
    }
}

pub(in crate::graphql) struct SessionPages;

impl Relation for SessionPages {
    type Key = PageRequest;
    type Value = Arc<Page<Arc<Session>>>;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[PageRequest],
    ) -> Result<HashMap<PageRequest, Self::Value>> {
        let (mut conn, now) = (db.read().await?, Timestamp::now());
        let mut pages = HashMap::new();
        for request in keys {
            let page = store::sessions::list(&mut conn, viewer.id, now, request).await?;
            pages.insert(request.clone(), Arc::new(page.map(Arc::new)));
        }
        Ok(pages)
    }
}

pub(in crate::graphql) struct SessionsBeyond;

impl Relation for SessionsBeyond {
    type Key = (PageRequest, Side);
    type Value = bool;

    async fn fetch(
        db: &Snapshot,
        viewer: Viewer,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, bool>> {
        let (mut conn, now) = (db.read().await?, Timestamp::now());
        let mut any = HashMap::new();
        for key in keys {
            let (page, side) = key;
            let found = store::sessions::any_beyond(&mut conn, viewer.id, now, page, *side).await?;
            any.insert(key.clone(), found);
        }
        Ok(any)
    }
}
