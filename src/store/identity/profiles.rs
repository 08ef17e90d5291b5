//! Profiles: what others see of a person, kept when the account goes.

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Json, Millis, Result, UserId},
};

/// A profile as stored.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Same id as the account.
    pub id: UserId,
    /// Home tenant.
    pub company: CompanyId,
    /// Display name.
    pub name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// Server version that made it.
    pub created_in_version: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        id: row.get::<_, String>(0)?.into(),
        company: row.get::<_, String>(1)?.into(),
        name: row.get(2)?,
        given_name: row.get(3)?,
        family_name: row.get(4)?,
        avatar: row.get(5)?,
        created: Millis(row.get(6)?),
        created_in_version: row.get(7)?,
    })
}

const COLUMNS: &str = "id, company, name, given_name, family_name, avatar, created, created_in_version";

impl Snapshot<'_> {
    /// A profile by id.
    pub fn profile(&self, id: &str) -> Result<Option<Profile>> {
        self.one(&format!("SELECT {COLUMNS} FROM user WHERE id = ?1"), [id], read)
    }

    /// The profile of the tenant with exactly this name; `None` also when several have it.
    pub fn profile_named(&self, company: &CompanyId, name: &str) -> Result<Option<Profile>> {
        let sql = format!("SELECT {COLUMNS} FROM user WHERE company = ?1 AND name = ?2 LIMIT 2");
        let mut found = self.all(&sql, [company.as_str(), name], read)?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// Ids of the tenant's profiles.
    pub fn profile_ids(&self, company: &CompanyId) -> Result<Vec<String>> {
        self.all("SELECT id FROM user WHERE company = ?1", [company.as_str()], |row| row.get(0))
    }

    /// The stored preferences; `None` when there is no profile.
    pub fn preferences(&self, id: &UserId) -> Result<Option<Json>> {
        let text = self.one("SELECT preferences FROM user WHERE id = ?1", [id.as_str()], |row| {
            row.get::<_, String>(0)
        })?;
        Ok(text.map(|text| serde_json::from_str(&text).unwrap_or_default()))
    }
}

impl Tx<'_> {
    /// Adds or refreshes a profile. Preferences and the creation time stay.
    pub fn upsert_profile(&self, profile: &Profile) -> Result<()> {
        self.run(
            "INSERT INTO user (id, company, name, given_name, family_name, avatar, created, created_in_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, given_name = excluded.given_name,
                 family_name = excluded.family_name",
            params![
                profile.id.as_str(),
                profile.company.as_str(),
                profile.name,
                profile.given_name,
                profile.family_name,
                profile.avatar,
                profile.created.0,
                profile.created_in_version,
            ],
        )
        .map(drop)
    }

    /// Changes names of a profile of the tenant; absent ones stay. Returns whether it exists.
    pub fn update_profile(
        &self,
        company: &CompanyId,
        id: &UserId,
        name: Option<&str>,
        given_name: Option<&str>,
        family_name: Option<&str>,
    ) -> Result<bool> {
        let sql = "UPDATE user SET name = coalesce(?3, name), given_name = coalesce(?4, given_name), \
                   family_name = coalesce(?5, family_name) WHERE id = ?1 AND company = ?2";
        Ok(self.run(sql, params![id.as_str(), company.as_str(), name, given_name, family_name])? > 0)
    }

    /// Stores the preferences.
    pub fn set_preferences(&self, id: &UserId, preferences: &Json) -> Result<()> {
        let text = serde_json::Value::Object(preferences.clone()).to_string();
        self.run("UPDATE user SET preferences = ?2 WHERE id = ?1", params![id.as_str(), text]).map(drop)
    }

    /// Removes a profile; returns whether there was one.
    pub fn delete_profile(&self, id: &str) -> Result<bool> {
        Ok(self.run("DELETE FROM user WHERE id = ?1", [id])? > 0)
    }
}
