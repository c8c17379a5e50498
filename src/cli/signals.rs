//! The signals that stop the server: SIGTERM, which service managers send, and Ctrl-C.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals since it was created. (`None` if the system does not let the program handle one.)
pub(super) struct Signals {
    #[cfg(unix)]
    kinds: [Option<Signal>; 2],
}

impl Signals {
    pub(super) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            kinds: [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| {
                let failed = |error: &_| tracing::error!(%error, ?kind, "cannot handle a signal");
                signal(kind).inspect_err(failed).ok()
            }),
        }
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        let [terminate, interrupt] = &mut self.kinds;
        tokio::select! {
            () = of(terminate) => {}
            () = of(interrupt) => {}
        }
    }

    /// Waits for the next signal.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(unix)]
async fn of(signals: &mut Option<Signal>) {
    match signals {
        Some(signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}
