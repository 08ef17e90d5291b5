//! Pages for administrators.

mod audit;
mod features;
mod groups;
mod service_accounts;
mod sign_in;
mod tenants;
mod users;

use super::vaults;
use crate::{
    domain::{Ctx, identity},
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            notice::{done, sentence},
            perform,
        },
        view::{confirm::Confirm, shell::Tone},
    },
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => Ok(PageReply::found("/admin/users")),
        (true, ["audit"]) => audit::list(ctx, request),
        (true, ["audit.jsonl"]) => audit::export(ctx, request),
        (false, ["audit", "verify"]) => audit::verify(ctx),
        (true, ["features"]) => features::page(ctx, request),
        (_, ["groups", rest @ ..]) => groups::route(ctx, request, rest),
        (_, ["service-accounts", rest @ ..]) => service_accounts::route(ctx, request, rest),
        (_, ["sign-in", rest @ ..]) => sign_in::route(ctx, request, rest),
        (_, ["tenants", rest @ ..]) => tenants::route(ctx, request, rest),
        (_, ["users", rest @ ..]) => users::route(ctx, request, rest),
        (_, ["vaults", rest @ ..]) => vaults::route(ctx, request, vaults::Area::Administration, rest),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

/// Every value of a form's field that may occur several times.
fn fields(request: &PageRequest, name: &str) -> Vec<String> {
    request.form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}

/// Deletes the account `id` when its name was typed, and goes to the list; `again` shows its page with what is wrong.
fn delete_account(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    (id, name): (&str, &str),
    list: &str,
    again: impl FnOnce(String) -> Result<PageReply>,
    (title, text): (String, String),
) -> Result<PageReply> {
    if request.field("typed").trim() != name.trim() {
        return again("Nothing was deleted: the name was not typed as it is.".to_owned());
    }
    match perform(ctx, "auth.delete_user", |ctx| identity::delete_user(ctx, id)) {
        Err(error) if error.kind() != ErrorKind::FormRepeated && error.kind().code() < 500 => {
            again(sentence(&error))
        }
        outcome => done(outcome, list.to_owned(), |()| (Tone::Ok, title, text)),
    }
}

/// A question without fields; `action` is where it goes, `back` where it came from.
fn question(ctx: &Ctx<'_>, request: &PageRequest, action: String, back: String) -> Confirm {
    Confirm {
        shell: super::shell(ctx, request, "/admin"),
        title: String::new(),
        text: String::new(),
        points: Vec::new(),
        fields: Vec::new(),
        typed: String::new(),
        action,
        submit: String::new(),
        danger: false,
        back,
        error: String::new(),
    }
}
