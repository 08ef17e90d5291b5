//! The person's own pages: profile, API keys, preferences.

use askama::Template;

use super::kit;
use super::shell::{Density, Shell, Theme};
use crate::web::render::time::When;

/// An entry of the side list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideEntry {
    /// Word.
    pub label: &'static str,
    /// Symbol.
    pub icon: &'static str,
    /// Address.
    pub href: &'static str,
}

/// Pages that exist under `/me`.
pub const SIDE: [SideEntry; 4] = [
    SideEntry { label: "Profile", icon: "user", href: "/me" },
    SideEntry { label: "API keys", icon: "key", href: "/me/keys" },
    SideEntry { label: "Vaults", icon: "vault", href: "/me/vaults" },
    SideEntry { label: "Preferences", icon: "eye", href: "/me/preferences" },
];

/// `/me`.
#[derive(Debug, Clone, Template)]
#[template(path = "me.html", blocks = ["main"])]
pub struct Profile {
    /// Frame.
    pub shell: Shell,
    /// Display name.
    pub name: String,
    /// Name that signs in.
    pub login: String,
    /// Address for mail; may be empty.
    pub email: String,
    /// Role in words.
    pub role: String,
    /// Groups.
    pub groups: Vec<String>,
    /// How the person signs in, in words.
    pub sign_in: String,
    /// First sign-in.
    pub created: Option<When>,
    /// Whether the display name may be changed here.
    pub may_rename: bool,
    /// Whether the password may be changed here.
    pub may_change_password: bool,
    /// One sentence when a change was refused.
    pub error: String,
}

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Public half.
    pub access_key: String,
    /// What it is for, in the person's words.
    pub label: String,
    /// When it was made.
    pub created: Option<When>,
    /// Last use.
    pub used: Option<When>,
    /// Where the last use came from; may be empty.
    pub used_from: String,
}

/// `/me/keys`.
#[derive(Debug, Clone, Template)]
#[template(path = "keys.html", blocks = ["main"])]
pub struct Keys {
    /// Frame.
    pub shell: Shell,
    /// Keys, newest first.
    pub keys: Vec<KeyRow>,
    /// Public address of the API, for the example.
    pub api_address: String,
    /// One sentence when making a key was refused.
    pub error: String,
}

impl Keys {
    fn variables(&self) -> String {
        format!(
            "export CLEARML_API_HOST={}\nexport CLEARML_API_ACCESS_KEY=…\nexport CLEARML_API_SECRET_KEY=…",
            self.api_address
        )
    }

    fn revoke(&self, key: &KeyRow) -> String {
        format!("/me/keys/{}/revoke", super::address::encode(&key.access_key))
    }
}

/// The direct answer to making a key: the only time its secret is on a page. Send it with `Cache-Control: no-store`.
#[derive(Template)]
#[template(path = "key_created.html", blocks = ["main"])]
pub struct KeyCreated {
    /// Frame.
    pub shell: Shell,
    /// What it is for.
    pub label: String,
    /// Public half.
    pub access_key: String,
    /// Secret half.
    pub secret_key: String,
    /// Ready `clearml.conf` with both halves.
    pub conf: String,
}

impl KeyCreated {
    fn download(&self) -> String {
        download_link(&self.conf)
    }
}

/// A file as a link that needs neither script nor another request.
pub(super) fn download_link(content: &str) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(content);
    format!("data:application/octet-stream;base64,{text}")
}

/// `/me/preferences`.
#[derive(Debug, Clone, Template)]
#[template(path = "preferences.html", blocks = ["main"])]
pub struct Preferences {
    /// Frame; its theme, density and keys are the chosen ones.
    pub shell: Shell,
}

impl Preferences {
    fn themes(&self) -> [(Theme, &'static str); 3] {
        [(Theme::Auto, "As the system"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
    }

    fn densities(&self) -> [(Density, &'static str); 2] {
        [(Density::Comfortable, "Comfortable, 32 px rows"), (Density::Dense, "Dense, 26 px rows")]
    }
}
