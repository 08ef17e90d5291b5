//! Where a task's output goes, when administrators decided that (spec/governance.md 3.6, spec/security_rules.md S11).

use super::policy::Policy;
use crate::{
    domain::Ctx,
    store::Snapshot,
    types::{Result, UserId},
};

/// The destination that replaces `sent` for tasks that run as `identity`; `None` when `sent` may stay. A place below the
/// decided one may stay, and no destination at all: clients then use the one of the vault by themselves.
///
/// Errors: 500/101 an administrators' vault can't be read.
pub(in crate::domain) fn enforced_destination(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    identity: &UserId,
    sent: &str,
) -> Result<Option<String>> {
    if sent.trim().is_empty() || !ctx.app.settings.services.vaults.enforce_output_uri {
        return Ok(None);
    }
    let Some(policy) = Policy::of(ctx.app, snapshot, identity)?? else { return Ok(None) };
    let Some(decided) = policy.output()? else { return Ok(None) };
    if is_below(sent.trim(), &decided) {
        return Ok(None);
    }
    tracing::info!(user = %identity, "a task's output goes where an administrators' vault says, not where the task asked");
    ctx.note(|note| note.remark = Some("output_destination_enforced".to_owned()));
    Ok(Some(decided))
}

fn is_below(sent: &str, decided: &str) -> bool {
    let decided = decided.trim_end_matches('/');
    let Some(rest) = sent.strip_prefix(decided) else { return false };
    let climbs = rest.split(['/', '\\']).any(|part| matches!(part, "." | "..")) || rest.contains('%');
    (rest.is_empty() || rest.starts_with('/')) && !climbs
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn only_what_lies_below_counts() {
        for sent in ["s3://good", "s3://good/", "s3://good/a/b"] {
            assert!(is_below(sent, "s3://good/"), "{sent}");
        }
        for sent in
            ["s3://goodness", "s3://evil/s3://good", "s3://good/../evil", "s3://good/%2e%2e/evil", "s3:"]
        {
            assert!(!is_below(sent, "s3://good"), "{sent}");
        }
    }
}
