//! Lists with statistics and narrowed lists.

use super::*;
use crate::types::Millis;

fn row(ann: &Visitor<'_>, id: &str, options: Value) -> Value {
    let mut request = json!({"id": [id], "include_stats": true});
    request.as_object_mut().unwrap().extend(options.as_object().cloned().unwrap());
    ann.ok("projects.get_all_ex", request)["projects"][0].clone()
}

fn active(row: &Value) -> &Value {
    &row["stats"]["active"]
}

#[test]
fn case_20_totals_with_and_without_children() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let child = create(&ann, "Parent/Child");
    let parent = id_of(&ann, "Parent");
    let now = Millis::now().0;
    let started = now - 90_700;
    front.task("t1", json!({"project": child, "status": "stopped", "started": started, "completed": now}));
    front.task("t2", json!({"project": child}));
    let archived = json!({"project": child, "status": "stopped", "started": started, "completed": now, "system_tags": ["archived"]});
    front.task("t3", archived);
    for id in [&child, &parent] {
        let row = row(&ann, id, json!({}));
        let stats = active(&row);
        assert_eq!(stats["status_count"]["stopped"], 1);
        assert_eq!(stats["status_count"]["created"], 1);
        assert_eq!(stats["status_count"].as_object().unwrap().len(), 10);
        assert_eq!(stats["total_tasks"], 2);
        assert_eq!(stats["total_runtime"], 90);
        assert_eq!(stats["completed_tasks_24h"], 1);
        assert_eq!(stats["last_task_run"], Millis(started).to_wire());
    }
    assert_eq!(row(&ann, &parent, json!({}))["sub_projects"], json!([{"id": child, "name": "Parent/Child"}]));
    let alone = row(&ann, &parent, json!({"stats_with_children": false}));
    assert_eq!(active(&alone)["total_tasks"], 0);
    assert_eq!(active(&alone)["last_task_run"], Value::Null);
    assert_eq!(alone["sub_projects"], json!([]));
}

#[test]
fn case_21_failures_do_not_count_as_completed() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Work");
    let hour_ago = Millis::now().0 - 3_600_000;
    front.task("t1", json!({"project": id, "status": "failed", "completed": hour_ago}));
    assert_eq!(active(&row(&ann, &id, json!({})))["completed_tasks_24h"], 0);
    front.task("t2", json!({"project": id, "status": "published", "completed": hour_ago}));
    front.task("t3", json!({"project": id, "status": "published", "completed": hour_ago - 90_000_000}));
    assert_eq!(active(&row(&ann, &id, json!({})))["completed_tasks_24h"], 1);
}

#[test]
fn case_22_hidden_children_count_when_asked_for() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create_tagged(&ann, "Xxx/.pipelines", &["hidden"]);
    let pipeline = create_tagged(&ann, "Xxx/.pipelines/ppp", &["hidden", "pipeline"]);
    let id = id_of(&ann, "Xxx");
    front.task("t1", json!({"project": pipeline, "type": "controller", "system_tags": ["pipeline"]}));
    front.task("t2", json!({"project": pipeline}));
    assert_eq!(active(&row(&ann, &id, json!({})))["total_tasks"], 0);
    assert_eq!(active(&row(&ann, &id, json!({"search_hidden": true})))["total_tasks"], 2);
    assert_eq!(active(&row(&ann, &id, json!({"children_type": "pipeline"})))["total_tasks"], 1);
}

#[test]
fn case_23_the_filter_of_what_is_counted() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Work");
    front.task("t1", json!({"project": id, "system_tags": ["pipeline"]}));
    front.task("t2", json!({"project": id}));
    let filtered = |filter: Value| row(&ann, &id, json!({"include_stats_filter": filter}));
    assert_eq!(active(&filtered(json!({"system_tags": ["-pipeline"]})))["total_tasks"], 1);
    assert_eq!(
        active(&filtered(json!({"system_tags": {"any": {"include": ["pipeline"]}}})))["total_tasks"],
        1
    );
    for bad in [json!({"type": []}), json!({"type": [1]}), json!({"type": "x"})] {
        let request = json!({"include_stats": true, "include_stats_filter": bad});
        assert_eq!(ann.err("projects.get_all_ex", request), (400, 12), "{bad}");
    }
}

#[test]
fn case_24_projects_with_datasets() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let container = create_tagged(&ann, "Root/Child/.datasets", &["hidden"]);
    let data = create_tagged(&ann, "Root/Child/.datasets/cats", &["hidden", "dataset"]);
    ann.ok("projects.update", json!({"project": data, "tags": ["b", "a"]}));
    create(&ann, "Root/Empty");
    let root = id_of(&ann, "Root");
    let request = json!({
        "children_type": "dataset", "shallow_search": true, "parent": [root], "include_stats": true, "check_own_contents": true,
    });
    let found = ann.ok("projects.get_all_ex", request);
    assert_eq!(names(&found), ["Root/Child"]);
    let child = &found["projects"][0];
    assert_eq!(child["stats"], json!({"datasets": {"count": 1, "tags": ["a", "b"]}}));
    assert_eq!(child["own_datasets"], 0);
    assert!(child.get("own_tasks").is_none());
    let asked = json!({"children_type": "dataset", "id": [container], "check_own_contents": true});
    assert_eq!(ann.ok("projects.get_all_ex", asked)["projects"][0]["own_datasets"], 1);
}

