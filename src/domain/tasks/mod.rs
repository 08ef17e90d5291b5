//! Tasks: what may happen to a run, from draft to published (protocol: spec/tasks.md).
//!
//! [`Status`] is the machine; `change_status` is the one way to write a status; `access` says who may change what.
//! Every use-case is one transaction and checks everything before it changes anything. What never lives here: SQL,
//! shapes of requests beyond a task's own content.

mod access;
mod archive;
mod artifact;
mod artifacts;
mod batch;
mod change_status;
mod cleanup;
mod clone;
mod configuration;
mod content;
mod content_hash;
mod create;
mod delete;
mod edit;
mod hyperparams;
mod items;
mod legacy;
mod lifecycle;
mod model_links;
mod queueing;
mod read;
mod references;
mod relocate;
mod reset;
mod status;
mod stop;
mod update;
mod watchdog;

pub(super) use access::{may_leave, store, writable};
pub use archive::{archive, archive_many, unarchive_many};
pub(super) use archive::{archive_task, unarchive_task};
pub use artifacts::{delete_artifacts, put_artifacts};
pub use batch::{Batch, at_least_one};
pub use change_status::Words;
pub use cleanup::{Disposal, Disposed, Urls};
pub(super) use clone::clone_task;
pub use clone::{Cloned, Overrides, clone, clone_many};
pub use configuration::{
    Configuration, configuration_names, configurations, delete_configuration, edit_configuration,
};
pub(super) use content_hash::content_hash;
pub use create::{create, validate};
pub use delete::{delete, delete_many};
pub(super) use delete::{delete_each, delete_task};
pub use edit::{edit, set_requirements};
pub use hyperparams::{Parameter, ParameterKey, Replace, delete_hyperparams, edit_hyperparams, hyperparams};
pub(super) use items::kind as checked_type;
pub use lifecycle::{Completed, close, complete, failed, publish, publish_many, start, stopped};
pub(super) use lifecycle::{mark_published, publish_with_model};
pub use model_links::{Direction, delete_models, edit_runtime, put_model};
pub(super) use queueing::enqueue_task;
pub use queueing::{Dequeue, Enqueue, Enqueued, dequeue, dequeue_many, enqueue, enqueue_many};
pub use read::{all, all_expanded, by_id, by_id_expanded, types};
pub use relocate::{Target, make_private, make_public, relocate};
pub use reset::{Reset, reset, reset_many};
pub use status::Status;
pub(super) use stop::CONTROLLER;
pub use stop::{Stop, stop, stop_many};
pub use update::{ping, update, update_batch, update_tags};
pub use watchdog::{SERVER, sweep};
