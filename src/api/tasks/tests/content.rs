use super::*;

#[test]
fn case_01_02_03_04_content_is_checked() {
    let house = House::open();
    let cases = [
        (json!({}), (400, 12)),
        (json!({"name": "abc", "type": "nope"}), (400, 12)),
        (json!({"name": ["abc"], "type": "training"}), (400, 12)),
        (json!({"name": "  ab ", "type": "training"}), (400, 800)),
        (json!({"name": "abc", "type": "training", "project": "missing"}), (400, 16)),
        (json!({"name": "abc", "type": "training", "project": ""}), (400, 16)),
        (json!({"name": "abc", "type": "training", "parent": "missing"}), (400, 16)),
        (
            json!({"name": "abc", "type": "training", "models": {"input": [{"name": "m", "model": "missing"}]}}),
            (400, 201),
        ),
        (json!({"name": "abc", "type": "training", "script": {"foo": 1}}), (400, 12)),
        (json!({"name": "abc", "type": "training", "runtime": {"$x": 1}}), (400, 800)),
        (json!({"name": "abc", "type": "training", "execution": "text"}), (400, 12)),
    ];
    for (request, expected) in cases {
        assert_eq!(house.err("create", request.clone()), expected, "{request}");
    }
    let task =
        house.ok("create", json!({"name": "  abcd ", "type": "training"}))["id"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&task)["name"], "abcd");
    house.ok("create", json!({"name": "abc", "type": "report", "foo": 1, "execution": {"foo": 1}}));
}

#[test]
fn case_05_06_a_fresh_task_has_its_defaults_and_nothing_else() {
    let house = House::open();
    let task = house.task_with(json!({"id": "x", "status": "failed", "last_iteration": 5}));
    assert_eq!(task.len(), 32);
    let mut shown = house.get(&task);
    for time in ["created", "last_update", "last_change"] {
        let text = shown.as_object_mut().unwrap().remove(time).unwrap();
        assert!(text.as_str().unwrap().ends_with("+00:00"), "{text}");
    }
    assert_eq!(
        shown,
        json!({
            "id": task, "company": "acme", "user": "ann", "name": "demo", "type": "training", "status": "created",
            "report_assets": [], "output": {},
            "execution": {"test_split": 0, "parameters": {}, "model_desc": {}, "model_labels": {}, "artifacts": []},
            "tags": [], "system_tags": [],
            "script": {"binary": "python", "repository": "", "entry_point": "", "requirements": {}},
            "last_changed_by": "ann", "last_iteration": 0, "last_metrics": {}, "unique_metrics": [],
            "metric_stats": {}, "hyperparams": {}, "configuration": {}, "runtime": {},
            "models": {"input": [], "output": []}, "container": {},
        })
    );
}

#[test]
fn case_07_08_09_names_repeat_keys_round_trip_tags_are_sorted() {
    let house = House::open();
    let project = house.project("p1", "acme");
    let first = house.task_with(json!({"project": project}));
    assert_ne!(first, house.task_with(json!({"project": project})));
    assert!(house.touched(&project));
    let item = json!({"section": "a.b", "name": "$x__y", "value": "1"});
    let task = house.task_with(json!({"hyperparams": {"a.b": {"$x__y": item}}, "tags": ["z", "a"]}));
    let shown = house.get(&task);
    assert_eq!(shown["hyperparams"], json!({"a.b": {"$x__y": item}}));
    assert_eq!(shown["tags"], json!(["a", "z"]));
    for bad in [json!(["__$x"]), json!("text"), json!([1]), json!(5)] {
        assert_eq!(house.err("create", json!({"name": "demo", "type": "training", "tags": bad})), (400, 16));
    }
}

#[test]
fn case_10_validate_stores_nothing() {
    let house = House::open();
    let answer = house.ok("validate", json!({"name": "ab", "type": "training", "parent": "__DELETED__q"}));
    assert_eq!(answer, json!({}));
    assert_eq!(
        house.err("validate", json!({"name": "ab", "type": "training", "project": "nope"})),
        (400, 16)
    );
    assert_eq!(house.err("validate", json!({"name": "ab"})), (400, 12));
    assert_eq!(house.ok("get_all", json!({}))["tasks"], json!([]));
}

