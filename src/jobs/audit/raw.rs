//! Adapter `raw_log`: JSON lines on standard output.

use std::{io::Write as _, sync::Arc};

use super::Deliver;
use crate::domain::audit::Entry;

pub(super) struct Raw;

impl Deliver for Raw {
    fn deliver(&mut self, batch: &[Arc<Entry>]) -> Result<(), String> {
        let text: String = batch.iter().map(|entry| format!("{}\n", entry.json)).collect();
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())
    }
}
