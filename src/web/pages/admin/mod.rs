//! Pages for administrators.

mod audit;

use crate::{
    domain::Ctx,
    types::{ErrorKind, Result},
    web::{PageReply, PageRequest},
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => Ok(PageReply::found("/admin/audit")),
        (true, ["audit"]) => audit::list(ctx, request),
        (true, ["audit.jsonl"]) => audit::export(ctx, request),
        (false, ["audit", "verify"]) => audit::verify(ctx),
        _ => Err(ErrorKind::NotFound.into()),
    }
}
