//! Demo data for `kanban seed`.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

mod words;

use super::Services;
use crate::domain::{
    BoardRole, CardColumn, CommentBody, Description, Email, Error, EventPayload, LabelId, NewBoard,
    NewCard, Password, Result, Timestamp, Title, User,
};
use crate::store::locks::{BoardAdmin, lock_board};
use crate::store::{Tx, boards, cards, comments, events, labels, members, users};
use words::{GOALS, PROJECTS, THINGS, VERBS};

/// The password of all demo users.
const PASSWORD: &str = "password";

/// How many cards go into one statement.
const CHUNK: usize = 50;

/// When the first demo thing was made: 2026-01-01, in seconds since the Unix epoch.
const FIRST_DAY: i64 = 1_767_225_600;

/// Microseconds.
const DAY: i64 = 86_400_000_000;

/// How much.
#[derive(Clone, Copy)]
pub struct Size {
    /// Users; at least one.
    pub users: usize,
    /// Boards, each with 1 to 3 members.
    pub boards: usize,
    /// Cards, each with 0 to 3 labels, spread over the boards.
    pub cards: usize,
}

/// What to do about a database that has users.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Refuse it.
    Empty,
    /// Add to it.
    Append,
    /// Delete all users and boards first.
    Reset,
}

/// What `run` is told.
pub struct Plan {
    /// How much.
    pub size: Size,
    /// The same number gives the same data, but for the users' ids, which stay random.
    pub seed: u64,
    /// What to do about a database that has users.
    pub target: Target,
    /// Is told how many cards there are so far.
    pub progress: Box<dyn Fn(usize) + Send + Sync>,
}

/// Fills the database, all or nothing; answers the address of the first user made. CONFLICT when it has users and the target is an empty one.
pub async fn run(services: &Services, plan: Plan) -> Result<String> {
    let password = Password::parse(PASSWORD.to_owned())?;
    let hash = services.passwords.hash(password).await?;
    services.db.write((plan, hash), async |tx, (plan, hash)| fill(tx, plan, hash).await).await
}

async fn fill(tx: &mut Tx, plan: &Plan, hash: &str) -> Result<String> {
    match plan.target {
        Target::Empty if users::any(tx).await? => {
            return Err(Error::conflict("The database already has users."));
        }
        Target::Reset => {
            boards::delete_all(tx).await?;
            users::delete_all(tx).await?;
        }
        Target::Empty | Target::Append => {}
    }
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let people = demo_users(tx, plan.size.users, hash).await?;
    let mut done = 0;
    for board in 0..plan.size.boards {
        let mut filler = Filler::on_new_board(tx, &mut rng, &people).await?;
        // As even as whole cards can be.
        let until = plan.size.cards * (board + 1) / plan.size.boards;
        while done < until {
            let count = CHUNK.min(until - done);
            filler.make_cards(tx, &mut rng, count).await?;
            done += count;
            (plan.progress)(done);
        }
    }
    people.into_iter().next().map(|user| user.email).ok_or(Error::Internal)
}

/// `user1@example.com`, `user2@example.com`, …, going on behind those that are there.
async fn demo_users(tx: &mut Tx, count: usize, hash: &str) -> Result<Vec<User>> {
    let taken = users::emails_like(tx, "user%@example.com").await?;
    let number =
        |email: &String| email.strip_prefix("user")?.split('@').next()?.parse::<u32>().ok();
    let first = taken.iter().filter_map(number).max().unwrap_or(0) as usize + 1;
    let mut people = Vec::new();
    for number in first..first + count {
        let email = Email::parse(&format!("user{number}@example.com"))?;
        people.push(users::insert(tx, &email, hash, Timestamp::now()).await?);
    }
    Ok(people)
}

/// A board that is being filled, under its lock.
struct Filler {
    board: BoardAdmin,
    labels: Vec<LabelId>,
    /// When the latest thing was made.
    time: Timestamp,
}

