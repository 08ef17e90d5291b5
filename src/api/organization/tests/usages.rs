use super::*;
use crate::{config::Settings, domain::Role, types::Millis};

const USAGES: &str = "organization.get_project_usages";

fn at(text: &str) -> i64 {
    Millis::parse_lenient(text).unwrap().0
}

fn queue(front: &FrontDoor, id: &str, resources: Option<Value>) {
    front.sql(
        "INSERT INTO queue (id, company, name, display_name, created, last_update, resources)
         VALUES (?1, 'acme', 'queue ' || ?1, iif(?1 = 'q2', 'The second', NULL), 1, 1, ?2)",
        rusqlite::params![id, resources.map(|resources| resources.to_string())],
    );
}

/// A finished task on the queue `q1`.
fn ran(front: &FrontDoor, id: &str, project: &str, from: &str, to: &str, more: Value) {
    let fields = json!({
        "project": project, "status": "completed", "started": at(from), "completed": at(to), "execution_queue": "q1",
    });
    front.task(id, merged(fields, &more));
}

fn range(projects: Value, more: Value) -> Value {
    let days = json!({"projects": projects, "from_date": "2025-03-01T00:00:00+00:00", "to_date": "2025-03-02T23:00:00+00:00"});
    merged(days, &more)
}

#[test]
fn case_45_usage_by_day() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = project(&ann, "Team", &[]);
    queue(&front, "q1", Some(json!({"gpu_usage": 2})));
    ran(&front, "t1", &id, "2025-03-01T10:00:00Z", "2025-03-01T11:00:00Z", json!({}));
    let usage = |more: Value| ann.ok(USAGES, range(json!([id]), more));
    let found = usage(json!({}));
    assert_eq!(found.as_object().unwrap().keys().collect::<Vec<_>>(), ["projects", "users", "queues"]);
    assert_eq!(
        found["projects"],
        json!({
            "total": [{"id": id, "name": "Team", "duration": 3600, "gpu_usage": 7200}],
            "series": [{"id": id, "name": "Team", "dates": [1_740_787_200.0, 1_740_873_600.0],
                        "duration": [3600, 0], "gpu_usage": [7200, 0]}],
        })
    );
    assert_eq!(
        found["users"]["total"],
        json!([{"id": "ann", "name": "Ann", "duration": 3600, "gpu_usage": 7200}])
    );
    assert_eq!(found["queues"]["series"][0]["name"], "queue q1");
    // Across midnight.
    ran(&front, "t2", &id, "2025-03-01T23:30:00Z", "2025-03-02T01:00:00Z", json!({}));
    let days = |more: Value| usage(more)["projects"]["series"][0]["duration"].clone();
    assert_eq!(days(json!({})), json!([5400, 3600]));
    // Days are those of the offset.
    let shifted = json!({"from_date": "2025-03-01T00:00:00+01:00", "to_date": "2025-03-02T00:00:00+01:00"});
    assert_eq!(days(shifted), json!([3600, 5400]));
    // On a developer's machine, without queue.
    let development = json!({"system_tags": ["development"], "execution_queue": null});
    ran(&front, "t3", &id, "2025-03-02T02:00:00Z", "2025-03-02T02:01:00Z", development);
    assert_eq!(days(json!({})), json!([5400, 3600]));
    assert_eq!(days(json!({"include_development": true})), json!([5400, 3660]));
    let queues = usage(
        json!({"include_development": true, "breakdown_keys": ["queue"], "usage_fields": ["cpu_usage", "gpu_usage"]}),
    );
    assert_eq!(
        queues,
        json!({"queues": {
            "total": [
                {"id": null, "name": null, "cpu_usage": 60, "cpu_artificial_weights": true, "gpu_usage": 60,
                 "gpu_artificial_weights": true},
                {"id": "q1", "name": "queue q1", "cpu_usage": 9000, "cpu_artificial_weights": true, "gpu_usage": 18000},
            ],
            "series": queues["queues"]["series"],
        }})
    );
    for bad in [
        json!({"from_date": "2025-03-03T00:00:00+00:00"}),
        json!({"from_date": "soon"}),
        json!({"to_date": "2035-03-03T00:00:00+00:00"}),
        json!({"projects": []}),
        json!({"breakdown_keys": ["worker"]}),
        json!({"usage_fields": ["watts"]}),
    ] {
        assert_eq!(ann.err(USAGES, range(json!([id]), bad.clone())), (400, 12), "{bad}");
    }
}

