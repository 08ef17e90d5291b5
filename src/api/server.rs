//! `server.*`: what this server is (spec/protocol.md 2.4).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    openapi, schema, table,
};
use crate::{
    domain::{
        Ctx,
        usage::{self, Runs, Spread},
    },
    types::{ApiError, ErrorKind, Millis, Result, Version},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("server.info", Input::Typed, info),
    Endpoint::new("server.info", Input::Typed, info).since(2, 8),
    Endpoint::new("server.info", Input::Typed, info).since(2, 12),
    Endpoint::new("server.config", Input::Typed, config),
    Endpoint::new("server.endpoints", Input::Typed, endpoints),
    Endpoint::new("server.get_stats", Input::Typed, get_stats),
    Endpoint::new("server.report_stats_option", Input::Typed, report_stats_option),
];

/// `server.info`: version, build, commit; from 2.8 on also the server's id.
fn info(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let info = &ctx.app.info;
    let mut data = Map::new();
    data.insert("version".into(), info.version.as_str().into());
    data.insert("build".into(), info.build.as_str().into());
    data.insert("commit".into(), info.commit.as_str().into());
    if ctx.call.version >= Version::new(2, 8) {
        let uid = ctx.read(|snapshot| snapshot.setting("server.uuid"))?;
        data.insert("uid".into(), uid.unwrap_or_default().into());
    }
    if ctx.call.version >= Version::new(2, 12) {
        data.insert("api_version".into(), Version::CURRENT.to_string().into());
    }
    Reply::data(&Value::Object(data))
}

#[derive(Deserialize)]
struct ConfigPath {
    path: Option<String>,
}

/// `server.config`: the configuration without any secret, whole or below a path.
fn config(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ConfigPath = request.decode()?;
    let mut tree = ctx.app.settings.public_tree();
    for part in asked.path.as_deref().unwrap_or_default().split('.').filter(|part| !part.is_empty()) {
        tree = match tree {
            Value::Object(mut map) => map.remove(part).unwrap_or(Value::Null),
            _ => Value::Null,
        };
    }
    match tree {
        Value::Object(_) => Reply::data(&tree),
        _ => {
            let text = "no such section in the configuration";
            Err(ApiError::new(ErrorKind::FieldsValueError, text).with("path", asked.path.unwrap_or_default()))
        }
    }
}

#[derive(Deserialize)]
struct EndpointsFormat {
    format: Option<String>,
}

