//! Samples of workers, queues and serving containers lose detail with age, so that years of them stay small.

use crate::{
    domain::App,
    store::{
        Lane, Scope,
        aging::{DETAILED_SECONDS, STEP_SECONDS, Samples},
    },
    types::{Millis, Result},
};

/// Thins out all samples that are older than a day and not older than `from`, one step of time in a transaction, so
/// that nobody waits long behind it. Returns how many it removed, and where the next call may go on.
pub fn thin_out(app: &App, from: Millis) -> Result<(usize, Millis)> {
    let step = STEP_SECONDS * 1000;
    let end = Millis((Millis::now().0 - DETAILED_SECONDS * 1000).div_euclid(step) * step);
    let mut removed = 0;
    for samples in Samples::ALL {
        let mut from = from;
        while let Some((start, superfluous)) = app.store.read(&Scope::server(), |snapshot| {
            let Some(first) = snapshot.first_sample_since(samples, from)?.filter(|first| *first < end) else {
                return Ok(None);
            };
            let start = Millis(first.0.div_euclid(step) * step);
            Ok(Some((start, snapshot.superfluous_samples(samples, start, Millis(start.0 + step))?)))
        })? {
            from = Millis(start.0 + step);
            if superfluous > 0 {
                removed += app
                    .store
                    .write(&Scope::server(), Lane::Events, |tx| tx.thin_out_samples(samples, start, from))?;
            }
        }
    }
    Ok((removed, end))
}
