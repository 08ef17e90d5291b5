//! Chunks that a disk has damaged.

use super::*;

/// Two curves of 5,000 points in chunks, of which `damage` (SQL) hits some.
fn damaged(damage: &str) -> (House, Vec<String>) {
    let house = House::open();
    house.add(&line(0..5_000));
    house.add(&(0..5_000).map(|iter| scalar("m", "w", iter, 1.0)).collect::<Vec<_>>());
    compact(&house, 4_096);
    let path = house.0.path().join("roundhouse.db");
    assert_eq!(crate::store::inspect(&path).unwrap(), Vec::<String>::new());
    assert!(house.0.sql(damage, []) > 0);
    let findings = crate::store::inspect(&path).unwrap();
    (house, findings)
}

/// Series `v` is the first one.
const OF_V: &str = "(SELECT id FROM scalar_chunk WHERE series = (SELECT min(series) FROM scalar_chunk))";

#[test]
fn damage_is_an_error_of_one_series_and_the_doctor_names_it() {
    let (house, findings) =
        damaged(&format!("UPDATE scalar_values SET data = zeroblob(length(data)) WHERE id IN {OF_V}"));
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    for part in
        [r#""t""#, r#"metric "m""#, r#"variant "v""#, "iterations 0 to 4999", "checksum", "restore a backup"]
    {
        assert!(finding.contains(part), "{part}: {finding}");
    }
    // What the head knows is still known.
    let of = |variant: &str, samples: i64| json!({"task": "t", "samples": samples, "metrics": [{"metric": "m", "variants": [variant]}]});
    assert_eq!(house.ok("scalar_metrics_iter_histogram", of("v", 1))["m"]["v"]["x"], json!([0]));
    for samples in [3, 6_000] {
        assert_eq!(house.err("scalar_metrics_iter_histogram", of("v", samples)), (500, 101), "{samples}");
        // The chart of everything has everything else.
        let all = house.ok("scalar_metrics_iter_histogram", json!({"task": "t", "samples": samples}));
        assert_eq!(all, house.ok("scalar_metrics_iter_histogram", of("w", samples)));
        assert!(all["m"]["v"].is_null() && all["m"]["w"]["y"][0] == 1.0);
    }
    house.task("u", json!({}));
    let several = json!({"tasks": ["u", "t"]});
    let several = house.ok("multi_task_scalar_metrics_iter_histogram", several);
    assert!(several["metrics"]["m"]["v"].is_null() && several["metrics"]["m"]["w"]["t"]["x"][0] == 0);
    // Half an export would be worse than none.
    let raw = |variant: &str| json!({"task": "t", "metric": {"metric": "m", "variants": [variant]}});
    assert_eq!(house.err("scalar_metrics_iter_raw", raw("v")), (500, 101));
    assert_eq!(house.ok("scalar_metrics_iter_raw", raw("w"))["returned"], 5_000);
    assert_eq!(house.err("get_task_events", json!({"task": "t"})), (500, 101));
}

#[test]
fn damage_stops_neither_reports_nor_the_moving_of_other_series() {
    let (house, _) = damaged(&format!("UPDATE scalar_values SET data = zeroblob(7) WHERE id IN {OF_V}"));
    // Late points of `v` belong into the damaged chunk; those of `w` into a sound one.
    house.add(&(100..4_300).map(|iter| scalar("m", "v", iter, 2.0)).collect::<Vec<_>>());
    house.add(&(100..4_300).map(|iter| scalar("m", "w", iter, 2.0)).collect::<Vec<_>>());
    let tail = || {
        house.0.value::<i64>("SELECT count(*) FROM scalar WHERE series IN (SELECT max(id) FROM series)", [])
    };
    for _ in 0..2 {
        crate::domain::events::compact(&house.0.app, &|| false).unwrap();
    }
    assert_eq!((count(&house, "scalar") - tail().unwrap(), tail().unwrap()), (4_200, 0));
    let again = house.0.app.store.backlog.take_due(std::time::Instant::now());
    assert_eq!(again, [], "it is not tried again and again");
    house.add(&(4_300..8_500).map(|iter| scalar("m", "v", iter, 2.0)).collect::<Vec<_>>());
    assert_eq!(house.0.app.store.backlog.take_due(std::time::Instant::now()), []);
}

#[test]
fn damaged_points_can_be_deleted() {
    for damage in [
        format!("UPDATE scalar_values SET data = zeroblob(7) WHERE id IN {OF_V}"),
        format!("UPDATE scalar_chunk SET head = zeroblob(9) WHERE id IN {OF_V}"),
        format!("DELETE FROM scalar_values WHERE id IN {OF_V}"),
        format!("UPDATE scalar_marks SET times = x'' WHERE id IN {OF_V}"),
        format!("UPDATE scalar_chunk SET points = 7 WHERE id IN {OF_V}"),
    ] {
        let (house, findings) = damaged(&damage);
        assert_eq!(findings.len(), 1, "{damage}: {findings:?}");
        house.add(&[scalar("m", "v", 17, 1.0)]);
        let deleted = house.ok("delete_for_task", json!({"task": "t"}))["deleted"].as_i64().unwrap();
        // A rewritten point of a damaged chunk may count twice; `points` itself may be what is damaged.
        assert!((5_000..=10_001).contains(&deleted), "{damage}: {deleted}");
        for table in ["scalar", "scalar_chunk", "scalar_marks"] {
            assert_eq!(count(&house, table), 0, "{damage}: {table}");
        }
        house.add(&line(0..10));
        assert_eq!(house.events("t", "*").len(), 10);
    }
}
