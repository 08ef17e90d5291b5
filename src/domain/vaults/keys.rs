//! Keys that vaults may not set (spec/governance.md 3.3).

/// What belongs to a machine: the agent restores its own values after loading.
const OF_MACHINES: [&str; 6] = [
    "agent.cuda_version",
    "agent.cudnn_version",
    "agent.default_python",
    "agent.worker_id",
    "agent.worker_name",
    "agent.debug",
];

/// What would turn a task to another server.
const OF_SERVERS: [&str; 3] = ["api.api_server", "api.web_server", "api.credentials"];

/// A path as it is compared. Quotes and dots inside a key count for nothing: parsers differ in what they make of them.
pub(super) fn joined(path: &[&str]) -> String {
    let mut text = path.join(".");
    text.retain(|c| !c.is_whitespace() && c != '"' && c != '\'');
    text
}

/// The forbidden key that a path sets, if any. `configured`: dotted keys of the configuration.
pub(super) fn forbidden(path: &[&str], personal: bool, configured: &[String]) -> Option<String> {
    let text = joined(path);
    let sets = |key: &str| text == key || text.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let of_machines = OF_MACHINES.iter().copied();
    let of_servers = OF_SERVERS.iter().copied().filter(|_| personal);
    let configured = configured.iter().map(String::as_str).filter(|_| personal);
    of_machines.chain(of_servers).chain(configured).find(|key| sets(key)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_do_not_matter() {
        let configured = ["sdk.development.worker".to_owned()];
        for path in [&["agent", "worker_id"][..], &["agent.worker_id"], &["\"agent\"", " worker_id"]] {
            assert_eq!(forbidden(path, false, &[]).as_deref(), Some("agent.worker_id"), "{path:?}");
        }
        assert_eq!(
            forbidden(&["api", "credentials", "access_key"], true, &[]).as_deref(),
            Some("api.credentials")
        );
        assert_eq!(forbidden(&["api", "credentials"], false, &[]), None);
        assert!(forbidden(&["sdk", "development", "worker", "x"], true, &configured).is_some());
        assert_eq!(forbidden(&["agent", "worker_id_format"], true, &configured), None);
        assert_eq!(forbidden(&["agent"], true, &configured), None);
    }
}
