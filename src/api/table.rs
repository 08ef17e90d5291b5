//! The one table of endpoints. Who may call and how it is audited stands in `domain::operations`; a row here adds the
//! wire: versions, input form, handler.

use super::{
    accounts, audit, auth, debug, endpoint::Endpoint, events, login, models, organization, pipelines,
    projects, queues, reports, server, serving, storage, system, tasks, tenants, users, vaults, workers,
};
use crate::types::Version;

/// Every endpoint, by service.
pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    [
        accounts::ENDPOINTS,
        audit::ENDPOINTS,
        auth::ENDPOINTS,
        debug::ENDPOINTS,
        events::ENDPOINTS,
        login::ENDPOINTS,
        models::ENDPOINTS,
        organization::ENDPOINTS,
        pipelines::ENDPOINTS,
        projects::ENDPOINTS,
        queues::ENDPOINTS,
        reports::ENDPOINTS,
        server::ENDPOINTS,
        serving::ENDPOINTS,
        storage::ENDPOINTS,
        system::ENDPOINTS,
        tasks::ENDPOINTS,
        tenants::ENDPOINTS,
        users::ENDPOINTS,
        vaults::ENDPOINTS,
        workers::ENDPOINTS,
    ]
    .into_iter()
    .flatten()
}

/// The implementation with the greatest minimum that is at most `requested`.
pub fn resolve(name: &str, requested: Version) -> Option<&'static Endpoint> {
    all()
        .filter(|endpoint| endpoint.name == name && endpoint.min <= requested)
        .max_by_key(|endpoint| endpoint.min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::operations;

    #[test]
    fn every_endpoint_has_an_operation() {
        for endpoint in all() {
            assert!(operations::find(endpoint.name).is_some(), "{}", endpoint.name);
        }
    }

    #[test]
    fn every_operation_of_the_api_has_an_endpoint() {
        let of_other_faces =
            |name: &str| ["data.", "files.", "pages."].iter().any(|service| name.starts_with(service));
        for operation in operations::TABLE.iter().filter(|operation| !of_other_faces(operation.name)) {
            assert!(all().any(|endpoint| endpoint.name == operation.name), "{}", operation.name);
        }
    }
}
