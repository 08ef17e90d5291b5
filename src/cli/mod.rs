//! The command line, one file per command. No logic.

mod audit;
mod client_config;
mod doctor;
mod healthcheck;
mod import;
mod init;
mod options;
mod secrets;
mod serve;
mod service_account;
mod tenant;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A whole ClearML-compatible server in one binary.
#[derive(Parser)]
#[command(name = "roundhouse", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create the data directory with its secrets, database and first administrator; does nothing where one exists
    Init(init::Init),
    /// Run the server
    Serve(serve::Serve),
    /// Ask a running server whether it is well; exit code 0 means yes
    Healthcheck(healthcheck::Healthcheck),
    /// Explain what is wrong with a data directory or configuration; changes nothing
    Doctor(doctor::Doctor),
    /// Manage local accounts of a stopped server
    User(user::User),
    /// Look after deleted tenants of a stopped server
    Tenant(tenant::Tenant),
    /// Manage service accounts of a stopped server
    ServiceAccount(service_account::ServiceAccounts),
    /// Take over the history of another server from an archive, on a stopped server (docs/import.md)
    Import(import::Import),
    /// Check the audit
    Audit(audit::Audit),
    /// Change the keys of a stopped server
    Secrets(secrets::SecretsCommand),
    /// Print the ready clearml.conf
    ClientConfig(client_config::ClientConfig),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    init_log();
    let result = match Cli::parse().command {
        Command::Init(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Healthcheck(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::User(command) => command.run(),
        Command::Tenant(command) => command.run(),
        Command::ServiceAccount(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Secrets(command) => command.run(),
        Command::ClientConfig(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("roundhouse: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command failed: one sentence for the person at the terminal.
type Failure = Box<dyn std::error::Error>;
type Outcome = Result<ExitCode, Failure>;

fn init_log() {
    use std::io::IsTerminal as _;
    use tracing_subscriber::{EnvFilter, fmt};

    let filter = EnvFilter::try_from_env("ROUNDHOUSE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let terminal = std::io::stderr().is_terminal();
    let set = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal)
        .with_target(false)
        .try_init();
    if set.is_err() {
        eprintln!("roundhouse: the log could not be set up");
    }
}
