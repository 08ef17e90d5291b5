//! What signs in: people, service accounts, system identities, and their local passwords.

use rusqlite::{Row, params};

use crate::{
    store::{Snapshot, Tx},
    types::{CompanyId, Json, Millis, Result, UserId},
};

/// An account as stored.
#[derive(Clone, Debug)]
pub struct Account {
    /// Same id as the profile.
    pub id: UserId,
    /// Home tenant.
    pub company: CompanyId,
    /// Name in the account record (system identities: their short name).
    pub name: String,
    /// E-mail as typed.
    pub email: Option<String>,
    /// Stored role, e.g. `user`.
    pub role: String,
    /// Made by the platform, not for a person.
    pub internal: bool,
    /// Made from configuration.
    pub autocreated: bool,
    /// A service account.
    pub is_service: bool,
    /// The service account may run tasks as their owners.
    pub allow_running_as_owner: bool,
    /// May call `system.*` and `tenants.*`.
    pub operator: bool,
    /// What identity providers said.
    pub providers_info: Json,
    /// When it was made.
    pub created: Millis,
    /// Sessions issued under a smaller epoch are dead.
    pub token_epoch: i64,
    /// May not sign in.
    pub disabled: bool,
}

/// What is needed to add an account; the profile and the memberships are added with it.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Id of account and profile.
    pub id: UserId,
    /// Home tenant.
    pub company: CompanyId,
    /// Name of the account.
    pub name: String,
    /// E-mail, unique on the server without regard to case.
    pub email: Option<String>,
    /// Role.
    pub role: String,
    /// Made by the platform.
    pub internal: bool,
    /// Made from configuration.
    pub autocreated: bool,
    /// A service account.
    pub is_service: bool,
    /// First administrator.
    pub operator: bool,
    /// Who made it.
    pub created_by: Option<UserId>,
}

/// A local account's login.
#[derive(Clone, Debug)]
pub struct LocalPassword {
    /// What the person types.
    pub login: String,
    /// Whose it is.
    pub user: UserId,
    /// argon2id in PHC form.
    pub hash: String,
}

const COLUMNS: &str = "id, company, name, email, role, internal, autocreated, is_service, allow_running_as_owner, \
                       operator, providers_info, created, token_epoch, disabled";

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    let providers_info: String = row.get(10)?;
    Ok(Account {
        id: row.get::<_, String>(0)?.into(),
        company: row.get::<_, String>(1)?.into(),
        name: row.get(2)?,
        email: row.get(3)?,
        role: row.get(4)?,
        internal: row.get(5)?,
        autocreated: row.get(6)?,
        is_service: row.get(7)?,
        allow_running_as_owner: row.get(8)?,
        operator: row.get(9)?,
        providers_info: serde_json::from_str(&providers_info).unwrap_or_default(),
        created: Millis(row.get(11)?),
        token_epoch: row.get(12)?,
        disabled: row.get(13)?,
    })
}

impl Snapshot<'_> {
    /// An account by id.
    pub fn account(&self, id: &str) -> Result<Option<Account>> {
        self.one(&format!("SELECT {COLUMNS} FROM user_auth WHERE id = ?1"), [id], read)
    }

    /// An account by e-mail, without regard to case.
    pub fn account_by_email(&self, email: &str) -> Result<Option<Account>> {
        self.one(
            &format!("SELECT {COLUMNS} FROM user_auth WHERE email_fold = ?1"),
            [email.to_lowercase()],
            read,
        )
    }

    /// All accounts of a tenant, by age.
    pub fn accounts(&self, company: &CompanyId) -> Result<Vec<Account>> {
        let sql = format!("SELECT {COLUMNS} FROM user_auth WHERE company = ?1 ORDER BY created, id");
        self.all(&sql, [company.as_str()], read)
    }

    /// Tenants that the account belongs to, with its role there.
    pub fn memberships(&self, user: &UserId) -> Result<Vec<(CompanyId, String)>> {
        let sql = "SELECT company, role FROM membership WHERE user = ?1 ORDER BY joined, company";
        self.all(sql, [user.as_str()], |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)))
    }

    /// The local account that signs in under `login` (exact case).
    pub fn local_password(&self, login: &str) -> Result<Option<LocalPassword>> {
        self.one("SELECT login, user, hash FROM local_password WHERE login = ?1", [login], |row| {
            Ok(LocalPassword { login: row.get(0)?, user: row.get::<_, String>(1)?.into(), hash: row.get(2)? })
        })
    }

    /// Logins of an account.
    pub fn logins(&self, user: &UserId) -> Result<Vec<String>> {
        self.all("SELECT login FROM local_password WHERE user = ?1 ORDER BY login", [user.as_str()], |row| {
            row.get(0)
        })
    }
}

