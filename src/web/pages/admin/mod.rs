//! Pages for administrators.

use super::vaults;
use crate::{
    domain::Ctx,
    types::{ErrorKind, Result},
    web::{PageReply, PageRequest},
};

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => Ok(PageReply::found("/admin/vaults")),
        (_, ["vaults", rest @ ..]) => vaults::route(ctx, request, vaults::Area::Administration, rest),
        _ => Err(ErrorKind::NotFound.into()),
    }
}
