//! Sends queued mails (ADR 68).

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::attempts::Attempts;
use super::mail_texts::{self, Link};
use super::{Services, mail_tokens};
use crate::domain::{EmailKey, Error, MailContent, MailPurpose, QueuedMail, Result, User};
use crate::mail::{Failure, Mail, Mailer};
use crate::metrics::{self, Mailing};
use crate::store::outbox::{self, LeasedMail};
use crate::store::{Tx, users};

/// The number of mails that are sent at the same time, so that a slow conversation does not delay all others.
const SENDERS: usize = 4;

/// The longest time until queued mails are looked for: those of other instances, and those that failed.
const LOOK: Duration = Duration::from_secs(10);

/// How long a mail belongs to the instance that sends it, in seconds. Longer than sending can take.
const LEASE: u32 = 180;

/// The pauses after failures, in seconds: twice as long each time.
const FIRST_PAUSE: u32 = 15;
const LONGEST_PAUSE: u32 = 3600;

/// After this time, in seconds, a mail that cannot be sent is dropped.
const GIVE_UP: i64 = 24 * 60 * 60;

/// Queues a mail that the recipient may not have asked for. Returns `false` if too many were sent to this address.
pub(super) async fn send(services: &Services, email: &str, content: MailContent) -> Result<bool> {
    let Some(mail) = limited(services, email, content) else { return Ok(false) };
    let is_queued = services.db.write(mail, async |tx, mail| mail.insert(tx).await).await?;
    services.mails.wake();
    Ok(is_queued)
}

/// A mail to be queued.
pub(super) struct NewMail {
    mail: QueuedMail,
    /// The limit of mails to one address, if it holds.
    limit: Option<Arc<Attempts>>,
}

/// A mail that the recipient may not have asked for; `None` if the server sends no mail.
pub(super) fn limited(services: &Services, email: &str, content: MailContent) -> Option<NewMail> {
    let mail = services.mails.mail(email, content)?;
    Some(NewMail { mail, limit: Some(Arc::clone(&services.attempts)) })
}

/// A notice to the owner of an account. Limited only if the address is not verified, which may belong to somebody else:
/// otherwise a thief could use up the limit before a change of which the owner must hear.
pub(super) fn notice(services: &Services, user: &User, content: MailContent) -> Option<NewMail> {
    let mail = services.mails.mail(&user.email, content)?;
    let limit = user.email_verified_at.is_none().then(|| Arc::clone(&services.attempts));
    Some(NewMail { mail, limit })
}

impl NewMail {
    /// Queues the mail. Returns `false` if too many were sent to this address. Call it when nothing else can fail, so that
    /// attempts that fail do not count.
    pub(super) async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let kind = format!("{:?}", std::mem::discriminant(&self.mail.content));
        let email = EmailKey::of(&self.mail.email);
        if self.limit.as_ref().is_some_and(|limit| !limit.may_mail(&kind, &email)) {
            return Ok(false);
        }
        outbox::insert(tx, &self.mail).await?;
        Ok(true)
    }
}

/// Sends queued mails until `stop` is ready. Then finishes those that are being sent, which would be sent again otherwise.
/// Several instances may run it at the same time.
pub async fn keep_up(services: &Services, stop: impl Future<Output = ()>) {
    let stop = stop.shared();
    let Some(mailer) = services.mails.mailer() else { return stop.await };
    join_all((0..SENDERS).map(|_| send_all(services, mailer, stop.clone()))).await;
}

async fn send_all(services: &Services, mailer: &Mailer, stop: impl Future<Output = ()> + Clone) {
    let mut stop = pin!(stop);
    while stop.as_mut().now_or_never().is_none() {
        // Errors have already been logged; the next look tries again.
        if let Ok(true) = send_next(services, mailer).await {
            // There may be more, for another sender too.
            services.mails.wake();
            continue;
        }
        tokio::select! {
            _ = timeout(LOOK, services.mails.queued()) => {}
            () = &mut stop => return,
        }
    }
}

/// Sends the mail that is due longest. Returns `false` if none is due.
async fn send_next(services: &Services, mailer: &Mailer) -> Result<bool> {
    let now = services.db.now();
    if !outbox::any_due(&mut services.db.read().await?, now).await? {
        return Ok(false);
    }
    let lease = services.db.write((), async |tx, ()| {
        let until = tx.now().seconds_after(LEASE);
        outbox::lease(tx, until).await
    });
    let Some(leased) = lease.await? else { return Ok(false) };
    let content = match serde_json::from_str(&leased.content) {
        Ok(content) => content,
        Err(error) => {
            let reason = format!("its content is not known to this version: {error}");
            settle(services, &leased, GIVE_UP, Err(Failure::Temporary(reason))).await?;
            return Ok(true);
        }
    };
    // A panic is about this mail only: others are sent.
    let sent = AssertUnwindSafe(send_one(services, mailer, &leased.email, &content)).catch_unwind();
    match sent.await.unwrap_or(Err(Error::Internal)) {
        Ok(Some(sent)) => settle(services, &leased, life(&content), sent).await?,
        Ok(None) => keep_until(services, leased.id, None).await?,
        Err(error) if is_outage(&error) => return Err(error),
        Err(_) => {
            let reason = "its text cannot be made; the log has the cause".to_owned();
            let failed = Err(Failure::Temporary(reason));
            settle(services, &leased, life(&content), failed).await?;
        }
    }
    Ok(true)
}

