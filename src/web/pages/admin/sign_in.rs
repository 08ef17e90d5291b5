//! How people come into the tenant: mail domains and the white list.

use super::tenants::{refusal, typed_list};
use crate::{
    domain::{
        Ctx,
        identity::doors::{self, Invitation},
    },
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::{notice::telling, page, perform, shell},
        render::time::When,
        view::{
            admin::sign_in::{InvitedRow, SignIn},
            shell::Tone,
        },
    },
};

const HERE: &str = "/admin/sign-in";

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => show(ctx, request, String::new()),
        (false, ["domains"]) => set_domains(ctx, request),
        (false, ["invite"]) => invite(ctx, request),
        (false, ["remove"]) => remove(ctx, request),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn invited(invitation: Invitation) -> InvitedRow {
    let Invitation { entry, person } = invitation;
    let (person, role) = match person {
        Some((name, role)) => (name, role),
        None => (String::new(), entry.role),
    };
    InvitedRow {
        email: entry.email,
        role,
        added: Some(When(entry.added.0)),
        accepted: entry.accepted.map(|at| When(at.0)),
        person,
    }
}

fn show(ctx: &Ctx<'_>, request: &PageRequest, error: String) -> Result<PageReply> {
    let found = perform(ctx, "login.get_settings", doors::doors)?;
    let page = SignIn {
        shell: shell(ctx, request, HERE),
        open_domains: found.domains.iter().filter(|domain| doors::is_free_mail(domain)).cloned().collect(),
        domains: found.domains.join("\n"),
        may_set_domains: doors::may_set_domains(ctx),
        invited: found.whitelist.into_iter().map(invited).collect(),
        typed: request.field("emails").to_owned(),
        error,
    };
    if page.error.is_empty() { page!(request, page) } else { PageReply::with_status(422, &page) }
}

fn done(ctx: &Ctx<'_>, request: &PageRequest, outcome: Result<(String, &str)>) -> Result<PageReply> {
    match outcome {
        Ok((title, text)) => Ok(telling(PageReply::see_other(HERE), Tone::Ok, &title, text)),
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(HERE)),
        Err(error) => show(ctx, request, refusal(error)?),
    }
}

fn set_domains(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let domains = typed_list(request.field("domains"));
    let outcome = perform(ctx, "login.set_domains", |ctx| doors::set_domains(ctx, &domains));
    let text = "It applies to whoever signs in for the first time from now on.";
    done(ctx, request, outcome.map(|()| ("Domains saved.".to_owned(), text)))
}

fn invite(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let emails = typed_list(request.field("emails"));
    let role = Some(request.field("role")).filter(|role| !role.is_empty());
    let outcome = perform(ctx, "login.add_whitelist_entries", |ctx| {
        doors::invite(ctx, &emails, doors::invited_role(role, false)?)
    });
    let told = outcome.map(|added| match added.len() {
        0 => ("Nothing is new.".to_owned(), "They are on the list, or members already."),
        1 => ("1 address added.".to_owned(), ""),
        count => (format!("{count} addresses added."), ""),
    });
    done(ctx, request, told)
}

fn remove(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let email = [request.field("email").to_owned()];
    let outcome = perform(ctx, "login.remove_whitelist_entries", |ctx| doors::uninvite(ctx, &email));
    let told = outcome.map(|removed| match removed.len() {
        0 => ("Nothing was removed.".to_owned(), "Whoever came already stays a member."),
        _ => ("Address removed.".to_owned(), ""),
    });
    done(ctx, request, told)
}
