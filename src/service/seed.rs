//! Demo data for `kanban seed`.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use super::Services;
use crate::domain::{
    CardColumn, Description, Email, Error, LabelId, NewBoard, NewCard, Password, Result, Timestamp,
    Title, User,
};
use crate::store::access::{LockedBoard, lock_board};
use crate::store::{Tx, boards, cards, labels, members, users};

/// The password of all demo users.
const PASSWORD: &str = "password";

/// How many cards go into one statement.
const CHUNK: usize = 50;

/// When the first demo thing was made: 2026-01-01, in seconds since the Unix epoch.
const FIRST_DAY: i64 = 1_767_225_600;

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

/// Fills the database, all or nothing. CONFLICT when it has users and the target is an empty one.
pub async fn run(services: &Services, plan: Plan) -> Result<()> {
    let password = Password::parse(PASSWORD.to_owned())?;
    let hash = services.passwords.hash(password).await?;
    services.db.write((plan, hash), async |tx, (plan, hash)| fill(tx, plan, hash).await).await
}

async fn fill(tx: &mut Tx, plan: &Plan, hash: &str) -> Result<()> {
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
        let locked = demo_board(tx, &mut rng, &people).await?;
        let label_ids: Vec<LabelId> =
            labels::of_board(tx, locked.access()).await?.iter().map(|label| label.id).collect();
        // As even as whole cards can be.
        let until = plan.size.cards * (board + 1) / plan.size.boards;
        while done < until {
            let count = CHUNK.min(until - done);
            let new: Vec<_> =
                (0..count).map(|_| demo_card(&mut rng, &label_ids)).collect::<Result<_>>()?;
            let new: Vec<_> = new.iter().map(|(card, labels)| (card, labels.clone())).collect();
            cards::insert(tx, &locked, &new, some_time(&mut rng)).await?;
            done += count;
            (plan.progress)(done);
        }
    }
    Ok(())
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

/// A board with its members, under its lock.
async fn demo_board(tx: &mut Tx, rng: &mut StdRng, people: &[User]) -> Result<LockedBoard> {
    let new = NewBoard {
        title: Title::parse(&format!("{} {}", one_of(rng, PROJECTS), one_of(rng, GOALS)))?,
        description: Description::parse(&text(rng))?,
    };
    let time = some_time(rng);
    let mut chosen: Vec<&User> = people.iter().collect();
    chosen.shuffle(rng);
    chosen.truncate(rng.random_range(1..=3));
    let Some((owner, others)) = chosen.split_first() else {
        return Err(Error::conflict("Boards need at least one user."));
    };
    let (board, _) = boards::insert(tx, owner.id, &new, time).await?;
    let locked = lock_board(tx, owner.id, board.id).await?;
    for other in others {
        members::insert(tx, &locked, other.id, time).await?;
    }
    Ok(locked)
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

/// A moment within 300 days from the first.
fn some_time(rng: &mut StdRng) -> Timestamp {
    let micros = FIRST_DAY * 1_000_000 + rng.random_range(0..300 * 86_400 * 1_000_000_i64);
    Timestamp::from_micros(micros).unwrap_or_else(Timestamp::now)
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

const PROJECTS: &[&str] = &[
    "Autumn",
    "Billing",
    "Community",
    "Design",
    "Garden",
    "House",
    "Library",
    "Mobile",
    "Search",
    "Spring",
    "Summer",
    "Travel",
    "Website",
    "Winter",
];
const GOALS: &[&str] = &[
    "accessibility",
    "launch",
    "moving day",
    "onboarding",
    "performance",
    "release",
    "renovation",
    "research",
    "roadmap",
    "security",
    "translation",
    "workshop",
];
const VERBS: &[&str] = &[
    "Book",
    "Check",
    "Clean up",
    "Compare",
    "Describe",
    "Draw",
    "Fix",
    "Measure",
    "Order",
    "Paint",
    "Plan",
    "Repair",
    "Review",
    "Test",
    "Translate",
    "Write",
];
const THINGS: &[&str] = &[
    "announcement",
    "backup",
    "budget",
    "calendar",
    "café menu",
    "door",
    "error messages",
    "invitations",
    "kitchen",
    "log-in page",
    "map",
    "newsletter",
    "photos",
    "price list",
    "questionnaire",
    "search index",
    "shelves",
    "test data",
    "tickets",
    "windows",
];
