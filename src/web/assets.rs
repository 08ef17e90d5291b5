//! The static files, embedded in the binary by `build.rs`: hashed names, compressed copies, cached for ever.

use include_dir::{Dir, include_dir};

static FILES: Dir<'static> = include_dir!("$OUT_DIR/static");

/// Logical name, address, content type.
static TABLE: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `Cache-Control` of every static file. A changed file has another address, so this never goes stale.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The file as it is.
    pub bytes: &'static [u8],
    /// The same bytes as gzip; none for formats that are compressed already.
    pub gzip: Option<&'static [u8]>,
    /// Value for `Content-Type`.
    pub content_type: &'static str,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AssetError {
    /// A template names a file that `static/` does not have: a defect that the tests catch.
    #[error("no static file is called {0}")]
    UnknownName(String),
    /// A browser asks for an address that this build does not have: answer 404.
    #[error("no static file has this address")]
    UnknownAddress,
}

impl From<AssetError> for askama::Error {
    fn from(error: AssetError) -> Self {
        Self::Custom(Box::new(error))
    }
}

/// The address of a file: `app.css` → `/static/app.1f0a….css`.
pub fn asset(name: &str) -> Result<&'static str, AssetError> {
    TABLE
        .iter()
        .find(|(logical, ..)| *logical == name)
        .map(|(_, address, _)| *address)
        .ok_or_else(|| AssetError::UnknownName(name.to_owned()))
}

/// The file behind an address that starts with `/static/`.
pub fn find(address: &str) -> Result<Asset, AssetError> {
    let (_, address, content_type) =
        TABLE.iter().find(|(_, known, _)| *known == address).ok_or(AssetError::UnknownAddress)?;
    let name = address.trim_start_matches("/static/");
    let bytes = FILES.get_file(name).ok_or(AssetError::UnknownAddress)?.contents();
    let gzip = FILES.get_file(format!("{name}.gz")).map(include_dir::File::contents);
    Ok(Asset { bytes, gzip, content_type })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_address() {
        for (name, address, content_type) in TABLE {
            assert_eq!(asset(name), Ok(*address));
            let file = find(address).unwrap();
            assert!(!file.bytes.is_empty(), "{name}");
            assert_eq!(file.content_type, *content_type);
            assert_eq!(file.gzip.is_some(), !name.ends_with(".woff2"), "{name}");
        }
    }

    #[test]
    fn unknown_files_are_errors() {
        assert_eq!(asset("none.css"), Err(AssetError::UnknownName("none.css".into())));
        assert_eq!(find("/static/../secrets.json"), Err(AssetError::UnknownAddress));
        assert_eq!(find("/static/app.css"), Err(AssetError::UnknownAddress));
    }

    #[test]
    fn the_sheet_points_to_embedded_files_only() {
        let sheet = std::str::from_utf8(find(asset("app.css").unwrap()).unwrap().bytes).unwrap();
        let mut addresses = 0;
        for part in sheet.split("url(\"").skip(1) {
            let target = part.split('"').next().unwrap();
            assert!(find(&format!("/static/{target}")).is_ok(), "{target}");
            addresses += 1;
        }
        assert!(addresses > 0, "the typeface is named in the sheet");
        assert!(!sheet.contains("@import"));
    }

    /// Compressed sizes of UX section 8.
    #[test]
    fn static_files_keep_their_budgets() {
        let packed = |name: &str| find(asset(name).unwrap()).unwrap().gzip.unwrap().len();
        let kilobytes = |names: &[&str]| names.iter().map(|name| packed(name)).sum::<usize>() as f64 / 1000.0;
        // The pages of the administration are in it: 0.4 kB over what UX section 8 has for the others.
        assert!(kilobytes(&["app.css"]) <= 10.4, "style sheet: {}", kilobytes(&["app.css"]));
        let own = ["table.js", "live.js", "dialog.js", "copy.js", "keys.js"];
        assert!(kilobytes(&own) <= 11.0, "own scripts: {}", kilobytes(&own));
        assert!(kilobytes(&["htmx.js", "idiomorph.js"]) <= 21.0, "libraries");
        assert!(kilobytes(&["uplot.js", "uplot.css"]) <= 23.5, "uPlot");
        assert!(kilobytes(&["plotly.js"]) <= 400.0, "plotly");
    }
}
