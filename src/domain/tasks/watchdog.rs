//! Running tasks that give no sign of life any more are stopped (protocol: spec/tasks.md 3.8).

use crate::{
    domain::App,
    store::{Lane, Scope, trail::TrailEvent},
    types::Result,
};

/// Who changed a task when it was the server itself.
pub const SERVER: &str = "__apiserver__";

/// Why.
const SILENT: &str = "Forced stop (non-responsive)";

/// Tasks stopped in one transaction, so that nobody waits long behind a sweep.
const CHUNK: usize = 200;

/// One sweep over all tenants. Returns how many tasks were stopped; does nothing when it is switched off.
pub fn sweep(app: &App) -> Result<usize> {
    let settings = &app.settings.services.tasks.non_responsive_tasks_watchdog;
    if !settings.enabled {
        return Ok(0);
    }
    let mut stopped = 0;
    loop {
        let chunk = app.store.write(&Scope::server(), Lane::Documents, |tx| {
            let silent_since = tx.now.plus_seconds(-settings.threshold_sec.signed());
            let gone = tx.stop_silent_tasks(silent_since.0, SILENT, SERVER, CHUNK)?;
            for (task, company) in &gone {
                let event = TrailEvent {
                    task: Some(task.clone()),
                    event: "stopped",
                    user: SERVER.to_owned(),
                    detail: serde_json::json!({"status_reason": SILENT}),
                    ..TrailEvent::default()
                };
                tx.append_trail_of(&app.keys.audit, company, &event)?;
            }
            Ok(gone.len())
        })?;
        stopped += chunk;
        if chunk < CHUNK {
            return Ok(stopped);
        }
    }
}
