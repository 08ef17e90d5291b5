//! Creating, renaming, moving, merging.

use super::*;
use crate::domain::Role;

#[test]
fn case_01_ancestors_are_made_and_paths_kept() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let gamma = create(&ann, "Alpha/Beta/Gamma");
    let (alpha, beta) = (id_of(&ann, "Alpha"), id_of(&ann, "Alpha/Beta"));
    let project = ann.ok("projects.get_by_id", json!({"project": gamma}))["project"].clone();
    assert_eq!(project["path"], json!([alpha, beta]));
    assert_eq!(project["parent"], json!(beta));
    assert_eq!(project["basename"], "Gamma");
    assert_eq!(project["company"], "acme");
    assert_eq!(project["description"], "");
    assert_eq!(project["featured"], 9999);
    assert_eq!((&project["tags"], &project["system_tags"]), (&json!([]), &json!([])));
    assert!(project.get("default_output_destination").is_none());
}

#[test]
fn case_02_03_names_are_cleaned_and_limited() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "/Alpha//Delta/");
    assert_eq!(ann.ok("projects.get_by_id", json!({"project": id}))["project"]["name"], "Alpha/Delta");
    let of = |name: &str| json!({"name": name});
    assert_eq!(ann.err("projects.create", of("/")), (400, 407));
    assert_eq!(ann.err("projects.create", of("ab")), (400, 12));
    assert_eq!(ann.err("projects.create", of("ab/model")), (400, 12));
    assert_eq!(ann.err("projects.create", of(&["abc"; 11].join("/"))), (400, 409));
    create(&ann, &["abc"; 10].join("/"));
    create(&ann, "abc/ /def");
    id_of(&ann, "abc/def");
}

#[test]
fn case_04_05_names_are_unique_by_case() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "Alpha");
    assert_eq!(ann.err("projects.create", json!({"name": "Alpha"})), (400, 801));
    create(&ann, "alpha");
    assert_eq!(ann.err("projects.create", json!({})), (400, 11));
    assert_eq!(ann.err("projects.create", json!({"name": null})), (400, 12));
    assert_eq!(ann.err("projects.get_by_id", json!({})), (400, 12));
    assert_eq!(ann.err("projects.get_by_id", json!({"project": "nope"})), (400, 401));
    front.tenant("other");
    create(&front.visitor("other", "zoe"), "Alpha");
}

#[test]
fn case_06_public_names_are_reserved_and_readable() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = public_project(&front, "Examples");
    assert_eq!(ann.err("projects.create", json!({"name": "Examples"})), (400, 414));
    assert_eq!(ann.err("projects.create", json!({"name": "Examples/mine"})), (400, 414));
    assert_eq!(ann.err("projects.update", json!({"project": id, "description": "x"})), (403, 21));
    ann.ok("projects.get_by_id", json!({"project": id}));
    let listed = ann.ok("projects.get_all_ex", json!({"id": [id]}));
    assert_eq!(listed["projects"][0]["company"], json!({}));
    let own = create(&ann, "Mine");
    let rename = json!({"project": own, "name": "Examples"});
    assert_eq!(ann.err("projects.update", rename), (400, 414));
}

#[test]
fn case_07_reserved_tags_are_refused() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let tagged = |tags: Value, system: Value| json!({"name": "Tagged", "tags": tags, "system_tags": system});
    assert_eq!(ann.err("projects.create", tagged(json!(["__$x"]), json!([]))), (400, 16));
    assert_eq!(ann.err("projects.create", tagged(json!(["ok"]), json!(["__$x"]))), (400, 16));
    let id = ann.ok("projects.create", tagged(json!(["b", "a"]), json!([])))["id"].clone();
    assert_eq!(ann.err("projects.update", json!({"project": id, "tags": ["__$x"]})), (400, 16));
    assert_eq!(ann.err("projects.update", json!({"project": id, "system_tags": ["__$x"]})), (400, 16));
    assert_eq!(ann.ok("projects.get_by_id", json!({"project": id}))["project"]["tags"], json!(["a", "b"]));
}

