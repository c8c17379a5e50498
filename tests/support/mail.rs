//! A mail server in the test process, which keeps what it receives. (TLS and authentication are tested with a real one, in
//! `tests/mail`.)

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A mail that was received.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl ReceivedMail {
    /// The token in the text.
    pub fn token(&self) -> String {
        let line = self.text.lines().find(|line| line.starts_with("mt_"));
        line.unwrap_or_else(|| panic!("no token: {}", self.text)).to_owned()
    }

    /// The first link in the text.
    pub fn link(&self) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http"));
        line.unwrap_or_else(|| panic!("no link: {}", self.text)).to_owned()
    }
}

#[derive(Default)]
struct Inbox {
    mails: Mutex<Vec<ReceivedMail>>,
    /// The answer to every recipient, unless 0.
    refusal: AtomicU16,
    refused: AtomicU16,
    holds: AtomicBool,
}

/// The mail server. It ends when this is dropped.
pub struct MailServer {
    pub url: String,
    inbox: Arc<Inbox>,
    task: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}?tls=off", listener.local_addr().unwrap());
        let inbox = Arc::<Inbox>::default();
        let kept = Arc::clone(&inbox);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let inbox = Arc::clone(&kept);
                tokio::spawn(async move { drop(converse(stream, &inbox).await) });
            }
        });
        Self { url, inbox, task }
    }

    /// The settings of a server that sends its mails here.
    pub fn settings<'s>(&'s self, more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
        let mine =
            [("SMTP_URL", self.url.as_str()), ("PUBLIC_URL", "https://kanban.example.com/app/")];
        [&mine[..], more].concat()
    }

    /// Answers all recipients with this code from now on: 550 says that there is no such address, 0 accepts them.
    pub fn refuse(&self, code: u16) {
        self.inbox.refusal.store(code, Ordering::Relaxed);
    }

    /// Whether the answer that a mail was received is held back from now on.
    pub fn hold(&self, holds: bool) {
        self.inbox.holds.store(holds, Ordering::Relaxed);
    }

    /// How many recipients were refused.
    pub fn refused(&self) -> u16 {
        self.inbox.refused.load(Ordering::Relaxed)
    }

    pub fn all(&self) -> Vec<ReceivedMail> {
        self.inbox.mails.lock().unwrap().clone()
    }

    /// The same if it was sent already.
    pub fn find(&self, to: &str, about: &str) -> Option<ReceivedMail> {
        let mut mails = self.inbox.mails.lock().unwrap();
        let place = mails.iter().position(|mail| mail.to == to && mail.subject.contains(about))?;
        Some(mails.remove(place))
    }

    /// Waits for a mail to this address whose subject contains `about`, and removes it.
    pub async fn take(&self, to: &str, about: &str) -> ReceivedMail {
        for _ in 0..400 {
            if let Some(mail) = self.find(to, about) {
                return mail;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no mail to {to} about {about:?}: {:?}", self.all());
    }
}

/// The text of a part in the encoding quoted-printable (RFC 2045), which is used if a line is long.
fn decoded(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut parts = text.split('=');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => decoded = decoded + &char::from(byte).to_string() + &part[2..],
            None => decoded = decoded + "=" + part,
        }
    }
    decoded
}

async fn converse(stream: TcpStream, inbox: &Inbox) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example.com\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let refusal = inbox.refusal.load(Ordering::Relaxed);
        let answer = match verb.as_str() {
            "RCPT" if refusal > 0 => {
                inbox.refused.fetch_add(1, Ordering::Relaxed);
                let reason = if refusal == 550 { "5.1.1" } else { "5.7.0" };
                format!("{refusal} {reason} {line} is refused")
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 OK".into()
            }
            "DATA" => {
                write.write_all(b"354 Go on\r\n").await?;
                let (mut subject, mut text, mut is_head) = (String::new(), String::new(), true);
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    if let Some(value) = line.strip_prefix("Subject: ") {
                        value.clone_into(&mut subject);
                    }
                    if !is_head {
                        text += &line;
                        text += "\n";
                    } else if line.is_empty() {
                        is_head = false;
                    }
                }
                let mail = ReceivedMail { to: to.clone(), subject, text: decoded(&text) };
                inbox.mails.lock().unwrap().push(mail);
                while inbox.holds.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                "250 OK".into()
            }
            "QUIT" => "221 Bye".into(),
            _ => "250 OK".into(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
