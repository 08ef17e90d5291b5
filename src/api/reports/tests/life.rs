//! From draft to deleted.

use super::*;

#[test]
fn case_48_a_report_lies_in_a_hidden_project_of_its_own() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let p = project(&ann, "Paper");
    let asked = json!({
        "name": " results ", "project": p, "tags": ["z", "a"], "comment": "c", "report": "# Text",
        "report_assets": ["http://files.test/reports/x/a.png"],
    });
    let made = ann.ok("reports.create", asked);
    let task = get(&ann, made["id"].as_str().unwrap());
    assert_eq!((&task["type"], &task["status"]), (&json!("report"), &json!("created")));
    assert_eq!(task["system_tags"], json!(["hidden", "reports"]));
    assert_eq!((&task["name"], &task["tags"]), (&json!("results"), &json!(["a", "z"])));
    assert_eq!((&task["comment"], &task["report"]), (&json!("c"), &json!("# Text")));
    assert_eq!(task["report_assets"], json!(["http://files.test/reports/x/a.png"]));
    assert_eq!(task["project"], made["project_id"]);
    let holding = projects_named(&ann, "Paper/.reports");
    assert_eq!(holding.len(), 1);
    assert_eq!(
        (&holding[0]["id"], &holding[0]["description"]),
        (&made["project_id"], &json!("Reports project"))
    );
    assert_eq!(holding[0]["system_tags"], json!(["hidden", "reports"]));
    let visible = ann.ok("projects.get_all_ex", json!({"name": "^Paper/\\.reports$"}));
    assert_eq!(visible["projects"], json!([]));
    assert_eq!(ann.ok("tasks.get_all_ex", json!({}))["tasks"], json!([]));
    assert_eq!(found(&ann, json!({})), ["results"]);
    // Once more: the same container, also when it is named itself.
    let again = ann.ok("reports.create", json!({"name": "results", "project": p}));
    let inside = ann.ok("reports.create", json!({"name": "more", "project": made["project_id"]}));
    assert_eq!(again["project_id"], made["project_id"]);
    assert_eq!(inside["project_id"], made["project_id"]);
    assert_eq!(ann.ok("reports.get_tags", json!({})), json!({"tags": ["a", "z"]}));
}

#[test]
fn creating_refuses_what_can_not_be_and_leaves_nothing() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.err("reports.create", json!({})), (400, 12));
    assert_eq!(ann.err("reports.create", json!({"name": " ab "})), (400, 12));
    assert_eq!(ann.err("reports.create", json!({"name": "abc", "tags": ["__$x"]})), (400, 16));
    assert_eq!(ann.err("reports.create", json!({"name": "abc", "project": "nope"})), (400, 401));
    front.sql(
        "INSERT INTO project (id, company, company_origin, user, name, basename, created, last_update)
         VALUES ('open', '', 'other', 'zoe', 'Open', 'Open', 1, 1)",
        [],
    );
    assert_eq!(ann.err("reports.create", json!({"name": "abc", "project": "open"})), (403, 21));
    let deep = project(&ann, &["abc"; 10].join("/"));
    assert_eq!(ann.err("reports.create", json!({"name": "abc", "project": deep})), (400, 409));
    assert!(found(&ann, json!({})).is_empty());
    assert!(projects_named(&ann, ".reports").is_empty());
    report(&ann, "abc", None);
    assert_eq!(projects_named(&ann, ".reports").len(), 1);
}

#[test]
fn case_50_only_a_drafts_text_changes() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let r = report(&ann, "draft", None);
    let assets = json!(["s3://b/k"]);
    let fields = ann.ok("reports.update", json!({"task": r, "report": "one  two", "report_assets": assets}));
    assert_eq!(fields, json!({"updated": 1, "fields": {"report": "one two", "report_assets": assets}}));
    assert_eq!(get(&ann, &r)["report"], "one  two");
    assert_eq!(ann.ok("reports.update", json!({"task": r})), json!({"updated": 0, "fields": {}}));
    assert_eq!(ann.err("reports.update", json!({"task": r, "name": "ab"})), (400, 12));

    ann.ok("reports.publish", json!({"task": r}));
    assert_eq!(ann.err("reports.update", json!({"task": r, "report": "new"})), (400, 110));
    assert_eq!(
        ann.err("reports.update", json!({"task": r, "name": "new name", "report_assets": []})),
        (400, 110)
    );
    let before = get(&ann, &r);
    assert_eq!((&before["name"], &before["report"]), (&json!("draft"), &json!("one  two")));
    front.sql("UPDATE task SET last_update = 1, last_change = 1, last_changed_by = 'x' WHERE id = ?1", [&r]);
    let change = json!({"task": r, "name": "new name", "tags": ["b", "a"], "comment": "c"});
    let fields = json!({"name": "new name", "tags": ["a", "b"], "comment": "c"});
    assert_eq!(ann.ok("reports.update", change), json!({"updated": 1, "fields": fields}));
    let after = get(&ann, &r);
    assert_eq!((&after["name"], &after["comment"]), (&json!("new name"), &json!("c")));
    assert_eq!((&after["tags"], &after["last_changed_by"]), (&json!(["a", "b"]), &json!("ann")));
    let stamps = "SELECT last_update > 1 AND last_change > 1 FROM task WHERE id = ?1";
    assert_eq!(front.value::<bool>(stamps, [&r]), Some(true));
}

