//! Known weaknesses of the reference in logs, plots and images (spec/events.md) that must not be here.

use super::*;

/// 7.4: choosing iterations among those with valid images only, so that none of them blocks the way.
#[test]
fn overwritten_iterations_do_not_block_the_way_to_valid_ones() {
    let house = House::open();
    // V is valid at 0 to 2; W reported at 3 to 9 under one address, so that only 9 still shows what it showed.
    let mut events: Vec<Value> = (0..3).map(|iter| image("m", "V", iter, &format!("v{iter}"))).collect();
    events.extend((3..10).map(|iter| {
        let mut image = image("m", "W", iter, "w");
        image["key"] = json!("w");
        image
    }));
    house.add(&events);
    let mut scroll = Value::Null;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let request = json!({"metrics": [{"task": "t", "metric": "m"}], "iters": 2, "scroll_id": scroll});
        let page = house.ok("debug_images", request);
        scroll = page["scroll_id"].clone();
        seen.push(field(&page["metrics"][0]["iterations"], "iter"));
    }
    assert_eq!(json!(seen), json!([[9, 2], [1, 0], []]));
}

/// 7.2: plots and images have states of their own.
#[test]
fn a_state_of_plots_is_none_of_images() {
    let house = House::open();
    house.add(&[plot("m", "v", 1), plot("m", "v", 2), image("m", "v", 5, "a"), image("m", "v", 6, "b")]);
    let ask = |name: &str, scroll: &Value| {
        let request = json!({"metrics": [{"task": "t", "metric": "m"}], "scroll_id": scroll});
        let page = house.ok(name, request);
        (page["scroll_id"].clone(), page["metrics"][0]["iterations"][0]["iter"].clone())
    };
    let (plots, newest) = ask("plots", &Value::Null);
    assert_eq!(newest, 2);
    let (images, newest) = ask("debug_images", &plots);
    assert_eq!(newest, 6, "the newest page of a new state");
    assert_ne!(images, plots);
    assert_eq!(ask("plots", &plots), (plots.clone(), json!(1)), "the state of plots stands where it was");
}

/// 3.8.2 and 7.2: a line of the console, sent later, hides nothing from a refresh; models have refreshes too.
#[test]
fn a_refresh_finds_what_came_before_other_events() {
    let house = House::open();
    house.model("M", false);
    let of_model = |mut event: Value| {
        event["task"] = json!("M");
        event["model_event"] = json!(true);
        event
    };
    house.add(&[image("m", "v", 1, "a"), of_model(image("m", "v", 1, "a"))]);
    let first = |entity: &str, more: Value| {
        let mut request = json!({"metrics": [{"task": entity}], "model_events": entity == "M"});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        house.ok("debug_images", request)
    };
    let states = ["t", "M"].map(|entity| (entity, first(entity, json!({}))["scroll_id"].clone()));
    house.add(&[image("n", "v", 2, "b"), of_model(image("n", "v", 2, "b"))]);
    house.add(&[log(1, "later"), of_model(scalar("s", "v", 1, 1.0))]);
    for (entity, scroll) in states {
        let page = first(entity, json!({"scroll_id": scroll, "refresh": true}));
        let newest = &page["metrics"][0]["iterations"][0];
        assert_eq!((&newest["iter"], &newest["events"][0]["metric"]), (&json!(2), &json!("n")), "{entity}");
    }
}

/// 6.2 and 8.1: what has no iteration is unknown to viewers, and no failure.
#[test]
fn viewers_do_not_know_events_without_iteration() {
    let house = House::open();
    let without = |mut event: Value| {
        event.as_object_mut().unwrap().remove("iter");
        event
    };
    house.add(&[without(image("m", "v", 0, "a")), without(plot("p", "v", 0)), image("m", "w", 1, "b")]);
    let image = house.ok("get_debug_image_sample", json!({"task": "t", "metric": "m", "variant": "v"}));
    for name in ["event", "min_iteration", "max_iteration"] {
        assert_eq!(image[name], Value::Null, "{name}");
    }
    // 8.2: a state without a current event answers with none.
    let next = house.ok("next_debug_image_sample", json!({"task": "t", "scroll_id": image["scroll_id"]}));
    assert!(next["event"].is_null() || next["event"]["variant"] == "w", "{next}");
    let plot = house.ok("get_plot_sample", json!({"task": "t", "metric": "p"}));
    assert_eq!((&plot["events"], &plot["max_iteration"]), (&json!([]), &Value::Null));
    let next = house.ok("next_plot_sample", json!({"task": "t", "scroll_id": plot["scroll_id"]}));
    assert_eq!(next["events"], json!([]));
    let all = house.ok("get_task_plots", json!({"task": "t"}));
    assert_eq!(all["total"], 1, "but it is a plot");
}

/// 9.1: however a plot is stored, and wherever it is read, it comes back as it was sent; a new one takes its place.
#[test]
fn packed_plots_come_back_everywhere_and_are_replaced() {
    let house = House::open();
    let large = |letter: &str| format!("{{\"data\": [], \"text\": \"{}\"}}", letter.repeat(200_000));
    let mut event = plot("m", "v", 3);
    for figure in [large("a"), large("ü"), "{}".to_owned(), large("c")] {
        event["plot_str"] = json!(figure);
        house.add(&[event.clone()]);
        let length = figure.chars().count();
        let pages = house.ok("plots", json!({"metrics": [{"task": "t"}]}));
        let multi = house.ok("get_multi_task_plots", json!({"tasks": ["t"]}));
        for found in [
            &house.ok("get_task_plots", json!({"task": "t"}))["plots"][0],
            &pages["metrics"][0]["iterations"][0]["events"][0],
            &multi["plots"]["m"]["v"]["t"]["3"]["plots"][0],
            &house.ok("get_plot_sample", json!({"task": "t", "metric": "m"}))["events"][0],
            &house.events("t", "plot")[0],
        ] {
            assert!(found["plot_str"] == figure.as_str() && found["plot_len"] == length, "{length}");
            assert!(found.get("plot_data").is_none());
        }
        let sql = "SELECT coalesce(length(packed), 0) + coalesce(length(plot_str), 0) FROM plot";
        assert!(house.0.value::<i64>(sql, []).unwrap() < 1_000, "stored in little space");
    }
    assert_eq!(house.events("t", "plot").len(), 1);
    // Where the address of a file goes, it goes for good: it no longer counts as one of the task's.
    assert_eq!(house.0.value::<i64>("SELECT count(*) FROM plot WHERE source_urls IS NOT NULL", []), Some(0));
}

/// 4.1, 9.1, 9.2: sizes beyond the limit are cut, and a scroll that is gone is a wrong request.
#[test]
fn sizes_are_cut_and_lost_scrolls_are_named() {
    let house = House::open();
    house.add(&(0..10_050).map(|n| log(n, "x")).collect::<Vec<_>>());
    let page = house.ok("get_task_log", json!({"task": "t", "batch_size": 50_000}));
    assert_eq!((&page["returned"], &page["total"]), (&json!(10_000), &json!(10_050)));
    let old = house.ann().at(2, 8);
    assert_eq!(old.err("events.get_task_log", json!({"task": "t", "scroll_id": "gone"})), (400, 1104));
    assert_eq!(house.err("get_multi_task_plots", json!({"tasks": ["t"], "scroll_id": "gone"})), (400, 1104));
}
