//! A batch: its lines read, its events told apart by task and model (protocol: spec/events.md 3.2, 3.3).

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::{group::Grouped, raw::RawEvent, text::Token};
use crate::{
    store::events::{EventKind, OwnerKind},
    types::{ApiError, ErrorKind, Millis, Result},
};

/// Entities that one batch may name (spec/security_rules.md S24).
const MAX_ENTITIES: usize = 10_000;
/// Different messages in one answer.
const MAX_MESSAGES: usize = 1_000;

/// What the request and the settings say for all events.
pub(super) struct Defaults<'a> {
    /// Worker of events that name none.
    pub(super) worker: &'a str,
    /// Time of events that have none.
    pub(super) now: Millis,
    /// Metrics that do not advance the last iteration.
    pub(super) ignored_metrics: &'a [String],
    /// Plots of at least so many characters are stored compressed, 0: none.
    pub(super) compress_from: u64,
    /// Whether plots are checked for being JSON.
    pub(super) validate_plots: bool,
}

/// Refusals by message, with how often each occurred.
#[derive(Debug, Default)]
pub(super) struct Refusals(pub(super) BTreeMap<String, u64>);

impl Refusals {
    pub(super) fn add(&mut self, message: impl Into<String>, count: u64) {
        let message = message.into();
        if count == 0 {
            return;
        }
        if self.0.len() >= MAX_MESSAGES && !self.0.contains_key(&message) {
            *self.0.entry("further events were refused".to_owned()).or_default() += count;
            return;
        }
        *self.0.entry(message).or_default() += count;
    }

    pub(super) fn merge(&mut self, other: Refusals) {
        for (message, count) in other.0 {
            self.add(message, count);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }
}

/// A batch, ready for the writer.
pub(super) struct Batch<'a> {
    pub(super) entities: Vec<Grouped<'a>>,
    pub(super) refused: Refusals,
    by_id: HashMap<Cow<'a, str>, usize>,
    last: usize,
}

impl<'a> Batch<'a> {
    /// Reads all lines.
    ///
    /// Errors: 400/0 a line is no JSON object; 400/12 the same id with and without `allow_locked`, or both as a task
    /// and as a model, or more than 10,000 ids.
    pub(super) fn read(lines: &'a [Cow<'a, str>], defaults: &Defaults<'a>) -> Result<Batch<'a>> {
        let mut batch =
            Batch { entities: Vec::new(), refused: Refusals::default(), by_id: HashMap::new(), last: 0 };
        for (number, line) in lines.iter().enumerate() {
            let event = RawEvent::read(line).ok_or_else(|| {
                ApiError::new(
                    ErrorKind::BadRequest,
                    "a line of the batch is not a JSON object; nothing was stored",
                )
                .with("line", number)
            })?;
            batch.take(event, defaults)?;
        }
        for entity in &mut batch.entities {
            entity.finish(defaults);
        }
        Ok(batch)
    }

    fn take(&mut self, mut event: RawEvent<'a>, defaults: &Defaults<'a>) -> Result<()> {
        let is_model = event.model_event.as_ref().is_some_and(Token::truthy);
        let model = event.model.take().filter(|model| !model.is_null());
        match model {
            Some(model) if is_model => event.task = Some(model),
            Some(model) => event.extras.push((Cow::Borrowed("model"), model.json())),
            None => {}
        }
        let allow_locked = event.allow_locked.as_ref().is_some_and(Token::truthy);
        let owner = if is_model { OwnerKind::Model } else { OwnerKind::Task };
        let entity = match event.task.take().and_then(Token::text) {
            Some(id) => Some(self.entity(id, owner, allow_locked)?),
            None => None,
        };
        let Some(kind) = event.kind.take().filter(|kind| !kind.is_null()) else {
            self.refused.add("the event has no type", 1);
            return Ok(());
        };
        let Some(kind) = event_kind(&kind) else {
            let name: String = kind.json().trim_matches('"').chars().take(64).collect();
            self.refused.add(format!("unknown event type: {name}"), 1);
            return Ok(());
        };
        if is_model && kind == EventKind::Log {
            self.refused.add("models have no console: send log events of tasks", 1);
            return Ok(());
        }
        let Some(entity) = entity.and_then(|at| self.entities.get_mut(at)) else {
            self.refused.add("the event names no task", 1);
            return Ok(());
        };
        match entity.take(kind, event, is_model, defaults) {
            Ok(()) => entity.accepted += 1,
            Err(message) => entity.refused.add(message, 1),
        }
        Ok(())
    }

    fn entity(&mut self, id: Cow<'a, str>, kind: OwnerKind, allow_locked: bool) -> Result<usize> {
        let at = match self.entities.get(self.last) {
            Some(last) if last.id == id => self.last,
            _ => match self.by_id.get(&id) {
                Some(at) => *at,
                None => {
                    if self.entities.len() >= MAX_ENTITIES {
                        let text =
                            format!("one batch may report for at most {MAX_ENTITIES} tasks and models");
                        return Err(ApiError::new(ErrorKind::ValidationError, text));
                    }
                    self.by_id.insert(id.clone(), self.entities.len());
                    self.entities.push(Grouped::new(id, kind, allow_locked));
                    self.entities.len() - 1
                }
            },
        };
        self.last = at;
        match self.entities.get(at) {
            Some(known) if known.kind != kind => {
                let text = "the batch names the same id both as a task and as a model";
                Err(ApiError::new(ErrorKind::ValidationError, text).with("id", known.id.as_ref()))
            }
            Some(known) if known.allow_locked != allow_locked => {
                let text = "the batch names the same id both with and without allow_locked";
                Err(ApiError::new(ErrorKind::ValidationError, text).with("id", known.id.as_ref()))
            }
            _ => Ok(at),
        }
    }
}

/// What a type names; blanks stand for underscores.
fn event_kind(token: &Token<'_>) -> Option<EventKind> {
    let Token::Text(name) = token else { return None };
    EventKind::from_wire(name)
        .or_else(|| name.contains(' ').then(|| EventKind::from_wire(&name.replace(' ', "_"))).flatten())
}
