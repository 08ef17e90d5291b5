//! A second opinion: the same query evaluated plainly in memory, held against the SQL on random documents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{cmp::Ordering, sync::Arc};

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{
    TASK,
    ast::{Bound, Comparison, Condition, Filter, Join, List, OrderBy, OrderKey, Part, Query, Range, Window},
    collation::natural,
    list,
    pattern::Pattern,
};
use crate::store::documents::tests::{database, insert, page, scope};

/// What a field holds: its elements, and whether it holds nothing.
struct Held {
    values: Vec<Value>,
    empty: bool,
}

fn held(task: &Value, path: &[String]) -> Held {
    let mut value = task.clone();
    for part in path {
        value = match value {
            Value::Array(items) => items.iter().map(|item| item[part.as_str()].clone()).collect(),
            other => other.get(part).cloned().unwrap_or(Value::Null),
        };
    }
    match value {
        Value::Null => Held { values: vec![], empty: true },
        // A list in `runtime` is one value, any other list is its elements.
        Value::Array(items) if path[0] != "runtime" => Held { empty: items.is_empty(), values: items },
        other => Held { values: vec![other], empty: false },
    }
}

impl Held {
    fn has(&self, wanted: &str) -> bool {
        self.values.iter().any(|value| value == wanted)
    }

    fn has_any(&self, wanted: &[String]) -> bool {
        wanted.iter().any(|wanted| self.has(wanted))
    }

    fn has_all(&self, wanted: &[String]) -> bool {
        wanted.iter().all(|wanted| self.has(wanted))
    }
}

fn holds(task: &Value, condition: &Condition) -> bool {
    match condition {
        Condition::Any(conditions) => conditions.iter().any(|condition| holds(task, condition)),
        Condition::All(conditions) => conditions.iter().all(|condition| holds(task, condition)),
        Condition::List(path, wanted) => in_list(&held(task, path), wanted),
        Condition::Filter(path, wanted) => passes(&held(task, path), wanted),
        Condition::Without(path, unwanted) => !held(task, path).has_any(unwanted),
        Condition::Range(path, range) => in_range(&held(task, path), range),
        Condition::Compare(path, comparisons) => held(task, path).values.first().is_some_and(|value| {
            comparisons.iter().all(|(operator, time)| {
                let order = value.as_i64().unwrap().cmp(time);
                match operator {
                    Comparison::Equal => order.is_eq(),
                    Comparison::Less => order.is_lt(),
                    Comparison::AtMost => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::AtLeast => order.is_ge(),
                }
            })
        }),
        Condition::Equals(path, wanted) => held(task, path).values.first() == Some(wanted),
        Condition::Matches(path, pattern) => held(task, path)
            .values
            .iter()
            .any(|value| value.as_str().is_some_and(|text| pattern.is_match(text).unwrap())),
    }
}

fn in_list(held: &Held, list: &List) -> bool {
    let buckets = [
        (!list.any.is_empty()).then(|| held.has_any(&list.any)),
        (!list.all.is_empty()).then(|| held.has_all(&list.all)),
        (!list.none.is_empty()).then(|| !held.has_any(&list.none)),
    ];
    let mut buckets = buckets.into_iter().flatten().peekable();
    let joined = match (buckets.peek(), list.join) {
        (None, _) => !list.or_empty,
        (_, Join::And) => buckets.all(|holds| holds),
        (_, Join::Or) => buckets.any(|holds| holds),
    };
    joined || list.or_empty && held.empty
}

fn passes(held: &Held, filter: &Filter) -> bool {
    let emptiness = |part: &Part| [part.empty.then_some(held.empty), part.not_empty.then_some(!held.empty)];
    let mut parts = vec![];
    if let Some(part) = &filter.any {
        let lists = [
            (!part.include.is_empty()).then(|| held.has_any(&part.include)),
            (!part.exclude.is_empty()).then(|| !held.has_all(&part.exclude)),
        ];
        parts.push(lists.into_iter().chain(emptiness(part)).flatten().any(|holds| holds));
    }
    if let Some(part) = &filter.all {
        let lists = [
            (!part.include.is_empty()).then(|| held.has_all(&part.include)),
            (!part.exclude.is_empty()).then(|| !held.has_any(&part.exclude)),
        ];
        parts.push(lists.into_iter().chain(emptiness(part)).flatten().all(|holds| holds));
    }
    match filter.join {
        Join::And => parts.iter().all(|holds| *holds),
        Join::Or => parts.iter().any(|holds| *holds),
    }
}

