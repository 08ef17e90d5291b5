//! Managing people, groups and service accounts: the calls of `auth.*`, `users.*` and `permissions.*` that are for
//! administrators (spec/governance.md 2, 4 and 5).

mod groups;
mod people;
mod service;
#[cfg(test)]
mod tests;

use super::endpoint::{Endpoint, Input};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("auth.add_user", Input::Typed, people::add_user).requires(&["name", "email"]),
    Endpoint::new("auth.create_service_user", Input::Typed, service::create).requires(&["name"]),
    Endpoint::new("auth.delete_user", Input::Typed, people::delete_user).requires(&["user"]),
    Endpoint::new("auth.locate_credentials", Input::Typed, service::locate_credentials)
        .requires(&["access_key"]),
    Endpoint::new("auth.set_credentials", Input::Typed, people::set_credentials).requires(&["user"]),
    Endpoint::new("permissions.add_or_update_user_group", Input::Typed, groups::write),
    Endpoint::new("permissions.delete_user_groups", Input::Typed, groups::delete).requires(&["groups"]),
    Endpoint::new("permissions.get_company_users", Input::Typed, groups::company_users),
    Endpoint::new("permissions.get_user_groups", Input::Typed, groups::list),
    Endpoint::new("users.get_role_options", Input::Typed, people::role_options),
    Endpoint::new("users.get_service_users", Input::Typed, service::list),
    Endpoint::new("users.readmit", Input::Typed, people::readmit).requires(&["user"]),
    Endpoint::new("users.set_admin", Input::Typed, people::set_admin).requires(&["user"]),
    Endpoint::new("users.set_disabled", Input::Typed, people::set_disabled).requires(&["user", "disabled"]),
    Endpoint::new("users.set_role", Input::Typed, people::set_role).requires(&["user", "role"]),
    // A null lifts a limit, so it must survive.
    Endpoint::new("users.update_service_user", Input::Raw, service::update).requires(&["user"]),
];