#[test]
fn case_08_a_rename_keeps_the_place_and_takes_the_subtree_along() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let kid = create(&ann, "Root1/Pr1/Kid");
    let id = id_of(&ann, "Root1/Pr1");
    let before = ann.ok("projects.get_by_id", json!({"project": kid}))["project"].clone();
    assert_eq!(ann.err("projects.update", json!({"project": id, "name": "Root2/Pr1"})), (400, 408));
    let done = ann.ok("projects.update", json!({"project": id, "name": "Root1/Pr9"}));
    assert_eq!(done, json!({"updated": 1, "fields": {"name": "Root1/Pr9"}}));
    let after = ann.ok("projects.get_by_id", json!({"project": kid}))["project"].clone();
    assert_eq!(after["name"], "Root1/Pr9/Kid");
    for field in ["basename", "parent", "path"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(ann.ok("projects.get_by_id", json!({"project": id}))["project"]["basename"], "Pr9");
}

#[test]
fn case_09_10_null_clears_and_lists_replace() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let new = json!({"name": "Described", "description": "d", "system_tags": ["dataset"], "default_output_destination": " s3://b "});
    let id = ann.ok("projects.create", new)["id"].clone();
    let read = || ann.ok("projects.get_by_id", json!({"project": id}))["project"].clone();
    assert_eq!(read()["default_output_destination"], "s3://b");
    let cleared = json!({"project": id, "description": null, "default_output_destination": null});
    let fields = json!({"description": null, "default_output_destination": null});
    assert_eq!(ann.ok("projects.update", cleared)["fields"], fields);
    assert!(read().get("description").is_none() && read().get("default_output_destination").is_none());
    front.sql("UPDATE project SET last_update = 5", []);
    assert_eq!(ann.ok("projects.update", json!({"project": id})), json!({"updated": 1, "fields": {}}));
    assert!(front.value::<i64>("SELECT last_update FROM project", []).unwrap() > 5);
    ann.ok("projects.update", json!({"project": id, "system_tags": ["hidden"]}));
    assert_eq!(read()["system_tags"], json!(["hidden"]));
}

#[test]
fn case_11_a_move_takes_the_subtree_along() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let c = create(&ann, "A1A/B1B/C1C");
    let b = id_of(&ann, "A1A/B1B");
    let moved = ann.ok("projects.move", json!({"project": b, "new_location": "NewTop/Inner"}));
    assert_eq!(moved, json!({"moved": 2}));
    let (top, inner) = (id_of(&ann, "NewTop"), id_of(&ann, "NewTop/Inner"));
    let project = ann.ok("projects.get_by_id", json!({"project": c}))["project"].clone();
    assert_eq!(project["name"], "NewTop/Inner/B1B/C1C");
    assert_eq!(project["path"], json!([top, inner, b]));
    let below = ann.ok("projects.get_all", json!({"parent": [top]}));
    assert_eq!(below["projects"].as_array().unwrap().len(), 3);
    let to_root = ann.ok("projects.move", json!({"project": b, "new_location": "/"}));
    assert_eq!(to_root, json!({"moved": 2}));
    let project = ann.ok("projects.get_by_id", json!({"project": b}))["project"].clone();
    assert_eq!(
        (&project["name"], project.get("parent"), &project["path"]),
        (&json!("B1B"), None, &json!([]))
    );
}

#[test]
fn case_12_13_impossible_moves_change_nothing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "A1A/B1B/C1C");
    let a = id_of(&ann, "A1A");
    let to = |id: &str, location: &str| json!({"project": id, "new_location": location});
    assert_eq!(ann.err("projects.move", to(&a, "A1A/B1B")), (400, 411));
    assert_eq!(ann.err("projects.move", to(&a, "A1A/New")), (400, 411));
    assert_eq!(ann.err("projects.move", to(&a, "")), (400, 410));
    create(&ann, "Other/A1A");
    assert_eq!(ann.err("projects.move", to(&a, "Other")), (400, 801));
    let deep = ["abc"; 8].join("/");
    create(&ann, &deep);
    let before = front.value::<i64>("SELECT count(*) FROM project", []);
    assert_eq!(ann.err("projects.move", to(&a, &deep)), (400, 409));
    assert_eq!(ann.err("projects.move", to("nope", "Other")), (400, 401));
    assert_eq!(ann.err("projects.move", json!({"project": a, "new_location": null})), (400, 12));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM project", []), before);
    id_of(&ann, "A1A/B1B/C1C");
}

