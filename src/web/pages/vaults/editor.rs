//! One vault: looking at it, writing it, deleting it.

use super::{Area, applies, kind_in_words, name, page, perform, words};
use crate::{
    domain::{
        Ctx,
        vaults::{self, Change, Enforced, Format, Kind},
    },
    store::vaults::VaultScope,
    types::{ApiError, ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::notice,
        render::time::When,
        view::{
            confirm::Confirm,
            shell::Tone,
            vaults::{Choice, Editor, Verdict, VersionRow},
        },
    },
};

/// A vault for the whole tenant in the list of audiences.
const EVERYBODY: &str = "everybody";

fn formats(chosen: Format) -> Vec<Choice> {
    let word = |format| match format {
        Format::Hocon => "HOCON",
        Format::Json => "JSON",
        Format::Yaml => "YAML",
    };
    let choice = |format: Format| Choice {
        value: format.as_str().to_owned(),
        word: word(format).to_owned(),
        chosen: format == chosen,
    };
    Format::ALL.into_iter().map(choice).collect()
}

fn kinds(area: Area, chosen: Kind) -> Vec<Choice> {
    Kind::ALL
        .into_iter()
        .filter(|kind| area.is_administration() || *kind != Kind::Monitoring)
        .map(|kind| Choice {
            value: kind.as_str().to_owned(),
            word: words(kind).to_owned(),
            chosen: kind == chosen,
        })
        .collect()
}

fn audience(ctx: &Ctx<'_>, area: Area, chosen: &str) -> Result<Vec<Choice>> {
    if !area.is_administration() {
        return Ok(Vec::new());
    }
    let group = |(id, name): (String, String)| Choice {
        chosen: id == chosen,
        value: id,
        word: format!("group {name}"),
    };
    let mut choices: Vec<Choice> = vaults::groups(ctx)?.into_iter().map(group).collect();
    let word = "everybody of the tenant".to_owned();
    choices.push(Choice { value: EVERYBODY.to_owned(), word, chosen: chosen == EVERYBODY });
    Ok(choices)
}

fn empty(ctx: &Ctx<'_>, request: &PageRequest, area: Area) -> Editor {
    Editor {
        shell: area.shell(ctx, request),
        administration: area.is_administration(),
        base: area.base(),
        href: format!("{}/new", area.base()),
        fresh: true,
        name: "New vault".to_owned(),
        description: String::new(),
        applies: String::new(),
        enabled: true,
        version: 0,
        editing: true,
        editable: true,
        text: String::new(),
        formats: formats(Format::Hocon),
        kinds: kinds(area, Kind::Config),
        kind: words(Kind::Config),
        audience: Vec::new(),
        enforced: Vec::new(),
        versions: Vec::new(),
        error: String::new(),
    }
}

pub(super) fn fresh(ctx: &Ctx<'_>, request: &PageRequest, area: Area) -> Result<PageReply> {
    let page = Editor { audience: audience(ctx, area, "")?, ..empty(ctx, request, area) };
    PageReply::with_status(200, &page)
}

/// Shows the structure; with `edit=1` the text, which is recorded.
pub(super) fn show(ctx: &Ctx<'_>, request: &PageRequest, area: Area, id: &str) -> Result<PageReply> {
    let editing = request.arg("edit").is_some();
    let page = known(ctx, request, area, id, editing)?;
    match editing {
        true => PageReply::with_status(200, &page),
        false => page!(request, page),
    }
}

fn known(ctx: &Ctx<'_>, request: &PageRequest, area: Area, id: &str, editing: bool) -> Result<Editor> {
    let operation = if editing { "pages.show_vault" } else { "users.get_current_user" };
    let shown = perform(ctx, operation, |ctx| vaults::one(ctx, id, !editing))?;
    let own_page = area.has(shown.vault.scope);
    if area.is_administration() && !own_page {
        return Err(ErrorKind::InvalidId.into());
    }
    let kind = Kind::named(&shown.vault.kind).unwrap_or(Kind::Config);
    let editable = shown.editable && own_page;
    let versions = match editable {
        true => vaults::versions(ctx, id)?,
        false => Vec::new(),
    };
    let present = shown.vault.content_version;
    let row = |version: vaults::Version| VersionRow {
        href: format!("{}/versions/{}", area.href(id), version.number),
        number: version.number,
        by: version.by,
        at: When(version.created.0),
        present: version.number == present,
    };
    Ok(Editor {
        href: area.href(id),
        fresh: false,
        name: name(&shown),
        description: shown.vault.description.clone(),
        applies: applies(&shown),
        enabled: shown.vault.enabled,
        version: shown.vault.version,
        editing: editing && editable,
        editable,
        formats: formats(shown.format),
        kinds: kinds(area, kind),
        kind: kind_in_words(&shown.vault.kind),
        enforced: sentences(&vaults::enforced_by(ctx, id)?),
        versions: versions.into_iter().map(row).collect(),
        text: shown.data,
        ..empty(ctx, request, area)
    })
}

fn sentences(enforced: &Enforced) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut say = |holds: bool, sentence: &str| {
        if holds {
            sentences.push(sentence.to_owned());
        }
    };
    say(enforced.pins, "The container is pinned when a task leaves the queue.");
    say(enforced.images, "Other images are refused when a task is enqueued and when it leaves the queue.");
    say(enforced.arguments, "Only listed arguments of containers pass.");
    say(enforced.output, "Output goes to the decided place.");
    match enforced.masked {
        0 => {}
        1 => sentences.push("1 value is masked in logs.".to_owned()),
        n => sentences.push(format!("{n} values are masked in logs.")),
    }
    sentences
}

