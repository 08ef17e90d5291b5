//! What readers answer is what the points say: computed anew from reports, whatever was moved or deleted between.

use std::collections::BTreeMap;

use super::*;

/// What may happen to a task's curves.
#[derive(Clone, Debug)]
enum Step {
    Report(Report),
    Compact(usize),
    DeleteEvents,
    Reset,
}

fn any_step() -> impl Strategy<Value = Step> {
    let report = any_report().prop_map(|mut report| {
        // Multiples of an eighth: their sums have no rounding, so a plain sum is the right one.
        for value in report.values.iter_mut().flatten() {
            *value = if value.abs() <= 1e3 { (*value * 8.0).round() / 8.0 } else { 0.5 };
        }
        Step::Report(report)
    });
    prop_oneof![
        10 => report,
        5 => prop_oneof![Just(8_usize), Just(33), Just(256)].prop_map(Step::Compact),
        1 => Just(Step::DeleteEvents),
        1 => Just(Step::Reset),
    ]
}

/// The points themselves, and answers computed from them as the specification says, in the plainest way.
#[derive(Default)]
struct Model(BTreeMap<(String, bool), Curve>);

/// Values and times by iteration.
type Curve = BTreeMap<i64, (Option<f64>, i64)>;

impl Model {
    fn report(&mut self, report: &Report) {
        for event in report.events() {
            let series = (event["variant"].as_str().unwrap().to_owned(), report.keyed);
            // The database knows no negative zero.
            let value = event["value"].as_f64().map(|value| value + 0.0);
            let point = (value, event["timestamp"].as_i64().unwrap());
            self.0.entry(series).or_default().insert(event["iter"].as_i64().unwrap(), point);
        }
    }

    /// `scalar_metrics_iter_histogram` (spec/events.md 5.1), each series with its own interval.
    fn chart(&self, key: &str, samples: i64) -> Value {
        let mut variants = serde_json::Map::new();
        for variant in ["v", "w", "x"] {
            let of_variant = self.0.iter().filter(|((name, _), _)| name == variant);
            let mut points: Vec<(i64, Option<f64>)> = of_variant
                .flat_map(|(_, points)| points)
                .filter(|(iteration, _)| **iteration > -2_147_483_648)
                .map(|(iteration, (value, time))| (if key == "iter" { *iteration } else { *time }, *value))
                .collect();
            points.sort_by_key(|(x, _)| *x);
            let Some((first, last)) = points.first().zip(points.last()).map(|(a, b)| (a.0, b.0)) else {
                continue;
            };
            let few = (points.len() as i64) < samples;
            let interval = if few { 1 } else { ((last - first + samples) / samples).max(1) };
            let buckets: Vec<(i64, Option<f64>)> = points
                .chunk_by(|a, b| a.0.div_euclid(interval) == b.0.div_euclid(interval))
                .map(|bucket| {
                    let values: Vec<f64> = bucket.iter().filter_map(|point| point.1).collect();
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    (bucket[0].0.div_euclid(interval) * interval, (!values.is_empty()).then_some(mean))
                })
                .collect();
            let (x, y): (Vec<i64>, Vec<Option<f64>>) = buckets.into_iter().unzip();
            variants.insert(variant.to_owned(), json!({"name": variant, "x": x, "y": y}));
        }
        if variants.is_empty() { json!({}) } else { json!({"m": variants}) }
    }

    /// Variant, iteration, time and value of all points, in any order.
    fn points(&self) -> Vec<String> {
        let of_series = self.0.iter().flat_map(|((variant, _), points)| {
            points
                .iter()
                .map(move |(iteration, (value, time))| format!("{variant} {iteration} {time} {value:?}"))
        });
        let mut points: Vec<String> = of_series.collect();
        points.sort();
        points
    }

    fn single_values(&self) -> Vec<String> {
        self.points().into_iter().filter(|point| point.contains(" -2147483648 ")).collect()
    }
}

fn points_of(house: &House) -> Vec<String> {
    let request = json!({"task": "t", "event_type": "training_stats_scalar", "batch_size": 100});
    let mut points = Vec::new();
    for page in pages(house, "get_task_events", request) {
        for event in page["events"].as_array().unwrap() {
            points.push(format!(
                "{} {} {} {:?}",
                event["variant"].as_str().unwrap(),
                event["iter"],
                event["timestamp"],
                event["value"].as_f64()
            ));
        }
    }
    points.sort();
    points
}

fn single_values_of(house: &House) -> Vec<String> {
    let answer = house.ok("get_task_single_value_metrics", json!({"tasks": ["t"]}));
    let values = answer["tasks"][0]["values"].as_array().cloned().unwrap_or_default();
    let mut values: Vec<String> = values
        .iter()
        .map(|one| {
            let variant = one["variant"].as_str().unwrap();
            format!("{variant} -2147483648 {} {:?}", one["timestamp"], one["value"].as_f64())
        })
        .collect();
    values.sort();
    values
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_what_the_points_say(steps in prop::collection::vec(any_step(), 1..16)) {
        let house = House::open();
        let mut model = Model::default();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Report(report) => {
                    house.add(&report.events());
                    model.report(report);
                }
                Step::Compact(run) => drop(compact(&house, *run)),
                Step::DeleteEvents => {
                    let deleted = house.ok("delete_for_task", json!({"task": "t"}));
                    prop_assert_eq!(&deleted["deleted"], &json!(model.points().len()));
                    model = Model::default();
                }
                Step::Reset => {
                    house.ann().ok("tasks.reset", json!({"task": "t", "force": true}));
                    model = Model::default();
                }
            }
            for key in ["iter", "timestamp"] {
                for samples in [3, 40, 6_000] {
                    let request = json!({"task": "t", "key": key, "samples": samples});
                    let found = house.ok("scalar_metrics_iter_histogram", request);
                    let difference = difference(&found, &model.chart(key, samples));
                    prop_assert_eq!(difference, None, "{} {} after step {}", key, samples, at);
                }
            }
            prop_assert_eq!(points_of(&house), model.points(), "after step {}", at);
            prop_assert_eq!(single_values_of(&house), model.single_values(), "after step {}", at);
        }
        house.ann().ok("tasks.delete", json!({"task": "t", "force": true}));
        for table in ["scalar", "scalar_chunk", "scalar_values", "scalar_marks", "series", "event_batch"] {
            prop_assert_eq!(count(&house, table), 0, "{}", table);
        }
    }
}
