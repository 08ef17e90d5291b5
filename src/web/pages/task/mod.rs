//! One task: head, tabs, and what may be done with it.

pub(super) mod act;
mod console;
pub(super) mod deed;
mod details;
mod figures;
pub(super) mod goods;
mod head;
pub(super) mod reach;
mod scalars;
mod trail;

use self::deed::Deed;
use super::{page, perform, shell};
use crate::{
    domain::{Ctx, browse},
    types::{ErrorKind, Result},
    web::{PageReply, PageRequest},
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, id: &str, rest: &[&str]) -> Result<PageReply> {
    let task = match perform(ctx, "tasks.get_by_id_ex", |ctx| browse::task(ctx, id)) {
        // The form that deleted it was sent twice.
        Err(error) if !request.is_get && rest == ["delete"] && error.kind() == ErrorKind::InvalidTaskId => {
            return Ok(PageReply::see_other("/projects"));
        }
        found => found?,
    };
    if let [key] = rest
        && let Some(deed) = Deed::from_key(key)
    {
        return if request.is_get {
            act::ask(ctx, request, &task, deed)
        } else {
            act::act(ctx, request, &task, deed)
        };
    }
    match (request.is_get, rest) {
        (true, []) => details::overview(ctx, request, &task),
        (true, ["execution"]) => details::execution(ctx, request, &task),
        (true, ["execution", "diff"]) => Ok(details::diff(&task)),
        (true, ["configuration"]) => details::configuration(ctx, request, &task),
        (true, ["artifacts"]) => details::artifacts(ctx, request, &task),
        (true, ["console"]) => console::console(ctx, request, &task),
        (true, ["console", "download"]) => console::download(ctx, &task),
        (true, ["scalars"]) => scalars::scalars(ctx, request, &task),
        (true, ["scalars", "data"]) => scalars::data(ctx, request, &task),
        (true, ["plots"]) => figures::plots(ctx, request, &task),
        (true, ["plots", "frame"]) => figures::frame(ctx, request, &task),
        (true, ["samples"]) => figures::samples(ctx, request, &task),
        (true, ["trail"]) => trail::trail(ctx, request, &task),
        _ => Err(ErrorKind::NotFound.into()),
    }
}
