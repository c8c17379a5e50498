//! The body of a GraphQL response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use crate::graphql::Pieces;

/// The number of pieces after which the body yields to other tasks. To serialize and compress one takes
/// 0.3 ms.
const TURN: u8 = 8;

/// A response that is serialized to JSON while it is sent. If it fits in a single piece, its length is
/// known.
pub(super) struct AnswerBody {
    /// The first piece.
    first: Option<Bytes>,
    rest: Pieces,
    /// The number of pieces made since the last yield.
    made: u8,
}

impl AnswerBody {
    pub(super) fn new(mut pieces: Pieces) -> Self {
        Self { first: pieces.next().map(Bytes::from), rest: pieces, made: 0 }
    }

    /// Returns the next piece, or yields to other tasks.
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::graphql::{Answer, Verdict};

    #[test]
    fn others_get_their_turn_and_the_length_is_known_only_of_one_piece() {
        let mut answer = Answer::too_many_values("variables", 1);
        answer.verdict = Verdict::Run;
        answer.response.errors.clear();
        answer.response.data = vec!["x".repeat(1000); 1000].into();
        let mut body = AnswerBody::new(Pieces::of(answer));
        assert_eq!(body.size_hint().exact(), None);
        let (mut bytes, mut turns) = (0, 1);
        let mut cx = Context::from_waker(Waker::noop());
        while !body.is_end_stream() {
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Ready(Some(Ok(frame))) => bytes += frame.into_data().unwrap().len(),
                Poll::Ready(_) => panic!("the end of the stream was not reported in time"),
                Poll::Pending => turns += 1,
            }
        }
        assert_eq!(bytes, r#"{"data":[]}"#.len() + 1000 * 1003 - 1);
        assert_eq!(turns, 4);

        let small = AnswerBody::new(Pieces::of(Answer::too_many_values("variables", 1)));
        assert!(small.size_hint().exact().is_some_and(|size| size > 50));
    }
}