/// `server.endpoints`: the endpoint table; with `format: "openapi"` as an OpenAPI document.
fn endpoints(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EndpointsFormat = request.decode()?;
    if asked.format.as_deref() == Some("openapi") {
        return Reply::data(&openapi::document(&ctx.app.info));
    }
    let mut listed: Map<String, Value> = Map::new();
    for endpoint in table::all() {
        let row = json!({
            "min_version": endpoint.min.to_string(),
            "required_fields": endpoint.required,
            "request_data_model": schema::request_json(endpoint.name),
            "response_data_model": schema::response_json(endpoint.name),
        });
        let slot = listed.entry(endpoint.name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(rows) = slot {
            rows.insert(0, row);
        }
    }
    Reply::data(&json!({"endpoints": listed, "models": {}}))
}

/// `server.get_stats`: what the caller's tenant and this machine were used for.
fn get_stats(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let usage = usage::report(ctx)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = usage.load.map(|load| {
        json!({
            "interval_sec": load.seconds,
            "num_cores": cores,
            "cpu_usage": spread(load.cpu_usage, 1.0),
            "mem_used_gb": spread(load.memory_used, 1.0),
            "mem_free_gb": spread(load.memory_free, 1.0),
        })
    });
    let agents: Vec<Value> = usage
        .agents
        .into_iter()
        .map(|(worker, agent)| {
            let resources = agent.machine.map(|machine| {
                let gigabytes = |memory: Option<Spread>| memory.map(|memory| spread(memory, 1024.0));
                json!({
                    "interval_sec": machine.seconds,
                    "num_cores": machine.cores,
                    "cpu_usage": machine.cpu_usage.map(|usage| spread(usage, 1.0)),
                    "mem_used_gb": gigabytes(machine.memory_used),
                    "mem_free_gb": gigabytes(machine.memory_free),
                })
            });
            let mut ran = experiments(agent.runs.unwrap_or_default());
            if let (Some(map), Some(last)) =
                (ran.as_object_mut(), agent.runs.and_then(|runs| runs.last_update))
            {
                map.insert("last_activity_time".to_owned(), last.into());
            }
            json!({"uuid": worker, "resources": resources.unwrap_or_else(|| json!({})), "experiments": ran})
        })
        .collect();
    Reply::data(&json!({
        "time": Value::from(Millis::now()),
        "company_id": ctx.caller.tenant.as_str(),
        "server": {
            "version": ctx.app.info.version,
            "deployment": ctx.app.settings.server.deployment_type.as_deref().unwrap_or("manual"),
            "uuid": usage.server,
            "queues": {"count": usage.queues},
            "users": {"count": usage.people},
            "resources": load.unwrap_or_else(|| json!({})),
            "experiments": experiments(usage.runs),
        },
        "agents": agents,
    }))
}

fn spread(spread: Spread, divisor: f64) -> Value {
    let shown = |value: f64| (value / divisor * 1000.0).round() / 1000.0;
    json!({"min": shown(spread.min), "max": shown(spread.max), "avg": shown(spread.avg)})
}

/// Averages are cut to whole numbers; nothing at all where nothing ran.
fn experiments(runs: Runs) -> Value {
    match runs.count {
        0 => json!({}),
        count => json!({
            "count": count,
            "avg_run_time_sec": runs.seconds as i64,
            "avg_iterations": runs.iterations as i64,
        }),
    }
}

/// `server.report_stats_option`: this server never reports usage anywhere.
fn report_stats_option(_: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&json!({"supported": false}))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use crate::{
        api::front_door::FrontDoor,
        domain::{Role, usage},
        types::Millis,
    };

    #[test]
    fn usage_is_summed_up_for_those_who_run_the_server() {
        let front = FrontDoor::open();
        let ann = front.ann();
        assert_eq!(ann.err("server.get_stats", json!({})), (403, 20));
        let root = front.ann().role(Role::Root);
        let now = Millis::now().0;
        let tasks = [("t1", "completed", 10, 5), ("t2", "in_progress", 21, 8), ("t3", "created", 99, 99)];
        for (id, status, seconds, iterations) in tasks {
            let times = json!({"started": now - 1000 * seconds, "last_update": now, "last_worker": "box:0"});
            let mut fields = json!({"status": status, "last_iteration": iterations});
            fields.as_object_mut().unwrap().extend(times.as_object().cloned().unwrap());
            front.task(id, fields);
        }
        front
            .task("t4", json!({"company": "other", "status": "completed", "started": 1, "last_update": now}));
        for used in [1024, 3072] {
            ann.ok(
                "workers.status_report",
                json!({"worker": "box:0", "timestamp": now - used, "machine_stats": {
                    "cpu_usage": [10.0, 30.0], "memory_used": used, "memory_free": 512}}),
            );
        }
        let stats = root.ok("server.get_stats", json!({"interval": 5}));
        assert_eq!(stats["company_id"], "acme");
        let server = &stats["server"];
        assert_eq!((&server["users"], &server["queues"]), (&json!({"count": 1}), &json!({"count": 0})));
        assert_eq!(server["experiments"], json!({"count": 2, "avg_run_time_sec": 15, "avg_iterations": 6}));
        let agents = stats["agents"].as_array().unwrap();
        assert_eq!(agents.len(), 1);
        let (agent, resources) = (&agents[0], &agents[0]["resources"]);
        assert_eq!((&agent["uuid"], &agent["experiments"]["count"]), (&json!("box:0"), &json!(2)));
        assert_eq!(agent["experiments"]["last_activity_time"], json!(Millis(now).to_wire()));
        assert_eq!(
            (&resources["num_cores"], &resources["interval_sec"], &resources["cpu_usage"]),
            (&json!(2), &json!(2), &json!({"min": 20.0, "max": 20.0, "avg": 20.0}))
        );
        assert_eq!(resources["mem_used_gb"], json!({"min": 1.0, "max": 3.0, "avg": 2.0}));
        assert_eq!(resources["mem_free_gb"]["avg"], 0.5);
        let other = front.visitor("other", "root").role(Role::Root).ok("server.get_stats", json!({}));
        assert_eq!((&other["server"]["experiments"]["count"], &other["agents"]), (&json!(1), &json!([])));
    }

    #[test]
    fn the_machine_is_measured_and_reading_begins_anew() {
        let front = FrontDoor::open();
        let root = front.ann().role(Role::Root);
        usage::sample(&front.app);
        let load = root.ok("server.get_stats", json!({}))["server"]["resources"].clone();
        let used = load["mem_used_gb"]["avg"].as_f64().unwrap();
        assert!(used > 0.0 && used <= load["mem_used_gb"]["max"].as_f64().unwrap(), "{load}");
        assert!(load["num_cores"].as_i64().unwrap() >= 1);
        let again = root.ok("server.get_stats", json!({}))["server"]["resources"].clone();
        assert_eq!(
            again["mem_used_gb"]["min"], again["mem_used_gb"]["max"],
            "one measurement: that of the request"
        );
    }

    #[test]
    fn usage_is_reported_nowhere_else() {
        let front = FrontDoor::open();
        for request in [json!({}), json!({"enabled": true})] {
            assert_eq!(front.ann().ok("server.report_stats_option", request), json!({"supported": false}));
        }
    }
}