#[test]
fn case_14_a_merge_moves_everything() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let source = create(&ann, "Source");
    create(&ann, "Source/Kid/Deep/Deeper");
    let destination = create(&ann, "Dest");
    for (id, tags) in [("t1", json!([])), ("t2", json!([])), ("t3", json!(["archived"]))] {
        front.task(id, json!({"project": source, "system_tags": tags}));
    }
    model(&ann, json!({"project": source}));
    let merged = ann.ok("projects.merge", json!({"project": source, "destination_project": destination}));
    assert_eq!(merged, json!({"moved_entities": 3, "moved_projects": 1}));
    let kid = id_of(&ann, "Dest/Kid");
    let deeper = id_of(&ann, "Dest/Kid/Deep/Deeper");
    let path = ann.ok("projects.get_by_id", json!({"project": deeper}))["project"]["path"].clone();
    assert_eq!(path.as_array().unwrap()[..2], [json!(destination), json!(kid)]);
    assert_eq!(ann.err("projects.get_by_id", json!({"project": source})), (400, 401));
    let left = "SELECT count(*) FROM task WHERE project = ?1";
    assert_eq!(front.value::<i64>(left, [&destination]), Some(3), "archived ones move too");
    assert_eq!(front.value::<i64>("SELECT count(*) FROM model WHERE project = ?1", [&destination]), Some(1));
}

#[test]
fn case_15_impossible_merges_and_the_root() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let source = create(&ann, "Source");
    let kid = create(&ann, "Source/Kid");
    front.task("t1", json!({"project": source}));
    let into = |id: &str| json!({"project": source, "destination_project": id});
    assert_eq!(ann.err("projects.merge", into(&source)), (400, 410));
    assert_eq!(ann.err("projects.merge", into(&kid)), (400, 412));
    assert_eq!(ann.err("projects.merge", into("nope")), (400, 401));
    let taken = create(&ann, "Kid");
    assert_eq!(ann.err("projects.merge", json!({"project": source})), (400, 801));
    ann.ok("projects.delete", json!({"project": taken}));
    ann.ok("projects.merge", json!({"project": source}));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM task WHERE project IS NULL", []), Some(1));
    let project = ann.ok("projects.get_by_id", json!({"project": kid}))["project"].clone();
    assert_eq!((&project["name"], &project["path"]), (&json!("Kid"), &json!([])));
}

#[test]
fn case_40_only_platform_identities_publish() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Shared");
    let ids = json!({"ids": [id]});
    // spec/security_rules.md S17 goes before the case: the tenant's people may not publish by default.
    assert_eq!(ann.err("projects.make_public", ids.clone()), (403, 20));
    let root = ann.clone().role(Role::Root);
    assert_eq!(root.err("projects.make_private", ids.clone()), (400, 401));
    assert_eq!(root.ok("projects.make_public", ids.clone()), json!({"updated": 1}));
    assert_eq!(ann.err("projects.update", json!({"project": id, "name": "Other"})), (403, 21));
    assert_eq!(root.ok("projects.make_private", ids.clone()), json!({"updated": 1}));
    ann.ok("projects.update", json!({"project": id, "name": "Other"}));
    assert_eq!(root.err("projects.make_public", json!({"ids": []})), (400, 12));
    assert_eq!(root.err("projects.make_public", json!({"ids": [id, "nope"]})), (400, 401));
    let published = front.value::<i64>("SELECT count(*) FROM project WHERE company = ''", []);
    assert_eq!(published, Some(0), "all or none");
}