#[test]
fn case_25_projects_with_reports() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for (n, (name, tags)) in
        [("Both", json!(["t1", "t2"])), ("One", json!(["t1"])), ("None", json!([]))].into_iter().enumerate()
    {
        let id = create(&ann, name);
        let report =
            json!({"project": id, "type": "report", "system_tags": ["reports", "hidden"], "tags": tags});
        front.task(&format!("r{n}"), report);
    }
    create(&ann, "Without");
    let found = |condition: Value| -> Vec<String> {
        let mut request = json!({"children_type": "report", "order_by": ["name"]});
        request.as_object_mut().unwrap().extend(condition.as_object().cloned().unwrap());
        names(&ann.ok("projects.get_all_ex", request)).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(found(json!({})), ["Both", "None", "One"]);
    assert_eq!(found(json!({"children_tags": ["__$all", "t1", "t2"]})), ["Both"]);
    assert_eq!(found(json!({"children_tags": ["-t1", "-t2"]})), ["None"]);
    assert_eq!(found(json!({"children_tags_filter": {"any": {"include": ["t1", "t2"]}}})), ["Both", "One"]);
}

#[test]
fn case_26_projects_of_active_users() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let bob = front.visitor("acme", "bob");
    create(&bob, "Bobs");
    let inner = create(&bob, "Outer/Inner");
    front.task("t1", json!({"project": inner}));
    front.task("t2", json!({"project": inner, "user": "bob"}));
    let request = json!({"active_users": ["ann"], "include_stats": true, "order_by": ["name"]});
    let found = ann.ok("projects.get_all_ex", request);
    assert_eq!(names(&found), ["Outer", "Outer/Inner"]);
    assert_eq!(active(&found["projects"][0])["total_tasks"], 1);
    assert_eq!(ann.ok("projects.get_all_ex", json!({"active_users": ["nobody"]})), json!({"projects": []}));
}

#[test]
fn case_27_dataset_stats_come_from_the_latest_version() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Data");
    let stats = || row(&ann, &id, json!({"include_dataset_stats": true}))["dataset_stats"].clone();
    front.task("t0", json!({"project": id, "last_update": 9}));
    assert_eq!(stats(), Value::Null);
    front.task(
        "t1",
        json!({"project": id, "runtime": {"ds_file_count": 2, "ds_total_size": 1000}, "last_update": 5}),
    );
    assert_eq!(stats(), json!({"file_count": 2, "total_size": 1000}));
    front.task("t2", json!({"project": id, "runtime": {"ds_file_count": 7}, "last_update": 8}));
    front.task("t3", json!({"project": id, "runtime": {"ds_file_count": 9}, "last_update": 9, "system_tags": ["archived"]}));
    assert_eq!(stats(), json!({"file_count": 7, "total_size": 0}));
}

#[test]
fn case_28_own_contents_are_direct_and_not_archived() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Top/Work");
    front.task("t1", json!({"project": id}));
    front.task("t2", json!({"project": id, "system_tags": ["archived"]}));
    model(&ann, json!({"project": id}));
    let own = |id: &str, filter: Value| {
        let row = row(&ann, id, json!({"check_own_contents": true, "include_stats_filter": filter}));
        (row["own_tasks"].as_i64().unwrap(), row["own_models"].as_i64().unwrap())
    };
    assert_eq!(own(&id, Value::Null), (1, 1));
    assert_eq!(own(&id_of(&ann, "Top"), Value::Null), (0, 0));
    assert_eq!(
        own(&id, json!({"system_tags": ["archived"]})),
        (1, 0),
        "the filter's own word on archived counts"
    );
    assert_eq!(own(&id, json!({"type": ["training"]})), (1, 0));
}

#[test]
fn case_64_the_dataset_list_of_the_pages() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create_tagged(&ann, "Pro/.datasets", &["hidden"]);
    let id = create_tagged(&ann, "Pro/.datasets/cats", &["hidden", "dataset"]);
    let version = json!({
        "project": id, "type": "data_processing", "system_tags": ["dataset"], "runtime": {"ds_file_count": 3, "ds_total_size": 9},
    });
    front.task("t1", version);
    let request = json!({
        "name": "/\\.datasets/", "system_tags": ["dataset"], "search_hidden": true, "include_stats": true,
        "include_stats_filter": {"system_tags": ["dataset"], "type": ["data_processing"]}, "include_dataset_stats": true,
        "stats_with_children": false, "scroll_id": null, "size": 12, "order_by": ["featured", "-last_update"],
    });
    let found = ann.ok("projects.get_all_ex", request);
    assert_eq!(names(&found), ["Pro/.datasets/cats"]);
    let row = &found["projects"][0];
    assert_eq!(active(row)["total_tasks"], 1);
    assert_eq!(row["dataset_stats"], json!({"file_count": 3, "total_size": 9}));
    assert_eq!((&row["hidden"], &row["sub_projects"]), (&json!(true), &json!([])));
    assert!(found["scroll_id"].is_string());
}

#[test]
fn case_65_projects_with_pipelines() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create_tagged(&ann, "Own/.pipelines", &["hidden"]);
    let pipeline = create_tagged(&ann, "Own/.pipelines/ppp", &["pipeline", "hidden"]);
    create(&ann, "Other");
    let found = ann.ok("projects.get_all_ex", json!({"children_type": "pipeline", "shallow_search": true}));
    assert_eq!(names(&found), ["Own"]);
    let by_id = ann.ok("projects.get_all_ex", json!({"children_type": "pipeline", "id": [pipeline]}));
    assert_eq!(by_id, json!({"projects": []}));
    assert_eq!(ann.err("projects.get_all_ex", json!({"children_type": "bogus"})), (400, 12));
}
