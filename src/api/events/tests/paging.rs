//! Cases 58, 59 and 67: events of all kinds, page by page.

use super::*;

fn all_pages(house: &House, first: Value) -> Vec<Value> {
    let size = first["batch_size"].clone();
    let mut request = first;
    let mut pages = Vec::new();
    loop {
        let page = house.ok("get_task_events", request);
        let ended = page["returned"] == 0;
        request = json!({"task": "t", "batch_size": size, "scroll_id": page["scroll_id"]});
        pages.push(page);
        if ended {
            return pages;
        }
        assert!(pages.len() < 1_000, "the pages never end");
    }
}

#[test]
fn case_58_events_without_iteration_are_reached() {
    let house = House::open();
    house.add(&[log(4, "d"), log(1, "a"), log(3, "c"), log(2, "b")]);
    house.add(&[0, 1, 2].map(|iter| scalar("m", "v", iter, 1.0)));
    for size in [1, 2, 3, 100] {
        for order in ["asc", "desc"] {
            let pages = all_pages(&house, json!({"task": "t", "batch_size": size, "order": order}));
            assert!(pages.iter().all(|page| page["total"] == 7));
            let events: Vec<Value> =
                pages.iter().flat_map(|page| page["events"].as_array().cloned().unwrap()).collect();
            let shown: Vec<String> = events
                .iter()
                .map(|event| event["msg"].as_str().map_or_else(|| event["iter"].to_string(), str::to_owned))
                .collect();
            let expected = if order == "asc" {
                ["0", "1", "2", "a", "b", "c", "d"]
            } else {
                ["2", "1", "0", "a", "b", "c", "d"]
            };
            assert_eq!(shown, expected, "{size} {order}");
        }
    }
}

#[test]
fn case_59_giving_up_a_scroll_never_fails() {
    let house = House::open();
    for request in
        [json!({"scroll_id": "garbage"}), json!({"scroll_id": "FFFF"}), json!({}), json!({"scroll_id": 5})]
    {
        assert_eq!(house.ok("clear_scroll", request), json!({}));
    }
    house.add(&(0..3).map(|n| plot("m", &format!("v{n}"), 0)).collect::<Vec<_>>());
    let page = house.ok("get_multi_task_plots", json!({"tasks": ["t"]}));
    house.ok("clear_scroll", json!({"scroll_id": page["scroll_id"]}));
    let next = json!({"tasks": ["t"], "scroll_id": page["scroll_id"]});
    assert_eq!(house.err("get_multi_task_plots", next), (400, 1104));
}

#[test]
fn case_67_pages_end_with_an_iteration() {
    let house = House::open();
    for iter in 0..4 {
        house.add(&[scalar("m", "a", iter, 1.0), scalar("m", "b", iter, 1.0)]);
    }
    let first = json!({"task": "t", "event_type": "training_stats_scalar", "batch_size": 3});
    let pages = all_pages(&house, first);
    let shown: Vec<Value> = pages.iter().map(|page| field(&page["events"], "iter")).collect();
    assert_eq!(json!(shown), json!([[0, 0, 1, 1], [2, 2, 3, 3], []]));
    assert!(pages.iter().all(|page| page["total"] == 8));
    let last = &pages[2]["scroll_id"];
    let again = house.ok("get_task_events", json!({"task": "t", "scroll_id": last}));
    assert_eq!((&again["events"], &again["scroll_id"]), (&json!([]), last));
    let raw = json!({"task": "t", "metric": {"metric": "m"}, "batch_size": 1});
    assert_eq!(house.ok("scalar_metrics_iter_raw", raw)["returned"], 2);
}

#[test]
fn every_kind_is_in_the_list_and_can_be_asked_for() {
    let house = House::open();
    let vector = json!({"type": "training_stats_vector", "task": "t", "iter": 1, "metric": "m", "variant": "v",
        "values": [1.5, 2]});
    let mut line = log(1, "numbered");
    line["iter"] = json!(1);
    house.add(&[scalar("m", "v", 1, 1.0), vector, image("m", "v", 1, "http://u"), plot("m", "v", 1), line]);
    house.add(&[log(2, "plain")]);
    let all = house.events("t", "*");
    let mut kinds: Vec<&str> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["log", "log", "plot", "training_debug_image", "training_stats_scalar", "training_stats_vector"]
    );
    for kind in ["plot", "training_debug_image", "training_stats_scalar", "training_stats_vector"] {
        assert_eq!(field(&json!(house.events("t", kind)), "type"), json!([kind]));
    }
    let filtered = json!({"task": "t", "metrics": [{"metric": "", "variants": [""]}]});
    assert_eq!(house.ok("get_task_events", filtered)["returned"], 2);
    let uncounted = house.ok("get_task_events", json!({"task": "t", "count_total": false}));
    assert_eq!(uncounted["total"], Value::Null);
    assert_eq!(house.err("get_task_events", json!({"task": "t", "event_type": "x"})), (400, 12));
    assert_eq!(house.err("get_task_events", json!({"task": "t", "batch_size": -1})), (400, 12));
    assert_eq!(house.ok("get_task_events", json!({"task": "t", "batch_size": 1_000_000}))["returned"], 6);
}

#[test]
fn many_images_of_one_iteration_are_read_block_by_block() {
    let house = House::open();
    let events: Vec<Value> = (0..1_300)
        .map(|n| {
            let mut event = image("m", "v", n / 700, &format!("http://u/{n}"));
            event["key"] = json!(format!("k{n:05}"));
            event
        })
        .collect();
    house.add(&events);
    for order in ["asc", "desc"] {
        let request = json!({"task": "t", "batch_size": 10_000, "order": order});
        let answer = house.ok("get_task_events", request);
        assert_eq!((&answer["returned"], &answer["total"]), (&json!(1_300), &json!(1_300)));
        let mut urls: Vec<String> = answer["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["url"].as_str().unwrap().to_owned())
            .collect();
        urls.sort();
        urls.dedup();
        assert_eq!(urls.len(), 1_300);
    }
}
