//! The doors to a tenant: mail domains and the white list (spec/governance.md 9, spec/security_rules.md S3).
//!
//! A domain or an address leads to one tenant. Refusals say that something is taken, never by whom.

use std::collections::BTreeSet;

use super::people::check_email;
use crate::{
    domain::{Ctx, Role},
    store::{Snapshot, Tx, tenants::WhitelistEntry},
    types::{ApiError, CompanyId, ErrorKind, Result, UserId},
};

/// Most domains or addresses in one call.
const MOST: usize = 10_000;

/// An address that may sign in, as its tenant sees it.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The entry.
    pub entry: WhitelistEntry,
    /// Name and role of the person who came, once somebody did and while the account exists.
    pub person: Option<(String, String)>,
}

/// How people come into the caller's tenant.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// Mail domains.
    pub domains: Vec<String>,
    /// White list.
    pub whitelist: Vec<Invitation>,
}

/// Providers of mail for everybody: with one of them as its domain, a tenant is open to strangers.
const FREE_MAIL: [&str; 20] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "yahoo.com",
    "yandex.ru",
];

/// Whether anybody can have an address in the domain.
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.contains(&domain)
}

/// Domains in the form in which they are stored and compared: lower case, ASCII, each once, sorted.
///
/// Errors: 400/23 malformed; 400/12 too many.
pub fn checked_domains<'a>(domains: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
    let found: BTreeSet<String> = domains.into_iter().map(checked_domain).collect::<Result<_>>()?;
    check_count(found.len(), "domains")?;
    Ok(found.into_iter().collect())
}

fn check_count(count: usize, field: &str) -> Result<()> {
    match count > MOST {
        true => {
            Err(ApiError::new(ErrorKind::ValidationError, format!("at most {MOST} at once"))
                .with("field", field))
        }
        false => Ok(()),
    }
}

fn checked_domain(domain: &str) -> Result<String> {
    let malformed = || {
        let text = "write it as host.domain, without @, blanks or wildcards";
        ApiError::new(ErrorKind::InvalidDomainName, text).with("domain", domain)
    };
    let ascii = idna::domain_to_ascii_strict(domain.trim()).map_err(|_| malformed())?;
    let labels: Vec<&str> = ascii.split('.').collect();
    // The last label of a host name is never a number: that would be an address.
    let numeric = labels.last().is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    match labels.len() < 2 || labels.iter().any(|label| label.is_empty()) || numeric || ascii.len() > 253 {
        true => Err(malformed()),
        false => Ok(ascii),
    }
}

/// Addresses without blanks around them, each once without regard to case, in the order sent.
///
/// Errors: 400/22 malformed; 400/12 too many.
pub fn checked_emails<T: AsRef<str>>(emails: &[T]) -> Result<Vec<String>> {
    check_count(emails.len(), "emails")?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for email in emails {
        let email = email.as_ref().trim();
        check_email(email).map_err(|error| error.with("email", email))?;
        if seen.insert(email.to_lowercase()) {
            found.push(email.to_owned());
        }
    }
    Ok(found)
}

/// Whether the caller may say which mail domains lead to its tenant: the platform always, a tenant's administrators where
/// the server lets them.
pub fn may_set_domains(ctx: &Ctx<'_>) -> bool {
    ctx.caller.operates() || ctx.app.settings.services.login.tenant_domains_self_service
}

/// `login.set_domains`: replaces the domains of the caller's tenant.
///
/// Errors: 403/20 the server does not let tenants do it; 400/23 malformed; 400/801 one belongs to another tenant, and
/// nothing changed.
pub fn set_domains(ctx: &Ctx<'_>, domains: &[String]) -> Result<()> {
    if !may_set_domains(ctx) {
        let text =
            "mail domains are set by those who run this server (services.login.tenant_domains_self_service)";
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, text));
    }
    set_domains_of(ctx, &ctx.caller.tenant, domains)
}

