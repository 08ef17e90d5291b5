use super::*;

fn rows(house: &House) -> Vec<Value> {
    let sql = "SELECT json_group_array(json_object('url', url, 'storage', storage_type, 'status', status, 'task', task,
               'retry', retry_count) ORDER BY url) FROM url_to_delete";
    serde_json::from_str(&house.0.value::<String>(sql, []).unwrap()).unwrap()
}

#[test]
fn case_31_32_reset_keeps_what_a_run_starts_from() {
    let house = House::open();
    let (queue, model) = (house.queue("q1"), house.model("in", None, true));
    let item = json!({"section": "A", "name": "x", "value": "1"});
    let task = house.task_with(json!({
        "hyperparams": {"A": {"x": item}}, "configuration": {"c": {"name": "c", "value": "v"}}, "tags": ["t"],
        "system_tags": ["archived", "development"], "script": {"repository": "r"}, "output_dest": "s3://d",
        "execution": {"framework": "f", "artifacts": [{"key": "i", "type": "t", "mode": "input"}, {"key": "o", "type": "t", "uri": "s3://b/k"}]},
        "models": {"input": [{"name": "i", "model": model}], "output": [{"name": "o", "model": "m"}]},
        "container": {"image": "i"}, "runtime": {"a": 1},
    }));
    house.ok("started", json!({"task": task}));
    house.ok("update", json!({"task": task, "output__error": "e"}));
    house.0.sql(
        "UPDATE task SET last_iteration = 9, last_worker = 'w', metric_stats = '{\"a\":{}}' WHERE id = ?1",
        [&task],
    );
    house.0.sql("INSERT INTO metric_variant VALUES (1, 'm', 'v', 'mh', 'vh')", []);
    house.0.sql("INSERT INTO task_metric SELECT seq, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, NULL, company, project FROM task WHERE id = ?1", [&task]);
    assert_eq!(house.get(&task)["last_metrics"]["mh"]["vh"]["value"], 1.0);
    house.ok("stopped", json!({"task": task}));
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    let answer = house.ok("reset", json!({"task": task}));
    assert_eq!(keys(&answer), ["deleted_models", "dequeued", "events", "fields", "updated", "urls"]);
    assert_eq!(
        (&answer["dequeued"], &answer["urls"], &answer["events"]),
        (&json!({"removed": 1}), &json!({}), &json!({}))
    );
    assert_eq!(
        (&answer["fields"]["status_reason"], &answer["fields"]["status_message"]),
        (&json!("reset"), &json!("reset"))
    );
    assert!(house.waiting(&queue).is_empty());
    let shown = house.get(&task);
    assert_eq!(shown["execution"].get("queue"), None);
    assert_eq!(shown["execution"]["artifacts"].as_array().unwrap().len(), 1);
    assert_eq!(shown["output"], json!({"destination": "s3://d"}));
    for gone in ["started", "completed", "published", "active_duration", "last_worker"] {
        assert_eq!(shown.get(gone), None, "{gone}");
    }
    for (empty, value) in [
        ("runtime", json!({})),
        ("last_metrics", json!({})),
        ("metric_stats", json!({})),
        ("last_iteration", json!(0)),
    ] {
        assert_eq!(shown[empty], value, "{empty}");
    }
    assert_eq!(
        (&shown["models"]["output"], &shown["models"]["input"][0]["model"]),
        (&json!([]), &json!("in"))
    );
    assert_eq!(
        (&shown["hyperparams"]["A"]["x"], &shown["configuration"]["c"]["value"]),
        (&item, &json!("v"))
    );
    assert_eq!((&shown["tags"], &shown["container"]["image"]), (&json!(["t"]), &json!("i")));
    assert_eq!(
        (&shown["script"]["repository"], &shown["execution"]["framework"]),
        (&json!("r"), &json!("f"))
    );

    let answer = house.ok("reset", json!({"task": task, "clear_all": true, "return_file_urls": true}));
    assert_eq!(answer["dequeued"], json!({}));
    assert_eq!(answer["urls"], json!({"model_urls": [], "artifact_urls": [], "event_urls": []}));
    let shown = house.get(&task);
    assert_eq!(
        shown["script"],
        json!({"binary": "python", "repository": "", "entry_point": "", "requirements": {}})
    );
    assert_eq!((shown["execution"].get("framework"), &shown["execution"]["artifacts"]), (None, &json!([])));
    let batch = house.ok("reset_many", json!({"ids": [task], "force": true}));
    assert_eq!(
        keys(&batch["succeeded"][0]),
        ["deleted_models", "dequeued", "fields", "id", "updated", "urls"]
    );
    assert_eq!(batch["succeeded"][0]["dequeued"], false);
}

#[test]
fn a_refused_reset_changes_nothing() {
    let house = House::open();
    let (queue, task) = (house.queue("q1"), house.task());
    house.model("m1", Some(&task), true);
    house.ok("enqueue", json!({"task": task, "queue": queue}));
    assert_eq!(house.err("reset", json!({"task": task})), (400, 123));
    assert_eq!((house.status(&task), house.waiting(&queue)), ("queued".into(), vec![task.clone()]));
    let publishing = house.task_in("publishing");
    let artifact = json!({"key": "o", "type": "t"});
    house.ok("edit", json!({"task": publishing, "force": true, "execution": {"artifacts": [artifact]}}));
    assert_eq!(house.err("reset", json!({"task": publishing})), (400, 110));
    assert_eq!(house.get(&publishing)["execution"]["artifacts"].as_array().unwrap().len(), 1);
}

