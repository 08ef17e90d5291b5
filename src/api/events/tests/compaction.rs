//! Whether points lie in the tail, in chunks or in both makes no difference to any reader.

mod computed;
mod damage;

use proptest::prelude::*;

use super::*;

/// Moves everything that can be moved, in runs of `run` points.
fn compact(house: &House, run: usize) -> usize {
    let store = &house.0.app.store;
    store.find_backlog().unwrap();
    let mut moved = 0;
    for due in store.backlog.take_all() {
        loop {
            match store.compact(due.in_runs_of(run)).unwrap().points {
                0 => break,
                points => moved += points,
            }
        }
    }
    moved
}

fn count(house: &House, table: &str) -> i64 {
    house.0.value(&format!("SELECT count(*) FROM {table}"), []).unwrap()
}

/// All pages of a reader that hands out a `scroll_id`, without those ids.
fn pages(house: &House, name: &str, mut request: Value) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let mut page = house.ok(name, request.clone());
        request["scroll_id"] = page.as_object_mut().unwrap().remove("scroll_id").unwrap_or_default();
        let ended = page["returned"] == 0 || page["events"] == json!([]);
        pages.push(page);
        if ended {
            return pages;
        }
        assert!(pages.len() < 3_000, "{name} never ends");
    }
}

/// What every reader of scalars answers.
fn answers(house: &House) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut keep = |what: String, answer: Value| all.push((what, answer));
    for key in ["iter", "timestamp", "iso_time"] {
        for samples in [1, 2, 7, 60, 6_000] {
            let request = json!({"task": "t", "key": key, "samples": samples});
            keep(format!("chart {key} {samples}"), house.ok("scalar_metrics_iter_histogram", request));
            let request = json!({"tasks": ["t", "u"], "key": key, "samples": samples});
            let name = "multi_task_scalar_metrics_iter_histogram";
            keep(format!("charts {key} {samples}"), house.ok(name, request));
        }
        for size in [40, 10_000] {
            let request = json!({"task": "t", "metric": {"metric": "m"}, "key": key, "batch_size": size, "count_total": true});
            keep(format!("raw {key} {size}"), json!(pages(house, "scalar_metrics_iter_raw", request)));
        }
    }
    for order in ["asc", "desc"] {
        for size in [50, 10_000] {
            let request = json!({"task": "t", "event_type": "training_stats_scalar", "order": order, "batch_size": size});
            keep(format!("events {order} {size}"), json!(pages(house, "get_task_events", request)));
        }
    }
    let request = json!({"task": "t", "metric": "m"});
    keep("documents".to_owned(), json!(pages(house, "get_scalar_metric_data", request)));
    keep("single".to_owned(), house.ok("get_task_single_value_metrics", json!({"tasks": ["t", "u"]})));
    let mut latest = house.ok("get_task_latest_scalar_values", json!({"task": "t"}));
    latest.as_object_mut().unwrap().remove("last_timestamp");
    keep("latest".to_owned(), latest);
    let kind = "training_stats_scalar";
    keep(
        "metrics".to_owned(),
        house.ok("get_task_metrics", json!({"tasks": ["t", "u"], "event_type": kind})),
    );
    keep(
        "together".to_owned(),
        house.ok("get_multi_task_metrics", json!({"tasks": ["t", "u"], "event_type": kind})),
    );
    keep("names".to_owned(), house.ok("get_scalar_metrics_and_variants", json!({"task": "t"})));
    keep("last".to_owned(), house.last("m", "v"));
    all
}

/// Times of receipt are those of the house.
fn without_receipt(answers: Vec<(String, Value)>) -> Vec<(String, Value)> {
    fn strip(value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(strip),
            Value::Object(map) => {
                map.remove("@timestamp");
                map.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    answers
        .into_iter()
        .map(|(what, mut answer)| {
            strip(&mut answer);
            (what, answer)
        })
        .collect()
}

/// The first place at which two answers differ.
fn difference(found: &Value, expected: &Value) -> Option<String> {
    // As text, which tells 0.0 from -0.0.
    let text = Value::to_string;
    let within =
        |name: String, found, expected| difference(found, expected).map(|rest| format!(".{name}{rest}"));
    match (found, expected) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (a, b))| within(at.to_string(), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().zip(b.values()).find_map(|((name, a), b)| within(name.clone(), a, b))
        }
        _ if text(found) == text(expected) => None,
        _ => Some(format!(": {found}, not {expected}")),
    }
}

#[track_caller]
fn same(found: Vec<(String, Value)>, expected: &[(String, Value)]) {
    for ((what, found), (_, expected)) in found.iter().zip(expected) {
        if let Some(difference) = difference(found, expected) {
            panic!("{what}{difference}");
        }
    }
    assert_eq!(found.len(), expected.len());
}

