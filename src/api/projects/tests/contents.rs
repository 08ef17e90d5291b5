//! What stands against deleting, and deleting.

use super::*;

/// A project with something of everything below it.
fn furnished(front: &FrontDoor, ann: &Visitor<'_>) -> String {
    let id = create(ann, "Full");
    create_tagged(ann, "Full/.datasets", &["hidden"]);
    let data = create_tagged(ann, "Full/.datasets/cats", &["hidden", "dataset"]);
    create_tagged(ann, "Full/.pipelines", &["hidden"]);
    let pipeline = create_tagged(ann, "Full/.pipelines/run", &["hidden", "pipeline"]);
    front.task("archived", json!({"project": id, "system_tags": ["archived"]}));
    front.task("report", json!({"project": id, "type": "report", "system_tags": ["reports", "hidden"]}));
    front.task("version", json!({"project": data, "type": "data_processing", "system_tags": ["dataset"]}));
    let controller =
        json!({"project": pipeline, "type": "controller", "system_tags": ["pipeline", "archived"]});
    front.task("controller", controller);
    id
}

#[test]
fn case_29_validate_delete_counts_by_kind() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = furnished(&front, &ann);
    let found = ann.ok("projects.validate_delete", json!({"project": id}));
    let expected = json!({
        "tasks": 1, "non_archived_tasks": 0, "reports": 1, "non_archived_reports": 1, "datasets": 1, "pipelines": 0,
        "models": 0, "non_archived_models": 0,
    });
    assert_eq!(found, expected);
}

#[test]
fn case_30_active_content_blocks_without_force() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let archived = json!(["archived"]);
    let blocked = |name: &str, system_tags: &[&str], kind: &str, code: (u16, u16)| {
        let id = create_tagged(&ann, name, system_tags);
        front.task(name, json!({"project": id, "type": kind}));
        assert_eq!(ann.err("projects.delete", json!({"project": id})), code);
        assert_eq!(ann.ok("projects.delete", json!({"project": id, "force": true}))["deleted"], 1);
    };
    blocked("Tasks", &[], "training", (400, 402));
    blocked("Data", &["dataset"], "data_processing", (400, 406));
    blocked("Pipe", &["pipeline"], "controller", (400, 413));
    let id = create(&ann, "Models");
    let m = model(&ann, json!({"project": id}));
    assert_eq!(ann.err("projects.delete", json!({"project": id})), (400, 405));
    ann.ok("models.archive_many", json!({"ids": [m]}));
    assert_eq!(ann.ok("projects.delete", json!({"project": id}))["deleted"], 1);
    assert!(ann.ok("models.get_by_id", json!({"model": m}))["model"].get("project").is_none());
    let id = create(&ann, "Archive");
    front.task("old", json!({"project": id, "system_tags": archived}));
    let done = ann.ok("projects.delete", json!({"project": id}));
    let expected = json!({"deleted": 1, "disassociated_tasks": 1, "deleted_models": 0, "deleted_tasks": 0, "urls": null});
    assert_eq!(done, expected);
    assert_eq!(
        front.value::<i64>("SELECT count(*) FROM task WHERE id = 'old' AND project IS NULL", []),
        Some(1)
    );
}

