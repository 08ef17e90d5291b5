//! Tenants see nothing of each other, and people nothing that access rules hide from them.

use super::*;
use crate::{
    domain::{Call, Ctx, organization},
    store::{Readable, Scope, Sets, Writable},
    types::{CompanyId, Json},
};

/// Content of Acme, as its owner sees it through the service, and as Eve sees it.
#[test]
fn tags_counts_and_people_stay_within_the_tenant() {
    let front = FrontDoor::open();
    let (ann, eve) = (front.ann(), with_eve(&front));
    let id = project(&ann, "Pro", &[]);
    front.task("t1", json!({"tags": ["secret"], "system_tags": ["inner"], "project": id}));
    model(&ann, json!({"tags": ["secret too"]}));
    let tags = json!({"include_system": true});
    let count = json!({"projects": {}, "tasks": {}, "models": {}});
    let aimed = json!({"projects": {"id": [id]}, "tasks": {"project": [id]}, "active_users": ["ann"]});
    assert_eq!(
        ann.ok("organization.get_tags", tags.clone()),
        json!({"tags": ["secret", "secret too"], "system_tags": ["inner"]})
    );
    assert_eq!(
        ann.ok("organization.get_entities_count", count.clone()),
        json!({"projects": 1, "tasks": 1, "models": 1})
    );
    assert_eq!(ann.ok("organization.get_entities_count", aimed.clone()), json!({"projects": 1, "tasks": 1}));
    assert_eq!(eve.ok("organization.get_tags", tags), json!({"tags": [], "system_tags": []}));
    assert_eq!(
        eve.ok("organization.get_entities_count", count),
        json!({"projects": 0, "tasks": 0, "models": 0})
    );
    assert_eq!(eve.ok("organization.get_entities_count", aimed), json!({"projects": 0, "tasks": 0}));
    let people = |visitor: &Visitor<'_>| {
        visitor.ok("organization.get_user_companies", json!({}))["companies"][0]["owners"][0]["id"].clone()
    };
    assert_eq!((people(&ann), people(&eve)), (json!("ann"), json!("eve")));
    front.sql("UPDATE task SET company = '', company_origin = 'acme'", []);
    let tasks = |public: bool| {
        let request = json!({"tasks": {}, "allow_public": public});
        eve.ok("organization.get_entities_count", request)["tasks"].clone()
    };
    assert_eq!((tasks(true), tasks(false)), (json!(1), json!(0)));
}

#[test]
fn s18_a_prepared_download_is_its_makers_own() {
    let front = FrontDoor::open();
    let (ann, eve) = (front.ann(), with_eve(&front));
    front.person("acme", "bob", "Bob");
    let bob = front.visitor("acme", "bob");
    let id = project(&ann, "Pro", &[]);
    front.task("t1", json!({"name": "secret", "project": id}));
    let request = json!({
        "entity_type": "task", "only_fields": ["name"], "field_mappings": [{"field": "name"}], "project": [id],
    });
    let prepare = |visitor: &Visitor<'_>| {
        let data = visitor.ok("organization.prepare_download_for_get_all", request.clone());
        json!({"prepare_id": data["prepare_id"]})
    };
    let fetch = |visitor: &Visitor<'_>, request: &Value| {
        visitor.download("organization.download_for_get_all", request.clone())
    };
    let asked = prepare(&ann);
    assert_eq!(
        fetch(&ann, &asked).unwrap(),
        ("clearml-Pro-tasks.csv".to_owned(), "\u{feff}\"name\"\r\n\"secret\"\r\n".to_owned())
    );
    // The same person of another tenant, a colleague, a stranger: to all the id is unknown.
    for other in [&front.visitor("other", "ann"), &bob, &eve] {
        assert_eq!(fetch(other, &asked).unwrap_err(), (400, 10));
    }
    // A stranger's own download of the same project has neither its rows nor its name.
    assert_eq!(fetch(&eve, &prepare(&eve)).unwrap(), ("clearml-tasks.csv".to_owned(), "name\r\n".to_owned()));
    assert!(fetch(&ann, &asked).unwrap().1.contains("secret"));
    // What the maker may no longer see is no longer in the file.
    front.sql("UPDATE task SET company = 'other'", []);
    assert_eq!(fetch(&ann, &asked).unwrap().1, "name\r\n");
}

