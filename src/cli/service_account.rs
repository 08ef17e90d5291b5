//! `roundhouse service-account`: service accounts of a tenant, on a stopped server.

use std::{path::Path, process::ExitCode};

use clap::{Args, Subcommand};

use super::{
    Failure, Outcome,
    options::{OfTenant, Place},
};
use crate::{
    crypto::files::write_private,
    domain::{
        App, Call, Ctx,
        client_config::{self, ClientConfig},
        files::scheduled_caller,
        identity::{self, IssuedCredential, SELF, ServiceAccount, ServiceRules},
        operations, perform,
    },
    server::start::{self, House},
    types::{CompanyId, Result},
};

#[derive(Args)]
pub(super) struct ServiceAccounts {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the service accounts of a tenant with their keys
    List(Within),
    /// Make service accounts, each with a first key, printed once
    Create(Create),
    /// Make another key for a service account, printed once
    Rotate(Rotate),
    /// Delete service accounts; whatever runs with their keys ends
    Delete(Delete),
}

#[derive(Args)]
struct Within {
    #[command(flatten)]
    tenant: OfTenant,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Create {
    /// Names
    #[arg(required = true)]
    names: Vec<String>,
    /// Group that they join, by name or id; made when the tenant has none of this name. May be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// They may run tasks as those who submitted them
    #[arg(long)]
    run_as_owner: bool,
    /// They take only tasks that they submitted themselves
    #[arg(long)]
    own_tasks_only: bool,
    /// Seconds until the keys stop working [default: never]
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<i64>,
    /// Write each clearml.conf to NAME.conf in this directory (mode 0600) instead of printing it
    #[arg(long, value_name = "DIR")]
    output: Option<std::path::PathBuf>,
    #[command(flatten)]
    within: Within,
}

#[derive(Args)]
struct Rotate {
    /// Name or id
    account: String,
    /// What the new key is for
    #[arg(long)]
    label: Option<String>,
    /// Seconds until the new key stops working [default: never]
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<i64>,
    /// Revoke the other keys at once; without this they go on working until they are revoked
    #[arg(long)]
    revoke_others: bool,
    #[command(flatten)]
    within: Within,
}

#[derive(Args)]
struct Delete {
    /// Names or ids
    #[arg(required = true)]
    accounts: Vec<String>,
    #[command(flatten)]
    within: Within,
}

impl ServiceAccounts {
    pub(super) fn run(self) -> Outcome {
        match self.action {
            Action::List(within) => list(&within),
            Action::Create(create) => create.run(),
            Action::Rotate(rotate) => rotate.run(),
            Action::Delete(delete) => delete.run(),
        }
    }
}

impl Within {
    /// Opens the data directory and finds the tenant. The lock is held as long as the house.
    fn open(&self) -> std::result::Result<(House, CompanyId), Failure> {
        let options = self.place.options();
        let mut house = start::open_existing(&options)?;
        // This command knows no ports; the last start of the server knew them.
        if let Some(urls) = client_config::urls_of(&options.data.join(client_config::FILE)) {
            house.app.urls = urls;
        }
        let tenant = self.tenant.find(&house.app)?;
        Ok((house, tenant))
    }
}

/// Runs a use-case as the server itself, through the table of operations, so that it is on record.
fn act<T>(
    app: &App,
    tenant: &CompanyId,
    operation: &str,
    run: impl FnOnce(&Ctx<'_>) -> Result<T>,
) -> std::result::Result<T, Failure> {
    let operation = operations::find(operation).ok_or("this program lacks an operation; please report it")?;
    let ctx = Ctx::new(app, scheduled_caller(tenant), Call::internal());
    ctx.note(|note| note.remark = Some("command line".to_owned()));
    Ok(perform(operation, &ctx, run)?)
}

fn accounts(app: &App, tenant: &CompanyId) -> std::result::Result<Vec<ServiceAccount>, Failure> {
    act(app, tenant, "users.get_service_users", identity::service_accounts)
}

fn find(app: &App, tenant: &CompanyId, wanted: &str) -> std::result::Result<ServiceAccount, Failure> {
    let mut known = accounts(app, tenant)?.into_iter();
    let is = |found: &ServiceAccount| found.account.id.as_str() == wanted || found.account.name == wanted;
    known.find(is).ok_or_else(|| format!("there is no service account {wanted}").into())
}

fn list(within: &Within) -> Outcome {
    let (house, tenant) = within.open()?;
    let rotate_after = house.app.settings.apiserver.auth.credentials.rotate_after_sec.signed();
    println!("{:34}{:24}{:8}{:14}KEYS", "ID", "NAME", "ROLE", "RUN AS OWNER");
    for found in accounts(&house.app, &tenant)? {
        let account = &found.account;
        let as_owner = if account.allow_running_as_owner { "yes" } else { "no" };
        println!(
            "{:34}{:24}{:8}{as_owner:14}{}",
            account.id.as_str(),
            account.name,
            account.role,
            found.credentials.len()
        );
        for credential in &found.credentials {
            let flags = identity::credential_flags(credential, crate::types::Millis::now(), rotate_after);
            let words: Vec<&str> = flags.into_iter().map(identity::CredentialFlag::as_str).collect();
            let used = credential
                .last_used
                .map_or_else(|| "never used".to_owned(), |at| format!("used {}", at.to_zulu()));
            let expires = credential
                .expire
                .map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", at.to_zulu()));
            let label = credential.label.as_deref().unwrap_or("-");
            println!("    {}  {label}  {used}  {expires}  {}", credential.access_key, words.join(" "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Create {
    fn run(self) -> Outcome {
        let (house, tenant) = self.within.open()?;
        let app = &house.app;
        if let Some(directory) = self.output.as_deref().filter(|directory| !directory.is_dir()) {
            return Err(format!("{} is no directory; make it first", directory.display()).into());
        }
        let rules = ServiceRules {
            allow_running_as_owner: self.run_as_owner,
            accept_tasks_from: self.own_tasks_only.then(|| vec![SELF.to_owned()]),
            impersonate_groups: None,
        };
        for name in &self.names {
            let made = act(app, &tenant, "auth.create_service_user", |ctx| {
                identity::create_service_account(ctx, name, &rules, None, self.expires_in)
            })?;
            for group in &self.group {
                join(app, &tenant, group, made.user.as_str())?;
            }
            show(app, name, &made.credential, self.output.as_deref())?;
        }
        if let Some(text) = rules.recommendation() {
            eprintln!("\nNote: {text}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds an account to a group, which is made when there is none.
fn join(app: &App, tenant: &CompanyId, group: &str, user: &str) -> std::result::Result<(), Failure> {
    let known = act(app, tenant, "permissions.get_user_groups", |ctx| identity::user_groups(ctx, &[]))?;
    let is = |found: &&identity::UserGroup| {
        found.group.id == group || found.group.name.to_lowercase() == group.to_lowercase()
    };
    let found = known.iter().find(is);
    let mut users: Vec<String> = found
        .map_or_else(Vec::new, |found| found.members.iter().map(|member| member.id.to_string()).collect());
    if users.iter().any(|known| known == user) {
        return Ok(());
    }
    users.push(user.to_owned());
    let change = identity::GroupChange {
        id: found.map(|found| found.group.id.clone()),
        name: found.is_none().then(|| group.to_owned()),
        description: None,
        users: Some(users),
    };
    act(app, tenant, "permissions.add_or_update_user_group", |ctx| identity::write_group(ctx, &change))?;
    Ok(())
}

fn show(
    app: &App,
    name: &str,
    issued: &IssuedCredential,
    output: Option<&Path>,
) -> std::result::Result<(), Failure> {
    let conf = ClientConfig {
        urls: &app.urls,
        access_key: &issued.access_key,
        secret_key: &issued.secret_key,
        ca_bundle: app.ca_bundle.as_deref(),
    }
    .to_string();
    match output {
        None => println!("# {name}: the secret is shown this once\n{conf}"),
        Some(directory) => {
            let file: String = name
                .chars()
                .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' })
                .collect();
            let path = directory.join(format!("{}.conf", file.trim_start_matches('.')));
            write_private(&path, conf.as_bytes())?;
            println!("{name}: {}", path.display());
        }
    }
    Ok(())
}

impl Rotate {
    fn run(self) -> Outcome {
        let (house, tenant) = self.within.open()?;
        let app = &house.app;
        let found = find(app, &tenant, &self.account)?;
        let user = found.account.id.as_str();
        let issued = act(app, &tenant, "pages.add_service_credential", |ctx| {
            identity::add_service_credential(ctx, user, self.label.as_deref(), self.expires_in)
        })?;
        show(app, &found.account.name, &issued, None)?;
        if self.revoke_others {
            for old in &found.credentials {
                act(app, &tenant, "pages.revoke_service_credential", |ctx| {
                    identity::revoke_service_credential(ctx, user, &old.access_key)
                })?;
                eprintln!("Revoked {}; its open sessions have ended.", old.access_key);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Delete {
    fn run(self) -> Outcome {
        let (house, tenant) = self.within.open()?;
        let app = &house.app;
        // All must exist before one goes.
        let found: Vec<ServiceAccount> = self
            .accounts
            .iter()
            .map(|wanted| find(app, &tenant, wanted))
            .collect::<std::result::Result<_, Failure>>()?;
        for found in found {
            let account = &found.account;
            act(app, &tenant, "auth.delete_user", |ctx| identity::delete_user(ctx, account.id.as_str()))?;
            println!("Deleted {}; whatever it made stays.", account.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
