//! Demo data for `kanban seed`.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

mod history;
mod words;

use super::Services;
use crate::domain::{
    BoardId, BoardRole, Card, CardColumn, Client, Description, Email, Error, LabelId, LabelName,
    Name, NewBoard, NewCard, Password, Result, Timestamp, Title, User, UserKey, rejection,
};
use crate::store::lock::{Admin, BoardTx, lock_board};
use crate::store::{Tx, boards, card_writes, labels, members, user_writes, users};
use words::{FIRST_NAMES, GOALS, LABELS, LAST_NAMES, PROJECTS, THINGS, VERBS};

/// The password of all demo users.
const PASSWORD: &str = "password";

/// The maximum number of cards per INSERT statement.
const CHUNK: usize = 50;

/// One hour in microseconds.
const HOUR: i64 = 3_600_000_000;

/// One day in microseconds.
const DAY: i64 = 24 * HOUR;

/// The numbers of days before today between which accounts and boards are created. What happens on a board afterwards takes
/// less than 40 days.
const ACCOUNTS: [i64; 2] = [500, 400];
const BOARDS: [i64; 2] = [390, 60];

/// The maximum number of days in which the cards of a board are created.
const CARDS: i64 = 20;

/// The amount of demo data.
#[derive(Clone, Copy)]
pub struct Size {
    /// The number of users; at least one.
    pub users: usize,
    /// The number of boards, each with 1 to 3 members.
    pub boards: usize,
    /// The number of cards, each with 0 to 4 labels, spread over the boards. A few more boards and cards are in the trash.
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
    /// The seed of the random generator. On one day, the same seed gives the same data, except for the users'
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
    let hash = services.passwords.hash(&Client::default(), password).await?;
    services.db.write((plan, hash), async |tx, (plan, hash)| fill(tx, plan, hash).await).await
}

async fn fill(tx: &mut Tx, plan: &Plan, hash: &str) -> Result<String> {
    match plan.target {
        Target::Empty if users::any(tx).await? => {
            return Err(rejection::database_has_users());
        }
        Target::Reset => {
            boards::delete_all(tx).await?;
            user_writes::delete_all(tx).await?;
        }
        Target::Empty | Target::Append => {}
    }
    let now = tx.now().micros();
    let mut filler =
        Filler { rng: StdRng::seed_from_u64(plan.seed), today: now - now.rem_euclid(DAY) };
    let people = filler.people(tx, plan.size.users, hash).await?;
    let mut done = 0;
    for number in 0..plan.size.boards {
        // Spreads the cards over the boards as evenly as possible.
        let until = plan.size.cards * (number + 1) / plan.size.boards;
        let board = filler.board(tx, &people, until - done).await?;
        filler.work(tx, &board).await?;
        done = until;
        (plan.progress)(done);
    }
    for _ in 0..plan.size.boards.div_ceil(10) {
        let board = filler.board(tx, &people, 5).await?;
        filler.delete_board(tx, &board).await?;
    }
    people.into_iter().next().map(|user| user.email).ok_or(Error::Internal)
}

/// Creates demo data.
struct Filler {
    rng: StdRng,
    /// The beginning of the day, in microseconds since the Unix epoch.
    today: i64,
}

/// A board with demo data.
struct DemoBoard<'p> {
    id: BoardId,
    /// The ADMIN who has created it.
    owner: &'p User,
    /// The members who may change cards.
    editors: Vec<&'p User>,
    /// Some of its cards.
    cards: Vec<Card>,
    /// The time of its latest change.
    time: Timestamp,
}

impl Filler {
    /// Creates `user1@example.com`, `user2@example.com`, …, numbered after the existing demo users.
    async fn people(&mut self, tx: &mut Tx, count: usize, hash: &str) -> Result<Vec<User>> {
        let taken = users::emails_like(tx, "user%@example.com").await?;
        let number =
            |email: &String| email.strip_prefix("user")?.split('@').next()?.parse::<u32>().ok();
        let first = taken.iter().filter_map(number).max().unwrap_or(0) as usize + 1;
        let mut people = Vec::new();
        for number in first..first + count {
            let email = Email::parse(&format!("user{number}@example.com"))?;
            let name = format!("{} {}", self.one_of(FIRST_NAMES), self.one_of(LAST_NAMES));
            let time = self.days_ago(ACCOUNTS);
            people.push(user_writes::insert(tx, &email, &Name::parse(&name)?, hash, time).await?);
        }
        Ok(people)
    }

