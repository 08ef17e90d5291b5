//! Cases 40 to 46 and 74: console lines.

use super::*;

fn messages(answer: &Value) -> Value {
    field(&answer["events"], "msg")
}

fn ten_lines() -> House {
    let house = House::open();
    house.add(&(0..10).map(|n| log(1_000 * (n + 1), &format!("l{n}"))).collect::<Vec<_>>());
    house
}

#[test]
fn case_40_back_in_time_page_by_page() {
    let house = ten_lines();
    let mut from = Value::Null;
    for expected in [json!(["l9", "l8", "l7", "l6", "l5"]), json!(["l4", "l3", "l2", "l1", "l0"]), json!([])]
    {
        let page = house.ok("get_task_log", json!({"task": "t", "batch_size": 5, "from_timestamp": from}));
        assert_eq!(messages(&page), expected);
        assert_eq!(page["total"], 10);
        assert!(page.get("scroll_id").is_none());
        if let Some(last) = page["events"].as_array().unwrap().last() {
            from = last["timestamp"].clone();
        }
    }
}

#[test]
fn case_41_forward_in_time_and_orders() {
    let house = ten_lines();
    let ask = |more: Value| {
        let mut request = json!({"task": "t", "batch_size": 5});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        messages(&house.ok("get_task_log", request))
    };
    assert_eq!(
        ask(json!({"navigate_earlier": false, "from_timestamp": 3_000})),
        json!(["l3", "l4", "l5", "l6", "l7"])
    );
    assert_eq!(ask(json!({"order": "asc"})), json!(["l5", "l6", "l7", "l8", "l9"]));
    assert_eq!(
        ask(json!({"navigate_earlier": false, "order": "desc"})),
        json!(["l4", "l3", "l2", "l1", "l0"])
    );
    assert_eq!(ask(json!({"batch_size": 0})), json!([]));
    assert_eq!(ask(json!({"from_timestamp": 0, "batch_size": 1})), json!(["l9"]));
    assert_eq!(house.err("get_task_log", json!({"task": "t", "batch_size": -1})), (400, 12));
}

#[test]
fn case_42_lines_of_one_moment_stay_together() {
    let house = House::open();
    house.add(&[log(5, "a"), log(5, "b"), log(5, "c"), log(4, "before"), log(6, "after")]);
    let ask = |from: i64, earlier: bool| {
        let request =
            json!({"task": "t", "batch_size": 1, "from_timestamp": from, "navigate_earlier": earlier});
        messages(&house.ok("get_task_log", request))
    };
    assert_eq!(ask(6, true), json!(["c", "b", "a"]));
    assert_eq!(ask(4, false), json!(["a", "b", "c"]));
}

#[test]
fn case_43_lines_by_metric() {
    let house = House::open();
    let mut named = log(1, "named");
    named["metric"] = json!("m");
    house.add(&[named, log(2, "plain")]);
    let page = house.ok("get_task_log", json!({"task": "t", "metrics": [{"metric": "m"}]}));
    assert_eq!((messages(&page), &page["total"]), (json!(["named"]), &json!(1)));
    let page = house.ok("get_task_log", json!({"task": "t", "metrics": [{"metric": ""}]}));
    assert_eq!(messages(&page), json!(["plain"]));
    let cleared = house.ok("clear_task_log", json!({"task": "t", "exclude_metrics": ["m"]}));
    assert_eq!(cleared, json!({"deleted": 1}));
    assert_eq!(messages(&house.ok("get_task_log", json!({"task": "t"}))), json!(["named"]));
    let cleared = house.ok("clear_task_log", json!({"task": "t", "include_metrics": ["m"]}));
    assert_eq!(cleared, json!({"deleted": 1}));
    let page = house.ok("get_task_log", json!({"task": "t"}));
    assert_eq!((messages(&page), &page["total"]), (json!([]), &json!(0)));
}

#[test]
fn case_44_old_lines_are_cleared() {
    let house = House::open();
    let now = crate::types::Millis::now().0;
    house.add(&[log(now - 100_000, "old"), log(now - 61_000, "older"), log(now - 1_000, "new")]);
    assert_eq!(house.ok("clear_task_log", json!({"task": "t", "threshold_sec": 60})), json!({"deleted": 2}));
    assert_eq!(messages(&house.ok("get_task_log", json!({"task": "t"}))), json!(["new"]));
    assert_eq!(house.ok("clear_task_log", json!({"task": "t"})), json!({"deleted": 1}));
    house.add(&[log(1, "again")]);
    assert_eq!(house.ok("get_task_log", json!({"task": "t"}))["total"], 1);
}