#[test]
fn case_42_43_update_writes_in_any_status_what_stands_about_a_task() {
    let house = House::open();
    let task = house.task();
    assert_eq!(
        house.ok("update", json!({"task": task, "status": "failed"})),
        json!({"updated": 0, "fields": {}})
    );
    house.ok("edit", json!({"task": task, "status": "published"}));
    house.silent_for(&task, 5);
    let before = house.get(&task);
    let answer =
        house.ok("update", json!({"task": task, "name": " new ", "tags": ["b", "a"], "output__error": "e"}));
    assert_eq!(answer["updated"], 1);
    assert_eq!(keys(&answer["fields"]), ["last_change", "last_changed_by", "name", "output.error", "tags"]);
    assert_eq!((&answer["fields"]["name"], &answer["fields"]["tags"]), (&json!(" new "), &json!(["a", "b"])));
    assert_eq!(answer["fields"]["output.error"], "e");
    let after = house.get(&task);
    assert_eq!((&after["name"], &after["output"]["error"]), (&json!("new"), &json!("e")));
    assert_eq!(after["last_update"], before["last_update"]);
    assert_ne!(after["last_change"], before["last_change"]);
    for (bad, code) in [
        (json!({"name": "x"}), (400, 800)),
        (json!({"name": 5}), (400, 12)),
        (json!({"tags": "text"}), (400, 16)),
        (json!({"project": "missing"}), (400, 16)),
    ] {
        let mut request = bad.clone();
        request["task"] = task.clone().into();
        assert_eq!(house.err("update", request), code, "{bad}");
    }
}

#[test]
fn update_batch_is_all_or_nothing_and_the_last_line_wins() {
    let house = House::open();
    let (a, b) = (house.task(), house.task());
    let lines = format!(
        "{}\n{}\n{}\n",
        json!({"task": a, "name": "first"}),
        json!({"task": a, "name": "second", "tags": ["z", "y"]}),
        json!({"task": b, "status": "failed"})
    );
    assert_eq!(house.lines(&lines).unwrap(), json!({"updated": 1}));
    assert_eq!((&house.get(&a)["name"], &house.get(&a)["tags"]), (&json!("second"), &json!(["y", "z"])));
    let with_unknown =
        format!("{}\n{}", json!({"task": a, "name": "third"}), json!({"task": "nope", "name": "abc"}));
    assert_eq!(house.lines(&with_unknown), Err((400, 101)));
    let with_bad = format!("{}\n{}", json!({"task": a, "name": "third"}), json!({"task": b, "name": "x"}));
    assert_eq!(house.lines(&with_bad), Err((400, 800)));
    assert_eq!(house.get(&a)["name"], "second");
    assert_eq!(house.lines(&json!({"name": "abc"}).to_string()), Err((400, 18)));
    assert_eq!(house.lines("").unwrap(), json!({"updated": 0}));
    assert_eq!(
        house.call("update_batch", json!({"task": a, "comment": "c"})).unwrap(),
        json!({"updated": 1})
    );
    assert_eq!(house.get(&a)["comment"], "c");
}

