//! `roundhouse init`: what the first start does, without serving. Repeating it changes nothing.

use std::process::ExitCode;

use clap::Args;

use super::{Outcome, options::ServerArgs};
use crate::server::start;

#[derive(Args)]
pub(super) struct Init {
    #[command(flatten)]
    server: ServerArgs,
}

impl Init {
    pub(super) fn run(self) -> Outcome {
        let options = self.server.options();
        let house = start::open(&options, options.ports)?;
        start::announce(&options, &house)?;
        if house.first.is_none() {
            println!("{} is set up already; nothing was changed.", options.data.display());
        }
        house.app.store.checkpoint(true)?;
        Ok(ExitCode::SUCCESS)
    }
}
