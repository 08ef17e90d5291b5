//! Adapter `file`: JSON lines in a file, a new one for each period of the rotation.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Deliver;
use crate::{config::settings::access_log::RotationTime, domain::audit::Entry, types::Millis};

pub(super) struct Rotated {
    path: PathBuf,
    rotation: Option<RotationTime>,
    open: Option<(String, File)>,
}

impl Rotated {
    pub(super) fn new(path: &Path, rotation: Option<RotationTime>) -> Self {
        Rotated { path: path.to_owned(), rotation, open: None }
    }

    fn file(&mut self, suffix: &str) -> std::io::Result<&mut File> {
        // Whoever moved the file away wants a new one.
        let kept = self.open.as_ref().is_some_and(|(of, _)| of == suffix)
            && with_suffix(&self.path, suffix).exists();
        if !kept {
            self.open = None;
        }
        let path = with_suffix(&self.path, suffix);
        match &mut self.open {
            Some((_, file)) => Ok(file),
            closed => {
                let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
                Ok(&mut closed.insert((suffix.to_owned(), file)).1)
            }
        }
    }
}

/// `name` or `name.2026Q4`.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    if suffix.is_empty() {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

impl Deliver for Rotated {
    fn deliver(&mut self, batch: &[Arc<Entry>]) -> Result<(), String> {
        let rotation = self.rotation;
        for part in batch.chunk_by(|a, b| suffix(rotation, a.at) == suffix(rotation, b.at)) {
            let Some(first) = part.first() else { continue };
            let text: String = part.iter().map(|entry| format!("{}\n", entry.json)).collect();
            let suffix = suffix(rotation, first.at);
            self.file(&suffix)
                .and_then(|file| file.write_all(text.as_bytes()))
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// `202611`, `2026Q4`, `2026`; empty without rotation.
pub(super) fn suffix(rotation: Option<RotationTime>, at: Millis) -> String {
    let Some(rotation) = rotation else { return String::new() };
    let zulu = at.to_zulu();
    let year = zulu.get(..4).unwrap_or_default();
    let month = zulu.get(5..7).unwrap_or_default();
    match rotation {
        RotationTime::Monthly => format!("{year}{month}"),
        RotationTime::Quarterly => {
            let quarter = month.parse::<u8>().map_or(1, |month| (month.max(1) - 1) / 3 + 1);
            format!("{year}Q{quarter}")
        }
        RotationTime::Yearly => year.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(at: &str) -> Arc<Entry> {
        let at = Millis::parse_lenient(at).unwrap();
        Arc::new(Entry { at, row: None, json: json!({"@timestamp": at.to_zulu()}) })
    }

    #[test]
    fn case_56_each_period_has_its_file() {
        let at = Millis::parse_lenient("2026-11-25T12:00:00Z").unwrap();
        assert_eq!(suffix(Some(RotationTime::Monthly), at), "202611");
        assert_eq!(suffix(Some(RotationTime::Quarterly), at), "2026Q4");
        assert_eq!(suffix(Some(RotationTime::Yearly), at), "2026");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(super::super::NAME);
        let mut file = Rotated::new(&path, Some(RotationTime::Quarterly));
        let batch = ["2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z", "2026-12-31T23:59:59Z"].map(entry);
        file.deliver(&batch).unwrap();
        let lines = |suffix: &str| {
            let path = directory.path().join(format!("clearml.apiserver.api-logs.{suffix}"));
            std::fs::read_to_string(path).unwrap().lines().count()
        };
        assert_eq!((lines("2026Q3"), lines("2026Q4")), (1, 2));
        // A file that was moved away is begun anew.
        let moved = directory.path().join("clearml.apiserver.api-logs.2026Q4");
        std::fs::rename(&moved, directory.path().join("old")).unwrap();
        file.deliver(&[entry("2026-12-31T23:59:59Z")]).unwrap();
        assert_eq!(lines("2026Q4"), 1);
    }
}
