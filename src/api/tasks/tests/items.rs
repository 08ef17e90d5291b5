use super::*;

fn param(section: &str, name: &str, value: &str) -> Value {
    json!({"section": section, "name": name, "value": value})
}

#[test]
fn case_49_hyperparameters_are_edited_by_item_section_or_all() {
    let house = House::open();
    let task = house.task();
    let edit = |items: Value, replace: &str| {
        house.ok(
            "edit_hyper_params",
            json!({"task": task, "hyperparams": items, "replace_hyperparams": replace}),
        )
    };
    let shown = || house.get(&task)["hyperparams"].clone();
    assert_eq!(
        edit(json!([param("A", "x", "1"), param("A", "y", "2"), param("B", "z", "3")]), "none"),
        json!({"updated": 1})
    );
    edit(json!([{"section": "A", "name": "x", "value": "9", "type": "int"}]), "none");
    assert_eq!(
        shown()["A"],
        json!({"x": {"section": "A", "name": "x", "value": "9", "type": "int"}, "y": param("A", "y", "2")})
    );
    edit(json!([param("A", "x", "1")]), "section");
    assert_eq!(shown(), json!({"A": {"x": param("A", "x", "1")}, "B": {"z": param("B", "z", "3")}}));
    edit(json!([param("C", "x", "")]), "all");
    assert_eq!(shown(), json!({"C": {"x": param("C", "x", "")}}));

    for bad in [
        json!([]),
        json!([param("", "x", "1")]),
        json!([param("A", " ", "1")]),
        json!([{"section": "A", "name": "x"}]),
        json!([{"section": "A", "name": "x", "value": 5}]),
    ] {
        assert_eq!(
            house.err("edit_hyper_params", json!({"task": task, "hyperparams": bad})),
            (400, 12),
            "{bad}"
        );
    }
    let found = house.ok("get_hyper_params", json!({"tasks": [task, task]}));
    assert_eq!(found["params"], json!([{"task": task, "hyperparams": [param("C", "x", "")]}]));
    assert_eq!(house.err("get_hyper_params", json!({"tasks": [task, "nope"]})), (400, 101));
    assert_eq!(house.err("get_hyper_params", json!({"tasks": []})), (400, 12));

    let running = house.running();
    let items = json!([param("A", "x", "1")]);
    assert_eq!(house.err("edit_hyper_params", json!({"task": running, "hyperparams": items})), (400, 110));
    house.ok("edit_hyper_params", json!({"task": running, "hyperparams": items, "force": true}));
    house.ok("stopped", json!({"task": running}));
    assert_eq!(
        house.err("edit_hyper_params", json!({"task": running, "hyperparams": items, "force": true})),
        (400, 110)
    );
    house.ok("edit_hyper_params", json!({"task": running, "hyperparams": [param("Properties", "o", "me")]}));
    assert_eq!(house.get(&running)["hyperparams"]["properties"]["o"], param("properties", "o", "me"));
    house.ok(
        "delete_hyper_params",
        json!({"task": running, "hyperparams": [{"section": "PROPERTIES", "name": "o"}]}),
    );
    let mixed = json!([param("properties", "o", "me"), param("A", "x", "2")]);
    assert_eq!(house.err("edit_hyper_params", json!({"task": running, "hyperparams": mixed})), (400, 110));
    let all = json!({"task": running, "hyperparams": [param("properties", "o", "me")], "replace_hyperparams": "all"});
    assert_eq!(house.err("edit_hyper_params", all), (400, 110), "that would clear the other sections");
}

