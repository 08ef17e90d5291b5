//! Who gets which vaults, in which order and form.

use super::*;

const PERSONAL: &str = "sdk.development.default_output_uri = \"azure://bob\"\n\
    agent.git_pass = \"pat-bob-123456\"\nagent.default_docker.image = \"evil:latest\"\nsdk.own = kept\n";
const APPROVED: &str = "sdk.development.default_output_uri = \"s3://approved\"\n\
    agent { git_pass = managed-secret-1, default_docker.image = \"approved:1\" }\n";

#[test]
fn case_23_administrators_win_and_personal_settings_survive() {
    let front = house();
    // The administrators' vault is older: order is not age.
    let group = vault(&ada(&front), json!({"data": APPROVED, "description": "approved"}), Some("G1"));
    let own = vault(&bob(&front), json!({"data": PERSONAL}), None);
    let found = loaded(&bob(&front));
    let scopes: Vec<(&str, &str)> =
        found.iter().map(|one| (one["scope"].as_str().unwrap(), one["id"].as_str().unwrap())).collect();
    assert_eq!(scopes, [("user", own.as_str()), ("group", group.as_str())]);
    assert_eq!((&found[1]["group_name"], &found[1]["description"]), (&json!("G1"), &json!("approved")));
    let all = folded(&bob(&front));
    assert_eq!(all["sdk"]["development"]["default_output_uri"], "s3://approved");
    assert_eq!(all["agent"]["git_pass"], "managed-secret-1");
    assert_eq!(all["agent"]["default_docker"]["image"], "approved:1");
    assert_eq!(all["sdk"]["own"], "kept");
    // As the clients write it: a query of doubled parameters.
    let request = json!({"enabled": "true", "types": "config"});
    assert_eq!(bob(&front).ok("users.get_vaults", request)["vaults"].as_array().unwrap().len(), 2);
}

#[test]
fn case_24_specific_groups_win_over_everybody_by_priority() {
    let front = house();
    let ada = ada(&front);
    front.sql("INSERT INTO group_member VALUES ('G2', 'bob', 'acme', 'manual')", []);
    vault(&ada, json!({"data": "a = G1, b = G1"}), Some("G1"));
    vault(&ada, json!({"data": "a = G2"}), Some("G2"));
    vault(
        &ada,
        json!({"data": "a = everybody, b = everybody, c = everybody"}),
        Some(crate::store::identity::USERS),
    );
    vault(&ada, json!({"scope": "organization", "data": "c = tenant, d = tenant"}), None);
    assert_eq!(folded(&bob(&front)), json!({"c": "everybody", "d": "tenant", "a": "G2", "b": "G1"}));
    front.sql("UPDATE sec_group SET priority = 5 WHERE id = 'G1'", []);
    assert_eq!(folded(&bob(&front))["a"], "G1");
}

#[test]
fn case_25_a_disabled_vault_of_administrators_is_shown_to_administrators_only() {
    let front = house();
    let id = vault(&ada(&front), json!({"data": APPROVED, "enabled": false}), Some("G1"));
    for enabled in [true, false] {
        let found = bob(&front).ok("users.get_vaults", json!({"enabled": enabled}));
        assert_eq!(found["vaults"], json!([]), "{enabled}");
    }
    let seen = ada(&front).ok("users.get_vaults", json!({"enabled": false}))["vaults"].clone();
    assert_eq!(
        (&seen[0]["id"], &seen[0]["data"], &seen[0]["editable"]),
        (&json!(id), &json!(APPROVED), &json!(true))
    );
    assert_eq!(loaded(&ada(&front)).len(), 0, "administrators load no more than others");
    ada(&front).ok("users.add_or_update_vault", json!({"vault": {"id": id, "enabled": true}}));
    assert_eq!(loaded(&bob(&front)).len(), 1);
    let seen = ada(&front).ok("users.get_organization_vaults", json!({}))["vaults"].clone();
    assert_eq!((&seen[0]["id"], &seen[0]["group_name"]), (&json!(id), &json!("G1")));
    assert_eq!(bob(&front).err("users.get_organization_vaults", json!({})), (403, 20));
}

