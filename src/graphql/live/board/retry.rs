//! What becomes of members for whom no payload can be made: the database is unavailable, or only their payload fails,
//! because memory is short or it takes too long. Then the others do not notice.

use std::sync::atomic::Ordering;

use tokio::time::{Instant, sleep_until};

use super::{Failing, Member, Room};
use crate::graphql::live::delivery::Delivery;
use crate::graphql::live::payload::{PATIENCE, PAUSE};

/// Waits for the next attempt.
pub(super) async fn pause(again: Option<Instant>) {
    match again {
        Some(again) => sleep_until(again).await,
        None => std::future::pending().await,
    }
}

impl Room {
    /// The members to serve now: all, or only those with another attempt. These come last, because an attempt may take
    /// long.
    pub(super) fn waiting(&self, only_failing: bool) -> Vec<usize> {
        let now = Instant::now();
        let is_waiting = |member: &Member| match member.failing {
            Some(failing) => failing.again <= now,
            None => !only_failing,
        };
        let members = self.members.iter().enumerate();
        let waiting = members.filter(|(_, member)| is_waiting(member)).map(|(index, _)| index);
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|index| self.members.get(*index).is_some_and(Member::is_failing));
        waiting
    }

    /// The time of the next attempt, if there is one. Members for whom too much waits are served when they have read.
    pub(super) fn again(&self) -> Option<Instant> {
        let members = self.members.iter().filter(|member| !member.is_slow.load(Ordering::Relaxed));
        members.filter_map(|member| Some(member.failing?.again)).min()
    }

    /// Tries again soon for these members, but not for ever.
    pub(super) fn fail(&mut self, members: impl IntoIterator<Item = usize>) {
        let now = Instant::now();
        for index in members {
            let Some(member) = self.members.get_mut(index) else { continue };
            let since = member.failing.map_or(now, |failing| failing.since);
            member.failing = Some(Failing { since, again: now + PAUSE });
            if now - since >= PATIENCE {
                member.sender.end(Delivery::Failed);
                member.has_left = true;
            }
        }
    }

    /// Records that a payload could be made, or was not needed.
    pub(super) fn recover<'i>(&mut self, members: impl IntoIterator<Item = &'i usize>) {
        for index in members {
            if let Some(member) = self.members.get_mut(*index) {
                member.failing = None;
            }
        }
    }
}

impl Member {
    fn is_failing(&self) -> bool {
        self.failing.is_some()
    }
}
