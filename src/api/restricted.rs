//! Access rules against the use-cases of projects, models and queues (spec/security_rules.md S18,
//! spec/governance.md 7.3): what somebody may only read they can't change, and what they may not see is unknown to
//! them. Each refusal is first shown to succeed for somebody with all rights.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::HashSet, sync::Arc};

use serde_json::{Value, json};

use crate::{
    api::front_door::FrontDoor,
    domain::{Call, Ctx, models, pipelines, projects, queues, reports},
    store::{Readable, Scope, Sets, Writable},
    types::{CompanyId, Json, Result},
};

fn sets(ids: &[&str]) -> Arc<Sets> {
    let all: HashSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    Arc::new(Sets { projects: all.clone(), ids: all })
}

fn bob<'a>(front: &'a FrontDoor, readable: &[&str], writable: &[&str]) -> Ctx<'a> {
    let scope = Scope {
        company: CompanyId::from("acme"),
        readable: Readable::Sets(sets(readable)),
        writable: Writable::Sets(sets(writable)),
    };
    Ctx::new(&front.app, front.visitor("acme", "bob").caller, Call::internal()).with_scope(scope)
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> (u16, u16) {
    let error = result.unwrap_err();
    (error.kind().code(), error.kind().subcode())
}

fn object(value: Value) -> Json {
    value.as_object().cloned().unwrap()
}

fn project(front: &FrontDoor, name: &str) -> String {
    front.ann().ok("projects.create", json!({"name": name}))["id"].as_str().unwrap().to_owned()
}

fn model(front: &FrontDoor, project: &str) -> String {
    let request = json!({"name": "net", "uri": "file:///a", "project": project});
    front.ann().ok("models.create", request)["id"].as_str().unwrap().to_owned()
}

#[test]
fn s18_projects_need_rights_on_both_ends() {
    let front = FrontDoor::open();
    let (open, shown, hidden) =
        (project(&front, "Open"), project(&front, "Shown"), project(&front, "Hidden"));
    let inner = project(&front, "Open/Inner");
    let ctx = bob(&front, &[&open, &inner, &shown], &[&open, &inner]);
    projects::update(&ctx, &open, &object(json!({"description": "x"}))).unwrap();
    assert_eq!(code(projects::update(&ctx, &shown, &object(json!({"description": "x"})))), (403, 21));
    assert_eq!(code(projects::update(&ctx, &hidden, &object(json!({"description": "x"})))), (400, 401));
    assert_eq!(code(projects::by_id(&ctx, &hidden)), (400, 401));
    assert_eq!(code(projects::move_to(&ctx, &inner, "Shown")), (403, 21), "the destination is read-only");
    assert_eq!(code(projects::move_to(&ctx, &inner, "Hidden")), (403, 21), "nor is an unseen one a place");
    assert_eq!(code(projects::merge(&ctx, &inner, Some(&shown))), (403, 21));
    assert_eq!(code(projects::merge(&ctx, &inner, Some(&hidden))), (400, 401));
    let below = projects::NewProject { name: "Shown/Mine".to_owned(), ..Default::default() };
    assert_eq!(code(projects::create(&ctx, &below)), (403, 21));
    let below = projects::NewProject { name: "Open/Mine".to_owned(), ..Default::default() };
    projects::create(&ctx, &below).unwrap();
    let listed = projects::list(&ctx, &object(json!({"order_by": ["name"]}))).unwrap();
    let names: Vec<&str> = listed.documents.iter().filter_map(|found| found["name"].as_str()).collect();
    assert_eq!(names, ["Open", "Open/Inner", "Shown"]);
    let unrestricted = front.ann();
    unrestricted.ok("projects.move", json!({"project": inner, "new_location": "Shown"}));
}