#[test]
fn case_33_34_35_models_that_a_task_made() {
    let house = House::open();
    let task = house.task();
    let ready = house.model("ready", Some(&task), true);
    for name in ["reset", "delete"] {
        assert_eq!(house.err(name, json!({"task": task})), (400, 123), "{name}");
    }
    house.ok("reset", json!({"task": task, "force": true}));
    assert_eq!(house.model_task(&ready), None);
    house.0.sql("UPDATE model SET task = ?1", [&task]);
    let answer = house.ok("delete", json!({"task": task, "force": true}));
    assert_eq!((&answer["updated_models"], &answer["deleted_models"]), (&json!(1), &json!(0)));
    assert_eq!(house.model_task(&ready), Some(format!("__DELETED__{task}")));

    let task = house.task();
    let (unused, used) = (house.model("unused", Some(&task), false), house.model("used", Some(&task), false));
    house.task_with(json!({"models": {"input": [{"name": "i", "model": used}]}}));
    let answer = house.ok("delete", json!({"task": task, "return_file_urls": true}));
    assert_eq!((&answer["deleted_models"], &answer["updated_models"]), (&json!(1), &json!(0)));
    assert_eq!(answer["urls"]["model_urls"], json!(["s3://models/unused"]));
    assert_eq!(
        (house.has_model(&unused), house.has_model(&used), house.model_task(&used)),
        (false, true, None)
    );

    let task = house.task();
    let kept = house.model("kept", Some(&task), false);
    house.0.sql("DELETE FROM url_to_delete", []);
    let answer = house.ok("delete", json!({"task": task, "delete_output_models": false, "force": true}));
    assert_eq!((&answer["deleted_models"], &answer["updated_models"]), (&json!(0), &json!(1)));
    assert_eq!(house.model_task(&kept), Some(format!("__DELETED__{task}")));
    assert!(rows(&house).is_empty(), "the file of a model that stays is not deleted");
}

#[test]
fn case_36_only_drafts_and_archived_tasks_are_deleted() {
    let house = House::open();
    let task = house.running();
    assert_eq!(house.err("delete", json!({"task": task})), (400, 123));
    house.ok("archive", json!({"tasks": [task]}));
    house.ok("delete", json!({"task": task}));
    assert_eq!(house.err("get_by_id", json!({"task": task})), (400, 101));
    assert_eq!(house.0.value::<i64>("SELECT count(*) FROM task_tag", []), Some(0));
}

#[test]
fn case_37_children_of_a_deleted_parent() {
    let house = House::open();
    let parent = house.task();
    let child = house.task_with(json!({"parent": parent}));
    house.ok("edit", json!({"task": child, "status": "published"}));
    assert_eq!(house.err("delete", json!({"task": parent})), (400, 123));
    assert_eq!(house.err("reset", json!({"task": parent})), (400, 123));
    let answer = house.ok("delete", json!({"task": parent, "force": true}));
    assert_eq!(answer["updated_children"], 1);
    assert_eq!(house.get(&child)["parent"], format!("__DELETED__{parent}"));
    let copy = house.ok("clone", json!({"task": child}))["id"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&copy)["parent"], *child);
}

#[test]
fn case_38_39_what_delete_says_and_leaves_to_be_deleted() {
    let house = House::open();
    let artifacts = json!({"artifacts": [
        {"key": "k", "type": "t", "uri": "s3://b/k"}, {"key": "l", "type": "t", "uri": "http://files.test/a/b"},
        {"key": "m", "type": "t", "uri": "https://elsewhere/x"}, {"key": "n", "type": "t", "mode": "input", "uri": "s3://b/input"},
    ]});
    let task = house.task_with(json!({"execution": artifacts}));
    assert_eq!(house.ok("delete", json!({"task": task}))["urls"], Value::Null);
    let found = rows(&house);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["storage"], &found[1]["storage"]), (&json!("fileserver"), &json!("s3")));
    assert_eq!((&found[1]["status"], &found[1]["task"]), (&json!("created"), &json!(task)));
    house.0.sql("UPDATE url_to_delete SET status = 'failed', retry_count = 3", []);
    let other = house.task_with(json!({"execution": artifacts}));
    let batch = house.ok("delete_many", json!({"ids": [other, other], "return_file_urls": true}));
    assert_eq!(
        batch["succeeded"][0]["urls"]["artifact_urls"],
        json!(["http://files.test/a/b", "https://elsewhere/x", "s3://b/k"])
    );
    assert_eq!(batch["failed"][0]["error"]["codes"], json!([400, 101]));
    let found = rows(&house);
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[1]["status"], &found[1]["task"], &found[1]["retry"]),
        (&json!("created"), &json!(other), &json!(0))
    );
    house.0.sql("DELETE FROM url_to_delete", []);
    let third = house.task_with(json!({"execution": artifacts}));
    house.ok("delete", json!({"task": third, "delete_external_artifacts": false}));
    assert!(rows(&house).is_empty());
}

