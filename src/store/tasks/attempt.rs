//! A part of a transaction that may fail by itself.

use crate::{
    store::{Tx, failed},
    types::{ErrorKind, Result},
};

impl Tx<'_> {
    /// Runs `work` so that its failure undoes only its own changes: one item of a batch.
    ///
    /// Errors: those of `work`; 500/10 when the failure took the whole transaction with it.
    pub fn attempt<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.conn.execute_batch("SAVEPOINT item").map_err(failed)?;
        let result = work();
        if self.conn.is_autocommit() {
            return result.and(Err(ErrorKind::TransactionError.into()));
        }
        let end = if result.is_ok() { "RELEASE item" } else { "ROLLBACK TO item; RELEASE item" };
        self.conn.execute_batch(end).map_err(failed)?;
        result
    }
}
