//! Two tenants of the same making in one database, as often as wanted.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    api::front_door::{FrontDoor, Visitor, open_doors},
    domain::Role,
    store::{
        Scope,
        identity::{ADMINS, NewAccount, NewCredential, USERS},
    },
    types::{CompanyId, UserId, new_id},
};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Acme,
    Beta,
}

impl Side {
    fn company(self) -> &'static str {
        match self {
            Side::Acme => "acme",
            Side::Beta => "beta",
        }
    }
}

/// Ids by the names that cases use.
pub(super) type Ids = BTreeMap<String, String>;

/// The databases that every call begins with.
pub(super) struct World {
    acme: Ids,
    beta: Ids,
    directory: tempfile::TempDir,
    /// What Acme has: a line per row, by table.
    content: BTreeMap<String, Vec<String>>,
}

/// A database of one's own.
pub(super) struct Opened {
    front: FrontDoor,
    acme: String,
    beta: String,
}

impl Opened {
    pub(super) fn visitor(&self, side: Side) -> Visitor<'_> {
        let user = if side == Side::Acme { &self.acme } else { &self.beta };
        self.front.visitor(side.company(), user).role(Role::Admin)
    }
}

impl World {
    pub(super) fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let front = FrontDoor::with(open_doors());
        for group in [USERS, ADMINS] {
            front.group(group);
        }
        front.sql("DELETE FROM user", []);
        front.tenant("beta");
        let beta = furnish(&front, Side::Beta);
        front.save(&directory.path().join("alone.db"));
        let acme = furnish(&front, Side::Acme);
        front.save(&directory.path().join("both.db"));
        let content = content(&front);
        assert!(content.len() > 15, "{:?}", content.keys());
        World { acme, beta, directory, content }
    }

    pub(super) fn ids(&self, side: Side) -> &Ids {
        if side == Side::Acme { &self.acme } else { &self.beta }
    }

    fn at(&self, name: &str) -> Opened {
        let path: PathBuf = self.directory.path().join(name);
        let (acme, beta) = (self.acme["user"].clone(), self.beta["user"].clone());
        Opened { front: FrontDoor::copy_of(&path), acme, beta }
    }

    /// Both tenants.
    pub(super) fn open(&self) -> Opened {
        self.at("both.db")
    }

    /// Only Beta has anything.
    pub(super) fn open_alone(&self) -> Opened {
        self.at("alone.db")
    }

    /// Tables in which Acme's rows are not what they were.
    pub(super) fn difference(&self, opened: &Opened) -> Vec<String> {
        let now = content(&opened.front);
        let tables = self.content.keys().chain(now.keys());
        let mut changed: Vec<String> =
            tables.filter(|table| self.content.get(*table) != now.get(*table)).cloned().collect();
        changed.dedup();
        changed
    }
}

/// Every row of Acme, by table.
fn content(front: &FrontDoor) -> BTreeMap<String, Vec<String>> {
    front
        .app
        .store
        .read(&Scope::server(), |snapshot| {
            let mut content = BTreeMap::new();
            for table in snapshot.tenant_tables()? {
                if table.name == "security_event" {
                    continue;
                }
                let sql = format!("SELECT * FROM \"{}\" WHERE \"{}\" = 'acme'", table.name, table.column);
                let mut rows: Vec<String> = snapshot.all(&sql, [], |row| {
                    let columns = row.as_ref().column_count();
                    let cells: Result<Vec<String>, _> =
                        (0..columns).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}"))).collect();
                    Ok(cells?.join("|"))
                })?;
                rows.sort();
                if !rows.is_empty() {
                    content.insert(table.name, rows);
                }
            }
            Ok(content)
        })
        .unwrap()
}