#[test]
fn case_50_74_hyperparameters_are_deleted_and_found_by_path() {
    let house = House::open();
    let task = house.task_with(
        json!({"hyperparams": {"a.b": {"c.d": param("a.b", "c.d", "7"), "e": param("a.b", "e", "8")}}}),
    );
    let conflict = json!({"task": task, "hyperparams": [{"section": "Q"}, {"section": "Q", "name": "c"}]});
    assert_eq!(house.err("delete_hyper_params", conflict), (400, 15));
    let path = "hyperparams.a%2Eb.c%2Ed";
    let projected = house.ok("get_all", json!({"only_fields": [format!("{path}.value")]}));
    assert_eq!(projected["tasks"][0], json!({"hyperparams": {"a.b": {"c.d": {"value": "7"}}}}));
    let found = |key: String, values: Value| {
        house.ok("get_all", Value::from_iter([(key, values)]))["tasks"].as_array().unwrap().len()
    };
    assert_eq!(found(format!("{path}.value"), json!(["7"])), 1);
    assert_eq!(found(path.to_owned(), json!(["7"])), 0);
    assert_eq!(found(format!("{path}.value"), json!([null])), 0);
    assert_eq!(
        house.ok(
            "delete_hyper_params",
            json!({"task": task, "hyperparams": [{"section": "a.b", "name": "c.d"}]})
        ),
        json!({"deleted": 1})
    );
    assert_eq!(house.get(&task)["hyperparams"], json!({"a.b": {"e": param("a.b", "e", "8")}}));
    assert_eq!(found(format!("{path}.value"), json!([null])), 1);
    house.ok(
        "delete_hyper_params",
        json!({"task": task, "hyperparams": [{"section": "a.b"}, {"section": "none"}]}),
    );
    assert_eq!(house.get(&task)["hyperparams"], json!({}));
}

#[test]
fn case_51_configurations() {
    let house = House::open();
    let (task, bare) = (house.task(), house.task());
    let items = json!([{"name": "b", "value": "2", "type": "t"}, {"name": "a", "value": ""}]);
    assert_eq!(
        house.ok("edit_configuration", json!({"task": task, "configuration": items})),
        json!({"updated": 1})
    );
    let names = |request: Value| house.ok("get_configuration_names", request)["configurations"].clone();
    assert_eq!(names(json!({"tasks": [task, bare, "nope"]})), json!([{"task": task, "names": ["b"]}]));
    assert_eq!(
        names(json!({"tasks": [task], "skip_empty": false})),
        json!([{"task": task, "names": ["a", "b"]}])
    );
    let all = house.ok("get_configurations", json!({"tasks": [task, bare]}));
    let (a, b) = (json!({"name": "a", "value": ""}), json!({"name": "b", "value": "2", "type": "t"}));
    assert_eq!(
        all["configurations"],
        json!([{"task": task, "configuration": [a, b]}, {"task": bare, "configuration": []}])
    );
    let some = house.ok("get_configurations", json!({"tasks": [task], "names": ["b", "z"]}));
    assert_eq!(some["configurations"][0]["configuration"], json!([b]));
    assert_eq!(house.err("get_configurations", json!({"tasks": [task, "nope"]})), (400, 101));

    house.ok("edit_configuration", json!({"task": task, "configuration": [{"name": "b", "value": "3"}]}));
    assert_eq!(house.get(&task)["configuration"]["b"], json!({"name": "b", "value": "3"}));
    house.ok(
        "edit_configuration",
        json!({"task": task, "configuration": [{"name": "c", "value": "4"}], "replace_configuration": true}),
    );
    assert_eq!(keys(&house.get(&task)["configuration"]), ["c"]);
    assert_eq!(
        house.ok("delete_configuration", json!({"task": task, "configuration": ["c", "z"]})),
        json!({"deleted": 1})
    );
    assert_eq!(house.get(&task)["configuration"], json!({}));
    assert_eq!(
        house.err("edit_configuration", json!({"task": task, "configuration": [{"name": "c"}]})),
        (400, 12)
    );
    house.ok("started", json!({"task": task}));
    let request = json!({"task": task, "configuration": [{"name": "c", "value": "4"}]});
    assert_eq!(house.err("edit_configuration", request.clone()), (400, 110));
    assert_eq!(house.err("delete_configuration", json!({"task": task, "configuration": ["c"]})), (400, 110));
    house.ok("delete_configuration", json!({"task": task, "configuration": ["c"], "force": true}));
}

