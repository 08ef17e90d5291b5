//! The unmodified SDK from PyPI against the built server (spec/tasks.md 12). Each scenario reports in one process and
//! reads back in another one, on another workstation, so that only the server can have kept anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use crate::yard::Yard;
use crate::yard::python::{Workstation, run};

const LIMIT: Duration = Duration::from_secs(420);

fn scenario(yard: &Yard, name: &str) {
    scenario_at(yard, name, |workstation| workstation);
}

/// A scenario of many short processes that report: pipelines' steps, searches' trials.
fn scenario_of_jobs(yard: &Yard, name: &str) {
    scenario_at(yard, name, Workstation::with_threaded_reports);
}

fn scenario_at(yard: &Yard, name: &str, prepare: fn(Workstation) -> Workstation) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sdk_run.py");
    let state = yard.home().join(format!("{name}.json"));
    for step in ["run", "check"] {
        let mut command = prepare(Workstation::new(yard, step)).python();
        command.arg(&script).args([step, name]).arg(&state);
        run(command, &format!("{name}-{step}"), LIMIT);
    }
}

#[test]
fn parameters_and_configuration_come_back_as_they_were_set() {
    scenario(&Yard::start(), "parameters");
}

#[test]
fn every_reported_scalar_comes_back() {
    scenario(&Yard::start(), "scalars");
}

#[test]
fn plots_of_every_kind_come_back() {
    scenario(&Yard::start(), "plots");
}

#[test]
fn images_and_media_can_be_downloaded_again() {
    scenario(&Yard::start(), "media");
}

#[test]
fn artifacts_of_every_kind_come_back_as_objects() {
    scenario(&Yard::start(), "artifacts");
}

/// Files behind the web port, `http://host:port/files`.
#[test]
fn files_case_45_files_behind_one_port_come_back_and_go_with_their_task() {
    scenario(&Yard::secure().one_port().start(), "files");
}

#[test]
fn models_are_registered_found_loaded_and_published() {
    scenario(&Yard::start(), "models");
}

#[test]
fn console_output_and_machine_metrics_are_kept_in_order() {
    scenario(&Yard::start(), "console");
}

#[test]
fn a_task_can_be_used_again_continued_and_ended_in_every_way() {
    scenario(&Yard::start(), "lifecycle");
}

#[test]
fn tasks_are_found_copied_moved_published_and_deleted() {
    scenario(&Yard::start(), "queries");
}

#[test]
fn tasks_are_created_from_scripts_copied_exported_and_queued() {
    scenario(&Yard::start(), "copies");
}

#[test]
fn models_are_queried_by_every_property_and_removed() {
    scenario_of_jobs(&Yard::start(), "registry");
}

#[test]
fn a_deleted_task_takes_its_files_and_models_along() {
    scenario_of_jobs(&Yard::start(), "removal");
}

#[test]
fn files_and_folders_of_any_name_are_stored() {
    scenario(&Yard::start(), "storage");
}

#[test]
fn datasets_have_versions_that_are_found_squashed_and_deleted() {
    scenario(&Yard::start(), "datasets");
}

#[test]
fn pipelines_of_functions_and_tasks_run_and_use_steps_again() {
    scenario_of_jobs(&Yard::start(), "pipelines");
}

#[test]
fn pipelines_of_decorated_functions_run_and_use_steps_again() {
    scenario_of_jobs(&Yard::start(), "decorated");
}

#[test]
fn a_hyper_parameter_search_finds_and_keeps_the_best() {
    scenario_of_jobs(&Yard::start(), "search");
}

#[test]
fn schedulers_react_to_tasks_models_datasets_and_clocks() {
    scenario(&Yard::start(), "triggers");
}

#[test]
fn the_command_line_tools_work() {
    scenario_of_jobs(&Yard::start(), "tools");
}

#[test]
fn a_session_recorded_without_a_connection_is_imported() {
    scenario(&Yard::start(), "offline");
}

/// `clearml.conf` names the bundle with the server's own authority; nothing else tells the SDK to trust it.
#[test]
fn the_sdk_works_over_tls_with_the_servers_own_authority() {
    let yard = Yard::secure().tls().start();
    assert!(yard.client_configuration().contains("https://"), "{}", yard.client_configuration());
    scenario(&yard, "scalars");
    scenario(&yard, "artifacts");
}

/// Protocol case 60: one sign-in opens a session; every later call names version 2.23 or an older one.
#[test]
fn protocol_case_60_one_sign_in_per_session() {
    let yard = Yard::reference().start();
    let pair = yard.tests_pair();
    let mut command = Workstation::new(&yard, "session").python();
    command
        .envs([("CLEARML_API_HOST", yard.api()), ("CLEARML_WEB_HOST", yard.web())])
        .envs([("CLEARML_FILES_HOST", yard.files())])
        .envs([("CLEARML_API_ACCESS_KEY", &pair.key), ("CLEARML_API_SECRET_KEY", &pair.secret)])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/session.py"));
    run(command, "session", Duration::from_secs(120));
}