#[test]
fn case_44_edit_merges_sections_and_replaces_maps() {
    let house = House::open();
    let running = house.running();
    assert_eq!(house.err("edit", json!({"task": running, "name": "new"})), (400, 110));
    house.ok("edit", json!({"task": running, "name": "new", "force": true}));
    let item = json!({"section": "A", "name": "x", "value": "1"});
    let task = house.task_with(json!({
        "script": {"repository": "git@host", "requirements": {"pip": "numpy"}},
        "hyperparams": {"A": {"x": item}},
        "models": {"output": [{"name": "o", "model": "m9"}]},
    }));
    let model = house.model("m1", None, true);
    let answer = house.ok("edit", json!({"task": task, "script": {"branch": " m "}}));
    assert_eq!(
        answer["fields"]["script"],
        json!({"binary": "python", "repository": "git@host", "entry_point": "", "requirements": {"pip": "numpy"}, "branch": "m"})
    );
    assert_eq!(keys(&answer["fields"]), ["last_change", "last_changed_by", "last_update", "script"]);
    house.ok(
        "edit",
        json!({"task": task, "hyperparams": {}, "models": {"input": [{"name": "i", "model": model}]}}),
    );
    let shown = house.get(&task);
    assert_eq!(shown["script"]["repository"], "git@host");
    assert_eq!(shown["hyperparams"], json!({}));
    assert_eq!(
        (&shown["models"]["output"][0]["model"], &shown["models"]["input"][0]["model"]),
        (&json!("m9"), &json!("m1"))
    );
    house.ok(
        "edit",
        json!({"task": task, "script": {"binary": null, "branch": null}, "models": {"output": []}}),
    );
    let shown = house.get(&task);
    assert_eq!((&shown["script"]["binary"], &shown["script"]["branch"]), (&json!("python"), &Value::Null));
    assert_eq!((&shown["models"]["output"], &shown["models"]["input"][0]["name"]), (&json!([]), &json!("i")));
    assert_eq!(
        house.ok("edit", json!({"task": task, "name": null, "output": {"error": "e"}})),
        json!({"updated": 0, "fields": {}})
    );
    assert_eq!(house.err("edit", json!({"task": task, "status": "zz"})), (400, 12));
    assert_eq!(house.err("edit", json!({"task": task, "type": "zz"})), (400, 12));
}

#[test]
fn edit_replaces_artifacts_and_keeps_the_rest_of_the_output() {
    let house = House::open();
    let task = house.task_with(json!({"output_dest": " s3://a ", "execution": {"artifacts": [{"key": "k", "type": "t"}], "framework": "f"}}));
    house.ok("update", json!({"task": task, "output__error": "e"}));
    let answer = house.ok(
        "edit",
        json!({"task": task, "output_dest": "", "execution": {"artifacts": [{"key": "n", "type": "t"}]}}),
    );
    assert_eq!(answer["fields"]["output"], json!({"destination": "", "error": "e"}));
    let shown = house.get(&task);
    assert_eq!(
        shown["execution"]["artifacts"],
        json!([{"key": "n", "type": "t", "mode": "output", "display_data": []}])
    );
    assert_eq!(shown["execution"]["framework"], "f");
    house.ok("edit", json!({"task": task, "execution": {"artifacts": [], "framework": null}}));
    let execution = house.get(&task)["execution"].clone();
    assert_eq!((&execution["artifacts"], execution.get("framework")), (&json!([]), None));
}

