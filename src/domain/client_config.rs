//! The ready client configuration, `clearml.conf`.

use std::{fmt, path::Path};

use super::PublicUrls;
use crate::crypto::Secret;

/// Its name in the data directory.
pub const FILE: &str = "clearml.conf";

/// A client configuration for one pair of credentials.
pub struct ClientConfig<'a> {
    /// Where the server is.
    pub urls: &'a PublicUrls,
    /// Access key.
    pub access_key: &'a str,
    /// Secret key.
    pub secret_key: &'a Secret<String>,
    /// Certificates to verify the server with, by absolute path.
    pub ca_bundle: Option<&'a Path>,
}

impl fmt::Display for ClientConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        writeln!(
            f,
            "# Client configuration for this Roundhouse server. It holds a secret: keep it private."
        )?;
        writeln!(f, "api {{")?;
        writeln!(f, "    web_server: {}", quoted(&self.urls.web))?;
        writeln!(f, "    api_server: {}", quoted(&self.urls.api))?;
        writeln!(f, "    files_server: {}", quoted(&self.urls.files))?;
        writeln!(f, "    credentials {{")?;
        writeln!(f, "        access_key: {}", quoted(self.access_key))?;
        writeln!(f, "        secret_key: {}", quoted(self.secret_key.expose()))?;
        writeln!(f, "    }}")?;
        if let Some(path) = self.ca_bundle {
            writeln!(f, "    verify_certificate: {}", quoted(&path.display().to_string()))?;
        }
        writeln!(f, "}}")?;
        // The SDK's file transfers look for the same setting below `sdk`.
        if let Some(path) = self.ca_bundle {
            writeln!(f, "sdk {{")?;
            writeln!(f, "    api {{ verify_certificate: {} }}", quoted(&path.display().to_string()))?;
            writeln!(f, "}}")?;
        }
        Ok(())
    }
}

/// The pair in a file that [`ClientConfig`] wrote.
pub fn credentials_of(path: &Path) -> Option<(String, Secret<String>)> {
    let text = std::fs::read_to_string(path).ok()?;
    Some((value_in(&text, "access_key")?, Secret::new(value_in(&text, "secret_key")?)))
}

/// Addresses of the server in a file that [`ClientConfig`] wrote.
pub fn urls_of(path: &Path) -> Option<PublicUrls> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(PublicUrls {
        web: value_in(&text, "web_server")?,
        api: value_in(&text, "api_server")?,
        files: value_in(&text, "files_server")?,
        origins: Vec::new(),
    })
}

fn value_in(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))?;
    serde_json::from_str(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let urls = PublicUrls {
            web: "http://localhost:8080".into(),
            api: "http://localhost:8008".into(),
            files: "http://localhost:8081".into(),
            origins: Vec::new(),
        };
        let secret = Secret::new("s\"x".to_owned());
        let text =
            ClientConfig { urls: &urls, access_key: "AK", secret_key: &secret, ca_bundle: None }.to_string();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        assert_eq!(urls_of(&path).unwrap().files, "http://localhost:8081");
        assert_eq!(urls_of(&path).unwrap().api, "http://localhost:8008");
        let (access, read) = credentials_of(&path).unwrap();
        assert_eq!((access.as_str(), read.expose().as_str()), ("AK", "s\"x"));
    }
}
