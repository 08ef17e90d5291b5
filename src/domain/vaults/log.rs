//! The activity log of vaults (spec/governance.md 3.4). Never any content.

use super::is_personal;
use crate::{
    domain::Ctx,
    store::{
        Tx,
        vaults::{LogFilters, LogRow, LogWanted, Vault},
    },
    types::{ApiError, ErrorKind, Result},
};

/// Entries that are looked at for one answer.
const MOST: usize = 10_000;
/// Entries on a page unless asked otherwise, and at most.
const PAGE: usize = 500;

/// What was done to a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Edit,
    Delete,
    Activate,
    Deactivate,
}

impl Deed {
    const fn as_str(self) -> &'static str {
        match self {
            Deed::Create => "create",
            Deed::Edit => "edit",
            Deed::Delete => "delete",
            Deed::Activate => "activate",
            Deed::Deactivate => "deactivate",
        }
    }
}

/// Appends to the log, in the transaction of the deed.
pub(super) fn record(ctx: &Ctx<'_>, tx: &Tx<'_>, vault: &Vault, deed: Deed, reason: &str) -> Result<()> {
    let of_service = match vault.user.as_ref().filter(|_| is_personal(vault.scope)) {
        Some(owner) => tx.account(owner.as_str())?.is_some_and(|account| account.is_service),
        None => false,
    };
    let client: String = ctx
        .call
        .client
        .iter()
        .flat_map(|client| client.chars())
        .filter(|c| !c.is_control())
        .take(128)
        .collect();
    let (originator, version) = client.split_once('-').unwrap_or((&client, ""));
    let content = tx.vault_content(&vault.id, vault.content_version)?;
    tx.append_vault_log(&LogRow {
        vault: vault.id.clone(),
        description: vault.description.clone(),
        scope: if of_service { "service_account" } else { vault.scope.as_str() }.to_owned(),
        operation: deed.as_str().to_owned(),
        user: ctx.caller.user.to_string(),
        user_name: ctx.caller.name.clone(),
        created: tx.now,
        ip: ctx.call.ip.clone(),
        originator: originator.to_owned(),
        originator_version: version.to_owned(),
        reason: reason.to_owned(),
        version: vault.version,
        content_hash: content.map(|content| content.hash).unwrap_or_default(),
    })
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct LogAsked {
    /// Which entries; without scopes, those of administrators' vaults.
    pub wanted: LogWanted,
    /// Oldest first.
    pub ascending: bool,
    /// From 0.
    pub page: usize,
    /// Entries on a page; 0: as many as may be.
    pub page_size: usize,
    /// Collapses runs of the same operation by the same user on the same vault: to the first entry of the run, or to the
    /// last. `None`: no collapsing.
    pub collapse_to_last: Option<bool>,
}

impl Default for LogAsked {
    fn default() -> Self {
        LogAsked {
            wanted: LogWanted::default(),
            ascending: false,
            page: 0,
            page_size: 0,
            collapse_to_last: Some(false),
        }
    }
}

/// One entry.
pub type LogEntry = LogRow;

/// `users.get_vault_operations_log`.
///
/// Errors: 400/12 unknown operations or scopes.
pub fn log(ctx: &Ctx<'_>, asked: &LogAsked) -> Result<Vec<LogEntry>> {
    let mut wanted = asked.wanted.clone();
    known("operations", &wanted.operations, &["create", "edit", "delete", "activate", "deactivate"])?;
    known("scope", &wanted.scopes, &["organization", "group", "service_account", "user"])?;
    if wanted.scopes.is_empty() {
        wanted.scopes = vec!["organization".to_owned(), "group".to_owned()];
    }
    let mut entries = ctx.read(|snapshot| snapshot.vault_log(&wanted, MOST))?;
    if let Some(to_last) = asked.collapse_to_last {
        entries = collapsed(entries, to_last);
    }
    if !asked.ascending {
        entries.reverse();
    }
    let size = match asked.page_size {
        0 => PAGE,
        size => size.min(PAGE),
    };
    Ok(entries.into_iter().skip(asked.page.saturating_mul(size)).take(size).collect())
}

fn known(field: &str, values: &[String], names: &[&str]) -> Result<()> {
    match values.iter().find(|value| !names.contains(&value.as_str())) {
        None => Ok(()),
        Some(_) => {
            let text = format!("{field} must be among {}", names.join(", "));
            Err(ApiError::new(ErrorKind::ValidationError, text))
        }
    }
}

/// Adjacent entries of one vault with the same operation and user become one.
fn collapsed(entries: Vec<LogRow>, to_last: bool) -> Vec<LogRow> {
    let mut kept: Vec<LogRow> = Vec::with_capacity(entries.len());
    for entry in entries {
        let newest_of_vault = kept.iter().rposition(|known| known.vault == entry.vault);
        let run = newest_of_vault
            .and_then(|at| kept.get(at).map(|known| (at, known)))
            .filter(|(_, known)| known.operation == entry.operation && known.user == entry.user)
            .map(|(at, _)| at);
        match run {
            Some(at) if to_last => {
                kept.remove(at);
                kept.push(entry);
            }
            Some(_) => {}
            None => kept.push(entry),
        }
    }
    kept
}

/// `users.get_vault_operations_log_filters`.
pub fn log_filters(ctx: &Ctx<'_>) -> Result<LogFilters> {
    ctx.read(|snapshot| snapshot.vault_log_filters())
}
