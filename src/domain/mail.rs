//! Mails to users.

use serde::{Deserialize, Serialize};

/// What a mail is about. Stored as JSON; a released variant keeps its name and fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailContent {
    /// The token to set a new password.
    ResetPassword,
    /// The token to verify the address.
    VerifyEmail,
    /// Somebody has logged in from a network that the account has not been used from.
    NewNetwork {
        /// The network, e.g. `192.0.2.0/24`.
        network: String,
        /// The `User-Agent` header of the log-in.
        user_agent: Option<String>,
    },
    /// The password was changed.
    PasswordChanged,
    /// The account has another address now. Goes to the former one.
    EmailChanged,
}

/// A mail that has to be sent.
#[derive(Clone, Debug)]
pub struct QueuedMail {
    /// The address as it was entered, whether it has an account or not.
    pub email: String,
    /// What it is about.
    pub content: MailContent,
}

/// What a token in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// To set a new password.
    ResetPassword,
    /// To verify an address.
    VerifyEmail,
}

impl MailPurpose {
    /// How long the token is valid, in seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::ResetPassword => 30 * 60,
            Self::VerifyEmail => 24 * 60 * 60,
        }
    }

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "RESET_PASSWORD",
            Self::VerifyEmail => "VERIFY_EMAIL",
        }
    }
}
