//! `/admin/groups`: groups and their members.

use std::collections::BTreeSet;

use super::{fields, question};
use crate::{
    domain::{
        Ctx,
        identity::{self, GroupChange, UserGroup},
    },
    store::identity::USERS,
    types::{ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            notice::{done, sentence},
            page, perform, shell,
        },
        view::{
            address::encode,
            admin::{
                Tick,
                groups::{Group, GroupRow, Groups},
            },
            confirm::Confirm,
            shell::Tone,
        },
    },
};

const LIST: &str = "/admin/groups";

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => list(ctx, request),
        (true, ["new"]) => show(ctx, request, None, String::new()),
        (false, ["new"]) => save(ctx, request, None),
        (true, [id]) => show(ctx, request, Some(id), String::new()),
        (false, [id]) => save(ctx, request, Some(id)),
        (true, [id, "delete"]) => ask_to_delete(ctx, request, id),
        (false, [id, "delete"]) => delete(ctx, id),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn of(id: &str) -> String {
    format!("{LIST}/{}", encode(id))
}

fn row(found: &UserGroup) -> GroupRow {
    let group = &found.group;
    GroupRow {
        id: group.id.clone(),
        name: group.name.clone(),
        description: group.description.clone(),
        kind: match (group.system, group.from_config) {
            (true, _) => "built in",
            (_, true) => "configuration",
            _ => "",
        },
        members: found.members.len() as u64,
        features: match &group.features {
            None if group.id == USERS => "all that the tenant has".to_owned(),
            None => "none by itself".to_owned(),
            Some(list) if list.is_empty() => "none".to_owned(),
            Some(list) => list.join(", "),
        },
    }
}

fn groups(ctx: &Ctx<'_>) -> Result<Vec<UserGroup>> {
    perform(ctx, "permissions.get_user_groups", |ctx| identity::user_groups(ctx, &[]))
}

fn group(ctx: &Ctx<'_>, id: &str) -> Result<UserGroup> {
    groups(ctx)?.into_iter().find(|found| found.group.id == id).ok_or_else(|| ErrorKind::NotFound.into())
}

fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let groups = groups(ctx)?.iter().map(row).collect();
    page!(request, Groups { shell: shell(ctx, request, "/admin"), groups })
}

fn show(ctx: &Ctx<'_>, request: &PageRequest, id: Option<&str>, error: String) -> Result<PageReply> {
    let all = groups(ctx)?;
    let everybody = all.iter().find(|found| found.group.id == USERS);
    let found = match id {
        None => None,
        Some(id) => Some(all.iter().find(|found| found.group.id == id).ok_or(ErrorKind::NotFound)?),
    };
    let refused = !error.is_empty();
    let checked: BTreeSet<String> = match (refused, found) {
        (true, _) => fields(request, "user").into_iter().collect(),
        (false, Some(found)) => found.members.iter().map(|member| member.id.to_string()).collect(),
        (false, None) => BTreeSet::new(),
    };
    let people = everybody.into_iter().flat_map(|everybody| &everybody.members).map(|member| Tick {
        value: member.id.to_string(),
        label: member.name.clone(),
        note: match (&member.email, member.is_service) {
            (_, true) => "service account".to_owned(),
            (Some(email), _) => email.clone(),
            (None, _) => String::new(),
        },
        checked: checked.contains(member.id.as_str()),
    });
    let mut row = found.map(row).unwrap_or_else(|| GroupRow {
        id: String::new(),
        name: String::new(),
        description: String::new(),
        kind: "",
        members: 0,
        features: String::new(),
    });
    let own = row.kind.is_empty();
    if refused && own {
        row.name = request.field("name").to_owned();
        row.description = request.field("description").to_owned();
    }
    let page = Group {
        shell: shell(ctx, request, "/admin"),
        own,
        assignable: found.is_none_or(|found| found.group.assignable),
        people: people.collect(),
        row,
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

fn save(ctx: &Ctx<'_>, request: &PageRequest, id: Option<&str>) -> Result<PageReply> {
    let known = match id {
        Some(id) => Some(group(ctx, id)?),
        None => None,
    };
    let own = known.as_ref().is_none_or(|found| !found.group.system && !found.group.from_config);
    let assignable = known.as_ref().is_none_or(|found| found.group.assignable);
    let text = |name: &str| own.then(|| request.field(name).to_owned());
    let change = GroupChange {
        id: id.map(str::to_owned),
        name: text("name"),
        description: text("description"),
        users: assignable.then(|| fields(request, "user")),
    };
    let outcome =
        perform(ctx, "permissions.add_or_update_user_group", |ctx| identity::write_group(ctx, &change));
    match outcome {
        Err(error) if error.kind() != ErrorKind::FormRepeated && error.kind().code() < 500 => {
            show(ctx, request, id, sentence(&error))
        }
        outcome => {
            let to = outcome.as_ref().map_or_else(|_| LIST.to_owned(), |group| of(&group.id));
            done(outcome, to, |_| {
                (Tone::Ok, "Saved.".to_owned(), "It counts from the next request on.".to_owned())
            })
        }
    }
}

fn ask_to_delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let found = group(ctx, id)?;
    let members = found.members.len();
    page!(
        request,
        Confirm {
            title: format!("Delete the group {}?", found.group.name),
            text: "Its members stay; what it gave them, they lose at once.".to_owned(),
            points: vec![format!("{members} {}", if members == 1 { "member" } else { "members" })],
            submit: "Delete the group".to_owned(),
            danger: true,
            ..question(ctx, request, format!("{}/delete", of(id)), of(id))
        }
    )
}

fn delete(ctx: &Ctx<'_>, id: &str) -> Result<PageReply> {
    let ids = [id.to_owned()];
    let outcome = perform(ctx, "permissions.delete_user_groups", |ctx| identity::delete_groups(ctx, &ids));
    done(outcome, LIST.to_owned(), |_| (Tone::Ok, "The group is deleted.".to_owned(), String::new()))
}