#[test]
fn case_45_46_75_old_forms_are_translated() {
    let house = House::open();
    let ann = house.ann();
    let task = house.task();
    house.ok("edit", json!({"task": task, "execution": {"parameters": {"lr": 1, "TF_DEFINE/x": 2}}}));
    let params = house.get(&task)["hyperparams"].clone();
    assert_eq!(
        params["Args"]["lr"],
        json!({"section": "Args", "name": "lr", "value": "1", "type": "legacy"})
    );
    assert_eq!(params["TF_DEFINE"]["x"]["value"], "2");
    let at =
        |minor: u32| ann.clone().at(2, minor).ok("tasks.get_by_id", json!({"task": task}))["task"].clone();
    assert_eq!(at(8)["execution"]["parameters"], json!({"lr": "1", "TF_DEFINE/x": "2"}));
    assert_eq!(at(9)["execution"]["parameters"], json!({}));
    house.ok("edit", json!({"task": task, "execution": {"parameters": {}}}));
    assert_eq!(house.get(&task)["hyperparams"], json!({}));

    let command = json!({"task": task, "execution": {"docker_cmd": "img a b"}});
    ann.clone().at(2, 13).ok("tasks.edit", command.clone());
    assert_eq!(house.get(&task)["container"], json!({}));
    ann.clone().at(2, 12).ok("tasks.edit", command);
    assert_eq!(house.get(&task)["container"], json!({"image": "img", "arguments": "a b"}));

    house.ok(
        "edit",
        json!({"task": task, "container": {"image": "i", "arguments": "-e A=1", "setup_shell_script": "s"}}),
    );
    assert_eq!(at(5)["execution"]["docker_cmd"], "i -e A=1");
    assert_eq!(at(5)["container"]["setup_shell_script"], "s");
    ann.clone().at(2, 5).ok("tasks.edit", json!({"task": task, "execution": {"docker_cmd": "img x"}}));
    assert_eq!(house.get(&task)["container"], json!({"image": "img", "arguments": "x"}));

    let model = house.model("m1", None, true);
    ann.clone().at(2, 12).ok("tasks.edit", json!({"task": task, "execution": {"model": model}}));
    let input = house.get(&task)["models"]["input"].clone();
    assert_eq!((&input[0]["name"], &input[0]["model"]), (&json!("Input Model"), &json!("m1")));
    ann.at(2, 12).ok("tasks.edit", json!({"task": task, "execution": {"model": ""}}));
    assert_eq!(house.get(&task)["models"]["input"], json!([]));
}

#[test]
fn case_47_a_clone_starts_afresh() {
    let house = House::open();
    let artifacts = json!([{"key": "i", "type": "t", "mode": "input"}, {"key": "o", "type": "t"}]);
    let task = house.task_with(json!({
        "tags": ["x"], "system_tags": ["development", "archived", "foo"], "comment": "c",
        "execution": {"artifacts": artifacts, "queue": "q"}, "runtime": {"progress": 1}, "output_dest": "s3://a",
        "container": {"image": "i"}, "script": {"repository": "r"},
    }));
    house.ok("add_or_update_model", json!({"task": task, "name": "o", "model": "m", "type": "output"}));
    house.ok("started", json!({"task": task}));
    let id = house.ok("clone", json!({"task": task}));
    assert_eq!(keys(&id), ["id"]);
    let copy = house.get(id["id"].as_str().unwrap());
    assert_eq!(
        (&copy["system_tags"], &copy["tags"], &copy["parent"]),
        (&json!(["foo"]), &json!(["x"]), &json!(task))
    );
    assert_eq!(
        (&copy["runtime"], &copy["status"], &copy["comment"]),
        (&json!({}), &json!("created"), &json!("c"))
    );
    assert_eq!(copy["execution"]["artifacts"].as_array().unwrap().len(), 1);
    assert_eq!((copy["execution"].get("queue"), copy.get("started")), (None, None));
    assert_eq!((&copy["output"], &copy["models"]["output"]), (&json!({"destination": "s3://a"}), &json!([])));
    assert_eq!((&copy["container"]["image"], &copy["script"]["repository"]), (&json!("i"), &json!("r")));

    let request = json!({
        "task": task, "new_task_name": " copy ", "new_task_tags": ["b", "a"], "new_task_system_tags": ["development"],
        "execution_overrides": {"docker_cmd": "img x", "parameters": {"lr": 2}, "framework": "f"},
    });
    let copy = house.ok("clone", request)["id"].as_str().map(|id| house.get(id)).unwrap();
    assert_eq!(
        (&copy["name"], &copy["tags"], &copy["system_tags"]),
        (&json!("copy"), &json!(["a", "b"]), &json!(["development"]))
    );
    assert_eq!(copy["container"], json!({"image": "img", "arguments": "x"}));
    assert_eq!(copy["hyperparams"]["Args"]["lr"]["value"], "2");
    assert_eq!(copy["execution"]["framework"], "f");
    for (bad, code) in [
        (json!({"task": "nope"}), (400, 101)),
        (json!({"task": task, "new_task_parent": "nope"}), (400, 101)),
        (json!({"task": task, "new_task_project": "nope"}), (400, 401)),
        (json!({"task": task, "new_task_input_models": [{"name": "a", "model": "nope"}]}), (400, 201)),
        (json!({"task": task, "new_task_tags": ["__$x"]}), (400, 16)),
        (json!({"task": task, "new_task_tags": "x"}), (400, 12)),
        (json!({"task": task, "new_task_name": "x"}), (400, 800)),
    ] {
        assert_eq!(house.err("clone", bad.clone()), code, "{bad}");
    }
}

