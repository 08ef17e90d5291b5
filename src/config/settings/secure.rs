//! `secure.*`: secrets and system identities (spec/protocol.md 6.5; spec/governance.md 3.5, 8.1, 11, 12).
//!
//! Unset secrets are generated at first start and kept in the data directory; nothing here has a default value.

use std::collections::BTreeMap;

use crate::crypto::Secret;

use super::super::section::{choice, section};

section! {
    /// Secrets and system identities.
    pub struct Secure {
        /// Lets publicly known or short secrets pass with a loud warning. Not for servers that others can reach.
        allow_insecure_defaults: bool = false,
        /// Tokens.
        auth: TokenSecrets = Default::default(),
        /// System identities by name. The five of spec/protocol.md 6.5 are always there; others are synchronised at start.
        credentials: BTreeMap<String, SystemCredential> = system_identities(),
        /// Passwords of directories.
        fixed_user_providers: ProviderSecrets = Default::default(),
        /// Pages.
        http: HttpSecrets = Default::default(),
        /// Secrets of sign-in providers.
        login: LoginSecrets = Default::default(),
        /// Vaults.
        vaults: VaultSecrets = Default::default(),
    }
}

section! {
    /// Tokens.
    pub struct TokenSecrets {
        /// Signs tokens (HS256). Changing it ends every session.
        token_secret: Option<Secret<String>> = None,
    }
}

section! {
    /// Pages.
    pub struct HttpSecrets {
        /// Session secrets by program.
        session_secret: SessionSecrets = Default::default(),
    }
}

section! {
    /// Session secrets by program.
    pub struct SessionSecrets {
        /// Of the API server.
        apiserver: Option<Secret<String>> = None,
    }
}

section! {
    /// A system identity: user id `__<name>__`.
    pub struct SystemCredential {
        /// Whether the pair may sign in on the pages, the key as user name and the secret as password.
        allow_login: bool = false,
        /// Name that people see; unset: the name of the entry.
        display_name: Option<String> = None,
        /// E-mail; unset: `<name>@example.com`.
        email: Option<String> = None,
        /// Whether the pair is revoked while web login is on.
        revoke_in_fixed_mode: bool = false,
        /// Role.
        role: Role = Role::User,
        /// Groups, by key or id.
        sec_groups: Vec<String> = Vec::new(),
        /// Access key; unset: none, or generated for `apiserver` and `fileserver`.
        user_key: Option<String> = None,
        /// Secret key.
        user_secret: Option<Secret<String>> = None,
    }
}

choice! {
    /// Role of an identity.
    pub enum Role {
        /// The server itself.
        System = "system",
        /// The operator of all companies.
        Root = "root",
        /// Administrator of a company.
        Admin = "admin",
        /// Between administrator and user.
        Superuser = "superuser",
        /// A person.
        User = "user",
        /// Labels data.
        Annotator = "annotator",
        /// Runs applications only.
        Consumer = "consumer",
        /// Reads only.
        Guest = "guest",
    }
}

fn system_identities() -> BTreeMap<String, SystemCredential> {
    let system = || SystemCredential { role: Role::System, ..SystemCredential::default() };
    [
        ("apiserver", system()),
        ("fileserver", system()),
        ("webserver", SystemCredential { revoke_in_fixed_mode: true, ..system() }),
        ("services_agent", SystemCredential { role: Role::Admin, ..SystemCredential::default() }),
        (
            "tests",
            SystemCredential {
                revoke_in_fixed_mode: true,
                display_name: Some("Default User".to_owned()),
                ..SystemCredential::default()
            },
        ),
    ]
    .map(|(name, credential)| (name.to_owned(), credential))
    .into_iter()
    .collect()
}

impl SystemCredential {
    /// The e-mail without the quotes that a value quoted twice keeps; None when it is not configured.
    #[must_use]
    pub fn bare_email(&self) -> Option<&str> {
        let bare = self.email.as_deref()?.trim().trim_matches(|c| matches!(c, '"' | '\\' | '\''));
        (!bare.is_empty()).then_some(bare)
    }
}

section! {
    /// Vaults.
    pub struct VaultSecrets {
        /// Whether vaults are encrypted at rest.
        encrypt: bool = true,
        /// Base64 of the 32 bytes that encrypt vaults; unset: generated.
        encryption_key: Option<Secret<String>> = None,
        /// Keys that still decrypt, base64 of 32 bytes each.
        previous_keys: Vec<Secret<String>> = Vec::new(),
    }
}

section! {
    /// Secrets of sign-in providers.
    pub struct LoginSecrets {
        /// Single sign-on.
        sso: SsoSecrets = Default::default(),
    }
}

section! {
    /// Single sign-on.
    pub struct SsoSecrets {
        /// By provider id, as in `services.login.sso.oauth_client`.
        oauth_client: BTreeMap<String, OauthSecret> = BTreeMap::new(),
    }
}

section! {
    /// What a provider knows this server by.
    pub struct OauthSecret {
        /// Client id.
        client_id: Option<String> = None,
        /// Client secret.
        client_secret: Option<Secret<String>> = None,
        /// Company of people that no other rule routes.
        default_company: Option<String> = None,
    }
}

section! {
    /// Passwords of directories.
    pub struct ProviderSecrets {
        /// LDAP.
        ldap: LdapSecret = Default::default(),
    }
}

section! {
    /// How the server signs in to an LDAP directory.
    pub struct LdapSecret {
        /// Distinguished name.
        dn: Option<String> = None,
        /// Password.
        password: Option<Secret<String>> = None,
    }
}
