//! Tenants do not exist for each other (spec/governance.md 8.4): a generated test over the whole endpoint table.
//!
//! Two tenants of the same making share a database. For every endpoint, somebody of one tenant makes the owner's call
//! with the owner's ids, one of them at a time exchanged for the other tenant's, and again for ids of nothing at all. The
//! two answers must be equal, byte for byte, once ids, times and fresh numbers are taken out, and nothing of the other
//! tenant may have changed. First the owner's own call must succeed: a refusal for another reason would prove nothing.
//! Calls without ids must answer as if the other tenant were not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod scrolls;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::{
    cases::CASES,
    world::{Ids, Opened, Side, World},
};
use super::{front_door::Visitor, schema, table};
use crate::{
    domain::operations::{self, Access},
    types::new_id,
};

/// Names of ids in a template: `"$task"`.
fn names(template: &Value) -> BTreeSet<String> {
    match template {
        Value::String(text) => text.strip_prefix('$').map(str::to_owned).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(map) => map.values().flat_map(names).collect(),
        _ => BTreeSet::new(),
    }
}

fn filled(template: &Value, ids: &Ids) -> Value {
    match template {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => ids[name].as_str().into(),
            None => template.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, ids)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), filled(value, ids))).collect(),
        other => other.clone(),
    }
}

/// An id of nothing, of the same shape as a real one.
fn nothing_like(id: &str) -> String {
    let fresh = new_id();
    if id.contains('@') {
        return format!("{fresh}@mail.example");
    }
    match id.split_once("//") {
        Some(_) => format!("http://{fresh}/net"),
        None if id.len() == 30 => fresh[..30].to_uppercase(),
        None => fresh,
    }
}

/// An answer without what differs between any two calls.
fn comparable(answer: &str, probes: &[&String]) -> String {
    let mut text = answer.to_owned();
    for probe in probes {
        text = text.replace(probe.as_str(), "PROBE");
    }
    let patterns = [
        (r"[0-9a-f]{32}", "ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\x22]*", "TIME"),
        (r"1[789]\d{8}(\d{3})?", "TIME"),
        (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN"),
        (r#""(access_key|secret_key)":"[^"]*""#, "KEY"),
    ];
    for (pattern, word) in patterns {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
    }
    text
}

/// Calls that older clients make; newer ones are told that they moved.
const OLD: [&str; 2] = ["models.get_by_task_id", "models.update_for_task"];

/// Somebody of a side, who speaks a version that has the endpoint.
fn caller<'a>(world: &'a Opened, side: Side, endpoint: &str) -> Visitor<'a> {
    let visitor = world.visitor(side);
    if OLD.contains(&endpoint) { visitor.at(2, 9) } else { visitor }
}

/// Calls that only the platform's identities make have no owner among tenants.
fn is_the_platforms(endpoint: &str) -> bool {
    let access = operations::find(endpoint).unwrap().access;
    matches!(access, Access::SystemOnly | Access::Operators)
}

fn check(worlds: &World, endpoint: &str, template: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let (acme, beta) = (worlds.ids(Side::Acme), worlds.ids(Side::Beta));
    // The control: whose things they are can make this very call. What is to be taken back must be public first.
    let world = worlds.open();
    let owner = caller(&world, Side::Acme, endpoint);
    if let Some(service) = endpoint.strip_suffix(".make_private") {
        owner.ok(&format!("{service}.make_public"), filled(template, acme));
    }
    if let Err(error) = owner.raw(endpoint, &filled(template, acme)) {
        return vec![format!("{endpoint}: the owner's own call fails: {error}")];
    }
    let names = names(template);
    if names.is_empty() {
        let ask = |alone: bool| {
            let world = if alone { worlds.open_alone() } else { worlds.open() };
            let answer = caller(&world, Side::Beta, endpoint).raw(endpoint, &filled(template, beta));
            comparable(&answer.unwrap_or_else(|error| error), &[])
        };
        let (alone, together) = (ask(true), ask(false));
        if alone != together {
            wrong.push(format!(
                "{endpoint}: the other tenant shows.\n  alone    {alone}\n  together {together}"
            ));
        }
        return wrong;
    }
    let mut mixtures: Vec<Vec<&String>> = names.iter().map(|name| vec![name]).collect();
    if names.len() > 1 {
        mixtures.push(names.iter().collect());
    }
    for exchanged in mixtures {
        let ask = |foreign: bool| {
            let mut ids = beta.clone();
            let mut probes = Vec::new();
            for name in &exchanged {
                let id = if foreign { acme[*name].clone() } else { nothing_like(&acme[*name]) };
                probes.push(id.clone());
                ids.insert((*name).clone(), id);
            }
            let world = worlds.open();
            let answer = caller(&world, Side::Beta, endpoint).raw(endpoint, &filled(template, &ids));
            let touched = worlds.difference(&world);
            let probes: Vec<&String> = probes.iter().collect();
            (comparable(&answer.unwrap_or_else(|error| error), &probes), touched)
        };
        let (foreign, touched) = ask(true);
        let (nothing, _) = ask(false);
        if foreign != nothing {
            wrong.push(format!("{endpoint} with {exchanged:?}:\n  foreign {foreign}\n  nothing {nothing}"));
        }
        if !touched.is_empty() {
            wrong.push(format!("{endpoint} with {exchanged:?} changes the other tenant's {touched:?}"));
        }
    }
    wrong
}

