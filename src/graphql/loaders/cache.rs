//! Cards and labels that were loaded before and are known to be as they were.
//!
//! Every change of a board raises its version, in the transaction that makes it, and a query reads the
//! version of a board together with the viewer's membership, before anything beneath and in the same
//! snapshot. So what was loaded when the board had this version is what would be loaded now: on any instance,
//! and without a statement. (The time of the change belongs to the version: a standby that takes over without
//! the latest changes hands their numbers out again.) What the answer to a mutation shows is read after its
//! transaction and may be newer than what it has written, so it has no version and is read anew.
//!
//! Never kept: who may see a board, and whatever tells of accounts, which change without their boards.
//! Without this module (`CACHE_MIB=0`) a whole board of 1,000 cards is three statements more, and a third as
//! fast.

use std::sync::Arc;

use moka::sync::Cache;

use super::cards::{CardQuery, LoadedCard};
use super::labels::Shared;
use crate::domain::{BoardId, CardFilter, Page, SortValue};
use crate::store::access::{BoardAccess, Version};
use crate::store::card_lists::{CardList, Part};

/// What was asked of a board. Pages with and without long texts are two questions: a board that is shown without
/// keeps nothing of them.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Question {
    Cards(Part, Arc<CardQuery>),
    Count(Part, Arc<CardFilter>),
    Labels,
}

/// What it answered.
#[derive(Clone)]
enum Answer {
    Cards(Arc<Page<LoadedCard>>),
    Count(i64),
    Labels(Shared),
}

/// The latest answer to a question, and the version that the board had.
#[derive(Clone)]
struct Known {
    version: Version,
    answer: Answer,
}

/// The answers that were asked for most often and latest.
pub(in crate::graphql) struct BoardCache(Option<Cache<(BoardId, Question), Known>>);

impl BoardCache {
    /// A cache that takes about so many bytes; none keeps nothing.
    pub(in crate::graphql) fn new(bytes: u64) -> Self {
        let weight = |(_, question): &(BoardId, Question), known: &Known| {
            let bytes =
                size_of::<(BoardId, Question, Known)>() + question.bytes() + known.answer.bytes();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self((bytes > 0).then(|| Cache::builder().max_capacity(bytes).weigher(weight).build()))
    }

    fn get(&self, board: BoardAccess, question: Question) -> Option<Answer> {
        let version = board.version()?;
        let known = self.0.as_ref()?.get(&(board.board_id(), question))?;
        (known.version == version).then_some(known.answer)
    }

    fn keep(&self, board: BoardAccess, question: Question, answer: Answer) {
        if let (Some(cache), Some(version)) = (&self.0, board.version()) {
            cache.insert((board.board_id(), question), Known { version, answer });
        }
    }

    pub(super) fn cards(
        &self,
        list: CardList,
        query: &Arc<CardQuery>,
    ) -> Option<Arc<Page<LoadedCard>>> {
        match self.get(list.board(), Question::Cards(list.part(), Arc::clone(query)))? {
            Answer::Cards(page) => Some(page),
            _ => None,
        }
    }

    pub(super) fn keep_cards(
        &self,
        list: CardList,
        query: &Arc<CardQuery>,
        page: &Arc<Page<LoadedCard>>,
    ) {
        let question = Question::Cards(list.part(), Arc::clone(query));
        self.keep(list.board(), question, Answer::Cards(Arc::clone(page)));
    }

    pub(super) fn count(&self, list: CardList, filter: &Arc<CardFilter>) -> Option<i64> {
        match self.get(list.board(), Question::Count(list.part(), Arc::clone(filter)))? {
            Answer::Count(count) => Some(count),
            _ => None,
        }
    }

    pub(super) fn keep_count(&self, list: CardList, filter: &Arc<CardFilter>, count: i64) {
        let question = Question::Count(list.part(), Arc::clone(filter));
        self.keep(list.board(), question, Answer::Count(count));
    }

    pub(super) fn labels(&self, board: BoardAccess) -> Option<Shared> {
        match self.get(board, Question::Labels)? {
            Answer::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    pub(super) fn keep_labels(&self, board: BoardAccess, labels: &Shared) {
        self.keep(board, Question::Labels, Answer::Labels(Arc::clone(labels)));
    }
}

impl Question {
    /// What it takes of the heap, about.
    fn bytes(&self) -> usize {
        match self {
            Self::Cards(_, query) => {
                let places = [&query.request.after, &query.request.before];
                let places = places.into_iter().flatten().flat_map(|place| &place.values);
                size_of::<CardQuery>()
                    + bytes(&query.filter)
                    + places.map(SortValue::bytes).sum::<usize>()
            }
            Self::Count(_, filter) => size_of::<CardFilter>() + bytes(filter),
            Self::Labels => 0,
        }
    }
}

fn bytes(filter: &CardFilter) -> usize {
    filter.columns.len()
        + filter.labels.len()
        + filter.text.as_ref().map_or(0, |text| text.as_str().len())
}

/// What the labels of a board take at most: there are seven, with names of 100 characters.
const LABELS: usize = 4096;

impl Answer {
    /// What it takes of the heap, about.
    fn bytes(&self) -> usize {
        match self {
            Self::Cards(page) => LABELS + page.items.iter().map(LoadedCard::bytes).sum::<usize>(),
            Self::Count(_) => 0,
            Self::Labels(_) => LABELS,
        }
    }
}
