//! `roundhouse user`: local accounts, on a stopped server. The operator's way back in.

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use clap::{Args, Subcommand};

use super::{Outcome, options::Place};
use crate::{
    crypto::{Secret, random},
    domain::identity,
    server::start,
    store::Scope,
    types::CompanyId,
};

#[derive(Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the accounts of the default tenant
    List(Place),
    /// Make a local account with a random password, printed once
    Create(New),
    /// Set the password of a local account: typed on standard input, or random and printed once
    SetPassword(Named),
}

#[derive(Args)]
struct New {
    /// Make the account an administrator
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    named: Named,
}

#[derive(Args)]
struct Named {
    /// Login name
    login: String,
    /// Read the password from standard input instead of making one
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    place: Place,
}

impl User {
    pub(super) fn run(self) -> Outcome {
        match self.action {
            Action::List(place) => list(&place),
            Action::Create(new) => set(&new.named, Some(new.admin)),
            Action::SetPassword(named) => set(&named, None),
        }
    }
}

fn list(place: &Place) -> Outcome {
    let options = place.options();
    let house = start::open_existing(&options)?;
    let app = &house.app;
    let company = CompanyId::from(app.settings.apiserver.default_company.clone());
    let rows = app.store.read(&Scope::server(), |snapshot| {
        let mut rows = Vec::new();
        for account in snapshot.accounts(&company)? {
            rows.push((
                account.id.to_string(),
                account.role,
                snapshot.logins(&account.id)?.join(","),
                account.name,
            ));
        }
        Ok(rows)
    })?;
    println!("{:34}{:12}{:20}NAME", "ID", "ROLE", "LOGIN");
    for (id, role, login, name) in rows {
        println!("{id:34}{role:12}{login:20}{name}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Sets the password of an account; `new` makes one, which is an administrator if it says so.
fn set(named: &Named, new: Option<bool>) -> Outcome {
    let options = named.place.options();
    let house = start::open_existing(&options)?;
    let app = &house.app;
    let exists =
        app.store.read(&Scope::server(), |snapshot| snapshot.local_password(&named.login))?.is_some();
    if new.is_some() && exists {
        return Err(format!("{} exists; use `roundhouse user set-password`", named.login).into());
    }
    if new.is_none() && !exists {
        return Err(format!("there is no local account {}; use `roundhouse user create`", named.login).into());
    }
    let password = match named.stdin {
        true => read_password()?,
        false => random::new_password(),
    };
    identity::set_password(app, &named.login, &password, new == Some(true))?;
    if named.stdin {
        println!("The password of {} is set; every open session of it has ended.", named.login);
    } else {
        println!(
            "User      {}\nPassword  {}\n\nThe password is shown this once.",
            named.login,
            password.expose()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn read_password() -> Result<Secret<String>, Box<dyn std::error::Error>> {
    if std::io::stdin().is_terminal() {
        eprint!("New password (it shows while you type): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}
