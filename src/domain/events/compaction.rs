//! When points move from the tail into chunks: in the background, and mostly while nobody reports.

use std::time::{Duration, Instant};

use crate::{domain::App, store::events::is_damage, types::Result};

/// Moves what is due. `stopping` is asked before every step, which takes a few milliseconds.
///
/// While points are being reported, a step is followed by a pause several times as long, so that reporting keeps most of
/// the machine; what is left behind is caught up with afterwards. A series with a damaged chunk is left alone.
///
/// Errors: those of the store; what was due is tried again at the next call.
pub fn compact(app: &App, stopping: &dyn Fn() -> bool) -> Result<()> {
    const PAUSES: u32 = 4;
    let backlog = &app.store.backlog;
    let mut reported = backlog.reported();
    let mut waiting = backlog.take_due(Instant::now()).into_iter();
    while let Some(due) = waiting.next() {
        loop {
            if stopping() {
                return Ok(());
            }
            let began = Instant::now();
            match app.store.compact(due) {
                Ok(moved) if moved.points == 0 => break,
                Ok(_) => {}
                Err(error) if is_damage(&error) => {
                    // It fails the same way every time, and the others shall not wait for it.
                    backlog.set_aside(due);
                    break;
                }
                Err(error) => {
                    backlog.give_back(std::iter::once(due).chain(waiting));
                    return Err(error);
                }
            }
            let now = backlog.reported();
            if now != reported {
                std::thread::sleep((began.elapsed() * PAUSES).min(Duration::from_millis(100)));
                reported = backlog.reported();
            }
        }
    }
    Ok(())
}
