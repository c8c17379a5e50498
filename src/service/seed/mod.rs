//! Demo data for `kanban seed`.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

mod words;

use super::Services;
use crate::domain::{
    BoardRole, CardColumn, CommentBody, Description, Email, Error, LabelId, Name, NewBoard,
    NewCard, Password, Result, Timestamp, Title, User,
};
use crate::store::lock::{Admin, BoardTx, lock_board};
use crate::store::{Tx, boards, card_writes, comments, labels, members, users};
use words::{GOALS, PROJECTS, THINGS, VERBS};

/// The password of all demo users.
const PASSWORD: &str = "password";

/// The maximum number of cards per INSERT statement.
const CHUNK: usize = 50;

/// The earliest creation time of demo data: 2026-01-01, in seconds since the Unix epoch.
const FIRST_DAY: i64 = 1_767_225_600;

/// One day in microseconds.
const DAY: i64 = 86_400_000_000;

/// The amount of demo data.
#[derive(Clone, Copy)]
pub struct Size {
    /// The number of users; at least one.
    pub users: usize,
    /// The number of boards, each with 1 to 3 members.
    pub boards: usize,
    /// The number of cards, each with 0 to 3 labels, spread over the boards.
    pub cards: usize,
}

/// What to do with a database that already has users.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Fail with CONFLICT.
    Empty,
    /// Add the demo data to the existing data.
    Append,
    /// Delete all users and boards first.
    Reset,
}

/// The parameters of [`run`].
pub struct Plan {
    /// The amount of demo data.
    pub size: Size,
    /// The seed of the random generator. The same seed gives the same data, except for the users'
    /// public IDs, which are always random.
    pub seed: u64,
    /// What to do with a database that already has users.
    pub target: Target,
    /// Called with the number of cards created so far.
    pub progress: Box<dyn Fn(usize) + Send + Sync>,
}

/// Fills the database in one transaction. Returns the e-mail address of the first new user. CONFLICT
/// if the target is [`Target::Empty`] and the database already has users.
pub async fn run(services: &Services, plan: Plan) -> Result<String> {
    let password = Password::parse(PASSWORD)?;
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
        // Spreads the cards over the boards as evenly as possible.
        let until = plan.size.cards * (board + 1) / plan.size.boards;
        while done < until {
            let count = CHUNK.min(until - done);
            filler.make_cards(&mut rng, count).await?;
            done += count;
            (plan.progress)(done);
        }
    }
    people.into_iter().next().map(|user| user.email).ok_or(Error::Internal)
}

/// Creates `user1@example.com`, `user2@example.com`, …, numbered after the existing demo users.
async fn demo_users(tx: &mut Tx, count: usize, hash: &str) -> Result<Vec<User>> {
    let taken = users::emails_like(tx, "user%@example.com").await?;
    let number =
        |email: &String| email.strip_prefix("user")?.split('@').next()?.parse::<u32>().ok();
    let first = taken.iter().filter_map(number).max().unwrap_or(0) as usize + 1;
    let (mut people, now) = (Vec::new(), tx.now());
    for number in first..first + count {
        let email = Email::parse(&format!("user{number}@example.com"))?;
        people.push(users::insert(tx, &email, &Name::of(email.as_str()), hash, now).await?);
    }
    Ok(people)
}

/// A board that is being filled.
struct Filler<'t> {
    board: BoardTx<'t, Admin>,
    labels: Vec<LabelId>,
}

impl<'t> Filler<'t> {
    /// Creates a board with one to three members.
    async fn on_new_board(tx: &'t mut Tx, rng: &mut StdRng, people: &[User]) -> Result<Self> {
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
        let mut board = lock_board(tx, owner.key, board.id).await?;
        board.set_now(some_time(rng, time.micros(), DAY));
        for user in others {
            let role = *BoardRole::ALL.choose(rng).unwrap_or(&BoardRole::Member);
            members::insert(&mut board, user, role).await?;
        }
        board.record().await?;
        let access = board.access()?;
        let labels = labels::of_board(board.conn(), access).await?;
        Ok(Self { board, labels: labels.iter().map(|label| label.id).collect() })
    }

    /// Creates cards, and one comment on each of the first two.
    async fn make_cards(&mut self, rng: &mut StdRng, count: usize) -> Result<()> {
        self.board.set_now(some_time(rng, self.board.now().micros(), DAY / 24));
        let (new, labels): (Vec<_>, Vec<_>) = (0..count)
            .map(|_| demo_card(rng, &self.labels))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .unzip();
        let context = card_writes::insert_context(&mut self.board, &new).await?;
        let new: Vec<_> = new.iter().zip(labels).collect();
        let cards = card_writes::insert(&mut self.board, &context, &new)?;
        self.board.record().await?;
        for card in cards.iter().take(2) {
            let body = CommentBody::parse(&text(rng))?;
            comments::insert(&mut self.board, card, &body).await?;
        }
        self.board.record().await
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

/// A random time less than `range` microseconds after `from`.
fn some_time(rng: &mut StdRng, from: i64, range: i64) -> Timestamp {
    Timestamp::from_micros(from + rng.random_range(0..range)).unwrap_or(Timestamp::EPOCH)
}

/// Random Markdown text.
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
