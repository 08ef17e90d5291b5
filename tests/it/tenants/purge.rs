//! What deleting a tenant takes along, and what another tenant sees of it (spec/governance.md 8.3, 16 B).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{admin_of, pair_of, text};
use crate::yard::{COMPANY, Client, Yard};

/// Stores a file through the file server; answers the address.
fn upload(yard: &Yard, token: &str, path: &str, content: &str) -> String {
    let part = reqwest::blocking::multipart::Part::text(content.to_owned()).file_name("file");
    let form = reqwest::blocking::multipart::Form::new().part(path.to_owned(), part);
    let client = yard.nobody();
    let request = client.http().post(format!("{}/", yard.files())).bearer_auth(token).multipart(form);
    let answer = request.send().unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().unwrap());
    format!("{}/{path}", yard.files())
}

fn fetch(yard: &Yard, token: &str, url: &str) -> (u16, String) {
    let client = yard.nobody();
    let answer = client.http().get(url).bearer_auth(token).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// Tables of the server's database that hold rows of a tenant.
fn remains(yard: &Yard, tenant: &str) -> Vec<String> {
    let database = rusqlite::Connection::open_with_flags(
        yard.data().join("roundhouse.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
               WHERE t.schema = 'main' AND t.type = 'table' AND c.name IN ('company', 'tenant')";
    let mut tables = database.prepare(sql).unwrap();
    let tables: Vec<(String, String)> =
        tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    // Chains end by their own retention, not by a purge.
    let kept = ["company", "security_event", "task_trail", "task_trail_object"];
    tables
        .into_iter()
        .filter(|(table, _)| !kept.contains(&table.as_str()))
        .filter(|(table, column)| {
            let sql = format!("SELECT count(*) FROM \"{table}\" WHERE \"{column}\" = ?1");
            database.query_row(&sql, [tenant], |row| row.get::<_, i64>(0)).unwrap() > 0
        })
        .map(|(table, _)| table)
        .collect()
}

fn wait_until_gone(yard: &Yard, tenant: &str) {
    let begun = Instant::now();
    loop {
        let left = remains(yard, tenant);
        if left.is_empty() && !yard.data().join("files/tenants").join(tenant).exists() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "still there: {left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Rows that reach a tenant only through others.
fn orphans(yard: &Yard) -> i64 {
    let database = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
    let sql = "SELECT (SELECT count(*) FROM log WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM log_block WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM event_batch WHERE owner NOT IN (SELECT seq FROM event_owner))
                    + (SELECT count(*) FROM scalar WHERE series NOT IN (SELECT id FROM series))";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// B19, B20 over the wire, files included: another tenant's things do not exist.
#[test]
fn cases_b19_b20_another_tenants_things_do_not_exist() {
    let yard = Yard::start();
    let system = yard.system();
    let tenant = |name: &str| text(&system.ok("system.create_company", json!({"name": name}))["id"]);
    let (c1, c2) = (tenant("Acme Labs"), tenant("Beta Works"));
    let (ann, bea) = (admin_of(&yard, &c1), admin_of(&yard, &c2));
    let task = text(&ann.ok("tasks.create", json!({"name": "secret run", "type": "training"}))["id"]);
    let token = ann.token();
    let url = upload(&yard, &token, &format!("acme/run.{task}/a.txt"), "content");
    let nothing = "f".repeat(32);
    for call in ["tasks.get_by_id", "tasks.delete", "tasks.enqueue", "events.get_task_log", "tasks.started"] {
        let answer = |id: &str| {
            let answer = bea.call(call, json!({"task": id}));
            let meta = answer.meta["result_msg"].as_str().unwrap().replace(id, "ID");
            (answer.status, answer.code, answer.subcode, meta, answer.data)
        };
        assert_eq!(answer(&task), answer(&nothing), "{call}");
        assert_eq!(answer(&task).0, 400, "{call}");
    }
    assert_eq!(bea.ok("tasks.get_all", json!({"id": [task]}))["tasks"], json!([]));
    let edit = |id: &str| bea.call("tasks.edit", json!({"task": id, "name": "mine"}));
    assert_eq!((edit(&task).code, edit(&task).subcode), (edit(&nothing).code, edit(&nothing).subcode));
    let file = |token: &str, url: &str| fetch(&yard, token, url);
    assert_eq!(file(&token, &url), (200, "content".to_owned()), "the control");
    let unknown = url.replace(&task, &nothing);
    assert_eq!(file(&bea.token(), &url), file(&bea.token(), &unknown));
    assert_eq!(file(&bea.token(), &url).0, 404);
    assert_eq!(ann.ok("tasks.get_by_id", json!({"task": task}))["task"]["name"], "secret run", "the control");
}

/// B22: deleting a tenant cuts everybody in it off at once, frees its domain, and leaves nothing.
#[test]
fn case_b22_a_deleted_tenant_leaves_nothing() {
    let mut yard = Yard::start();
    let system = yard.system();
    let made = system.ok(
        "tenants.create_tenant",
        json!({"name": "Acme Labs", "domain": "acme.io", "admin_emails": ["ann@acme.io"], "max_users": 5}),
    );
    let c1 = text(&made["id"]);
    let pair = pair_of(&made);
    let ann = yard.by_pair(&pair).signed_in();
    let c2 = text(&system.ok("tenants.create_tenant", json!({"name": "Beta Works"}))["id"]);
    let bea = admin_of(&yard, &c2);
    let kept = text(&bea.ok("tasks.create", json!({"name": "kept", "type": "training"}))["id"]);
    let kept_url = upload(&yard, &bea.token(), "beta/kept.txt", "kept");

    let tenants = system.ok("tenants.get_tenants", json!({}));
    let acme =
        tenants["tenants"].as_array().unwrap().iter().find(|tenant| tenant["id"] == json!(c1)).unwrap();
    assert_eq!((&acme["admin_emails"], &acme["default_company"]), (&json!(["ann@acme.io"]), &json!(false)));

    let task = fill(&ann, &yard, 1);
    ann.ok("tasks.started", json!({"task": task}));
    ann.ok("workers.register", json!({"worker": "box:gpu0", "timeout": 600}));
    let delete = |body: Value| system.call("tenants.delete_tenant", body);
    delete(json!({"tenant": c1, "name": "acme labs"})).is(400, 16);
    delete(json!({"tenant": COMPANY, "name": "clearml", "force": true})).is(400, 16);
    delete(json!({"tenant": "0".repeat(32), "name": "Acme Labs"})).is(400, 10);
    let refused = delete(json!({"tenant": c1, "name": "Acme Labs"}));
    refused.is(400, 16);
    let counts = &refused.meta["error_data"];
    assert_eq!(
        (&counts["running"]["tasks"], &counts["running"]["connected_workers"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(counts["totals"]["tasks"], 1);
    // An administrator of the tenant is no operator.
    ann.call("tenants.delete_tenant", json!({"tenant": c1, "name": "Acme Labs", "force": true})).is(403, 20);
    ann.ok("users.get_current_user", json!({}));

    let taken = sets_domain(&system, &c2, "acme.io");
    assert_eq!(taken, (400, 801), "the control: the domain is taken");
    let gone = delete(json!({"tenant": c1, "name": "Acme Labs", "force": true}));
    assert_eq!(gone.ok()["totals"]["tasks"], 1);
    ann.call("users.get_current_user", json!({})).is(401, 30);
    yard.by_pair(&pair).call("users.get_current_user", json!({})).is(401, 22);
    assert_eq!(sets_domain(&system, &c2, "acme.io"), (200, 0));
    let listed = system.ok("tenants.get_tenants", json!({})).to_string();
    assert!(!listed.contains(&c1), "{listed}");
    system.with("x-clearml-tenant", &c1).call("users.get_current_user", json!({})).is(400, 92);
    // The name is free again.
    system.ok("system.create_company", json!({"name": "Acme Labs"}));

    wait_until_gone(&yard, &c1);
    assert_eq!(orphans(&yard), 0);
    assert_eq!(bea.ok("tasks.get_by_id", json!({"task": kept}))["task"]["name"], "kept");
    assert_eq!(fetch(&yard, &bea.token(), &kept_url), (200, "kept".to_owned()));
    let listed = system.ok("system.get_companies", json!({})).to_string();
    assert!(!listed.contains(&c1), "{listed}");

    // On a stopped server: what is in use is not purged, what is gone is gone.
    yard.stop();
    let purge = |id: &str| {
        let mut command = yard.command(&["tenant", "purge", id, "--data"]);
        let output = command.arg(yard.data()).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (done, said) = purge(&c1);
    assert!(done && said.contains("Nothing is left"), "{said}");
    let (done, said) = purge(&c2);
    assert!(!done && said.contains("delete it first"), "{said}");
    assert!(!purge("nobody").0);
}

/// How setting the domain of a tenant ends.
fn sets_domain(system: &Client, tenant: &str, domain: &str) -> (u16, u16) {
    let answer =
        system.with("x-clearml-tenant", tenant).call("login.set_domains", json!({"domains": [domain]}));
    (answer.code, answer.subcode)
}

/// Something of every kind: tasks with events, a model, a report, a queue, files. Answers a task.
fn fill(client: &Client, yard: &Yard, tasks: usize) -> String {
    let token = client.token();
    let project = text(&client.ok("projects.create", json!({"name": "Runs/Inner", "tags": ["a"]}))["id"]);
    let queue = text(&client.ok("queues.create", json!({"name": "gpu", "tags": ["b"]}))["id"]);
    let mut last = String::new();
    for number in 0..tasks {
        let new = json!({"name": format!("run {number}"), "type": "training", "project": project, "tags": ["t"],
            "hyperparams": {"Args": {"lr": {"section": "Args", "name": "lr", "value": "1"}}}});
        last = text(&client.ok("tasks.create", new)["id"]);
        let events: Vec<Value> = (0..40)
            .flat_map(|iteration| {
                let at = 1_700_000_000_000_i64 + iteration;
                [
                    json!({"type": "training_stats_scalar", "task": last, "iter": iteration, "metric": "m",
                        "variant": "v", "value": iteration, "timestamp": at}),
                    json!({"type": "log", "task": last, "msg": format!("line {iteration}"), "timestamp": at}),
                ]
            })
            .collect();
        client.request("events.add_batch").lines(&events).answer().ok();
        upload(yard, &token, &format!("runs/run.{last}/artifact-{number}.txt"), "an artifact");
    }
    client.ok("models.create", json!({"name": "net", "uri": "file:///net", "tags": ["m"]}));
    let waiting = text(
        &client.ok("tasks.create", json!({"name": "run 0", "type": "training", "project": project}))["id"],
    );
    client.ok("tasks.enqueue", json!({"task": waiting, "queue": queue}));
    client.ok("tasks.delete", json!({"task": waiting, "force": true}));
    last
}

/// SIGKILL in the middle of a purge, again and again: it goes on where it was, and takes nothing else along.
#[test]
fn a_purge_survives_kills() {
    let mut yard = Yard::start();
    let system = yard.system();
    let c1 = text(&system.ok("tenants.create_tenant", json!({"name": "Acme Labs"}))["id"]);
    let c2 = text(&system.ok("tenants.create_tenant", json!({"name": "Beta Works"}))["id"]);
    let (ann, bea) = (admin_of(&yard, &c1), admin_of(&yard, &c2));
    fill(&ann, &yard, 60);
    fill(&bea, &yard, 3);
    let count = |yard: &Yard, tenant: &str| {
        let database = rusqlite::Connection::open(yard.data().join("roundhouse.db")).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        let sql = "SELECT (SELECT count(*) FROM task WHERE company = ?1) + (SELECT count(*) FROM event_owner WHERE company = ?1)
                   + (SELECT count(*) FROM file WHERE tenant = ?1)";
        database.query_row(sql, [tenant], |row| row.get::<_, i64>(0)).unwrap()
    };
    let kept = count(&yard, &c2);
    let all = count(&yard, &c1);
    assert!(all > 150 && kept > 5, "{all} {kept}");
    system.ok("tenants.delete_tenant", json!({"tenant": c1, "name": "Acme Labs", "force": true}));
    let mut cut_short = 0;
    for _ in 0..5 {
        let before = count(&yard, &c1);
        let begun = Instant::now();
        // As soon as something of it is gone, so is the server.
        while count(&yard, &c1) == before && before > 0 && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(1));
        }
        yard.kill();
        cut_short += i32::from(!remains(&yard, &c1).is_empty());
        yard.start_again();
    }
    assert!(cut_short > 0, "no kill met a purge under way");
    println!("{cut_short} of 5 kills met a purge under way");
    wait_until_gone(&yard, &c1);
    assert_eq!((orphans(&yard), count(&yard, &c2)), (0, kept));
    assert_eq!(
        yard.nobody().bearer(&bea.token()).ok("tasks.get_all", json!({}))["tasks"].as_array().unwrap().len(),
        3
    );
    yard.stop();
    let doctor = yard.command(&["doctor", "--data"]).arg(yard.data()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}