fn in_range(held: &Held, range: &Range) -> bool {
    let value = held.values.first().and_then(Value::as_f64);
    let limit = |bound: Bound, fits: fn(f64, f64) -> bool| match (bound, value) {
        (Bound::Open, _) => true,
        (Bound::Unreadable, value) => value.is_none(),
        (_, None) => false,
        (Bound::Integer(limit), Some(value)) => fits(value, limit as f64),
        (Bound::Real(limit), Some(value)) => fits(value, limit),
    };
    let inside =
        limit(range.min, |value, limit| value >= limit) && limit(range.max, |value, limit| value <= limit);
    inside || range.min == Bound::Open && value.is_none()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Object(_) => 3,
        Value::Array(_) => 4,
        Value::Bool(_) => 5,
    }
}

fn compare(a: &Value, b: &Value, numeric: bool) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Value::String(a), Value::String(b)) if numeric => natural(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => a.to_string().cmp(&b.to_string()),
    })
}

fn order(a: &Value, b: &Value, query: &Query) -> Ordering {
    for (position, key) in query.order.iter().enumerate() {
        let OrderBy::Field(path) = &key.by else { panic!("only fields") };
        let compare = |a: &Value, b: &Value| compare(a, b, query.natural);
        let pick = |task: &Value| {
            let values = held(task, path).values.into_iter();
            let picked = if key.descending { values.max_by(compare) } else { values.min_by(compare) };
            picked.unwrap_or(Value::Null)
        };
        let (a, b) = (pick(a), pick(b));
        let nothing = |value: &Value| value.is_null() || *value == "" || *value == json!([]);
        let mut result = if position == 0 { nothing(&a).cmp(&nothing(&b)) } else { Ordering::Equal };
        result = result.then_with(|| if key.descending { compare(&b, &a) } else { compare(&a, &b) });
        if result.is_ne() {
            return result;
        }
    }
    Ordering::Equal
}

fn tag() -> impl Strategy<Value = String> + Clone {
    select(&["a", "b", "-b", "x10", "x9"][..]).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Value> {
    let values = [
        json!(1),
        json!(1.5),
        json!(true),
        json!(false),
        json!("1"),
        json!(""),
        json!([]),
        json!([1]),
        json!({"k": 1}),
    ];
    select(values.to_vec())
}

fn task() -> impl Strategy<Value = Value> {
    let texts = option::of(select(&["", "Alpha", "beta 2", "beta 10", "a.b"][..]));
    (
        vec(tag(), 0..3),
        select(&["created", "queued", "failed"][..]),
        option::of(tag()),
        texts,
        option::of(0..4i64),
        option::of(select(&["1", "02", "2", "11", "a", ""][..])),
        option::of(any_value()),
        vec(tag(), 0..2),
    )
        .prop_map(|(tags, status, parent, comment, started, param, runtime, models)| {
            json!({
                "tags": tags, "status": status, "parent": parent, "comment": comment, "started": started,
                "active_duration": started,
                "hyperparams": param.map_or(json!({}), |value| json!({"S": {"p q": {"value": value}}})),
                "runtime": runtime.map_or(json!({}), |value| json!({"v \"1\"": value})),
                "models": {"input": models.into_iter().map(|model| json!({"model": model})).collect::<Vec<_>>()},
            })
        })
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn list_field() -> impl Strategy<Value = Vec<String>> {
    select(&["tags", "status", "parent", "hyperparams.S.p q.value", "models.input.model"][..]).prop_map(path)
}

fn condition() -> impl Strategy<Value = Condition> {
    let items = select(vec![
        json!(null),
        json!("a"),
        json!("b"),
        json!("-b"),
        json!("-a"),
        json!("queued"),
        json!("1"),
        json!("__$not"),
        json!("__$all"),
        json!("__$or"),
        json!("__$nop"),
    ]);
    let list = (list_field(), vec(items, 1..6)).prop_filter_map("a valid list", |(path, items)| {
        Some(Condition::List(path, list::parse("f", &Value::Array(items)).ok()??))
    });
    let part = (vec(tag(), 0..3), vec(tag(), 0..3), any::<bool>(), any::<bool>())
        .prop_map(|(include, exclude, empty, not_empty)| Part { include, exclude, empty, not_empty })
        .prop_filter("a part says something", |part| *part != Part::default());
    let filter = (list_field(), option::of(part.clone()), option::of(part), any::<bool>()).prop_filter_map(
        "a filter says something",
        |(path, any, all, or)| {
            let said = any.is_some() || all.is_some();
            said.then(|| {
                Condition::Filter(path, Filter { any, all, join: if or { Join::Or } else { Join::And } })
            })
        },
    );
    let bound = prop_oneof![
        Just(Bound::Open),
        Just(Bound::Unreadable),
        (0..4i64).prop_map(Bound::Integer),
        (0..4i64).prop_map(|limit| Bound::Real(limit as f64 + 0.5)),
    ];
    let number = select(&["started", "active_duration"][..]).prop_map(path);
    let range = (number, bound.clone(), bound)
        .prop_map(|(path, min, max)| Condition::Range(path, Range { min, max }));
    let operator = select(vec![
        Comparison::Equal,
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ]);
    let compare = vec((operator, 0..4i64), 1..3).prop_map(|all| Condition::Compare(path("started"), all));
    let equals =
        any_value().prop_map(|value| Condition::Equals(vec!["runtime".into(), "v \"1\"".into()], value));
    let text = select(&["comment", "tags", "parent", "hyperparams.S.p q.value", "models.input.model"][..])
        .prop_map(path);
    let matches = (text, select(&["^beta", "a", "^a\\.b$", "^(?!beta)", "1", "^$"][..]), any::<bool>())
        .prop_map(|(path, source, fold)| {
            Condition::Matches(path, Arc::new(Pattern::new(source, fold).unwrap()))
        });
    let without =
        (list_field(), vec(tag(), 1..3)).prop_map(|(path, values)| Condition::Without(path, values));
    let leaf = prop_oneof![list, filter, range, compare, equals, matches, without];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Condition::Any),
            vec(inner, 0..3).prop_map(Condition::All),
        ]
    })
}

