//! Cases 47 to 51, 73 and 74: plots.

use super::*;

#[test]
fn case_47_the_newest_plot_of_each_name() {
    let house = House::open();
    house.add(&[plot("A", "v", 1), plot("B", "v", 2), plot("B", "v", 3)]);
    let answer = house.ok("get_task_plots", json!({"task": "t"}));
    assert_eq!(field(&answer["plots"], "metric"), json!(["A", "B"]));
    assert_eq!(field(&answer["plots"], "iter"), json!([1, 3]));
    assert_eq!(
        (&answer["returned"], &answer["total"], &answer["scroll_id"]),
        (&json!(2), &json!(2), &Value::Null)
    );
    let answer = house.ok("get_task_plots", json!({"task": "t", "iters": 5}));
    assert_eq!(field(&answer["plots"], "iter"), json!([1, 3, 2]));
    let answer = house.ok("get_task_plots", json!({"task": "t", "iters": 0, "metrics": [{"metric": "B"}]}));
    assert_eq!(field(&answer["plots"], "iter"), json!([3]));
}

#[test]
fn case_48_plots_of_several_tasks() {
    let house = House::open();
    house.task("u", json!({}));
    let mut other = plot("m", "v", 7);
    other["task"] = json!("u");
    house.add(&[plot("m", "v", 3), plot("m", "v", 2), plot("m", "w", 2), other]);
    let answer = house.ok("get_multi_task_plots", json!({"tasks": ["t", "u"]}));
    assert_eq!(answer["plots"]["m"]["v"]["t"]["3"]["name"], "task t");
    assert_eq!(field(&answer["plots"]["m"]["v"]["u"]["7"]["plots"], "iter"), json!([7]));
    assert!(answer["plots"]["m"].get("w").is_none(), "it did not report at the metric's newest iteration");
    assert_eq!((&answer["returned"], &answer["total"]), (&json!(1), &json!(2)));
    let next = json!({"tasks": ["t", "u"], "scroll_id": answer["scroll_id"]});
    let answer = house.ok("get_multi_task_plots", next);
    assert_eq!(answer, json!({"plots": {}, "returned": 0, "total": 2, "scroll_id": "FFFF"}));
    let answer = house.ok("get_multi_task_plots", json!({"tasks": ["t"], "no_scroll": true, "iters": 2}));
    assert_eq!(answer["scroll_id"], Value::Null);
    assert_eq!(answer["total"], 3);
    let per_task = json!({"tasks": ["t"], "last_iters_per_task_metric": false});
    assert_eq!(house.ok("get_multi_task_plots", per_task)["total"], 1);
}

