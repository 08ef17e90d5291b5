//! Addresses that the SDK prints or that people have bookmarked elsewhere (ux/UX.md 1.1).

/// Our address for one of theirs.
pub(super) fn redirect(segments: &[&str]) -> Option<String> {
    match segments {
        ["projects", _, "experiments" | "tasks", task, rest @ ..] => {
            Some(format!("/tasks/{task}{}", tab(rest)))
        }
        ["projects", project, "overview" | "experiments"] => Some(format!("/projects/{project}")),
        ["settings", "workspace-configuration", ..] => Some("/me/keys".to_owned()),
        ["settings", ..] => Some("/me".to_owned()),
        _ => None,
    }
}

/// Whether an address is that of a file, such as `/configuration.json`: a page in its place would be read as its content.
pub(super) fn names_a_file(segments: &[&str]) -> bool {
    const ENDINGS: [&str; 9] = ["css", "ico", "js", "json", "map", "png", "svg", "txt", "woff2"];
    let ending = segments.last().and_then(|last| last.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

fn tab(rest: &[&str]) -> &'static str {
    match rest {
        ["output", "log", ..] => "/console",
        ["info-output", "metrics", "scalar", ..] | ["scalars", ..] => "/scalars",
        ["info-output", "metrics", "plots", ..] | ["plots", ..] => "/plots",
        ["info-output", "debugImages", ..] | ["debugImages", ..] => "/samples",
        ["execution", ..] => "/execution",
        ["hyper-params", ..] => "/configuration",
        ["artifacts", ..] => "/artifacts",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_addresses_keep_id_and_tab() {
        let cases = [
            ("projects/p/experiments/t/output/log", Some("/tasks/t/console")),
            ("projects/p/experiments/t/info-output/metrics/scalar", Some("/tasks/t/scalars")),
            ("projects/p/tasks/t/info-output/metrics/plots", Some("/tasks/t/plots")),
            ("projects/p/tasks/t/info-output/debugImages", Some("/tasks/t/samples")),
            ("projects/p/tasks/t/execution", Some("/tasks/t/execution")),
            ("projects/p/tasks/t/hyper-params/hyper-param/Args", Some("/tasks/t/configuration")),
            ("projects/p/tasks/t/artifacts/input-model/1", Some("/tasks/t/artifacts")),
            ("projects/p/experiments/t", Some("/tasks/t")),
            ("projects/p/experiments", Some("/projects/p")),
            ("settings/workspace-configuration", Some("/me/keys")),
            ("nonsense/x", None),
        ];
        for (path, expected) in cases {
            let segments: Vec<&str> = path.split('/').collect();
            assert_eq!(redirect(&segments).as_deref(), expected, "{path}");
        }
    }
}
