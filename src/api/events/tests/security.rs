//! Attacks on the rules S6, S17, S18 and S24 (spec/security_rules.md). Each first shows that the owner may.

use super::*;

#[test]
fn s18_scrolls_and_states_are_of_no_use_to_others() {
    let house = House::open();
    house.0.person("acme", "bob", "Bob");
    house.add(&(0..3).map(|iter| scalar("m", "v", iter, 1.0)).collect::<Vec<_>>());
    house.add(&[image("m", "v", 0, "http://u"), plot("m", "v", 0)]);
    let bob = house.0.visitor("acme", "bob");
    let cases = [
        ("get_task_events", json!({"task": "t", "batch_size": 1})),
        ("scalar_metrics_iter_raw", json!({"task": "t", "metric": {"metric": "m"}, "batch_size": 1})),
        ("get_scalar_metric_data", json!({"task": "t", "metric": "m"})),
        ("get_multi_task_plots", json!({"tasks": ["t"]})),
    ];
    for (name, mut request) in cases {
        let page = house.ok(name, request.clone());
        assert!(page["returned"].as_i64().unwrap() > 0, "{name}");
        request["scroll_id"] = page["scroll_id"].clone();
        assert_eq!(bob.err(&format!("events.{name}"), request.clone()), (400, 1104), "{name}");
        house.ok(name, request);
    }
    let sample = house.ok("get_debug_image_sample", json!({"task": "t", "metric": "m", "variant": "v"}));
    let next = json!({"task": "t", "scroll_id": sample["scroll_id"]});
    assert_eq!(bob.err("events.next_debug_image_sample", next.clone()), (400, 1104));
    bob.ok("events.clear_scroll", json!({"scroll_id": sample["scroll_id"]}));
    house.ok("next_debug_image_sample", next);
    let mut pages = json!({"metrics": [{"task": "t"}]});
    pages["scroll_id"] = house.ok("debug_images", pages.clone())["scroll_id"].clone();
    assert_ne!(bob.ok("events.debug_images", pages.clone())["scroll_id"], pages["scroll_id"]);
}

