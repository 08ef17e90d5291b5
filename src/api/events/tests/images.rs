//! Cases 52 to 57 and 69 to 72: images.

use super::*;

/// Iterations on a page of the first entity, with how many events each has.
fn turned(page: &Value) -> Vec<(i64, usize)> {
    let iterations = page["metrics"][0]["iterations"].as_array().unwrap();
    iterations
        .iter()
        .map(|one| (one["iter"].as_i64().unwrap(), one["events"].as_array().unwrap().len()))
        .collect()
}

fn iterations(page: &Value) -> Vec<i64> {
    turned(page).into_iter().map(|(iteration, _)| iteration).collect()
}

/// Turns the pages of task `t`, with one scroll id.
struct Reader<'a> {
    house: &'a House,
    request: Value,
}

impl<'a> Reader<'a> {
    fn new(house: &'a House, iters: i64) -> Self {
        Reader { house, request: json!({"metrics": [{"task": "t"}], "iters": iters}) }
    }

    fn turn(&mut self, more: Value) -> Value {
        let mut request = self.request.clone();
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let page = self.house.ok("debug_images", request);
        self.request["scroll_id"] = page["scroll_id"].clone();
        page
    }

    fn earlier(&mut self) -> Vec<i64> {
        iterations(&self.turn(json!({})))
    }

    fn later(&mut self) -> Vec<i64> {
        iterations(&self.turn(json!({"navigate_earlier": false})))
    }
}

#[test]
fn case_52_overwritten_images_are_not_shown() {
    let house = House::open();
    let mut events = Vec::new();
    for iter in 0..10 {
        events.push(image("m", "V1", iter, &format!("http://u1/{}", iter % 7)));
        events.push(image("m", "V2", iter, &format!("http://u2/{}", iter % 4)));
    }
    house.add(&events);
    let mut reader = Reader::new(&house, 5);
    assert_eq!(turned(&reader.turn(json!({}))), [(9, 2), (8, 2), (7, 2), (6, 2), (5, 1)]);
    assert_eq!(turned(&reader.turn(json!({}))), [(4, 1), (3, 1)]);
    assert_eq!(reader.earlier(), Vec::<i64>::new());
    assert_eq!(reader.later(), [9, 8, 7, 6, 5]);
}

#[test]
fn case_53_what_appears_later_is_shown_after_a_refresh() {
    let house = House::open();
    house.add(&(0..3).map(|iter| image("m", "V1", iter, &format!("http://1/{iter}"))).collect::<Vec<_>>());
    let mut reader = Reader::new(&house, 1);
    assert_eq!(reader.earlier(), [2]);
    let scroll = reader.request["scroll_id"].clone();
    for iter in 0..4 {
        house.add(&[
            image("m", "V2", iter, &format!("http://2/{iter}")),
            image("m2", "V3", iter, &format!("http://3/{iter}")),
        ]);
    }
    let page = reader.turn(json!({}));
    assert_eq!(iterations(&page), [1]);
    assert_eq!(field(&page["metrics"][0]["iterations"][0]["events"], "variant"), json!(["V1", "V2"]));
    let page = reader.turn(json!({"refresh": true}));
    assert_eq!(iterations(&page), [3]);
    assert_eq!(field(&page["metrics"][0]["iterations"][0]["events"], "variant"), json!(["V2", "V3"]));
    assert_eq!(page["scroll_id"], scroll);
}

#[test]
fn case_54_no_images_is_an_answer_too() {
    let house = House::open();
    let page = house.ok("debug_images", json!({"metrics": [{"task": "t"}]}));
    assert_eq!(page["metrics"], json!([{"task": "t", "iterations": []}]));
    assert!(!page["scroll_id"].as_str().unwrap().is_empty());
}

fn ask(house: &House, variant: &str, more: Value) -> Value {
    let mut request = json!({"task": "t", "metric": "m", "variant": variant});
    request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    house.ok("get_debug_image_sample", request)
}

#[test]
fn case_55_a_single_image_and_its_valid_iterations() {
    let house = House::open();
    house.add(
        &(0..10).map(|iter| image("m", "v", iter, &format!("http://u/{}", iter % 4))).collect::<Vec<_>>(),
    );
    let answer = ask(&house, "v", json!({}));
    assert_eq!(
        (&answer["event"]["iter"], &answer["min_iteration"], &answer["max_iteration"]),
        (&json!(9), &json!(6), &json!(9))
    );
    assert_eq!(ask(&house, "v", json!({"iteration": 8}))["event"]["iter"], 8);
    let answer = ask(&house, "v", json!({"iteration": 2}));
    assert_eq!(
        (&answer["event"], &answer["min_iteration"], &answer["max_iteration"]),
        (&Value::Null, &json!(6), &json!(9))
    );
    let answer = ask(&house, "unknown", json!({}));
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["scroll_id", "event", "min_iteration", "max_iteration"]);
    assert_eq!((&answer["event"], &answer["min_iteration"]), (&Value::Null, &Value::Null));
}

