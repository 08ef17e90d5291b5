//! What was done to vaults, what changed, and what comes of it for somebody.

use super::{Area, name, page, perform};
use crate::{
    domain::{
        Ctx,
        vaults::{self, DiffLine, LogAsked, LogWanted},
    },
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        render::time::When,
        view::vaults::{Activity, Choice, DiffRow, Difference, LogRow, SettingRow, WouldGet},
    },
};

/// From a version to the present one. Values show to those who may edit the vault.
pub(super) fn difference(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    area: Area,
    id: &str,
    number: &str,
) -> Result<PageReply> {
    let from: i64 = number.parse().map_err(|_| ErrorKind::NotFound)?;
    let (shown, old) = perform(ctx, "pages.show_vault", |ctx| {
        Ok((vaults::one(ctx, id, false)?, vaults::content(ctx, id, from)?))
    })?;
    if !area.has(shown.vault.scope) {
        return Err(ErrorKind::InvalidId.into());
    }
    let lines: Vec<DiffRow> = match old.text == shown.data {
        true => Vec::new(),
        false => vaults::diff(&old.text, &shown.data).into_iter().map(line).collect(),
    };
    let page = Difference {
        shell: area.shell(ctx, request),
        administration: area.is_administration(),
        base: area.base(),
        href: area.href(id),
        name: name(&shown),
        from,
        to: shown.vault.content_version,
        lines,
        masked: !shown.plain,
    };
    PageReply::with_status(200, &page)
}

fn line(line: DiffLine) -> DiffRow {
    match line {
        DiffLine::Same(text) => DiffRow { class: "", mark: " ", text },
        DiffLine::Gone(text) => DiffRow { class: "gone", mark: "-", text },
        DiffLine::New(text) => DiffRow { class: "new", mark: "+", text },
    }
}

pub(super) fn log(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let scopes = ["organization", "group", "service_account"].map(str::to_owned).to_vec();
    let wanted = LogWanted { scopes, ..LogWanted::default() };
    let asked = LogAsked { wanted, ..LogAsked::default() };
    let entries = perform(ctx, "users.get_vault_operations_log", |ctx| vaults::log(ctx, &asked))?;
    let row = |entry: vaults::LogEntry| LogRow {
        at: When(entry.created.0),
        who: entry.user_name,
        operation: entry.operation,
        vault: if entry.description.is_empty() { entry.vault } else { entry.description },
        scope: entry.scope.replace('_', " "),
        ip: entry.ip,
        origin: [entry.originator, entry.originator_version, entry.reason].join(" ").trim().to_owned(),
    };
    let page = Activity {
        shell: Area::Administration.shell(ctx, request),
        rows: entries.into_iter().map(row).collect(),
    };
    page!(request, page)
}

/// What somebody's tasks would get from all vaults together.
pub(super) fn would_get(ctx: &Ctx<'_>, request: &PageRequest, area: Area) -> Result<PageReply> {
    let (people, chosen) = match area {
        Area::Own => (Vec::new(), Some((ctx.caller.user.to_string(), ctx.caller.name.clone()))),
        Area::Administration => {
            let people = perform(ctx, "users.get_organization_vaults", vaults::people)?;
            let asked = request.arg("user");
            let chosen = asked.and_then(|asked| people.iter().find(|(id, _)| *id == asked).cloned());
            (people, chosen)
        }
    };
    let settings = match &chosen {
        Some((id, _)) => perform(ctx, "users.get_current_user", |ctx| vaults::effective(ctx, id))?,
        None => Vec::new(),
    };
    let choice = |(id, name): (String, String)| Choice {
        chosen: chosen.as_ref().is_some_and(|(chosen, _)| *chosen == id),
        value: id,
        word: name,
    };
    let row = |setting: vaults::Setting| SettingRow {
        path: setting.path,
        value: setting.shown,
        from: setting.from,
        personal: setting.personal,
    };
    let page = WouldGet {
        shell: area.shell(ctx, request),
        administration: area.is_administration(),
        people: people.into_iter().map(choice).collect(),
        name: chosen.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
        settings: settings.into_iter().map(row).collect(),
    };
    page!(request, page)
}