#[test]
fn files_case_43_what_others_rely_on_is_not_scheduled() {
    let house = House::open();
    let input = json!({"artifacts": [{"key": "n", "type": "t", "mode": "input", "uri": "http://files.test/p/input"}]});
    let task = house.task_with(json!({"execution": input}));
    let published = house.model("published", Some(&task), true);
    let used = house.model("used", Some(&task), false);
    house.task_with(json!({"models": {"input": [{"name": "i", "model": used}]}}));
    house.model("unused", Some(&task), false);
    house.ok("delete", json!({"task": task, "force": true}));
    assert!(house.has_model(&published) && house.has_model(&used));
    let urls: Vec<String> = rows(&house).iter().map(|row| row["url"].as_str().unwrap().to_owned()).collect();
    assert_eq!(urls, ["s3://models/unused"], "what nobody relies on goes");
}

#[test]
fn a_pipeline_goes_with_its_steps() {
    let house = House::open();
    let controller = house.task_with(json!({"type": "controller"}));
    let step = house.task_with(json!({"parent": controller, "execution": {"artifacts": [{"key": "k", "type": "t", "uri": "s3://b/step"}]}}));
    house.ok("started", json!({"task": step}));
    let draft = house.model("draft", Some(&step), false);
    let answer = house
        .ok("delete", json!({"task": controller, "include_pipeline_steps": true, "return_file_urls": true}));
    assert_eq!(
        (&answer["deleted_models"], &answer["urls"]["artifact_urls"]),
        (&json!(1), &json!(["s3://b/step"]))
    );
    assert!(!house.has_model(&draft));
    assert_eq!(house.err("get_by_id", json!({"task": step})), (400, 101));
}

#[test]
fn case_40_41_archiving() {
    let house = House::open();
    let task = house.task();
    assert_eq!(house.err("archive", json!({"tasks": [task, "nope"]})), (400, 101));
    assert_eq!(house.err("archive", json!({"tasks": []})), (400, 12));
    assert_eq!(house.get(&task)["system_tags"], json!([]));
    let batch = house.ok("archive_many", json!({"ids": [task, "nope"]}));
    assert_eq!(batch["succeeded"], json!([{"id": task, "archived": true}]));
    assert_eq!(batch["failed"][0]["error"]["codes"], json!([400, 101]));
    house.ok("archive_many", json!({"ids": [task]}));
    assert_eq!(house.get(&task)["system_tags"], json!(["archived"]));

    let running = house.running();
    let queue = house.queue("q1");
    let waiting = house.task();
    house.ok("enqueue", json!({"task": waiting, "queue": queue}));
    assert_eq!(
        house.ok("archive", json!({"tasks": [running, waiting], "status_reason": "R"})),
        json!({"archived": 2})
    );
    let shown = house.get(&running);
    assert_eq!(
        (&shown["status"], &shown["status_reason"], shown.get("completed")),
        (&json!("stopped"), &json!("R"), None)
    );
    assert_eq!((house.status(&waiting), house.waiting(&queue)), ("created".into(), vec![]));
    let batch = house.ok("unarchive_many", json!({"ids": [running]}));
    assert_eq!(batch["succeeded"], json!([{"id": running, "unarchived": true}]));
    let shown = house.get(&running);
    assert_eq!(
        (&shown["status"], &shown["system_tags"], &shown["status_reason"]),
        (&json!("stopped"), &json!([]), &json!(""))
    );
}

#[test]
fn what_a_run_reported_goes_with_it() {
    let house = House::open();
    let task = house.running();
    let report = |task: &str| {
        house.ann().ok("events.add", json!({"type": "training_stats_scalar", "task": task, "metric": "m", "variant": "v", "iter": 1, "value": 1.5}));
        house.ann().ok("events.add", json!({"type": "training_debug_image", "task": task, "metric": "m", "variant": "v", "iter": 1, "url": "s3://b/image"}));
    };
    let reported = || {
        house
            .0
            .value::<i64>("SELECT (SELECT count(*) FROM scalar) + (SELECT count(*) FROM image)", [])
            .unwrap()
    };
    report(&task);
    assert_eq!((reported(), house.get(&task)["last_iteration"].clone()), (2, json!(1)));
    assert_eq!(keys(&house.get(&task)["last_metrics"]).len(), 1);
    house.ok("reset", json!({"task": task}));
    assert_eq!((reported(), house.get(&task)["last_metrics"].clone()), (0, json!({})));
    assert_eq!(rows(&house)[0]["url"], "s3://b/image");
    house.ok("started", json!({"task": task}));
    report(&task);
    house.ok("delete", json!({"task": task, "force": true}));
    assert_eq!(reported(), 0);
    let noted = house.0.value::<String>("SELECT user FROM deleted_entity WHERE id = ?1", [&task]);
    assert_eq!(noted.as_deref(), Some("ann"), "its deleter may delete its files for a while");
}
