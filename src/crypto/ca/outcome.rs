//! What can be wrong with the local authority, in sentences.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use super::super::certificate::CertificateError;
use super::super::files::FileError;
use super::super::names::HostName;

/// The command that replaces the authority, as the sentences name it.
pub const REPLACE_COMMAND: &str = "roundhouse secrets rotate --authority";

/// What went wrong with the local authority.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file could not be read or written, or a key is readable by others.
    #[error(transparent)]
    File(#[from] FileError),
    /// The authority's file is not usable.
    #[error(
        "The local authority in {} cannot be used: {source}. Put the file back from a backup made with --with-keys, or \
         make a new authority with `{REPLACE_COMMAND}`; every client must trust the new one then.",
        path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// Certificate without key: clients trust an authority that can no longer sign.
    #[error(
        "{} is missing although this server already has an authority that clients may trust. Put the file back from a \
         backup made with --with-keys, or make a new authority with `{REPLACE_COMMAND}`; every client must trust the \
         new one then.",
        .0.display()
    )]
    KeyMissing(PathBuf),
    /// The authority's time is over.
    #[error(
        "The local authority expired at {0}, so no certificate of it is accepted any more. Make a new one with \
         `{REPLACE_COMMAND}`; every client must trust the new one then."
    )]
    Expired(Timestamp),
    /// A certificate could not be made, or clients would not accept it.
    #[error(
        "The server's certificate could not be issued ({0}). This is a defect in Roundhouse: please report it."
    )]
    Issue(String),
}

impl From<rcgen::Error> for CaError {
    fn from(error: rcgen::Error) -> Self {
        Self::Issue(error.to_string())
    }
}

/// Whether the authority still fits. `Display` gives the sentence for the log and for `roundhouse doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It covers all names and has years to go.
    Keep,
    /// The server has names that the authority may not vouch for; clients that use them refuse the connection.
    ReplaceForNames(Vec<HostName>),
    /// It ends soon, or has ended; certificates end with it.
    ReplaceBeforeEnd(Timestamp),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("The local authority covers every name of this server."),
            Self::ReplaceForNames(names) => {
                let names: Vec<String> = names.iter().map(HostName::to_string).collect();
                write!(
                    f,
                    "The local authority may not vouch for {}: these names were added after it was made. Clients that \
                     use them refuse the connection. Make a new authority with `{REPLACE_COMMAND}` (every client must \
                     trust the new one then), or go on using the former names.",
                    names.join(", ")
                )
            }
            Self::ReplaceBeforeEnd(end) => write!(
                f,
                "The local authority ends at {end}, and every certificate with it. Make a new one with \
                 `{REPLACE_COMMAND}` before that; every client must trust the new one then."
            ),
        }
    }
}