#[test]
fn s17_another_tenant_can_not_take_back_what_it_did_not_publish() {
    let front = FrontDoor::open();
    front.tenant("other");
    let ann = front.ann();
    let id = create(&ann, "Shared");
    ann.clone().role(Role::Root).ok("projects.make_public", json!({"ids": [id]}));
    let zoe = front.visitor("other", "zoe").role(Role::Root);
    zoe.ok("projects.get_by_id", json!({"project": id}));
    assert_eq!(zoe.err("projects.make_private", json!({"ids": [id]})), (400, 401));
    let mut minted = ann.clone().role(Role::Root);
    minted.caller.minted = true;
    assert_eq!(minted.err("projects.make_private", json!({"ids": [id]})), (403, 20));
}

#[test]
fn case_56_of_two_racing_creators_one_wins() {
    let front = FrontDoor::open();
    let answers: Vec<_> = std::thread::scope(|threads| {
        let racers: Vec<_> = (0..8)
            .map(|_| threads.spawn(|| front.ann().call("projects.create", json!({"name": "Race/Run"}))))
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| *error == (400, 801)));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM project", []), Some(2));
}

#[test]
fn case_62_a_bad_rename_changes_nothing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "Root1/Pr1/Kid");
    create(&ann, "Root1/Taken");
    let id = id_of(&ann, "Root1/Pr1");
    let name = |name: &str| json!({"project": id, "name": name});
    assert_eq!(ann.err("projects.update", name("Root1/ab")), (400, 12));
    assert_eq!(ann.err("projects.update", name("Root1/Taken")), (400, 801));
    id_of(&ann, "Root1/Pr1/Kid");
    assert_eq!(ann.ok("projects.update", name("/Root1//Pr8/"))["fields"]["name"], "/Root1//Pr8/");
    id_of(&ann, "Root1/Pr8/Kid");
    assert_eq!(ann.ok("projects.update", name(""))["fields"], json!({"name": ""}));
    id_of(&ann, "Root1/Pr8");
}

#[test]
fn case_63_last_update_moves_where_it_should() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let project = create(&ann, "Outer/Inner");
    let reset = || front.sql("UPDATE project SET last_update = 5", []);
    let moved = |name: &str| {
        front.value::<i64>("SELECT last_update FROM project WHERE name = ?1", [name]).unwrap() > 5
    };
    reset();
    let model = model(&ann, json!({"project": project}));
    ann.ok("models.edit", json!({"model": model, "name": "other name"}));
    ann.ok("models.update", json!({"model": model, "comment": "c"}));
    ann.ok("models.archive_many", json!({"ids": [model]}));
    assert!(!moved("Outer/Inner"));
    ann.ok("models.update_tags", json!({"ids": [model], "add_tags": ["t"]}));
    assert!(moved("Outer/Inner") && !moved("Outer"));
    reset();
    ann.ok("models.move", json!({"ids": [model], "project": null}));
    ann.ok("models.delete", json!({"model": model}));
    assert!(!moved("Outer/Inner"));
    create(&ann, "Outer/Another");
    assert!(moved("Outer") && !moved("Outer/Inner"));
}

#[test]
fn another_tenant_reaches_nothing() {
    let front = FrontDoor::open();
    front.tenant("other");
    let id = create(&front.ann(), "Private/Inner");
    let zoe = front.visitor("other", "zoe");
    for (call, request) in [
        ("projects.get_by_id", json!({"project": id})),
        ("projects.update", json!({"project": id, "description": "x"})),
        ("projects.move", json!({"project": id, "new_location": "Mine"})),
        ("projects.merge", json!({"project": id})),
        ("projects.delete", json!({"project": id, "force": true})),
        ("projects.validate_delete", json!({"project": id})),
    ] {
        assert_eq!(zoe.err(call, request), (400, 401), "{call}");
    }
    assert!(names(&zoe.ok("projects.get_all", json!({"search_hidden": true}))).is_empty());
    assert!(names(&zoe.ok("projects.get_all_ex", json!({"id": [id], "include_stats": true}))).is_empty());
}