/// Endpoints that colleagues of other parts add and nobody described here yet: every field that their schema has gets
/// each of the ids in turn. There is no control, so this is the weaker half of the test.
fn probe_by_schema(worlds: &World, endpoint: &str) -> Vec<String> {
    let Some(schema) = schema::request_json(endpoint) else { return Vec::new() };
    let fields: Vec<(String, bool)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, field)| match field["type"].as_str() {
            Some("string") => Some((name.clone(), false)),
            Some("array") if field["items"]["type"] == "string" => Some((name.clone(), true)),
            _ => None,
        })
        .collect();
    let mut wrong = Vec::new();
    for (_, id) in worlds
        .ids(Side::Acme)
        .iter()
        .filter(|(name, _)| ["task", "user", "project", "key"].contains(&name.as_str()))
    {
        let ask = |id: &String| {
            let body: serde_json::Map<String, Value> = fields
                .iter()
                .map(|(name, list)| {
                    (name.clone(), if *list { vec![id.clone()].into() } else { id.as_str().into() })
                })
                .collect();
            let answer = worlds.open().visitor(Side::Beta).raw(endpoint, &Value::Object(body));
            comparable(&answer.unwrap_or_else(|error| error), &[id])
        };
        let (foreign, nothing) = (ask(id), ask(&nothing_like(id)));
        if foreign != nothing {
            wrong.push(format!("{endpoint} by its schema:\n  foreign {foreign}\n  nothing {nothing}"));
        }
    }
    wrong
}

fn check_services(services: &[&str]) {
    let worlds = World::make();
    let cases: BTreeMap<&str, &str> = CASES.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for endpoint in table::all().filter(|endpoint| seen.insert(endpoint.name)) {
        let service = endpoint.name.split('.').next().unwrap();
        if !services.contains(&service) {
            continue;
        }
        if is_the_platforms(endpoint.name) {
            let refused =
                worlds.open().visitor(Side::Beta).raw(endpoint.name, &Value::Object(Default::default()));
            if !refused.is_err_and(|error| error.starts_with("403/20")) {
                wrong.push(format!("{}: an administrator of a tenant gets through", endpoint.name));
            }
            continue;
        }
        if scrolls::ENDPOINTS.contains(&endpoint.name) {
            continue;
        }
        match cases.get(endpoint.name) {
            Some(template) => {
                let template: Value = serde_json::from_str(template)
                    .unwrap_or_else(|error| panic!("{}: {error} in {template}", endpoint.name));
                wrong.extend(check(&worlds, endpoint.name, &template));
            }
            None => wrong.extend(probe_by_schema(&worlds, endpoint.name)),
        }
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

/// Services with a test of their own below; all others are in the last one.
const BIG: [&[&str]; 6] = [
    &["events"],
    &["models"],
    &["projects", "organization"],
    &["queues", "workers", "serving"],
    &["reports", "pipelines"],
    &["tasks"],
];

#[test]
fn case_b19_b20_events() {
    check_services(BIG[0]);
}

#[test]
fn case_b19_b20_models() {
    check_services(BIG[1]);
}

#[test]
fn case_b19_b20_projects_and_organization() {
    check_services(BIG[2]);
}

#[test]
fn case_b19_b20_queues_workers_and_serving() {
    check_services(BIG[3]);
}

#[test]
fn case_b19_b20_reports_and_pipelines() {
    check_services(BIG[4]);
}

#[test]
fn case_b19_b20_tasks() {
    check_services(BIG[5]);
}

#[test]
fn case_b19_b20_everything_else() {
    let big: BTreeSet<&str> = BIG.iter().flat_map(|services| services.iter().copied()).collect();
    let services: BTreeSet<&str> = table::all()
        .map(|endpoint| endpoint.name.split('.').next().unwrap())
        .filter(|name| !big.contains(name))
        .collect();
    check_services(&services.into_iter().collect::<Vec<_>>());
}

/// Whoever adds an endpoint of the protocol adds a case.
#[test]
fn every_endpoint_of_the_protocol_has_a_case() {
    let mut cases: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    assert_eq!(cases.len(), CASES.len(), "a case stands twice");
    cases.extend(scrolls::ENDPOINTS);
    let listed = schema::names().map(|(service, action)| format!("{service}.{action}"));
    let own = ["login.", "tenants.", "system."];
    let own = table::all()
        .map(|endpoint| endpoint.name.to_owned())
        .filter(|name| own.iter().any(|part| name.starts_with(part)));
    let without: BTreeSet<String> =
        listed.chain(own).filter(|name| !is_the_platforms(name) && !cases.contains(name.as_str())).collect();
    assert!(without.is_empty(), "no case for {without:?}");
    let unknown: Vec<&&str> =
        cases.iter().filter(|name| !table::all().any(|endpoint| endpoint.name == **name)).collect();
    assert!(unknown.is_empty(), "no endpoint for {unknown:?}");
}
