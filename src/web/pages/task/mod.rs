//! One task: head, tabs, and what may be done with it.

mod details;
mod events;
mod head;

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
        _ => Err(ErrorKind::NotFound.into()),
    }
}
