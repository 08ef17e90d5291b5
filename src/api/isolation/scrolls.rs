//! What a server remembers between two calls belongs to whom it was made for (spec/security_rules.md S18).

use serde_json::{Value, json};

use super::{
    comparable,
    world::{Side, World},
};
use crate::types::new_id;

/// Endpoints that only go on with what another call began.
pub(super) const ENDPOINTS: [&str; 3] =
    ["events.next_debug_image_sample", "events.next_plot_sample", "organization.download_for_get_all"];

/// A call that begins something, the key of the id that it answers, and the call that goes on with it.
struct Step {
    begin: (&'static str, Value),
    key: &'static str,
    go_on: (&'static str, Value),
}

fn again(endpoint: &'static str, body: Value) -> Step {
    Step { begin: (endpoint, body.clone()), key: "scroll_id", go_on: (endpoint, body) }
}

/// Ids of open lists, samples and downloads of another tenant are as good as invented ones, and do not end for their
/// owner by being tried.
#[test]
fn case_b19_ids_of_open_lists_belong_to_their_tenant() {
    let worlds = World::make();
    let task = worlds.ids(Side::Acme)["running"].as_str();
    let sample = json!({"task": task, "metric": "image", "variant": "v"});
    let columns =
        json!({"entity_type": "task", "only_fields": ["name"], "field_mappings": [{"field": "name"}]});
    let steps = [
        again("tasks.get_all_ex", json!({"scroll_id": null, "size": 1})),
        again("projects.get_all_ex", json!({"scroll_id": null, "size": 1, "search_hidden": true})),
        again("models.get_all_ex", json!({"scroll_id": null, "size": 1})),
        again("events.get_task_events", json!({"task": task, "batch_size": 1})),
        again("events.debug_images", json!({"metrics": [{"task": task, "metric": "image"}]})),
        again("events.plots", json!({"metrics": [{"task": task, "metric": "plot"}]})),
        Step {
            begin: ("events.get_debug_image_sample", sample),
            key: "scroll_id",
            go_on: ("events.next_debug_image_sample", json!({"task": task})),
        },
        Step {
            begin: ("events.get_plot_sample", json!({"task": task, "metric": "plot"})),
            key: "scroll_id",
            go_on: ("events.next_plot_sample", json!({"task": task})),
        },
        Step {
            begin: ("organization.prepare_download_for_get_all", columns),
            key: "prepare_id",
            go_on: ("organization.download_for_get_all", json!({})),
        },
    ];
    for Step { begin, key, go_on } in steps {
        let endpoint = go_on.0;
        let world = worlds.open();
        let (ann, bea) = (world.visitor(Side::Acme), world.visitor(Side::Beta));
        let begun = ann.raw(begin.0, &begin.1).unwrap_or_else(|error| panic!("{endpoint}: {error}"));
        let begun: Value = serde_json::from_str(&begun).unwrap();
        let id = begun[key].as_str().unwrap_or_else(|| panic!("{endpoint}: {begun}")).to_owned();
        let with = |id: &str| {
            let mut body = go_on.1.clone();
            body[key] = id.into();
            body
        };
        let ask = |id: &str| {
            let answer = bea.raw(endpoint, &with(id)).unwrap_or_else(|error| error);
            comparable(&answer, &[&id.to_owned()])
        };
        assert_eq!(ask(&id), ask(&new_id()), "{endpoint}");
        ann.raw(endpoint, &with(&id)).unwrap_or_else(|error| panic!("{endpoint}, the control: {error}"));
    }
}
