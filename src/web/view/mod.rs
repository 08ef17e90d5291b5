//! View models: one plain struct per page, with the template that draws it. No HTTP, no SQL, no rules: a handler fills
//! the struct and calls `render()`.
//!
//! Every page extends `templates/base.html` and can draw two things: the whole document (`page.render()`) and, for a
//! request that carries `HX-Target: main`, only its `<main>` element (`page.as_main().render()`). Both have the same
//! address, so such answers carry `Vary: HX-Request, HX-Target`. Live pages ask for their `<main>` with
//! `If-None-Match`; [`etag`] makes the tag.

pub mod address;
pub mod admin;
pub mod confirm;
pub mod error;
pub mod kit;
pub mod login;
pub mod me;
pub mod policy;
pub mod projects;
pub mod queues;
pub mod shell;
pub mod status;
pub mod task;
pub mod tasks;
pub mod vaults;
pub mod workers;

pub use kit::{Crumb, Person, Place, Tab};
pub use shell::Shell;
pub use status::Status;

/// Entity tag of a rendered page or fragment, with its quotes. What changes by the clock alone (ages, growing
/// durations, one-time keys) does not count: the browser advances it by itself, and a tick without news stays a 304.
pub fn etag(html: &str) -> String {
    use sha2::{Digest, Sha256};
    /// Where a part starts that does not count, and what ends it.
    const VOLATILE: [(&str, char); 3] =
        [(" data-ago>", '<'), (" data-since=\"", '<'), (" name=\"once\" value=\"", '"')];
    let mut hash = Sha256::new();
    let mut rest = html;
    loop {
        let next =
            VOLATILE.iter().filter_map(|(start, end)| Some((rest.find(start)? + start.len(), *end))).min();
        let Some((at, end)) = next else { break };
        let (counts, after) = rest.split_at(at);
        hash.update(counts);
        rest = after.find(end).and_then(|at| after.get(at..)).unwrap_or_default();
    }
    hash.update(rest);
    let short = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("\"{short}\"")
}

#[cfg(test)]
mod tests;
