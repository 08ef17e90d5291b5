//! Groups and their members (spec/governance.md 4).

use std::collections::{BTreeMap, BTreeSet};

use super::roles::{administered, change_role, is_configured};
use crate::{
    domain::{Ctx, Role, vaults},
    store::{
        Snapshot, Tx,
        identity::{ADMINS, Account, GroupRecord, USERS},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, UserId, new_id},
};

/// A group with its members in the caller's tenant.
pub struct UserGroup {
    /// The group.
    pub group: GroupRecord,
    /// Its members, by age of their accounts.
    pub members: Vec<Account>,
}

/// What `permissions.add_or_update_user_group` takes.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// The group; a fresh one when absent or unknown.
    pub id: Option<String>,
    /// Name; needed for a fresh group.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// All of its members; absent: unchanged.
    pub users: Option<Vec<String>>,
}

/// Longest id and name of a group, in characters.
const LONGEST: usize = 128;

/// People and service accounts of a tenant that its administrators know about, with their roles there.
fn known_members(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    company: &CompanyId,
) -> Result<Vec<(Account, String)>> {
    let mut members = snapshot.members(company)?;
    members.retain(|(account, _)| !account.internal && !is_configured(&ctx.app.settings, account));
    Ok(members)
}

/// `permissions.get_user_groups`: the tenant's groups, or some of them by id.
pub fn user_groups(ctx: &Ctx<'_>, ids: &[String]) -> Result<Vec<UserGroup>> {
    let company = &ctx.caller.tenant;
    ctx.read(|snapshot| {
        let people = known_members(ctx, snapshot, company)?;
        let mut in_group: BTreeMap<String, BTreeSet<UserId>> = BTreeMap::new();
        for (group, user, _) in snapshot.group_members(company)? {
            in_group.entry(group).or_default().insert(user);
        }
        let groups = snapshot.groups(company)?.into_iter();
        let wanted = groups.filter(|group| ids.is_empty() || ids.contains(&group.id));
        Ok(wanted
            .map(|group| {
                let belongs = |account: &&(Account, String)| {
                    group.id == USERS
                        || in_group.get(&group.id).is_some_and(|members| members.contains(&account.0.id))
                };
                let members = people.iter().filter(belongs).map(|(account, _)| account.clone()).collect();
                UserGroup { group, members }
            })
            .collect())
    })
}

/// `permissions.get_company_users`: people who belong to the tenant, with their roles there.
pub fn company_users(ctx: &Ctx<'_>) -> Result<Vec<(Account, String)>> {
    ctx.read(|snapshot| {
        let mut members = known_members(ctx, snapshot, &ctx.caller.tenant)?;
        members.retain(|(account, _)| !account.is_service);
        Ok(members)
    })
}

/// `permissions.add_or_update_user_group`: makes a group of the tenant, or changes one.
///
/// Errors: 400/10 an id that can't be used; 400/12 name; 400/16 a built-in or configured group can't be renamed;
/// 403/20 members that only configuration or sign-in decide on; 400/801 the name is taken; 400/301 unknown people; for
/// the group `admins` as a change of the role.
pub fn write_group(ctx: &Ctx<'_>, change: &GroupChange) -> Result<GroupRecord> {
    let id =
        change.id.as_deref().map(str::trim).filter(|id| !id.is_empty()).map_or_else(new_id, str::to_owned);
    ctx.touched("group", id.as_str());
    let company = &ctx.caller.tenant;
    ctx.write(|tx| {
        let groups = tx.groups(company)?;
        let find = |groups: Vec<GroupRecord>| groups.into_iter().find(|group| group.id == id);
        let name = change.name.as_deref().map(str::trim);
        check_name(&groups, &id, name)?;
        match groups.iter().find(|group| group.id == id) {
            Some(known) => update(tx, company, known, name, change.description.as_deref())?,
            None => {
                // Ids of other tenants and hidden ones are not told apart from unusable ones.
                if tx.group_exists(&id)? || id.chars().count() > LONGEST || id.chars().any(char::is_control) {
                    return Err(ApiError::new(ErrorKind::InvalidId, "this id can't be used for a group"));
                }
                let name = name
                    .ok_or_else(|| ApiError::new(ErrorKind::ValidationError, "a new group needs a name"))?;
                tx.insert_group(&id, company, name, change.description.as_deref().unwrap_or_default())?;
            }
        }
        let group = find(tx.groups(company)?).ok_or(ErrorKind::InternalError)?;
        if let Some(users) = &change.users {
            set_members(ctx, tx, &group, users)?;
        }
        Ok(group)
    })
}