#[test]
fn case_50_calls_for_reports_refuse_other_tasks() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let r = report(&ann, "report", None);
    front.task("training", json!({}));
    for (name, more) in [
        ("update", json!({"name": "new name"})),
        ("publish", json!({})),
        ("archive", json!({})),
        ("unarchive", json!({})),
        ("move", json!({"project": null})),
        ("delete", json!({"force": true})),
    ] {
        let with = |task: &str| {
            let mut request = json!({"task": task});
            request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            request
        };
        let call = format!("reports.{name}");
        assert_eq!(ann.err(&call, with("training")), (400, 150), "{name}");
        assert_eq!(ann.err(&call, with("nope")), (400, 101), "{name}");
        ann.ok(&call, with(&r));
    }
    assert_eq!(get(&ann, "training")["status"], "created");
}

#[test]
fn case_51_the_last_report_to_leave_takes_the_container_along() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (p, q) = (project(&ann, "Paper"), project(&ann, "Quest"));
    let (one, two) = (report(&ann, "one", Some(&p)), report(&ann, "two", Some(&p)));
    assert_eq!(ann.err("reports.move", json!({"task": one})), (400, 11));
    assert_eq!(ann.err("reports.move", json!({"task": one, "project_name": ""})), (400, 11));
    let moved = ann.ok("reports.move", json!({"task": one, "project": q}));
    assert_eq!(projects_named(&ann, "Quest/.reports")[0]["id"], moved["project_id"]);
    assert_eq!(projects_named(&ann, "Quest/.reports")[0]["system_tags"], json!(["hidden", "reports"]));
    assert_eq!(projects_named(&ann, "Paper/.reports").len(), 1, "the other report is still there");
    // Where it is already: nothing is lost.
    let stays = ann.ok("reports.move", json!({"task": two, "project": p}));
    assert_eq!(projects_named(&ann, "Paper/.reports")[0]["id"], stays["project_id"]);
    // The name wins; what is missing is made, visible but for the container.
    let named = ann.ok("reports.move", json!({"task": two, "project": q, "project_name": "New/Place"}));
    assert!(projects_named(&ann, "Paper/.reports").is_empty());
    assert_eq!(get(&ann, &two)["project"], named["project_id"]);
    assert_eq!(projects_named(&ann, "New/Place/.reports")[0]["id"], named["project_id"]);
    assert_eq!(projects_named(&ann, "New/Place")[0]["system_tags"], json!([]));
    let root = ann.ok("reports.move", json!({"task": one, "project": null}));
    assert!(projects_named(&ann, "Quest/.reports").is_empty());
    assert_eq!(projects_named(&ann, ".reports")[0]["id"], root["project_id"]);
    assert_eq!(ann.err("reports.move", json!({"task": one, "project": "nope"})), (400, 401));
    // Named as a container, it gets the container's marks.
    ann.ok("reports.move", json!({"task": one, "project_name": "Other/.reports"}));
    assert_eq!(projects_named(&ann, "Other/.reports")[0]["system_tags"], json!(["hidden", "reports"]));
    assert!(projects_named(&ann, "Other/.reports/.reports").is_empty());
}

#[test]
fn a_container_with_anything_else_in_it_stays() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let p = project(&ann, "Paper");
    let made = ann.ok("reports.create", json!({"name": "only one", "project": p}));
    let holding = made["project_id"].as_str().unwrap();
    ann.ok("models.create", json!({"name": "net", "uri": "file:///a", "project": holding}));
    ann.ok("reports.move", json!({"task": made["id"], "project": null}));
    assert_eq!(projects_named(&ann, "Paper/.reports").len(), 1);
    // An ordinary project never goes.
    front.task("stray", json!({"project": p, "type": "report", "system_tags": ["hidden", "reports"]}));
    ann.ok("reports.move", json!({"task": "stray", "project": null}));
    assert_eq!(projects_named(&ann, "Paper").len(), 1);
}

