//! `/admin/users`: people of the tenant.

use super::{delete_account, question};
use crate::{
    domain::{
        Ctx,
        identity::{self, ManagedPerson, PasswordSet},
    },
    store::identity::USERS,
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            notice::{done, sentence},
            page, perform, shell,
        },
        render::time::When,
        view::{
            admin::users::{NewUser, Password, Removed, User, UserRow, Users},
            confirm::Confirm,
            shell::Tone,
        },
    },
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => list(ctx, request),
        (true, ["new"]) => ask_for_new(ctx, request, String::new()),
        (false, ["new"]) => create(ctx, request),
        (true, [id]) => show(ctx, request, id, String::new()),
        (false, [id, "role"]) => set_role(ctx, request, id),
        (false, [id, "password"]) => set_password(ctx, request, id),
        (true, [id, deed @ ("disable" | "enable" | "delete")]) => ask(ctx, request, id, deed),
        (false, [id, deed @ ("disable" | "enable")]) => set_disabled(ctx, id, *deed == "disable"),
        (false, [id, "delete"]) => delete(ctx, request, id),
        (false, [id, "readmit"]) => {
            let outcome = perform(ctx, "users.readmit", |ctx| identity::readmit(ctx, id));
            let told =
                |()| (Tone::Ok, "Readmitted.".to_owned(), "The rules of sign-in apply again.".to_owned());
            done(outcome, "/admin/users".to_owned(), told)
        }
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn of(id: &str) -> String {
    format!("/admin/users/{id}")
}

fn row(person: &ManagedPerson) -> UserRow {
    let account = &person.account;
    let used = &account.activity;
    let last = [used.credentials_login, used.provider_login, used.ui_access].into_iter().flatten().max();
    UserRow {
        id: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone().unwrap_or_default(),
        role: person.role.clone(),
        groups: person.groups.iter().filter(|(id, _)| id != USERS).map(|(_, name)| name.clone()).collect(),
        disabled: account.disabled,
        read_only: person.read_only,
        used: last.map(|at| When(at.0)),
    }
}

fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let (people, removed) = perform(ctx, "pages.people", |ctx| {
        Ok((identity::managed_people(ctx)?, identity::removed_people(ctx)?))
    })?;
    let removed = removed.into_iter().map(|removed| Removed {
        id: removed.user.to_string(),
        name: removed.name,
        emails: removed.emails,
        removed: Some(When(removed.created.0)),
    });
    page!(
        request,
        Users {
            shell: shell(ctx, request, "/admin"),
            people: people.iter().map(row).collect(),
            removed: removed.collect(),
        }
    )
}

fn may_add(ctx: &Ctx<'_>) -> bool {
    ctx.caller.role.is_system() || ctx.caller.features.contains("user_management_advanced")
}

