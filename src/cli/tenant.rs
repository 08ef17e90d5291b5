//! `roundhouse tenant`: deleted tenants, on a stopped server. A running one purges them by itself.

use std::{process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};

use super::{Outcome, options::Place};
use crate::{
    domain::tenants,
    server::{open_files, start},
    store::Scope,
};

#[derive(Args)]
pub(super) struct Tenant {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List tenants, deleted ones that are not gone yet included
    List(Place),
    /// Remove everything of a deleted tenant now: rows and files. Going on after an interruption is safe
    Purge(Purge),
}

#[derive(Args)]
struct Purge {
    /// Id of the tenant
    id: String,
    #[command(flatten)]
    place: Place,
}

impl Tenant {
    pub(super) fn run(self) -> Outcome {
        match self.action {
            Action::List(place) => list(&place),
            Action::Purge(asked) => purge(&asked),
        }
    }
}

fn list(place: &Place) -> Outcome {
    let house = start::open_existing(&place.options())?;
    let found = house.app.store.read(&Scope::server(), |snapshot| snapshot.companies_with_remains())?;
    println!("{:34}{:10}NAME", "ID", "STATE");
    for company in found {
        let state = if company.active { "active" } else { "deleted" };
        println!("{:34}{state:10}{}", company.id.as_str(), company.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn purge(asked: &Purge) -> Outcome {
    let options = asked.place.options();
    let house = start::open_existing(&options)?;
    // The lock is held until the end.
    let _lock = house.lock;
    let app = Arc::new(house.app);
    open_files(&options, &app)?;
    let (mut rows, mut files) = (0, 0);
    // A second run removes what the first one's own bookkeeping may have left.
    for _ in 0..3 {
        let done = tenants::purge(&app, &asked.id, &|| false)?;
        (rows, files) = (rows + done.rows, files + done.files);
        if done.complete {
            println!("Nothing is left of tenant {}: {rows} rows and {files} files were removed.", asked.id);
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(format!("something of tenant {} is still there after three runs; run it again", asked.id).into())
}
