//! Lists without statistics.

use super::*;

#[test]
fn case_16_hidden_projects() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create_tagged(&ann, "Alpha/.datasets", &["hidden"]);
    assert_eq!(names(&ann.ok("projects.get_all", json!({}))), ["Alpha"]);
    assert_eq!(names(&ann.ok("projects.get_all", json!({"search_hidden": true}))).len(), 2);
    assert_eq!(names(&ann.ok("projects.get_all", json!({"id": [id]}))), ["Alpha/.datasets"]);
    let request = json!({"search_hidden": true, "only_fields": ["name"], "order_by": ["name"]});
    let listed = ann.ok("projects.get_all_ex", request)["projects"].clone();
    assert!(listed[0].get("hidden").is_none());
    assert_eq!(listed[1]["hidden"], true);
    assert!(listed[1].get("system_tags").is_none());
}

#[test]
fn case_17_57_depth_of_the_search() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "A1A/B1B/C1C");
    let top = id_of(&ann, "A1A");
    for call in ["projects.get_all", "projects.get_all_ex"] {
        let found = |request: Value| -> Vec<String> {
            let mut request = request;
            request["order_by"] = json!(["name"]);
            names(&ann.ok(call, request)).into_iter().map(str::to_owned).collect()
        };
        let all = ["A1A", "A1A/B1B", "A1A/B1B/C1C"];
        assert_eq!(found(json!({"shallow_search": true})), ["A1A"]);
        assert_eq!(found(json!({"shallow_search": true, "parent": [top]})), ["A1A/B1B"]);
        assert_eq!(found(json!({"parent": [top]})), all[1..]);
        assert_eq!(found(json!({"parent": top})), all[1..], "a text is a list of one");
        assert_eq!(found(json!({"path": ["x"]})), all);
        assert_eq!(found(json!({"shallow_search": true, "parent": []})), all);
        assert_eq!(found(json!({"shallow_search": true, "parent": null})), all);
        assert_eq!(found(json!({"shallow_search": true, "parent": [null]})), ["A1A"]);
        assert_eq!(found(json!({"parent": [null]})), ["A1A"]);
    }
}

#[test]
fn case_18_pages_end_with_an_empty_one() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501)
         INSERT INTO project (id, company, user, name, basename, created, last_update)
         SELECT 'p' || i, 'acme', 'ann', 'name' || i, 'name' || i, i, i FROM n",
        [],
    );
    let count = |request: Value| names(&ann.ok("projects.get_all", request)).len();
    assert_eq!(count(json!({})), 500);
    assert_eq!(count(json!({"page": 1, "page_size": 500})), 1);
    assert_eq!(count(json!({"page": 2, "page_size": 500})), 0);
}

#[test]
fn case_19_59_scrolls_go_on_and_belong_to_one_person() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for name in ["Aaa", "Bbb", "Ccc", "Ddd", "Eee"] {
        create(&ann, name);
    }
    let next = |id: &Value, refresh: bool| {
        ann.ok(
            "projects.get_all_ex",
            json!({"scroll_id": id, "size": 2, "refresh_scroll": refresh, "order_by": ["name"]}),
        )
    };
    let first = next(&Value::Null, false);
    let id = first["scroll_id"].clone();
    assert_eq!(names(&first), ["Aaa", "Bbb"]);
    assert_eq!(names(&next(&id, false)), ["Ccc", "Ddd"]);
    assert_eq!(names(&next(&id, true)), ["Aaa", "Bbb", "Ccc", "Ddd"]);
    assert_eq!(names(&next(&id, false)), ["Eee"]);
    let end = next(&id, false);
    assert_eq!((names(&end).len(), &end["scroll_id"]), (0, &id));
    let unknown = next(&json!("nope"), false);
    assert_eq!(names(&unknown), ["Aaa", "Bbb"]);
    assert_ne!(unknown["scroll_id"], "nope");
    assert_eq!(ann.err("projects.get_all_ex", json!({"scroll_id": id})), (400, 12));
    // spec/security_rules.md S18: a scroll is of no use to anybody else.
    let bob = front.visitor("acme", "bob");
    let stolen = bob.ok("projects.get_all_ex", json!({"scroll_id": id, "size": 2, "order_by": ["name"]}));
    assert_eq!(names(&stolen), ["Aaa", "Bbb"]);
}

