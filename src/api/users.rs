//! `users.*`: people and their preferences (spec/protocol.md 4).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Input, Reply, Request};
use crate::{
    domain::{Ctx, identity},
    store::identity::Profile,
    types::{CompanyId, Json, Millis, Result, UserId},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("users.create", Input::Typed, create),
    Endpoint::new("users.delete", Input::Typed, delete),
    Endpoint::new("users.get_all", Input::Raw, get_all),
    Endpoint::new("users.get_all_ex", Input::Raw, get_all_ex),
    Endpoint::new("users.get_by_id", Input::Typed, get_by_id),
    Endpoint::new("users.get_current_user", Input::Typed, get_current_user),
    Endpoint::new("users.get_preferences", Input::Typed, get_preferences),
    Endpoint::new("users.set_preferences", Input::Typed, set_preferences),
    Endpoint::new("users.update", Input::Typed, update),
];

fn put(map: &mut Json, key: &str, value: Option<String>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

fn profile_fields(profile: &Profile) -> Json {
    let mut map = Map::new();
    map.insert("id".into(), profile.id.as_str().into());
    map.insert("name".into(), profile.name.as_str().into());
    put(&mut map, "given_name", profile.given_name.clone());
    put(&mut map, "family_name", profile.family_name.clone());
    put(&mut map, "avatar", profile.avatar.clone());
    map.insert("created".into(), profile.created.to_wire().into());
    put(&mut map, "created_in_version", profile.created_in_version.clone());
    map
}

#[derive(Deserialize)]
struct UserOnly {
    user: String,
}

/// `users.get_by_id`.
fn get_by_id(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UserOnly = request.decode()?;
    let profile = identity::person(ctx, &asked.user)?;
    let mut user = profile_fields(&profile);
    user.insert("company".into(), profile.company.as_str().into());
    Reply::data(&json!({"user": user}))
}

/// `users.get_all`: people of the tenant; scrolls are not offered.
fn get_all(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    Reply::data(&json!({"users": identity::people(ctx, &request.body, false)?}))
}

/// `users.get_all_ex`: with references as objects, narrowed to who made something in some projects.
fn get_all_ex(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    Reply::data(&json!({"users": identity::people(ctx, &request.body, true)?}))
}

#[derive(Deserialize)]
struct CurrentUser {
    #[serde(default)]
    get_supported_features: bool,
    #[serde(default)]
    return_inactive_companies: bool,
}

/// `users.get_current_user` (spec/protocol.md 4.1, spec/governance.md 2.2).
fn get_current_user(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CurrentUser = request.decode()?;
    let person = identity::current_user(ctx)?;
    let mut user = profile_fields(&person.profile);
    user.insert(
        "company".into(),
        json!({"id": person.profile.company.as_str(), "name": person.company_name, "tier": "paid"}),
    );
    user.insert("role".into(), ctx.caller.role.as_str().into());
    put(&mut user, "email", person.account.and_then(|account| account.email));
    let companies: Vec<Value> = person
        .companies
        .iter()
        .filter(|(_, _, active)| *active || asked.return_inactive_companies)
        .map(|(id, name, active)| json!({"id": id.as_str(), "name": name, "active": active, "tier": "paid"}))
        .collect();
    user.insert("companies".into(), companies.into());
    let groups: Vec<Value> =
        person.groups.iter().map(|group| json!({"id": group.id, "name": group.name})).collect();
    let mut data = json!({
        "user": user,
        "sec_groups": groups,
        "terms_of_use": {"accept_required": false},
        "getting_started": ctx.app.settings.apiserver.getting_started_info.0,
        "settings": {"max_download_items": ctx.app.settings.services.organization.download.max_download_items},
    });
    if let (true, Value::Object(map)) = (asked.get_supported_features, &mut data) {
        let features: Vec<&String> = ctx.caller.features.iter().collect();
        map.insert("supported_features".into(), json!(features));
    }
    Reply::data(&data)
}

/// `users.get_preferences`.
fn get_preferences(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&json!({"preferences": identity::preferences(ctx)?}))
}

#[derive(Deserialize)]
struct SetPreferences {
    preferences: Json,
    #[serde(default = "yes")]
    return_updated: bool,
}

fn yes() -> bool {
    true
}

/// `users.set_preferences` (spec/protocol.md 4.2).
fn set_preferences(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    // Nulls inside the preferences are values, so they must survive the schema check.
    let asked: SetPreferences = request.decode()?;
    let update = identity::set_preferences(ctx, &asked.preferences)?;
    let fields = match update.changed && asked.return_updated {
        true => json!({"preferences": update.preferences}),
        false => json!({}),
    };
    Reply::data(&json!({"updated": i32::from(update.changed), "fields": fields}))
}

#[derive(Deserialize)]
struct Update {
    user: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
}

