//! Models, queues, workers, storage, downloads, and addresses of the other application.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, page, project, task};
use crate::yard::Yard;

#[test]
fn case_45_counts_for_the_search_page() {
    let yard = Yard::start();
    let client = page(&yard);
    let home = project(&client, "needle");
    task(&client, "needle task", json!({"project": home}));
    let any = |fields: &[&str]| json!({"fields": fields, "pattern": "needle"});
    let asked = json!({
        "limit": 1,
        "projects": {"_any_": any(&["basename", "id"]), "system_tags": ["-pipeline", "-dataset"]},
        "tasks": {"_any_": any(&["name", "id"]), "system_tags": ["-archived"]},
        "models": {"_any_": any(&["name", "id"]), "system_tags": ["-archived"]},
        "pipelines": {"_any_": any(&["id"]), "system_tags": ["pipeline"]},
        "pipeline_runs": {"_any_": any(&["name"]), "system_tags": [null, "pipeline"]},
        "datasets": {"_any_": any(&["id"]), "system_tags": ["dataset"]},
        "dataset_versions": {"_any_": any(&["name"]), "system_tags": ["dataset"]},
        "reports": {"_any_": any(&["id", "name"])},
    });
    let counts = client.ok("organization.get_entities_count", asked.clone());
    for kind in asked.as_object().unwrap().keys().filter(|kind| *kind != "limit") {
        assert!(counts[kind].is_number(), "{kind}: {counts}");
    }
    assert_eq!((&counts["projects"], &counts["tasks"], &counts["models"]), (&json!(1), &json!(1), &json!(0)));
}

#[test]
fn case_54_published_and_draft_models_are_listed_together() {
    let yard = Yard::start();
    let client = page(&yard);
    for (name, ready) in [("draft", false), ("published", true)] {
        client.ok("models.create", json!({"name": name, "uri": format!("file:///{name}"), "ready": ready}));
    }
    let gone = client.ok("models.create", json!({"name": "archived", "uri": "file:///gone"}))["id"].clone();
    client.ok("models.archive_many", json!({"ids": [gone]}));
    let query = json!({"ready": null, "system_tags": ["-archived"], "scroll_id": null, "size": 30, "order_by": ["name"]});
    let found = client.ok("models.get_all_ex", query);
    assert_eq!(column(&found["models"], "name"), ["draft", "published"]);
    assert!(found["scroll_id"].is_string() && found["models"][0]["company"]["id"].is_string());
}