/// Something of every kind; answers the ids.
fn furnish(front: &FrontDoor, side: Side) -> Ids {
    let company = side.company();
    let mut ids = Ids::new();
    let mut keep = |name: &str, id: String| {
        ids.insert(name.to_owned(), id.clone());
        id
    };
    keep("company", company.to_owned());
    let admin = keep("user", new_id());
    let colleague = keep("colleague", new_id());
    for (id, role) in [(&admin, "admin"), (&colleague, "user")] {
        front.person(company, id, &format!("{company} {role}"));
        front.account(&NewAccount {
            id: UserId::from(id.as_str()),
            company: CompanyId::from(company),
            name: format!("{company} {role}"),
            email: Some(format!("{role}@{company}.example")),
            role: role.to_owned(),
            internal: false,
            autocreated: false,
            is_service: false,
            operator: false,
            created_by: None,
        });
    }
    let key = keep("key", new_id()[..30].to_uppercase());
    front
        .app
        .store
        .write(&Scope::server(), crate::store::Lane::Documents, |tx| {
            tx.insert_credential(&NewCredential {
                access_key: &key,
                user: &UserId::from(admin.as_str()),
                company: &CompanyId::from(company),
                secret_hash: [7; 32],
                key_id: "k",
                label: Some("a key"),
                from_config: false,
                created_by: None,
                expire: None,
            })
        })
        .unwrap();

    let visitor = front.visitor(company, &admin).role(Role::Admin);
    let id = |data: Value| data["id"].as_str().unwrap().to_owned();
    let project =
        keep("project", id(visitor.ok("projects.create", json!({"name": "Runs", "tags": [company]}))));
    let inner = keep("inner", id(visitor.ok("projects.create", json!({"name": "Runs/Inner"}))));
    keep("empty", id(visitor.ok("projects.create", json!({"name": "Empty"}))));
    keep("queue", id(visitor.ok("queues.create", json!({"name": "gpu", "tags": [company]}))));
    keep(
        "other_queue",
        id(visitor.ok(
            "queues.create",
            json!({"name": "cpu", "system_tags": ["default"],
        "metadata": {"a": {"key": "a", "type": "str", "value": "b"}}}),
        )),
    );
    let queue = ids_of(&ids, "queue");
    let mut keep = |name: &str, id: String| {
        ids.insert(name.to_owned(), id.clone());
        id
    };
    let task = |more: Value| {
        let mut body = json!({"name": format!("run of {company}"), "type": "training", "project": inner, "tags": [company],
            "script": {"repository": "r", "entry_point": "e.py"},
            "hyperparams": {"Args": {"lr": {"section": "Args", "name": "lr", "value": company}}},
            "configuration": {"General": {"name": "General", "value": company}}});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        id(visitor.ok("tasks.create", body))
    };
    let parent = keep("task", task(json!({})));
    keep("second", task(json!({})));
    let first = keep("queued", task(json!({})));
    let last = keep("queued_too", task(json!({"parent": parent})));
    for task in [&first, &last] {
        visitor.ok("tasks.enqueue", json!({"task": task, "queue": queue}));
    }
    let running = keep("running", task(json!({})));
    visitor.ok("tasks.started", json!({"task": running}));
    let at = 1_700_000_000_000_i64;
    for event in [
        json!({"type": "training_stats_scalar", "metric": "loss", "variant": company, "iter": 1, "value": 0.5}),
        json!({"type": "training_stats_scalar", "metric": "loss", "variant": company, "value": 0.5}),
        json!({"type": "training_stats_vector", "metric": "vector", "variant": "v", "iter": 1, "values": [1, 2]}),
        json!({"type": "plot", "metric": "plot", "variant": "v", "iter": 1, "plot_str": "{\"data\": []}"}),
        json!({"type": "training_debug_image", "metric": "image", "variant": "v", "iter": 1, "url": "http://x/a.png"}),
        json!({"type": "log", "msg": format!("line of {company}")}),
    ] {
        let mut event = event;
        event["task"] = running.as_str().into();
        event["timestamp"] = at.into();
        visitor.ok("events.add", event);
    }
    let done = keep("completed", task(json!({})));
    visitor.ok("tasks.started", json!({"task": done}));
    let archived = keep("archived", task(json!({})));
    visitor.ok("tasks.archive", json!({"tasks": [archived]}));
    let model = |more: Value| {
        let mut body = json!({"name": format!("net of {company}"), "uri": format!("file:///{company}"), "tags": [company],
            "framework": company, "project": inner, "ready": false, "metadata": {"a": {"key": "a", "type": "str", "value": company}}});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        id(visitor.ok("models.create", body))
    };
    let plain = keep("model", model(json!({})));
    visitor.ok(
        "tasks.add_or_update_model",
        json!({"task": running, "name": "in", "type": "input", "model": plain}),
    );
    let made = keep("made", model(json!({"task": done})));
    visitor.ok(
        "tasks.add_or_update_model",
        json!({"task": done, "name": "out", "type": "output", "model": made}),
    );
    visitor.ok("tasks.completed", json!({"task": done}));
    let report =
        id(visitor.ok("reports.create", json!({"name": "a report", "project": project, "tags": [company]})));
    keep("report", report);
    let filed = id(visitor.ok("reports.create", json!({"name": "filed", "project": project})));
    visitor.ok("reports.archive", json!({"task": filed}));
    keep("filed", filed);
    let pipeline = keep(
        "pipeline",
        id(visitor.ok(
            "projects.create",
            json!({"name": ".pipelines/pipe", "system_tags": ["hidden", "pipeline"]}),
        )),
    );
    for name in ["run", "last_run"] {
        let run = id(visitor.ok(
            "tasks.create",
            json!({"name": "pipe", "type": "controller", "project": pipeline, "system_tags": ["pipeline"]}),
        ));
        visitor.ok("tasks.started", json!({"task": run}));
        visitor.ok("tasks.completed", json!({"task": run}));
        keep(name, run);
    }
    let worker = keep("worker", new_id());
    visitor.ok(
        "workers.register",
        json!({"worker": worker, "queues": [queue], "timeout": 600, "tags": [company]}),
    );
    visitor.ok(
        "workers.status_report",
        json!({"worker": worker, "timestamp": 1_900_000_000_000_i64, "task": running, "machine_stats": {"cpu_usage": [50]}}),
    );
    let (container, url) = (keep("container", new_id()), keep("url", format!("http://{}/net", new_id())));
    let serving = json!({"container_id": container, "endpoint_name": "net", "model_name": company, "endpoint_url": url});
    visitor.ok("serving.register_container", serving.clone());
    visitor.ok("serving.container_status_report", serving);
    visitor.ok("login.set_domains", json!({"domains": [format!("{company}.example")]}));
    let email = keep("email", format!("{}@mail.example", new_id()));
    visitor.ok("login.add_whitelist_entries", json!({"emails": [email]}));
    ids
}

fn ids_of(ids: &Ids, name: &str) -> String {
    ids[name].clone()
}
