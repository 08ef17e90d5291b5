//! Acceptance cases of spec/projects.md 8 that the pipelines service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::api::front_door::{FrontDoor, Visitor};

/// A pipeline's project with one run, `r1`, and a queue `q`.
struct Works {
    front: FrontDoor,
    project: String,
    queue: String,
}

impl Works {
    fn open() -> Self {
        let front = FrontDoor::open();
        let ann = front.ann();
        let id = |data: Value| data["id"].as_str().unwrap().to_owned();
        let tags = json!(["hidden", "pipeline"]);
        let project = id(ann.ok("projects.create", json!({"name": ".pipelines/pipe", "system_tags": tags})));
        let queue = id(ann.ok("queues.create", json!({"name": "services"})));
        let works = Works { front, project, queue };
        works.run("r1", "pipe");
        works
    }

    fn ann(&self) -> Visitor<'_> {
        self.front.ann()
    }

    fn run(&self, id: &str, name: &str) {
        let hyperparams = json!({
            "Args": {"x": {"section": "Args", "name": "x", "value": "1", "type": "int"},
                     "y": {"section": "Args", "name": "y", "value": "2"}},
            "pipeline": {"depth": {"section": "pipeline", "name": "depth", "value": "3"}},
        });
        self.front.task(
            id,
            json!({"name": name, "type": "controller", "project": self.project, "status": "completed",
                "tags": ["keep"], "system_tags": ["development", "pipeline"], "runtime": {"v": 1},
                "hyperparams": hyperparams}),
        );
    }

    #[track_caller]
    fn get(&self, task: &str) -> Value {
        self.ann().ok("tasks.get_by_id", json!({"task": task}))["task"].clone()
    }

    /// Starts a run anew; returns it and the answer.
    #[track_caller]
    fn start(&self, more: Value) -> (Value, Value) {
        let mut request = json!({"task": "r1", "queue": self.queue});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let answer = self.ann().ok("pipelines.start_pipeline", request);
        (self.get(answer["pipeline"].as_str().unwrap()), answer)
    }

    fn tasks(&self) -> i64 {
        self.front.value("SELECT count(*) FROM task", []).unwrap()
    }
}

