//! Tags of everything (spec/projects.md 4.1).

use std::collections::BTreeSet;

use crate::{
    domain::{
        Ctx,
        projects::{Tags, tags_of},
    },
    store::query::{MODEL, TASK},
    types::{Json, Result},
};

/// Tags and system tags of the tenant's tasks and models, each sorted and distinct. Those of projects and of public
/// documents are not among them. `filter`: `{tags, system_tags}`, list conditions on the tasks and models.
///
/// Errors: 400 as the query language names them for the filter.
pub fn tags(ctx: &Ctx<'_>, filter: &Json) -> Result<Tags> {
    let (mut tags, mut system_tags) = (BTreeSet::new(), BTreeSet::new());
    ctx.read(|snapshot| {
        for collection in [&TASK, &MODEL] {
            let (own, system) = tags_of(ctx, snapshot, collection, Json::new(), filter)?;
            let texts = |values: Vec<serde_json::Value>| {
                values.into_iter().filter_map(|value| value.as_str().map(str::to_owned))
            };
            tags.extend(texts(own));
            system_tags.extend(texts(system));
        }
        Ok(())
    })?;
    let listed = |texts: BTreeSet<String>| texts.into_iter().map(Into::into).collect();
    Ok((listed(tags), listed(system_tags)))
}
