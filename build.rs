//! Build step of the pages: fetches the browser libraries named in `static/package-lock.json` once, then writes every
//! static file under a name that contains its hash, compressed beside it, into `OUT_DIR/static` for embedding.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use sha2::{Digest, Sha256};

/// Embedded library files: path in `node_modules`, name in `static/vendor`.
const VENDOR: [(&str, &str); 6] = [
    ("htmx.org/dist/htmx.min.js", "htmx.js"),
    ("idiomorph/dist/idiomorph-ext.min.js", "idiomorph.js"),
    ("uplot/dist/uPlot.iife.min.js", "uplot.js"),
    ("uplot/dist/uPlot.min.css", "uplot.css"),
    ("plotly.js-basic-dist-min/plotly-basic.min.js", "plotly.js"),
    ("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "inter.woff2"),
];

/// Packages whose licence texts the binary must carry along with their files.
const LICENSED: [&str; 5] =
    ["htmx.org", "idiomorph", "uplot", "plotly.js-basic-dist-min", "@fontsource-variable/inter"];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match prepare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("cargo::error={reason}");
            ExitCode::FAILURE
        }
    }
}

fn prepare() -> Outcome<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=askama.toml");
    println!("cargo::rerun-if-changed=static");
    let source = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("static");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fetch_libraries(&source)?;

    let mut files = Vec::new();
    for folder in [source.clone(), source.join("vendor")] {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if let (true, Some(kind)) = (path.is_file(), content_type(&path)) {
                files.push((path, kind));
            }
        }
    }
    files.sort();
    publish(&source, &out, &files)
}

/// Runs `npm ci` when `static/vendor` is missing or was made from another lock file.
fn fetch_libraries(source: &Path) -> Outcome<()> {
    let vendor = source.join("vendor");
    let mut wanted = hash(&fs::read(source.join("package-lock.json"))?);
    for (from, to) in VENDOR {
        wanted = hash(format!("{wanted} {from} {to}").as_bytes());
    }
    let stamp = vendor.join(".made-from");
    let complete =
        vendor.join("licences.txt").is_file() && VENDOR.iter().all(|(_, name)| vendor.join(name).is_file());
    if complete && fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        .current_dir(source)
        .status()
        .map_err(|cause| {
            format!(
                "npm could not be started ({cause}). The first build fetches the browser libraries of \
                 static/package-lock.json with npm. Install Node.js 18 or newer with npm (Debian: apt-get install \
                 npm), then build again."
            )
        })?;
    if !status.success() {
        return Err(format!(
            "npm ci failed in static/ ({status}). The first build needs the npm registry, or a mirror set in ~/.npmrc, \
             to fetch the browser libraries. Run `npm ci` in static/ to see npm's own message."
        )
        .into());
    }
    fs::create_dir_all(&vendor)?;
    for (from, name) in VENDOR {
        fs::copy(source.join("node_modules").join(from), vendor.join(name))
            .map_err(|cause| format!("{from} is not in the npm package it is expected in: {cause}"))?;
    }
    let mut licences = String::new();
    for package in LICENSED {
        let text = fs::read_to_string(source.join("node_modules").join(package).join("LICENSE"))?;
        writeln!(licences, "{package}\n\n{}\n\n", text.trim())?;
    }
    fs::write(vendor.join("licences.txt"), licences)?;
    fs::write(stamp, wanted)?;
    Ok(())
}

/// Writes hashed and compressed copies and `assets.rs`, the table that `src/web/assets.rs` includes.
fn publish(source: &Path, out: &Path, files: &[(PathBuf, &str)]) -> Outcome<()> {
    let target = out.join("static");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    let cache = out.join("compressed");
    fs::create_dir_all(&cache)?;

    let mut names: Vec<(String, String)> = Vec::new();
    let mut table = String::from("&[\n");
    // Style sheets come last, so that the hashed names of what they point to are known.
    let (sheets, others): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| has_extension(path, "css"));
    for (path, kind) in others.into_iter().chain(sheets) {
        let name = file_name(path)?;
        if name == "tokens.css" {
            continue; // part of app.css
        }
        let bytes = match has_extension(path, "css") {
            true => style_sheet(source, path, &names)?.into_bytes(),
            false => fs::read(path)?,
        };
        let hash = hash(&bytes);
        let (stem, extension) = name.rsplit_once('.').ok_or("static files need an extension")?;
        let hashed = format!("{stem}.{}.{extension}", hash.get(..10).unwrap_or(&hash));
        fs::write(target.join(&hashed), &bytes)?;
        if extension != "woff2" {
            fs::write(target.join(format!("{hashed}.gz")), compressed(&cache, &hash, &bytes)?)?;
        }
        writeln!(table, "    (\"{name}\", \"/static/{hashed}\", \"{kind}\"),")?;
        names.push((name, hashed));
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// One sheet ready to send: `@import "tokens.css"` resolved, file names replaced by hashed ones, comments and
/// indentation dropped.
fn style_sheet(source: &Path, path: &Path, names: &[(String, String)]) -> Outcome<String> {
    let mut text = fs::read_to_string(path)?;
    let import = "@import \"tokens.css\";";
    if text.contains(import) {
        text = text.replace(import, &fs::read_to_string(source.join("tokens.css"))?);
    }
    for (name, hashed) in names {
        text = text.replace(&format!("url(\"{name}\")"), &format!("url(\"{hashed}\")"));
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let mut short = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for mark in ["{", "}", ";", ","] {
        short = short.replace(&format!(" {mark}"), mark).replace(&format!("{mark} "), mark);
    }
    Ok(short)
}

/// Gzip at the highest level, kept by content hash: a megabyte of plotting library takes seconds in an unoptimised
/// build script.
fn compressed(cache: &Path, hash: &str, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let kept = cache.join(hash);
    if let Ok(bytes) = fs::read(&kept) {
        return Ok(bytes);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    let packed = encoder.finish()?;
    fs::write(kept, &packed)?;
    Ok(packed)
}

fn content_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn file_name(path: &Path) -> Outcome<String> {
    Ok(path.file_name().and_then(|name| name.to_str()).ok_or("static file names are plain text")?.to_owned())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
