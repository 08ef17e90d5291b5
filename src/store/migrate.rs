//! Numbered migrations, append-only, applied at start.

use std::sync::LazyLock;

use rusqlite_migration::{M, Migrations};

/// Version of the schema this program writes: the number of migrations.
pub const SCHEMA_VERSION: usize = FILES.len();

/// The numbered files in order. Append only: a released file never changes.
const FILES: &[&str] = &[
    include_str!("migrations/0001_identity.sql"),
    include_str!("migrations/0002_documents.sql"),
    include_str!("migrations/0003_events.sql"),
    include_str!("migrations/0004_files.sql"),
    include_str!("migrations/0005_workers.sql"),
    include_str!("migrations/0006_storage.sql"),
    include_str!("migrations/0007_lists.sql"),
    include_str!("migrations/0008_serving.sql"),
    include_str!("migrations/0009_logs.sql"),
    include_str!("migrations/0010_people.sql"),
    include_str!("migrations/0011_tenants.sql"),
    include_str!("migrations/0012_audit.sql"),
    include_str!("migrations/0013_vaults.sql"),
    include_str!("migrations/0014_scalar_chunks.sql"),
];

pub(super) static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(FILES.iter().map(|sql| M::up(sql).foreign_key_check()).collect()));

#[cfg(test)]
mod tests {
    #[test]
    fn migrations_apply_from_nothing() {
        super::MIGRATIONS.validate().unwrap();
    }
}
