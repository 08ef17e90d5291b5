//! Cases 28 to 39, 66 and 68: reading scalars.

use super::*;

fn chart(house: &House, request: Value) -> Value {
    let mut all = json!({"task": "t"});
    all.as_object_mut().unwrap().extend(request.as_object().cloned().unwrap());
    house.ok("scalar_metrics_iter_histogram", all)
}

fn range(from: i64, to: i64, step: i64) -> Value {
    json!((from..=to).step_by(step as usize).collect::<Vec<i64>>())
}

#[test]
fn case_28_values_are_averaged_over_buckets() {
    let house = House::open();
    house.add(&(0..100).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    let line = &chart(&house, json!({"samples": 10}))["m"]["v"];
    assert_eq!(line["x"], range(0, 90, 10));
    assert_eq!(line["y"], json!((0..10).map(|n| f64::from(n) * 10.0 + 4.5).collect::<Vec<_>>()));
    assert_eq!(line["name"], "v");
    for request in [json!({"samples": 100}), json!({}), json!({"samples": null})] {
        assert_eq!(chart(&house, request)["m"]["v"]["x"], range(0, 99, 1));
    }
}

#[test]
fn case_29_buckets_align_to_multiples() {
    let house = House::open();
    house.add(&(5..105).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    let line = &chart(&house, json!({"samples": 10}))["m"]["v"];
    assert_eq!(line["x"], range(0, 100, 10));
    assert_eq!((&line["y"][0], &line["y"][10]), (&json!(7.0), &json!(102.0)));
}

#[test]
fn case_30_sparse_iterations() {
    let house = House::open();
    house.add(&(0..10).map(|n| scalar("m", "v", n * 1000, n as f64)).collect::<Vec<_>>());
    let line = &chart(&house, json!({"samples": 5}))["m"]["v"];
    assert_eq!(line["x"], json!([0, 1801, 3602, 5403, 7204]));
    assert_eq!(line["y"], json!([0.5, 2.5, 4.5, 6.5, 8.5]));
}

#[test]
fn case_31_negative_iterations() {
    let house = House::open();
    house.add(&(-5..5).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    let line = &chart(&house, json!({"samples": 4}))["m"]["v"];
    assert_eq!(line["x"], json!([-6, -3, 0, 3]));
    assert_eq!(line["y"], json!([-4.5, -2.0, 1.0, 3.5]));
}

#[test]
fn case_32_samples_have_limits() {
    let house = House::open();
    for samples in [0, 6001, -1] {
        let request = json!({"task": "t", "samples": samples});
        assert_eq!(house.err("scalar_metrics_iter_histogram", request), (400, 12), "{samples}");
    }
    assert_eq!(chart(&house, json!({"samples": 6000})), json!({}));
}

#[test]
fn case_33_times_along_the_axis() {
    let house = House::open();
    let mut event = scalar("m", "v", 0, 1.0);
    event["timestamp"] = json!(1_700_000_000_123_i64);
    house.add(&[event]);
    let line = |key: &str| chart(&house, json!({"key": key}))["m"]["v"]["x"].clone();
    assert_eq!(line("iso_time"), json!(["2023-11-14T22:13:20.123Z"]));
    assert_eq!(line("timestamp"), json!([1_700_000_000_123_i64]));
    assert_eq!(house.err("scalar_metrics_iter_histogram", json!({"task": "t", "key": "x"})), (400, 12));
}

#[test]
fn case_34_single_values_are_a_matter_of_their_own() {
    let house = House::open();
    let mut events: Vec<Value> = (0..9).map(|iter| scalar("m", "v", iter, iter as f64)).collect();
    events.push(scalar("m", "v", -2_147_483_648, 42.0));
    house.add(&events);
    assert_eq!(chart(&house, json!({}))["m"]["v"]["x"], range(0, 8, 1));
    let answer = house.ok("get_task_single_value_metrics", json!({"tasks": ["t"]}));
    assert_eq!(
        answer,
        json!({"tasks": [{"task": "t", "task_name": "task t", "values": [
            {"metric": "m", "variant": "v", "value": 42.0, "timestamp": 1_699_999_000_000_i64}]}]})
    );
    let raw = house.ok("scalar_metrics_iter_raw", json!({"task": "t", "metric": {"metric": "m"}}));
    assert_eq!(
        (&raw["returned"], &raw["variants"]["v"]["iter"][0]),
        (&json!(10), &json!(-2_147_483_648_i64))
    );
    let none = json!({"tasks": ["t"], "metrics": [{"metric": "other"}]});
    assert_eq!(house.ok("get_task_single_value_metrics", none), json!({"tasks": []}));
    assert_eq!(house.err("get_task_single_value_metrics", json!({"tasks": []})), (400, 12));
}

#[test]
fn case_35_charts_of_several_tasks() {
    let house = House::open();
    house.task("u", json!({}));
    let mut other = scalar("m", "v", 0, 2.0);
    other["task"] = json!("u");
    house.add(&[scalar("m", "v", 0, 1.0), other]);
    let name = "multi_task_scalar_metrics_iter_histogram";
    let answer = house.ok(name, json!({"tasks": ["t", "u"]}));
    let lines = &answer["metrics"]["m"]["v"];
    assert_eq!((&lines["t"]["name"], &lines["u"]["name"]), (&json!("task t"), &json!("task u")));
    assert_eq!((&lines["t"]["y"], &lines["u"]["y"]), (&json!([1.0]), &json!([2.0])));
    let many: Vec<String> = (0..101).map(|n| format!("t{n}")).collect();
    for (tasks, expected) in [
        (json!(many), (400, 12)),
        (json!([]), (400, 12)),
        (json!("t"), (400, 12)),
        (json!(["t", "x"]), (400, 101)),
    ] {
        assert_eq!(house.err(name, json!({"tasks": tasks})), expected);
    }
}

/// All pages of raw scalars of metric `m`.
fn raw_pages(house: &House, key: &str, batch_size: i64) -> Vec<Value> {
    let mut request = json!({"task": "t", "metric": {"metric": "m"}, "key": key, "batch_size": batch_size,
        "count_total": true});
    let mut pages = Vec::new();
    loop {
        let page = house.ok("scalar_metrics_iter_raw", request.clone());
        request["scroll_id"] = page["scroll_id"].clone();
        request.as_object_mut().unwrap().remove("batch_size");
        let ended = page["returned"] == 0;
        pages.push(page);
        if ended {
            return pages;
        }
        assert!(pages.len() < 1_000, "the pages never end");
    }
}

#[test]
fn case_36_raw_scalars_in_pages() {
    let house = House::open();
    house.add(&(0..100).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    for key in ["iter", "timestamp"] {
        let pages = raw_pages(&house, key, 15);
        let returned: Vec<i64> = pages.iter().map(|page| page["returned"].as_i64().unwrap()).collect();
        assert_eq!(returned, [15, 15, 15, 15, 15, 15, 10, 0], "{key}");
        assert!(pages.iter().all(|page| page["total"] == 100));
        let values: Vec<f64> = pages
            .iter()
            .flat_map(|page| page["variants"]["v"]["y"].as_array().cloned().unwrap_or_default())
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert_eq!(values, (0..100).map(f64::from).collect::<Vec<_>>(), "{key}");
        assert_eq!(pages[7]["variants"], json!({}));
        assert_eq!(pages[0]["variants"]["v"][key].as_array().unwrap().len(), 15);
    }
}

#[test]
fn case_37_a_page_that_ends_at_zero_does_not_start_again() {
    let house = House::open();
    house.add(&[scalar("m", "v", 0, 1.0)]);
    let pages = raw_pages(&house, "iter", 10);
    assert_eq!(pages.len(), 2);
    let again = json!({"task": "t", "metric": {"metric": "m"}, "scroll_id": pages[1]["scroll_id"]});
    let page = house.ok("scalar_metrics_iter_raw", again);
    assert_eq!((&page["returned"], &page["total"]), (&json!(0), &json!(1)));
    assert_eq!(page["scroll_id"], pages[1]["scroll_id"]);
}

#[test]
fn case_38_bad_sizes_and_cursors() {
    let house = House::open();
    let ask = |more: Value| {
        let mut request = json!({"task": "t", "metric": {"metric": "m"}});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        house.err("scalar_metrics_iter_raw", request)
    };
    assert_eq!(ask(json!({"batch_size": -1})), (400, 12));
    assert_eq!(ask(json!({"scroll_id": "garbage"})), (400, 1104));
    assert_eq!(ask(json!({"scroll_id": "FFFF"})), (400, 1104));
    assert_eq!(ask(json!({"metric": null})), (400, 12));
    assert_eq!(ask(json!({"metric": {}})), (400, 12));
}

#[test]
fn case_39_scalar_documents_by_scroll() {
    let house = House::open();
    house.add(&(0..600).map(|iter| scalar("m", "v", iter, iter as f64)).collect::<Vec<_>>());
    let mut scroll = Value::Null;
    let mut seen = Vec::new();
    for (returned, ended) in [(500, false), (100, false), (0, true)] {
        let page =
            house.ok("get_scalar_metric_data", json!({"task": "t", "metric": "m", "scroll_id": scroll}));
        assert_eq!((&page["returned"], &page["total"]), (&json!(returned), &json!(600)));
        scroll = page["scroll_id"].clone();
        assert_eq!(scroll == "FFFF", ended);
        seen.extend(field(&page["events"], "iter").as_array().cloned().unwrap());
        // What is reported meanwhile does not belong to it.
        house.add(&[scalar("m", "w", 300, 1.0)]);
    }
    assert_eq!(json!(seen), json!((0..600).rev().collect::<Vec<i64>>()));
    let page = house.ok("get_scalar_metric_data", json!({"task": "t", "metric": "m", "no_scroll": true}));
    assert_eq!((&page["returned"], &page["scroll_id"]), (&json!(500), &Value::Null));
}

#[test]
fn case_66_each_series_has_buckets_of_its_own_width() {
    let house = House::open();
    let mut events: Vec<Value> = (0..100).map(|iter| scalar("m", "A", iter, 1.0)).collect();
    events.extend((0..110).map(|iter| scalar("m", "B", iter, 1.0)));
    house.add(&events);
    let both = chart(&house, json!({"samples": 10}));
    assert_eq!(both["m"]["A"]["x"], range(0, 90, 10));
    assert_eq!(both["m"]["B"]["x"], range(0, 99, 11));
    let one = chart(&house, json!({"samples": 10, "metrics": [{"metric": "m", "variants": ["A"]}]}));
    assert_eq!(one["m"].as_object().unwrap().keys().collect::<Vec<_>>(), ["A"]);
    let house = House::open();
    let mut pair = [scalar("m", "v", 1, 1.0), scalar("m", "v", 2, 3.0)];
    pair[0]["timestamp"] = json!(77);
    pair[1]["timestamp"] = json!(77);
    let mut empty = scalar("n", "v", 0, 0.0);
    empty["value"] = json!(null);
    house.add(&pair);
    house.add(&[empty]);
    let line = &chart(&house, json!({"key": "timestamp"}))["m"]["v"];
    assert_eq!((&line["x"], &line["y"]), (&json!([77]), &json!([2.0])));
    let line = &chart(&house, json!({}))["n"]["v"];
    assert_eq!((&line["x"], &line["y"]), (&json!([0]), &json!([null])));
}

#[test]
fn case_68_pages_of_raw_scalars_may_be_large() {
    let house = House::open();
    house.add(&(0..12_000).map(|iter| scalar("m", "v", iter, 1.0)).collect::<Vec<_>>());
    let ask = |size: Value| {
        let request =
            json!({"task": "t", "metric": {"metric": "m"}, "count_total": true, "batch_size": size});
        house.ok("scalar_metrics_iter_raw", request)
    };
    let page = ask(json!(200_000));
    assert_eq!((&page["returned"], &page["total"]), (&json!(12_000), &json!(12_000)));
    assert_eq!(ask(Value::Null)["returned"], 10_000);
    assert_eq!(ask(json!(0))["returned"], 10_000);
}

#[test]
fn doubles_come_back_exactly() {
    let house = House::open();
    let values = [0.1, 1e-300, -1.797_693_134_862_315_7e308, 123_456_789.123_456_78, 5e-324];
    let events: Vec<Value> =
        values.iter().zip(0..).map(|(value, iter)| scalar("m", "v", iter, *value)).collect();
    house.add(&events);
    assert_eq!(chart(&house, json!({}))["m"]["v"]["y"], json!(values));
    assert_eq!(field(&json!(house.events("t", "*")), "value"), json!(values));
}

#[test]
fn lists_of_metrics() {
    let house = House::open();
    house.task("u", json!({}));
    house.add(&[
        scalar("b", "2", 0, 1.0),
        scalar("b", "1", 0, 1.0),
        scalar("B", "x", 0, 1.0),
        scalar("Summary", "s", -2_147_483_648, 1.0),
        log(1, "x"),
        plot("p", "v", 0),
    ]);
    assert_eq!(
        house.ok("get_scalar_metrics_and_variants", json!({"task": "t"})),
        json!({"metrics": {"B": ["x"], "Summary": ["s"], "b": ["1", "2"]}})
    );
    let of = |kind: &str| house.ok("get_task_metrics", json!({"tasks": ["u", "t", "t"], "event_type": kind}));
    assert_eq!(
        of("training_stats_scalar")["metrics"],
        json!([{"task": "u", "metrics": []}, {"task": "t", "metrics": ["B", "b"]}, {"task": "t", "metrics": ["B", "b"]}])
    );
    assert_eq!(of("*")["metrics"][1]["metrics"], json!(["B", "b", "p"]));
    assert_eq!(
        house.ok("get_multi_task_metrics", json!({"tasks": ["t", "u"]}))["metrics"],
        json!([{"metric": "", "variants": [""]}, {"metric": "B", "variants": ["x"]},
            {"metric": "Summary", "variants": ["s"]}, {"metric": "b", "variants": ["1", "2"]},
            {"metric": "p", "variants": ["v"]}])
    );
    for request in [
        json!({"tasks": ["t"]}),
        json!({"tasks": [], "event_type": "*"}),
        json!({"tasks": ["t"], "event_type": "x"}),
    ] {
        assert_eq!(house.err("get_task_metrics", request), (400, 12));
    }
}

#[test]
fn the_latest_values() {
    let house = House::open();
    let empty = house.ok("get_task_latest_scalar_values", json!({"task": "t"}));
    assert_eq!(
        empty,
        json!({"metrics": [], "last_iter": 0, "name": "task t", "status": "in_progress", "last_timestamp": 0})
    );
    house.add(&[scalar("m", "v", 3, -1.0), scalar("m", "v", 7, 0.0), plot("p", "v", 12)]);
    let latest = house.ok("get_task_latest_scalar_values", json!({"task": "t"}));
    assert_eq!(
        latest["metrics"],
        json!([{"name": "m", "variants": [{"name": "v", "last_value": 0.0, "last_10_value": 0.0}]}])
    );
    assert_eq!(latest["last_iter"], 12);
    assert!(latest["last_timestamp"].as_i64().unwrap() > 1_700_000_000_000);
}

#[test]
fn a_variant_with_a_key_is_one_line_of_the_chart() {
    let house = House::open();
    let mut keyed = scalar("m", "v", 1, 3.0);
    keyed["key"] = json!("k");
    house.add(&[scalar("m", "v", 0, 1.0), keyed, scalar("m", "v", 2, 5.0)]);
    let line = &chart(&house, json!({}))["m"]["v"];
    assert_eq!((&line["x"], &line["y"]), (&json!([0, 1, 2]), &json!([1.0, 3.0, 5.0])));
}
