//! Sends mails by SMTP. lettre is named in this module only.

use std::time::Duration;

use data_encoding::HEXLOWER;
use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::message::header::{self, HeaderName, HeaderValue};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error as SmtpError};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use crate::config::{self, StartError};

/// The time limit of an attempt to connect to one of the mail server's addresses.
const CONNECT: Duration = Duration::from_secs(15);

/// Sends mails.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    public_url: Url,
    /// The time limit of a conversation: lettre has none after it has connected.
    limit: Duration,
}

/// A mail in plain text.
pub struct Mail {
    /// The address of the recipient.
    pub to: String,
    /// The subject line.
    pub subject: &'static str,
    /// The text.
    pub text: String,
}

/// Why a mail was not sent. The text names no address.
#[derive(Debug)]
pub enum Failure {
    /// Another attempt may succeed.
    Temporary(String),
    /// No attempt can succeed: the address is not valid for mail, or the mail server does not know it.
    Permanent(String),
}

impl Mailer {
    /// A mailer for the mail server in the settings; `None` if there is none. Does not connect. Fails if a setting is
    /// invalid.
    pub fn new(settings: &config::Mail) -> Result<Option<Self>, StartError> {
        let (Some(smtp), Some(public_url)) = (&settings.smtp, &settings.public_url) else {
            return Ok(None);
        };
        let host = public_url.host_str().unwrap_or_default();
        let from = settings.from.clone().unwrap_or_else(|| format!("no-reply@{host}"));
        let from = from.parse().map_err(|_| {
            StartError::new("MAIL_FROM: must be an address such as Kanban <kanban@example.com>")
        })?;
        let transport = transport(smtp.expose(), host)?;
        Ok(Some(Self { transport, from, public_url: public_url.clone(), limit: settings.limit }))
    }

    /// The URL of a page of the front end, with a token behind #, where neither servers nor `Referer` headers see it.
    pub fn link(&self, page: &str, token: &str) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}/{page}#token={token}")
    }

    /// The URL of the front end.
    pub fn public_url(&self) -> &str {
        self.public_url.as_str()
    }

    /// lettre would name the machine, or `localhost`.
    fn new_message_id(&self) -> String {
        let id = HEXLOWER.encode(&rand::random::<[u8; 16]>());
        format!("<{id}@{}>", self.from.email.domain())
    }

    /// Sends a mail, within the time limit of a conversation.
    pub async fn send(&self, mail: Mail) -> Result<(), Failure> {
        let Ok(to) = mail.to.parse::<Address>() else {
            return Err(Failure::Permanent("the address is not valid for mail".into()));
        };
        let wrong = |error: &dyn std::fmt::Display| Failure::Permanent(error.to_string());
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])
            .map_err(|error| wrong(&error))?;
        let mut message = Message::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(to.into())
            .subject(mail.subject)
            .message_id(Some(self.new_message_id()))
            .header(header::ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(|error| wrong(&error))?;
        message.headers_mut().insert_raw(automatic());
        match tokio::time::timeout(self.limit, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Temporary("the mail server is too slow".into())),
        }
    }
}

/// Asks for no automatic answers (RFC 3834).
fn automatic() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".into())
}

/// STARTTLS is required, because whoever can remove it from a conversation could read the tokens in mails.
fn transport(url: &Url, hello: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, StartError> {
    let mut url = url.clone();
    match (url.scheme(), url.query()) {
        ("smtp", None) => url.set_query(Some("tls=required")),
        _ => url.set_query(None),
    }
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
        .map_err(|error| StartError::new(format!("SMTP_URL: {error}")))?;
    let hello = ClientId::Domain(hello.to_owned());
    Ok(builder.timeout(Some(CONNECT)).hello_name(hello).build())
}

/// How mail servers say that the address of a recipient is wrong (RFC 3463, RFC 7505). Other refusals, 5.1.7 and 5.1.8 too,
/// are about the sender or a quota.
const WRONG_ADDRESS: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// Without the response of the mail server, which may quote the address.
fn failure(error: &SmtpError) -> Failure {
    match error.status() {
        Some(code) if is_wrong_address(&error.to_string()) => {
            Failure::Permanent(format!("the mail server does not know the address ({code})"))
        }
        Some(code) => Failure::Temporary(format!("the mail server has answered {code}")),
        None => Failure::Temporary(error.to_string()),
    }
}

/// Whether the response in an error begins with such a code.
fn is_wrong_address(error: &str) -> bool {
    let response = error.split_once(": ").map_or("", |(_, response)| response);
    let code = response.split_whitespace().next();
    code.is_some_and(|code| WRONG_ADDRESS.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wrong_address_is_final() {
        for (error, is_wrong) in [
            ("permanent error (550): 5.1.1 no such user", true),
            ("permanent error (556): 5.1.10 no mail here", true),
            ("permanent error (550): 5.1.1", true),
            ("permanent error (550): 5.1.7 bad sender: 5.1.1", false),
            ("permanent error (550): 5.1.8 bad sender", false),
            ("permanent error (550): 5.1.90 quota", false),
            ("permanent error (550): no such user", false),
            ("connection refused", false),
        ] {
            assert_eq!(is_wrong_address(error), is_wrong, "{error}");
        }
    }
}