fn show(ctx: &Ctx<'_>, request: &PageRequest, id: &str, error: String) -> Result<PageReply> {
    let person = perform(ctx, "pages.people", |ctx| identity::managed_person(ctx, id))?;
    let mut roles: Vec<(String, String, bool)> = identity::ROLE_OPTIONS
        .iter()
        .map(|(role, word)| (role.as_str().to_owned(), (*word).to_owned(), role.as_str() == person.role))
        .collect();
    if !roles.iter().any(|(.., chosen)| *chosen) {
        roles.push((person.role.clone(), person.role.clone(), true));
    }
    let refused = !error.is_empty();
    let page = User {
        shell: shell(ctx, request, "/admin"),
        row: row(&person),
        created: Some(When(person.account.created.0)),
        roles,
        oneself: person.account.id == ctx.caller.user,
        may_set_password: may_add(ctx) && person.account.email.is_some(),
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

fn ask_for_new(ctx: &Ctx<'_>, request: &PageRequest, error: String) -> Result<PageReply> {
    // Whoever may not see people may not see this form either.
    perform(ctx, "pages.people", |_| Ok(()))?;
    let refused = !error.is_empty();
    let page = NewUser {
        shell: shell(ctx, request, "/admin"),
        enabled: may_add(ctx),
        name: request.field("name").to_owned(),
        email: request.field("email").to_owned(),
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

/// The answer to the form is the page with the password: it exists once, and nothing keeps it.
fn shown_once(ctx: &Ctx<'_>, request: &PageRequest, set: &PasswordSet) -> Result<PageReply> {
    let person = identity::managed_person(ctx, set.user.as_str())?;
    let page = Password {
        shell: shell(ctx, request, "/admin"),
        id: set.user.to_string(),
        login: ctx
            .read(|snapshot| snapshot.logins(&set.user))?
            .into_iter()
            .next()
            .unwrap_or_else(|| set.user.to_string()),
        name: person.account.name,
        secret: set.secret.expose().clone(),
    };
    PageReply::with_status(200, &page)
}

const SHOWN_ALREADY: &str =
    "The form was sent twice; the password was shown already. If it is lost, make a new one.";

fn create(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let (name, email) = (request.field("name").trim(), request.field("email").trim());
    match perform(ctx, "auth.add_user", |ctx| identity::add_user(ctx, name, email, None, None)) {
        Ok(set) => shown_once(ctx, request, &set),
        Err(error) if error.kind() == ErrorKind::FormRepeated => {
            ask_for_new(ctx, request, SHOWN_ALREADY.to_owned())
        }
        Err(error) if error.kind().code() == 400 => ask_for_new(ctx, request, sentence(&error)),
        Err(error) => Err(error),
    }
}

fn set_password(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    match perform(ctx, "auth.set_credentials", |ctx| identity::set_password_of(ctx, id, None)) {
        Ok(set) => shown_once(ctx, request, &set),
        Err(error) if error.kind() == ErrorKind::FormRepeated => {
            show(ctx, request, id, SHOWN_ALREADY.to_owned())
        }
        Err(error) if error.kind().code() == 400 => show(ctx, request, id, sentence(&error)),
        Err(error) => Err(error),
    }
}

fn set_role(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let role = request.field("role");
    match perform(ctx, "auth.edit_user", |ctx| identity::edit_role(ctx, id, role)) {
        Err(error) if error.kind() != ErrorKind::FormRepeated && error.kind().code() < 500 => {
            show(ctx, request, id, sentence(&error))
        }
        outcome => done(outcome, of(id), |changed| {
            let title = if changed { "Role saved." } else { "Nothing to change." };
            (Tone::Ok, title.to_owned(), String::new())
        }),
    }
}

fn ask(ctx: &Ctx<'_>, request: &PageRequest, id: &str, deed: &str) -> Result<PageReply> {
    let person = perform(ctx, "pages.people", |ctx| identity::managed_person(ctx, id))?;
    let name = person.account.name;
    let blank = question(ctx, request, format!("{}/{deed}", of(id)), of(id));
    let ends = [
        "Every session ends, and everything that agents run for this person loses its rights.",
        "API keys and the password stop working.",
        "Tasks that wait in queues become drafts again and say why.",
        "Finished work stays, under this name. Service accounts go on.",
    ];
    let points = ends.map(str::to_owned).to_vec();
    let page = match deed {
        "disable" => Confirm {
            title: format!("Disable {name}?"),
            text: "The account stays and can be let in again.".to_owned(),
            points,
            submit: "Disable".to_owned(),
            danger: true,
            ..blank
        },
        "enable" => Confirm {
            title: format!("Let {name} in again?"),
            text: "API keys and the password work again. Sessions that were ended stay ended.".to_owned(),
            submit: "Let in again".to_owned(),
            ..blank
        },
        _ => Confirm {
            title: format!("Delete {name}?"),
            text: "The account is removed for good. No rule of sign-in makes it again until you readmit the person."
                .to_owned(),
            points,
            typed: name,
            submit: "Delete the account".to_owned(),
            danger: true,
            ..blank
        },
    };
    page!(request, page)
}

fn set_disabled(ctx: &Ctx<'_>, id: &str, disabled: bool) -> Result<PageReply> {
    let outcome = perform(ctx, "users.set_disabled", |ctx| identity::set_disabled(ctx, id, disabled));
    done(outcome, of(id), |_| match disabled {
        true => {
            (Tone::Ok, "Disabled.".to_owned(), "Nothing that this person held works any more.".to_owned())
        }
        false => (Tone::Ok, "Let in again.".to_owned(), String::new()),
    })
}

fn delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let person = perform(ctx, "pages.people", |ctx| identity::managed_person(ctx, id));
    // A second press finds the account gone.
    let Ok(person) = person else { return Ok(PageReply::see_other("/admin/users")) };
    let name = person.account.name;
    let told = (format!("{name} is removed."), "Nothing that this person held works any more.".to_owned());
    delete_account(ctx, request, (id, &name), "/admin/users", |error| show(ctx, request, id, error), told)
}
