//! What may be done with a task, and when. The rules are the domain's; here they get words.

use crate::{
    domain::{Ctx, tasks::Status},
    store::documents::Access,
    types::{Json, Result},
    web::{
        pages::document::{text, texts},
        view::task::Action,
    },
};

/// Something that a person does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web::pages) enum Deed {
    Enqueue,
    Dequeue,
    Abort,
    Publish,
    Clone,
    Reset,
    Archive,
    Restore,
    Delete,
}

impl Deed {
    /// In the order of buttons and menus.
    pub(in crate::web::pages) const ALL: [Deed; 9] = [
        Deed::Enqueue,
        Deed::Dequeue,
        Deed::Abort,
        Deed::Publish,
        Deed::Clone,
        Deed::Reset,
        Deed::Archive,
        Deed::Restore,
        Deed::Delete,
    ];

    /// From an address.
    pub(in crate::web::pages) fn from_key(key: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.key() == key)
    }

    /// In addresses.
    pub(in crate::web::pages) const fn key(self) -> &'static str {
        match self {
            Deed::Enqueue => "enqueue",
            Deed::Dequeue => "dequeue",
            Deed::Abort => "abort",
            Deed::Publish => "publish",
            Deed::Clone => "clone",
            Deed::Reset => "reset",
            Deed::Archive => "archive",
            Deed::Restore => "restore",
            Deed::Delete => "delete",
        }
    }

    /// On buttons.
    pub(in crate::web::pages) const fn verb(self) -> &'static str {
        match self {
            Deed::Enqueue => "Enqueue",
            Deed::Dequeue => "Dequeue",
            Deed::Abort => "Abort",
            Deed::Publish => "Publish",
            Deed::Clone => "Clone",
            Deed::Reset => "Reset",
            Deed::Archive => "Archive",
            Deed::Restore => "Restore",
            Deed::Delete => "Delete",
        }
    }

    /// When it is done: `2 archived`.
    pub(in crate::web::pages) const fn done(self) -> &'static str {
        match self {
            Deed::Enqueue => "enqueued",
            Deed::Dequeue => "dequeued",
            Deed::Abort => "aborted",
            Deed::Publish => "published",
            Deed::Clone => "cloned",
            Deed::Reset => "reset",
            Deed::Archive => "archived",
            Deed::Restore => "restored",
            Deed::Delete => "deleted",
        }
    }

    /// Its symbol.
    pub(in crate::web::pages) const fn icon(self) -> &'static str {
        match self {
            Deed::Enqueue => "play",
            Deed::Dequeue | Deed::Abort => "stop",
            Deed::Publish => "flag",
            Deed::Clone => "clone",
            Deed::Reset => "reset",
            Deed::Archive | Deed::Restore => "box",
            Deed::Delete => "trash",
        }
    }

    /// Stops or loses work.
    pub(in crate::web::pages) const fn is_danger(self) -> bool {
        matches!(self, Deed::Abort | Deed::Reset | Deed::Delete)
    }

    /// The domain lets it pass where it is done already, as scripts like it; a person is told instead.
    pub(in crate::web::pages) const fn repeats_silently(self) -> bool {
        matches!(self, Deed::Dequeue | Deed::Abort | Deed::Reset | Deed::Archive | Deed::Restore)
    }

    /// Takes results along, and files where there are some: then a word is typed first.
    pub(in crate::web::pages) const fn loses_results(self) -> bool {
        matches!(self, Deed::Reset | Deed::Delete)
    }

    /// Can take a pipeline's steps along.
    pub(in crate::web::pages) const fn reaches_steps(self) -> bool {
        matches!(self, Deed::Abort | Deed::Archive | Deed::Restore)
    }

    /// Why it can't be done in this state; `None` when it can.
    pub(in crate::web::pages) fn obstacle(self, state: State) -> Option<&'static str> {
        use Status::{Created, InProgress, Published, Publishing, Queued};
        if self != Deed::Clone && !state.may_write {
            return Some("You may only read this task. A clone of it would be yours.");
        }
        let status = state.status;
        match self {
            Deed::Enqueue if status.check_strict_step(Queued).is_err() => Some(match status {
                Queued => "It waits in a queue already.",
                InProgress => "It runs already.",
                Published | Publishing => "A published task stays as it is. Clone it.",
                _ => "It has ended. Clone it, or reset it first.",
            }),
            Deed::Dequeue if status != Queued => Some("It waits in no queue."),
            Deed::Abort if !status.is_active() => Some("It neither runs nor waits."),
            Deed::Publish if status.check_strict_step(Published).is_err() => Some(match status {
                Created => "A draft has no results to publish.",
                Queued | InProgress => "It has not ended yet.",
                _ => "It is published already.",
            }),
            Deed::Reset if status == Created => Some("It is a draft already."),
            Deed::Reset if status.check_strict_step(Created).is_err() => {
                Some("A published task stays as it is. Clone it.")
            }
            Deed::Archive if state.is_archived => Some("It is archived already."),
            Deed::Restore if !state.is_archived => Some("It is not archived."),
            Deed::Delete if status != Created && !state.is_archived => {
                Some("Only drafts and archived tasks are deleted. Archive it first.")
            }
            _ => None,
        }
    }

    /// Whether it stands beside the title: what people come for in this state.
    fn is_near(self, state: State) -> bool {
        match self {
            Deed::Enqueue => state.status == Status::Created,
            Deed::Dequeue => state.status == Status::Queued,
            Deed::Abort => state.status.is_active(),
            Deed::Publish => self.obstacle(state).is_none(),
            Deed::Clone => true,
            _ => false,
        }
    }
}

