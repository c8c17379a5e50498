//! The texts of mails. They contain nothing that others have entered, such as names, since anybody can cause a mail to any
//! address. (The user agent of a log-in goes to verified addresses only.)

use crate::domain::{MailContent, MailPurpose};
use crate::mail::Mail;

/// The subject and the text of a mail.
pub(super) struct Text {
    subject: &'static str,
    text: String,
}

impl Text {
    /// The mail to this address.
    pub(super) fn to(self, to: String) -> Mail {
        Mail { to, subject: self.subject, text: self.text }
    }
}

/// A link with a token.
pub(super) struct Link {
    /// The page of the front end, with the token.
    pub(super) url: String,
    /// The token, for clients without such a page.
    pub(super) token: String,
}

/// The text of a mail with a token.
pub(super) fn with_link(purpose: MailPurpose, Link { url, token }: &Link) -> Text {
    match purpose {
        MailPurpose::ResetPassword => Text {
            subject: "Set a new password",
            text: format!(
                "Somebody has asked for a new password for your account. To set one, open this link within 30 minutes:\n\n\
                 {url}\n\n\
                 In another client, use this token:\n\n\
                 {token}\n\n\
                 All sessions end then. If it was not you, do nothing: your password stays as it is.\n"
            ),
        },
        MailPurpose::VerifyEmail => Text {
            subject: "Verify your e-mail address",
            text: format!(
                "To show that this address is yours, open this link within 24 hours:\n\n\
                 {url}\n\n\
                 In another client, use this token:\n\n\
                 {token}\n\n\
                 If you have no account here, do nothing.\n"
            ),
        },
    }
}

/// The text of a mail that tells of something; `None` for mails with a token.
pub(super) fn notice(public_url: &str, content: &MailContent) -> Option<Text> {
    let advice = format!(
        "If it was not you, set a new password at once, and end all other sessions:\n\n{public_url}\n"
    );
    Some(match content {
        MailContent::NewNetwork { network, user_agent } => {
            let device = user_agent.as_deref().unwrap_or("unknown");
            Text {
                subject: "A log-in from a new network",
                text: format!(
                    "Somebody has logged in to your account from a network that it has not been used from before.\n\n\
                     Network: {network}\nDevice: {device}\n\n{advice}"
                ),
            }
        }
        MailContent::PasswordChanged => Text {
            subject: "Your password was changed",
            text: format!("The password of your account was changed. All sessions have ended.\n\n{advice}"),
        },
        MailContent::EmailChanged => Text {
            subject: "Your e-mail address was changed",
            text: "Your account has another e-mail address now, and this one is no longer used. All sessions have ended.\n\n\
                   If it was not you, tell the operator of the server.\n"
                .to_owned(),
        },
        MailContent::ResetPassword | MailContent::VerifyEmail => return None,
    })
}
