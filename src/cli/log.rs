//! The log of the program, which tells of panics too.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::IsTerminal;
use std::panic::{self, PanicHookInfo};

use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::Log;
use crate::metrics::work::{self, Origin};

/// Starts the log, as text or as one JSON object per line. It goes to stderr, so that the output of
/// `schema` can be piped.
pub(super) fn start_log(log: &Log) {
    let filter = EnvFilter::new(&log.level);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would print the failure to stderr, which panics, within the hook for panics too.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let in_colour = std::io::stderr().is_terminal();
    if log.json {
        subscriber.json().map_event_format(|line| WithRequest { line, add: to_json }).init();
    } else {
        let text = |line: Format| WithRequest { line: line.with_ansi(in_colour), add: to_text };
        subscriber.map_event_format(text).init();
    }
    panic::set_hook(Box::new(tell));
}

/// Lines with the request to which they belong, if there is one.
struct WithRequest<F> {
    line: F,
    add: fn(&str, &Origin) -> String,
}

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.line.format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        match work::origin() {
            Some(request) => writeln!(out, "{}", (self.add)(line, &request)),
            None => writeln!(out, "{line}"),
        }
    }
}

/// Adds the request to an object in JSON, as its member `span`.
fn to_json(line: &str, request: &Origin) -> String {
    let Some(rest) = line.strip_suffix('}') else { return line.to_owned() };
    let span = json!({
        "name": "request",
        "id": request.id,
        "client": request.client,
        "method": request.method,
        "path": request.path,
    });
    format!("{rest},\"span\":{span}}}")
}

/// Adds the request to the end of a line of text.
fn to_text(line: &str, Origin { id, client, method, path }: &Origin) -> String {
    let client = client.map(|client| format!(" client={client}")).unwrap_or_default();
    format!("{line} request{{id={id:?}{client} method={method} path={path:?}}}")
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
    use crate::metrics::work::Work;

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

    fn request() -> Arc<Work> {
        let (id, method, path) = ("abc-1".into(), "GET".into(), "/".into());
        Arc::new(Work::of(Origin { id, client: Some([127, 0, 0, 1].into()), method, path }))
    }

    #[test]
    fn lines_of_text_name_their_request() {
        let lines = Lines::default();
        let copy = lines.clone();
        let log = tracing_subscriber::fmt().without_time().with_writer(move || copy.clone());
        let log =
            log.map_event_format(|line| WithRequest { line: line.with_ansi(false), add: to_text });
        let log = log.finish();
        tracing::subscriber::with_default(log, || {
            work::note_call(&request(), || tracing::warn!(rows = 3, "of a request"));
            tracing::warn!("of nobody");
        });
        let lines = String::from_utf8(lines.0.lock().clone()).unwrap();
        let target = module_path!();
        let request = r#"request{id="abc-1" client=127.0.0.1 method=GET path="/"}"#;
        let expected =
            format!(" WARN {target}: of a request rows=3 {request}\n WARN {target}: of nobody\n");
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_panic_is_a_line_of_the_log() {
        let (lines, former, own) = (Lines::default(), panic::take_hook(), thread::current().id());
        // Other tests panic meanwhile.
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == own { tell(panic) } else { former(panic) }
        }));
        let copy = lines.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || copy.clone());
        let log = log.map_event_format(|line| WithRequest { line, add: to_json }).finish();
        #[allow(clippy::panic)]
        let panicked = tracing::subscriber::with_default(log, || {
            work::note_call(&request(), || panic::catch_unwind(|| panic!("on {}", "purpose")))
        });
        drop(panic::take_hook());
        assert!(panicked.is_err());
        let line: Value = serde_json::from_slice(&lines.0.lock()).unwrap();
        assert_eq!(
            (line["level"].as_str(), line["span"]["id"].as_str()),
            (Some("ERROR"), Some("abc-1"))
        );
        assert_eq!(line["span"]["client"], "127.0.0.1");
        assert_eq!(line["fields"]["message"], "panicked");
        assert_eq!(line["fields"]["reason"], "on purpose");
        assert!(line["fields"]["location"].as_str().unwrap().starts_with("src/cli/log.rs:"));
    }
}