/// One request of a reporter.
#[derive(Clone, Debug)]
struct Report {
    variant: u8,
    keyed: bool,
    from: i64,
    step: i64,
    values: Vec<Option<f64>>,
    worker: u8,
    extra: Option<u8>,
    clock: i64,
    jitter: i64,
}

impl Report {
    fn events(&self) -> Vec<Value> {
        let at = |nth: usize| self.from + self.step * nth as i64;
        let event = |(nth, value): (usize, &Option<f64>)| {
            let mut event = json!({"type": "training_stats_scalar", "task": "t", "metric": "m",
                "variant": (["v", "w", "x"][usize::from(self.variant)]), "iter": at(nth), "value": value,
                "timestamp": 1_700_000_000_000_i64 + self.clock + at(nth) * 10 + (nth as i64 * 7) % self.jitter,
                "worker": format!("worker {}", self.worker)});
            if self.keyed {
                event["key"] = json!("k");
            }
            if let Some(extra) = self.extra {
                event["note"] = json!(extra);
            }
            event
        };
        self.values.iter().enumerate().map(event).collect()
    }
}

fn any_report() -> impl Strategy<Value = Report> {
    let value = prop_oneof![
        5 => (-1e3..1e3_f32).prop_map(|value| Some(f64::from(value))),
        3 => (-1e3..1e3_f64).prop_map(Some),
        1 => prop_oneof![Just(1e308), Just(-1e308), Just(5e-324), Just(-0.0)].prop_map(Some),
        1 => Just(None),
    ];
    let from = prop_oneof![6 => -60..200_i64, 1 => Just(-2_147_483_648), 1 => Just(-2_147_483_700)];
    let shape = (0..3_u8, prop::bool::weighted(0.1), from, prop_oneof![4 => Just(1), 1 => 1..5_i64]);
    let sender = (
        0..2_u8,
        prop::option::weighted(0.2, 0..3_u8),
        -20..20_i64,
        prop_oneof![3 => Just(1), 1 => 2..300_i64],
    );
    (shape, prop::collection::vec(value, 1..60), sender).prop_map(
        |((variant, keyed, from, step), values, (worker, extra, clock, jitter))| Report {
            variant,
            keyed,
            from,
            step,
            values,
            worker,
            extra,
            clock,
            jitter,
        },
    )
}