#[test]
fn case_31_deleting_the_contents_too() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Gone");
    let m = model(&ann, json!({"project": id, "uri": "file:///a"}));
    let artifacts = json!([
        {"key": "a", "type": "x", "mode": "output", "uri": "http://files.test/Gone/run.t/a/one.bin"},
        {"key": "b", "type": "x", "uri": "http://files.test/Gone/run.t/a/two.bin"},
        {"key": "c", "type": "x", "mode": "input", "uri": "file:///not-ours"},
        {"key": "d", "type": "x", "mode": "output", "uri": "http://elsewhere/x"},
    ]);
    front.task("inside", json!({"project": id, "status": "queued", "artifacts": artifacts}));
    front.task("child", json!({"parent": "inside"}));
    front.task("user", json!({"models_input": [{"name": "in", "model": m, "updated": 1}]}));
    let maker = json!({"status": "published", "models_output": [{"name": "out", "model": m}]});
    front.task("maker", maker);
    front.sql("UPDATE model SET task = 'maker'", []);
    front.sql("INSERT INTO queue_entry (queue, task, position, added, submitter, company) VALUES ('q', 'inside', 1, 1, 'ann', 'acme')", []);
    let done = ann.ok("projects.delete", json!({"project": id, "delete_contents": true, "force": true}));
    assert_eq!((&done["deleted_tasks"], &done["deleted_models"]), (&json!(1), &json!(1)));
    assert_eq!(done["disassociated_tasks"], 0);
    let urls =
        json!({"model_urls": ["file:///a"], "artifact_urls": ["http://elsewhere/x"], "event_urls": []});
    assert_eq!(done["urls"], urls);
    let text = |sql: &str| front.value::<String>(sql, []);
    assert_eq!(
        front.value::<i64>("SELECT count(*) FROM task WHERE id = 'child' AND parent IS NULL", []),
        Some(1)
    );
    assert_eq!(
        text("SELECT models_input ->> '$[0].model' FROM task WHERE id = 'user'").as_deref(),
        Some("__DELETED__")
    );
    assert_eq!(
        text("SELECT models_output ->> '$[0].model' FROM task WHERE id = 'maker'").as_deref(),
        Some("__DELETED__")
    );
    assert_eq!(front.value::<i64>("SELECT count(*) FROM queue_entry", []), Some(0));
    // Two files of one folder are one row.
    assert_eq!(front.value::<i64>("SELECT count(*) FROM url_to_delete", []), Some(1));
    let row = "SELECT type || ' ' || url || ' ' || task FROM url_to_delete";
    assert_eq!(text(row), Some(format!("folder http://files.test/Gone/run.t/a {id}")));
}

#[test]
fn models_case_56_files_are_left_to_the_client_when_asked() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = create(&ann, "Gone");
    model(&ann, json!({"project": id, "uri": "http://files.test/one.bin"}));
    let kept = create(&ann, "Kept");
    model(&ann, json!({"project": kept, "uri": "http://files.test/two.bin"}));
    let request =
        json!({"project": kept, "delete_contents": true, "force": true, "delete_external_artifacts": false});
    let done = ann.ok("projects.delete", request);
    assert_eq!(done["urls"]["model_urls"], json!(["http://files.test/two.bin"]));
    assert_eq!(front.value::<i64>("SELECT count(*) FROM url_to_delete", []), Some(0));
    let done = ann.ok("projects.delete", json!({"project": id, "delete_contents": true, "force": true}));
    assert_eq!(done["urls"]["model_urls"], json!([]));
    let row = front.value::<String>("SELECT type || ' ' || url FROM url_to_delete", []);
    assert_eq!(row.as_deref(), Some("file http://files.test/one.bin"), "a lone segment is no folder");
}

#[test]
fn case_32_68_the_whole_tree_goes() {
    let front = FrontDoor::open();
    let ann = front.ann();
    create(&ann, "Aaa/Bbb/Ccc");
    create(&ann, "Aaa/Bbb/Ddd");
    let id = id_of(&ann, "Aaa/Bbb");
    assert_eq!(ann.ok("projects.delete", json!({"project": id}))["deleted"], 3);
    assert_eq!(names(&ann.ok("projects.get_all", json!({}))), ["Aaa"]);
    let id = create(&ann, "Reports");
    let reports = create_tagged(&ann, "Reports/.reports", &["hidden", "reports"]);
    front.task(
        "r",
        json!({"project": reports, "type": "report", "system_tags": ["hidden", "reports", "archived"]}),
    );
    assert_eq!(ann.ok("projects.delete", json!({"project": id}))["deleted"], 2);
    assert_eq!(
        front.value::<i64>("SELECT count(*) FROM task WHERE id = 'r' AND project IS NULL", []),
        Some(1)
    );
    let public = public_project(&front, "Public");
    assert_eq!(ann.err("projects.delete", json!({"project": public})), (403, 21));
    assert_eq!(ann.err("projects.validate_delete", json!({"project": public})), (403, 21));
    assert_eq!(ann.err("projects.delete", json!({"project": "nope"})), (400, 401));
}