#[test]
fn case_55_56_57_queues_and_workers() {
    let yard = Yard::start();
    let client = page(&yard);
    let range = json!({"from_date": 1_700_000_000, "to_date": 1_700_000_400, "interval": 40});
    let activity = client.ok("workers.get_activity_report", range);
    for list in ["/total/dates", "/total/counts", "/active/dates", "/active/counts"] {
        assert!(activity.pointer(list).is_some_and(Value::is_array), "{list}: {activity}");
    }
    let queue = client.ok("queues.create", json!({"name": "long"}))["id"].clone();
    for number in 0..5 {
        let id = task(&client, &format!("waits {number}"), json!({}));
        client.ok("tasks.enqueue", json!({"task": id, "queue": queue}));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let range = json!({"from_date": now - 60, "to_date": now + 60, "interval": 5});
    let total = client.ok("queues.get_queue_metrics", range)["queues"].clone();
    assert_eq!(column(&total, "queue"), ["total"]);
    let length = |list: &str| total[0][list].as_array().unwrap().len();
    assert!(length("dates") > 0);
    assert_eq!((length("avg_waiting_times"), length("queue_lengths")), (length("dates"), length("dates")));
    let query = json!({"id": [queue], "count_task_entries": true, "max_task_entries": 1});
    let found = client.ok("queues.get_all_ex", query)["queues"][0].clone();
    assert_eq!((&found["entries_count"], found["entries"].as_array().unwrap().len()), (&json!(5), 1));
}

#[test]
fn case_58_storage_settings_have_all_their_lists() {
    let yard = Yard::start();
    let settings = page(&yard).ok("storage.get_settings", json!({}))["settings"].clone();
    for list in ["/aws/buckets", "/google/buckets", "/azure/containers"] {
        assert!(settings.pointer(list).is_some_and(Value::is_array), "{list}: {settings}");
    }
}

#[test]
fn case_60_the_last_runs_of_a_pipeline_stay() {
    let yard = Yard::start();
    let client = page(&yard);
    let home = project(&client, "work/.pipelines/ppp");
    let run = |name: &str| task(&client, name, json!({"project": home, "type": "controller"}));
    let (one, two) = (run("run one"), run("run two"));
    let delete = |ids: Value| client.call("pipelines.delete_runs", json!({"project": home, "ids": ids}));
    delete(json!([one, two])).is(400, 160);
    assert_eq!(column(&delete(json!([one])).ok()["succeeded"], "id"), [one.as_str()]);
    client.call("tasks.get_by_id", json!({"task": one})).is(400, 101);
    client.ok("tasks.get_by_id", json!({"task": two}));
}

/// The download itself: `organization::cases_43_71_and_web_61_a_link_downloads_the_table`.
#[test]
fn case_61_a_prepared_download_is_its_tenants_own() {
    let yard = Yard::start();
    let client = page(&yard);
    task(&client, "one", json!({}));
    let body = json!({"entity_type": "task", "only_fields": ["name"], "field_mappings": [{"field": "name", "name": "Name of it"}]});
    let id = client.ok("organization.prepare_download_for_get_all", body)["prepare_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v999.0/organization.download_for_get_all?prepare_id={id}");
    let text = client.path(&path).method(Method::GET).send().unwrap().text().unwrap();
    assert_eq!(text, "\u{feff}\"Name of it\"\r\n\"one\"\r\n");
    yard.system().path(&path).method(Method::GET).answer().is(400, 10);
}

#[test]
fn case_62_the_queue_of_a_task_or_an_envelope_that_says_no() {
    let yard = Yard::start();
    let client = page(&yard);
    let id = task(&client, "waits", json!({}));
    let answer = client.call("queues.get_by_task_id", json!({"task": id}));
    assert!([400, 404].contains(&answer.is(400, 703).status));
    let queue = client.ok("queues.create", json!({"name": "gpu"}))["id"].clone();
    client.ok("tasks.enqueue", json!({"task": id, "queue": queue}));
    assert_eq!(client.ok("queues.get_by_task_id", json!({"task": id}))["name"], "gpu");
}

/// Addresses of the other application lead to the page of the same thing here; what looks like one of its files is a
/// real 404, since a page in its place would be read as settings. The other application is not part of this server.
#[test]
fn case_63_files_that_are_not_there_are_no_pages() {
    let yard = Yard::start();
    let get = |path: &str| yard.nobody().http().get(format!("{}{path}", yard.web())).send().unwrap();
    for path in ["/nothing.json", "/configuration.json", "/version.json", "/onboarding.json", "/main.js"] {
        let response = get(path);
        assert_eq!(response.status(), 404, "{path}");
        assert!(!response.text().unwrap().contains("name=\"password\""), "{path}");
    }
    let response = get("/projects/x/compare-tasks;ids=a,b/details");
    let status = response.status().as_u16();
    assert!(status == 200 || (300..400).contains(&status), "{status}");
}

/// Files cases 31 to 33: one port for everything, and no page where a file or a call is meant.
#[test]
fn files_case_32_33_nothing_below_api_or_files_is_a_page() {
    let yard = Yard::secure().one_port().start();
    let http = yard.nobody();
    let token = yard.admin().token();
    let get =
        |path: &str| http.http().get(format!("{}{path}", yard.web())).bearer_auth(&token).send().unwrap();
    let missing = get("/files/none");
    assert_eq!(missing.status(), 404);
    assert!(!missing.text().unwrap().contains("<html"));
    let unknown: Value = get("/api/no.such").json().unwrap();
    assert_eq!((&unknown["meta"]["result_code"], &unknown["data"]), (&json!(404), &json!({})));
    for method in [Method::GET, Method::POST] {
        let info = yard.admin().path("/v999.0/server.info").method(method).answer();
        assert!(info.ok()["version"].is_string());
    }
    let part = reqwest::blocking::multipart::Part::bytes(b"bytes".to_vec()).file_name("x");
    let form = reqwest::blocking::multipart::Form::new().part("p/a.txt", part);
    let stored =
        http.http().post(format!("{}/files", yard.web())).bearer_auth(&token).multipart(form).send().unwrap();
    assert_eq!(stored.status(), 200);
    assert_eq!(get("/files/p/a.txt").text().unwrap(), "bytes");
}