/// Values that no request can carry, but that a database of an older version or a rounding may hold.
fn make_some_infinite(house: &House) {
    let sql = "UPDATE scalar SET value = iif(iteration % 2 = 0, 9e999, -9e999) WHERE iteration % 37 = 5";
    house.0.sql(sql, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_reader_answers_the_same_before_between_and_after(
        first in prop::collection::vec(any_report(), 1..8),
        second in prop::collection::vec(any_report(), 1..5),
        run in prop_oneof![Just(8_usize), Just(33), Just(256)],
        infinite in prop::bool::weighted(0.3),
    ) {
        let (plain, moved) = (House::open(), House::open());
        for house in [&plain, &moved] {
            house.task("u", json!({}));
            house.add(&first.iter().flat_map(Report::events).collect::<Vec<_>>());
            if infinite {
                make_some_infinite(house);
            }
        }
        let before = answers(&moved);
        compact(&moved, run);
        same(answers(&moved), &before);
        for house in [&plain, &moved] {
            for report in &second {
                house.add(&report.events());
            }
        }
        // Rewritten and late points lie over chunks now.
        let expected = without_receipt(answers(&plain));
        let before = answers(&moved);
        same(without_receipt(before.clone()), &expected);
        compact(&moved, run);
        same(answers(&moved), &before);
        prop_assert_eq!(compact(&moved, run), 0, "nothing is moved twice");
        let findings = crate::store::inspect(&moved.0.path().join("roundhouse.db")).unwrap();
        prop_assert_eq!(findings, Vec::<String>::new());
        let deleted = |house: &House| house.ok("delete_for_task", json!({"task": "t"}));
        prop_assert_eq!(deleted(&moved), deleted(&plain));
        for table in ["scalar", "scalar_chunk", "scalar_values", "scalar_marks"] {
            prop_assert_eq!(count(&moved, table), 0, "{}", table);
        }
    }
}

fn line(range: std::ops::Range<i64>) -> Vec<Value> {
    range.map(|iter| scalar("m", "v", iter, iter as f64 / 7.0)).collect()
}

#[test]
fn full_runs_leave_the_tail_and_the_rest_follows_when_it_is_quiet() {
    let house = House::open();
    house.add(&line(0..10_000));
    house.0.app.store.backlog.take_all();
    house.add(&line(10_000..10_001));
    house.add(&line(0..9_000));
    crate::domain::events::compact(&house.0.app, &|| false).unwrap();
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_chunk")), (10_001 - 2 * 4_096, 2));
    assert_eq!(compact(&house, 4_096), 10_001 - 2 * 4_096);
    // They join the last chunk: half a run more is no reason for one of their own.
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_chunk")), (0, 2));
    house.add(&line(10_001..11_000));
    assert_eq!(compact(&house, 4_096), 999);
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_chunk")), (0, 3));
    house.add(&line(11_000..11_002));
    assert_eq!(compact(&house, 4_096), 2);
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_chunk")), (0, 3));
    // A new series with a handful of points stays where it is.
    house.add(&[scalar("m", "w", 0, 1.0)]);
    assert_eq!(compact(&house, 4_096), 0);
}

#[test]
fn late_points_are_folded_in() {
    let house = House::open();
    house.add(&line(0..4_096));
    compact(&house, 4_096);
    house.add(&[scalar("m", "v", 17, -1.0), scalar("m", "v", 4_000, -2.0)]);
    assert_eq!(compact(&house, 4_096), 2);
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_chunk")), (0, 1));
    let values = field(&json!(house.events("t", "*")), "value");
    assert_eq!((&values[17], &values[18], &values[4_000]), (&json!(-1.0), &json!(18.0 / 7.0), &json!(-2.0)));
}

#[test]
fn what_is_reported_while_a_run_moves_stays_and_wins() {
    let house = House::open();
    house.add(&line(0..200));
    let store = &house.0.app.store;
    store.find_backlog().unwrap();
    let [due] = store.backlog.take_all()[..] else { panic!("one series") };
    let moved =
        store.compact_after(due, || house.add(&[scalar("m", "v", 50, -5.0), scalar("m", "v", 300, 3.0)]));
    assert_eq!(moved.unwrap().points, 199);
    assert_eq!(count(&house, "scalar"), 2);
    let events = house.events("t", "*");
    assert_eq!((events.len(), &events[50]["value"], &events[200]["value"]), (201, &json!(-5.0), &json!(3.0)));
    // A task that is reset meanwhile takes all of it along.
    house.add(&line(400..600));
    let moved = store.compact_after(due, || drop(house.ok("delete_for_task", json!({"task": "t"}))));
    assert_eq!(moved.unwrap().points, 0);
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_values")), (0, 0));
}

#[test]
fn a_swap_that_fails_changes_nothing() {
    let house = House::open();
    house.task("u", json!({}));
    house.add(&line(0..5_000));
    let before = answers(&house);
    // The last statement of a swap fails, after the chunk was written.
    house.0.sql("CREATE TRIGGER broken BEFORE DELETE ON scalar BEGIN SELECT raise(ABORT, 'no'); END", []);
    let store = &house.0.app.store;
    assert!(crate::domain::events::compact(&house.0.app, &|| false).is_err());
    assert_eq!((count(&house, "scalar"), count(&house, "scalar_values")), (5_000, 0));
    same(answers(&house), &before);
    house.0.sql("DROP TRIGGER broken", []);
    assert!(!store.backlog.take_due(std::time::Instant::now()).is_empty(), "it is tried again");
}

#[test]
fn work_that_is_asked_to_stop_stops() {
    let house = House::open();
    house.add(&line(0..9_000));
    crate::domain::events::compact(&house.0.app, &|| true).unwrap();
    assert_eq!(count(&house, "scalar_chunk"), 0);
}

#[test]
fn a_purged_tenant_takes_its_chunks_along_and_nobody_elses() {
    let house = House::open();
    house.task("u", json!({}));
    house.add(&line(0..9_000));
    let of_u = |iter: i64| {
        let mut event = scalar("m", "v", iter, 1.0);
        event["task"] = json!("u");
        event
    };
    house.add(&(0..5_000).map(of_u).collect::<Vec<_>>());
    compact(&house, 64);
    let all = count(&house, "scalar_chunk");
    house.0.tenant("zeta");
    house.0.sql("UPDATE task SET company = 'zeta' WHERE id = 'u'", []);
    let (store, acme) = (&house.0.app.store, crate::types::CompanyId::from("acme"));
    let scope = crate::store::Scope::tenant(acme.clone());
    let mut purge = store.read(&scope, |snapshot| snapshot.begin_purge(&acme)).unwrap();
    let mut turns = 0;
    while let Some(turn) = store.read(&scope, |snapshot| snapshot.next_turn(&mut purge)).unwrap() {
        let gone = store.write(&scope, crate::store::Lane::Events, |tx| tx.purge_turn(&acme, &turn)).unwrap();
        assert!(gone > 0, "{turn:?}");
        turns += 1;
    }
    assert!(turns > 3, "in short turns");
    let left = house.0.value::<i64>("SELECT sum(points) FROM scalar_chunk", []).unwrap();
    assert_eq!((left, count(&house, "scalar"), count(&house, "event_owner")), (5_000, 0, 1));
    assert!(count(&house, "scalar_chunk") < all);
    for table in ["scalar_values", "scalar_marks"] {
        assert_eq!(count(&house, table), count(&house, "scalar_chunk"), "{table}");
    }
    let findings = crate::store::inspect(&house.0.path().join("roundhouse.db")).unwrap();
    assert_eq!(findings, Vec::<String>::new());
}
