//! Counts what is open for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// At most a number of slots for each key.
pub(super) struct Slots<K> {
    max: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// Gives its place back when it is dropped.
pub(super) struct Slot<K: Copy + Eq + Hash> {
    key: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Slots<K> {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// `None` if the key has no slot left.
    pub(super) fn take(&self, key: K) -> Option<Slot<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&key).copied().unwrap_or_default();
        if count >= self.max {
            return None;
        }
        taken.insert(key, count + 1);
        Some(Slot { key, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Copy + Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
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
        let slots = Slots::new(2);
        let (one, two) = (slots.take(1), slots.take(1));
        assert!(one.is_some() && two.is_some() && slots.take(1).is_none());
        assert!(slots.take(2).is_some());
        drop(one);
        let three = slots.take(1);
        assert!(three.is_some() && slots.take(1).is_none());
        drop((two, three));
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
