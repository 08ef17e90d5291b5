//! `services.events.*` (spec/events.md 12, spec/governance.md 14).

use super::super::read::Seconds;
use super::super::section::section;

section! {
    /// Events.
    pub struct Events {
        /// Readers of events.
        events_retrieval: EventsRetrieval = Default::default(),
        /// Metrics that do not advance a task's last iteration.
        ignore_iteration: IgnoreIteration = Default::default(),
        /// How fast background deletion goes, in events per second.
        max_async_deleted_events_per_sec: u64 = 1_000,
        /// Plots longer than this are stored compressed, in characters.
        plot_compression_threshold: u64 = 100_000,
        /// Whether values that vaults injected are masked in logs.
        redact_vault_values: bool = true,
        /// Whether plots must be JSON.
        validate_plot_str: bool = false,
    }
}

section! {
    /// Metrics that do not advance a task's last iteration.
    pub struct IgnoreIteration {
        /// Their names.
        metrics: Vec<String> = vec![":monitor:machine".to_owned(), ":monitor:gpu".to_owned()],
    }
}

section! {
    /// Readers of events.
    pub struct EventsRetrieval {
        /// Whether the caps adapt to what a task has.
        dynamic_metrics_count: bool = true,
        /// Share of the store's limit that adapted caps may reach, in percent.
        dynamic_metrics_count_threshold: u64 = 80,
        /// Metrics in one aggregation.
        max_metrics_count: u64 = 100,
        /// Points in one answer of raw scalars.
        max_raw_scalars_size: u64 = 200_000,
        /// Variants per metric in one aggregation.
        max_variants_count: u64 = 100,
        /// Plots in one page.
        multi_plots_batch_size: u64 = 1_000,
        /// Life of a navigation state or scroll after its last use, in seconds.
        state_expiration_sec: Seconds = Seconds::new(3_600),
    }
}
