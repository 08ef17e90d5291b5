//! What a public document tells other tenants: its content, not its people and places (spec/security_rules.md S17).

use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::{
    store::{Scope, query::Entity},
    types::Json,
};

use super::assemble::Row;

/// Whether documents of this kind can be public.
pub(super) const fn may_be_public(entity: Entity) -> bool {
    matches!(entity, Entity::Task | Entity::Model | Entity::Project)
}

/// Whether a row is public and another tenant published it.
pub(super) fn is_foreign(row: &Row, scope: &Scope) -> bool {
    let text = |column: &str| match row.columns.get(column) {
        Some(Sql::Text(text)) => text.as_str(),
        _ => "",
    };
    row.columns.contains_key("company_origin")
        && text("company").is_empty()
        && text("company_origin") != scope.company.as_str()
}

/// Removes who made it, who published it, what it ran on, and addresses of files that its tenant's server holds.
pub(super) fn withhold(document: &mut Json) {
    for field in ["user", "company_origin", "last_worker", "last_changed_by", "report_assets"] {
        document.remove(field);
    }
    withhold_address(document);
    let artifacts = document.get_mut("execution").and_then(|execution| execution.get_mut("artifacts"));
    for artifact in artifacts.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(artifact) = artifact.as_object_mut() {
            withhold_address(artifact);
        }
    }
}

/// Addresses of object storage say nothing that their reader could not use; what is served over HTTP is a file server's.
fn withhold_address(object: &mut Json) {
    let served =
        |uri: &str| uri.starts_with("http://") || uri.starts_with("https://") || uri.starts_with('/');
    if object.get("uri").and_then(Value::as_str).is_some_and(served) {
        object.remove("uri");
    }
}