fn check_name(groups: &[GroupRecord], id: &str, name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if name.is_empty() || name.chars().count() > LONGEST {
        let text = format!("a group's name has 1 to {LONGEST} characters");
        return Err(ApiError::new(ErrorKind::ValidationError, text));
    }
    let taken = groups.iter().any(|group| group.id != id && group.name.to_lowercase() == name.to_lowercase());
    match taken {
        true => {
            Err(ApiError::new(ErrorKind::ExpectedUniqueData, "a group of this name exists")
                .with("name", name))
        }
        false => Ok(()),
    }
}

fn update(
    tx: &Tx<'_>,
    company: &CompanyId,
    known: &GroupRecord,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<()> {
    let name = name.unwrap_or(&known.name);
    let description = description.unwrap_or(&known.description);
    if (name, description) == (known.name.as_str(), known.description.as_str()) {
        return Ok(());
    }
    // Clients send back what they read; only a change of what is fixed is refused.
    if known.system || known.from_config {
        let text = "built-in groups and those of the configuration keep their name and description";
        return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("group", known.id.as_str()));
    }
    tx.update_group(&known.id, company, name, description)
}

/// Replaces the members that administrators know about; others, such as identities of the platform, stay.
fn set_members(ctx: &Ctx<'_>, tx: &Tx<'_>, group: &GroupRecord, users: &[String]) -> Result<()> {
    let company = &ctx.caller.tenant;
    let known: BTreeMap<UserId, Account> = known_members(ctx, tx, company)?
        .into_iter()
        .map(|(account, _)| (account.id.clone(), account))
        .collect();
    let wanted: BTreeSet<UserId> = users.iter().map(|user| UserId::from(user.as_str())).collect();
    let unknown: Vec<&str> =
        wanted.iter().filter(|user| !known.contains_key(*user)).map(UserId::as_str).collect();
    if !unknown.is_empty() {
        return Err(ApiError::from(ErrorKind::InvalidUserId).with("users", unknown));
    }
    let present: BTreeSet<UserId> = match group.id == USERS {
        true => known.keys().cloned().collect(),
        false => {
            let members = tx.group_members(company)?.into_iter();
            members
                .filter(|(id, user, _)| *id == group.id && known.contains_key(user))
                .map(|(_, user, _)| user)
                .collect()
        }
    };
    if wanted == present {
        return Ok(());
    }
    if !group.assignable {
        let text = "the members of this group are decided by configuration or sign-in, not here";
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, text).with("group", group.id.as_str()));
    }
    for user in wanted.difference(&present) {
        ctx.touched("user", user.as_str());
        match group.id == ADMINS {
            true => change_role(ctx, tx, &administered(ctx, tx, user.as_str())?, Role::Admin).map(drop)?,
            false => tx.join_group(&group.id, user, company, "manual")?,
        }
    }
    for user in present.difference(&wanted) {
        ctx.touched("user", user.as_str());
        match group.id == ADMINS {
            true => change_role(ctx, tx, &administered(ctx, tx, user.as_str())?, Role::User).map(drop)?,
            false => tx.leave_group(&group.id, user, company)?,
        }
    }
    Ok(())
}

/// `permissions.delete_user_groups`: removes groups of the tenant with their memberships. Returns how many there were.
///
/// Errors: 400/16 a built-in or configured group; nothing is removed then.
pub fn delete_groups(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    let company = &ctx.caller.tenant;
    ctx.write(|tx| {
        let groups = tx.groups(company)?;
        let mut deleted = 0;
        for id in ids {
            let Some(group) = groups.iter().find(|group| group.id == *id) else { continue };
            if group.system || group.from_config {
                let text = "built-in groups and those of the configuration can't be deleted here";
                return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("group", id.as_str()));
            }
            ctx.touched("group", id.as_str());
            vaults::delete_of_group(ctx, tx, id)?;
            deleted += usize::from(tx.delete_group(id, company)?);
        }
        Ok(deleted)
    })
}
