//! Counts what is open for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// At most a number of slots for each key. Those of one key share a value.
pub(super) struct Slots<K, V = ()> {
    max: usize,
    taken: Taken<K, V>,
}

/// The number of slots of each key, and their value.
type Taken<K, V> = Arc<Mutex<HashMap<K, (usize, V)>>>;

/// Gives its place back when it is dropped.
pub(super) struct Slot<K: Copy + Eq + Hash, V = ()> {
    key: K,
    /// What all slots of the key share.
    pub(super) shared: V,
    taken: Taken<K, V>,
}

impl<K: Copy + Eq + Hash, V: Clone + Default> Slots<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// `None` if the key has no slot left.
    pub(super) fn take(&self, key: K) -> Option<Slot<K, V>> {
        let mut taken = self.taken.lock();
        if taken.get(&key).map_or(0, |(count, _)| *count) >= self.max {
            return None;
        }
        let (count, shared) = taken.entry(key).or_default();
        *count += 1;
        Some(Slot { key, shared: shared.clone(), taken: Arc::clone(&self.taken) })
    }
}

impl<K: Copy + Eq + Hash, V> Drop for Slot<K, V> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some((count, _)) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_back_and_leave_nothing_behind() {
        let slots: Slots<i32> = Slots::new(2);
        let (one, two) = (slots.take(1), slots.take(1));
        assert!(one.is_some() && two.is_some() && slots.take(1).is_none());
        assert!(slots.take(2).is_some());
        drop(one);
        let three = slots.take(1);
        assert!(three.is_some() && slots.take(1).is_none());
        drop((two, three));
        assert!(slots.taken.lock().is_empty());
    }
}
