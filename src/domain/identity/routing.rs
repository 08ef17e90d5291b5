//! Which tenant somebody belongs to who signs in through a provider (spec/governance.md 9, spec/security_rules.md S3).
//!
//! [`route`] is pure: it decides from facts that its caller looked up, so that every rule is a row of a table in the
//! tests. The first rule that matches decides; a configuration that belongs to one tenant leads into that tenant only,
//! whatever the rule.

use crate::{domain::Role, types::CompanyId, types::UserId};

/// An account that might be the person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// Who.
    pub user: UserId,
    /// Home tenant.
    pub company: CompanyId,
    /// Role there.
    pub role: Role,
    /// May sign in through providers at all: neither a service account nor the platform's.
    pub is_person: bool,
    /// May not sign in.
    pub disabled: bool,
}

/// An entry of a white list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// Whose list.
    pub company: CompanyId,
    /// What the person becomes.
    pub role: Role,
}

/// What is known about somebody who comes from a provider. Nothing here is guessed: what could not be looked up is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The tenant that the provider's configuration belongs to; `None` for one of the whole server.
    pub bound_to: Option<CompanyId>,
    /// Who has this identity of the provider already.
    pub by_identity: Option<KnownAccount>,
    /// Who has the e-mail address.
    pub by_email: Option<KnownAccount>,
    /// The provider says that the address is the person's.
    pub email_verified: bool,
    /// Filters of the server (`services.login.email_filters.allowed`) let the address pass.
    pub passes_filters: bool,
    /// The identity or the address was taken away from somebody for good, and nobody gave it back (S13).
    pub banned: bool,
    /// The white list that holds the address.
    pub invited: Option<Invited>,
    /// The tenant that the provider's claim names, where sign-in is per tenant.
    pub claimed: Option<CompanyId>,
    /// The tenant that has the address's domain.
    pub by_domain: Option<CompanyId>,
    /// The tenant for everybody else, as the provider's settings say.
    pub fallback: Option<CompanyId>,
}

/// Where somebody goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// They are this account.
    SignIn(UserId),
    /// They are this account, which learns the provider's identity.
    Link(UserId),
    /// They may be this administrator, who has to confirm that first.
    Confirm(UserId),
    /// They become a member of the tenant, if its quota allows.
    Create {
        /// The tenant.
        company: CompanyId,
        /// The role.
        role: Role,
        /// An entry of the white list is used up by it.
        invited: bool,
    },
    /// They have no access.
    Refuse(Refusal),
}

/// Why somebody has no access. All of them are 400/67 on the wire; the audit tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The address does not pass the server's filters.
    Filtered,
    /// The account was taken away.
    Banned,
    /// The account is disabled.
    Disabled,
    /// The account is no person's.
    NoPerson,
    /// The account is in a tenant that this provider has no say in.
    OtherTenant,
    /// No rule matches.
    Nobody,
}