#[test]
fn case_26_members_only_service_accounts_included() {
    let front = house();
    vault(&ada(&front), json!({"data": APPROVED}), Some("G1"));
    assert_eq!(loaded(&eve(&front)), Vec::<Value>::new());
    let request = json!({"vault": {"data": "sdk.own = 1"}, "user": "agent"});
    let own = ada(&front).ok("users.add_or_update_vault", request)["vault"].clone();
    let found = loaded(&agent(&front));
    assert_eq!((found.len(), &found[0]["id"], &found[0]["user"]), (2, &own, &json!("agent")));
    assert_eq!(found[0]["data"], "sdk.own = 1");
    assert_eq!(found[1]["scope"], "group");
}

#[test]
fn case_27_yaml_is_loaded_as_json_and_managed_as_yaml() {
    let front = house();
    let text = "# mine\nagent:\n  git_user: bob\n  list: [1, two]\n";
    let id = vault(&bob(&front), json!({"data": text, "format": "yaml"}), None);
    let found = &loaded(&bob(&front))[0];
    assert_eq!(found["format"], "json");
    let value = parse(found["data"].as_str().unwrap(), &Options::default()).unwrap().to_json();
    assert_eq!(value, json!({"agent": {"git_user": "bob", "list": [1, "two"]}}));
    let managed = &bob(&front).ok("users.get_vaults", json!({}))["vaults"][0];
    assert_eq!(
        (&managed["id"], &managed["format"], &managed["data"]),
        (&json!(id), &json!("yaml"), &json!(text))
    );
}

#[test]
fn case_28_types_that_nobody_has_find_nothing() {
    let front = house();
    vault(&bob(&front), json!({"data": PERSONAL}), None);
    for types in [json!("monitoring"), json!("unknown"), json!(["unknown", "monitoring"])] {
        let found = bob(&front).ok("users.get_vaults", json!({"enabled": true, "types": types}));
        assert_eq!(found["vaults"], json!([]), "{types}");
    }
    vault(&ada(&front), json!({"data": "agent.x = 1", "type": "monitoring"}), Some("G1"));
    let found = bob(&front).ok("users.get_vaults", json!({"enabled": true, "types": "monitoring"}));
    assert_eq!(found["vaults"][0]["type"], "monitoring");
}

#[test]
fn case_30_previews_show_structure_only() {
    let front = house();
    vault(&bob(&front), json!({"data": "agent { git_pass = \"pat-bob-123456\", port = 80 }"}), None);
    let found = bob(&front).ok("users.get_vaults", json!({"preview_data": true}));
    let text = found["vaults"][0]["data"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap(),
        json!({"agent": {"git_pass": "****", "port": 80}})
    );
}

#[test]
fn a_browser_gets_values_only_of_what_its_person_may_edit() {
    let front = house();
    vault(&ada(&front), json!({"data": APPROVED}), Some("G1"));
    vault(
        &ada(&front),
        json!({"data": "[{\"bucket\": \"b\", \"secret\": \"open\"}]", "type": "ui_storage_credentials"}),
        Some("G1"),
    );
    vault(&bob(&front), json!({"data": PERSONAL}), None);
    let page = |who: Visitor<'_>| who.in_browser().ok("users.get_vaults", json!({}))["vaults"].clone();
    let seen = page(bob(&front));
    assert_eq!(seen[0]["data"], PERSONAL);
    assert!(seen[1]["data"].as_str().unwrap().contains("****") && !seen[1].to_string().contains("managed"));
    assert!(seen[2]["data"].as_str().unwrap().contains("open"), "pages need them to open what is stored");
    assert_eq!(page(ada(&front))[0]["data"], APPROVED);
}