/// Moves a viewer; returns what it shows as `metric/variant@iteration`.
fn step(house: &House, scroll: &Value, earlier: bool) -> String {
    let request = json!({"task": "t", "scroll_id": scroll, "navigate_earlier": earlier});
    let answer = house.ok("next_debug_image_sample", request);
    assert_eq!(answer["scroll_id"], *scroll);
    let event = &answer["event"];
    match event["metric"].as_str() {
        None => String::new(),
        Some(metric) => format!("{metric}/{}@{}", event["variant"].as_str().unwrap(), event["iter"]),
    }
}

#[test]
fn case_56_from_one_image_to_the_next() {
    let house = House::open();
    for variant in ["V1", "V2"] {
        house.add(&[0, 1].map(|iter| image("m", variant, iter, &format!("http://{variant}/{iter}"))));
    }
    let scroll = &ask(&house, "V1", json!({}))["scroll_id"];
    assert_eq!([step(&house, scroll, false), step(&house, scroll, false)], ["m/V2@1", ""]);
    let back: Vec<String> = (0..4).map(|_| step(&house, scroll, true)).collect();
    assert_eq!(back, ["m/V1@1", "m/V2@0", "m/V1@0", ""]);
}

#[test]
fn case_57_a_state_is_of_one_metric() {
    let house = House::open();
    house.add(&[image("m", "v", 0, "http://a"), image("n", "v", 0, "http://b")]);
    let scroll = &ask(&house, "v", json!({}))["scroll_id"];
    let other = json!({"task": "t", "metric": "n", "variant": "v", "scroll_id": scroll});
    assert_eq!(house.err("get_debug_image_sample", other), (400, 1104));
}

#[test]
fn case_69_there_and_back() {
    let house = House::open();
    house.add(&(0..6).map(|iter| image("m", "v", iter, &format!("http://u/{iter}"))).collect::<Vec<_>>());
    let mut reader = Reader::new(&house, 2);
    assert_eq!(reader.later(), [5, 4], "the first page is the newest, whatever the direction");
    assert_eq!(reader.later(), Vec::<i64>::new());
    assert_eq!(reader.earlier(), [3, 2]);
    assert_eq!(reader.earlier(), [1, 0]);
    assert_eq!(reader.earlier(), Vec::<i64>::new());
    assert_eq!(reader.later(), [3, 2]);
    assert_eq!(reader.later(), [5, 4]);
    assert_eq!(iterations(&reader.turn(json!({"refresh": true}))), [5, 4]);
}

#[test]
fn case_70_states_and_requests() {
    let house = House::open();
    house.task("u", json!({}));
    house.add(&[0, 1].map(|iter| image("m", "V1", iter, &format!("http://u/{iter}"))));
    let page = house.ok("debug_images", json!({"metrics": [{"task": "t"}], "scroll_id": "unknown"}));
    assert_eq!(iterations(&page), [1]);
    assert_ne!(page["scroll_id"], "unknown");
    let page = house.ok("debug_images", json!({"metrics": [{"task": "u"}, {"task": "t"}]}));
    assert_eq!(field(&page["metrics"], "task"), json!(["u", "t"]));
    assert_eq!(page["metrics"][0]["iterations"], json!([]));
    for request in [json!({"metrics": []}), json!({"metrics": [{"task": "t"}], "iters": 0}), json!({})] {
        assert_eq!(house.err("debug_images", request), (400, 12));
    }
    assert_eq!(house.err("debug_images", json!({"metrics": [{"task": "x"}]})), (400, 101));
    let mut request = json!({"metrics": [{"task": "t", "metric": "m", "variants": ["V1", "V2"]}]});
    request["scroll_id"] = house.ok("debug_images", request.clone())["scroll_id"].clone();
    house.add(&[0, 1].map(|iter| image("m", "V2", iter, &format!("http://v/{iter}"))));
    let page = house.ok("debug_images", request);
    assert_eq!(field(&page["metrics"][0]["iterations"][0]["events"], "variant"), json!(["V1"]));
}

#[test]
fn case_71_one_address_for_all() {
    let house = House::open();
    house.add(&(0..5).map(|iter| image("m", "v", iter, "http://same")).collect::<Vec<_>>());
    let mut reader = Reader::new(&house, 3);
    assert_eq!(reader.earlier(), [4]);
    assert_eq!(reader.earlier(), Vec::<i64>::new());
    let answer = ask(&house, "v", json!({}));
    assert_eq!(
        (&answer["event"]["iter"], &answer["min_iteration"], &answer["max_iteration"]),
        (&json!(4), &json!(4), &json!(4))
    );
}

