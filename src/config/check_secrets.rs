//! Secrets that anybody may know are refused (spec/governance.md 12, spec/security_rules.md D).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::error::{ConfigError, Problem, Warning, WarningKind};
use super::settings::Settings;

/// Shortest secret, in characters.
pub const MIN_SECRET_LENGTH: usize = 24;

/// Access keys that are published: the reference's own and those of its deployment charts.
const PUBLIC_ACCESS_KEYS: [&str; 8] = [
    "62T8CP7HGBC6647XF9314C2VY67RJO",
    "GSQWPEKSKNKF354LC9V6BHXKTYFD5I",
    "EYVQ385RW7Y2QQUH88CZ7DWIQ1WUHP",
    "EGRTCO8JMSIGI6S39GTP43NFWXDQOW",
    "GGS9F4M6XB2DXJ5AFT9F",
    "XXCRJ123CEE2KSQ068WO",
    "GK4PRTVT3706T25K6BA1",
    "ENP39EQM4SLACGD5FXB7",
];

/// SHA-256 of secrets that are published.
const PUBLIC_SECRETS: [&str; 11] = [
    "98098dd7eb042c94fbd83e1e3979a9cb3aef3e23a0d94679c0ac3118759bebea",
    "b6bcb89784ec109857797236fae867027664aa0ae51f5b086ebcfc9409217930",
    "e734a805d77c509f1e3db0e8a0c2d7f87d112d6c9ec505fd2b0a27b29b267e1b",
    "12a64aebc6b32ca86da4e1d346917f43256340530f49940cf863636bd51f723a",
    "a1e4036636b52f2c4b0f7fca7d1af9086efe56dd47dc20ffca867cf3c7378a2f",
    "de7c1fce12119657e43f4b95961403f8a01c117c18f7d7cb662d2969b9bb4e01",
    "4dd30d95c3c0e75a39b13a9bf46c157e59bb744183c7f92ffc2b752d0897df26",
    "6c511f30e384ffd2e95c74aa0bdef875810bdb6876eba4b4638b9d573fc7cb33",
    "9f2d9a23e879246b73518ee43ec7fc62ba3d6096e4994cee6c086b91458899e7",
    "0c3b1dd110371938f488eb28f8119e640ed48b276d351dce4f86edd3b9e14cdc",
    "be6ae474733128c18bb70dc6ea9f1ebf668e6132afeb0f623bdec3975faa8cef",
];

/// Whether an access key is published with the reference or its charts. Also for keys from an imported backup.
#[must_use]
pub fn is_public_access_key(key: &str) -> bool {
    PUBLIC_ACCESS_KEYS.contains(&key)
}

/// Whether a secret is published with the reference or its charts. Also for secrets from an imported backup.
#[must_use]
pub fn is_public_secret(secret: &str) -> bool {
    let digest: String = Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    PUBLIC_SECRETS.contains(&digest.as_str())
}

const REMEDY: &str =
    "remove it, so that `roundhouse init` generates one, or set the output of `openssl rand -base64 48`";

/// Refuses configured secrets that are publicly known, shorter than [`MIN_SECRET_LENGTH`] or unusable.
///
/// With `secure.allow_insecure_defaults` known and short secrets become warnings of kind [`WarningKind::Insecure`].
///
/// # Errors
/// Every refused secret: its key, why, and how to generate one. Never the secret.
pub fn check_secrets(settings: &Settings) -> Result<Vec<Warning>, ConfigError> {
    let mut weak = Vec::new();
    let mut unusable = Vec::new();
    let problem = |key: &str, message: String| Problem { key: Some(key.to_owned()), place: None, message };
    let mut secret = |key: &str, value: &str| {
        if is_public_secret(value) {
            weak.push(problem(key, format!("is a published default that anybody can look up; {REMEDY}")));
        } else if value.chars().count() < MIN_SECRET_LENGTH {
            weak.push(problem(
                key,
                format!("is shorter than {MIN_SECRET_LENGTH} characters and could be guessed; {REMEDY}"),
            ));
        }
    };
    let secure = &settings.secure;
    if let Some(value) = &secure.auth.token_secret {
        secret("secure.auth.token_secret", value.expose());
    }
    if let Some(value) = &secure.http.session_secret.apiserver {
        secret("secure.http.session_secret.apiserver", value.expose());
    }
    for (name, credential) in &secure.credentials {
        if let Some(value) = &credential.user_secret {
            secret(&format!("secure.credentials.{name}.user_secret"), value.expose());
        }
    }
    for (name, credential) in &secure.credentials {
        let at = format!("secure.credentials.{name}");
        match (&credential.user_key, &credential.user_secret) {
            (Some(key), _) if is_public_access_key(key) => {
                let message = format!("is a published default that anybody can look up; {REMEDY}");
                weak.push(problem(&format!("{at}.user_key"), message));
            }
            (Some(_), None) => unusable
                .push(problem(&at, "has a user_key but no user_secret; set both or neither".to_owned())),
            (None, Some(_)) => unusable
                .push(problem(&at, "has a user_secret but no user_key; set both or neither".to_owned())),
            _ => {}
        }
    }
    let current = secure.vaults.encryption_key.iter().map(|key| ("secure.vaults.encryption_key", key));
    let previous = secure.vaults.previous_keys.iter().map(|key| ("secure.vaults.previous_keys", key));
    for (at, key) in current.chain(previous) {
        let length = STANDARD.decode(key.expose().trim()).map(|bytes| zeroize::Zeroizing::new(bytes).len());
        if length != Ok(32) {
            let message = "is not the base64 form of 32 bytes; set the output of `openssl rand -base64 32`";
            unusable.push(problem(at, message.to_owned()));
        }
    }
    if !secure.allow_insecure_defaults {
        unusable.splice(0..0, weak);
        ConfigError::unless_empty(unusable)?;
        return Ok(Vec::new());
    }
    ConfigError::unless_empty(unusable)?;
    let headline = Problem {
        key: Some("secure.allow_insecure_defaults".to_owned()),
        place: None,
        message: "is on: secrets that anybody may know are accepted; never run a reachable server like this"
            .to_owned(),
    };
    let problems = std::iter::once(headline).chain(weak);
    Ok(problems.map(|problem| Warning { kind: WarningKind::Insecure, problem }).collect())
}
