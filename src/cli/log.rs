//! The log of the program, which tells of panics too.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Starts the log, as text or as one JSON object per line. It goes to stderr, so that the output of
/// `schema` can be piped.
pub(super) fn start_log(log: &Log) {
    let filter = EnvFilter::new(&log.level);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would print the failure to stderr, which panics, within the hook for panics too.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if log.json {
        subscriber.json().init();
    } else {
        subscriber.init();
    }
    panic::set_hook(Box::new(tell));
}

/// Tells of a panic, with the request in which it happens. The backtrace is there if `RUST_BACKTRACE` asks for it.
fn tell(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        reason = panic.payload_as_str(),
        location = panic.location().map(tracing::field::display),
        backtrace = is_captured.then(|| tracing::field::display(backtrace)),
        "panicked"
    );
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;
    use std::thread;

    use parking_lot::Mutex;
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_a_line_of_the_log() {
        let (lines, former, own) = (Lines::default(), panic::take_hook(), thread::current().id());
        // Other tests panic meanwhile.
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == own { tell(panic) } else { former(panic) }
        }));
        let copy = lines.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || copy.clone()).finish();
        #[allow(clippy::panic)]
        let panicked = tracing::subscriber::with_default(log, || {
            let _entered = tracing::error_span!("request", id = "abc-1").entered();
            panic::catch_unwind(|| panic!("on {}", "purpose"))
        });
        drop(panic::take_hook());
        assert!(panicked.is_err());
        let line: Value = serde_json::from_slice(&lines.0.lock()).unwrap();
        assert_eq!(
            (line["level"].as_str(), line["span"]["id"].as_str()),
            (Some("ERROR"), Some("abc-1"))
        );
        assert_eq!(line["fields"]["message"], "panicked");
        assert_eq!(line["fields"]["reason"], "on purpose");
        assert!(line["fields"]["location"].as_str().unwrap().starts_with("src/cli/log.rs:"));
    }
}