#[test]
fn case_49_the_plots_of_one_iteration() {
    let house = House::open();
    let mut events = Vec::new();
    for iter in 0..5 {
        events.extend([plot("m", "y", iter), plot("m", "x", iter)]);
    }
    house.add(&events);
    let answer = house.ok("get_plot_sample", json!({"task": "t", "metric": "m"}));
    assert_eq!(field(&answer["events"], "variant"), json!(["x", "y"]));
    assert_eq!(field(&answer["events"], "iter"), json!([4, 4]));
    assert_eq!((&answer["min_iteration"], &answer["max_iteration"]), (&json!(0), &json!(4)));
    let scroll = &answer["scroll_id"];
    let request = json!({"task": "t", "metric": "m", "iteration": 3, "scroll_id": scroll});
    let again = house.ok("get_plot_sample", request);
    assert_eq!(field(&again["events"], "iter"), json!([3, 3]));
    assert_eq!(&again["scroll_id"], scroll);
    let unknown = house.ok("get_plot_sample", json!({"task": "t", "metric": "none"}));
    assert_eq!(
        (&unknown["events"], &unknown["min_iteration"], &unknown["max_iteration"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
}

#[test]
fn case_50_from_one_iteration_to_the_next() {
    let house = House::open();
    house.add(&[plot("m", "v", 0), plot("m", "v", 4)]);
    let scroll = house.ok("get_plot_sample", json!({"task": "t", "metric": "m"}))["scroll_id"].clone();
    let next = |earlier: bool| {
        let request = json!({"task": "t", "scroll_id": scroll, "navigate_earlier": earlier});
        field(&house.ok("next_plot_sample", request)["events"], "iter")
    };
    assert_eq!(next(false), json!([]));
    assert_eq!(next(true), json!([0]));
    assert_eq!(next(true), json!([]));
    assert_eq!(next(false), json!([4]));
}

#[test]
fn case_51_an_unknown_state() {
    let house = House::open();
    assert_eq!(house.err("next_plot_sample", json!({"task": "t", "scroll_id": "x"})), (400, 1104));
    assert_eq!(house.err("next_debug_image_sample", json!({"task": "t", "scroll_id": "x"})), (400, 1104));
    assert_eq!(house.err("next_plot_sample", json!({"task": "t"})), (400, 12));
}

#[test]
fn case_73_viewing_plots_across_metrics() {
    let house = House::open();
    let mut events = Vec::new();
    for metric in ["A", "B"] {
        for variant in ["x", "y"] {
            events.extend([plot(metric, variant, 0), plot(metric, variant, 1)]);
        }
    }
    house.add(&events);
    let open = json!({"task": "t", "metric": "A", "navigate_current_metric": false});
    let opened = house.ok("get_plot_sample", open);
    let shown = |answer: &Value| {
        let events = answer["events"].as_array().unwrap();
        let of = |event: &Value| format!("{}@{}", event["metric"].as_str().unwrap(), event["iter"]);
        if let Some(first) = events.first() {
            assert_eq!(field(&answer["events"], "variant"), json!(["x", "y"]));
            of(first)
        } else {
            String::new()
        }
    };
    assert_eq!(shown(&opened), "A@1");
    let next = |earlier: bool, next_iteration: bool| {
        let request = json!({"task": "t", "scroll_id": opened["scroll_id"], "navigate_earlier": earlier,
            "next_iteration": next_iteration});
        shown(&house.ok("next_plot_sample", request))
    };
    assert_eq!([next(false, false), next(false, false)], ["B@1", ""]);
    let back: Vec<String> = (0..4).map(|_| next(true, false)).collect();
    assert_eq!(back, ["A@1", "B@0", "A@0", ""]);
    assert_eq!(next(false, true), "A@1");
    let old = json!({"task": "t", "metric": "A", "navigate_current_metric": false, "iteration": -1,
        "scroll_id": opened["scroll_id"]});
    let answer = house.ok("get_plot_sample", old);
    assert_eq!(
        (&answer["events"], &answer["min_iteration"], &answer["max_iteration"]),
        (&json!([]), &json!(0), &json!(1))
    );
}

#[test]
fn case_74_many_plots_come_in_pages() {
    let house = House::open();
    house.add(&(0..1_100).map(|n| plot("m", &format!("v{n}"), 0)).collect::<Vec<_>>());
    let mut scroll = Value::Null;
    for (plots, returned) in [(1_000, 1), (100, 1), (0, 0)] {
        let page = house.ok("get_multi_task_plots", json!({"tasks": ["t"], "scroll_id": scroll}));
        assert_eq!(page["total"], 1_100);
        assert_eq!(page["returned"], returned);
        let count = page["plots"]["m"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(count, plots);
        scroll = page["scroll_id"].clone();
    }
    assert_eq!(scroll, "FFFF");
    let page = house.ok("get_multi_task_plots", json!({"tasks": ["t"], "scroll_id": "FFFF"}));
    assert_eq!(page, json!({"plots": {}, "returned": 0, "total": 0, "scroll_id": null}));
}

#[test]
fn plots_as_older_clients_read_them() {
    let house = House::open();
    house.add(&[plot("A", "v", 1), plot("B", "v", 2), plot("B", "v", 3)]);
    let old = house.ann().at(1, 7);
    let page = old.ok("events.get_task_plots", json!({"task": "t", "iters": 2}));
    assert_eq!(field(&page["plots"], "iter"), json!([3, 2, 1]));
    let next = json!({"task": "t", "scroll_id": page["scroll_id"]});
    assert_eq!(old.ok("events.get_task_plots", next)["scroll_id"], "FFFF");
    let page = old.ok("events.get_multi_task_plots", json!({"tasks": ["t"]}));
    assert_eq!(page["total"], 2);
    assert_eq!(page["plots"]["B"]["v"]["t"]["3"]["plots"].as_array().unwrap().len(), 1);
}

#[test]
fn the_pager_of_plots() {
    let house = House::open();
    let empty = house.ok("plots", json!({"metrics": [{"task": "t"}]}));
    assert_eq!(empty["metrics"], json!([{"task": "t", "iterations": []}]));
    house.add(&[plot("m", "v", 0), plot("m", "v", 1), plot("n", "v", 1)]);
    let page = house.ok("plots", json!({"metrics": [{"task": "t"}], "iters": 2}));
    let iterations = &page["metrics"][0]["iterations"];
    assert_eq!(field(iterations, "iter"), json!([1, 0]));
    assert_eq!(field(&iterations[0]["events"], "metric"), json!(["m", "n"]));
    // A state of plots is none of images.
    let images = json!({"metrics": [{"task": "t"}], "scroll_id": page["scroll_id"]});
    assert_ne!(house.ok("debug_images", images)["scroll_id"], page["scroll_id"]);
}

#[test]
fn plots_without_iteration_are_in_the_list_only() {
    let house = House::open();
    let mut event = plot("m", "v", 0);
    event.as_object_mut().unwrap().remove("iter");
    house.add(&[event]);
    let answer = house.ok("get_task_plots", json!({"task": "t"}));
    assert_eq!(answer["total"], 1);
    assert!(answer["plots"][0].get("iter").is_none());
    assert_eq!(house.ok("get_multi_task_plots", json!({"tasks": ["t"]}))["total"], 0);
    assert_eq!(house.ok("get_plot_sample", json!({"task": "t", "metric": "m"}))["events"], json!([]));
}
