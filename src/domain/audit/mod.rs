//! The audit: the log of API calls, the security events, and what shows that nobody changed either
//! (spec/governance.md 13, spec/security_rules.md S26).
//!
//! What happens to entries on their way out of the process (files, sockets) is not here: `jobs::audit`.

mod entry;
mod heads;
mod log;
mod presented;
mod redact;
mod sink;
mod verify;

pub use entry::{Answered, Asked, Credential, Identities};
pub use heads::{ChainState, chain_states, emit_heads, retire};
pub use log::{Exported, LogEntry, LogPage, LogQuery, Page, Volume, export, filters, find, status, volume};
pub use presented::note_presented;
pub use redact::header_text;
pub use sink::{CallLog, Entry, OpenError, Sink};
pub use verify::{Verification, verify};