#[test]
fn case_45_a_log_as_a_file() {
    let house = House::open();
    let none = house.ann().download("events.download_task_log", json!({"task": "t"})).unwrap();
    assert_eq!(none, ("task_t.log".to_owned(), String::new()));
    // More than a page, out of order, with ties.
    let lines: Vec<Value> = (0..2_500).map(|n| log((n * 7) % 1_000, &format!("line {n} ü"))).collect();
    house.add(&lines);
    let request = json!({"task": "t", "line_type": "text"});
    let (_, text) = house.ann().download("events.download_task_log", request).unwrap();
    let mut expected: Vec<(i64, String)> = lines
        .iter()
        .map(|line| (line["timestamp"].as_i64().unwrap(), line["msg"].as_str().unwrap().to_owned()))
        .collect();
    expected.sort_by_key(|(timestamp, _)| *timestamp);
    let expected: String =
        expected.iter().map(|(timestamp, msg)| format!("{timestamp} w info {msg}\n")).collect();
    assert!(text == expected, "all lines, oldest first, those of a moment as they arrived");
    let request = json!({"task": "t", "line_type": "JSON"});
    let (_, text) = house.ann().download("events.download_task_log", request).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["asctime"], &first["msg"], &first["worker"]),
        (&json!(0), &json!("line 0 ü"), &json!("w"))
    );
    assert!(first.get("type").is_none() && first.get("task").is_none() && first.get("timestamp").is_none());
    assert_eq!(text.lines().count(), 2_500);
    let request = json!({"task": "t", "line_type": "text", "line_format": "{timestamp}|{level}\n\n"});
    let (_, text) = house.ann().download("events.download_task_log", request).unwrap();
    assert_eq!(text.lines().next(), Some("0|info"));
}

#[test]
fn case_46_bad_patterns() {
    let house = House::open();
    let ask = |format: &str| {
        let request = json!({"task": "t", "line_type": "text", "line_format": format});
        house.ann().download("events.download_task_log", request).unwrap_err()
    };
    assert_eq!(ask("{foo}"), (400, 16));
    assert_eq!(ask(""), (400, 11));
    let unknown = house.ann().download("events.download_task_log", json!({"task": "x"})).unwrap_err();
    assert_eq!(unknown, (400, 101));
}

#[test]
fn case_74_scrolls_of_older_clients() {
    let pages = |minor: u32, from: Option<&str>| {
        let house = House::open();
        house.add(&(0..5).map(|n| log(1_000 * (n + 1), &format!("l{n}"))).collect::<Vec<_>>());
        let (mut scroll, mut pages) = (Value::Null, Vec::new());
        let visitor = if minor == 6 { house.ann().at(1, 6) } else { house.ann().at(2, minor) };
        for _ in 0..4 {
            let request = json!({"task": "t", "batch_size": 2, "from": from, "scroll_id": scroll});
            let page = visitor.ok("events.get_task_log", request);
            scroll = page["scroll_id"].clone();
            assert_eq!(page["total"], 5);
            pages.push(messages(&page));
            house.add(&[log(9_000, "meanwhile")]);
        }
        assert_eq!(scroll, "FFFF");
        let page = visitor.ok("events.get_task_log", json!({"task": "t", "scroll_id": "FFFF"}));
        assert_eq!(
            (&page["returned"], &page["total"], &page["scroll_id"]),
            (&json!(0), &json!(0), &json!("FFFF"))
        );
        json!(pages)
    };
    let tail = json!([["l4", "l3"], ["l2", "l1"], ["l0"], []]);
    assert_eq!(pages(8, None), json!([["l1", "l0"], ["l3", "l2"], ["l4"], []]));
    assert_eq!(pages(8, Some("tail")), tail);
    assert_eq!(pages(6, Some("head")), tail);
}

