//! Settings that have a variable but no key (spec/protocol.md 6.3).

use super::super::error::{Problem, WarningKind};
use super::super::hocon::{self, Origin, Place, Position};
use super::super::read::Reader;
use super::super::sources::Environment;

/// What `CLEARML_SERVER_…` and `CLEARML_COMPRESS_RESP` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVariables {
    /// `CLEARML_SERVER_VERSION`: replaces the version in `server.info`.
    pub version: Option<String>,
    /// `CLEARML_SERVER_BUILD`: the build in `server.info`.
    pub build: Option<String>,
    /// `CLEARML_SERVER_COMMIT`: the commit in `server.info`.
    pub commit: Option<String>,
    /// `CLEARML_SERVER_DEPLOYMENT_TYPE`: the deployment type in statistics.
    pub deployment_type: Option<String>,
    /// `CLEARML_COMPRESS_RESP`: answers may be compressed.
    pub compress_responses: bool,
}

impl Default for ServerVariables {
    fn default() -> Self {
        Self { version: None, build: None, commit: None, deployment_type: None, compress_responses: true }
    }
}

impl ServerVariables {
    pub(super) fn read(environment: &Environment, reader: &mut Reader) -> Self {
        let text =
            |names: [&'static str; 2]| environment.first(&names).map(|(_, value)| value.trim().to_owned());
        Self {
            version: text(["CLEARML_SERVER_VERSION", "TRAINS_SERVER_VERSION"]),
            build: text(["CLEARML_SERVER_BUILD", "TRAINS_SERVER_BUILD"]),
            commit: text(["CLEARML_SERVER_COMMIT", "TRAINS_SERVER_COMMIT"]),
            deployment_type: text(["CLEARML_SERVER_DEPLOYMENT_TYPE", "TRAINS_SERVER_DEPLOYMENT_TYPE"]),
            compress_responses: compression(environment, reader),
        }
    }
}

fn compression(environment: &Environment, reader: &mut Reader) -> bool {
    const NAME: &str = "CLEARML_COMPRESS_RESP";
    let Some((_, text)) = environment.first(&[NAME]) else { return true };
    let value = hocon::parse_value(text, &Origin::Variable(NAME.into())).ok();
    value.and_then(|value| value.as_bool()).unwrap_or_else(|| {
        let kind = WarningKind::Ignored;
        let message = "is neither true nor false and has no effect; answers are compressed".to_owned();
        reader.warnings.push(super::super::error::Warning { kind, problem: variable_problem(NAME, message) });
        true
    })
}

/// A problem with a variable as a whole.
pub(super) fn variable_problem(name: &str, message: String) -> Problem {
    let place = Place { origin: Origin::Variable(name.into()), position: Position { line: 1, column: 1 } };
    Problem { key: None, place: Some(place), message }
}