fn order_keys() -> impl Strategy<Value = Vec<OrderKey>> {
    let fields =
        ["status", "started", "comment", "tags", "parent", "hyperparams.S.p q.value", "runtime.v \"1\""];
    let key = (select(fields.to_vec()), any::<bool>())
        .prop_map(|(field, descending)| OrderKey { by: OrderBy::Field(path(field)), descending });
    vec(key, 0..3).prop_map(|mut keys| {
        keys.push(OrderKey { by: OrderBy::Field(path("id")), descending: false });
        keys
    })
}

#[test]
fn sql_agrees_with_a_plain_evaluation() {
    let conn = database();
    let case = (vec(task(), 1..10), vec(condition(), 1..3), order_keys(), any::<bool>());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(&case, |(mut tasks, conditions, order_by, natural)| {
        conn.execute("DELETE FROM task", []).unwrap();
        for (position, task) in tasks.iter_mut().enumerate() {
            let task = task.as_object_mut().unwrap();
            task.insert("id".into(), format!("T{position}").into());
            let mut row = task.clone();
            let models = row.remove("models").unwrap();
            row.insert("models_input".into(), models["input"].clone());
            insert(&conn, "task", Value::Object(row));
        }
        let query =
            Query { conditions, text: None, order: order_by, natural, window: Window::All, public: true };
        let mut expected: Vec<&Value> = tasks
            .iter()
            .filter(|task| query.conditions.iter().all(|condition| holds(task, condition)))
            .collect();
        expected.sort_by(|a, b| order(a, b, &query));
        let expected: Vec<&str> = expected.iter().map(|task| task["id"].as_str().unwrap()).collect();

        let mut select = super::matching(&TASK, &scope(), &query);
        select.column((super::DOCUMENT, "id"));
        super::ordered(&TASK, &query, &mut select);
        let (sql, values) = super::build(&select).unwrap();
        let mut statement = conn.prepare(&sql).unwrap();
        let found =
            statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(0)).unwrap();
        let found: Vec<String> = found.collect::<rusqlite::Result<_>>().unwrap();
        prop_assert_eq!(&found, &expected, "{}", sql);

        // The same in parts and, where the order allows it, found in the order of the values.
        for few in [0, 2, 1_000] {
            let mut pages = Vec::new();
            for start in (0..12).step_by(3) {
                pages.extend(page(&conn, &scope(), &TASK, &query, (start, Some(3)), few).unwrap());
            }
            prop_assert_eq!(&pages, &expected, "up to {}", few);
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