#[test]
fn usage_of_another_tenant_is_not_reported() {
    let front = FrontDoor::open();
    let (ann, eve) = (front.ann(), with_eve(&front));
    let id = project(&ann, "Pro", &[]);
    front.sql(
        "INSERT INTO queue (id, company, name, created, last_update, resources)
         VALUES ('q1', 'acme', 'secret queue', 1, 1, '{\"gpu_usage\": 8}')",
        [],
    );
    let started = 1_740_823_200_000_i64;
    front.task(
        "t1",
        json!({"project": id, "status": "completed", "started": started, "completed": started + 60_000, "execution_queue": "q1"}),
    );
    let request = json!({
        "projects": [id], "from_date": "2025-03-01T00:00:00Z", "to_date": "2025-03-01T00:00:00Z",
    });
    let usage = |visitor: &Visitor<'_>| visitor.ok("organization.get_project_usages", request.clone());
    let total = |data: &Value, key: &str| data[key]["total"].clone();
    let own = usage(&ann);
    assert_eq!(total(&own, "projects"), json!([{"id": id, "name": "Pro", "duration": 60, "gpu_usage": 480}]));
    assert_eq!(total(&own, "users")[0]["name"], "Ann");
    assert_eq!(total(&own, "queues")[0]["name"], "secret queue");
    let none = json!({"total": [], "series": []});
    assert_eq!(usage(&eve), json!({"projects": none, "users": none, "queues": none}));
    // Of what is public others learn neither who made it nor where it ran.
    front.sql("UPDATE task SET company = '', company_origin = 'acme'", []);
    front.sql("UPDATE project SET company = '', company_origin = 'acme'", []);
    let seen = usage(&eve);
    assert_eq!(
        total(&seen, "projects"),
        json!([{"id": id, "name": "Pro", "duration": 60, "gpu_usage": 60, "gpu_artificial_weights": true}])
    );
    for key in ["users", "queues"] {
        assert_eq!(total(&seen, key)[0]["id"], "_other_", "{key}");
        assert_eq!(total(&seen, key)[0]["name"], "other", "{key}");
    }
    assert!(!seen.to_string().contains("ann") && !seen.to_string().contains("q1"));
    assert_eq!(total(&usage(&ann), "users")[0]["name"], "Ann");
}

#[test]
fn s18_what_access_rules_hide_is_neither_counted_nor_listed() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let (open, hidden) = (project(&ann, "Open", &[]), project(&ann, "Hidden", &[]));
    front.task("seen", json!({"project": open, "tags": ["seen"]}));
    front.task("secret", json!({"project": hidden, "tags": ["secret"]}));
    let ids = std::sync::Arc::new(Sets { projects: [open].into(), ids: Default::default() });
    let scope = Scope {
        company: CompanyId::from("acme"),
        readable: Readable::Sets(ids.clone()),
        writable: Writable::Sets(ids),
    };
    let ctx = Ctx::new(&front.app, front.visitor("acme", "bob").caller, Call::internal()).with_scope(scope);
    assert_eq!(organization::tags(&ctx, &Json::new()).unwrap().0, ["seen"]);
    let asked = organization::CountRequest {
        queries: organization::KINDS.iter().take(2).map(|kind| (kind, Json::new())).collect(),
        search_hidden: false,
        allow_public: true,
        active_users: Vec::new(),
        limit: None,
    };
    let counted = |ctx: &Ctx<'_>| -> Vec<u64> {
        organization::count(ctx, &asked).unwrap().into_iter().map(|(_, counted)| counted.unwrap()).collect()
    };
    assert_eq!(counted(&ctx), [1, 1]);
    let all = Ctx::new(&front.app, ann.caller.clone(), Call::internal());
    assert_eq!(counted(&all), [2, 2]);
    let asked = organization::DownloadRequest {
        kind: organization::DownloadKind::Tasks,
        columns: vec![organization::FieldMapping { field: "id".to_owned(), name: None, values: Vec::new() }],
        query: json!({"only_fields": ["id"]}).as_object().cloned().unwrap(),
    };
    let rows = |ctx: &Ctx<'_>| {
        let id = organization::prepare_download(ctx, asked.clone()).unwrap();
        let (mut text, (_, mut file)) = (String::new(), organization::download(ctx, &id).unwrap());
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        text.lines().count() - 1
    };
    assert_eq!((rows(&ctx), rows(&all)), (1, 2));
}
