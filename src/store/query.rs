//! The query language.
pub(crate) fn register(_conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    Ok(())
}
