//! Another tenant's id behaves exactly like an unknown one; the owner succeeds first.

use super::*;

#[test]
fn tenants_see_nothing_of_each_others_reports() {
    let front = FrontDoor::open();
    front.tenant("other");
    front.person("other", "eve", "Eve");
    let (ann, eve) = (front.ann(), front.visitor("other", "eve"));
    let p = project(&ann, "Paper");
    let r =
        ann.ok("reports.create", json!({"name": "results", "project": p, "tags": ["secret"], "report": "x"}));
    let (r, holding) = (r["id"].as_str().unwrap().to_owned(), r["project_id"].clone());
    let calls = [
        ("update", json!({"name": "other name"})),
        ("publish", json!({})),
        ("archive", json!({})),
        ("unarchive", json!({})),
        ("move", json!({"project_name": "Paper"})),
        ("delete", json!({"force": true})),
    ];
    let with = |task: &str, more: &Value| {
        let mut request = json!({"task": task});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        request
    };
    for (name, more) in &calls {
        let call = format!("reports.{name}");
        let before = get(&ann, &r);
        assert_eq!(eve.err(&call, with("nope", more)), (400, 101), "{name}");
        assert_eq!(eve.err(&call, with(&r, more)), (400, 101), "{name}");
        assert_eq!(get(&ann, &r), before, "{name}");
        if *name == "delete" {
            break;
        }
        ann.ok(&call, with(&r, more));
    }

    assert_eq!(found(&ann, json!({"project": [p]})), ["other name"]);
    for project in [&json!(p), &holding, &json!("nope")] {
        assert!(found(&eve, json!({"project": [project]})).is_empty());
        let below = json!({"project": [project], "include_subprojects": true});
        assert!(found(&eve, below).is_empty());
        assert_eq!(eve.err("reports.create", json!({"name": "mine", "project": project})), (400, 401));
    }
    assert_eq!(found(&ann, json!({"id": [r]})), ["other name"]);
    assert!(found(&eve, json!({"id": [r]})).is_empty() && found(&eve, json!({})).is_empty());
    assert_eq!(ann.ok("reports.get_tags", json!({})), json!({"tags": ["secret"]}));
    assert_eq!(eve.ok("reports.get_tags", json!({})), json!({"tags": []}));

    let everything = json!({"id": [r], "plots": {}, "debug_images": {}, "single_value_metrics": {},
        "scalar_metrics_iter_histogram": {}});
    assert_eq!(ann.ok("reports.get_task_data", everything.clone())["tasks"][0]["id"], r);
    let nothing = json!({"tasks": [], "plots": {}, "debug_images": [], "single_value_metrics": [],
        "scalar_metrics_iter_histogram": {}});
    assert_eq!(eve.ok("reports.get_task_data", everything), nothing);

    let own = report(&eve, "eves own", None);
    assert_eq!(eve.err("reports.move", json!({"task": own, "project": p})), (400, 401));
    assert_eq!(eve.err("reports.move", json!({"task": own, "project": "nope"})), (400, 401));
    // The same name is another project in another tenant.
    let moved = eve.ok("reports.move", json!({"task": own, "project_name": "Paper"}));
    assert_ne!(moved["project_id"], holding);
    assert_eq!(found(&ann, json!({"project": [p]})), ["other name"]);
    ann.ok("reports.delete", json!({"task": r, "force": true}));
    assert_eq!(found(&eve, json!({})), ["eves own"]);
}

#[test]
fn public_reports_are_read_by_all_and_changed_by_none() {
    let front = FrontDoor::open();
    front.tenant("other");
    front.person("other", "eve", "Eve");
    let (ann, eve) = (front.ann(), front.visitor("other", "eve"));
    let r = report(&ann, "for all", None);
    ann.ok("reports.update", json!({"task": r, "name": "for everybody", "tags": ["open"]}));
    front.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = ?1", [&r]);
    assert_eq!(found(&eve, json!({})), ["for everybody"]);
    assert!(found(&eve, json!({"allow_public": false})).is_empty());
    assert_eq!(eve.ok("reports.get_tags", json!({})), json!({"tags": []}), "tags are those of own reports");
    for visitor in [&ann, &eve] {
        assert_eq!(visitor.err("reports.update", json!({"task": r, "name": "new name"})), (403, 21));
        assert_eq!(visitor.err("reports.publish", json!({"task": r})), (403, 21));
        assert_eq!(visitor.err("reports.archive", json!({"task": r})), (403, 21));
        assert_eq!(visitor.err("reports.unarchive", json!({"task": r})), (403, 21));
        assert_eq!(visitor.err("reports.move", json!({"task": r, "project": null})), (403, 21));
        assert_eq!(visitor.err("reports.delete", json!({"task": r, "force": true})), (403, 21));
    }
}