fn chosen_format(request: &PageRequest) -> Format {
    Format::named(request.field("format")).unwrap_or(Format::Hocon)
}

fn chosen_kind(request: &PageRequest) -> Kind {
    Kind::named(request.field("kind")).unwrap_or(Kind::Config)
}

/// Browsers send line ends of their own.
fn text(request: &PageRequest) -> String {
    request.field("data").replace("\r\n", "\n")
}

pub(super) fn save(ctx: &Ctx<'_>, request: &PageRequest, area: Area, id: Option<&str>) -> Result<PageReply> {
    let audience = request.field("audience");
    let scope = match (area, id) {
        (_, Some(_)) => None,
        (Area::Own, None) => Some(VaultScope::User),
        (Area::Administration, None) if audience == EVERYBODY => Some(VaultScope::Organization),
        (Area::Administration, None) => Some(VaultScope::Group),
    };
    let change = Change {
        id: id.map(str::to_owned),
        scope,
        kind: Some(chosen_kind(request)),
        format: Some(chosen_format(request)),
        description: Some(request.field("description").to_owned()),
        enabled: Some(!request.field("enabled").is_empty()),
        data: Some(text(request)),
        group: (scope == Some(VaultScope::Group)).then(|| audience.to_owned()),
        user: None,
        based_on: id.and(request.field("version").parse().ok()),
    };
    match perform(ctx, "users.add_or_update_vault", |ctx| vaults::add_or_update(ctx, &change)) {
        Ok(id) => {
            let reply = PageReply::see_other(area.href(&id));
            Ok(notice::telling(reply, Tone::Ok, "Saved.", "Tasks that start from now on get it."))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(area.base())),
        Err(error) if error.kind().code() == 400 => refused(ctx, request, area, id, &error),
        Err(error) => Err(error),
    }
}

/// The form again, as it was sent, with what is wrong.
fn refused(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    area: Area,
    id: Option<&str>,
    error: &ApiError,
) -> Result<PageReply> {
    let page = match id {
        Some(id) => known(ctx, request, area, id, true)?,
        None => {
            Editor { audience: audience(ctx, area, request.field("audience"))?, ..empty(ctx, request, area) }
        }
    };
    let page = Editor {
        description: request.field("description").to_owned(),
        enabled: !request.field("enabled").is_empty(),
        text: text(request),
        formats: formats(chosen_format(request)),
        kinds: kinds(area, chosen_kind(request)),
        error: error.detail().to_owned(),
        ..page
    };
    PageReply::with_status(422, &page)
}

/// What the editor's script asks while somebody writes. Nothing is stored.
pub(super) fn check(ctx: &Ctx<'_>, request: &PageRequest, area: Area) -> Result<PageReply> {
    let verdict = perform(ctx, "pages.check_vault", |ctx| {
        let personal = !area.is_administration();
        Ok(vaults::check_text(ctx, &text(request), chosen_format(request), chosen_kind(request), personal))
    })?;
    let fault = verdict.err().map(|fault| fault.to_string()).unwrap_or_default();
    PageReply::with_status(200, &Verdict { fault })
}

pub(super) fn download(ctx: &Ctx<'_>, area: Area, id: &str) -> Result<PageReply> {
    let shown = perform(ctx, "pages.show_vault", |ctx| vaults::one(ctx, id, false))?;
    if !area.has(shown.vault.scope) || !shown.plain {
        return Err(ErrorKind::InvalidId.into());
    }
    let ending = match shown.format {
        Format::Hocon => "conf",
        Format::Json => "json",
        Format::Yaml => "yaml",
    };
    let reply = PageReply {
        status: 200,
        content_type: "text/plain; charset=utf-8",
        body: shown.data,
        stream: None,
        headers: Vec::new(),
        cookies: Vec::new(),
    };
    let disposition = format!("attachment; filename=\"vault-{}.{ending}\"", shown.vault.id);
    Ok(reply.header("Content-Disposition", disposition).header("Cache-Control", "no-store"))
}

pub(super) fn ask_to_delete(ctx: &Ctx<'_>, request: &PageRequest, area: Area, id: &str) -> Result<PageReply> {
    let shown = perform(ctx, "users.get_current_user", |ctx| vaults::one(ctx, id, true))?;
    let name = name(&shown);
    let page = Confirm {
        shell: area.shell(ctx, request),
        title: format!("Delete the vault {name}?"),
        text: "Tasks that start from now on no longer get its settings. Its text and all its versions are deleted for good; \
               download it first if you may need it again. Switching it off keeps it."
            .to_owned(),
        points: vec![format!("It applies to {}", applies(&shown))],
        fields: Vec::new(),
        typed: String::new(),
        action: format!("{}/delete", area.href(id)),
        submit: "Delete the vault".to_owned(),
        danger: true,
        back: area.href(id),
        error: String::new(),
    };
    page!(request, page)
}

pub(super) fn delete(ctx: &Ctx<'_>, area: Area, id: &str) -> Result<PageReply> {
    match perform(ctx, "users.delete_vaults", |ctx| vaults::delete(ctx, &[id.to_owned()])) {
        Err(error) if error.kind() != ErrorKind::FormRepeated => Err(error),
        _ => {
            let reply = PageReply::see_other(area.base());
            Ok(notice::telling(reply, Tone::Ok, "Vault deleted.", ""))
        }
    }
}
