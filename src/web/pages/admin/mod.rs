//! Pages for administrators.

mod sign_in;
mod tenants;

use crate::{
    domain::Ctx,
    types::{ErrorKind, Result},
    web::{PageReply, PageRequest},
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => Ok(PageReply::found("/admin/sign-in")),
        (_, ["sign-in", rest @ ..]) => sign_in::route(ctx, request, rest),
        (_, ["tenants", rest @ ..]) => tenants::route(ctx, request, rest),
        _ => Err(ErrorKind::NotFound.into()),
    }
}