/// Replaces the domains of any tenant, for the operator.
///
/// Errors: 400/10 unknown tenant; otherwise as [`set_domains`].
pub fn set_domains_of(ctx: &Ctx<'_>, tenant: &CompanyId, domains: &[String]) -> Result<()> {
    let domains = checked_domains(domains.iter().map(String::as_str))?;
    ctx.touched("tenant", tenant.as_str());
    let open: Vec<&String> = domains.iter().filter(|domain| is_free_mail(domain)).collect();
    if !open.is_empty() {
        tracing::warn!(
            tenant = tenant.as_str(),
            domains = ?open,
            "anybody can have an address in these domains: whoever signs in with one becomes a member of the tenant"
        );
    }
    ctx.note(|note| note.remark = Some(format!("{} domains", domains.len())));
    ctx.write(|tx| {
        if tx.company(tenant.as_str())?.is_none() {
            return Err(
                ApiError::new(ErrorKind::InvalidId, "unknown company").with("company", tenant.as_str())
            );
        }
        replace_domains(tx, tenant, &domains)
    })
}

/// Replaces the domains of a tenant; they are in the form of [`checked_domains`].
///
/// Errors: 400/801 one belongs to another tenant.
pub(in crate::domain) fn replace_domains(tx: &Tx<'_>, tenant: &CompanyId, domains: &[String]) -> Result<()> {
    for domain in domains {
        if tx.domain_owner(domain)?.is_some_and(|owner| owner != *tenant) {
            let text = "another tenant has this domain; nothing was changed";
            return Err(ApiError::new(ErrorKind::ExpectedUniqueData, text).with("domain", domain.as_str()));
        }
    }
    tx.set_domains(tenant, domains)
}

/// Roles that the white list gives.
pub const ROLES: [Role; 3] = [Role::Admin, Role::User, Role::Consumer];

/// The role that a call asks for; `role` wins over `is_admin`.
///
/// Errors: 400/12.
pub fn invited_role(role: Option<&str>, is_admin: bool) -> Result<Role> {
    match role {
        None if is_admin => Ok(Role::Admin),
        None => Ok(Role::User),
        Some(text) => text.parse().ok().filter(|role| ROLES.contains(role)).ok_or_else(|| {
            ApiError::new(ErrorKind::ValidationError, "role must be one of admin, user, consumer")
                .with("field", "role")
        }),
    }
}

/// `login.add_whitelist_entries`: lets these addresses into the caller's tenant. Returns those that are new on its list.
///
/// Errors: 400/22 malformed; 400/801 one belongs to another tenant, by its list or by an account, and nothing was added.
pub fn invite(ctx: &Ctx<'_>, emails: &[String], role: Role) -> Result<Vec<String>> {
    let emails = checked_emails(emails)?;
    ctx.touched("tenant", ctx.caller.tenant.as_str());
    ctx.note(|note| note.remark = Some(format!("{} addresses as {role}", emails.len())));
    ctx.write(|tx| add_entries(tx, &ctx.caller.tenant, &emails, role, &ctx.caller.user))
}

/// Adds addresses to a tenant's list, all or none. Whoever has an account in the tenant already needs no entry.
///
/// Errors: 400/801.
pub(in crate::domain) fn add_entries(
    tx: &Tx<'_>,
    tenant: &CompanyId,
    emails: &[String],
    role: Role,
    by: &UserId,
) -> Result<Vec<String>> {
    let mut added = Vec::new();
    for email in emails {
        let elsewhere = || {
            let text = "this address belongs to another tenant; nothing was added";
            ApiError::new(ErrorKind::ExpectedUniqueData, text).with("email", email.as_str())
        };
        if tx.whitelisted(email)?.is_some_and(|entry| entry.company != *tenant) {
            return Err(elsewhere());
        }
        if let Some(account) = tx.account_by_email(email)? {
            if !tx.memberships(&account.id)?.iter().any(|(company, _)| company == tenant) {
                return Err(elsewhere());
            }
            continue;
        }
        if tx.add_to_whitelist(tenant, email, role.as_str(), by)? {
            added.push(email.clone());
        }
    }
    Ok(added)
}

/// `login.remove_whitelist_entries`: takes pending addresses from the list of the caller's tenant. Returns which. Whoever
/// signed in already stays.
///
/// Errors: 400/22 malformed.
pub fn uninvite(ctx: &Ctx<'_>, emails: &[String]) -> Result<Vec<String>> {
    let emails = checked_emails(emails)?;
    ctx.touched("tenant", ctx.caller.tenant.as_str());
    ctx.write(|tx| {
        let mut removed = Vec::new();
        for email in emails {
            if tx.remove_from_whitelist(&ctx.caller.tenant, &email)? {
                removed.push(email);
            }
        }
        Ok(removed)
    })
}

