//! `roundhouse secrets`: the keys of a data directory, on a stopped server.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Outcome, options::Place};
use crate::{crypto::secrets_file::Secrets, domain::vaults, server::start};

#[derive(Args)]
pub(super) struct SecretsCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a new key for sealed values (vaults, storage credentials), seal everything anew and retire the old keys.
    /// Can be interrupted and repeated
    Rotate(Place),
}

impl SecretsCommand {
    pub(super) fn run(self) -> Outcome {
        let Action::Rotate(place) = self.action;
        let options = place.options();
        let mut house = start::open_existing(&options)?;
        let mut secrets = Secrets::load(&options.data)?;
        let configured = house.app.settings.secure.vaults.encryption_key.is_some();
        // More than one key means that an earlier rotation did not come to its end: it goes on with the key it made.
        let resumed = secrets.sealing_keys.ids().count() > 1;
        if !configured && !resumed {
            secrets.sealing_keys.add();
            // Durable before anything is sealed with it.
            secrets.save(&house.lock)?;
        }
        house.app.keys.sealing = start::sealing_keys(&house.app.settings, &secrets);
        let rotation = vaults::rotate(&house.app)?;
        let former: Vec<String> = secrets.sealing_keys.ids().skip(1).map(str::to_owned).collect();
        let mut retired = 0;
        for id in former.iter().filter(|id| !rotation.needed.contains(id)) {
            secrets.sealing_keys.retire(id)?;
            retired += 1;
        }
        if retired > 0 {
            secrets.save(&house.lock)?;
        }
        if resumed {
            println!("An earlier rotation had been interrupted; it is complete now.");
        }
        println!("{} values sealed anew, {retired} old keys retired.", rotation.resealed);
        if configured {
            println!(
                "The key is that of secure.vaults.encryption_key; remove previous_keys once nothing needs them."
            );
        }
        if rotation.unreadable == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        println!(
            "{} values can't be opened with any key and stay as they are; `roundhouse serve` logs which, when they are used. \
             Put the missing key into secure.vaults.previous_keys, or delete what they belong to.",
            rotation.unreadable
        );
        Ok(ExitCode::FAILURE)
    }
}
