use super::*;

const COUNT: &str = "organization.get_entities_count";

#[test]
fn case_42_counts_by_kind() {
    let front = FrontDoor::open();
    let ann = front.ann();
    project(&ann, "Pro/.datasets/cats", &["dataset", "hidden"]);
    front.task("t1", json!({}));
    front.task("t2", json!({"system_tags": ["hidden"]}));
    front.task("c1", json!({"type": "controller", "system_tags": ["pipeline"]}));
    front.task("c2", json!({"type": "controller"}));
    front.task("c3", json!({"type": "controller", "system_tags": ["other"]}));
    front.task("d1", json!({"type": "data_processing", "system_tags": ["hidden"]}));
    front.task("r1", json!({"type": "report", "system_tags": ["reports", "hidden"]}));
    model(&ann, json!({"system_tags": ["hidden"]}));
    front.sql("UPDATE project SET system_tags = '[\"hidden\"]' WHERE name = 'Pro/.datasets'", []);
    let count = |request: Value| ann.ok(COUNT, request);
    assert_eq!(count(json!({"projects": {}, "tasks": {}})), json!({"projects": 1, "tasks": 4}));
    assert_eq!(
        count(json!({"projects": {}, "tasks": {}, "search_hidden": true})),
        json!({"projects": 3, "tasks": 7})
    );
    // What a query itself says about hidden ones, its page, order and fields mean nothing.
    let query = json!({"search_hidden": true, "scroll_id": null, "page_size": 0, "order_by": ["x"], "only_fields": ["x"]});
    assert_eq!(count(json!({"projects": query, "tasks": query})), json!({"projects": 1, "tasks": 4}));
    assert_eq!(count(json!({"datasets": {"system_tags": ["dataset"]}})), json!({"datasets": 1}));
    let kinds = json!({
        "models": {}, "pipelines": {"system_tags": ["pipeline"]}, "pipeline_runs": {"system_tags": [null, "pipeline"]},
        "dataset_versions": {}, "reports": {},
    });
    assert_eq!(
        count(kinds),
        json!({"models": 1, "pipelines": 0, "pipeline_runs": 2, "dataset_versions": 1, "reports": 1})
    );
    let answer = count(json!({"tasks": {"name": "("}, "models": {}, "projects": {"tags": ["__$x"]}}));
    assert_eq!(answer["models"], 1);
    assert!(answer.get("tasks").is_none() && answer.get("projects").is_none());
    let errors = answer["errors"].as_object().unwrap();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["projects", "tasks"]);
    assert!(errors["tasks"].as_str().unwrap().contains("regular expression"), "{errors:?}");
    assert_eq!(count(json!({"tasks": {}, "models": {}, "limit": 1})), json!({"tasks": 1, "models": 1}));
    assert_eq!(count(json!({"tasks": {}, "limit": 3})), json!({"tasks": 3}));
    assert_eq!(count(json!({"tasks": {}, "limit": 0})), json!({"tasks": 4}));
    assert_eq!(ann.err(COUNT, json!({"tasks": {}, "limit": -1})), (400, 12));
    assert_eq!(ann.err(COUNT, json!({"tasks": "all"})), (400, 12));
    // A type that contradicts the kind's own counts nothing.
    assert_eq!(count(json!({"reports": {"type": ["training"]}})), json!({"reports": 0}));
}

#[test]
fn case_69_hidden_trees_and_people() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let hidden = project(&ann, "Pro/.datasets/cats", &["hidden"]);
    let parent = id_of(&ann, "Pro");
    let child = id_of(&ann, "Pro/.datasets");
    let count = |request: Value| ann.ok(COUNT, request);
    assert_eq!(count(json!({"projects": {"id": [hidden]}})), json!({"projects": 0}));
    assert_eq!(count(json!({"projects": {"id": [hidden]}, "search_hidden": true})), json!({"projects": 1}));
    let below = |query: Value| count(json!({"projects": query, "search_hidden": true}))["projects"].clone();
    assert_eq!(below(json!({"parent": [parent]})), 1);
    assert_eq!(below(json!({"path": [parent]})), 2);
    assert_eq!(below(json!({"path": [child]})), 1);
    assert_eq!(below(json!({"shallow_search": true})), 3, "a listing's option");
    front.task("t1", json!({"project": parent}));
    front.task("t2", json!({"project": child, "user": "bob"}));
    // A query for a project's tasks stays exact.
    let exact = json!({"tasks": {"project": [parent], "include_subprojects": true}});
    assert_eq!(count(exact), json!({"tasks": 1}));
    assert_eq!(
        count(json!({"active_users": ["nobody"], "tasks": {}, "projects": {}})),
        json!({"projects": 0, "tasks": 0})
    );
    assert_eq!(
        count(json!({"active_users": ["bob"], "tasks": {}, "projects": {}, "search_hidden": true})),
        json!({"projects": 2, "tasks": 1})
    );
    let elsewhere = json!({"active_users": ["bob"], "projects": {"id": [hidden]}, "search_hidden": true});
    assert_eq!(count(elsewhere), json!({"projects": 0}));
    let own = json!({"active_users": ["bob"], "tasks": {"user": ["ann"]}});
    assert_eq!(count(own), json!({"tasks": 1}), "the query's own user wins");
    assert_eq!(count(json!({"tasks": null})), json!({}));
}

/// What the search page of the web application sends (spec/client_web.md case 45).
#[test]
fn the_search_pages_request_is_counted_whole() {
    let front = FrontDoor::open();
    let ann = front.ann();
    project(&ann, "training runs", &[]);
    front.task("t1", json!({"name": "train it"}));
    let pattern = |fields: Value, more: Value| {
        merged(json!({"_any_": {"pattern": "TRAIN", "fields": fields}, "shallow_search": false}), &more)
    };
    let request = json!({
        "projects": pattern(json!(["basename", "id"]), json!({"system_tags": ["-pipeline", "-dataset"]})),
        "tasks": pattern(json!(["name", "id"]), json!({"type": ["__$not", "annotation_manual"], "system_tags": ["-archived"]})),
        "models": pattern(json!(["name", "id"]), json!({})),
        "datasets": pattern(json!(["basename", "id"]), json!({"name": "/\\.datasets/", "system_tags": ["dataset"]})),
        "pipelines": pattern(json!(["basename", "id"]), json!({"search_hidden": true, "system_tags": ["pipeline"]})),
        "pipeline_runs": pattern(json!(["name", "id"]), json!({"system_tags": [null, "pipeline"]})),
        "dataset_versions": pattern(json!(["name", "id"]), json!({"system_tags": [null, "dataset"]})),
        "reports": pattern(json!(["id", "name", "tags", "project", "comment", "report"]), json!({"system_tags": ["-archived"]})),
        "limit": 1,
    });
    assert_eq!(
        ann.ok(COUNT, request),
        json!({"projects": 1, "tasks": 1, "models": 0, "pipelines": 0, "pipeline_runs": 0, "datasets": 0,
               "dataset_versions": 0, "reports": 0})
    );
}