#[test]
fn s18_models_can_not_be_put_or_taken_where_one_may_not_write() {
    let front = FrontDoor::open();
    let (open, shown, hidden) =
        (project(&front, "Open"), project(&front, "Shown"), project(&front, "Hidden"));
    let (own, read, unseen) = (model(&front, &open), model(&front, &shown), model(&front, &hidden));
    let ctx = bob(&front, &[&open, &shown], &[&open]);
    models::edit(&ctx, &own, &object(json!({"name": "renamed"}))).unwrap();
    assert_eq!(code(models::edit(&ctx, &read, &object(json!({"name": "renamed"})))), (403, 21));
    assert_eq!(code(models::edit(&ctx, &unseen, &object(json!({"name": "renamed"})))), (400, 201));
    for (destination, edit, update) in [(&shown, (403, 21), (403, 21)), (&hidden, (400, 16), (400, 16))] {
        let to = object(json!({"project": destination}));
        assert_eq!(code(models::edit(&ctx, &own, &to)), edit);
        assert_eq!(code(models::update(&ctx, &own, &to)), update);
    }
    let target = models::Target::Id(&shown);
    assert_eq!(code(models::move_to(&ctx, std::slice::from_ref(&own), target)), (403, 21));
    models::move_to(&ctx, &[read.clone(), unseen.clone()], models::Target::Root).unwrap();
    let new = |project: &str| models::NewModel {
        name: "net".to_owned(),
        uri: "u".to_owned(),
        project: Some(project.to_owned()),
        ..Default::default()
    };
    assert_eq!(code(models::create(&ctx, new(&shown))), (403, 21));
    assert_eq!(code(models::create(&ctx, new(&hidden))), (400, 12));
    models::create(&ctx, new(&open)).unwrap();
    let many = models::delete_many(&ctx, &[read.clone(), unseen.clone()], true, true).unwrap();
    let codes: Vec<u16> = many.into_iter().map(|(_, result)| code(result).1).collect();
    assert_eq!(codes, [21, 201]);
    for (id, place) in [(&read, &shown), (&unseen, &hidden)] {
        assert_eq!(
            front.value::<String>("SELECT project FROM model WHERE id = ?1", [id]).as_ref(),
            Some(place)
        );
    }
}

#[test]
fn s18_names_and_tags_of_what_one_may_not_see_stay_unknown() {
    let front = FrontDoor::open();
    let (open, hidden) = (project(&front, "Open"), project(&front, "Hidden"));
    front.task("seen", json!({"project": open, "tags": ["seen"], "parent": "secret"}));
    front.task("secret", json!({"project": hidden, "tags": ["secret"], "hyperparams": {"Args": {"key": {"section": "Args", "name": "key", "value": "v"}}}}));
    let ctx = bob(&front, &[&open], &[&open]);
    let everything = projects::TagsRequest::default();
    assert_eq!(projects::task_tags(&ctx, &everything).unwrap().0, ["seen"]);
    let slice = crate::store::projects::Slice { start: 0, size: 10 };
    assert_eq!(projects::hyperparam_names(&ctx, &projects::Owners::All, slice).unwrap().total, 0);
    assert!(projects::task_parents(&ctx, &projects::Owners::All, None, None).unwrap().is_empty());
    let stats = projects::list_expanded(&ctx, &object(json!({"include_stats": true}))).unwrap();
    assert_eq!(stats.documents.len(), 1);
    assert_eq!(stats.documents[0]["stats"]["active"]["total_tasks"], 1);
    assert_eq!(front.ann().ok("projects.get_task_tags", json!({}))["tags"], json!(["secret", "seen"]));
}

#[test]
fn queues_are_used_only_with_rights_on_queue_and_task() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue =
        |name: &str| ann.ok("queues.create", json!({"name": name}))["id"].as_str().unwrap().to_owned();
    let (open, shown, hidden) = (queue("open"), queue("shown"), queue("hidden"));
    for task in ["mine", "read"] {
        front.task(task, json!({}));
    }
    let ctx = bob(&front, &[&open, &shown, "mine", "read"], &[&open, "mine"]);
    queues::add_task(&ctx, &open, "mine", true).unwrap();
    assert_eq!(code(queues::add_task(&ctx, &open, "read", true)), (403, 21));
    assert_eq!(code(queues::add_task(&ctx, &shown, "mine", true)), (403, 21));
    assert_eq!(code(queues::add_task(&ctx, &hidden, "mine", true)), (400, 701));
    assert_eq!(code(queues::pull(&ctx, &shown, None, true)), (403, 21));
    assert_eq!(code(queues::pull(&ctx, &hidden, None, true)), (400, 701));
    assert_eq!(code(queues::clear(&ctx, &shown)), (403, 21));
    assert_eq!(code(queues::move_task(&ctx, &shown, "mine", queues::Step::ToBack)), (403, 21));
    let listed = queues::list(&ctx, &Json::new()).unwrap().documents;
    assert_eq!(listed.len(), 2);
    ann.ok("queues.add_task", json!({"queue": shown, "task": "read"}));
}

