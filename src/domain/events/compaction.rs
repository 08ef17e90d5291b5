//! When points move from the tail into chunks: in the background, and mostly while nobody reports.

use std::time::{Duration, Instant};

use crate::{domain::App, types::Result};

/// Moves what is due. `stopping` is asked before every step, which takes a few milliseconds.
///
/// While points are being reported, a step is followed by a pause several times as long, so that reporting keeps most of
/// the machine; what is left behind is caught up with afterwards.
pub fn compact(app: &App, stopping: &dyn Fn() -> bool) -> Result<()> {
    const PAUSES: u32 = 4;
    let mut reported = app.store.backlog.reported();
    for due in app.store.backlog.take_due(Instant::now()) {
        loop {
            if stopping() {
                return Ok(());
            }
            let began = Instant::now();
            match app.store.compact(due) {
                Ok(moved) if moved.points == 0 => break,
                Ok(_) => {}
                Err(error) => {
                    app.store.backlog.give_back(due);
                    return Err(error);
                }
            }
            let now = app.store.backlog.reported();
            if now != reported {
                std::thread::sleep((began.elapsed() * PAUSES).min(Duration::from_millis(100)));
                reported = app.store.backlog.reported();
            }
        }
    }
    Ok(())
}
