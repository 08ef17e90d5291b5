//! Pages for requests that end in an error.

use askama::Template;

use super::kit;
use super::shell::Shell;

/// Any error page.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html", blocks = ["main"])]
pub struct ErrorPage {
    /// Frame; without a person before sign-in.
    pub shell: Shell,
    /// HTTP status, for the title.
    pub status: u16,
    /// What happened.
    pub title: String,
    /// What it means and what to do.
    pub text: String,
    /// Id of the call, for whoever asks an administrator.
    pub call: String,
    /// Whether trying again may help.
    pub retry: bool,
}

impl ErrorPage {
    /// 404: the same page for what does not exist and for what the person may not see, so that ids cannot be probed.
    pub fn not_found(shell: Shell, call: impl Into<String>) -> Self {
        Self {
            shell,
            status: 404,
            title: "Not found, or not yours to see".into(),
            text: "There is nothing at this address that you may read. If a colleague sent you the link, ask an \
                   administrator for read access and quote the id below."
                .into(),
            call: call.into(),
            retry: false,
        }
    }

    /// 403: a part of the product that is off for the person.
    pub fn feature_off(shell: Shell, feature: &str, call: impl Into<String>) -> Self {
        Self {
            shell,
            status: 403,
            title: format!("{feature} are turned off for you"),
            text: "An administrator decides which parts of the server a group uses. Ask one if you need this page.".into(),
            call: call.into(),
            retry: false,
        }
    }

    /// 5xx: ours, not the person's.
    pub fn failed(shell: Shell, status: u16, call: impl Into<String>) -> Self {
        Self {
            shell,
            status,
            title: "The server could not answer".into(),
            text:
                "Nothing was changed by this page. Try again; if it happens twice, give the id below to an \
                   administrator, who finds the cause in the server's log under the same id."
                    .into(),
            call: call.into(),
            retry: true,
        }
    }
}