#[test]
fn case_52_the_answer_shows_a_long_text_in_short() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let r = report(&ann, "long", None);
    let text = "some words\nand more  ".repeat(25);
    let fields = ann.ok("reports.update", json!({"task": r, "report": text}));
    let short = fields["fields"]["report"].as_str().unwrap();
    assert!(short.chars().count() <= 100 && short.ends_with("[...]"), "{short}");
    assert!(short.starts_with("some words and more some words"), "{short}");
    assert_eq!(get(&ann, &r)["report"], text);
}

#[test]
fn publishing_works_from_any_state_and_again() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let r = report(&ann, "paper", None);
    let done = ann.ok("reports.publish", json!({"task": r, "message": "out", "comment": "not looked at"}));
    assert_eq!(done["updated"], 1);
    let mut names: Vec<&String> = done["fields"].as_object().unwrap().keys().collect();
    names.sort();
    let expected = [
        "last_change",
        "last_changed_by",
        "last_update",
        "published",
        "status",
        "status_changed",
        "status_message",
        "status_reason",
    ];
    assert_eq!(names, expected);
    let task = get(&ann, &r);
    assert_eq!((&task["status"], &task["status_message"]), (&json!("published"), &json!("out")));
    assert_eq!(task["published"], done["fields"]["published"]);
    assert_eq!(task.get("comment"), None);
    assert_eq!(ann.ok("reports.publish", json!({"task": r}))["updated"], 1);
    ann.ok("tasks.edit", json!({"task": r, "status": "failed", "force": true}));
    ann.ok("reports.publish", json!({"task": r}));
    assert_eq!(get(&ann, &r)["status"], "published");
}

#[test]
fn archiving_changes_one_tag() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let r = report(&ann, "paper", None);
    for _ in 0..2 {
        assert_eq!(ann.ok("reports.archive", json!({"task": r, "message": "old"})), json!({"archived": 1}));
        let task = get(&ann, &r);
        assert_eq!(task["system_tags"], json!(["archived", "hidden", "reports"]));
        assert_eq!((&task["status_message"], &task["status_reason"]), (&json!("old"), &json!("")));
        assert_eq!(task["status"], "created");
    }
    for _ in 0..2 {
        assert_eq!(ann.ok("reports.unarchive", json!({"task": r})), json!({"unarchived": 1}));
        assert_eq!(get(&ann, &r)["system_tags"], json!(["hidden", "reports"]));
    }
}

#[test]
fn what_is_published_is_deleted_only_from_the_archive_or_by_force() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let p = project(&ann, "Paper");
    let made: Vec<String> = ["draft", "archived", "forced"].map(|name| report(&ann, name, Some(&p))).into();
    for published in &made[1..] {
        ann.ok("reports.publish", json!({"task": published}));
        assert_eq!(ann.err("reports.delete", json!({"task": published})), (400, 123));
    }
    assert_eq!(ann.ok("reports.delete", json!({"task": made[0]})), json!({"deleted": 1}));
    ann.ok("reports.archive", json!({"task": made[1]}));
    assert_eq!(ann.ok("reports.delete", json!({"task": made[1]})), json!({"deleted": 1}));
    assert_eq!(projects_named(&ann, "Paper/.reports").len(), 1);
    assert_eq!(ann.ok("reports.delete", json!({"task": made[2], "force": true})), json!({"deleted": 1}));
    assert!(projects_named(&ann, "Paper/.reports").is_empty());
    assert_eq!(projects_named(&ann, "Paper").len(), 1);
    assert!(found(&ann, json!({})).is_empty());
    assert_eq!(ann.err("reports.delete", json!({"task": made[0]})), (400, 101));
}

#[test]
fn case_68_a_project_of_archived_reports_is_deleted_without_force() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let p = project(&ann, "Paper");
    let r = report(&ann, "only one", Some(&p));
    assert_eq!(ann.err("projects.delete", json!({"project": p})), (400, 402));
    ann.ok("reports.archive", json!({"task": r}));
    let validated = ann.ok("projects.validate_delete", json!({"project": p}));
    assert_eq!((&validated["reports"], &validated["non_archived_reports"]), (&json!(1), &json!(0)));
    assert_eq!(ann.ok("projects.delete", json!({"project": p}))["deleted"], 2);
    assert_eq!(get(&ann, &r).get("project"), None);
}

#[test]
fn reports_answer_at_every_version_and_are_not_shared() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(ann.call("reports.share", json!({})), Err((404, 0)));
    let r = ann.clone().at(1, 0).ok("reports.create", json!({"name": "old", "report": "text"}));
    assert_eq!(get(&ann, r["id"].as_str().unwrap())["report"], "text");
}
