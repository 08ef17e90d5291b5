use super::*;

#[test]
fn case_41_tags_of_tasks_and_models() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({"tags": ["b", "shared"], "system_tags": ["archived"]}));
    front.task("t2", json!({"tags": ["a"], "system_tags": ["hidden"]}));
    model(&ann, json!({"tags": ["m", "shared"], "system_tags": ["deployed"]}));
    let id = project(&ann, "Pro", &["projects own"]);
    ann.ok("projects.update", json!({"project": id, "tags": ["of the project"]}));
    front.task("t3", json!({"company": "", "tags": ["public"]}));
    let tags = |request: Value| ann.ok("organization.get_tags", request);
    assert_eq!(tags(json!({})), json!({"tags": ["a", "b", "m", "shared"]}));
    assert_eq!(
        tags(json!({"include_system": true})),
        json!({"tags": ["a", "b", "m", "shared"], "system_tags": ["archived", "deployed", "hidden"]})
    );
    let filtered = |filter: Value| tags(json!({"filter": filter}))["tags"].clone();
    assert_eq!(filtered(json!({"system_tags": ["__$not", "archived"]})), json!(["a", "m", "shared"]));
    assert_eq!(filtered(json!({"tags": ["a"]})), json!(["a"]));
    assert_eq!(ann.err("organization.get_tags", json!({"filter": {"tags": ["__$x"]}})), (400, 16));
}

#[test]
fn people_of_the_company_by_name() {
    let front = FrontDoor::open();
    front.person("acme", "bo", "Bo");
    front.person("acme", "al", "al");
    with_eve(&front);
    front.sql("UPDATE company SET name = 'Acme Inc.' WHERE id = 'acme'", []);
    front.sql("UPDATE user SET avatar = 'https://pictures.test/bo' WHERE id = 'bo'", []);
    assert_eq!(
        front.ann().ok("organization.get_user_companies", json!({})),
        json!({"companies": [{"id": "acme", "name": "Acme Inc.", "allocated": 3, "owners": [
            {"id": "ann", "name": "Ann", "avatar": null},
            {"id": "bo", "name": "Bo", "avatar": "https://pictures.test/bo"},
            {"id": "al", "name": "al", "avatar": null},
        ]}]})
    );
}

#[test]
fn every_version_reaches_the_service() {
    let front = FrontDoor::open();
    for (major, minor) in [(1, 0), (2, 20), (2, 22), (2, 23), (2, 33), (2, 34), (999, 0)] {
        let ann = front.ann().at(major, minor);
        assert_eq!(ann.ok("organization.get_entities_count", json!({"tasks": {}})), json!({"tasks": 0}));
        assert_eq!(ann.ok("organization.get_tags", json!({})), json!({"tags": []}));
        assert_eq!(ann.ok("organization.get_user_companies", json!({}))["companies"][0]["allocated"], 1);
    }
    let nobody = front.ann().kind(crate::domain::CallerKind::Anonymous);
    assert_eq!(nobody.err("organization.get_tags", json!({})), (401, 20));
}