#[test]
fn case_52_artifacts() {
    let house = House::open();
    let task = house.running();
    let add = |artifacts: Value| {
        house.ok("add_or_update_artifacts", json!({"task": task, "artifacts": artifacts, "force": true}))
    };
    assert_eq!(
        add(
            json!([{"key": "k", "type": "t", "mode": "input"}, {"key": "k", "type": "t", "uri": "u", "content_size": 12.7}])
        ),
        json!({"updated": 1})
    );
    let shown = || house.get(&task)["execution"]["artifacts"].clone();
    assert_eq!(shown().as_array().unwrap().len(), 2);
    add(
        json!([{"key": "k", "type": "new", "type_data": {"preview": "p"}, "display_data": [["b", 2], ["a", 1.5]]}]),
    );
    let output =
        shown().as_array().unwrap().iter().find(|artifact| artifact["mode"] == "output").unwrap().clone();
    assert_eq!(
        output,
        json!({"key": "k", "type": "new", "mode": "output", "type_data": {"preview": "p"}, "display_data": [["a", 1.5], ["b", 2]]})
    );
    assert_eq!(
        house.ok("delete_artifacts", json!({"task": task, "artifacts": [{"key": "k"}, {"key": "zz"}]})),
        json!({"deleted": 1})
    );
    assert_eq!(shown(), json!([{"key": "k", "type": "t", "mode": "input", "display_data": []}]));
    for bad in [json!([]), json!([{"type": "t"}]), json!([{"key": "k", "type": "t", "mode": "x"}])] {
        assert_eq!(
            house.err("add_or_update_artifacts", json!({"task": task, "artifacts": bad})),
            (400, 12),
            "{bad}"
        );
    }
    house.ok("completed", json!({"task": task}));
    let one = json!([{"key": "k", "type": "t"}]);
    assert_eq!(
        house.err("add_or_update_artifacts", json!({"task": task, "artifacts": one, "force": true})),
        (400, 110)
    );
    assert_eq!(house.err("delete_artifacts", json!({"task": task, "artifacts": one})), (400, 110));
}

#[test]
fn case_53_model_links() {
    let house = House::open();
    let task = house.running();
    let add = |name: &str, model: &str, iteration: i64| {
        house.ok(
            "add_or_update_model",
            json!({"task": task, "name": name, "model": model, "type": "output", "iteration": iteration}),
        )
    };
    assert_eq!(add("n", "m1", 7), json!({"updated": 1}));
    add("other", "m2", 0);
    add("n", "m3", 3);
    let shown = house.get(&task);
    let links: Vec<_> = shown["models"]["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (&link["name"], &link["model"]))
        .collect();
    assert_eq!(links, [(&json!("n"), &json!("m3")), (&json!("other"), &json!("m2"))]);
    assert!(shown["models"]["output"][0]["updated"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!((&shown["last_iteration"], &shown["active_duration"]), (&json!(7), &json!(0)));
    let delete = json!({"task": task, "models": [{"name": "n", "type": "output"}, {"name": "other", "type": "input"}]});
    assert_eq!(house.ok("delete_models", delete.clone()), json!({"updated": 1}));
    assert_eq!(house.get(&task)["models"]["output"].as_array().unwrap().len(), 1);
    assert_eq!(house.err("delete_models", json!({"task": task, "models": []})), (400, 12));
    assert_eq!(
        house.err("add_or_update_model", json!({"task": task, "name": "n", "model": "m", "type": "zz"})),
        (400, 12)
    );
    house.ok("completed", json!({"task": task}));
    assert_eq!(house.err("delete_models", delete), (400, 110));
    assert_eq!(
        house.err("add_or_update_model", json!({"task": task, "name": "n", "model": "m", "type": "input"})),
        (400, 110)
    );
}

#[test]
fn runtime_keys_are_stored_as_they_are() {
    let house = House::open();
    let task = house.running();
    let put = json!({"a.b": 1, "_p": null, "x": {"y": [1]}});
    assert_eq!(house.ok("edit_runtime", json!({"task": task, "add_or_update": put})), json!({"updated": 1}));
    assert_eq!(house.get(&task)["runtime"], put);
    house.ok("edit_runtime", json!({"task": task, "add_or_update": {"x": 2}, "remove": ["a.b", "zz"]}));
    assert_eq!(house.get(&task)["runtime"], json!({"_p": null, "x": 2}));
    assert_eq!(house.ok("edit_runtime", json!({"task": task})), json!({"updated": 0}));
    house.ok("completed", json!({"task": task}));
    assert_eq!(house.err("edit_runtime", json!({"task": task, "remove": ["x"]})), (400, 110));
}
