//! Removing all files of a tenant that was deleted.

use super::{Files, REMOVED_AT_ONCE, failed};
use crate::{
    domain::App,
    store::files::Tree,
    types::{CompanyId, Result},
};

impl Files {
    /// Removes every file of a deleted tenant, and its tree. Returns how many files there were, and whether all are gone:
    /// `stopping` ends it between two handfuls. Files in storages elsewhere are not touched.
    pub fn remove_tree(
        &self,
        app: &App,
        tenant: &CompanyId,
        stopping: &dyn Fn() -> bool,
    ) -> Result<(u64, bool)> {
        // The files of the time before tenants are the default tenant's, which is never deleted.
        if tenant.as_str().is_empty() || tenant.as_str() == app.settings.apiserver.default_company {
            return Ok((0, false));
        }
        let tree = Tree::Tenant(tenant.clone());
        let listing = self.blobs.list(&tree, None).map_err(failed)?;
        let mut removed = 0_u64;
        for some in listing.files.chunks(REMOVED_AT_ONCE) {
            if stopping() {
                return Ok((removed, false));
            }
            for result in self.blobs.remove(&tree, some) {
                removed += u64::from(result.map_err(failed)?);
            }
        }
        self.blobs.remove_empty(&tree, &listing.directories);
        self.blobs.forget(&tree).map_err(failed)?;
        Ok((removed, true))
    }
}
