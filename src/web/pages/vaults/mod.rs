//! Vaults: a person's own, and those of administrators. Both have the same pages.

mod editor;
mod history;

use super::{page, perform, shell};
use crate::{
    domain::{
        Ctx,
        vaults::{self, Kind, Shown, Wanted},
    },
    store::vaults::VaultScope,
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        render::time::When,
        view::{
            Shell,
            address::encode,
            vaults::{VaultRow, Vaults},
        },
    },
};

/// Which vaults a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// The person's own.
    Own,
    /// Those of the tenant's administrators.
    Administration,
}

impl Area {
    const fn base(self) -> &'static str {
        match self {
            Area::Own => "/me/vaults",
            Area::Administration => "/admin/vaults",
        }
    }

    const fn is_administration(self) -> bool {
        matches!(self, Area::Administration)
    }

    fn has(self, scope: VaultScope) -> bool {
        (scope == VaultScope::User) != self.is_administration()
    }

    fn href(self, id: &str) -> String {
        format!("{}/{}", self.base(), encode(id))
    }

    fn shell(self, ctx: &Ctx<'_>, request: &PageRequest) -> Shell {
        shell(ctx, request, if self.is_administration() { "/admin/vaults" } else { "" })
    }
}

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, area: Area, rest: &[&str]) -> Result<PageReply> {
    if area.is_administration() && !ctx.caller.role.administers() {
        return Err(ErrorKind::NotFound.into());
    }
    match (request.is_get, rest) {
        (true, []) => list(ctx, request, area),
        (true, ["new"]) => editor::fresh(ctx, request, area),
        (false, ["new"]) => editor::save(ctx, request, area, None),
        (false, ["check"]) => editor::check(ctx, request, area),
        (true, ["log"]) if area.is_administration() => history::log(ctx, request),
        (true, ["for"]) if area.is_administration() => history::would_get(ctx, request, area),
        (true, ["effective"]) if !area.is_administration() => history::would_get(ctx, request, area),
        (true, [id]) => editor::show(ctx, request, area, id),
        (false, [id]) => editor::save(ctx, request, area, Some(id)),
        (true, [id, "download"]) => editor::download(ctx, area, id),
        (true, [id, "delete"]) => editor::ask_to_delete(ctx, request, area, id),
        (false, [id, "delete"]) => editor::delete(ctx, area, id),
        (true, [id, "versions", number]) => history::difference(ctx, request, area, id, number),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn list(ctx: &Ctx<'_>, request: &PageRequest, area: Area) -> Result<PageReply> {
    let wanted = Wanted { preview: true, browser: true, ..Wanted::default() };
    let all = perform(ctx, "users.get_vaults", |ctx| vaults::for_caller(ctx, &wanted))?;
    let (rows, others): (Vec<Shown>, Vec<Shown>) = all.into_iter().partition(|one| area.has(one.vault.scope));
    let applying = match area {
        Area::Own if !ctx.caller.role.administers() => others.iter().map(|one| row(Area::Own, one)).collect(),
        _ => Vec::new(),
    };
    let page = Vaults {
        shell: area.shell(ctx, request),
        administration: area.is_administration(),
        base: area.base(),
        rows: rows.iter().map(|one| row(area, one)).collect(),
        applying,
    };
    page!(request, page)
}

fn row(area: Area, shown: &Shown) -> VaultRow {
    let vault = &shown.vault;
    VaultRow {
        href: area.href(&vault.id),
        name: name(shown),
        applies: applies(shown),
        kind: kind_in_words(&vault.kind),
        enabled: vault.enabled,
        readable: shown.editable || !shown.data.is_empty(),
        changed: Some(When(vault.last_update.0)),
        version: vault.version,
    }
}

fn name(shown: &Shown) -> String {
    match shown.vault.description.as_str() {
        "" => format!("Vault {}", shown.vault.id.get(..8).unwrap_or(&shown.vault.id)),
        text => text.to_owned(),
    }
}

fn applies(shown: &Shown) -> String {
    let vault = &shown.vault;
    match vault.scope {
        VaultScope::User => "its owner".to_owned(),
        VaultScope::Organization => "everybody of the tenant".to_owned(),
        VaultScope::Group => {
            format!(
                "group {}",
                vault.group_name.as_deref().or(vault.group.as_deref()).unwrap_or("that was deleted")
            )
        }
    }
}

fn kind_in_words(kind: &str) -> &'static str {
    Kind::named(kind).map_or("unknown", words)
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Config => "configuration",
        Kind::Monitoring => "monitoring",
        Kind::SshServer => "host keys of sessions",
        Kind::StorageCredentials => "storage credentials of pages",
    }
}
