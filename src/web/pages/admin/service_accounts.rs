//! `/admin/service-accounts`: what agents and scripts sign in with.

use super::{delete_account, fields, question};
use crate::{
    domain::{
        Ctx,
        client_config::ClientConfig,
        identity::{self, IssuedCredential, SELF, ServiceAccount, ServiceChange, ServiceRules},
    },
    store::identity::{Credential, GroupRecord, USERS},
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            me::key_row,
            notice::{done, sentence},
            page, perform, shell,
        },
        render::{text::cut_middle, time::When},
        view::{
            admin::{
                Tick,
                service_accounts::{Account, AccountRow, Accounts, Created, Key, NewAccount, Rules},
            },
            confirm::Confirm,
            shell::Tone,
        },
    },
};

const LIST: &str = "/admin/service-accounts";

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => list(ctx, request),
        (true, ["new"]) => ask_for_new(ctx, request, String::new()),
        (false, ["new"]) => create(ctx, request),
        (true, [id]) => show(ctx, request, id, String::new()),
        (false, [id]) => save(ctx, request, id),
        (false, [id, "admin"]) => set_admin(ctx, request, id),
        (false, [id, "keys"]) => create_key(ctx, request, id),
        (true, [id, "keys", key, "revoke"]) => ask_to_revoke(ctx, request, id, key),
        (false, [id, "keys", key, "revoke"]) => revoke(ctx, id, key),
        (true, [id, "delete"]) => ask_to_delete(ctx, request, id),
        (false, [id, "delete"]) => delete(ctx, request, id),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn of(id: &str) -> String {
    format!("{LIST}/{id}")
}

fn find(ctx: &Ctx<'_>, id: &str) -> Result<ServiceAccount> {
    perform(ctx, "users.get_service_users", |ctx| identity::service_account(ctx, id))
}

fn key(ctx: &Ctx<'_>, credential: &Credential) -> Key {
    let rotate_after = ctx.app.settings.apiserver.auth.credentials.rotate_after_sec.signed();
    let flags = identity::credential_flags(credential, ctx.call.received, rotate_after);
    Key {
        row: key_row(credential.clone()),
        expires: credential.expire.map(|at| When(at.0)),
        flags: flags.into_iter().map(identity::CredentialFlag::as_str).collect(),
    }
}

fn row(ctx: &Ctx<'_>, found: &ServiceAccount) -> AccountRow {
    let account = &found.account;
    let latest = found.credentials.iter().max_by_key(|credential| credential.last_used);
    let flagged =
        found.credentials.iter().filter(|credential| !key(ctx, credential).flags.is_empty()).count();
    AccountRow {
        id: account.id.to_string(),
        name: account.name.clone(),
        role: account.role.clone(),
        as_owner: account.allow_running_as_owner,
        disabled: account.disabled,
        keys: found.credentials.len() as u64,
        expires: found
            .credentials
            .iter()
            .filter_map(|credential| credential.expire)
            .min()
            .map(|at| When(at.0)),
        used: found.last_active.map(|at| When(at.0)),
        used_from: latest.and_then(|credential| credential.last_used_from.clone()).unwrap_or_default(),
        attention: match flagged {
            0 => String::new(),
            1 => "a key needs a look".to_owned(),
            more => format!("{more} keys need a look"),
        },
    }
}

fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let (accounts, (_, most)) = perform(ctx, "users.get_service_users", |ctx| {
        Ok((identity::service_accounts(ctx)?, identity::service_limits(ctx)?))
    })?;
    page!(
        request,
        Accounts {
            shell: shell(ctx, request, "/admin"),
            accounts: accounts.iter().map(|found| row(ctx, found)).collect(),
            limit: most.map(|most| format!("The tenant may have {most}.")).unwrap_or_default(),
        }
    )
}

/// Groups that can be chosen: all but `users`.
fn groups(ctx: &Ctx<'_>) -> Result<Vec<GroupRecord>> {
    let mut groups = ctx.read(|snapshot| snapshot.groups(&ctx.caller.tenant))?;
    groups.retain(|group| group.id != USERS);
    Ok(groups)
}

fn ticks(groups: &[GroupRecord], chosen: &[String]) -> Vec<Tick> {
    let tick = |group: &GroupRecord| Tick {
        value: group.id.clone(),
        label: group.name.clone(),
        note: String::new(),
        checked: chosen.contains(&group.id),
    };
    groups.iter().map(tick).collect()
}