impl Filler {
    /// On a new board with one to three members.
    async fn on_new_board(tx: &mut Tx, rng: &mut StdRng, people: &[User]) -> Result<Self> {
        let new = NewBoard {
            title: Title::parse(&format!("{} {}", one_of(rng, PROJECTS), one_of(rng, GOALS)))?,
            description: Description::parse(&text(rng))?,
        };
        let time = some_time(rng, FIRST_DAY * 1_000_000, 300 * DAY);
        let mut chosen: Vec<&User> = people.iter().collect();
        chosen.shuffle(rng);
        chosen.truncate(rng.random_range(1..=3));
        let Some((owner, others)) = chosen.split_first() else {
            return Err(Error::conflict("Boards need at least one user."));
        };
        let (board, _) = boards::insert(tx, owner.key, &new, time).await?;
        let board = lock_board(tx, owner.key, board.id).await?;
        let mut filler = Self { board, labels: Vec::new(), time };
        filler.add_members(tx, rng, others).await?;
        let labels = labels::of_board(tx, filler.board.access()).await?;
        filler.labels = labels.iter().map(|label| label.id).collect();
        Ok(filler)
    }

    async fn add_members(&mut self, tx: &mut Tx, rng: &mut StdRng, users: &[&User]) -> Result<()> {
        self.time = some_time(rng, self.time.micros(), DAY);
        let mut events = Vec::new();
        for user in users {
            let role = *BoardRole::ALL.choose(rng).unwrap_or(&BoardRole::Member);
            members::insert(tx, &self.board, user.key, role, self.time).await?;
            events.push(EventPayload::MemberAdded { user: user.id, role });
        }
        events::record(tx, &mut self.board, &events, self.time).await
    }

    /// Makes cards, and comments on the first two.
    async fn make_cards(&mut self, tx: &mut Tx, rng: &mut StdRng, count: usize) -> Result<()> {
        self.time = some_time(rng, self.time.micros(), DAY / 24);
        let (new, labels): (Vec<_>, Vec<_>) = (0..count)
            .map(|_| demo_card(rng, &self.labels))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .unzip();
        let insert_context = cards::insert_context(tx, &self.board, &new).await?;
        let new: Vec<_> = new.iter().zip(labels).collect();
        let (made, writes) = cards::insert(&self.board, &insert_context, &new, self.time)?;
        let events: Vec<_> =
            made.iter().map(|card| EventPayload::CardCreated { card: card.id }).collect();
        events::record_with(tx, &mut self.board, writes, &events, self.time).await?;
        let mut events = Vec::new();
        for card in made.iter().take(2) {
            let body = CommentBody::parse(&text(rng))?;
            let comment = comments::insert(tx, &self.board, card, &body, self.time).await?;
            events.push(EventPayload::CommentAdded { card: card.id, comment: comment.id });
        }
        events::record(tx, &mut self.board, &events, self.time).await
    }
}

fn demo_card(rng: &mut StdRng, labels: &[LabelId]) -> Result<(NewCard, Vec<LabelId>)> {
    let card = NewCard {
        title: Title::parse(&format!("{} the {}", one_of(rng, VERBS), one_of(rng, THINGS)))?,
        description: Description::parse(&text(rng))?,
        column: *CardColumn::ALL.choose(rng).unwrap_or(&CardColumn::Backlog),
        labels: Vec::new(),
    };
    let count = rng.random_range(0..=3);
    let mut labels: Vec<LabelId> = labels.sample(rng, count).copied().collect();
    labels.sort_unstable();
    Ok((card, labels))
}

/// A moment at most so many microseconds after another.
fn some_time(rng: &mut StdRng, from: i64, range: i64) -> Timestamp {
    Timestamp::from_micros(from + rng.random_range(0..range)).unwrap_or_else(Timestamp::now)
}

/// Some Markdown.
fn text(rng: &mut StdRng) -> String {
    let task = |rng: &mut StdRng| {
        let done = if rng.random_bool(0.4) { "x" } else { " " };
        format!("- [{done}] {} the {}\n", one_of(rng, VERBS).to_lowercase(), one_of(rng, THINGS))
    };
    let tasks: String = (0..rng.random_range(0..4)).map(|_| task(rng)).collect();
    format!("**{}** matters for the *{}*.\n\n{tasks}", one_of(rng, GOALS), one_of(rng, THINGS))
}

fn one_of(rng: &mut StdRng, words: &[&'static str]) -> &'static str {
    words.choose(rng).copied().unwrap_or_default()
}