#[test]
fn s18_a_changed_cursor_is_refused() {
    let house = House::open();
    house.add(&(0..3).map(|iter| scalar("m", "v", iter, 1.0)).collect::<Vec<_>>());
    let page = house.ok("get_task_events", json!({"task": "t", "batch_size": 1}));
    let cursor = page["scroll_id"].as_str().unwrap();
    house.ok("get_task_events", json!({"task": "t", "scroll_id": cursor}));
    for at in [0, cursor.len() / 2, cursor.len() - 2] {
        let mut changed = cursor.to_owned();
        let other = if changed.as_bytes()[at] == b'A' { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        assert_eq!(
            house.err("get_task_events", json!({"task": "t", "scroll_id": changed})),
            (400, 1104),
            "{at}"
        );
    }
    // A cursor of one kind of reading is none of another.
    let raw = json!({"task": "t", "metric": {"metric": "m"}, "scroll_id": cursor});
    assert_eq!(house.err("scalar_metrics_iter_raw", raw), (400, 1104));
}

#[test]
fn other_tenants_see_and_change_nothing() {
    let house = House::open();
    house.0.tenant("other");
    house.0.person("other", "eve", "Eve");
    house.add(&[
        scalar("m", "v", 0, 1.0),
        log(1, "secret"),
        image("m", "v", 0, "http://u"),
        plot("m", "v", 0),
    ]);
    let eve = house.0.visitor("other", "eve");
    let one = json!({"task": "t"});
    let with = |more: Value| {
        let mut request = one.clone();
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        request
    };
    let cases = [
        ("clear_task_log", one.clone()),
        ("debug_images", json!({"metrics": [{"task": "t"}]})),
        ("delete_for_task", one.clone()),
        ("get_debug_image_sample", with(json!({"metric": "m", "variant": "v"}))),
        ("get_multi_task_metrics", json!({"tasks": ["t"]})),
        ("get_multi_task_plots", json!({"tasks": ["t"]})),
        ("get_plot_sample", with(json!({"metric": "m"}))),
        ("get_scalar_metric_data", with(json!({"metric": "m"}))),
        ("get_scalar_metrics_and_variants", one.clone()),
        ("get_task_events", one.clone()),
        ("get_task_latest_scalar_values", one.clone()),
        ("get_task_log", one.clone()),
        ("get_task_metrics", json!({"tasks": ["t"], "event_type": "*"})),
        ("get_task_plots", one.clone()),
        ("get_task_single_value_metrics", json!({"tasks": ["t"]})),
        ("get_vector_metrics_and_variants", one.clone()),
        ("multi_task_scalar_metrics_iter_histogram", json!({"tasks": ["t"]})),
        ("plots", json!({"metrics": [{"task": "t"}]})),
        ("scalar_metrics_iter_histogram", one.clone()),
        ("scalar_metrics_iter_raw", with(json!({"metric": {"metric": "m"}}))),
        ("vector_metrics_iter_histogram", with(json!({"metric": "m", "variant": "v"}))),
    ];
    for (name, request) in &cases {
        let name = format!("events.{name}");
        assert_eq!(eve.err(&name, request.clone()), (400, 101), "{name}");
    }
    assert_eq!(eve.download("events.download_task_log", one.clone()).unwrap_err(), (400, 101));
    let event = scalar("m", "v", 0, 2.0).to_string();
    assert_eq!(eve.lines("events.add_batch", &event, None).unwrap_err(), (400, 131));
    assert_eq!(house.events("t", "*").len(), 4);
    for (name, request) in
        cases.into_iter().filter(|(name, _)| !name.starts_with("clear") && !name.starts_with("del"))
    {
        house.ok(name, request);
    }
}

#[test]
fn s17_public_tasks_show_other_tenants_no_addresses_of_files() {
    let house = House::open();
    house.0.tenant("other");
    house.0.person("other", "eve", "Eve");
    let mut inside = image("m", "a", 0, "http://files.test/x.png");
    inside["key"] = json!("x");
    house.add(&[inside, image("m", "b", 0, "https://elsewhere/y.png")]);
    house.0.sql("UPDATE task SET company = '', company_origin = 'acme' WHERE id = 't'", []);
    let urls = |visitor: &Visitor<'_>| {
        field(&visitor.ok("events.get_task_events", json!({"task": "t"}))["events"], "url")
    };
    assert_eq!(urls(&house.ann()), json!(["http://files.test/x.png", "https://elsewhere/y.png"]));
    assert_eq!(urls(&house.0.visitor("other", "eve")), json!([null, "https://elsewhere/y.png"]));
}

#[test]
fn s24_batches_and_lists_are_bounded() {
    let house = House::open();
    let many: Vec<Value> = (0..10_001)
        .map(|n| {
            let mut event = scalar("m", "v", 0, 1.0);
            event["task"] = json!(format!("t{n}"));
            event
        })
        .collect();
    assert_eq!(house.batch(&many).unwrap_err(), (400, 12));
    let deep = format!("{{\"type\":\"log\",\"task\":\"t\",\"x\":{}{}}}", "[".repeat(65), "]".repeat(65));
    assert_eq!(house.ann().lines("events.add_batch", &deep, None).unwrap_err(), (400, 131));
    let abyss = format!("{{\"type\":\"log\",\"task\":\"t\",\"x\":{}", "[".repeat(1_000_000));
    assert_eq!(house.ann().lines("events.add_batch", &abyss, None).unwrap_err(), (400, 0));
    let ids: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
    assert_eq!(house.err("get_multi_task_metrics", json!({"tasks": ids})), (400, 12));
}

#[test]
fn s6_tokens_of_tasks_may_report_and_read() {
    let house = House::open();
    let mut minted = house.ann();
    minted.caller.minted = true;
    let event = scalar("m", "v", 0, 1.0).to_string();
    assert_eq!(minted.lines("events.add_batch", &event, None).unwrap()["added"], 1);
    minted.ok("events.get_task_events", json!({"task": "t"}));
}
