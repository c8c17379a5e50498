//! What people have done on the demo boards after their creation.

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};

use super::words::REMARKS;
use super::{DAY, DemoBoard, Filler};
use crate::domain::{
    Card, CardChanges, CardColumn, CommentBody, EventPayload, LabelColor, LabelsChange, Result,
    Title, excerpt,
};
use crate::service::card_changes::change;
use crate::store::card_writes::{self, LabelsDelta};
use crate::store::lock::{Admin, BoardTx, Editor, lock_board};
use crate::store::{Tx, boards, comments};

/// The numbers of days before today between which boards and cards are deleted: they stay in the trash for ten days at least.
const DELETIONS: [i64; 2] = [20, 1];

impl Filler {
    /// Each member who may do so comments on cards, moves some and changes others; then the creator deletes some that were
    /// added meanwhile.
    pub(super) async fn work(&mut self, tx: &mut Tx, demo: &DemoBoard<'_>) -> Result<()> {
        let (mut cards, mut time) = (demo.cards.clone(), demo.time);
        cards.shuffle(&mut self.rng);
        let mut cards = cards.into_iter();
        for user in &demo.editors {
            let mut board: BoardTx<Editor> = lock_board(tx, user.key, demo.id).await?;
            for card in cards.by_ref().take(2) {
                time = self.after(time, 3 * DAY);
                board.set_now(time);
                self.comment(&mut board, &card).await?;
                let changes = self.changes()?;
                change(&mut board, &card, &changes).await?;
                board.record().await?;
            }
        }
        self.delete_cards(tx, demo).await
    }

    async fn comment(&mut self, board: &mut BoardTx<'_, Editor>, card: &Card) -> Result<()> {
        let text = format!("{} {}", self.one_of(REMARKS), self.text());
        comments::insert(board, card, &CommentBody::parse(&text)?).await?;
        Ok(())
    }

    fn changes(&mut self) -> Result<CardChanges> {
        let labels = LabelColor::ALL.sample(&mut self.rng, 1).copied().collect();
        let title = self.title();
        Ok(CardChanges {
            title: self.rng.random_bool(0.3).then(|| Title::parse(&title)).transpose()?,
            column: CardColumn::ALL.choose(&mut self.rng).copied(),
            labels: self.rng.random_bool(0.5).then_some(LabelsChange::Add(labels)),
            description: None,
        })
    }

    async fn delete_cards(&mut self, tx: &mut Tx, demo: &DemoBoard<'_>) -> Result<()> {
        let mut board: BoardTx<Admin> = lock_board(tx, demo.owner.key, demo.id).await?;
        board.set_now(self.days_ago(DELETIONS));
        let count = self.rng.random_range(1..=3);
        for card in self.add_cards(&mut board, &[], count).await? {
            let event = EventPayload::CardDeleted { card: card.id, title: excerpt(&card.title) };
            let gone = Card { deleted_at: Some(board.now()), ..card.clone() };
            card_writes::save(&mut board, &card, gone, &LabelsDelta::default(), vec![event]);
        }
        board.record().await
    }

    /// Puts a board into the trash.
    pub(super) async fn delete_board(&mut self, tx: &mut Tx, demo: &DemoBoard<'_>) -> Result<()> {
        let mut board: BoardTx<Admin> = lock_board(tx, demo.owner.key, demo.id).await?;
        board.set_now(self.days_ago(DELETIONS));
        boards::delete(&mut board).await?;
        board.record().await
    }
}