/// `users.update`: names only.
fn update(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Update = request.decode()?;
    let fields = identity::rename(
        ctx,
        &asked.user,
        asked.name.as_deref(),
        asked.given_name.as_deref(),
        asked.family_name.as_deref(),
    )?;
    Reply::data(&json!({"updated": i32::from(fields.is_some()), "fields": fields.unwrap_or_default()}))
}

#[derive(Deserialize)]
struct Create {
    id: String,
    name: String,
    company: String,
    given_name: Option<String>,
    family_name: Option<String>,
    avatar: Option<String>,
}

/// `users.create`: a profile without an account.
fn create(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let new: Create = request.decode()?;
    identity::create_profile(
        ctx,
        Profile {
            id: UserId::from(new.id),
            company: CompanyId::from(new.company),
            name: new.name,
            given_name: new.given_name,
            family_name: new.family_name,
            avatar: new.avatar,
            created: Millis::now(),
            created_in_version: None,
        },
    )?;
    Ok(Reply::empty())
}

/// `users.delete`: a profile of any tenant.
fn delete(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: UserOnly = request.decode()?;
    identity::delete_profile(ctx, &asked.user)?;
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::front_door::FrontDoor, domain::Role};

    fn ids(data: &Value) -> Vec<&str> {
        data["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn people_of_the_tenant_are_listed_without_their_preferences() {
        let front = FrontDoor::open();
        front.tenant("other");
        front.person("acme", "bob", "Bob");
        front.person("other", "zoe", "Zoe");
        let ann = front.ann();
        let found = ann.ok("users.get_all", json!({"order_by": ["name"]}));
        assert_eq!(ids(&found), ["ann", "bob"]);
        assert_eq!(found["users"][0]["company"], "acme");
        assert!(found["users"][0].get("preferences").is_none());
        assert_eq!(ids(&ann.ok("users.get_all", json!({"name": "^B", "only_fields": ["id"]}))), ["bob"]);
        let scroll = ann.ok("users.get_all_ex", json!({"scroll_id": null, "size": 1}));
        assert_eq!((scroll.get("scroll_id"), &scroll["users"][0]["company"]), (None, &json!({"id": "acme"})));
        let joined =
            ann.ok("users.get_all_ex", json!({"id": ["bob", "zoe"], "only_fields": ["company.name"]}));
        assert_eq!(joined["users"], json!([{"id": "bob", "company": {"id": "acme", "name": "acme"}}]));
    }

    #[test]
    fn profiles_come_and_go_by_the_platform_only() {
        let front = FrontDoor::open();
        let root = front.ann().role(Role::Root);
        let new = json!({"id": "bob", "name": "Bob", "company": "acme", "given_name": "Robert"});
        assert_eq!(front.ann().role(Role::Admin).err("users.create", new.clone()), (403, 20));
        assert_eq!(root.ok("users.create", new.clone()), json!({}));
        let shown = front.ann().ok("users.get_by_id", json!({"user": "bob"}))["user"].clone();
        assert_eq!(
            (&shown["name"], &shown["given_name"], &shown["company"]),
            (&json!("Bob"), &json!("Robert"), &json!("acme"))
        );
        assert_eq!(root.err("users.create", new), (400, 302));
        assert_eq!(front.ann().role(Role::Admin).err("users.delete", json!({"user": "bob"})), (403, 20));
        assert_eq!(root.ok("users.delete", json!({"user": "bob"})), json!({}));
        assert_eq!(ids(&front.ann().ok("users.get_all", json!({}))), ["ann"]);
        assert_eq!(
            root.err("users.delete", json!({"user": "bob"})),
            root.err("users.get_by_id", json!({"user": "bob"}))
        );
    }

    #[test]
    fn people_are_narrowed_to_who_made_something() {
        let front = FrontDoor::open();
        for (id, name) in [("bob", "Bob"), ("cid", "Cid"), ("dot", "Dot"), ("eve", "Eve")] {
            front.person("acme", id, name);
        }
        let ann = front.ann();
        front.visitor("acme", "bob").ok("projects.create", json!({"name": "Pro/Sub"}));
        let found = ann.ok("projects.get_all", json!({"order_by": ["name"]}));
        let (pro, sub) = (found["projects"][0]["id"].clone(), found["projects"][1]["id"].clone());
        front.task("t1", json!({"project": sub, "user": "cid"}));
        front.visitor("acme", "dot").ok("models.create", json!({"name": "net", "uri": "u"}));
        let active = |projects: Value| {
            let request =
                json!({"active_in_projects": projects, "order_by": ["name"], "only_fields": ["id"]});
            ids(&ann.ok("users.get_all_ex", request)).join(" ")
        };
        assert_eq!(active(json!([pro])), "bob cid");
        assert_eq!(active(json!([])), "bob cid dot");
        assert_eq!(active(Value::Null), "ann bob cid dot eve");
        assert_eq!(active(json!(["nope"])), "");
        assert_eq!(ann.err("users.get_all_ex", json!({"active_in_projects": "x"})), (400, 12));
    }
}
