//! Whether the client of a socket is alive.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A write that takes longer has waited until the client has read.
const WAITED: Duration = Duration::from_millis(100);

/// The pings of a socket. Before a client is taken for silent, it has a full ping time in which the socket is read.
pub(super) struct Pulse {
    ping_time: Duration,
    due: Instant,
    /// Whether the client has shown itself since the last ping.
    is_alive: bool,
}

impl Pulse {
    pub(super) fn new(ping_time: Duration) -> Self {
        Self { ping_time, due: Instant::now() + ping_time, is_alive: true }
    }

    /// Waits until [`Self::beat`] has to be called.
    pub(super) async fn due(&self) {
        sleep_until(self.due).await;
    }

    /// Whether the client is alive. If so, a ping has to be sent.
    pub(super) fn beat(&mut self, now: Instant) -> bool {
        self.due = now + self.ping_time;
        std::mem::take(&mut self.is_alive)
    }

    /// Records that something was read.
    pub(super) fn read(&mut self) {
        self.is_alive = true;
    }

    /// Records a write that has succeeded. Meanwhile nothing was read.
    pub(super) fn wrote(&mut self, since: Instant, now: Instant) {
        if now - since > WAITED {
            self.is_alive = true;
            self.due = now + self.ping_time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING_TIME: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn who_does_not_answer_for_a_ping_time_is_silent() {
        let mut pulse = Pulse::new(PING_TIME);
        let mut now = pulse.due;
        assert!(pulse.beat(now));
        pulse.read();
        assert_eq!(pulse.due, now + PING_TIME);
        now += PING_TIME;
        assert!(pulse.beat(now));
        // What is written to a connection that is lost succeeds too, as long as nothing waits.
        pulse.wrote(now, now);
        assert!(!pulse.beat(now + PING_TIME));
    }

    #[tokio::test]
    async fn after_a_write_that_has_waited_there_is_time_to_answer() {
        let mut pulse = Pulse::new(PING_TIME);
        let since = pulse.due;
        assert!(pulse.beat(since));
        let now = since + PING_TIME * 3;
        pulse.wrote(since, now);
        assert_eq!(pulse.due, now + PING_TIME);
        assert!(pulse.beat(now + PING_TIME));
        assert!(!pulse.beat(now + PING_TIME * 2));
    }
}
