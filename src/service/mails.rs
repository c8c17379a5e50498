//! Mails to users (ADR 68). They are queued in the transaction that causes them; `mail_senders.rs` sends them.

use tokio::sync::Notify;

use crate::domain::{MailContent, QueuedMail, Result, rejection};
use crate::mail::Mailer;

/// Queues mails, if the server sends any.
pub(super) struct Mails {
    mailer: Option<Mailer>,
    queued: Notify,
}

impl Mails {
    pub(super) fn new(mailer: Option<Mailer>) -> Self {
        Self { mailer, queued: Notify::new() }
    }

    /// FORBIDDEN if the server sends no mail.
    pub(super) fn require(&self) -> Result<()> {
        self.mailer.as_ref().map(drop).ok_or_else(rejection::no_mail)
    }

    /// A mail to be queued; `None` if the server sends no mail.
    pub(super) fn mail(&self, email: &str, content: MailContent) -> Option<QueuedMail> {
        self.mailer.as_ref().map(|_| QueuedMail { email: email.to_owned(), content })
    }

    /// The mailer, if the server sends mails.
    pub(super) fn mailer(&self) -> Option<&Mailer> {
        self.mailer.as_ref()
    }

    /// Waits until something was queued.
    pub(super) async fn queued(&self) {
        self.queued.notified().await;
    }

    /// Sends what was queued at once. Call it after the commit.
    pub(super) fn wake(&self) {
        self.queued.notify_one();
    }
}