/// Sends a mail; `None` if it is not needed any more. The outer error is that of its text.
async fn send_one(
    services: &Services,
    mailer: &Mailer,
    email: &str,
    content: &MailContent,
) -> Result<Option<std::result::Result<(), Failure>>> {
    let Some(mail) = compose(services, mailer, email, content).await? else { return Ok(None) };
    Ok(Some(mailer.send(mail).await))
}

/// Whether an error is not about the mail. Then it is tried again when its lease ends, however long the outage is.
fn is_outage(error: &Error) -> bool {
    matches!(error, Error::Unavailable | Error::Contention | Error::OutcomeUnknown)
}

/// How long a mail is worth sending, in seconds.
fn life(content: &MailContent) -> i64 {
    match content {
        // The request is too old by then; a token that nobody expects would confuse the user.
        MailContent::ResetPassword => MailPurpose::ResetPassword.seconds().into(),
        _ => GIVE_UP,
    }
}

/// Deletes a mail that was sent, or will never be; otherwise postpones it.
async fn settle(
    services: &Services,
    leased: &LeasedMail,
    life: i64,
    outcome: std::result::Result<(), Failure>,
) -> Result<()> {
    let id = leased.id;
    let is_old = services.db.now().seconds_since(leased.created_at) > life;
    let postpone = match outcome {
        Ok(()) => {
            count(Mailing::Sent);
            None
        }
        Err(Failure::Temporary(reason)) if !is_old => {
            count(Mailing::Postponed);
            tracing::warn!(
                id,
                attempts = leased.attempts,
                reason,
                "a mail was not sent; it is tried again"
            );
            Some(pause(leased.attempts))
        }
        Err(Failure::Temporary(reason) | Failure::Permanent(reason)) => {
            count(Mailing::Dropped);
            tracing::error!(id, reason, "a mail was dropped");
            None
        }
    };
    keep_until(services, id, postpone).await
}

/// Sends a mail again after so many seconds; `None` deletes it.
async fn keep_until(services: &Services, id: i64, seconds: Option<u32>) -> Result<()> {
    let kept = services.db.write((id, seconds), async |tx, (id, seconds)| match seconds {
        Some(seconds) => {
            let until = tx.now().seconds_after(*seconds);
            outbox::postpone(tx, *id, until).await
        }
        None => outbox::delete(tx, *id).await,
    });
    kept.await
}

fn count(outcome: Mailing) {
    metrics::get().accounts.mails.of(outcome).inc();
}

fn pause(attempts: i64) -> u32 {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
    (FIRST_PAUSE << doublings).min(LONGEST_PAUSE)
}

/// The mail; `None` if there is nothing to send any more. Tokens are made here, so that the database never has them.
async fn compose(
    services: &Services,
    mailer: &Mailer,
    email: &str,
    content: &MailContent,
) -> Result<Option<Mail>> {
    let purpose = match content {
        MailContent::ResetPassword => MailPurpose::ResetPassword,
        MailContent::VerifyEmail => MailPurpose::VerifyEmail,
        MailContent::NewNetwork { .. }
        | MailContent::PasswordChanged
        | MailContent::EmailChanged => {
            let text = mail_texts::notice(mailer.public_url(), content);
            return Ok(text.map(|text| text.to(email.to_owned())));
        }
    };
    let key = EmailKey::of(email);
    let found = users::credentials_by_email(&mut services.db.read().await?, &key).await?;
    let is_done =
        |user: &User| purpose == MailPurpose::VerifyEmail && user.email_verified_at.is_some();
    let Some(user) = found.map(|found| found.user).filter(|user| !is_done(user)) else {
        return Ok(None);
    };
    let to = user.email.clone();
    let Some(token) = mail_tokens::issue(services, user, purpose).await? else { return Ok(None) };
    let link = Link { url: mailer.link(page(purpose), &token), token };
    Ok(Some(mail_texts::with_link(purpose, &link).to(to)))
}

/// The page of the front end that takes the token.
fn page(purpose: MailPurpose) -> &'static str {
    match purpose {
        MailPurpose::ResetPassword => "reset-password",
        MailPurpose::VerifyEmail => "verify-email",
    }
}
