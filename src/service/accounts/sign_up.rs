//! Sign-up.

use crate::config::SignUps;
use crate::domain::{
    Client, Email, MailContent, Name, Password, Result, User, neighbourhood, rejection,
};
use crate::service::Services;
use crate::service::mail_senders::{self, NewMail};
use crate::store::{known_networks, user_writes};

struct NewAccount {
    email: Email,
    name: Name,
    hash: String,
    network: Option<String>,
    mail: Option<NewMail>,
}

/// Creates an account, and sends a mail to verify its address if mail is set up. CONFLICT if an account with this e-mail
/// address exists; FORBIDDEN if sign-ups are closed; RATE_LIMITED after too many attempts.
pub async fn sign_up(
    services: &Services,
    client: &Client,
    email: Email,
    password: Password,
    name: Option<Name>,
) -> Result<User> {
    if services.accounts.sign_ups == SignUps::Closed {
        return Err(rejection::sign_ups_closed());
    }
    services.attempts.from(client)?;
    let hash = services.passwords.hash(client, password).await?;
    let name = name.unwrap_or_else(|| Name::of(email.as_str()));
    let mail = mail_senders::limited(services, email.as_str(), MailContent::VerifyEmail);
    let network = client.address.map(neighbourhood);
    let new = NewAccount { email, name, hash, network, mail };
    let user = services.db.write(new, async |tx, new| {
        let now = tx.now();
        let user = user_writes::insert(tx, &new.email, &new.name, &new.hash, now).await?;
        if let Some(network) = &new.network {
            known_networks::note(tx, user.key, network).await?;
        }
        if let Some(mail) = &new.mail {
            mail.insert(tx).await?;
        }
        Ok(user)
    });
    let user = user.await?;
    services.mails.wake();
    Ok(user)
}
