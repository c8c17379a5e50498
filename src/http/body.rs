//! The body of a GraphQL answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use crate::graphql::Pieces;

/// After how many pieces others get their turn: making and compressing one takes half a millisecond.
const TURN: u8 = 8;

/// An answer that becomes JSON while it is sent. One that fits in a single piece has a known length.
pub(super) struct AnswerBody {
    /// The first piece.
    first: Option<Bytes>,
    rest: Pieces,
    /// How many pieces have been made in this turn.
    made: u8,
}

impl AnswerBody {
    pub(super) fn new(mut pieces: Pieces) -> Self {
        Self { first: pieces.next().map(Bytes::from), rest: pieces, made: 0 }
    }

    /// The next piece, unless it is the turn of others.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        if self.made == TURN {
            self.made = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.made += 1;
        Poll::Ready(self.rest.next().map(Bytes::from))
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_piece(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_finished()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let mut hint = SizeHint::with_exact(first);
        if !self.rest.is_finished() {
            hint = SizeHint::new();
            hint.set_lower(first);
        }
        hint
    }
}
