//! The pages: routing, and one module per area that fills view models.

mod admin;
mod bulk;
mod document;
mod home;
mod me;
mod moved;
pub(super) mod notice;
mod projects;
mod queues;
mod sign_in;
mod task;
mod tasks;
mod vaults;
mod workers;

use super::{
    PageReply, PageRequest, session,
    view::{Shell, error::ErrorPage},
};
use crate::{
    domain::{App, Caller, Ctx, operations},
    types::{ApiError, ErrorKind, Result},
};

/// Stands for the session cookie, whatever its name is under this transport.
pub(super) const SESSION: &str = "session";

/// Answers a page request. Blocking.
pub(super) fn answer(app: &App, request: &PageRequest, fingerprint: &str) -> PageReply {
    let caller = session::caller(app, request);
    let known = caller.is_some();
    let ctx = Ctx::new(app, caller.unwrap_or_else(Caller::anonymous), request.call.clone());
    let result = match known {
        true => signed_in(&ctx, request),
        false => sign_in::visitor(&ctx, request, fingerprint),
    };
    match result {
        Ok(reply) => notice::spent(request, reply),
        Err(error) => error_page(&ctx, request, &error),
    }
}

fn signed_in(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    if !request.is_get {
        let bound = ctx.caller.session.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        session::check_form(ctx.app, request, &bound)?;
        let once = request.field("once");
        if !once.is_empty() {
            ctx.only_once(once.chars().take(64).collect());
        }
    }
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.is_get, segments.as_slice()) {
        (true, []) => home::home(ctx, request),
        (true, ["login"]) => Ok(PageReply::found("/")),
        (false, ["login"]) => sign_in::visitor(ctx, request, ""),
        (false, ["logout"]) => sign_in::sign_out(ctx),
        (_, ["admin", rest @ ..]) => admin::route(ctx, request, rest),
        (_, ["me", "vaults", rest @ ..]) => vaults::route(ctx, request, vaults::Area::Own, rest),
        (_, ["me", rest @ ..]) => me::route(ctx, request, rest),
        (true, ["projects"]) => projects::list(ctx, request),
        (true, ["projects", id]) => projects::overview(ctx, request, id),
        (true, ["projects", id, "tasks"]) => tasks::table(ctx, request, id),
        (_, ["projects", id, "tasks", deed]) => bulk::route(ctx, request, id, deed),
        (_, ["queues", rest @ ..]) => queues::route(ctx, request, rest),
        (true, ["workers", key]) => workers::page(ctx, request, key),
        (_, ["tasks", id, rest @ ..]) => task::route(ctx, request, id, rest),
        (true, other) => {
            moved::redirect(other).map(PageReply::found).ok_or_else(|| ErrorKind::NotFound.into())
        }
        _ => Err(ErrorKind::NotFound.into()),
    }
}

/// Runs a use-case through the table of operations, as the API does.
fn perform<T>(ctx: &Ctx<'_>, operation: &str, run: impl FnOnce(&Ctx<'_>) -> Result<T>) -> Result<T> {
    let operation = operations::find(operation).ok_or_else(|| {
        tracing::error!(operation, "a page performs an operation that does not exist");
        ApiError::from(ErrorKind::InternalError)
    })?;
    operations::perform(operation, ctx, run)
}

fn shell(ctx: &Ctx<'_>, request: &PageRequest, current: &'static str) -> Shell {
    session::shell(ctx, request, current)
}

/// Absent and forbidden look the same, so that ids can't be probed.
fn error_page(ctx: &Ctx<'_>, request: &PageRequest, error: &ApiError) -> PageReply {
    let shell = shell(ctx, request, "");
    let call = ctx.call.id.clone();
    let kind = error.kind();
    let page = match kind {
        ErrorKind::FeatureNotEnabled => ErrorPage::feature_off(shell, "Some features", call),
        ErrorKind::InvalidTaskId
        | ErrorKind::InvalidProjectId
        | ErrorKind::InvalidModelId
        | ErrorKind::InvalidQueueId
        | ErrorKind::InvalidUserId
        | ErrorKind::InvalidId => ErrorPage::not_found(shell, call),
        _ if kind.code() == 404 => ErrorPage::not_found(shell, call),
        _ if kind.code() >= 500 => ErrorPage::failed(shell, kind.code(), call),
        _ => ErrorPage {
            shell,
            status: kind.code(),
            title: kind.sentence().to_owned(),
            text: error.detail().to_owned(),
            call,
            retry: kind == ErrorKind::OriginNotAllowed,
        },
    };
    PageReply::with_status(page.status, &page).unwrap_or_else(|_| PageReply {
        status: 500,
        content_type: "text/plain; charset=utf-8",
        body: "The server could not answer. Try again.\n".to_owned(),
        stream: None,
        headers: Vec::new(),
        cookies: Vec::new(),
    })
}

/// Renders a page whole or as its main element.
macro_rules! page {
    ($request:expr, $page:expr) => {{
        let page = $page;
        $crate::web::PageReply::page($request, &page, &page.as_main())
    }};
}
use page;