    /// Creates a board with one to three members, names for some of its labels, and cards.
    async fn board<'p>(
        &mut self,
        tx: &mut Tx,
        people: &'p [User],
        count: usize,
    ) -> Result<DemoBoard<'p>> {
        let mut chosen: Vec<&User> = people.iter().collect();
        chosen.shuffle(&mut self.rng);
        chosen.truncate(self.rng.random_range(1..=3));
        let Some((owner, others)) = chosen.split_first() else {
            return Err(rejection::boards_need_users());
        };
        let new = NewBoard {
            title: Title::parse(&format!("{} {}", self.one_of(PROJECTS), self.one_of(GOALS)))?,
            description: Description::parse(&self.text())?,
        };
        let time = self.days_ago(BOARDS);
        let (board, _) = boards::insert(tx, owner.key, &new, time).await?;
        let mut board: BoardTx<Admin> = lock_board(tx, owner.key, board.id).await?;
        board.set_now(self.after(time, DAY));
        let first = people.first().map(|user| user.key);
        let editors = [vec![*owner], self.add_members(&mut board, others, first).await?].concat();
        let labels = self.name_labels(&mut board).await?;
        board.record().await?;
        let (mut cards, mut left) = (Vec::new(), count);
        let chunks = i64::try_from(count.div_ceil(CHUNK)).unwrap_or(i64::MAX);
        let pause = HOUR.min(CARDS * DAY / chunks.max(1));
        while left > 0 {
            let chunk = CHUNK.min(left);
            let time = self.after(board.now(), pause);
            board.set_now(time);
            cards = self.add_cards(&mut board, &labels, chunk).await?;
            left -= chunk;
        }
        Ok(DemoBoard { id: board.id(), owner, editors, cards, time: board.now() })
    }

    /// Returns those who may change cards. The `first` user, as whom people look around, may do everything on every board.
    async fn add_members<'p>(
        &mut self,
        board: &mut BoardTx<'_, Admin>,
        others: &[&'p User],
        first: Option<UserKey>,
    ) -> Result<Vec<&'p User>> {
        let mut editors = Vec::new();
        for user in others {
            let any = *BoardRole::ALL.choose(&mut self.rng).unwrap_or(&BoardRole::Member);
            let role = if Some(user.key) == first { BoardRole::Admin } else { any };
            members::insert(board, user, role).await?;
            if role != BoardRole::Viewer {
                editors.push(*user);
            }
        }
        Ok(editors)
    }

    /// Returns the keys of the labels.
    async fn name_labels(&mut self, board: &mut BoardTx<'_, Admin>) -> Result<Vec<LabelId>> {
        let access = board.access()?;
        let labels = labels::of_board(board.conn(), access).await?;
        for (label, names) in labels.iter().zip(LABELS) {
            let name = LabelName::parse(self.one_of(names))?;
            labels::update(board, label, None, Some(&name)).await?;
        }
        Ok(labels.iter().map(|label| label.id).collect())
    }

    async fn add_cards(
        &mut self,
        board: &mut BoardTx<'_, Admin>,
        labels: &[LabelId],
        count: usize,
    ) -> Result<Vec<Card>> {
        let (new, labels): (Vec<_>, Vec<_>) =
            (0..count).map(|_| self.card(labels)).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let context = card_writes::insert_context(board, &new).await?;
        let new: Vec<_> = new.iter().zip(labels).collect();
        let cards = card_writes::insert(board, &context, &new)?;
        board.record().await?;
        Ok(cards)
    }

    fn card(&mut self, labels: &[LabelId]) -> Result<(NewCard, Vec<LabelId>)> {
        let card = NewCard {
            title: Title::parse(&self.title())?,
            description: Description::parse(&self.text())?,
            column: *CardColumn::ALL.choose(&mut self.rng).unwrap_or(&CardColumn::Backlog),
            labels: Vec::new(),
        };
        let count = self.rng.random_range(0..=3);
        let mut labels: Vec<LabelId> = labels.sample(&mut self.rng, count).copied().collect();
        labels.sort_unstable();
        Ok((card, labels))
    }

    /// A random time less than `range` microseconds after `from`.
    fn after(&mut self, from: Timestamp, range: i64) -> Timestamp {
        time(from.micros() + self.rng.random_range(0..range))
    }

    /// A random time between two numbers of days before today.
    fn days_ago(&mut self, [from, to]: [i64; 2]) -> Timestamp {
        time(self.today - self.rng.random_range(to * DAY..from * DAY))
    }

    fn title(&mut self) -> String {
        format!("{} the {}", self.one_of(VERBS), self.one_of(THINGS))
    }

    fn task(&mut self) -> String {
        let done = if self.rng.random_bool(0.4) { "x" } else { " " };
        format!("- [{done}] {}\n", self.title().to_lowercase())
    }

    /// Random Markdown text.
    fn text(&mut self) -> String {
        let count = self.rng.random_range(0..4);
        let tasks: String = (0..count).map(|_| self.task()).collect();
        format!("**{}** matters for the *{}*.\n\n{tasks}", self.one_of(GOALS), self.one_of(THINGS))
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words.choose(&mut self.rng).copied().unwrap_or_default()
    }
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap_or(Timestamp::EPOCH)
}
