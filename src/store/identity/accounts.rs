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
    /// Ids at identity providers, `{provider: subject}`.
    pub external_ids: Json,
    /// Groups whose submissions a service account takes, or `self`; `None`: everybody's (S8).
    pub accept_tasks_from: Option<Vec<String>>,
    /// Groups whose members a service account may run tasks as; `None`: no further limit (S5).
    pub impersonate_groups: Option<Vec<String>>,
    /// Whether the account has signed in, and how.
    pub activity: Activity,
}

/// When and how an account was last used.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// The last token obtained with an access key.
    pub credentials_login: Option<Millis>,
    /// What the last sign-in went through: `credentials`, `password`, or a provider's name.
    pub provider: Option<String>,
    /// The last sign-in through an identity provider.
    pub provider_login: Option<Millis>,
    /// The last sign-in with a browser.
    pub ui_access: Option<Millis>,
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
                       operator, providers_info, created, token_epoch, disabled, external_ids, accept_tasks_from, \
                       impersonate_groups, last_credentials_login, last_provider, last_provider_login, last_ui_access";

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    let object =
        |at| Ok::<_, rusqlite::Error>(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default());
    // A list that can't be read lets nobody in rather than everybody.
    let list = |at| {
        let text: Option<String> = row.get(at)?;
        Ok::<_, rusqlite::Error>(text.map(|text| serde_json::from_str(&text).unwrap_or_default()))
    };
    let moment = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(Millis));
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
        providers_info: object(10)?,
        created: Millis(row.get(11)?),
        token_epoch: row.get(12)?,
        disabled: row.get(13)?,
        external_ids: object(14)?,
        accept_tasks_from: list(15)?,
        impersonate_groups: list(16)?,
        activity: Activity {
            credentials_login: moment(17)?,
            provider: row.get(18)?,
            provider_login: moment(19)?,
            ui_access: moment(20)?,
        },
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

    /// Everybody who belongs to a tenant, at home there or joined, with the role there; by age. Uses
    /// `membership_by_company`.
    pub fn members(&self, company: &CompanyId) -> Result<Vec<(Account, String)>> {
        let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("a.{}", column.trim())).collect();
        let sql = format!(
            "SELECT {}, m.role FROM membership m JOIN user_auth a ON a.id = m.user WHERE m.company = ?1 \
             ORDER BY a.created, a.id",
            columns.join(", ")
        );
        self.all(&sql, [company.as_str()], |row| Ok((read(row)?, row.get(21)?)))
    }

    /// How many people a tenant has, as quotas count them: active, neither service accounts nor made by the platform.
    pub fn count_people(&self, company: &CompanyId) -> Result<i64> {
        let sql = "SELECT count(*) FROM user_auth \
                   WHERE company = ?1 AND NOT is_service AND NOT internal AND NOT disabled";
        Ok(self.one(sql, [company.as_str()], |row| row.get(0))?.unwrap_or_default())
    }

    /// The service accounts of a tenant, by age.
    pub fn service_accounts(&self, company: &CompanyId) -> Result<Vec<Account>> {
        let sql =
            format!("SELECT {COLUMNS} FROM user_auth WHERE company = ?1 AND is_service ORDER BY created, id");
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

    /// Ends every session issued so far.
    pub fn bump_epoch(&self, user: &UserId) -> Result<()> {
        self.run("UPDATE user_auth SET token_epoch = token_epoch + 1 WHERE id = ?1", [user.as_str()])
            .map(drop)
    }

    /// Shuts an account out or lets it in again. Sessions issued before stay dead.
    pub fn set_disabled(&self, user: &UserId, disabled: bool) -> Result<()> {
        let sql = "UPDATE user_auth SET disabled = ?2, token_epoch = token_epoch + 1 WHERE id = ?1";
        self.run(sql, params![user.as_str(), disabled]).map(drop)
    }

    /// Writes what a service account may do for others; its epoch is the caller's to bump.
    pub fn set_service_rules(
        &self,
        user: &UserId,
        runs_as_owner: bool,
        accept_tasks_from: Option<&[String]>,
        impersonate_groups: Option<&[String]>,
    ) -> Result<()> {
        let text = |list: Option<&[String]>| list.map(|list| serde_json::Value::from(list).to_string());
        let sql = "UPDATE user_auth SET allow_running_as_owner = ?2, accept_tasks_from = ?3, impersonate_groups = ?4 \
                   WHERE id = ?1 AND is_service";
        let (accept, groups) = (text(accept_tasks_from), text(impersonate_groups));
        self.run(sql, params![user.as_str(), runs_as_owner, accept, groups]).map(drop)
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
