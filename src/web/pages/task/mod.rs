//! One task: head, tabs, and what may be done with it.

mod console;
mod details;
mod figures;
mod head;
mod scalars;

use super::{page, perform, shell};
use crate::{
    domain::{Ctx, browse},
    types::{ErrorKind, Result},
    web::{PageReply, PageRequest},
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, id: &str, rest: &[&str]) -> Result<PageReply> {
    let task = perform(ctx, "tasks.get_by_id_ex", |ctx| browse::task(ctx, id))?;
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
        _ => Err(ErrorKind::NotFound.into()),
    }
}
