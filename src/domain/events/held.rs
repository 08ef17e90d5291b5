//! Navigation states and snapshot scrolls: gone an hour after their last use (protocol: spec/events.md 7.2, 8.1, 9.2).

use std::{num::NonZeroUsize, sync::Arc};

use super::{image_sample::ImageSample, pager::Pager, plot_sample::PlotSample, scroll::Scroll};
use crate::domain::held::Weigh;

/// What a client goes on with.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Pager(Arc<Pager>),
    ImageSample(Arc<ImageSample>),
    PlotSample(Arc<PlotSample>),
    Scroll(Arc<Scroll>),
}

impl Weigh for Held {
    fn weight(&self) -> usize {
        256 + match self {
            Held::Pager(pager) => pager.weight(),
            Held::ImageSample(sample) => sample.weight(),
            Held::PlotSample(sample) => sample.weight(),
            Held::Scroll(scroll) => scroll.weight(),
        }
    }
}

/// States at once, and bytes they may take together.
const MAX_STATES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// All open states of this process.
pub(super) type States = crate::domain::held::States<Held>;

/// None yet.
pub(super) fn no_states() -> States {
    States::new(MAX_STATES, MAX_BYTES)
}
