//! Log-in.

use crate::domain::{
    Client, EmailKey, Error, MailContent, Password, PublicId, QueuedMail, Result, User, UserKey,
    neighbourhood, rejection,
};
use crate::metrics;
use crate::service::passwords::Verdict;
use crate::service::sessions::{NewSession, Started};
use crate::service::{LogIn, Services, mail_senders};
use crate::store::users::{self, Credentials};
use crate::store::{Tx, known_networks, outbox, user_writes};

/// Checks e-mail address and password and starts a session. INVALID_CREDENTIALS if they are wrong;
/// FORBIDDEN if the address must be verified first; RATE_LIMITED after too many attempts.
///
/// An unknown address gives the same error after the same time as a wrong password. A hash made with
/// outdated parameters, or of a password that is not in NFC, is renewed.
pub async fn log_in(
    services: &Services,
    client: &Client,
    email: &str,
    password: String,
) -> Result<LogIn> {
    let result = log_in_unless_limited(services, client, email, password).await;
    metrics::get().accounts.log_ins.of(outcome(&result)).inc();
    if let Err(Error::InvalidCredentials | Error::RateLimited { .. }) = &result {
        // Helps to detect attacks. Not with the entered e-mail address: it may be a mistyped password.
        let address = client.address.map(|address| address.to_string());
        let limited = matches!(result, Err(Error::RateLimited { .. }));
        tracing::warn!(address, limited, "a log-in attempt was rejected");
    }
    result
}

fn outcome(result: &Result<LogIn>) -> metrics::LogIn {
    match result {
        Ok(_) => metrics::LogIn::Ok,
        Err(Error::InvalidCredentials) => metrics::LogIn::Wrong,
        Err(Error::Forbidden { .. }) => metrics::LogIn::Unverified,
        Err(Error::RateLimited { .. }) => metrics::LogIn::Limited,
        Err(_) => metrics::LogIn::Failed,
    }
}

async fn log_in_unless_limited(
    services: &Services,
    client: &Client,
    email: &str,
    password: String,
) -> Result<LogIn> {
    services.attempts.from(client)?;
    let email = EmailKey::parse(email).ok();
    email.as_ref().map_or(Ok(()), |email| services.attempts.at(email))?;
    // Retried once if the stored address or hash changes meanwhile: another log-in may have renewed the
    // hash for the same password.
    for _ in 0..2 {
        if let Some(log_in) = try_log_in(services, client, email.as_ref(), &password).await? {
            return Ok(log_in);
        }
    }
    Err(Error::InvalidCredentials)
}

/// Returns `None` if the account's address or hash has changed since it was read.
async fn try_log_in(
    services: &Services,
    client: &Client,
    email: Option<&EmailKey>,
    password: &str,
) -> Result<Option<LogIn>> {
    let known = match email {
        Some(email) => users::credentials_by_email(&mut services.db.read().await?, email).await?,
        None => None,
    };
    let verdict = services.passwords.verify(client, password.to_owned(), known.as_ref()).await?;
    let right = known.filter(|_| verdict != Verdict::Wrong);
    let Credentials { user, password_hash } = right.ok_or(Error::InvalidCredentials)?;
    require_verified(services, &user).await?;
    let id = user.key;
    let begun = begin(services, client, &user, &password_hash).await?;
    let log_in = begun.map(|started| started.log_in(services, user)).transpose()?;
    if let Some(LogIn { user, session, .. }) = &log_in {
        tracing::info!(user = user.id.to_public(), session = session.id.0, "a session has begun");
    }
    if log_in.is_some() && verdict == Verdict::Outdated {
        renew_hash(services, client, id, password_hash, Password::entered(password)).await;
    }
    Ok(log_in)
}

/// FORBIDDEN if the address must be verified first. Then another mail is sent.
async fn require_verified(services: &Services, user: &User) -> Result<()> {
    if user.email_verified_at.is_some() || !services.accounts.require_verified_email {
        return Ok(());
    }
    mail_senders::send(services, &user.email, MailContent::VerifyEmail).await?;
    Err(rejection::address_not_verified())
}

/// A session to be started by a log-in.
struct Begin {
    user: UserKey,
    email: String,
    hash: String,
    session: NewSession,
    network: Option<String>,
    /// Sent if the network is new.
    notice: Option<QueuedMail>,
}

/// Starts a session. `None` if the account has another address or hash by now, or was disabled.
async fn begin(
    services: &Services,
    client: &Client,
    user: &User,
    hash: &str,
) -> Result<Option<Started>> {
    let network = client.address.map(neighbourhood);
    // Whoever signs up with the address of somebody else must not be able to send mails there.
    let is_verified = user.email_verified_at.is_some();
    let notice = network.clone().filter(|_| is_verified).and_then(|network| {
        let user_agent = client.user_agent.clone();
        services.mails.mail(&user.email, MailContent::NewNetwork { network, user_agent })
    });
    let begin = Begin {
        user: user.key,
        email: user.email.clone(),
        hash: hash.to_owned(),
        session: NewSession::new(services, user.key, client),
        network,
        notice,
    };
    let forget = services.sessions.forgetting();
    let begun = services.db.write_then(
        begin,
        async |tx, begin| insert(tx, begin).await,
        move |started| forget(started.as_ref().map_or(&[][..], |started| &started.ended)),
    );
    let begun = begun.await?;
    services.mails.wake();
    Ok(begun)
}

async fn insert(tx: &mut Tx, begin: &Begin) -> Result<Option<Started>> {
    if !user_writes::lock(tx, begin.user, &begin.email, &begin.hash).await? {
        return Ok(None);
    }
    if let Some(network) = &begin.network
        && known_networks::note(tx, begin.user, network).await?
        && let Some(notice) = &begin.notice
    {
        outbox::insert(tx, notice).await?;
    }
    begin.session.insert(tx).await.map(Some)
}

/// Stores a new hash of the password. The log-in has already succeeded, so a failure is only logged;
/// the next log-in tries again.
async fn renew_hash(
    services: &Services,
    client: &Client,
    user: UserKey,
    old: String,
    password: Password,
) {
    let Ok(new) = services.passwords.hash(client, password).await else {
        return;
    };
    let input = (user, old, new);
    let renewed = services
        .db
        .write(input, async |tx, (user, old, new)| user_writes::rehash(tx, *user, old, new).await);
    if renewed.await.is_err() {
        tracing::warn!("failed to renew a password hash");
    }
}