#[test]
fn entries_of_unseen_tasks_have_no_name() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let queue = ann.ok("queues.create", json!({"name": "gpu"}))["id"].as_str().unwrap().to_owned();
    front.task("secret", json!({}));
    ann.ok("queues.add_task", json!({"queue": queue, "task": "secret"}));
    let ctx = bob(&front, &[&queue], &[]);
    let shown = queues::list_expanded(&ctx, &Json::new()).unwrap().documents.remove(0);
    assert_eq!(shown["entries"][0]["task"], json!({"id": "secret"}));
    let named = ann.ok("queues.get_all_ex", json!({}))["queues"][0]["entries"][0]["task"].clone();
    assert_eq!(named, json!({"id": "secret", "name": "task secret"}));
}

#[test]
fn s18_reports_need_rights_on_their_projects() {
    let front = FrontDoor::open();
    let (open, shown, hidden) =
        (project(&front, "Open"), project(&front, "Shown"), project(&front, "Hidden"));
    let report = |name: &str, project: &str| {
        let made = front.ann().ok("reports.create", json!({"name": name, "project": project}));
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        (text("id"), text("project_id"))
    };
    let (mine, of_open) = report("mine", &open);
    let (read, of_shown) = report("read", &shown);
    let (secret, _) = report("secret", &hidden);
    let ctx = bob(&front, &[&open, &of_open, &shown, &of_shown], &[&open, &of_open]);
    let rename = || reports::ReportChange { name: Some("renamed".to_owned()), ..Default::default() };
    reports::update(&ctx, &mine, rename()).unwrap();
    assert_eq!(code(reports::update(&ctx, &read, rename())), (403, 21));
    assert_eq!(code(reports::update(&ctx, &secret, rename())), (400, 101));
    assert_eq!(code(reports::delete(&ctx, &read, true)), (403, 21));
    let create = |project: &str| {
        let new = reports::NewReport {
            name: "new one".to_owned(),
            project: Some(project.to_owned()),
            ..Default::default()
        };
        reports::create(&ctx, &new)
    };
    create(&open).unwrap();
    assert_eq!(code(create(&shown)), (403, 21));
    assert_eq!(code(create(&hidden)), (400, 401));
    let to = |project: &str| reports::move_to(&ctx, &mine, &reports::Target::Project(project.to_owned()));
    assert_eq!(code(to(&shown)), (403, 21));
    assert_eq!(code(to(&hidden)), (400, 401));
    assert_eq!(code(reports::move_to(&ctx, &mine, &reports::Target::Named("Shown".to_owned()))), (403, 21));
    let found = reports::list(&ctx, &Json::new()).unwrap().documents;
    let mut names: Vec<&str> = found.iter().filter_map(|found| found["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["new one", "read", "renamed"]);
    front.ann().ok("reports.move", json!({"task": mine, "project": shown}));
}

#[test]
fn s18_runs_need_rights_on_their_pipeline_and_queue() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (open, shown) = (project(&front, "Open"), project(&front, "Shown"));
    let queue = ann.ok("queues.create", json!({"name": "gpu"}))["id"].as_str().unwrap().to_owned();
    for (run, project) in [("r1", &open), ("r2", &open), ("r3", &shown), ("r4", &shown)] {
        front.task(run, json!({"project": project, "type": "controller", "system_tags": ["pipeline"]}));
    }
    let ctx = bob(&front, &[&open, &shown, &queue], &[&open, &queue]);
    let start = |ctx: &Ctx<'_>, run: &str| {
        let new =
            pipelines::NewRun { task: run.to_owned(), queue: Some(queue.clone()), ..Default::default() };
        pipelines::start(ctx, &new)
    };
    start(&ctx, "r1").unwrap();
    assert_eq!(code(start(&ctx, "r3")), (403, 21));
    assert_eq!(code(start(&bob(&front, &[&open, &queue], &[&open]), "r1")), (403, 21));
    assert_eq!(code(start(&bob(&front, &[&open], &[&open]), "r1")), (400, 701));
    assert_eq!(code(start(&ctx, "nope")), (400, 101));
    let gone = pipelines::delete_runs(&ctx, &open, &["r2".to_owned()]).unwrap();
    assert_eq!((gone.succeeded.len(), gone.failed.len()), (1, 0));
    let kept = pipelines::delete_runs(&ctx, &shown, &["r3".to_owned()]).unwrap();
    assert_eq!((kept.succeeded.len(), kept.failed[0].1.kind().code()), (0, 403));
    start(&ann_ctx(&front), "r3").unwrap();
}

fn ann_ctx(front: &FrontDoor) -> Ctx<'_> {
    Ctx::new(&front.app, front.ann().caller, Call::internal())
}