#[test]
fn case_46_a_run_is_copied_numbered_and_enqueued() {
    let works = Works::open();
    let ann = works.ann();
    let args = json!([{"name": "x", "value": "9"}, {"name": "new", "value": ""}]);
    let (run, answer) = works.start(json!({"args": args, "verify_watched_queue": true}));
    assert_eq!((&answer["enqueued"], &answer["queue_watched"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&run["name"], &run["status"], &run["parent"]),
        (&json!("pipe #2"), &json!("queued"), &json!("r1"))
    );
    assert_eq!(run["execution"]["queue"], works.queue);
    let args = &run["hyperparams"]["Args"];
    assert_eq!(
        args["x"],
        json!({"section": "Args", "name": "x", "value": "9"}),
        "the whole item is replaced"
    );
    assert_eq!(args["new"], json!({"section": "Args", "name": "new", "value": ""}));
    assert_eq!(args["y"], works.get("r1")["hyperparams"]["Args"]["y"]);
    assert_eq!(run["hyperparams"]["pipeline"], works.get("r1")["hyperparams"]["pipeline"]);
    let entries = ann.ok("queues.get_by_id", json!({"queue": works.queue}))["queue"]["entries"].clone();
    assert_eq!(entries[0]["task"], answer["pipeline"]);

    ann.ok("workers.register", json!({"worker": "w1", "queues": [works.queue]}));
    let (third, answer) = works.start(json!({"verify_watched_queue": true}));
    assert_eq!((&third["name"], &answer["queue_watched"]), (&json!("pipe #3"), &json!(true)));

    let before = works.tasks();
    let start = |task: &str, queue: &str| {
        ann.err("pipelines.start_pipeline", json!({"task": task, "queue": queue, "args": []}))
    };
    assert_eq!(start("nope", &works.queue), (400, 101));
    assert_eq!(start("r1", "nope"), (400, 701));
    assert_eq!(works.tasks(), before, "a refusal leaves no copy behind");
    // A copy of a copy is a run of the first one's parent.
    let (fourth, _) = works.start(json!({"task": third["id"]}));
    assert_eq!(fourth["parent"], "r1");
}

#[test]
fn case_67_what_a_copy_keeps_and_what_not() {
    let works = Works::open();
    let ann = works.ann();
    let (run, answer) = works.start(json!({}));
    assert_eq!(answer, json!({"pipeline": run["id"], "enqueued": true}));
    assert_eq!((&run["system_tags"], &run["tags"]), (&json!(["pipeline"]), &json!(["keep"])));
    assert_eq!((&run["runtime"], &run["type"]), (&json!({}), &json!("controller")));
    assert_eq!(run["status_message"], "Starting pipeline");
    let with = |more: Value| {
        let mut request = json!({"task": "r1", "queue": works.queue});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        ann.err("pipelines.start_pipeline", request)
    };
    let before = works.tasks();
    assert_eq!(with(json!({"args": [{"name": "x", "value": 5}]})), (400, 12));
    assert_eq!(with(json!({"args": [{"name": "x"}]})), (400, 12));
    assert_eq!(with(json!({"args": [{"value": "5"}]})), (400, 12));
    assert_eq!(with(json!({"args": [{"name": " ", "value": "5"}]})), (400, 12));
    assert_eq!(with(json!({"queue": ""})), (400, 707));
    assert_eq!(with(json!({"new_pipeline_name": "other"})), (400, 12), "it is not a new pipeline");
    assert_eq!(works.tasks(), before);
    let default = ann.ok("queues.create", json!({"name": "default", "system_tags": ["default"]}));
    assert_eq!(works.start(json!({"queue": ""})).0["execution"]["queue"], default["id"]);
    assert_eq!(works.start(json!({"queue": null})).0["execution"]["queue"], default["id"]);
    ann.ok("queues.create", json!({"name": "another", "system_tags": ["default"]}));
    assert_eq!(with(json!({"queue": ""})), (400, 708));
}

#[test]
fn numbers_count_runs_of_that_name() {
    let works = Works::open();
    works.run("r2", "pipe #7");
    works.run("r3", "else");
    works.run("r4", "big pipe");
    works.front.task("step", json!({"name": "pipe", "project": works.project, "parent": "r1"}));
    // Those named pipe, pipe #7 and big pipe, and the new one; the step is no run.
    assert_eq!(works.start(json!({})).0["name"], "pipe #4");
    works.front.task("loose", json!({"name": "on its own", "type": "controller", "status": "completed"}));
    assert_eq!(works.start(json!({"task": "loose"})).0["name"], "on its own");
}

#[test]
fn s1_a_run_belongs_to_whoever_starts_it() {
    let works = Works::open();
    works.front.person("acme", "bob", "Bob");
    let bob = works.front.visitor("acme", "bob");
    let request = json!({"task": "r1", "queue": works.queue});
    let run = bob.ok("pipelines.start_pipeline", request)["pipeline"].clone();
    assert_eq!(works.get(run.as_str().unwrap())["user"], "bob");
    let submitter = "SELECT submitter FROM queue_entry WHERE task = ?1";
    assert_eq!(works.front.value::<String>(submitter, [run.as_str()]).unwrap(), "bob");
}

#[test]
fn case_47_the_last_run_stays_and_steps_go_along() {
    let works = Works::open();
    let ann = works.ann();
    let delete =
        |ids: Value| ann.call("pipelines.delete_runs", json!({"project": works.project, "ids": ids}));
    assert_eq!(delete(json!(["r1"])), Err((400, 160)));
    works.run("r2", "pipe #2");
    assert_eq!(delete(json!(["r1", "r2"])), Err((400, 160)));
    assert_eq!(delete(json!(["r2", "r1", "r1"])), Err((400, 160)));
    assert_eq!(delete(json!([])), Err((400, 12)));
    assert_eq!(ann.err("pipelines.delete_runs", json!({"project": works.project})), (400, 12));
    works.front.task("elsewhere", json!({"type": "controller"}));
    works.front.task("training", json!({"project": works.project}));
    let nothing = json!({"succeeded": [], "failed": []});
    assert_eq!(delete(json!(["elsewhere", "training", "nope"])).unwrap(), nothing);

    let artifacts =
        json!([{"key": "a", "type": "t", "mode": "output", "uri": "http://files.test/pipe/step.s1/a.bin"}]);
    works.front.task("s1", json!({"parent": "r1", "status": "published", "artifacts": artifacts}));
    works.front.task("child", json!({"parent": "s1"}));
    works.front.sql(
        "INSERT INTO model (id, company, user, name, created, last_update, last_change, ready, task, uri)
         VALUES ('m1', 'acme', 'ann', 'net', 1, 1, 1, 0, 's1', 's3://b/k')",
        [],
    );
    let done = delete(json!(["r1", "elsewhere", "r1"])).unwrap();
    // The child of the step, and the step's draft.
    let gone = json!({"id": "r1", "deleted": true, "updated_children": 1, "updated_models": 0, "deleted_models": 1, "urls": null});
    assert_eq!(done, json!({"succeeded": [gone], "failed": []}));
    for task in ["r1", "s1"] {
        assert_eq!(ann.err("tasks.get_by_id", json!({"task": task})), (400, 101));
    }
    assert_eq!(ann.err("models.get_by_id", json!({"model": "m1"})), (400, 201));
    assert_eq!(works.get("child")["parent"], "__DELETED__s1");
    for task in ["r2", "elsewhere", "training"] {
        works.get(task);
    }
    let files = "SELECT count(*) FROM url_to_delete WHERE url LIKE '%step.s1%'";
    assert_eq!(works.front.value::<i64>(files, []), Some(1), "files of steps go as well");
    assert_eq!(ann.err("pipelines.delete_runs", json!({"project": "nope", "ids": ["r2"]})), (400, 160));
}

#[test]
fn tenants_see_nothing_of_each_others_pipelines() {
    let works = Works::open();
    works.run("r2", "pipe #2");
    works.front.tenant("other");
    works.front.person("other", "eve", "Eve");
    let (ann, eve) = (works.ann(), works.front.visitor("other", "eve"));
    let queue = eve.ok("queues.create", json!({"name": "services"}))["id"].clone();
    let before = works.tasks();
    for task in ["r1", "nope"] {
        let request = json!({"task": task, "queue": queue});
        assert_eq!(eve.err("pipelines.start_pipeline", request), (400, 101), "{task}");
    }
    for theirs in [&queue, &json!("nope")] {
        assert_eq!(ann.err("pipelines.start_pipeline", json!({"task": "r1", "queue": theirs})), (400, 701));
    }
    for project in [works.project.as_str(), "nope"] {
        let request = json!({"project": project, "ids": ["r1"]});
        assert_eq!(eve.err("pipelines.delete_runs", request), (400, 160), "{project}");
    }
    assert_eq!(works.tasks(), before);
    // A listener of another tenant does not count.
    eve.ok("workers.register", json!({"worker": "w1", "queues": [queue]}));
    assert_eq!(works.start(json!({"verify_watched_queue": true})).1["queue_watched"], false);
    // What is public may be copied only where its project may be changed.
    works.front.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = 'r1'", []);
    assert_eq!(eve.err("pipelines.start_pipeline", json!({"task": "r1", "queue": queue})), (400, 401));
    works
        .front
        .sql("UPDATE project SET company = '', company_origin = 'acme' WHERE id = ?1", [&works.project]);
    assert_eq!(eve.err("pipelines.start_pipeline", json!({"task": "r1", "queue": queue})), (403, 21));
    works
        .front
        .sql("UPDATE project SET company = 'acme', company_origin = NULL WHERE id = ?1", [&works.project]);
    let done = ann.ok("pipelines.delete_runs", json!({"project": works.project, "ids": ["r2"]}));
    assert_eq!(done["succeeded"][0]["id"], "r2");
}
