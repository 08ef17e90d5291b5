//! Acceptance cases of spec/queues_workers.md 7 that the serving service serves; names carry the case numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor},
    config::Settings,
    types::Millis,
};

const URL: &str = "http://models/net";

fn container(id: &str, fields: Value) -> Value {
    let mut request = json!({"container_id": id, "endpoint_name": "net", "model_name": "resnet"});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    request
}

/// Two containers on one address have registered and reported.
fn two(ann: &Visitor<'_>) {
    for (id, factor) in [("c1", 1), ("c2", 2)] {
        ann.ok("serving.register_container", container(id, json!({"endpoint_url": URL, "input_size": 224})));
        let report = json!({
            "endpoint_url": URL, "uptime_sec": 100 * factor, "requests_num": 1000 * factor,
            "requests_min": 5 * factor, "latency_ms": 100 * factor, "input_size": 224,
            "reference": [{"type": "task", "value": "t1"}],
            "machine_stats": {"cpu_usage": [10, 30], "gpu_usage": [50], "memory_used": 51_200, "memory_free": 1_024.5,
                "network_rx": 0.125},
        });
        assert_eq!(ann.ok("serving.container_status_report", container(id, report)), json!({}));
    }
}

fn endpoints(ann: &Visitor<'_>) -> Vec<Value> {
    ann.ok("serving.get_endpoints", json!({}))["endpoints"].as_array().unwrap().clone()
}

fn history(ann: &Visitor<'_>, fields: Value) -> Value {
    let now = Millis::now().0 / 1000;
    let mut request =
        json!({"endpoint_url": URL, "from_date": now - 120, "to_date": now + 120, "interval": 1});
    request.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ann.ok("serving.get_endpoint_metrics_history", request)
}

#[test]
fn case_51_containers_of_one_address_are_summed_up() {
    let front = FrontDoor::open();
    let ann = front.ann();
    two(&ann);
    let found = endpoints(&ann);
    assert_eq!(found.len(), 1);
    for (key, value) in [
        ("endpoint", json!("net")),
        ("model", json!("resnet")),
        ("url", json!(URL)),
        ("instances", json!(2)),
        ("uptime_sec", json!(200)),
        ("requests", json!(3000)),
        ("requests_min", json!(7.5)),
        ("latency_ms", json!(150)),
    ] {
        assert_eq!(found[0][key], value, "{key}");
    }
    let details = ann.ok("serving.get_endpoint_details", json!({"endpoint_url": URL}));
    assert_eq!((&details["uptime_sec"], &details["input_size"]), (&json!(200), &json!("224")));
    let second = &details["instances"][1];
    assert_eq!(
        (&second["id"], &second["cpu_count"], &second["gpu_count"]),
        (&json!("c2"), &json!(2), &json!(1))
    );
    assert_eq!(second["reference"], json!([{"type": "task", "value": "t1"}]));
    assert_eq!((&second["requests"], &second["requests_min"]), (&json!(2000), &json!(10.0)));
}

#[test]
fn case_52_history_of_an_address() {
    let front = FrontDoor::open();
    let ann = front.ann();
    two(&ann);
    let requests = history(&ann, json!({}));
    assert_eq!(requests["computed_interval"], 40);
    assert_eq!(requests["total"]["title"], "Number of Requests");
    assert!(requests["total"]["values"].as_array().unwrap().contains(&json!(3000.0)), "{requests}");
    let instances = requests["instances"].as_object().unwrap();
    assert_eq!(instances.keys().collect::<Vec<_>>(), ["c1", "c2"]);
    for (id, line) in instances {
        assert_eq!(
            (&line["dates"], line["title"].as_str()),
            (&requests["total"]["dates"], Some(id.as_str()))
        );
    }
    let whole = |metric: &str| {
        let chart = history(&ann, json!({"metric_type": metric, "instance_charts": false}));
        assert_eq!(chart["instances"], json!({}));
        let values: Vec<f64> = chart["total"]["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert!(values.len() >= 5, "steps without a report are there: {values:?}");
        values.into_iter().fold(0.0, f64::max)
    };
    assert_eq!(whole("ram_used"), 100.0);
    assert_eq!(whole("ram_total"), 102.0);
    assert_eq!(whole("cpu_util"), 20.0);
    assert_eq!(whole("cpu_count"), 4.0);
    assert_eq!(whole("gpu_count"), 2.0);
    assert_eq!(whole("latency_ms"), 150.0);
    assert_eq!(whole("requests_min"), 15.0);
    assert_eq!(whole("network_rx"), 0.25);
    // No container said anything of it: there is nothing to show.
    let nothing = history(&ann, json!({"metric_type": "gpu_ram_used"}));
    assert_eq!(
        (&nothing["total"]["title"], &nothing["total"]["dates"]),
        (&json!("GPU RAM Used (GB)"), &json!([]))
    );
}

#[test]
fn case_53_addresses_come_with_reports() {
    let front = FrontDoor::open();
    let ann = front.ann();
    assert_eq!(
        ann.err("serving.container_status_report", container("c1", json!({"uptime_sec": 5}))),
        (400, 12)
    );
    assert_eq!(ann.err("serving.get_endpoint_details", json!({"endpoint_url": URL})), (400, 1052));
    ann.ok("serving.register_container", container("c1", json!({"model_source": "s3://b/m"})));
    front.sql("UPDATE serving_container SET register_time = register_time - 7000", []);
    let loading = ann.ok("serving.get_loading_instances", json!({}))["instances"].clone();
    assert_eq!(
        (&loading[0]["id"], &loading[0]["url"], &loading[0]["age_sec"]),
        (&json!("c1"), &Value::Null, &json!(7))
    );
    assert_eq!(loading[0]["model_source"], "s3://b/m");
    assert!(endpoints(&ann).is_empty());
    // The report names the address, and nothing else than what it says is known afterwards.
    ann.ok("serving.container_status_report", container("c1", json!({"endpoint_url": URL})));
    assert_eq!(ann.ok("serving.get_loading_instances", json!({}))["instances"], json!([]));
    let details = ann.ok("serving.get_endpoint_details", json!({"endpoint_url": URL}));
    assert_eq!((&details["model_source"], &details["uptime_sec"]), (&Value::Null, &json!(0)));
}

#[test]
fn case_71_before_and_after_reports() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for id in ["c1", "c2"] {
        ann.ok("serving.register_container", container(id, json!({"endpoint_url": URL})));
    }
    let found = endpoints(&ann);
    assert_eq!((&found[0]["instances"], &found[0]["requests"]), (&json!(2), &json!(0)));
    for key in ["uptime_sec", "requests_min", "latency_ms"] {
        assert_eq!(found[0][key], Value::Null, "{key}");
    }
    two(&ann);
    ann.ok("serving.unregister_container", json!({"container_id": "c1"}));
    let found = endpoints(&ann);
    assert_eq!((&found[0]["instances"], &found[0]["requests"]), (&json!(1), &json!(2000)));
    let bad = container("c3", json!({"reference": [{"type": "zz", "value": "1"}]}));
    assert_eq!(ann.err("serving.register_container", bad), (400, 12));
    assert_eq!(ann.err("serving.register_container", container("c3", json!({"timeout": 0}))), (400, 12));
    let unknown = history(&ann, json!({"endpoint_url": "http://nowhere"}));
    assert_eq!((&unknown["total"]["dates"], &unknown["total"]["values"]), (&json!([]), &json!([])));
    assert_eq!(unknown["instances"], json!({}));
}

