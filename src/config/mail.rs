//! The settings of mails.

use std::fmt;
use std::time::Duration;

use clap::Args;
use url::Url;

/// The settings of mails.
#[derive(Args, Clone, Debug)]
pub struct Mail {
    /// Mail server that sends verifications of addresses, password resets and notices, with user name and
    /// password if it needs them: `smtp://user:password@mail.example.com:587` uses STARTTLS, `smtps://` TLS
    /// from the start, and `smtp://localhost:25?tls=off` no TLS. SMTP_URL_FILE names a file with the URL
    /// instead. Without it, no mail is sent.
    #[arg(id = "SMTP_URL", long, env, value_parser = smtp_url)]
    pub smtp: Option<SmtpUrl>,
    /// Sender of mails, e.g. `Kanban <kanban@example.com>`. By default no-reply@ and the host of
    /// PUBLIC_URL.
    #[arg(id = "MAIL_FROM", long, env)]
    pub from: Option<String>,
    /// URL of the front end, to which the links in mails lead, e.g. `https://kanban.example.com`. Required
    /// with SMTP_URL.
    #[arg(id = "PUBLIC_URL", long, env, value_parser = public_url)]
    pub public_url: Option<Url>,
    /// Time limit of a conversation with the mail server.
    #[arg(skip = Duration::from_mins(1))]
    pub limit: Duration,
}

/// The URL of a mail server. `Debug` does not print it, because it may contain a password.
#[derive(Clone)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    /// The URL.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

fn smtp_url(text: &str) -> Result<SmtpUrl, &'static str> {
    let wrong = "must be a URL such as smtp://user:password@mail.example.com:587, or smtps://…";
    let url = Url::parse(text).map_err(|_| wrong)?;
    let has_server = matches!(url.scheme(), "smtp" | "smtps") && url.has_host();
    if !has_server || !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong);
    }
    match (url.scheme(), url.query()) {
        (_, None) | ("smtp", Some("tls=off")) => Ok(SmtpUrl(url)),
        _ => Err("has an unknown option; only smtp://…?tls=off is known"),
    }
}

fn public_url(text: &str) -> Result<Url, &'static str> {
    let wrong = "must be a URL such as https://kanban.example.com, without ? and #";
    let url = Url::parse(text).map_err(|_| wrong)?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    let has_more = url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
    if is_web && !has_more { Ok(url) } else { Err(wrong) }
}