/// Decides where somebody goes.
pub fn route(facts: &Facts) -> Route {
    use Refusal::{Banned, Disabled, Filtered, NoPerson, Nobody, OtherTenant};
    if !facts.passes_filters {
        return Route::Refuse(Filtered);
    }
    let within = |company: &CompanyId| facts.bound_to.as_ref().is_none_or(|bound| bound == company);
    let usable = |account: &KnownAccount| match account {
        _ if !account.is_person || account.role.is_system() => Err(NoPerson),
        _ if !within(&account.company) => Err(OtherTenant),
        _ if account.disabled => Err(Disabled),
        _ => Ok(account.user.clone()),
    };
    if let Some(account) = &facts.by_identity {
        return usable(account).map_or_else(Route::Refuse, Route::SignIn);
    }
    if facts.banned {
        return Route::Refuse(Banned);
    }
    if let Some(account) = &facts.by_email {
        return match usable(account) {
            // Somebody else has the address: it must not become a second account.
            _ if !facts.email_verified => Route::Refuse(Nobody),
            Err(refusal) => Route::Refuse(refusal),
            Ok(user) if account.role.administers() => Route::Confirm(user),
            Ok(user) => Route::Link(user),
        };
    }
    if let Some(invited) = facts.invited.as_ref().filter(|_| facts.email_verified)
        && within(&invited.company)
    {
        return Route::Create { company: invited.company.clone(), role: invited.role, invited: true };
    }
    let by_domain = facts.by_domain.as_ref().filter(|_| facts.email_verified);
    let tenants = [facts.claimed.as_ref().or(facts.bound_to.as_ref()), by_domain, facts.fallback.as_ref()];
    match tenants.into_iter().flatten().find(|company| facts.claimed.is_some() || within(company)) {
        Some(company) if !within(company) => Route::Refuse(Nobody),
        Some(company) => Route::Create { company: company.clone(), role: Role::User, invited: false },
        None => Route::Refuse(Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(company: &str, role: Role) -> KnownAccount {
        KnownAccount { user: "u".into(), company: company.into(), role, is_person: true, disabled: false }
    }

    fn facts() -> Facts {
        Facts { email_verified: true, passes_filters: true, ..Facts::default() }
    }

    fn member(company: &str, role: Role, invited: bool) -> Route {
        Route::Create { company: company.into(), role, invited }
    }

    fn invited(company: &str, role: Role) -> Option<Invited> {
        Some(Invited { company: company.into(), role })
    }

    /// Facts of every rule at once: whichever rules are left out, the next one decides.
    fn everything() -> Facts {
        Facts {
            by_identity: Some(account("a", Role::User)),
            by_email: Some(KnownAccount { user: "mail".into(), ..account("a", Role::User) }),
            invited: invited("listed", Role::Consumer),
            claimed: Some("claimed".into()),
            by_domain: Some("domain".into()),
            fallback: Some("rest".into()),
            ..facts()
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let mut facts = everything();
        assert_eq!(route(&facts), Route::SignIn("u".into()));
        facts.by_identity = None;
        assert_eq!(route(&facts), Route::Link("mail".into()));
        facts.by_email = None;
        assert_eq!(route(&facts), member("listed", Role::Consumer, true));
        facts.invited = None;
        assert_eq!(route(&facts), member("claimed", Role::User, false));
        facts.claimed = None;
        assert_eq!(route(&facts), member("domain", Role::User, false));
        facts.by_domain = None;
        assert_eq!(route(&facts), member("rest", Role::User, false));
        facts.fallback = None;
        assert_eq!(route(&facts), Route::Refuse(Refusal::Nobody));
    }

    #[test]
    fn filters_and_bans_go_before_everything_that_makes_accounts() {
        let filtered = Facts { passes_filters: false, ..everything() };
        assert_eq!(route(&filtered), Route::Refuse(Refusal::Filtered));
        let banned = Facts { banned: true, by_identity: None, ..everything() };
        assert_eq!(route(&banned), Route::Refuse(Refusal::Banned));
    }

    #[test]
    fn s3_an_address_counts_only_when_it_is_verified() {
        let by_email = Facts { by_email: Some(account("a", Role::User)), ..facts() };
        assert_eq!(route(&by_email), Route::Link("u".into()), "the control");
        assert_eq!(route(&Facts { email_verified: false, ..by_email }), Route::Refuse(Refusal::Nobody));
        let rules = Facts { invited: invited("a", Role::Admin), by_domain: Some("b".into()), ..facts() };
        assert_eq!(route(&rules), member("a", Role::Admin, true), "the control");
        assert_eq!(route(&Facts { email_verified: false, ..rules }), Route::Refuse(Refusal::Nobody));
    }

    #[test]
    fn s3_a_tenants_provider_leads_into_that_tenant_only() {
        let bound = |facts: Facts| route(&Facts { bound_to: Some("own".into()), ..facts });
        let of = |company: &str| account(company, Role::User);
        assert_eq!(bound(Facts { by_identity: Some(of("own")), ..facts() }), Route::SignIn("u".into()));
        for foreign in [
            Facts { by_identity: Some(of("other")), ..facts() },
            Facts { by_email: Some(of("other")), ..facts() },
        ] {
            assert_eq!(bound(foreign), Route::Refuse(Refusal::OtherTenant));
        }
        for elsewhere in [
            Facts { invited: invited("other", Role::Admin), ..facts() },
            Facts { by_domain: Some("other".into()), ..facts() },
            Facts { fallback: Some("other".into()), ..facts() },
        ] {
            assert_eq!(bound(elsewhere), member("own", Role::User, false));
        }
        let claim = Facts { claimed: Some("other".into()), ..facts() };
        assert_eq!(bound(claim), Route::Refuse(Refusal::Nobody), "a claim of another tenant is none");
    }

    #[test]
    fn s3_only_people_come_through_providers_and_administrators_confirm() {
        for role in [Role::System, Role::Root] {
            let facts = Facts { by_email: Some(account("a", role)), ..facts() };
            assert_eq!(route(&facts), Route::Refuse(Refusal::NoPerson));
        }
        let service = KnownAccount { is_person: false, ..account("a", Role::User) };
        assert_eq!(route(&Facts { by_identity: Some(service), ..facts() }), Route::Refuse(Refusal::NoPerson));
        let admin = Facts { by_email: Some(account("a", Role::Admin)), ..facts() };
        assert_eq!(route(&admin), Route::Confirm("u".into()));
        let gone = KnownAccount { disabled: true, ..account("a", Role::User) };
        assert_eq!(route(&Facts { by_identity: Some(gone), ..facts() }), Route::Refuse(Refusal::Disabled));
    }
}