impl Tx<'_> {
    /// Adds an account with its membership of the home tenant.
    ///
    /// Errors: `400/801` when the id or the e-mail is taken.
    pub fn insert_account(&self, new: &NewAccount) -> Result<()> {
        self.run(
            "INSERT INTO user_auth (id, company, name, email, email_fold, role, internal, autocreated, is_service,
                                    operator, created, created_by, validated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11)",
            params![
                new.id.as_str(),
                new.company.as_str(),
                new.name,
                new.email,
                new.email.as_ref().map(|email| email.to_lowercase()),
                new.role,
                new.internal,
                new.autocreated,
                new.is_service,
                new.operator,
                self.now.0,
                new.created_by.as_ref().map(UserId::as_str),
            ],
        )?;
        self.set_membership(&new.id, &new.company, &new.role)
    }

    /// Makes the account a member of the tenant, or changes its role there.
    pub fn set_membership(&self, user: &UserId, company: &CompanyId, role: &str) -> Result<()> {
        let sql = "INSERT INTO membership (user, company, role, joined) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (user, company) DO UPDATE SET role = excluded.role";
        self.run(sql, params![user.as_str(), company.as_str(), role, self.now.0]).map(drop)
    }

    /// Changes the role at home and ends every session issued before.
    pub fn set_role(&self, user: &UserId, company: &CompanyId, role: &str) -> Result<()> {
        let sql =
            "UPDATE user_auth SET role = ?2, token_epoch = token_epoch + 1 WHERE id = ?1 AND company = ?3";
        self.run(sql, params![user.as_str(), role, company.as_str()])?;
        self.set_membership(user, company, role)
    }

    /// Keeps an autocreated account in step with configuration. Sessions stay alive unless the role changes.
    pub fn refresh_autocreated(&self, user: &UserId, name: &str, email: &str, role: &str) -> Result<()> {
        let sql = "UPDATE user_auth SET token_epoch = token_epoch + (role <> ?4), name = ?2, email = ?3, \
                   email_fold = ?5, role = ?4, autocreated = 1 WHERE id = ?1";
        self.run(sql, params![user.as_str(), name, email, role, email.to_lowercase()]).map(drop)
    }

    /// Renames the account record.
    pub fn rename_account(&self, user: &UserId, name: &str) -> Result<()> {
        self.run("UPDATE user_auth SET name = ?2 WHERE id = ?1", params![user.as_str(), name]).map(drop)
    }

    /// Removes an account with everything it holds; the profile stays.
    pub fn delete_account(&self, user: &UserId) -> Result<()> {
        self.run("DELETE FROM user_auth WHERE id = ?1", [user.as_str()]).map(drop)
    }

    /// Notes a successful sign-in.
    pub fn note_login(&self, user: &UserId, provider: &str, by_credentials: bool) -> Result<()> {
        let sql = "UPDATE user_auth SET last_login = ?2, last_provider = ?3, \
                   last_credentials_login = iif(?4, ?2, last_credentials_login), \
                   last_ui_access = iif(?4, last_ui_access, ?2) WHERE id = ?1";
        self.run(sql, params![user.as_str(), self.now.0, provider, by_credentials]).map(drop)
    }

    /// Sets the password of a login, making the login if needed. Ends every session when it replaces one.
    pub fn set_local_password(
        &self,
        user: &UserId,
        company: &CompanyId,
        login: &str,
        hash: &str,
    ) -> Result<()> {
        let replaced = self.run(
            "UPDATE local_password SET hash = ?3, changed = ?4 WHERE login = ?1 AND user = ?2",
            params![login, user.as_str(), hash, self.now.0],
        )?;
        if replaced > 0 {
            return self
                .run("UPDATE user_auth SET token_epoch = token_epoch + 1 WHERE id = ?1", [user.as_str()])
                .map(drop);
        }
        let sql =
            "INSERT INTO local_password (login, user, company, hash, changed) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, params![login, user.as_str(), company.as_str(), hash, self.now.0]).map(drop)
    }
}
