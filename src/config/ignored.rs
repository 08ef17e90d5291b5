//! Settings of the reference deployment's other programs: the search, document and cache stores, its process model and its
//! Python logging. Existing deployments set many of them; Roundhouse has no use for them and does not complain.

/// Names of sections that belong to something Roundhouse replaces, wherever they stand.
const REPLACED: &[&str] = &[
    "elastic",
    "elasticsearch",
    "_elastic",
    "es",
    "kibana",
    "mongo",
    "mongodb",
    "_mongo",
    "redis",
    "_redis",
    "logging",
    "gunicorn",
    "flask",
];

/// Whether a key that no setting reads is known to be without meaning here.
pub(super) fn is_known(path: &str) -> bool {
    let own = path.starts_with("apiserver.apilog."); // its adapters bear such names
    path.starts_with("hosts.") || !own && path.split('.').any(|part| REPLACED.contains(&part))
}