#[test]
fn case_58_rows_hold_what_was_asked_for() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Alpha");
    let only = |extra: Value| {
        let mut request = json!({"only_fields": ["name"]});
        request.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        request
    };
    assert_eq!(ann.ok("projects.get_all", only(json!({})))["projects"], json!([{"name": "Alpha"}]));
    assert_eq!(
        ann.ok("projects.get_all_ex", only(json!({})))["projects"],
        json!([{"id": id, "name": "Alpha"}])
    );
    let full = json!({"include_stats": true, "check_own_contents": true, "include_dataset_stats": true});
    let row = ann.ok("projects.get_all_ex", only(full))["projects"][0].clone();
    let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "name", "own_tasks", "own_models", "stats", "sub_projects", "dataset_stats"]);
    assert_eq!(ann.err("projects.get_all", json!({"only_fields": ["nosuch"]})), (400, 14));
    assert_eq!(ann.err("projects.get_all_ex", json!({"only_fields": ["nosuch"]})), (400, 14));
}

#[test]
fn case_60_the_list_grammar_on_tags() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for (name, tags) in [("Aaa", json!(["a"])), ("Bbb", json!(["a", "b"])), ("Ccc", json!([]))] {
        ann.ok("projects.create", json!({"name": name, "tags": tags}));
    }
    let found = |tags: Value| -> String {
        names(&ann.ok("projects.get_all", json!({"tags": tags, "order_by": ["name"]}))).join(" ")
    };
    assert_eq!(found(json!([null])), "Ccc");
    assert_eq!(found(json!([null, "b"])), "Bbb Ccc");
    assert_eq!(found(json!(["-b"])), "Aaa Ccc");
    assert_eq!(found(json!(["__$all", "a", "b"])), "Bbb");
    assert_eq!(found(json!(["a", "__$not", "b"])), "Aaa");
    assert_eq!(found(json!(["__$or", "a", "__$not", "a"])), "Aaa Bbb Ccc");
    let filters = json!({"filters": {"tags": {"any": {"include": ["b"]}}}, "tags": ["zzz"]});
    assert_eq!(names(&ann.ok("projects.get_all", filters)), ["Bbb"]);
    for bad in
        [json!(["__$zz"]), json!(["__$not", "__$all", "a"]), json!(["a", "__$not"]), json!(["-"]), json!([5])]
    {
        assert_eq!(ann.err("projects.get_all", json!({"tags": bad})), (400, 16), "{bad}");
    }
    assert_eq!(ann.err("projects.get_all", json!({"filters": {"tags": {"bogus": 1}}})), (400, 12));
}

#[test]
fn case_61_patterns() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "my project/sub-one");
    create(&ann, "AAA");
    let found = |request: Value| names(&ann.ok("projects.get_all", request)).join(" ");
    assert_eq!(found(json!({"name": "^my\\ project/sub\\-one$"})), "my project/sub-one");
    assert_eq!(found(json!({"name": "aa"})), "");
    assert_eq!(found(json!({"_any_": {"fields": ["name"], "pattern": "aa"}})), "AAA");
    assert_eq!(ann.err("projects.get_all", json!({"name": "("})), (400, 21));
}

#[test]
fn case_54_flags_take_any_value_and_unknown_fields_are_ignored() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create_tagged(&ann, "Hidden one", &["hidden"]);
    let request = json!({"search_hidden": "Some project", "permission_roots_only": true});
    assert_eq!(names(&ann.ok("projects.get_all_ex", request)), ["Hidden one"]);
}

#[test]
fn references_are_joined_on_request() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let parent = create(&ann, "Parent");
    create(&ann, "Parent/Child");
    let request = json!({"name": "Child", "only_fields": ["user.name", "parent.name", "company.id"]});
    let row = ann.ok("projects.get_all_ex", request)["projects"][0].clone();
    assert_eq!(row["user"], json!({"id": "ann", "name": "Ann"}));
    assert_eq!(row["parent"], json!({"id": parent, "name": "Parent"}));
    assert_eq!(row["company"], json!({"id": "acme"}));
    assert_eq!(ann.at(2, 2).ok("projects.get_all", json!({"tags": ["archived"]}))["projects"], json!([]));
}
