//! Why sockets end.

use tokio_tungstenite::tungstenite::{self, error::CapacityError};

use crate::domain::Error;
use crate::http::live::protocol::Close;
use crate::metrics::EndReason;

/// Why a socket ends.
pub(super) enum End {
    /// The connection is lost.
    Lost,
    /// The client has not answered a ping.
    Silent,
    /// The client has sent a close frame.
    Left,
    Close(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl End {
    /// The reason for the metrics.
    pub(super) fn reason(&self) -> EndReason {
        match self {
            Self::Lost => EndReason::Lost,
            Self::Silent => EndReason::Silent,
            Self::Left => EndReason::Left,
            Self::Close(Close::RESTART) => EndReason::Shutdown,
            Self::Close(Close::TRY_AGAIN) => EndReason::Unavailable,
            Self::Close(Close::FORBIDDEN | Close::UNAUTHORIZED) => EndReason::Token,
            Self::Close(_) => EndReason::Protocol,
        }
    }
}

/// Why a socket ends if its token cannot be checked.
pub(super) fn closed(error: &Error) -> End {
    End::Close(match error {
        Error::Unauthenticated | Error::BadToken { .. } => Close::FORBIDDEN,
        _ => Close::TRY_AGAIN,
    })
}

/// Why a socket ends whose messages cannot be read.
pub(super) fn broken(error: &tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => Close::TOO_BIG.into(),
        tungstenite::Error::Utf8(_) => Close::NOT_UTF8.into(),
        _ => End::Lost,
    }
}
