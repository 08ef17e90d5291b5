use super::*;

const PREPARE: &str = "organization.prepare_download_for_get_all";
const FETCH: &str = "organization.download_for_get_all";

fn request(kind: &str, columns: Value, more: Value) -> Value {
    let fields: Vec<Value> =
        columns.as_array().unwrap().iter().map(|column| column["field"].clone()).collect();
    merged(json!({"entity_type": kind, "field_mappings": columns, "only_fields": fields}), &more)
}

#[track_caller]
fn prepare(visitor: &Visitor<'_>, request: Value) -> String {
    visitor.ok(PREPARE, request)["prepare_id"].as_str().unwrap().to_owned()
}

/// Name and content of the file.
#[track_caller]
fn fetch(visitor: &Visitor<'_>, request: Value) -> (String, String) {
    visitor.download(FETCH, json!({"prepare_id": prepare(visitor, request)})).unwrap()
}

#[test]
fn case_43_a_table_of_tasks() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({"name": "=cmd", "tags": ["x", "it's"], "started": 1_738_310_400_123_i64}));
    front.task("t2", json!({"name": "say \"hi\", all", "status": "completed"}));
    front.task("t3", json!({"name": "a secret one", "system_tags": ["hidden"]}));
    let twice = json!([{"field": "name", "name": "A"}, {"field": "status", "name": "A"}]);
    assert_eq!(ann.err(PREPARE, request("task", twice, json!({}))), (400, 12));
    let columns = json!([
        {"field": "name"},
        {"field": "status", "name": "Status", "values": [{"key": "created", "value": "Draft"}]},
        {"field": "tags"}, {"field": "started"}, {"field": "user"}, {"field": "user.name", "name": "Who"},
        {"field": "comment"},
    ]);
    for bad in [
        json!({"entity_type": "queue"}),
        json!({"entity_type": null}),
        json!({"only_fields": []}),
        json!({"field_mappings": []}),
        json!({"field_mappings": [{"name": "x"}]}),
        json!({"field_mappings": [{"field": "ready", "values": [{"key": 1, "value": "a"}, {"key": 1, "value": "b"}]}]}),
    ] {
        assert_eq!(ann.err(PREPARE, request("task", columns.clone(), bad.clone())), (400, 12), "{bad}");
    }
    // What is wrong with a query shows at once.
    assert_eq!(ann.err(PREPARE, request("task", columns.clone(), json!({"name": "("}))), (400, 21));
    assert_eq!(
        ann.err(PREPARE, request("task", columns.clone(), json!({"only_fields": ["nope"]}))),
        (400, 14)
    );
    let id = prepare(&ann, request("task", columns.clone(), json!({"order_by": ["id"]})));
    let (name, text) = ann.download(FETCH, json!({"prepare_id": id})).unwrap();
    assert_eq!(name, "clearml-tasks.csv");
    assert_eq!(
        text,
        "\u{feff}\"name\",\"Status\",\"tags\",\"started\",\"user\",\"Who\",\"comment\"\r\n\
         \"'=cmd\",\"Draft\",\"['x', \"\"it's\"\"]\",\"2025-01-31 08:00:00.123000\",\"ann\",\"Ann\",\"\"\r\n\
         \"say \"\"hi\"\", all\",\"completed\",\"[]\",\"\",\"ann\",\"Ann\",\"\"\r\n"
            .replace("['x', \"\"it's\"\"]", "[\"\"it's\"\", 'x']")
    );
    assert_eq!(ann.download(FETCH, json!({"prepare_id": id})).unwrap().1, text, "as often as wanted");
    let (_, hidden) =
        fetch(&ann, request("task", columns.clone(), json!({"search_hidden": true, "name": "secret"})));
    assert!(hidden.contains("a secret one"));
    let (_, by_id) = fetch(&ann, request("task", columns, json!({"id": ["t3"]})));
    assert!(by_id.contains("a secret one"));
    assert_eq!(ann.download(FETCH, json!({"prepare_id": "unknown"})).unwrap_err(), (400, 10));
    assert_eq!(ann.download(FETCH, json!({})).unwrap_err(), (400, 12));
}

#[test]
fn case_44_names_of_files() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let vision = project(&ann, "Team/Vision", &[]);
    let below = project(&ann, "Team/Vision/Deep", &[]);
    let long = project(&ann, &"ö".repeat(100), &[]);
    front.task("t1", json!({"project": vision}));
    front.task("t2", json!({}));
    front.task("t3", json!({"project": below}));
    let columns = json!([{"field": "id"}, {"field": "project.name", "name": "in, project"}]);
    let file = |filter: Value| fetch(&ann, request("task", columns.clone(), filter));
    let header = "\u{feff}\"id\",\"in, project\"\r\n";
    assert_eq!(
        file(json!({"project": [vision]})),
        ("clearml-Vision-tasks.csv".to_owned(), format!("{header}\"t1\",\"Team/Vision\"\r\n"))
    );
    assert_eq!(file(json!({"project": vision})).0, "clearml-Vision-tasks.csv");
    let (_, tree) = file(json!({"project": [vision], "include_subprojects": true, "order_by": ["id"]}));
    assert_eq!(tree, format!("{header}\"t1\",\"Team/Vision\"\r\n\"t3\",\"Team/Vision/Deep\"\r\n"));
    assert_eq!(
        file(json!({"project": [null]})),
        ("clearml-root-tasks.csv".to_owned(), format!("{header}\"t2\",\"\"\r\n"))
    );
    assert_eq!(file(json!({"project": [vision, below]})).0, "clearml-tasks.csv");
    assert_eq!(file(json!({"project": ["unknown"]})).0, "clearml-tasks.csv");
    let (name, empty) = file(json!({"project": [long]}));
    assert_eq!(name, format!("clearml-{}-tasks.csv", "ö".repeat(60)));
    assert_eq!(empty, "id,\"in, project\"\r\n", "no byte-order mark, quotes where needed");
}

