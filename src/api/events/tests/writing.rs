//! Cases 1 to 18 and 61 to 65: writing.

use super::*;

#[test]
fn case_01_two_scalars_are_stored_and_read_at_once() {
    let house = House::open();
    house.add(&[scalar("loss", "train", 0, 1.0), scalar("loss", "train", 1, 0.5)]);
    let events = house.events("t", "training_stats_scalar");
    assert_eq!(field(&json!(events), "value"), json!([1.0, 0.5]));
    assert_eq!(events[0]["type"], "training_stats_scalar");
    assert_eq!(events[0]["model_event"], false);
    assert!(events[0]["@timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn case_02_an_empty_body_is_no_batch() {
    let house = House::open();
    for media_type in ["application/json-lines", "application/json", ""] {
        let answer = house.ann().send("events.add_batch", media_type, String::new(), None);
        assert_eq!(answer.unwrap_err(), (400, 17), "{media_type}");
    }
}

#[test]
fn case_03_a_line_that_is_no_object_refuses_the_batch() {
    let house = House::open();
    for bad in ["[1]", "{\"a\":", "5", "\"x\"", "null", "{} {}"] {
        let lines = format!("{}\n{bad}\n", scalar("a", "b", 0, 1.0));
        assert_eq!(house.ann().lines("events.add_batch", &lines, None).unwrap_err(), (400, 0), "{bad}");
    }
    assert!(house.events("t", "*").is_empty());
}

#[test]
fn case_04_one_event_as_an_object() {
    let house = House::open();
    let answer = house.ok("add", scalar("a", "b", 0, 1.0));
    assert_eq!(answer, json!({"added": 1, "errors": 0, "errors_info": {}}));
    assert_eq!(house.events("t", "*").len(), 1);
}

#[test]
fn case_05_bad_events_are_counted_and_do_not_stop_the_others() {
    let house = House::open();
    let mut unknown_type = scalar("a", "b", 0, 1.0);
    unknown_type["type"] = json!("nonsense");
    let mut no_task = scalar("a", "b", 0, 1.0);
    no_task["task"] = json!(null);
    let mut unknown_task = scalar("a", "b", 0, 1.0);
    unknown_task["task"] = json!("nobody");
    let bad = [unknown_type, no_task, unknown_task];
    assert_eq!(house.batch(&bad).unwrap_err(), (400, 131));
    let mut events = bad.to_vec();
    events.push(image("m", "v", 0, "http://u"));
    let answer = house.batch(&events).unwrap();
    assert_eq!((&answer["added"], &answer["errors"]), (&json!(1), &json!(3)));
    assert_eq!(answer["errors_info"].as_object().unwrap().len(), 3);
    assert_eq!(house.events("t", "*").len(), 1);
}

#[test]
fn case_06_blanks_in_a_type_stand_for_underscores() {
    let house = House::open();
    let mut event = scalar("a", "b", 0, 1.0);
    event["type"] = json!("training stats scalar");
    house.add(&[event.clone()]);
    assert_eq!(house.events("t", "*")[0]["type"], "training_stats_scalar");
    event["type"] = json!("*");
    assert_eq!(house.batch(&[event]).unwrap_err(), (400, 131));
}

#[test]
fn case_07_published_tasks_take_events_only_by_insistence() {
    let house = House::open();
    for status in ["published", "publishing"] {
        house.task(status, json!({"status": status}));
        let mut event = scalar("a", "b", 0, 1.0);
        event["task"] = json!(status);
        assert_eq!(house.batch(&[event.clone()]).unwrap_err(), (400, 131));
        event["allow_locked"] = json!(true);
        house.add(&[event]);
        assert!(house.events(status, "*")[0].get("allow_locked").is_none());
    }
}

#[test]
fn case_08_contradicting_lines_refuse_the_batch() {
    let house = House::open();
    let plain = scalar("a", "b", 0, 1.0);
    for (name, value) in [("allow_locked", true), ("model_event", true)] {
        let mut other = plain.clone();
        other[name] = json!(value);
        assert_eq!(house.batch(&[plain.clone(), other]).unwrap_err(), (400, 12), "{name}");
    }
    assert!(house.events("t", "*").is_empty());
}

#[test]
fn case_09_models_have_no_console() {
    let house = House::open();
    house.model("m", false);
    let event = json!({"type": "log", "task": "m", "model_event": true, "msg": "x"});
    assert_eq!(house.batch(&[event]).unwrap_err(), (400, 131));
}

#[test]
fn case_10_events_of_models() {
    let house = House::open();
    house.model("draft", false);
    house.model("ready", true);
    let mut event = scalar("a", "b", 3, 1.0);
    event.as_object_mut().unwrap().remove("task");
    event["model"] = json!("draft");
    event["model_event"] = json!(true);
    house.add(&[event.clone()]);
    assert_eq!(house.err("get_task_events", json!({"task": "draft"})), (400, 101));
    let answer = house.ok("get_task_events", json!({"task": "draft", "model_events": true}));
    let stored = &answer["events"][0];
    assert_eq!((&stored["task"], &stored["model_event"]), (&json!("draft"), &json!(true)));
    assert!(stored.get("model").is_none());
    assert_eq!(house.0.value::<i64>("SELECT last_iteration FROM model WHERE id = 'draft'", []), Some(3));
    event["model"] = json!("ready");
    assert_eq!(house.batch(&[event.clone()]).unwrap_err(), (400, 131));
    event["allow_locked"] = json!(true);
    house.add(&[event]);
}

#[test]
fn case_11_public_tasks_take_no_events() {
    let house = House::open();
    house.task("public", json!({"company": ""}));
    let mut event = scalar("a", "b", 0, 1.0);
    event["task"] = json!("public");
    assert_eq!(house.batch(&[event.clone()]).unwrap_err(), (400, 131));
    event["allow_locked"] = json!(true);
    assert_eq!(house.batch(&[event]).unwrap_err(), (400, 131));
}

#[test]
fn case_12_a_scalar_sent_again_replaces_the_first() {
    let house = House::open();
    house.add(&[scalar("m", "v", 5, 1.0)]);
    house.add(&[scalar("m", "v", 5, 2.0)]);
    assert_eq!(field(&json!(house.events("t", "*")), "value"), json!([2.0]));
    let last = house.last("m", "v");
    assert_eq!(
        (&last["count"], &last["min_value"], &last["max_value"]),
        (&json!(2), &json!(1.0), &json!(2.0))
    );
}

#[test]
fn case_13_console_lines_are_never_replaced() {
    let house = House::open();
    house.add(&[log(1, "same"), log(1, "same")]);
    house.add(&[log(1, "same")]);
    assert_eq!(house.events("t", "log").len(), 3);
}

#[test]
fn case_14_images_of_one_name_are_told_apart_by_key() {
    let house = House::open();
    let mut events = [image("m", "v", 0, "http://a"), image("m", "v", 0, "http://b")];
    events[0]["key"] = json!("a");
    events[1]["key"] = json!("b");
    house.add(&events);
    assert_eq!(house.events("t", "training_debug_image").len(), 2);
    let page = house.ok("debug_images", json!({"metrics": [{"task": "t"}]}));
    assert_eq!(field(&page["metrics"][0]["iterations"][0]["events"], "url"), json!(["http://b"]));
}

#[test]
fn case_15_worker_and_time_have_defaults() {
    let house = House::open();
    let send = |event: Value, worker: Option<&str>| {
        house.ann().lines("events.add_batch", &event.to_string(), worker).unwrap();
        house.events("t", "*").pop().unwrap()
    };
    let bare = |iter: i64| json!({"type": "training_stats_scalar", "task": "t", "iter": iter, "value": 1});
    assert_eq!(send(bare(0), Some("w1"))["worker"], "w1");
    assert_eq!(send(bare(1), None)["worker"], "<unknown>");
    let before = crate::types::Millis::now().0;
    assert!(send(bare(2), None)["timestamp"].as_i64().unwrap() >= before);
    let mut event = bare(3);
    event["ts"] = json!(5);
    let stored = send(event, None);
    assert_eq!(stored["timestamp"], 5);
    assert!(stored.get("ts").is_none());
    let mut event = bare(4);
    event["timestamp"] = json!(null);
    assert!(send(event, None)["timestamp"].as_i64().unwrap() >= before);
}

#[test]
fn case_16_vectors_are_lists_of_numbers() {
    let house = House::open();
    let event = json!({"type": "training_stats_vector", "task": "t", "iter": 0, "metric": "M 1", "variant": "v",
        "values": [1, 2]});
    house.add(&[event]);
    let stored = &house.events("t", "training_stats_vector")[0];
    assert_eq!(stored["value"], json!([1, 2]));
    assert!(stored.get("values").is_none());
    let answer =
        house.ok("vector_metrics_iter_histogram", json!({"task": "t", "metric": "M 1", "variant": "v"}));
    assert_eq!(answer, json!({"metric": "M 1", "variant": "v", "vectors": [[1, 2]], "iterations": [0]}));
    let answer = house.ok("get_vector_metrics_and_variants", json!({"task": "t"}));
    assert_eq!(answer, json!({"metrics": {"M 1": ["v"]}}));
}

#[test]
fn case_17_a_large_plot_comes_back_as_it_was() {
    let house = House::open();
    let figure = "ä".repeat(150_000);
    let mut event = plot("m", "v", 0);
    event["plot_str"] = json!(figure);
    house.add(&[event]);
    assert_eq!(
        house.0.value::<i64>("SELECT plot_str IS NULL AND length(packed) < 1000 FROM plot", []),
        Some(1),
        "a large plot is stored compressed"
    );
    for stored in [
        house.ok("get_task_plots", json!({"task": "t"}))["plots"][0].clone(),
        house.events("t", "plot")[0].clone(),
    ] {
        assert_eq!(stored["plot_str"].as_str().unwrap(), figure);
        assert_eq!(stored["plot_len"], 150_000);
        assert!(stored.get("plot_data").is_none());
        assert!(stored.get("valid_plot").is_none());
    }
}

#[test]
fn case_18_addresses_in_a_plot_are_kept() {
    let house = House::open();
    let mut event = plot("m", "v", 0);
    event["plot_str"] = json!(r#"{"layout": {"images": [{"source": "http://f/x.png"}]}}"#);
    house.add(&[event, plot("m", "w", 0)]);
    let events = house.events("t", "plot");
    assert_eq!(events[0]["source_urls"], json!(["http://f/x.png"]));
    assert!(events[1].get("source_urls").is_none());
}

#[test]
fn plots_are_checked_where_that_is_switched_on() {
    let mut settings = crate::config::Settings::default();
    settings.services.events.validate_plot_str = true;
    let house = House::with(settings);
    let with = |variant: &str, text: &str| {
        let mut event = plot("m", variant, 0);
        event["plot_str"] = json!(text);
        event
    };
    let mut skipped = with("skipped", "no");
    skipped["skip_validation"] = json!(true);
    house.add(&[with("bad", "no"), with("good", "{}"), with("none", ""), skipped]);
    let events = json!(house.events("t", "plot"));
    assert_eq!(field(&events, "valid_plot"), json!([false, true, false, null]));
    assert_eq!(field(&events, "skip_validation"), json!([null, null, null, null]));
    let shown = house.ok("get_task_plots", json!({"task": "t"}));
    assert_eq!(field(&shown["plots"], "variant"), json!(["good", "skipped"]));
}

#[test]
fn case_61_line_ends_and_single_objects() {
    let house = House::open();
    let one = scalar("a", "b", 0, 1.0).to_string();
    let two = scalar("a", "b", 1, 1.0).to_string();
    let lines = |body: String| house.ann().lines("events.add_batch", &body, None);
    for end in ["\n", "\r", "\r\n"] {
        assert_eq!(lines(format!("{one}{end}{two}{end}")).unwrap()["added"], 2, "{end:?}");
    }
    let json = |body: &str| house.ann().send("events.add_batch", "application/json", body.to_owned(), None);
    assert_eq!(json(&one).unwrap()["added"], 1);
    assert_eq!(json(&one.replace(',', ",\n")).unwrap()["added"], 1);
    assert_eq!(json("{}").unwrap_err(), (400, 17));
    assert_eq!(lines("{}".to_owned()).unwrap_err(), (400, 131));
    assert_eq!(house.err("add", json!({})), (400, 131));
    assert_eq!(lines(format!("{one}\n\n{two}")).unwrap_err(), (400, 0));
}

#[test]
fn case_62_iterations_in_many_forms() {
    let house = House::open();
    let with = |iter: &str, variant: &str| {
        let event = scalar("m", variant, 0, 1.0).to_string();
        event.replace("\"iter\":0", &format!("\"iter\":{iter}"))
    };
    let lines = [
        with("3.7", "a"),
        with("-3.7", "b"),
        with("\"7\"", "c"),
        with("9223372036854775808", "d"),
        with("\"x\"", "e"),
        with("true", "f"),
    ];
    let answer = house.ann().lines("events.add_batch", &lines.join("\n"), None).unwrap();
    assert_eq!((&answer["added"], &answer["errors"]), (&json!(3), &json!(3)));
    let events = json!(house.events("t", "*"));
    assert_eq!(field(&events, "iter"), json!([-3, 3, 7]));
    assert_eq!(house.last("m", "a")["value"], 1.0);
    let nameless = json!({"type": "training_stats_scalar", "task": "t", "iter": 9, "metric": null, "variant": null,
        "value": 4});
    house.add(&[nameless]);
    let stored = house.events("t", "*").pop().unwrap();
    assert_eq!((&stored["metric"], &stored["variant"]), (&json!(""), &json!("")));
    assert_eq!(house.last("", "")["value"], 4.0);
}

#[test]
fn case_63_refusals_are_counted_by_reason() {
    let house = House::open();
    house.task("done", json!({"status": "published"}));
    house.model("m", false);
    let of = |task: &str, iter: i64| {
        let mut event = scalar("a", "b", iter, 1.0);
        event["task"] = json!(task);
        event
    };
    let answer = house.batch(&[of("t", 0), of("done", 0), of("t", 1), of("done", 1)]).unwrap();
    assert_eq!((&answer["added"], &answer["errors"]), (&json!(2), &json!(2)));
    let reasons: Vec<&Value> = answer["errors_info"].as_object().unwrap().values().collect();
    assert_eq!(reasons, [&json!(2)]);
    let mut of_model = of("m", 0);
    of_model["model_event"] = json!(true);
    house.add(&[of("t", 2), of_model]);
}

#[test]
fn case_64_what_is_stored_and_what_is_last_may_differ() {
    let house = House::open();
    let at = |variant: &str, timestamp: i64, value: f64| {
        let mut event = scalar("m", variant, 1, value);
        event["timestamp"] = json!(timestamp);
        event
    };
    house.add(&[at("a", 50, 1.0), at("a", 40, 2.0), at("b", 50, 1.0), at("b", 50, 2.0)]);
    assert_eq!(field(&json!(house.events("t", "*")), "value"), json!([2.0, 2.0]));
    assert_eq!((&house.last("m", "a")["value"], &house.last("m", "a")["count"]), (&json!(1.0), &json!(2)));
    assert_eq!(house.last("m", "b")["value"], 2.0);
}

#[test]
fn case_65_events_do_not_change_a_status() {
    let house = House::open();
    for status in ["created", "stopped", "completed", "failed"] {
        house.task(status, json!({"status": status, "started": null}));
        let mut event = scalar("a", "b", 0, 1.0);
        event["task"] = json!(status);
        house.add(&[event]);
        assert_eq!(house.of_task::<String>(status, "status"), status);
        assert_eq!(house.of_task::<Option<i64>>(status, "active_duration"), None);
    }
    house.add(&[scalar("a", "b", 0, 1.0)]);
    let seconds = (crate::types::Millis::now().0 - 1_700_000_000_000) / 1000;
    let duration = house.of_task::<i64>("t", "active_duration");
    assert!((seconds - 5..=seconds).contains(&duration), "{duration} {seconds}");
}

#[test]
fn unknown_fields_come_back_as_they_were_sent() {
    let house = House::open();
    let mut event = scalar("m", "v", 1, 1.0);
    event["color"] = json!({"r": 1.5, "name": "ü\n"});
    event["key"] = json!("k");
    event["url"] = json!("http://not-an-image");
    event["method"] = json!("get");
    let mut plain = scalar("m", "v", 2, 1.0);
    plain["iter"] = json!(null);
    let mut line = log(1, "x");
    line["value"] = json!(7);
    line["extra"] = json!([1, null]);
    line["metric"] = json!("m");
    house.add(&[event, plain, line]);
    let events = house.events("t", "*");
    assert_eq!(events[0]["color"], json!({"r": 1.5, "name": "ü\n"}));
    assert_eq!((&events[0]["key"], &events[0]["url"]), (&json!("k"), &json!("http://not-an-image")));
    assert!(events[0].get("method").is_none());
    let line = events.iter().find(|event| event["type"] == "log").unwrap();
    assert_eq!(
        (&line["value"], &line["extra"], &line["metric"]),
        (&json!(7), &json!([1, null]), &json!("m"))
    );
    assert!(line.get("iter").is_none());
    let unnumbered = events.iter().find(|event| event["iter"].is_null() && event["type"] != "log").unwrap();
    assert!(unnumbered.get("iter").is_some(), "a null that was sent is kept: {unnumbered}");
}

#[test]
fn numbers_that_are_none_are_refused_one_by_one() {
    let house = House::open();
    let line = |variant: &str, value: &str| {
        let event = scalar("m", variant, 0, 1.0).to_string();
        event.replace("\"value\":1.0", &format!("\"value\":{value}"))
    };
    let lines = [
        line("a", "NaN"),
        line("b", "Infinity"),
        line("c", "-Infinity"),
        line("d", "1e999"),
        line("e", "\"5\""),
        line("f", "[1]"),
        line("g", "true"),
        line("h", "0.1"),
        line("i", "null"),
        r#"{"type":"training_stats_vector","task":"t","iter":0,"metric":"v","variant":"","values":[1,NaN]}"#
            .to_owned(),
        r#"{"type":"log","task":"t","msg":"NaN \"Infinity\"","timestamp":1}"#.to_owned(),
    ];
    let answer = house.ann().lines("events.add_batch", &lines.join("\n"), None).unwrap();
    assert_eq!((&answer["added"], &answer["errors"]), (&json!(3), &json!(8)));
    let stored = house.events("t", "training_stats_scalar");
    assert_eq!(field(&json!(stored), "value"), json!([0.1, null]));
    assert_eq!(house.events("t", "log")[0]["msg"], "NaN \"Infinity\"");
    assert_eq!(house.last("m", "i"), Value::Null);
}
