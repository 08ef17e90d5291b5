//! Configuration vaults: rows, sealed versions, their log, and what their policy leaves on tasks. Sealed values are opened
//! above (spec/governance.md 3, 14).

mod log;
mod policies;
mod reseal;
mod rows;
mod secrets;
mod versions;

pub use log::{LogFilters, LogRow, LogWanted};
pub use policies::TaskPolicy;
pub use reseal::Resealed;
pub use rows::{NewVault, Vault, VaultScope};
pub use secrets::{BoundTask, TaskSecret};
pub use versions::VaultContent;
