//! Downloads of lists over HTTP: what needs sockets of the acceptance cases of spec/projects.md 8 and
//! spec/client_web.md 11.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};

use crate::yard::{Client, Yard};

/// A browser that is signed in and has nothing but its cookie.
fn browser(yard: &Yard) -> Client {
    yard.nobody().with("cookie", &format!("clearml_token_basic={}", yard.admin().token()))
}

fn prepare(page: &Client, more: Value) -> String {
    let mut request = json!({
        "entity_type": "task", "only_fields": ["name", "status", "created"], "order_by": ["created"],
        "field_mappings": [
            {"field": "name", "name": "Name"},
            {"field": "status", "name": "Status", "values": [{"key": "created", "value": "Draft"}]},
        ],
    });
    request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let answer = page.call("organization.prepare_download_for_get_all", request);
    answer.ok()["prepare_id"].as_str().unwrap().to_owned()
}

#[test]
fn cases_43_71_and_web_61_a_link_downloads_the_table() {
    let yard = Yard::start();
    let admin = yard.admin();
    let project = admin.ok("projects.create", json!({"name": "Two words"}))["id"].clone();
    for name in ["=cmd", "plain", "für \"uns\""] {
        admin.ok("tasks.create", json!({"name": name, "type": "training", "project": project}));
    }
    let link = browser(&yard);
    let page = link.with("origin", &yard.web());
    let id = prepare(&page, json!({"project": [project]}));
    let path = format!("/v999.0/organization.download_for_get_all?prepare_id={id}");
    let response = link.path(&path).method(Method::GET).send().unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(header("content-disposition"), "attachment; filename=\"clearml-Two words-tasks.csv\"");
    assert_eq!(header("cache-control"), "no-store, max-age=0");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(
        String::from_utf8(response.bytes().unwrap().to_vec()).unwrap(),
        "\u{feff}\"Name\",\"Status\"\r\n\"'=cmd\",\"Draft\"\r\n\"plain\",\"Draft\"\r\n\"für \"\"uns\"\"\",\"Draft\"\r\n"
    );
    // S20: a link is a download only; preparing one takes a page of ours.
    let body = json!({"entity_type": "task", "only_fields": ["id"], "field_mappings": [{"field": "id"}]});
    let prepare = link.request("organization.prepare_download_for_get_all").method(Method::GET).json(&body);
    prepare.answer().is(403, 40);
    link.with("origin", "http://evil.example")
        .call("organization.prepare_download_for_get_all", body)
        .is(403, 40);
    // Not signed in, somebody else, an unknown id.
    yard.nobody().path(&path).method(Method::GET).answer().is(401, 20);
    yard.system().path(&path).method(Method::GET).answer().is(400, 10);
    link.path("/organization.download_for_get_all?prepare_id=x").method(Method::GET).answer().is(400, 10);
}

#[test]
fn case_44_names_beyond_ascii_have_two_forms() {
    let yard = Yard::start();
    let admin = yard.admin();
    let project = admin.ok("projects.create", json!({"name": "Bäume"}))["id"].clone();
    let id = prepare(&admin, json!({"project": [project]}));
    let path = format!("/organization.download_for_get_all?prepare_id={id}");
    let response = admin.path(&path).method(Method::GET).send().unwrap();
    let name = response.headers().get("content-disposition").unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        name,
        "attachment; filename=clearml-B_ume-tasks.csv; filename*=UTF-8''clearml%2DB%C3%A4ume%2Dtasks%2Ecsv"
    );
    assert_eq!(response.text().unwrap(), "Name,Status\r\n", "no rows, no byte-order mark");
}
