//! What the unmodified SDK and agent do (spec/tasks.md 12; golden recordings).

use super::*;

#[test]
fn case_78_the_sdk_reuses_a_task() {
    let house = House::open();
    let item = json!({"section": "A", "name": "x", "value": "1"});
    let task = house.task_with(json!({"hyperparams": {"A": {"x": item}}, "configuration": {"c": {"name": "c", "value": "v"}}, "container": {"image": "i"}}));
    house.ok("started", json!({"task": task}));
    house.ok("stopped", json!({"task": task}));
    house.ok("reset", json!({"task": task, "force": false}));
    let edit = json!({
        "task": task, "force": true, "script": {"diff": ""}, "execution": {}, "output_dest": "", "hyperparams": {},
        "configuration": {}, "container": {}, "models": {"input": [], "output": []}, "method": "get",
    });
    let answer = house.ok("edit", edit);
    assert_eq!(answer["fields"]["output"], json!({"destination": ""}));
    assert_eq!(answer["fields"]["models"], json!({"input": [], "output": []}));
    let shown = house.get(&task);
    for map in ["hyperparams", "configuration", "container"] {
        assert_eq!(shown[map], json!({}), "{map}");
    }
    assert_eq!(shown["models"], json!({"input": [], "output": []}));
}

#[test]
fn the_sdk_sends_a_whole_task_in_both_forms() {
    let house = House::open();
    let task = house.task();
    let request = json!({
        "task": task, "force": true, "name": "created job", "tags": [], "system_tags": ["development"],
        "type": "training", "comment": "c",
        "execution": {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []},
        "script": {"binary": "python3.11", "repository": "", "branch": "", "version_num": "", "entry_point": "plain_job.py",
                   "working_dir": ".", "requirements": {"pip": "clearml"}, "diff": "d"},
        "hyperparams": {}, "configuration": {}, "models": {"input": [], "output": []},
        "container": {"image": "", "arguments": "", "setup_shell_script": ""}, "runtime": {}, "method": "get",
    });
    let fields = house.ok("edit", request.clone())["fields"].clone();
    for same in [
        "name",
        "tags",
        "system_tags",
        "type",
        "comment",
        "execution",
        "script",
        "hyperparams",
        "configuration",
        "models",
        "container",
        "runtime",
    ] {
        assert_eq!(fields[same], request[same], "{same}");
    }
    assert_eq!(fields.as_object().unwrap().len(), 15);
}

#[test]
fn an_agent_runs_a_queued_task() {
    let house = House::open();
    let (task, queue) = (house.task(), house.queue("q1"));
    house.ok("enqueue", json!({"task": task, "queue": queue, "verify_watched_queue": false}));
    let agent = house.ann().at(2, 5);
    let claimed =
        agent.ok("tasks.started", json!({"task": task, "status_message": "pulled by agent", "force": true}));
    assert!(claimed["fields"]["started"].is_string());
    let again =
        agent.ok("tasks.started", json!({"task": task, "status_message": "launch by agent", "force": true}));
    assert_eq!(again["fields"].get("started"), None);
    house.ok("edit", json!({"task": task, "force": true, "runtime": {"_exec_agent_hostname": "h"}}));
    house.ok("edit", json!({"task": task, "force": true, "script": {"version_num": "abc"}}));
    let claimed = house.ok("dequeue", json!({"task": task, "new_status": "in_progress"}));
    assert_eq!(
        (&claimed["dequeued"], &claimed["updated"], &claimed["fields"]["enqueue_status"]),
        (&json!(1), &json!(1), &Value::Null)
    );
    let polled = house.ann().at(2, 14).ok(
        "tasks.get_all",
        json!({"id": [task], "search_hidden": true, "only_fields": ["status", "status_message"]}),
    );
    assert_eq!(polled["tasks"], json!([{"status": "in_progress", "status_message": ""}]));
    let done = agent.ok("tasks.completed", json!({"task": task, "force": false, "status_reason": "worker execution done", "status_message": "Changed by clearml-agent rec:cpu:1"}));
    assert_eq!(done["fields"]["status_message"], "Changed by clearml-agent rec:cpu:1");
    agent.ok("tasks.completed", json!({"task": task, "force": false}));
}
