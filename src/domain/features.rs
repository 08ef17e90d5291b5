//! Features: which parts of the product a caller has (spec/governance.md 10).

use std::collections::BTreeSet;

use super::Role;
use crate::{
    config::Settings,
    store::identity::{Group, USERS},
    types::Json,
};

/// The features that take effect for somebody:
/// (enabled on the server or for the tenant, minus the tenant's exclusions) and granted by one of the groups,
/// minus what the role's setting hides.
pub fn effective(settings: &Settings, tenant: &Json, groups: &[Group], role: Role) -> BTreeSet<String> {
    let organization = &settings.services.organization;
    let on = organization.features.iter().filter(|(_, on)| **on);
    let mut features: BTreeSet<String> = on.map(|(name, _)| name.clone()).collect();
    features.extend(names(tenant, "features"));
    for excluded in names(tenant, "exclude_features") {
        features.remove(&excluded);
    }
    if let Some(most) = &organization.features_whitelist {
        features.retain(|name| most.contains(name));
    }
    if role.is_system() {
        return features;
    }
    let mut granted = BTreeSet::new();
    for group in groups {
        match &group.features {
            Some(list) => granted.extend(list.iter().cloned()),
            None if group.id == USERS => granted.extend(features.iter().cloned()),
            None => {}
        }
    }
    features.retain(|name| granted.contains(name));
    if let Some(hidden) = settings.services.auth.ui_features_per_role.get(role.as_str()) {
        features.retain(|name| hidden.get(name) != Some(&false));
    }
    features
}

fn names(tenant: &Json, key: &str) -> Vec<String> {
    let list = tenant.get(key).and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::settings::organization::FEATURES;

    fn group(id: &str, features: Option<&[&str]>) -> Group {
        Group {
            id: id.into(),
            name: id.into(),
            features: features.map(|list| list.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    fn tenant(value: serde_json::Value) -> Json {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn everybody_has_everything_that_is_on_by_default() {
        let settings = Settings::default();
        let features = effective(&settings, &Json::new(), &[group(USERS, None)], Role::User);
        assert!(features.contains("service_users"));
        assert!(!features.contains("sso_management"));
        assert_eq!(features.len(), FEATURES.iter().filter(|(_, on)| *on).count());
    }

    #[test]
    fn a_tenant_adds_and_excludes_and_exclusion_wins() {
        let settings = Settings::default();
        let defaults =
            tenant(json!({"features": ["sso_management", "reports"], "exclude_features": ["reports"]}));
        let features = effective(&settings, &defaults, &[group(USERS, None)], Role::User);
        assert!(features.contains("sso_management"));
        assert!(!features.contains("reports"));
    }

    #[test]
    fn configured_groups_limit_everybody_in_them_only() {
        let settings = Settings::default();
        let limited = [group(USERS, Some(&["applications"]))];
        assert_eq!(effective(&settings, &Json::new(), &limited, Role::Admin).len(), 1);
        let wider = [group(USERS, Some(&["applications"])), group("g", Some(&["reports", "nonsense"]))];
        let features = effective(&settings, &Json::new(), &wider, Role::User);
        assert_eq!(features.into_iter().collect::<Vec<_>>(), ["applications", "reports"]);
        assert!(effective(&settings, &Json::new(), &limited, Role::System).len() > 10);
    }
}