#[test]
fn silence_ends_a_registration_and_settings_may_insist_on_one() {
    let front = FrontDoor::open();
    let ann = front.ann();
    let expires =
        || front.value::<i64>("SELECT max(expires) FROM serving_container", []).unwrap() - Millis::now().0;
    ann.ok("serving.register_container", container("c1", json!({"endpoint_url": URL, "timeout": 30})));
    front.sql("UPDATE serving_container SET expires = expires - 20000", []);
    ann.ok("serving.container_status_report", container("c1", json!({"endpoint_url": URL})));
    assert!((29_000..=30_000).contains(&expires()), "a report renews for the time that was asked for");
    front.sql("UPDATE serving_container SET expires = expires - 31000", []);
    assert!(endpoints(&ann).is_empty());
    ann.ok("serving.container_status_report", container("c1", json!({"endpoint_url": URL})));
    assert!(expires() > 500_000, "it registered anew, for the usual time");

    let mut settings = Settings::default();
    settings.services.serving.container_auto_register = false;
    settings.services.serving.container_auto_unregister = false;
    let front = FrontDoor::with(settings);
    let ann = front.ann();
    let report = container("c1", json!({"endpoint_url": URL}));
    assert_eq!(ann.err("serving.container_status_report", report), (400, 1051));
    assert_eq!(ann.err("serving.unregister_container", json!({"container_id": "c1"})), (400, 1051));
}

#[test]
fn another_tenant_sees_and_ends_nothing() {
    let front = FrontDoor::open();
    let (ann, zoe) = (front.ann(), front.visitor("other", "zoe"));
    two(&ann);
    assert!(endpoints(&zoe).is_empty());
    assert_eq!(zoe.err("serving.get_endpoint_details", json!({"endpoint_url": URL})), (400, 1052));
    assert_eq!(history(&zoe, json!({}))["total"]["dates"], json!([]));
    zoe.ok("serving.unregister_container", json!({"container_id": "c1"}));
    // The same id and address in another tenant are another container.
    zoe.ok("serving.register_container", container("c1", json!({"endpoint_url": URL})));
    assert_eq!(endpoints(&ann)[0]["requests"], 3000);
}

#[test]
fn sizes_are_texts_or_numbers_and_memory_is_one_number_or_several() {
    let front = FrontDoor::open();
    let ann = front.ann();
    for size in [json!([1]), json!({"a": 1}), json!(true)] {
        let request = container("c1", json!({"input_size": size}));
        assert_eq!(ann.err("serving.register_container", request), (400, 12), "{size}");
    }
    ann.ok(
        "serving.register_container",
        container("c1", json!({"input_size": "3x224", "input_type": "float32"})),
    );
    let loading = ann.ok("serving.get_loading_instances", json!({}))["instances"].clone();
    assert_eq!((&loading[0]["input_size"], &loading[0]["input_type"]), (&json!("3x224"), &json!("float32")));
    let stats = json!({"gpu_memory_used": [1024, 3072], "gpu_memory_free": 1024});
    let report = container("c1", json!({"endpoint_url": URL, "machine_stats": stats}));
    ann.ok("serving.container_status_report", report);
    let total = history(&ann, json!({"metric_type": "gpu_ram_total"}))["total"]["values"].clone();
    assert!(total.as_array().unwrap().contains(&json!(3.0)), "{total}");
    let report = container("c1", json!({"endpoint_url": URL, "machine_stats": {"cpu_usage": "much"}}));
    assert_eq!(ann.err("serving.container_status_report", report), (400, 12));
}