/// `login.get_settings`: domains and white list of the caller's tenant.
pub fn doors(ctx: &Ctx<'_>) -> Result<Doors> {
    ctx.read(|snapshot| doors_of(snapshot, &ctx.caller.tenant))
}

/// Domains of any tenant, for the operator.
pub fn domains_of(ctx: &Ctx<'_>, tenant: &CompanyId) -> Result<Vec<String>> {
    ctx.read(|snapshot| snapshot.domains(tenant))
}

fn doors_of(snapshot: &Snapshot<'_>, tenant: &CompanyId) -> Result<Doors> {
    let mut whitelist = Vec::new();
    for entry in snapshot.whitelist(tenant)? {
        let account = entry.user.as_ref().map(|user| snapshot.account(user.as_str())).transpose()?.flatten();
        let person =
            account.filter(|account| account.company == *tenant).map(|account| (account.name, account.role));
        whitelist.push(Invitation { entry, person });
    }
    Ok(Doors { domains: snapshot.domains(tenant)?, whitelist })
}

/// Where a domain or an address leads, as `login.get_whitelist` answers.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The tenant.
    pub company: CompanyId,
    /// The domain asked for.
    pub domain: Option<String>,
    /// The address asked for, or the tenant's pending and accepted addresses in the domain.
    pub emails: Vec<WhitelistEntry>,
}

/// `login.get_whitelist`: where a domain or an address leads.
///
/// Errors: 400/15 both or neither; 400/22, 400/23 malformed.
pub fn destination(ctx: &Ctx<'_>, domain: Option<&str>, email: Option<&str>) -> Result<Vec<Destination>> {
    match (domain, email) {
        (Some(domain), None) => {
            let domain = checked_domain(domain)?;
            ctx.read(|snapshot| {
                let Some(company) = snapshot.domain_owner(&domain)? else { return Ok(Vec::new()) };
                let suffix = format!("@{domain}");
                let mut emails = snapshot.whitelist(&company)?;
                emails.retain(|entry| entry.email.to_lowercase().ends_with(&suffix));
                Ok(vec![Destination { company, domain: Some(domain), emails }])
            })
        }
        (None, Some(email)) => {
            check_email(email)?;
            ctx.read(|snapshot| {
                let entry = snapshot.whitelisted(email.trim())?;
                Ok(entry
                    .map(|entry| Destination {
                        company: entry.company.clone(),
                        domain: None,
                        emails: vec![entry],
                    })
                    .into_iter()
                    .collect())
            })
        }
        _ => Err(ApiError::new(ErrorKind::FieldsConflict, "name either a domain or an e-mail address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_in_one_form() {
        let domains = checked_domains(["ACME.io", "acme.io", " Bücher.example ", "a-b.c.dev"]).unwrap();
        assert_eq!(domains, ["a-b.c.dev", "acme.io", "xn--bcher-kva.example"]);
        for bad in [
            "",
            "acme",
            "@acme.io",
            "*.acme.io",
            "acme..io",
            "acme.io.",
            "10.0.0.1",
            "a b.io",
            "-a.io",
            "a/b.io",
        ] {
            let kind = checked_domains([bad]).unwrap_err().kind();
            assert_eq!((kind.code(), kind.subcode()), (400, 23), "{bad}");
        }
        let long = format!("{}.io", "a".repeat(64));
        assert!(checked_domains([long.as_str()]).is_err());
    }

    #[test]
    fn an_address_counts_once() {
        assert_eq!(checked_emails(&[" a@b.io ", "A@B.io", "c@b.io"]).unwrap(), ["a@b.io", "c@b.io"]);
        assert_eq!(checked_emails(&["a@b.io", "nobody"]).unwrap_err().kind(), ErrorKind::InvalidEmailAddress);
    }

    #[test]
    fn a_role_wins_over_the_flag() {
        assert_eq!(invited_role(None, true).unwrap(), Role::Admin);
        assert_eq!(invited_role(Some("consumer"), true).unwrap(), Role::Consumer);
        for role in ["system", "root", "superuser", "king"] {
            assert!(invited_role(Some(role), false).is_err(), "{role}");
        }
    }
}