fn rules_of(ctx: &Ctx<'_>, name: &str, rules: &ServiceRules) -> Result<Rules> {
    let groups = groups(ctx)?;
    let accepted = rules.accept_tasks_from.clone().unwrap_or_default();
    Ok(Rules {
        name: name.to_owned(),
        as_owner: rules.allow_running_as_owner,
        accept: match &rules.accept_tasks_from {
            None => "all",
            Some(list) if list.iter().all(|name| name == SELF) => "self",
            Some(_) => "groups",
        },
        accept_groups: ticks(&groups, &accepted),
        become_groups: ticks(&groups, rules.impersonate_groups.as_deref().unwrap_or_default()),
    })
}

/// What the form says.
fn sent(request: &PageRequest) -> ServiceRules {
    let become_groups = fields(request, "become_group");
    ServiceRules {
        allow_running_as_owner: !request.field("as_owner").is_empty(),
        accept_tasks_from: match request.field("accept") {
            "self" => Some(vec![SELF.to_owned()]),
            "groups" => Some(fields(request, "accept_group")),
            _ => None,
        },
        impersonate_groups: (!become_groups.is_empty()).then_some(become_groups),
    }
}

fn ask_for_new(ctx: &Ctx<'_>, request: &PageRequest, error: String) -> Result<PageReply> {
    perform(ctx, "users.get_service_users", |_| Ok(()))?;
    let refused = !error.is_empty();
    // A fresh form starts with what is recommended.
    let start = ServiceRules { allow_running_as_owner: true, ..ServiceRules::default() };
    let rules = if refused { sent(request) } else { start };
    let page = NewAccount {
        shell: shell(ctx, request, "/admin"),
        rules: rules_of(ctx, request.field("name"), &rules)?,
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

/// The answer to the form is the page with the secret: it exists once, and nothing keeps it.
fn created(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    id: &str,
    issued: &IssuedCredential,
    first: bool,
) -> Result<PageReply> {
    let found = find(ctx, id)?;
    let account = &found.account;
    let rules = ServiceRules::of(&found.account);
    let conf = ClientConfig {
        urls: &ctx.app.urls,
        access_key: &issued.access_key,
        secret_key: &issued.secret_key,
        ca_bundle: ctx.app.ca_bundle.as_deref(),
    };
    let page = Created {
        shell: shell(ctx, request, "/admin"),
        id: id.to_owned(),
        name: account.name.clone(),
        first,
        access_key: issued.access_key.clone(),
        secret_key: issued.secret_key.expose().clone(),
        expires: issued.expire.map(|at| When(at.0)),
        conf: conf.to_string(),
        accepts: match &rules.accept_tasks_from {
            None => "everybody who may submit to its queues".to_owned(),
            Some(list) if list.iter().all(|name| name == SELF) => "itself only".to_owned(),
            Some(list) => {
                let named = groups(ctx)?.into_iter().filter(|group| list.contains(&group.id));
                format!("members of {}", named.map(|group| group.name).collect::<Vec<_>>().join(", "))
            }
        },
        as_owner: rules.allow_running_as_owner,
        recommendation: rules.recommendation().unwrap_or_default().to_owned(),
        groups: found.groups,
    };
    PageReply::with_status(200, &page)
}

const SHOWN_ALREADY: &str =
    "The form was sent twice; the secret was shown already. If it is lost, revoke the key and make another.";

fn create(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let rules = sent(request);
    let days: i64 = request.field("days").parse().unwrap_or(0);
    let seconds = days.clamp(0, 3650) * 86_400;
    let made = perform(ctx, "auth.create_service_user", |ctx| {
        identity::create_service_account(ctx, request.field("name"), &rules, None, Some(seconds))
    });
    match made {
        Ok(made) => created(ctx, request, made.user.as_str(), &made.credential, true),
        Err(error) if error.kind() == ErrorKind::FormRepeated => {
            ask_for_new(ctx, request, SHOWN_ALREADY.to_owned())
        }
        Err(error) if error.kind().code() == 400 => ask_for_new(ctx, request, sentence(&error)),
        Err(error) => Err(error),
    }
}

fn show(ctx: &Ctx<'_>, request: &PageRequest, id: &str, error: String) -> Result<PageReply> {
    let found = find(ctx, id)?;
    let (allow_admins, _) = identity::service_limits(ctx)?;
    let rules = ServiceRules::of(&found.account);
    let refused = !error.is_empty();
    let page = Account {
        shell: shell(ctx, request, "/admin"),
        row: row(ctx, &found),
        keys: found.credentials.iter().rev().map(|credential| key(ctx, credential)).collect(),
        rules: rules_of(ctx, &found.account.name, &rules)?,
        admin: found.account.role == crate::domain::Role::Admin.as_str(),
        allow_admins,
        recommendation: rules.recommendation().unwrap_or_default().to_owned(),
        groups: found.groups,
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

/// The outcome of a form of the account's page: told there, or shown with what was refused.
fn saved<T>(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    id: &str,
    outcome: Result<T>,
    title: &str,
) -> Result<PageReply> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::FormRepeated && error.kind().code() < 500 => {
            show(ctx, request, id, sentence(&error))
        }
        outcome => done(outcome, of(id), |_| (Tone::Ok, title.to_owned(), String::new())),
    }
}

fn save(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let rules = sent(request);
    let change = ServiceChange {
        name: Some(request.field("name").to_owned()),
        allow_running_as_owner: Some(rules.allow_running_as_owner),
        accept_tasks_from: Some(rules.accept_tasks_from),
        impersonate_groups: Some(rules.impersonate_groups),
    };
    let outcome =
        perform(ctx, "users.update_service_user", |ctx| identity::update_service_account(ctx, id, &change));
    saved(ctx, request, id, outcome, "Saved.")
}

fn set_admin(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let admin = !request.field("admin").is_empty();
    let outcome = perform(ctx, "users.set_admin", |ctx| identity::set_admin(ctx, id, admin));
    saved(ctx, request, id, outcome, "Role saved.")
}

fn create_key(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let label: String = request.field("label").trim().chars().take(100).collect();
    let made = perform(ctx, "pages.add_service_credential", |ctx| {
        identity::add_service_credential(ctx, id, Some(&label), None)
    });
    match made {
        Ok(issued) => created(ctx, request, id, &issued, false),
        Err(error) if error.kind() == ErrorKind::FormRepeated => {
            show(ctx, request, id, SHOWN_ALREADY.to_owned())
        }
        Err(error) if error.kind().code() == 400 => show(ctx, request, id, sentence(&error)),
        Err(error) => Err(error),
    }
}

fn ask_to_revoke(ctx: &Ctx<'_>, request: &PageRequest, id: &str, access_key: &str) -> Result<PageReply> {
    let found = find(ctx, id)?;
    let credential = found.credentials.iter().find(|credential| credential.access_key == access_key);
    let row = key_row(credential.ok_or(ErrorKind::NotFound)?.clone());
    let shown = cut_middle(access_key, 20);
    page!(
        request,
        Confirm {
            title: format!("Revoke the key {}?", if row.label.is_empty() { &shown } else { &row.label }),
            text: "Whatever uses it can't sign in any more; its sessions, and tokens that it holds for others, end at \
                   once. This can't be undone; make a new key first if something still needs one."
                .to_owned(),
            points: vec![
                format!("Access key {shown}"),
                match row.used.is_some() {
                    true => format!("It was last used from {}.", row.used_from),
                    false => "It has never been used.".to_owned(),
                },
            ],
            submit: "Revoke the key".to_owned(),
            danger: true,
            ..question(ctx, request, format!("{}/keys/{access_key}/revoke", of(id)), of(id))
        }
    )
}

fn revoke(ctx: &Ctx<'_>, id: &str, key: &str) -> Result<PageReply> {
    let outcome = perform(ctx, "pages.revoke_service_credential", |ctx| {
        identity::revoke_service_credential(ctx, id, key)
    });
    done(outcome, of(id), |()| {
        (Tone::Ok, "Key revoked.".to_owned(), "Whatever was obtained with it has ended.".to_owned())
    })
}

fn ask_to_delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let found = find(ctx, id)?;
    let keys = found.credentials.len();
    page!(
        request,
        Confirm {
            title: format!("Delete {}?", found.account.name),
            text: "Agents and scripts that use it stop at their next call. Tasks that they run for somebody lose their \
                   rights. What it made stays."
                .to_owned(),
            points: vec![format!("{keys} {}", if keys == 1 { "key" } else { "keys" })],
            typed: found.account.name,
            submit: "Delete the account".to_owned(),
            danger: true,
            ..question(ctx, request, format!("{}/delete", of(id)), of(id))
        }
    )
}

fn delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    // A second press finds the account gone.
    let Ok(found) = find(ctx, id) else { return Ok(PageReply::see_other(LIST)) };
    let name = found.account.name;
    let told = (format!("{name} is deleted."), String::new());
    delete_account(ctx, request, (id, &name), LIST, |error| show(ctx, request, id, error), told)
}
