//! `roundhouse serve`.

use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, options::ServerArgs};
use crate::server;

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    server: ServerArgs,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let options = self.server.options();
        actix_web::rt::System::new().block_on(async move {
            let running = server::run(options).await?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            running.stop().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}
