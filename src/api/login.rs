//! `login.*`: how people sign in, and which tenant they come into (spec/protocol.md 2.2, 2.3; spec/governance.md 9).

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::{CookieEffect, Endpoint, Input, Reply, Request};
use crate::{
    domain::{
        Ctx,
        identity::{
            self,
            doors::{self, Destination, Invitation},
        },
        tenants,
    },
    types::Result,
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("login.add_whitelist_entries", Input::Typed, add_whitelist_entries).requires(&["emails"]),
    Endpoint::new("login.get_settings", Input::Typed, get_settings),
    Endpoint::new("login.get_whitelist", Input::Typed, get_whitelist),
    Endpoint::new("login.logout", Input::Typed, logout).since(2, 13),
    Endpoint::new("login.remove_whitelist_entries", Input::Typed, remove_whitelist_entries)
        .requires(&["emails"]),
    Endpoint::new("login.set_domains", Input::Typed, set_domains).requires(&["domains"]),
    Endpoint::new("login.supported_modes", Input::Typed, supported_modes),
];

#[derive(Deserialize)]
struct Modes {
    tenant: Option<String>,
}

/// `login.supported_modes`: open to everybody; says whether the call was authenticated. `tenant` is the external id of a
/// tenant, and comes back where each tenant has a sign-in of its own and that one exists.
fn supported_modes(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Modes = request.decode()?;
    let (enabled, guest) = identity::modes(ctx.app);
    let tenant_login = ctx.app.settings.services.login.sso.tenant_login;
    let tenant = match asked.tenant.filter(|_| tenant_login) {
        Some(external) if tenants::has_external_id(ctx.app, &external)? => Some(external),
        _ => None,
    };
    Reply::data(&json!({
        "basic": {"enabled": enabled, "guest": guest},
        "sso": {},
        "sso_providers": [],
        "server_errors": {"missed_es_upgrade": false, "es_connection_error": false},
        "authenticated": ctx.caller.is_known(),
        "tenant": tenant,
        "tenant_login": tenant_login,
        "free_signup": false,
    }))
}

/// `login.logout`: ends the presented session and forgets the cookie; never fails.
fn logout(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    identity::revoke_presented(ctx, &request.presented)?;
    Ok(Reply::empty().with_cookie(Some(CookieEffect::Delete)))
}

#[derive(Deserialize)]
struct Domains {
    domains: Vec<String>,
}

/// `login.set_domains`: all mail domains of the caller's tenant.
fn set_domains(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Domains = request.decode()?;
    doors::set_domains(ctx, &asked.domains)?;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
struct AddEntries {
    emails: Vec<String>,
    #[serde(default)]
    is_admin: bool,
    role: Option<String>,
}

/// `login.add_whitelist_entries`: answers the addresses that are new.
fn add_whitelist_entries(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AddEntries = request.decode()?;
    let role = doors::invited_role(asked.role.as_deref(), asked.is_admin)?;
    Reply::data(&json!({"added": doors::invite(ctx, &asked.emails, role)?}))
}

#[derive(Deserialize)]
struct Emails {
    emails: Vec<String>,
}

/// `login.remove_whitelist_entries`: answers the addresses that were pending.
fn remove_whitelist_entries(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Emails = request.decode()?;
    Reply::data(&json!({"removed": doors::uninvite(ctx, &asked.emails)?}))
}

fn shown(invitation: Invitation) -> Value {
    let Invitation { entry, person } = invitation;
    let user = match (entry.user, person) {
        (Some(user), Some((name, role))) => json!({"id": user, "name": name, "role": role}),
        _ => json!({"role": entry.role}),
    };
    json!({
        "email": entry.email,
        "added": entry.added.to_wire(),
        "accepted": entry.accepted.map(|at| at.to_wire()),
        "status": if entry.accepted.is_some() { "accepted" } else { "pending" },
        "user": user,
    })
}

/// `login.get_settings`: domains and white list of the caller's tenant.
fn get_settings(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let found = doors::doors(ctx)?;
    let entries: Vec<Value> = found.whitelist.into_iter().map(shown).collect();
    Reply::data(&json!({"domains": found.domains, "whitelist_entries": entries}))
}

#[derive(Deserialize)]
struct Which {
    domain: Option<String>,
    email: Option<String>,
}

/// `login.get_whitelist`: where a domain or an address leads, for those who run the server.
fn get_whitelist(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Which = request.decode()?;
    let entries: Vec<Value> = doors::destination(ctx, asked.domain.as_deref(), asked.email.as_deref())?
        .into_iter()
        .map(|found| {
            let Destination { company, domain, emails } = found;
            // By address there is one entry, and its role is the answer's; a domain makes members.
            let role = match (&domain, emails.first()) {
                (None, Some(entry)) => entry.role.clone(),
                _ => "user".to_owned(),
            };
            let emails: Vec<Value> = emails
                .iter()
                .map(|entry| json!({"email": entry.email, "added": entry.added.to_wire()}))
                .collect();
            json!({"id": company, "company": company, "domain": domain, "emails": emails, "group": null,
                "is_admin": role == "admin", "role": role})
        })
        .collect();
    Reply::data(&json!({"entries": entries}))
}
