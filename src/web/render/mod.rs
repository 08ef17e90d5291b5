//! How values look on a page: numbers, times, log lines, charts, icons. Pure functions from values to text or markup;
//! no HTTP, no queries, no decisions about what a page shows (that is `web/view`).

pub mod ansi;
pub mod chart;
mod escape;
pub mod icon;
pub mod number;
pub mod scale;
pub mod spark;
pub mod text;
pub mod time;

pub use escape::{PageText, escape};

/// Markup that templates print as it is. Only functions of this module and of `web/view/kit` make it, and they escape
/// what people wrote.
pub type Markup = askama::filters::Safe<String>;
