//! The one function through which every statement over tenants' documents is scoped.

use sea_query::{Expr, ExprTrait};

use crate::store::{Readable, Scope, Sets, Writable};

use super::{operand::one_of, schema::Entity};

/// Alias of the document's table in every statement of this module.
pub(crate) const DOCUMENT: &str = "t";

/// What the scope may read of an entity: the tenant's own documents within the access rules, and public ones when
/// `include_public`. Profiles, queues and tenants are never public.
pub(crate) fn visible(entity: Entity, scope: &Scope, include_public: bool) -> Expr {
    visible_as(DOCUMENT, entity, scope, include_public)
}

/// [`visible`] for a table under another alias.
pub(crate) fn visible_as(alias: &'static str, entity: Entity, scope: &Scope, include_public: bool) -> Expr {
    let sets = match &scope.readable {
        Readable::All => None,
        Readable::Sets(sets) => Some(&**sets),
    };
    let own = owned(alias, entity, scope, sets);
    match (entity, include_public, sets) {
        (Entity::Task | Entity::Model | Entity::Project, true, None) => {
            company(alias, entity).is_in([scope.company.as_str(), ""])
        }
        (Entity::Task | Entity::Model | Entity::Project, true, Some(_)) => {
            own.or(company(alias, entity).eq(""))
        }
        _ => own,
    }
}

/// What the scope may change: never a public document.
pub(crate) fn writable(entity: Entity, scope: &Scope) -> Expr {
    let sets = match &scope.writable {
        Writable::All => None,
        Writable::Sets(sets) => Some(&**sets),
    };
    owned(DOCUMENT, entity, scope, sets)
}

/// Whose a document is. Nearly all tasks and models are the caller's own: the sign keeps SQLite from taking that for a
/// condition that narrows, and from looking them up by it.
fn company(alias: &'static str, entity: Entity) -> Expr {
    match entity {
        Entity::Company => Expr::col((alias, "id")),
        Entity::Task | Entity::Model => Expr::cust_with_exprs("+?", [Expr::col((alias, "company"))]),
        _ => Expr::col((alias, "company")),
    }
}

fn owned(alias: &'static str, entity: Entity, scope: &Scope, sets: Option<&Sets>) -> Expr {
    let own = company(alias, entity).eq(scope.company.as_str());
    let Some(sets) = sets else { return own };
    let ids = || one_of(Expr::col((alias, "id")), sets.ids.iter());
    let in_projects = |column: &'static str| one_of(Expr::col((alias, column)), sets.projects.iter());
    match entity {
        Entity::Task | Entity::Model => own.and(in_projects("project").or(ids())),
        Entity::Project => own.and(in_projects("id").or(ids())),
        Entity::Queue => own.and(ids()),
        // Names of colleagues and of the own tenant are no secret inside it.
        Entity::User | Entity::Company => own,
    }
}
