use super::*;

fn names(answer: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        answer["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn projects_case_55_an_empty_section_is_there() {
    let house = House::open();
    let empty = house.task();
    let get = |id: &str| {
        house.ok("get_all", json!({"id": [id], "only_fields": ["id", "runtime.version"]}))["tasks"].clone()
    };
    assert_eq!(get(&empty), json!([{"id": empty, "runtime": {}}]));
    let full = house.task_with(json!({"runtime": {"version": "1.0", "more": "x"}}));
    assert_eq!(get(&full), json!([{"id": full, "runtime": {"version": "1.0"}}]));
}

#[test]
fn case_58_hidden_tasks_show_when_asked_for() {
    let house = House::open();
    let task = house.task_with(json!({"system_tags": ["hidden"], "type": "report"}));
    let count = |request: Value| house.ok("get_all", request)["tasks"].as_array().unwrap().len();
    assert_eq!(
        (count(json!({})), count(json!({"search_hidden": true})), count(json!({"id": [task]}))),
        (0, 1, 1)
    );
    assert_eq!(house.ok("get_by_id_ex", json!({"id": [task]}))["tasks"][0]["id"], *task);
    assert_eq!(house.err("get_by_id_ex", json!({})), (400, 11));
    assert_eq!(house.ok("get_types", json!({})), json!({"types": ["report"]}));
}

#[test]
fn case_59_the_list_grammar() {
    let house = House::open();
    for (name, tags) in [("task a", json!(["t1", "t2"])), ("task b", json!(["t1"])), ("task d", json!([]))] {
        house.task_with(json!({"name": name, "tags": tags}));
    }
    for (tags, expected) in [
        (json!(["t1", "-t2"]), vec!["task b"]),
        (json!(["__$all", "t1", "t2"]), vec!["task a"]),
        (json!(["__$or", "t1", "__$not", "t2"]), vec!["task a", "task b", "task d"]),
        (json!(["-t2"]), vec!["task b", "task d"]),
        (json!([null]), vec!["task d"]),
    ] {
        assert_eq!(names(&house.ok("get_all", json!({"tags": tags}))), expected, "{tags}");
    }
    for bad in [json!(["__$bad"]), json!(["__$not"]), json!([5])] {
        assert_eq!(house.err("get_all", json!({"tags": bad})), (400, 16), "{bad}");
    }
    let found = house.ok("get_all_ex", json!({"filters": {"tags": {"any": {"include": ["t2"]}}}}));
    assert_eq!(names(&found), ["task a"]);
}

#[test]
fn case_60_61_projections_and_ranges() {
    let house = House::open();
    let project = house.project("p1", "acme");
    let task = house.task_with(json!({"project": project}));
    let found = house.ok("get_all_ex", json!({"only_fields": ["name", "project.name"]}));
    assert_eq!(
        found["tasks"],
        json!([{"id": task, "name": "demo", "project": {"id": "p1", "name": "project p1"}}])
    );
    assert_eq!(house.err("get_all", json!({"only_fields": ["name", "project.name"]})), (400, 14));
    assert_eq!(
        house.ok("get_all", json!({"only_fields": ["status"]}))["tasks"],
        json!([{"status": "created"}])
    );
    assert_eq!(house.ok("get_all", json!({"last_iteration": [0, 5]}))["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(house.err("get_all", json!({"created": ["2020-01-01"]})), (400, 12));
    let silent = house.ok("get_all", json!({"active_duration": [null, 5]}));
    assert_eq!(silent["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn case_62_scrolling() {
    let house = House::open();
    for _ in 0..3 {
        house.task();
    }
    let mut id = Value::Null;
    for expected in [2, 1, 0] {
        let page = house.ok("get_all_ex", json!({"scroll_id": id, "size": 2}));
        assert_eq!(page["tasks"].as_array().unwrap().len(), expected);
        id = page["scroll_id"].clone();
        assert!(id.is_string());
    }
    let again = house.ok("get_all_ex", json!({"scroll_id": id, "size": 2, "refresh_scroll": true}));
    assert_eq!(again["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(house.err("get_all_ex", json!({"scroll_id": null})), (400, 12));
}

#[test]
fn case_63_numbers_in_parameters_sort_as_numbers() {
    let house = House::open();
    for (name, lr) in [("ten", Some("10")), ("nine", Some("9")), ("none", None)] {
        let hyperparams = lr
            .map_or(json!({}), |lr| json!({"Args": {"lr": {"section": "Args", "name": "lr", "value": lr}}}));
        house.task_with(json!({"name": name, "hyperparams": hyperparams}));
    }
    for (key, expected) in [
        ("hyperparams.Args.lr.value", ["nine", "ten", "none"]),
        ("-hyperparams.Args.lr.value", ["ten", "nine", "none"]),
    ] {
        let found = house.ok("get_all", json!({"order_by": [key], "only_fields": ["name"]}));
        let order: Vec<&str> =
            found["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
        assert_eq!(order, expected);
    }
}

#[test]
fn case_66_67_the_pages_table() {
    let house = House::open();
    let project = house.project("p1", "acme");
    let task = house.task_with(json!({"project": project}));
    let request = json!({
        "project": [project], "scroll_id": null, "size": 2, "order_by": ["-last_update"],
        "only_fields": ["name", "company", "project.name", "user.name", "started", "parent.name", "runtime.progress",
                        "models.input.model.name", "last_metrics.a.b.value"],
        "system_tags": ["__$not", "archived"],
    });
    let found = house.ok("get_all_ex", request);
    assert!(found["scroll_id"].is_string());
    assert_eq!(
        found["tasks"],
        json!([{
            "id": task, "name": "demo", "company": {"id": "acme"}, "project": {"id": "p1", "name": "project p1"},
            "user": {"id": "ann", "name": "Ann"}, "runtime": {}, "models": {"input": []}, "last_metrics": {},
        }])
    );
    house.0.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = ?1", [&task]);
    let found = house.ok("get_all_ex", json!({"id": [task], "only_fields": ["name", "company.name"]}));
    assert_eq!(found["tasks"], json!([{"id": task, "name": "demo", "company": {}}]));
    let found = house.ok("get_all", json!({"id": [task], "only_fields": ["company"]}));
    assert_eq!(found["tasks"], json!([{"company": ""}]));
    assert_eq!(house.ok("get_all_ex", json!({"id": [task], "allow_public": false}))["tasks"], json!([]));
}

#[test]
fn case_73_projections_of_what_is_not_there() {
    let house = House::open();
    let project = house.project("p1", "acme");
    house.task_with(json!({
        "project": project, "script": {"diff": "d"},
        "hyperparams": {"Args": {"lr": {"section": "Args", "name": "lr", "value": "1"}}},
    }));
    let get = |fields: Value| house.ok("get_all", json!({"only_fields": fields}))["tasks"][0].clone();
    assert_eq!(get(json!(["runtime.nope", "status"])), json!({"runtime": {}, "status": "created"}));
    assert_eq!(get(json!(["script.branch"])), json!({"script": {}}));
    assert_eq!(get(json!(["hyperparams.Args.nope.value"])), json!({"hyperparams": {"Args": {}}}));
    let without = get(json!(["-script"]));
    assert!(without.get("script").is_none() && without["name"] == "demo");
    assert_eq!(house.err("get_all", json!({"only_fields": ["nope"]})), (400, 14));
    assert_eq!(house.err("get_all_ex", json!({"only_fields": ["project.nope"]})), (400, 14));
    let whole = house.ok("get_all_ex", json!({"only_fields": ["script.diff", "script"]}));
    assert_eq!(whole["tasks"][0]["script"]["binary"], "python");
}

#[test]
fn case_64_last_metrics_of_a_batch() {
    let house = House::open();
    let task = house.running();
    let lines: Vec<String> = [(3.0, 1), (1.0, 2), (2.0, 3)]
        .iter()
        .map(|(value, iteration)| {
            json!({"type": "training_stats_scalar", "task": task, "metric": "loss", "variant": "train",
                "iter": iteration, "value": value, "timestamp": 1_700_000_000_000_i64 + iteration})
            .to_string()
        })
        .collect();
    house.ann().lines("events.add_batch", &lines.join("\n"), None).unwrap();
    let shown = house.get(&task);
    assert_eq!(shown["last_iteration"], 3);
    let metrics = shown["last_metrics"].as_object().unwrap();
    let last = metrics.values().next().unwrap().as_object().unwrap().values().next().unwrap();
    let expected = json!({"metric": "loss", "variant": "train", "value": 2.0,
        "min_value": 1.0, "min_value_iteration": 2, "max_value": 3.0, "max_value_iteration": 1,
        "first_value": 3.0, "first_value_iteration": 1, "mean_value": 2.0, "count": 3});
    assert_eq!((metrics.len(), last), (1, &expected));
}