/// What decides about deeds.
#[derive(Clone, Copy, Debug)]
pub(in crate::web::pages) struct State {
    /// Where it stands in its life.
    pub(in crate::web::pages) status: Status,
    /// Put away.
    pub(in crate::web::pages) is_archived: bool,
    /// The reader may change it.
    pub(in crate::web::pages) may_write: bool,
}

impl State {
    /// Of a task that the caller sees.
    pub(in crate::web::pages) fn of(ctx: &Ctx<'_>, task: &Json) -> Result<State> {
        let id = text(task, "id");
        Ok(State {
            status: Status::stored(&text(task, "status")),
            is_archived: texts(task, "system_tags").iter().any(|tag| tag == "archived"),
            may_write: ctx.read(|snapshot| Ok(snapshot.task(&id, Access::Write)?.is_some()))?,
        })
    }
}

/// What the head of a task offers. Archive and Restore take the same place.
pub(super) fn actions(id: &str, state: State) -> Vec<Action> {
    let hidden = if state.is_archived { Deed::Archive } else { Deed::Restore };
    let action = |deed: Deed| Action {
        label: deed.verb(),
        icon: deed.icon(),
        href: format!("/tasks/{id}/{}", deed.key()),
        danger: deed.is_danger(),
        in_menu: !deed.is_near(state),
        reason: deed.obstacle(state).unwrap_or_default().to_owned(),
    };
    Deed::ALL.into_iter().filter(|deed| *deed != hidden).map(action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: Status) -> State {
        State { status, is_archived: false, may_write: true }
    }

    fn offered(state: State) -> Vec<&'static str> {
        actions("t", state).into_iter().filter(|action| action.reason.is_empty()).map(|a| a.label).collect()
    }

    #[test]
    fn each_state_offers_what_the_domain_allows() {
        assert_eq!(offered(state(Status::Created)), ["Enqueue", "Clone", "Archive", "Delete"]);
        assert_eq!(offered(state(Status::Queued)), ["Dequeue", "Abort", "Clone", "Reset", "Archive"]);
        assert_eq!(offered(state(Status::InProgress)), ["Abort", "Clone", "Reset", "Archive"]);
        assert_eq!(offered(state(Status::Completed)), ["Publish", "Clone", "Reset", "Archive"]);
        assert_eq!(offered(state(Status::Failed)), ["Enqueue", "Publish", "Clone", "Reset", "Archive"]);
        assert_eq!(offered(state(Status::Published)), ["Clone", "Archive"]);
    }

    #[test]
    fn archived_tasks_can_be_restored_and_deleted() {
        let archived = State { is_archived: true, ..state(Status::Completed) };
        assert_eq!(offered(archived), ["Publish", "Clone", "Reset", "Restore", "Delete"]);
    }

    #[test]
    fn who_may_only_read_may_only_clone() {
        for status in Status::ALL {
            assert_eq!(offered(State { may_write: false, ..state(status) }), ["Clone"], "{status}");
        }
    }

    #[test]
    fn keys_round_trip() {
        for deed in Deed::ALL {
            assert_eq!(Deed::from_key(deed.key()), Some(deed));
        }
        assert_eq!(Deed::from_key("scalars"), None);
    }
}
