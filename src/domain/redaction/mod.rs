//! Values that vaults hand to a task are masked in what the task reports (spec/governance.md 14).
//!
//! A set of values belongs to a task, from the moment it is dequeued until a day after it ended. Console lines are masked
//! before they are packed and stored, and nothing can bring the values back. What clients mask by themselves does not
//! matter here. Scalars, plots and artifacts are not looked at.

mod forms;
mod lines;
mod secrets;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use parking_lot::RwLock;
use serde_json::Value as Json;
use zeroize::Zeroizing;

pub(in crate::domain) use lines::{Masked, mask_lines};
pub use secrets::is_secret_name;

use crate::{
    config::hocon::Value,
    crypto::{
        keyed::keyed_hash,
        seal::{self, Sealed},
    },
    domain::{App, Ctx, vaults},
    store::{Lane, Scope, Snapshot, Tx},
    types::{ApiError, ErrorKind, Json as Map, Result, UserId},
};

/// What stands for a masked value.
pub(super) const MASK: &str = "****";

/// The values of the tasks that run.
#[derive(Default)]
pub struct Redaction {
    loaded: OnceLock<()>,
    tasks: RwLock<HashMap<String, Arc<TaskSecrets>>>,
}

/// The values of one task.
pub(in crate::domain) struct TaskSecrets {
    company: String,
    values: Vec<Zeroizing<String>>,
    matcher: OnceLock<Option<forms::Matcher>>,
    tails: lines::Tails,
}

impl TaskSecrets {
    fn new(company: &str, values: Vec<Zeroizing<String>>) -> Self {
        TaskSecrets {
            company: company.to_owned(),
            values,
            matcher: OnceLock::new(),
            tails: lines::Tails::default(),
        }
    }

    fn matcher(&self) -> Option<&forms::Matcher> {
        self.matcher
            .get_or_init(|| {
                forms::Matcher::of(self.values.iter().map(|value| value.as_str()))
                    .inspect_err(|error| tracing::error!(%error, "values can't be masked"))
                    .ok()
            })
            .as_ref()
    }
}

impl Redaction {
    /// The values of a tenant's task; hardly any task has some.
    pub(in crate::domain) fn of(&self, app: &App, company: &str, task: &str) -> Option<Arc<TaskSecrets>> {
        self.load(app);
        self.tasks.read().get(task).filter(|secrets| secrets.company == company).cloned()
    }

    /// Reads what an earlier process stored, once.
    fn load(&self, app: &App) {
        self.loaded.get_or_init(|| {
            let stored = match app.store.read(&Scope::server(), |snapshot| snapshot.all_task_secrets()) {
                Ok(stored) => stored,
                Err(error) => return tracing::error!(%error, "the values to mask in logs can't be read"),
            };
            let mut tasks = self.tasks.write();
            for secret in stored {
                let opened =
                    seal::open(&app.keys.sealing, &secret.company, &purpose(&secret.task), &secret.sealed);
                let values: Option<Vec<String>> =
                    opened.ok().and_then(|plain| serde_json::from_slice(&plain).ok());
                match values {
                    Some(values) => {
                        let values = values.into_iter().map(Zeroizing::new).collect();
                        tasks.insert(secret.task, Arc::new(TaskSecrets::new(&secret.company, values)));
                    }
                    None => tracing::error!(
                        task = secret.task,
                        "the values to mask in this task's log can't be opened"
                    ),
                }
            }
        });
    }

    fn put(&self, app: &App, company: &str, task: &str, values: Vec<Zeroizing<String>>) {
        self.load(app);
        self.tasks.write().insert(task.to_owned(), Arc::new(TaskSecrets::new(company, values)));
    }
}

/// How many values of a vault are masked in logs.
pub(in crate::domain) fn count_secrets(vault: &Value) -> usize {
    secrets::of(std::slice::from_ref(vault)).len()
}

/// What a task's values are sealed for.
pub(in crate::domain) fn purpose(task: &str) -> String {
    format!("redaction|{task}")
}

/// Notes, in the transaction that hands a task over, what may not show in its log: the values that vaults hand to
/// `identity`.
pub(in crate::domain) fn dequeued(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, identity: &UserId) -> Result<()> {
    if !ctx.app.settings.services.events.redact_vault_values {
        return Ok(());
    }
    let values = vaults::loaded_by(ctx, tx, identity)?;
    keep(ctx, tx, task, &values)
}