#[test]
fn case_72_viewing_images_across_metrics() {
    let house = House::open();
    for metric in ["A", "B"] {
        for variant in ["x", "y"] {
            house.add(
                &[0, 1].map(|iter| image(metric, variant, iter, &format!("http://{metric}{variant}/{iter}"))),
            );
        }
    }
    let open = |metric: &str, one_metric: bool, scroll: &Value| json!({"task": "t", "metric": metric, "variant": "y", "navigate_current_metric": one_metric, "scroll_id": scroll});
    let opened = house.ok("get_debug_image_sample", open("A", false, &Value::Null));
    assert_eq!((&opened["event"]["metric"], &opened["event"]["iter"]), (&json!("A"), &json!(1)));
    let scroll = &opened["scroll_id"];
    let on: Vec<String> = (0..3).map(|_| step(&house, scroll, false)).collect();
    assert_eq!(on, ["B/x@1", "B/y@1", ""]);
    let back: Vec<String> = (0..8).map(|_| step(&house, scroll, true)).collect();
    assert_eq!(back, ["B/x@1", "A/y@1", "A/x@1", "B/y@0", "B/x@0", "A/y@0", "A/x@0", ""]);
    assert_eq!(house.ok("get_debug_image_sample", open("B", false, scroll))["scroll_id"], *scroll);
    assert_eq!(house.err("get_debug_image_sample", open("B", true, scroll)), (400, 1104));
    house.task("u", json!({}));
    let mut other = open("A", false, scroll);
    other["task"] = json!("u");
    assert_eq!(house.err("get_debug_image_sample", other), (400, 1104));
    assert_eq!(house.err("next_debug_image_sample", json!({"task": "u", "scroll_id": scroll})), (400, 1104));
}

#[test]
fn without_a_refresh_the_range_is_that_of_the_start() {
    let house = House::open();
    house.add(&[image("m", "v", 0, "http://0")]);
    let scroll = ask(&house, "v", json!({}))["scroll_id"].clone();
    house.add(&[image("m", "v", 1, "http://1"), image("m", "new", 1, "http://n")]);
    let answer = ask(&house, "v", json!({"scroll_id": scroll}));
    assert_eq!((&answer["event"]["iter"], &answer["max_iteration"]), (&json!(1), &json!(0)));
    assert_eq!(ask(&house, "new", json!({"scroll_id": scroll}))["event"], Value::Null);
    let answer = ask(&house, "new", json!({"scroll_id": scroll, "refresh": true}));
    assert_eq!((&answer["event"]["iter"], &answer["scroll_id"]), (&json!(1), &scroll));
}

#[test]
fn images_as_older_clients_read_them() {
    let house = House::open();
    for iter in 0..3 {
        house.add(&[
            image("m", "v", iter, &format!("http://v/{iter}")),
            image("m", "w", iter * 2, &format!("http://w/{iter}")),
        ]);
    }
    let oldest = house.ann().at(1, 5).ok("events.debug_images", json!({"task": "t", "iters": 1}));
    assert_eq!((&oldest["task"], field(&oldest["images"], "iter")), (&json!("t"), json!([4, 2])));
    let old = house.ann().at(2, 6);
    let page = old.ok("events.debug_images", json!({"task": "t", "iters": 2, "scroll_id": null}));
    assert_eq!(field(&page["images"], "iter"), json!([4, 2, 2]));
    assert_eq!((&page["returned"], &page["total"]), (&json!(3), &json!(3)));
    let next = old.ok("events.debug_images", json!({"task": "t", "scroll_id": page["scroll_id"]}));
    assert_eq!((&next["images"], &next["scroll_id"]), (&json!([]), &json!("FFFF")));
    assert_eq!(old.err("events.debug_images", json!({})), (400, 12));
    assert_eq!(old.err("events.debug_images", json!({"task": "x"})), (400, 101));
}

#[test]
fn images_of_a_page_by_task() {
    use crate::domain::{Call, Ctx, events};
    let house = House::open();
    house.add(&(0..4).map(|iter| image("m", "v", iter, &format!("http://u/{iter}"))).collect::<Vec<_>>());
    let ctx = Ctx::new(&house.0.app, house.ann().caller, Call::internal());
    let page = events::images(&ctx, "t", None, 2).unwrap();
    assert_eq!(page.iter().map(|one| one.iteration).collect::<Vec<_>>(), [3, 2]);
    assert!(events::images(&ctx, "t", Some("other"), 2).unwrap().is_empty());
}
