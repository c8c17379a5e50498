//! Changes to the viewer's account.

use super::confirm::{check_password, credentials, wrong_password};
use crate::domain::{
    At, Client, Email, EmailKey, Error, MailContent, Name, Password, PublicId, Result, SessionId,
    User, Viewer, rejection,
};
use crate::service::mail_senders::{self, NewMail};
use crate::service::sessions::{self, NewSession, Started};
use crate::service::{LogIn, Services};
use crate::store::user_writes::Changes;
use crate::store::users::Credentials;
use crate::store::{Tx, user_writes};

/// Changes to the viewer's account. `None` leaves the field unchanged.
pub struct AccountChanges {
    /// The new e-mail address.
    pub email: Option<Email>,
    /// The new password.
    pub password: Option<Password>,
    /// The new name.
    pub name: Option<Name>,
}

/// The result of [`update`].
pub enum Updated {
    /// The sessions continue.
    Account(User),
    /// All sessions have ended, and a new one has begun.
    LoggedIn(Box<LogIn>),
    /// All sessions have ended, and the new address must be verified before a new one can begin.
    LoggedOut(User),
}

struct Update {
    viewer: Viewer,
    /// The hash of the current password; `None` if it was not asked for.
    confirmed: Option<String>,
    changes: Changes,
    /// Whether the address or the password changes.
    ends_sessions: bool,
    /// The new session.
    session: Option<NewSession>,
    /// They tell of what ends the sessions.
    mails: Vec<NewMail>,
}

/// Changes the account. A new e-mail address and a new password require the current password: BAD_USER_INPUT without it.
/// They end all sessions, and a new one begins, unless a new address must be verified first.
pub async fn update(
    services: &Services,
    client: &Client,
    viewer: Viewer,
    current_password: Option<String>,
    changes: AccountChanges,
) -> Result<Updated> {
    let is_confirmed = current_password.is_some();
    let known = confirm(services, client, viewer, current_password, &changes).await?;
    let changes = differences(services, client, &known.user, changes).await?;
    if changes.is_empty() {
        return Ok(Updated::Account(known.user));
    }
    let ends_sessions = changes.email.is_some() || changes.password_hash.is_some();
    let must_verify = changes.is_other_mailbox && services.accounts.require_verified_email;
    let session =
        (ends_sessions && !must_verify).then(|| NewSession::new(services, viewer.key, client));
    let mails = mails(services, &known.user, &changes);
    let confirmed = is_confirmed.then_some(known.password_hash);
    let update = Update { viewer, confirmed, changes, ends_sessions, session, mails };
    let forget = services.sessions.forgetting();
    let updated = services.db.write_then(
        update,
        async |tx, update| store(tx, update).await,
        move |(_, _, ended)| forget(ended),
    );
    let (user, started, _) = updated.await?;
    services.mails.wake();
    tracing::info!(user = user.id.to_public(), ends_sessions, "an account was changed");
    match started {
        Some(started) => Ok(Updated::LoggedIn(Box::new(started.log_in(services, user)?))),
        None if ends_sessions => Ok(Updated::LoggedOut(user)),
        None => Ok(Updated::Account(user)),
    }
}

/// Checks the current password, if it is given. The address and the password cannot be changed without it.
async fn confirm(
    services: &Services,
    client: &Client,
    viewer: Viewer,
    current_password: Option<String>,
    changes: &AccountChanges,
) -> Result<Credentials> {
    match current_password {
        Some(current) => check_password(services, client, viewer, current).await,
        None if changes.email.is_some() || changes.password.is_some() => {
            Err(rejection::password_required().at("currentPassword"))
        }
        None => credentials(services, viewer).await,
    }
}

/// What differs from the account as it is. A new password counts, even if it is the old one.
async fn differences(
    services: &Services,
    client: &Client,
    user: &User,
    changes: AccountChanges,
) -> Result<Changes> {
    let AccountChanges { email, password, name } = changes;
    let password_hash = match password {
        Some(password) => Some(services.passwords.hash(client, password).await?),
        None => None,
    };
    let email = email.filter(|email| email.as_str() != user.email);
    let name = name.filter(|name| name.as_str() != user.name);
    let is_other_mailbox =
        email.as_ref().is_some_and(|email| *email.key() != EmailKey::of(&user.email));
    Ok(Changes { email, password_hash, name, is_other_mailbox })
}

/// The mails that tell of the changes: to the new address, and to the former one, in case that somebody else has made them.
fn mails(services: &Services, user: &User, changes: &Changes) -> Vec<NewMail> {
    let new = changes.email.as_ref().filter(|_| changes.is_other_mailbox);
    let verify =
        |email: &Email| mail_senders::limited(services, email.as_str(), MailContent::VerifyEmail);
    let notice = |content| mail_senders::notice(services, user, content);
    let mails = [
        new.and_then(verify),
        new.and_then(|_| notice(MailContent::EmailChanged)),
        changes.password_hash.as_ref().and_then(|_| notice(MailContent::PasswordChanged)),
    ];
    mails.into_iter().flatten().collect()
}

async fn store(tx: &mut Tx, update: &Update) -> Result<(User, Option<Started>, Vec<SessionId>)> {
    let (viewer, now) = (update.viewer, tx.now());
    let confirmed = update.confirmed.as_deref();
    let user = user_writes::update(tx, viewer.key, confirmed, &update.changes, now).await?;
    let user =
        user.ok_or_else(|| confirmed.map_or(Error::Unauthenticated, |_| wrong_password()))?;
    if !update.ends_sessions {
        return Ok((user, None, Vec::new()));
    }
    let ended = sessions::revoke_all(tx, viewer.key).await?;
    let started = match &update.session {
        Some(session) => Some(session.insert(tx).await?),
        None => None,
    };
    for mail in &update.mails {
        mail.insert(tx).await?;
    }
    Ok((user, started, ended))
}