#[test]
fn a_window_of_the_console_is_found_at_any_line() {
    use crate::{
        domain::{
            Call, Ctx,
            events::{LogMatches, Matches, SearchAt, WindowAt, find_in_log, log_window, versions},
        },
        store::events::{Search, Severity},
    };
    let house = House::open();
    let lines: Vec<Value> = (1..=50)
        .map(|n| {
            let mut line = log(n, &format!("line {n}"));
            line["level"] = json!(if n % 10 == 0 {
                "ERROR"
            } else if n % 5 == 0 {
                "warning"
            } else {
                "info"
            });
            line
        })
        .collect();
    house.add(&lines);
    let ctx = Ctx::new(&house.0.app, house.ann().caller, Call::internal());
    let window = |at, count, severity| {
        let window = log_window(&ctx, "t", at, count, severity).unwrap();
        let numbers: Vec<i64> = window.lines.iter().map(|line| line.line).collect();
        (numbers, window.has_earlier, window.has_later)
    };
    assert_eq!(window(WindowAt::End, 3, Severity::Plain), (vec![48, 49, 50], true, false));
    assert_eq!(window(WindowAt::From(1), 2, Severity::Plain), (vec![1, 2], false, true));
    assert_eq!(window(WindowAt::Before(10), 2, Severity::Plain), (vec![8, 9], true, true));
    assert_eq!(window(WindowAt::From(20), 3, Severity::Warning), (vec![20, 25, 30], true, true));
    assert_eq!(window(WindowAt::End, 2, Severity::Error), (vec![40, 50], true, false));
    assert_eq!(window(WindowAt::From(51), 2, Severity::Plain), (vec![], true, false));
    let search = Search::text("LINE 2").unwrap();
    let find = |at, severity| find_in_log(&ctx, "t", &search, severity, at).unwrap();
    let all = |at, before, after| LogMatches { total: Some(11), at, before, after };
    let line = Matches::Line;
    assert_eq!(find(SearchAt::Line(21), Severity::Plain), all(line(21), line(20), line(22)));
    assert_eq!(find(SearchAt::Newest, Severity::Plain), all(line(29), line(28), Matches::Nothing));
    assert_eq!(find(SearchAt::Older(19), Severity::Plain), all(line(2), Matches::Nothing, line(20)));
    assert_eq!(find(SearchAt::Newer(3), Severity::Plain), all(line(20), line(2), line(21)));
    assert_eq!(
        find(SearchAt::Newer(30), Severity::Plain),
        all(Matches::Nothing, Matches::Nothing, Matches::Nothing)
    );
    let serious = find(SearchAt::Newest, Severity::Warning);
    assert_eq!((serious.total, serious.at, serious.before), (Some(2), line(25), line(20)));
    let before = versions(&ctx, "t").unwrap();
    house.add(&[scalar("m", "v", 0, 1.0)]);
    let after = versions(&ctx, "t").unwrap();
    assert_eq!(before.logs, after.logs);
    assert_ne!(before.scalars, after.scalars);
    house.ok("clear_task_log", json!({"task": "t"}));
    assert_ne!(versions(&ctx, "t").unwrap().logs, after.logs);
}

#[test]
fn a_search_answers_in_pieces_and_says_where_to_jump() {
    let house = House::open();
    let mut lines: Vec<Value> =
        (1..=3_000).map(|n| log(10 * n, &format!("step {n} Loss {}", n % 7))).collect();
    lines[999]["metric"] = json!("m");
    lines[1_233]["msg"] = json!("Traceback\n  OutOfMemory at step 1234");
    house.add(&lines);
    let ask = |more: Value| {
        let mut request = json!({"task": "t"});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        house.ok("get_task_log", request)
    };
    let rare = ask(json!({"search": "outofmemory"}));
    assert_eq!(
        (&rare["returned"], &rare["total"], &rare["events"][0]["line"], &rare["next"]),
        (&json!(1), &json!(3_000), &json!(1_234), &Value::Null)
    );
    // A client jumps there by time.
    let from = rare["events"][0]["timestamp"].as_i64().unwrap() + 1;
    let page = ask(json!({"from_timestamp": from, "batch_size": 1}));
    assert_eq!(page["events"][0]["msg"], rare["events"][0]["msg"]);
    assert!(page["events"][0].get("line").is_none() && page.get("next").is_none());
    // A common word: newest first, page by page, each match once.
    let (mut next, mut found) = (Value::Null, Vec::new());
    loop {
        let page = ask(json!({"search": "loss 3", "search_from": next, "batch_size": 100}));
        found.extend(page["events"].as_array().unwrap().iter().map(|event| event["line"].as_i64().unwrap()));
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
    }
    let expected: Vec<i64> = (1..=3_000).rev().filter(|n| n % 7 == 3 && *n != 1_234).collect();
    assert_eq!(found, expected);
    let forward =
        ask(json!({"search": "^step \\d{3}7 .* [06]$", "search_regex": true, "navigate_earlier": false,
        "batch_size": 2, "search_from": 1_100}));
    assert_eq!(field(&forward["events"], "line"), json!([1_127, 1_147]));
    assert_eq!(
        field(&ask(json!({"search": "step", "metrics": [{"metric": "m"}]}))["events"], "line"),
        json!([1_000])
    );
    let multi = ask(json!({"search": "^  out.*1234$", "search_regex": true}));
    assert_eq!(multi["returned"], 1, "anchors stand at the ends of each line of a text");
    for (pattern, expression) in
        [("(", true), ("", false), (&"x".repeat(1_001)[..], false), ("(a{900}){900}", true)]
    {
        let request = json!({"task": "t", "search": pattern, "search_regex": expression});
        assert_eq!(house.err("get_task_log", request), (400, 12), "{pattern}");
    }
    assert_eq!(house.err("get_task_log", json!({"task": "nobody", "search": "x"})), (400, 101));
}
