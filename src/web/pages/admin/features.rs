//! `/admin/features`: which parts of the product are on.

use serde_json::Value;

use crate::{
    config::settings::organization::FEATURES,
    domain::Ctx,
    store::identity::USERS,
    types::Result,
    web::{
        PageReply, PageRequest,
        pages::{page, perform, shell},
        view::admin::features::{FeatureRow, Features},
    },
};

pub(super) fn page(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let (groups, defaults) = perform(ctx, "pages.features", |ctx| {
        ctx.read(|snapshot| {
            let company = snapshot.company(ctx.caller.tenant.as_str())?;
            Ok((
                snapshot.groups(&ctx.caller.tenant)?,
                company.map(|found| found.defaults).unwrap_or_default(),
            ))
        })
    })?;
    let settings = &ctx.app.settings;
    let organization = &settings.services.organization;
    let listed = |key: &str, name: &str| {
        let list = defaults.get(key).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|found| found == name))
    };
    let features = FEATURES.iter().map(|(name, _)| {
        let server = organization.features.get(*name) == Some(&true);
        let (added, excluded) = (listed("features", name), listed("exclude_features", name));
        let allowed = organization
            .features_whitelist
            .as_ref()
            .is_none_or(|most| most.iter().any(|known| known == name));
        let grants = |features: &Option<Vec<String>>, id: &str| match features {
            Some(list) => list.iter().any(|known| known == name),
            None => id == USERS,
        };
        let hidden = settings.services.auth.ui_features_per_role.iter();
        FeatureRow {
            name,
            server,
            tenant: match (excluded, added) {
                (true, _) => "excluded",
                (false, true) if !server => "added",
                _ => "",
            },
            on: (server || added) && !excluded && allowed,
            groups: groups
                .iter()
                .filter(|group| grants(&group.features, &group.id))
                .map(|group| group.name.clone())
                .collect(),
            hidden: hidden
                .filter(|(_, features)| features.get(*name) == Some(&false))
                .map(|(role, _)| role.clone())
                .collect(),
            mine: ctx.caller.features.contains(*name),
        }
    });
    page!(request, Features { shell: shell(ctx, request, "/admin"), features: features.collect() })
}
