//! `apiserver.auth.*`: sign-in, tokens and cookies (spec/protocol.md 3, 6.4; spec/governance.md 5.3, 11.4, 12).

use std::collections::BTreeMap;

use super::super::read::Seconds;
use super::super::section::{choice, section};
use super::people::FixedUsers;

section! {
    /// Sign-in, tokens and cookies.
    pub struct Auth {
        /// Attributes of the session cookie.
        cookies: Cookies = Default::default(),
        /// Cookie domain by company id; null for none.
        cookies_domain_override: BTreeMap<String, Option<String>> = BTreeMap::new(),
        /// API keys.
        credentials: CredentialRules = Default::default(),
        /// Cookies of other names with attributes of their own.
        custom_cookies: BTreeMap<String, CustomCookie> = BTreeMap::new(),
        /// Life of a token when the caller asks for none, in seconds: 30 days.
        default_expiration_sec: Seconds = Seconds::new(2_592_000),
        /// Whether people and identities that configuration once created are deleted at start when it no longer names them.
        delete_missing_autocreated_users: bool = true,
        /// Directories of people outside.
        fixed_user_providers: FixedUserProviders = Default::default(),
        /// People named in configuration.
        fixed_users: FixedUsers = Default::default(),
        /// Longest life of a token that a caller may ask for, in seconds: one year.
        max_expiration_sec: Seconds = Seconds::new(31_536_000),
        /// Name of the session cookie.
        session_auth_cookie_name: String = "clearml_token_basic".to_owned(),
        /// Accepted without effect: Roundhouse always verifies users.
        verify_user_tokens: bool = true,
    }
}

section! {
    /// Attributes of the session cookie.
    pub struct Cookies {
        /// Hidden from scripts.
        httponly: bool = true,
        /// Only over TLS. Unset: exactly when the request came over TLS.
        secure: Option<bool> = None,
        /// Domains, of which the first that is a suffix of the request's host is used.
        domain: Vec<String> = Vec::new(),
        /// Whether other sites' requests carry it.
        samesite: SameSite = SameSite::Lax,
        /// Life in seconds. Unset: as long as the session (spec/security_rules.md D).
        max_age: Option<Seconds> = None,
    }
}

choice! {
    /// Cookie attribute `SameSite`.
    pub enum SameSite {
        /// Never with requests of other sites.
        Strict = "strict",
        /// With links from other sites.
        Lax = "lax",
        /// Always.
        None = "none",
    }
}

section! {
    /// A cookie of another name.
    pub struct CustomCookie {
        /// Whether the entry counts.
        enabled: bool = false,
        /// Name of the cookie.
        name: Option<String> = None,
        /// Its attributes.
        settings: Cookies = Default::default(),
    }
}

section! {
    /// Rules for API keys (spec/governance.md 5.3).
    pub struct CredentialRules {
        /// Life of a key unless an administrator asks for another, and the most that others may ask for, in seconds; 0: unlimited.
        default_expiration_sec: Seconds = Seconds::new(0),
        /// Keys per user; 0: unlimited.
        max_credentials: u64 = 0,
        /// Keys older than this are flagged as due for rotation, in seconds; 0: never.
        rotate_after_sec: Seconds = Seconds::new(31_536_000),
    }
}

section! {
    /// Directories of people outside.
    pub struct FixedUserProviders {
        /// LDAP, in force when `apiserver.auth.fixed_users.provider` is `ldap`.
        ldap: Ldap = Default::default(),
    }
}

section! {
    /// An LDAP directory (spec/governance.md 11.4, spec/security_rules.md S22).
    pub struct Ldap {
        /// `ldaps://host[:port]` or `ldap://host[:port]`.
        server: Option<String> = None,
        /// Where the search starts.
        base_dn: Option<String> = None,
        /// Filter with one `%s` or `{username}` for the escaped user name.
        search_filter: Option<String> = None,
        /// Whether `ldap://` is upgraded by StartTLS.
        use_tls: bool = true,
        /// Whether a plain `ldap://` connection is allowed.
        allow_plaintext: bool = false,
        /// Certificates.
        tls: LdapTls = Default::default(),
        /// Names of attributes.
        attributes: LdapAttributes = Default::default(),
        /// User names that become administrators.
        admin_users: Vec<String> = Vec::new(),
        /// Company of people who sign in first.
        default_company: Option<String> = None,
    }
}

section! {
    /// Certificates of an LDAP connection.
    pub struct LdapTls {
        /// File of trusted authorities; unset: the system's.
        ca_certs: Option<String> = None,
        /// Whether the server's certificate is checked.
        validate_cert: bool = true,
        /// File of a client certificate.
        client_cert: Option<String> = None,
        /// File of its key.
        client_key: Option<String> = None,
    }
}

section! {
    /// Names of LDAP attributes.
    pub struct LdapAttributes {
        /// E-mail.
        mail: String = "mail".to_owned(),
        /// Display name.
        name: String = "cn".to_owned(),
    }
}