#[test]
fn case_48_a_clone_makes_its_project() {
    let house = House::open();
    let task = house.task();
    let answer = house.ok("clone", json!({"task": task, "new_project_name": "npa/one more"}));
    assert_eq!(answer["new_project"]["name"], "npa/one more");
    let project = answer["new_project"]["id"].as_str().unwrap();
    assert_eq!(house.get(answer["id"].as_str().unwrap())["project"], *project);
    let path = house.0.value::<String>("SELECT path FROM project WHERE id = ?1", [project]).unwrap();
    assert_eq!(serde_json::from_str::<Vec<String>>(&path).unwrap().len(), 1);
    let again = house.ok("clone", json!({"task": task, "new_project_name": " npa / one more "}));
    assert_eq!(again["new_project"]["id"], *project);
    assert_eq!(house.err("clone", json!({"task": task, "new_project_name": "ab/model"})), (400, 12));
    assert_eq!(house.err("clone", json!({"task": task, "new_project_name": "aaa/".repeat(11)})), (400, 409));
}

#[test]
fn case_54_move_needs_a_target_and_finds_or_makes_it() {
    let house = House::open();
    let (old, new) = (house.project("p1", "acme"), house.project("p2", "acme"));
    house.project("open", "");
    let task = house.task_with(json!({"project": old}));
    house.0.sql("UPDATE project SET last_update = 1", []);
    assert_eq!(house.err("move", json!({"ids": [task]})), (400, 11));
    assert_eq!(house.err("move", json!({"ids": [], "project": new})), (400, 12));
    assert_eq!(house.err("move", json!({"ids": [task, "nope"], "project": new})), (400, 101));
    for bad in ["nope", "open"] {
        assert_eq!(house.err("move", json!({"ids": [task], "project": bad})), (400, 401), "{bad}");
    }
    assert_eq!(house.get(&task)["project"], *old);
    assert_eq!(house.ok("move", json!({"ids": [task], "project": new})), json!({"project_id": new}));
    assert!(house.touched(&old) && house.touched(&new));
    assert_eq!(house.ok("move", json!({"ids": [task], "project": null})), json!({"project_id": null}));
    assert_eq!(house.get(&task).get("project"), None);
    assert_eq!(house.ok("move", json!({"ids": [task], "project": ""})), json!({"project_id": null}));
    let made = house.ok("move", json!({"ids": [task], "project": null, "project_name": "made here"}));
    assert_eq!(house.get(&task)["project"], made["project_id"]);
}

#[test]
fn case_56_tags_are_added_then_removed() {
    let house = House::open();
    let task = house.task();
    assert_eq!(
        house.ok("update_tags", json!({"ids": [task], "add_tags": ["x", "y"], "remove_tags": ["x"]})),
        json!({"updated": 2})
    );
    assert_eq!(house.get(&task)["tags"], json!(["y"]));
    assert_eq!(house.ok("update_tags", json!({"ids": [task], "add_tags": ["y"]})), json!({"updated": 1}));
    assert_eq!(house.err("update_tags", json!({"ids": [task]})), (400, 12));
    assert_eq!(house.err("update_tags", json!({"ids": [task], "add_tags": ["__$x"]})), (400, 16));
    assert_eq!(house.err("update_tags", json!({"ids": [task, "nope"], "add_tags": ["z"]})), (400, 101));
    assert_eq!(house.get(&task)["tags"], json!(["y"]));
}

