//! Who gets which payload: one is made for all members with the same selection and role who know the same events.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Member, Room, Sent};
use crate::domain::{Error, Event, Result, UserKey, Viewer};
use crate::graphql::live::delivery::{Delivery, Payload};
use crate::graphql::live::farewell::{Farewell, Rest};
use crate::graphql::live::payload::{Draft, MAX_MISSED, must_reset};
use crate::graphql::schema::BoardNews;
use crate::store::access::AuthorizedBoard;
use crate::store::{Conn, boards, events};

/// Members with the same selection who know the same events.
pub(super) type Group = Vec<usize>;

impl Room {
    /// The members who get the same payload as the first one.
    pub(super) fn first_group(&self, pending: &[usize]) -> Group {
        let members =
            || pending.iter().filter_map(|index| Some((*index, self.members.get(*index)?)));
        let Some((_, first)) = members().next() else { return Group::new() };
        let is_alike = |member: &Member| {
            Arc::ptr_eq(&member.shape, &first.shape)
                && (member.sequence, member.is_new, member.must_reset)
                    == (first.sequence, first.is_new, first.must_reset)
                && (member.viewer.key == first.viewer.key || !first.shape.is_personal())
        };
        members().filter(|(_, member)| is_alike(member)).map(|(index, _)| index).collect()
    }

    /// Sends the next payload to a group, or to those of it whose payload is the same after all. An error means that the
    /// database cannot be read.
    pub(super) async fn send(&mut self, group: &[usize]) -> Result<Sent> {
        let leader = group.first().and_then(|at| Some((*at, self.members.get(*at)?)));
        let Some((leader, first)) = leader else { return Ok(Sent::All(HashSet::new())) };
        let (viewer, shape) = (first.viewer, Arc::clone(&first.shape));
        let (known, is_new, must_reset) = (first.sequence, first.is_new, first.must_reset);
        let draft = self.maker.draft(viewer);
        let mut conn = draft.read().await?;
        let seen = match boards::for_each(&mut conn, self.board, &self.users_of(group)).await {
            Ok(seen) => seen,
            Err(error) => return failed(&draft, error, group.iter().copied().collect()),
        };
        let mut alike = self.with_the_role_of(viewer, group, &seen);
        let Some(board) = seen.into_iter().find(|(_, access)| access.user_key() == viewer.key)
        else {
            return match self.end(conn, leader).await {
                Ok(()) => Ok(Sent::All([leader].into())),
                Err(error) => failed(&draft, error, [leader].into()),
            };
        };
        let version = board.0.version;
        self.saw(version);
        let news = if must_reset {
            Ok((BoardNews::reset(board), 0))
        } else {
            self.maker.board_news(&mut conn, board, known, &shape).await
        };
        drop(conn);
        let (news, cost) = match news {
            Ok(news) => news,
            Err(error) => return failed(&draft, error, alike),
        };
        if news.events.is_empty() && !news.is_reset && !is_new {
            self.recover(&alike);
            return Ok(Sent::All(alike));
        }
        if shape.mentions("clientMutationId") {
            self.keep_like_authors(&mut alike, viewer, &news.events);
            draft.deliver(&news.events);
        }
        let changed = news.events.first().filter(|_| !is_new).map(|event| event.created_at);
        let (sequence, is_reset) = (news.sequence, news.is_reset);
        let Ok(mut made) = self.maker.execute(draft, &shape, news, cost).await else {
            return Ok(Sent::Failed(alike));
        };
        if made.exceeds_limit && !is_reset {
            // In another snapshot, in which they may have other roles.
            self.reset(&alike);
            return Ok(Sent::All(HashSet::new()));
        }
        if made.is_personal {
            alike.retain(|index| self.viewer_of(*index) == Some(viewer.key));
        }
        made.payload.changed = changed;
        self.hand_out(&alike, &Arc::new(made.payload), sequence);
        Ok(Sent::All(if sequence >= version { alike } else { HashSet::new() }))
    }

    fn viewer_of(&self, index: usize) -> Option<UserKey> {
        self.members.get(index).map(|member| member.viewer.key)
    }

    fn users_of(&self, group: &[usize]) -> Vec<UserKey> {
        let users: HashSet<_> = group.iter().filter_map(|index| self.viewer_of(*index)).collect();
        users.into_iter().collect()
    }

    /// Those of the group who have the role of this viewer: what they may read is the same.
    fn with_the_role_of(
        &self,
        viewer: Viewer,
        group: &[usize],
        seen: &[AuthorizedBoard],
    ) -> HashSet<usize> {
        let role = |(_, access): &AuthorizedBoard| (access.user_key(), access.role());
        let roles: HashMap<_, _> = seen.iter().map(role).collect();
        let role = |user: Option<UserKey>| roles.get(&user?);
        let is_alike = |index: &usize| role(self.viewer_of(*index)) == role(Some(viewer.key));
        group.iter().copied().filter(is_alike).collect()
    }

    /// Only the author of a change sees its `clientMutationId`. So keeps the leader, if they are an author, or those who are
    /// no authors, like the leader.
    fn keep_like_authors(&self, alike: &mut HashSet<usize>, leader: Viewer, events: &[Arc<Event>]) {
        let with_id = events.iter().filter(|event| event.client_mutation_id.is_some());
        let authors: HashSet<_> = with_id.filter_map(|event| event.actor).collect();
        if authors.contains(&leader.key) {
            alike.retain(|index| self.viewer_of(*index) == Some(leader.key));
        } else {
            alike
                .retain(|index| self.viewer_of(*index).is_none_or(|user| !authors.contains(&user)));
        }
    }

    fn hand_out(&mut self, to: &HashSet<usize>, payload: &Arc<Payload>, sequence: i64) {
        self.recover(to);
        for index in to {
            if let Some(member) = self.members.get_mut(*index) {
                (member.sequence, member.is_new) = (Some(sequence), false);
                member.must_reset = false;
                member.sender.send(payload);
            }
        }
    }

    fn reset(&mut self, members: &HashSet<usize>) {
        for index in members {
            if let Some(member) = self.members.get_mut(*index) {
                member.must_reset = true;
            }
        }
    }

    /// Ends the subscription of a viewer who may no longer see the board, with the events up to the one that took it
    /// away.
    async fn end(&mut self, mut conn: Conn, index: usize) -> Result<()> {
        let Some(member) = self.members.get_mut(index) else { return Ok(()) };
        let Some(known) = member.sequence else {
            member.sender.end(Delivery::Complete);
            member.has_left = true;
            return Ok(());
        };
        let user = member.viewer.id;
        let access = events::former_access(&mut conn, self.board, user, known, MAX_MISSED);
        let rest = match access.await {
            Ok(access) => access.map_or(Rest::Unknown, Rest::Events),
            Err(error) if must_reset(&error) => Rest::Unknown,
            Err(error) => return Err(error),
        };
        member.has_left = true;
        let rest = Some(rest);
        let (maker, shape) = (Arc::clone(&self.maker), Arc::clone(&member.shape));
        let farewell = Farewell { maker, viewer: member.viewer, shape, known, rest };
        tokio::spawn(farewell.run(member.sender.clone()));
        Ok(())
    }
}

/// After an error of a read. If only memory is short, others may need less.
fn failed(draft: &Draft, error: Error, members: HashSet<usize>) -> Result<Sent> {
    if draft.lacks_memory() { Ok(Sent::Failed(members)) } else { Err(error) }
}