#[test]
fn case_71_a_table_of_models() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let id = project(&ann, "Two words", &[]);
    let metadata = json!({"a.b": {"key": "a.b", "type": "float", "value": "-5"}});
    let ready = json!({
        "project": id, "ready": true, "labels": {"cat": 1}, "metadata": metadata, "framework": "PyTorch",
    });
    model(&ann, ready);
    let columns = |key: Value| {
        json!([
            {"field": "ready", "values": [{"key": key, "value": "Published"}]}, {"field": "labels"},
            {"field": "metadata.a%2Eb.value", "name": "ab"}, {"field": "framework"}, {"field": "project"},
        ])
    };
    let file = |kind: &str, key: Value, more: Value| fetch(&ann, request(kind, columns(key), more));
    let row = |ready: &str| format!("\"{ready}\",\"\",\"'-5\",\"PyTorch\",\"{id}\"\r\n");
    let header = "\u{feff}\"ready\",\"labels\",\"ab\",\"framework\",\"project\"\r\n";
    let (name, text) = file("model", json!(true), json!({}));
    assert_eq!((name.as_str(), text), ("clearml-models.csv", format!("{header}{}", row("Published"))));
    assert_eq!(file("model", json!("True"), json!({})).1, format!("{header}{}", row("True")));
    // Pages of the table mean nothing to the file.
    for page in
        [json!({"page": 7, "page_size": 1}), json!({"scroll_id": null, "size": 1}), json!({"start": 5})]
    {
        assert_eq!(file("model", json!("True"), page).1, format!("{header}{}", row("True")));
    }
    let tasks = request("task", json!([{"field": "id"}]), json!({"project": [id]}));
    assert_eq!(fetch(&ann, tasks).0, "clearml-Two words-tasks.csv");
}

#[test]
fn a_file_is_of_one_moment_and_of_bounded_length() {
    let mut settings = crate::config::Settings::default();
    settings.services.organization.download.max_download_items = 120;
    settings.services.organization.download.batch_size = 7;
    let front = FrontDoor::with(settings);
    let ann = front.ann();
    for n in 0..130 {
        front.task(&format!("t{n:03}"), json!({"name": "before"}));
    }
    let asked = request("task", json!([{"field": "id"}, {"field": "name"}]), json!({"order_by": ["id"]}));
    let id = prepare(&ann, asked);
    // The tasks change and go while the file is on its way.
    let mut file = ann.open_download(FETCH, json!({"prepare_id": id})).unwrap();
    let mut start = [0; 40];
    std::io::Read::read_exact(&mut file, &mut start).unwrap();
    front.sql("UPDATE task SET name = 'after'", []);
    front.sql("DELETE FROM task WHERE id > 't050'", []);
    let mut text = String::from_utf8(start.to_vec()).unwrap();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    let mut lines = text.lines().skip(1);
    for n in 0..120 {
        assert_eq!(lines.next(), Some(format!("\"t{n:03}\",\"before\"").as_str()));
    }
    assert_eq!(lines.next(), None);
    let (_, later) = ann.download(FETCH, json!({"prepare_id": id})).unwrap();
    assert_eq!(later.lines().count(), 52);
    assert!(!later.contains("before"));
}

#[test]
fn downloads_at_once_are_few_and_end_with_their_readers() {
    let front = FrontDoor::open();
    let ann = front.ann();
    front.task("t1", json!({}));
    let id = prepare(&ann, request("task", json!([{"field": "id"}]), json!({})));
    let open = || ann.open_download(FETCH, json!({"prepare_id": id}));
    let mut files: Vec<_> = (0..2).map(|_| open().unwrap()).collect();
    assert_eq!(open().err(), Some((503, 0)));
    files.pop();
    let mut last = open().unwrap();
    // Read to its end, a file holds nothing, even while somebody still has it.
    std::io::Read::read_to_string(&mut last, &mut String::new()).unwrap();
    assert!(open().is_ok());
}

#[test]
fn s24_prepared_downloads_are_bounded_and_expire() {
    let mut settings = crate::config::Settings::default();
    settings.services.organization.download.redis_timeout_sec = crate::config::Seconds::new(0);
    let front = FrontDoor::with(settings);
    let ann = front.ann();
    let columns = json!([{"field": "id"}]);
    let id = prepare(&ann, request("task", columns.clone(), json!({})));
    assert_eq!(ann.download(FETCH, json!({"prepare_id": id})).unwrap_err(), (400, 10), "it has expired");
    let names: Vec<String> = (0..9_000).map(|n| format!("{n:0>200}")).collect();
    assert_eq!(ann.err(PREPARE, request("task", columns, json!({"tags": names}))), (400, 12));
    let many: Vec<Value> = (0..1_001).map(|n| json!({"field": "id", "name": n.to_string()})).collect();
    assert_eq!(ann.err(PREPARE, request("task", json!(many), json!({"only_fields": ["id"]}))), (400, 12));
}
