//! `services.login.*`: single sign-on and tenant routing (spec/governance.md 9, 11; spec/security_rules.md S3).

use std::collections::BTreeMap;

use super::super::section::{choice, section};

section! {
    /// Single sign-on and tenant routing.
    pub struct Login {
        /// Who may sign in at all.
        email_filters: EmailFilters = Default::default(),
        /// Providers.
        sso: Sso = Default::default(),
        /// Whether tenant administrators may set their tenant's mail domains.
        tenant_domains_self_service: bool = false,
    }
}

section! {
    /// Who may sign in through a provider at all.
    pub struct EmailFilters {
        /// Addresses or domains; unset: anyone that routing accepts.
        allowed: Option<Vec<String>> = None,
    }
}

section! {
    /// Single sign-on.
    pub struct Sso {
        /// Whether providers may live in private networks.
        allow_private_hosts: bool = false,
        /// Whether providers from configuration are offered.
        allow_settings_providers: bool = true,
        /// Providers by id; their secrets are in `secure.login.sso.oauth_client`.
        oauth_client: BTreeMap<String, OauthClient> = BTreeMap::new(),
        /// Whether each tenant has its own sign-in address.
        tenant_login: bool = false,
    }
}

section! {
    /// An OpenID Connect provider.
    pub struct OauthClient {
        /// Address of the access token endpoint.
        access_token_url: Option<String> = None,
        /// Realm role that makes an administrator.
        admin_role: Option<String> = None,
        /// Audience to ask for.
        audience: Option<String> = None,
        /// Address of the authorisation endpoint.
        authorize_url: Option<String> = None,
        /// Address below which `.well-known/openid-configuration` is found.
        base_url: Option<String> = None,
        /// Names of claims.
        claims: Claims = Default::default(),
        /// Whether a code challenge (PKCE) is sent.
        code_challenge: bool = true,
        /// Its method.
        code_challenge_method: CodeChallengeMethod = CodeChallengeMethod::S256,
        /// Whether the exchange is logged, without secrets.
        debug: bool = false,
        /// Name on the button.
        display_name: Option<String> = None,
        /// Whether claims are read from the access token instead of the user info endpoint.
        get_info_from_access_token: bool = true,
        /// Groups.
        groups: ProviderGroups = Default::default(),
        /// Identity provider behind the provider.
        identity_provider: Option<String> = None,
        /// Whether signing out also signs out at the provider.
        idp_logout: bool = false,
    }
}

choice! {
    /// Method of a code challenge.
    pub enum CodeChallengeMethod {
        /// SHA-256.
        S256 = "s256",
        /// The verifier itself.
        Plain = "plain",
    }
}

section! {
    /// Names of claims; unset: the standard ones.
    pub struct Claims {
        /// The person's id.
        object_id: Option<String> = None,
        /// E-mail.
        email: Option<String> = None,
        /// Display name.
        name: Option<String> = None,
        /// Given name.
        given_name: Option<String> = None,
        /// Family name.
        surname: Option<String> = None,
    }
}

section! {
    /// Groups that a provider tells.
    pub struct ProviderGroups {
        /// Names of groups that make an administrator.
        admins: Vec<String> = Vec::new(),
        /// Whether names are compared exactly.
        case_sensitive: bool = true,
        /// The claim that holds them.
        claim: String = "groups".to_owned(),
        /// Whether memberships follow the provider.
        enabled: bool = false,
        /// Whether people without a mapped group are refused.
        prohibit_user_signup_if_not_in_group: bool = false,
    }
}