#[test]
fn which_tasks_count_and_for_how_long() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = project(&ann, "Team", &[]);
    queue(&front, "q1", None);
    let (one, two) = ("2025-03-01T10:00:00Z", "2025-03-01T10:00:10Z");
    for (n, left_out) in [
        json!({"system_tags": ["dataset"]}),
        json!({"system_tags": ["reports"]}),
        json!({"system_tags": ["hidden"]}),
        json!({"type": "controller"}),
        json!({"type": "report"}),
        json!({"type": "annotation_manual"}),
        json!({"execution_queue": ""}),
        json!({"started": at("2025-03-03T00:00:00Z"), "completed": at("2025-03-03T01:00:00Z")}),
        json!({"started": at("2025-02-01T00:00:00Z"), "completed": at("2025-02-28T23:59:59Z")}),
        json!({"started": at(two), "completed": at(one)}),
        json!({"started": null}),
        json!({"completed": null, "status": "stopped"}),
    ]
    .into_iter()
    .enumerate()
    {
        ran(&front, &format!("no{n}"), &id, one, two, left_out);
    }
    let days = || {
        let request = range(json!([id]), json!({"breakdown_keys": ["project"]}));
        ann.ok(USAGES, request)["projects"]["series"][0]["duration"].clone()
    };
    assert_eq!(days(), Value::Null);
    // An archived one counts, whole seconds only.
    let archived = json!({"system_tags": ["archived"], "completed": at("2025-03-01T10:00:01.900Z")});
    ran(&front, "t1", &id, one, two, archived);
    assert_eq!(days(), json!([1, 0]));
    // One that never said when it was completed, by when its status changed.
    let stopped =
        json!({"completed": null, "status": "stopped", "status_changed": at("2025-03-02T00:00:05Z")});
    ran(&front, "t2", &id, "2025-03-01T23:59:00Z", two, stopped);
    assert_eq!(days(), json!([61, 5]));
    // One that runs since before the range, until its end.
    let running = json!({"completed": null, "status": "in_progress"});
    ran(&front, "t3", &id, "2025-01-01T00:00:00Z", two, running);
    assert_eq!(days(), json!([86_461, 86_405]));
    // And one that runs now, until now.
    let now = Millis::now();
    front.sql("DELETE FROM task", []);
    let running = json!({"completed": null, "status": "in_progress", "started": now.plus_seconds(-100).0});
    ran(&front, "t4", &id, one, two, running);
    let request = json!({
        "projects": [id], "from_date": now.plus_seconds(-86_400).to_wire(), "to_date": now.plus_seconds(86_400).to_wire(),
    });
    let total = ann.ok(USAGES, request)["projects"]["total"][0]["duration"].as_i64().unwrap();
    assert!((99..130).contains(&total), "{total}");
}

#[test]
fn what_a_task_counts_for() {
    let front = FrontDoor::open();
    let ann = front.ann();
    queue(&front, "q1", None);
    queue(&front, "q2", Some(json!({"cpu_usage": 4, "gpu_usage": 0.5})));
    let grandchild = project(&ann, "Team/Vision/Deep", &[]);
    let (team, vision) = (id_of(&ann, "Team"), id_of(&ann, "Team/Vision"));
    let apart = project(&ann, "Apart", &[]);
    for (n, (place, queue)) in
        [(&team, "q1"), (&vision, "q2"), (&grandchild, "gone"), (&apart, "q1")].into_iter().enumerate()
    {
        let seconds = format!("2025-03-01T10:00:0{}Z", n + 1);
        ran(
            &front,
            &format!("t{n}"),
            place,
            "2025-03-01T10:00:00Z",
            &seconds,
            json!({"execution_queue": queue}),
        );
    }
    let sums = |projects: Value, key: &str| -> Vec<(String, i64)> {
        let found = ann.ok(USAGES, range(projects, json!({})));
        let total = found[key]["total"].as_array().unwrap().iter();
        total
            .map(|group| (group["name"].as_str().unwrap().to_owned(), group["duration"].as_i64().unwrap()))
            .collect()
    };
    let named = |groups: &[(&str, i64)]| -> Vec<(String, i64)> {
        groups.iter().map(|(name, seconds)| ((*name).to_owned(), *seconds)).collect()
    };
    assert_eq!(sums(json!([team]), "projects"), named(&[("Team", 1), ("Team/Vision", 5)]));
    assert_eq!(sums(json!([team, team]), "projects"), named(&[("Team", 1), ("Team/Vision", 5)]));
    assert_eq!(sums(json!([team, apart]), "projects"), named(&[("Apart", 4), ("Team", 6)]));
    // Of two that contain each other a task counts for the nearer one, once.
    assert_eq!(sums(json!([team, vision]), "projects"), named(&[("Team", 1), ("Team/Vision", 5)]));
    assert_eq!(sums(json!([vision]), "projects"), named(&[("Team/Vision", 2), ("Team/Vision/Deep", 3)]));
    assert_eq!(sums(json!([grandchild]), "projects"), named(&[("Team/Vision/Deep", 3)]));
    assert_eq!(sums(json!(["unknown"]), "projects"), named(&[]));
    assert_eq!(
        sums(json!([team, apart]), "queues"),
        named(&[("The second", 2), ("other", 3), ("queue q1", 5)])
    );
    assert_eq!(sums(json!([team, apart]), "users"), named(&[("Ann", 10)]));
    let fields = json!({"usage_fields": ["cpu_usage", "gpu_usage"], "breakdown_keys": ["project"]});
    let found = ann.ok(USAGES, range(json!([vision]), fields));
    assert_eq!(
        found["projects"]["total"],
        json!([
            {"id": vision, "name": "Team/Vision", "cpu_usage": 8, "gpu_usage": 1},
            {"id": grandchild, "name": "Team/Vision/Deep", "cpu_usage": 3, "cpu_artificial_weights": true,
             "gpu_usage": 3, "gpu_artificial_weights": true},
        ])
    );
}

#[test]
fn reports_may_be_kept_to_administrators() {
    let mut settings = Settings::default();
    settings.services.organization.project_usages.allow_non_admins = false;
    let front = FrontDoor::with(settings);
    let ann = front.ann();
    let request = range(json!([project(&ann, "Team", &[])]), json!({}));
    ann.clone().role(Role::Admin).ok(USAGES, request.clone());
    assert_eq!(ann.err(USAGES, request), (403, 20));
}
