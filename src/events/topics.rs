//! Keys with listeners.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

/// The keys that somebody listens to.
pub struct Topics<K>(Mutex<HashMap<K, Topic>>);

#[derive(Default)]
struct Topic {
    wake: watch::Sender<()>,
    /// The version that a listener has seen.
    seen: i64,
}

impl<K> Default for Topics<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Topics<K> {
    /// Listens to a key from now on.
    pub fn listen(self: &Arc<Self>, key: K) -> Listener<K> {
        let woken = self.0.lock().entry(key).or_default().wake.subscribe();
        Listener { topics: Arc::clone(self), key, woken }
    }

    /// Wakes the listeners of a key.
    pub fn wake(&self, key: &K) {
        if let Some(topic) = self.0.lock().get(key) {
            topic.wake.send_replace(());
        }
    }

    /// Wakes the listeners of a key unless one of them has seen this version.
    pub fn wake_unless_seen(&self, key: &K, version: i64) {
        if let Some(topic) = self.0.lock().get(key)
            && topic.seen != version
        {
            topic.wake.send_replace(());
        }
    }

    /// The keys with listeners.
    pub fn keys(&self) -> Vec<K> {
        self.0.lock().keys().copied().collect()
    }

    /// Whether nobody listens.
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// Listens to a key until it is dropped.
pub struct Listener<K: Copy + Eq + Hash> {
    topics: Arc<Topics<K>>,
    key: K,
    woken: watch::Receiver<()>,
}

impl<K: Copy + Eq + Hash> Listener<K> {
    /// Records that a version of what the key names was seen.
    pub fn saw(&self, version: i64) {
        if let Some(topic) = self.topics.0.lock().get_mut(&self.key) {
            topic.seen = version;
        }
    }

    /// Waits until the key was woken since the last call. Several calls of `wake` in between count as one.
    pub async fn woken(&mut self) {
        // The sender is dropped with its last listener only.
        if self.woken.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl<K: Copy + Eq + Hash> Drop for Listener<K> {
    fn drop(&mut self) {
        let mut topics = self.topics.0.lock();
        // This listener is counted too.
        if topics.get(&self.key).is_some_and(|topic| topic.wake.receiver_count() <= 1) {
            topics.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_key_is_forgotten_with_its_last_listener() {
        let topics = Arc::new(Topics::default());
        let (mut one, other) = (topics.listen(1), topics.listen(1));
        topics.wake(&2);
        assert!(one.woken().now_or_never().is_none());
        topics.wake(&1);
        topics.wake(&1);
        assert!(one.woken().now_or_never().is_some());
        assert!(one.woken().now_or_never().is_none());
        drop(other);
        assert_eq!(topics.keys(), [1]);
        drop(one);
        assert!(topics.is_empty());
    }
}
