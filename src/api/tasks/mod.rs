//! `tasks.*`: the wire of tasks (spec/tasks.md). Each handler decodes, calls one use-case and shapes the answer.

pub(super) mod cleanup;
mod content;
mod items;
mod queueing;
mod reading;
pub(super) mod shape;
mod status;

#[cfg(test)]
mod tests;

use super::endpoint::{Endpoint, Input};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("tasks.add_or_update_artifacts", Input::Typed, items::put_artifacts).since(2, 10),
    Endpoint::new("tasks.add_or_update_model", Input::Typed, items::put_model).since(2, 13),
    Endpoint::new("tasks.archive", Input::Typed, cleanup::archive),
    Endpoint::new("tasks.archive_many", Input::Typed, cleanup::archive_many),
    Endpoint::new("tasks.clone", Input::Raw, content::clone),
    Endpoint::new("tasks.close", Input::Typed, status::close),
    Endpoint::new("tasks.completed", Input::Typed, status::completed).since(2, 2),
    Endpoint::new("tasks.create", Input::Raw, content::create),
    Endpoint::new("tasks.delete", Input::Typed, cleanup::delete),
    Endpoint::new("tasks.delete_artifacts", Input::Typed, items::delete_artifacts).since(2, 10),
    Endpoint::new("tasks.delete_configuration", Input::Typed, items::delete_configuration),
    Endpoint::new("tasks.delete_hyper_params", Input::Typed, items::delete_hyperparams),
    Endpoint::new("tasks.delete_many", Input::Typed, cleanup::delete_many),
    Endpoint::new("tasks.delete_models", Input::Typed, items::delete_models).since(2, 13),
    Endpoint::new("tasks.dequeue", Input::Typed, queueing::dequeue),
    Endpoint::new("tasks.dequeue_many", Input::Typed, queueing::dequeue_many),
    Endpoint::new("tasks.edit", Input::Raw, content::edit),
    Endpoint::new("tasks.edit_configuration", Input::Typed, items::edit_configuration),
    Endpoint::new("tasks.edit_hyper_params", Input::Typed, items::edit_hyperparams),
    Endpoint::new("tasks.edit_runtime", Input::Raw, items::edit_runtime),
    Endpoint::new("tasks.enqueue", Input::Typed, queueing::enqueue),
    Endpoint::new("tasks.enqueue_many", Input::Typed, queueing::enqueue_many),
    Endpoint::new("tasks.failed", Input::Typed, status::failed),
    Endpoint::new("tasks.get_all", Input::Raw, reading::get_all),
    Endpoint::new("tasks.get_all_ex", Input::Raw, reading::get_all_ex),
    Endpoint::new("tasks.get_by_id", Input::Typed, reading::get_by_id),
    Endpoint::new("tasks.get_by_id_ex", Input::Raw, reading::get_by_id_ex).requires(&["id"]),
    Endpoint::new("tasks.get_configuration_names", Input::Typed, items::get_configuration_names),
    Endpoint::new("tasks.get_configurations", Input::Typed, items::get_configurations),
    Endpoint::new("tasks.get_hyper_params", Input::Typed, items::get_hyperparams),
    Endpoint::new("tasks.get_types", Input::Typed, reading::get_types),
    Endpoint::new("tasks.make_private", Input::Typed, content::make_private).since(2, 9),
    Endpoint::new("tasks.make_public", Input::Typed, content::make_public).since(2, 9),
    Endpoint::new("tasks.move", Input::Raw, content::relocate),
    Endpoint::new("tasks.ping", Input::Typed, content::ping),
    Endpoint::new("tasks.publish", Input::Typed, status::publish),
    Endpoint::new("tasks.publish_many", Input::Typed, status::publish_many),
    Endpoint::new("tasks.reset", Input::Typed, cleanup::reset),
    Endpoint::new("tasks.reset_many", Input::Typed, cleanup::reset_many),
    Endpoint::new("tasks.set_requirements", Input::Typed, content::set_requirements),
    Endpoint::new("tasks.started", Input::Typed, status::started),
    Endpoint::new("tasks.stop", Input::Typed, status::stop),
    Endpoint::new("tasks.stop_many", Input::Typed, status::stop_many),
    Endpoint::new("tasks.stopped", Input::Typed, status::stopped),
    Endpoint::new("tasks.unarchive_many", Input::Typed, cleanup::unarchive_many),
    Endpoint::new("tasks.update", Input::Raw, content::update),
    Endpoint::new("tasks.update_batch", Input::Lines, content::update_batch),
    Endpoint::new("tasks.update_tags", Input::Typed, content::update_tags),
    Endpoint::new("tasks.validate", Input::Raw, content::validate),
];
