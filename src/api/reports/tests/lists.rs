//! Finding reports.

use super::*;

/// Reports on P, on P/Sub and on nothing.
fn library(ann: &Visitor<'_>) -> (String, String) {
    let (p, sub) = (project(ann, "Paper"), project(ann, "Paper/Sub"));
    report(ann, "of paper", Some(&p));
    report(ann, "of sub", Some(&sub));
    report(ann, "of root", None);
    (p, sub)
}

#[test]
fn case_49_66_projects_stand_for_what_holds_their_reports() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (p, sub) = library(&ann);
    let bare = project(&ann, "Bare");
    assert_eq!(found(&ann, json!({})), ["of paper", "of root", "of sub"]);
    assert_eq!(found(&ann, json!({"project": [p]})), ["of paper"]);
    assert_eq!(found(&ann, json!({"project": p})), ["of paper"], "one id will do");
    assert_eq!(found(&ann, json!({"project": [null]})), ["of root"]);
    assert_eq!(found(&ann, json!({"project": null})), ["of root"]);
    assert_eq!(found(&ann, json!({"project": [null, sub]})), ["of root", "of sub"]);
    assert_eq!(found(&ann, json!({"project": [p], "include_subprojects": true})), ["of paper", "of sub"]);
    assert_eq!(found(&ann, json!({"project": null, "include_subprojects": true})), ["of root"]);
    let holding = projects_named(&ann, "Paper/.reports")[0]["id"].clone();
    assert_eq!(found(&ann, json!({"project": [holding]})), ["of paper"]);
    for nothing in [json!([]), json!([bare]), json!(["nope"])] {
        assert_eq!(
            ann.ok("reports.get_all_ex", json!({"project": nothing})),
            json!({"tasks": []}),
            "{nothing}"
        );
    }
    assert_eq!(ann.err("reports.get_all_ex", json!({"project": [5]})), (400, 16));
}

#[test]
fn case_66_archived_reports_are_listed_unless_filtered_out() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (p, _) = library(&ann);
    let r = report(&ann, "old one", Some(&p));
    ann.ok("reports.archive", json!({"task": r}));
    assert_eq!(found(&ann, json!({"project": [p]})), ["of paper", "old one"]);
    assert_eq!(found(&ann, json!({"project": [p], "system_tags": ["-archived"]})), ["of paper"]);
    assert_eq!(found(&ann, json!({"project": [p], "system_tags": ["__$not", "archived"]})), ["of paper"]);
}

#[test]
fn only_reports_are_found_and_all_conditions_apply() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (p, _) = library(&ann);
    front.task("training", json!({"project": p}));
    assert!(found(&ann, json!({"id": ["training"]})).is_empty());
    assert!(found(&ann, json!({"type": ["training"], "project": [p]})) == ["of paper"], "the type is given");
    let r = report(&ann, "tagged", Some(&p));
    ann.ok(
        "reports.update",
        json!({"task": r, "tags": ["t1"], "report": "about Accuracy", "comment": "mine"}),
    );
    for (condition, expected) in [
        (json!({"tags": ["t1"]}), vec!["tagged"]),
        (json!({"filters": {"tags": {"any": {"include": ["t1"]}}}}), vec!["tagged"]),
        (json!({"_any_": {"pattern": "(?i)accuracy", "fields": ["name", "report", "tags"]}}), vec!["tagged"]),
        (json!({"_any_": {"pattern": "mine", "fields": ["comment"]}}), vec!["tagged"]),
        (json!({"status": ["published"]}), vec![]),
        (json!({"name": "^of r"}), vec!["of root"]),
        (json!({"user": ["ann"], "id": [r]}), vec!["tagged"]),
        (json!({"user": ["bob"]}), vec![]),
    ] {
        assert_eq!(found(&ann, condition.clone()), expected, "{condition}");
    }
}

#[test]
fn pages_and_scrolls_show_references_as_objects() {
    let front = FrontDoor::open();
    let ann = front.ann();
    library(&ann);
    let fields = json!(["name", "project.name", "user.name", "report", "company.id"]);
    let page = json!({"only_fields": fields, "order_by": ["name"], "page": 0, "page_size": 1});
    let answer = ann.ok("reports.get_all_ex", page);
    assert_eq!(answer.get("scroll_id"), None);
    let one = &answer["tasks"][0];
    assert_eq!((&one["name"], &one["project"]["name"]), (&json!("of paper"), &json!("Paper/.reports")));
    assert_eq!(
        (&one["user"], &one["company"]),
        (&json!({"id": "ann", "name": "Ann"}), &json!({"id": "acme"}))
    );
    let mut scroll = json!({"scroll_id": null, "size": 2, "order_by": ["name"]});
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let answer = ann.ok("reports.get_all_ex", scroll.clone());
        sizes.push(answer["tasks"].as_array().unwrap().len());
        scroll["scroll_id"] = answer["scroll_id"].clone();
    }
    assert_eq!(sizes, [2, 1, 0]);
}

#[test]
fn case_25_projects_know_the_tags_of_their_reports() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (p, q) = (project(&ann, "Paper"), project(&ann, "Quest"));
    for (project, tags) in [(&p, json!(["t1", "t2"])), (&q, json!(["t1"]))] {
        ann.ok("reports.create", json!({"name": "results", "project": project, "tags": tags}));
    }
    let named = |more: Value| {
        let mut request = json!({"children_type": "report", "order_by": ["name"], "only_fields": ["name"]});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let answer = ann.ok("projects.get_all_ex", request);
        let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
        answer["projects"].as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(named(json!({})), ["Paper", "Quest"]);
    assert_eq!(named(json!({"children_tags": ["__$all", "t1", "t2"]})), ["Paper"]);
    assert!(named(json!({"children_tags": ["-t1", "-t2"]})).is_empty());
    assert_eq!(named(json!({"children_tags_filter": {"any": {"include": ["t2"]}}})), ["Paper"]);
    assert_eq!(ann.ok("reports.get_tags", json!({})), json!({"tags": ["t1", "t2"]}));
}