#[test]
fn case_72_runtime_values_keep_their_kind() {
    let house = House::open();
    let runtime =
        json!({"progress": 50, "f": 1.5, "b": true, "l": [1], "o": {"a": null}, "_p": "x", "a.b": 1});
    let task = house.task();
    house.ok("edit", json!({"task": task, "runtime": runtime}));
    assert_eq!(house.get(&task)["runtime"], runtime);
    let found = |value: Value| {
        house.ok("get_all", json!({"runtime.progress": value}))["tasks"].as_array().unwrap().len()
    };
    assert_eq!((found(json!(50)), found(json!("50"))), (1, 0));
}

#[test]
fn case_76_old_tags_are_split_and_joined() {
    let house = House::open();
    let old = house.ann().at(2, 2);
    let request =
        json!({"name": "demo", "type": "training", "tags": ["archived", "x", "annotated", "development"]});
    let task = old.ok("tasks.create", request)["id"].as_str().unwrap().to_owned();
    let shown = house.get(&task);
    assert_eq!(shown["tags"], json!(["x"]));
    assert_eq!(shown["system_tags"], json!(["annotated", "archived", "development"]));
    let shown = old.ok("tasks.get_by_id", json!({"task": task}));
    assert_eq!(shown["task"]["tags"], json!(["annotated", "archived", "development", "x"]));
}

#[test]
fn case_79_a_child_of_a_deleted_parent_stays_editable() {
    let house = House::open();
    let parent = house.task();
    let child = house.task_with(json!({"parent": parent}));
    house.ok("delete", json!({"task": parent}));
    let gone = format!("__DELETED__{parent}");
    let found = house.ok("get_all_ex", json!({"id": [child], "only_fields": ["parent.name"]}));
    assert_eq!(found["tasks"][0]["parent"], json!({"id": gone}));
    house.ok("edit", json!({"task": child, "name": "renamed"}));
    assert_eq!(
        house.err("create", json!({"name": "demo", "type": "training", "parent": "__DELETED__x"})),
        (400, 16)
    );
    house.ok("clone", json!({"task": child, "new_task_parent": "__DELETED__x"}));
}

#[test]
fn case_80_what_is_a_sign_of_life_and_what_is_not() {
    let house = House::open();
    let task = house.task();
    let changes = |name: &str, request: Value| {
        house.silent_for(&task, 5);
        let before = house.get(&task);
        let mut request = request;
        request["task"] = task.clone().into();
        house.ok(name, request);
        let after = house.get(&task);
        assert_ne!(before["last_change"], after["last_change"], "{name}");
        assert_eq!(after["last_changed_by"], "ann");
        before["last_update"] != after["last_update"]
    };
    for (name, request) in [
        ("update", json!({"comment": "c"})),
        ("update_tags", json!({"ids": [task], "add_tags": ["x"]})),
        ("edit", json!({"name": "other", "tags": ["y"], "system_tags": [], "comment": "d"})),
        ("move", json!({"ids": [task], "project": null})),
        ("edit_hyper_params", json!({"hyperparams": [{"section": "properties", "name": "x", "value": "1"}]})),
        ("delete_models", json!({"models": [{"name": "x", "type": "output"}]})),
        ("archive", json!({"tasks": [task]})),
        ("unarchive_many", json!({"ids": [task]})),
    ] {
        assert!(!changes(name, request), "{name} is no sign of life");
    }
    for (name, request) in [
        ("edit", json!({"hyperparams": {}})),
        ("edit_configuration", json!({"configuration": [{"name": "c", "value": "v"}]})),
        ("edit_hyper_params", json!({"hyperparams": [{"section": "A", "name": "x", "value": "1"}]})),
        ("add_or_update_artifacts", json!({"artifacts": [{"key": "k", "type": "t"}]})),
        ("add_or_update_model", json!({"name": "n", "model": "m", "type": "output"})),
        ("edit_runtime", json!({"add_or_update": {"a": 1}})),
        ("set_requirements", json!({"requirements": {"pip": ""}})),
        ("ping", json!({})),
    ] {
        assert!(changes(name, request), "{name} is a sign of life");
    }
}