/// The tasks that a client runs, whose logs may not show what it loads: the one that its session is bound to, else all that
/// it dequeued and that have not ended.
pub(in crate::domain) fn tasks_of_caller(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    if !ctx.app.settings.services.events.redact_vault_values {
        return Ok(Vec::new());
    }
    let bound = match &ctx.caller.session {
        Some(session) => snapshot.task_bound_to(session.as_str())?,
        None => None,
    };
    match bound {
        Some(bound) => Ok(vec![bound.task]),
        None => snapshot.tasks_held_by(ctx.caller.user.as_str()),
    }
}

/// Notes for some tasks what their client loaded just now.
pub(in crate::domain) fn vaults_loaded(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    tasks: &[String],
    values: &[Value],
) -> Result<()> {
    tasks.iter().try_for_each(|task| keep(ctx, tx, task, values))
}

/// Adds a value of its own to those of a task: the token that was made for it.
pub fn token_made(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, token: &str) -> Result<()> {
    if !ctx.app.settings.services.events.redact_vault_values {
        return Ok(());
    }
    store(ctx, tx, task, vec![Zeroizing::new(token.to_owned())])
}

fn keep(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, values: &[Value]) -> Result<()> {
    let found: Vec<_> = secrets::of(values).into_iter().map(Zeroizing::new).collect();
    if found.is_empty() { Ok(()) } else { store(ctx, tx, task, found) }
}

/// Stores values together with those that are known already: a run may have loaded a vault that was changed since.
fn store(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, mut values: Vec<Zeroizing<String>>) -> Result<()> {
    let app = ctx.app;
    if let Some(known) = app.redaction.of(app, tx.scope.company.as_str(), task) {
        if values.iter().all(|value| known.values.contains(value)) {
            return Ok(());
        }
        values.extend(known.values.iter().cloned());
    }
    values.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    values.dedup();
    let texts: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
    let plain = serde_json::to_vec(&texts).map(Zeroizing::new).map_err(|_| ErrorKind::InternalError)?;
    let sealed: Sealed = seal::seal(&app.keys.sealing, tx.scope.company.as_str(), &purpose(task), &plain)
        .map_err(|error| ApiError::new(ErrorKind::InternalError, error.to_string()))?;
    let digest = |value: &&str| {
        let hash = keyed_hash(app.keys.audit.expose(), &[b"redaction", value.as_bytes()]);
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let digests: Vec<String> = texts.iter().map(digest).collect();
    tx.put_task_secret(task, &sealed, &digests)?;
    // Should the transaction fail, some values too many are masked.
    app.redaction.put(app, tx.scope.company.as_str(), task, values);
    Ok(())
}

/// Masks every text in a section of a task; returns how many values were masked.
pub(in crate::domain) fn mask_section(ctx: &Ctx<'_>, task: &str, section: &mut Map) -> u64 {
    let Some(secrets) = of_task(ctx, task) else { return 0 };
    let Some(matcher) = secrets.matcher() else { return 0 };
    section.iter_mut().map(|(_, value)| mask_json(matcher, value)).sum()
}

fn mask_json(matcher: &forms::Matcher, value: &mut Json) -> u64 {
    match value {
        Json::String(text) => match matcher.masked(text) {
            Some((masked, count)) => {
                *text = masked;
                count
            }
            None => 0,
        },
        Json::Array(items) => items.iter_mut().map(|item| mask_json(matcher, item)).sum(),
        Json::Object(members) => members.iter_mut().map(|(_, member)| mask_json(matcher, member)).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
    }
}

/// A text of a task as it may be stored, and how many values were masked.
pub(in crate::domain) fn mask_text(ctx: &Ctx<'_>, task: &str, text: &str) -> Option<(String, u64)> {
    of_task(ctx, task)?.matcher()?.masked(text)
}

/// The values of a task of the caller's tenant.
pub(in crate::domain) fn of_task(ctx: &Ctx<'_>, task: &str) -> Option<Arc<TaskSecrets>> {
    ctx.app.redaction.of(ctx.app, ctx.caller.tenant.as_str(), task)
}

/// Counts what was masked, in the task and in the audit.
pub(in crate::domain) fn count(ctx: &Ctx<'_>, tx: &Tx<'_>, task: &str, masked: u64) -> Result<()> {
    if masked == 0 {
        return Ok(());
    }
    ctx.note(|note| note.redacted += masked);
    tx.count_redacted(task, masked)
}

/// Forgets the values of tasks that ended more than a day ago: a chore.
pub fn forget_old(app: &App) -> Result<()> {
    let gone = app.store.write(&Scope::server(), Lane::Documents, |tx| tx.forget_task_secrets())?;
    let mut tasks = app.redaction.tasks.write();
    for task in gone {
        tasks.remove(&task);
    }
    Ok(())
}
