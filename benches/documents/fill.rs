//! A team's database, written straight into the tables of a stopped server: projects, people, tasks with scripts,
//! parameters, last values and tags, and models.

use std::path::Path;

use md5::{Digest, Md5};
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

const PROJECTS: usize = 200;
/// Projects of one tree: a root, three children, six grandchildren.
const TREE: usize = 10;
const PARAMETERS: usize = 30;
const METRICS: usize = 20;
const PEOPLE: usize = 12;
/// Epoch milliseconds of the oldest task.
const START: i64 = 1_760_000_000_000;

/// What queries name.
pub(super) struct Names {
    /// A root project with content of its own and below it.
    pub(super) project: String,
    /// Hashes of a metric and a variant that most tasks report.
    pub(super) metric: (String, String),
    /// A person.
    pub(super) user: String,
    /// A task in the middle.
    pub(super) task: String,
}

fn hash(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn project_id(nth: usize) -> String {
    hash(&format!("project {nth}"))
}

fn user_id(nth: usize) -> String {
    hash(&format!("user {nth}"))
}

fn task_id(nth: usize) -> String {
    hash(&format!("task {nth}"))
}

/// What a filled database is asked about.
pub(super) fn names(tasks: usize) -> Names {
    Names {
        project: project_id(3 * TREE),
        metric: (hash("loss"), hash("validation")),
        user: user_id(3),
        task: task_id(tasks / 2),
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Fills a fresh database with `tasks` tasks and a fifth as many models.
pub(super) fn fill(database: &Path, tasks: usize) {
    let conn = Connection::open(database).expect("the database");
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN")
        .expect("a transaction");
    let company: String =
        conn.query_row("SELECT company FROM user LIMIT 1", [], |row| row.get(0)).expect("a tenant");
    for nth in 0..PEOPLE {
        conn.execute(
            "INSERT INTO user (id, company, name, created) VALUES (?1, ?2, ?3, 0)",
            params![user_id(nth), company, format!("Person {nth}")],
        )
        .expect("a person");
    }
    projects(&conn, &company);
    for nth in 0..METRICS {
        let (metric, variant) = metric_name(nth);
        conn.execute(
            "INSERT INTO metric_variant (id, metric, variant, metric_hash, variant_hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![nth as i64 + 1, metric, variant, hash(metric), hash(variant)],
        )
        .expect("a metric");
    }
    let mut dice = Dice(42);
    for nth in 0..tasks {
        task(&conn, &company, nth, &mut dice);
        if nth.is_multiple_of(5) {
            model(&conn, &company, nth, &mut dice);
        }
    }
    conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);").expect("a commit");
}

fn metric_name(nth: usize) -> (&'static str, &'static str) {
    const METRIC: [&str; 5] = ["loss", "accuracy", "f1", "learning rate", ":monitor:gpu"];
    const VARIANT: [&str; 4] = ["train", "validation", "test", "best"];
    (METRIC[nth / 4], VARIANT[nth % 4])
}

fn projects(conn: &Connection, company: &str) {
    for nth in 0..PROJECTS {
        let (tree, place) = (nth / TREE * TREE, nth % TREE);
        let root = format!("Team {:02}", tree / TREE);
        let (name, path) = match place {
            0 => (root, vec![]),
            1..=3 => (format!("{root}/Study {place}"), vec![project_id(tree)]),
            _ => {
                let child = (place - 4) / 2 + 1;
                let path = vec![project_id(tree), project_id(tree + child)];
                (format!("{root}/Study {child}/Run {place}"), path)
            }
        };
        let hidden = if place == 9 { json!(["hidden"]) } else { json!([]) };
        conn.execute(
            "INSERT INTO project (id, company, user, name, basename, description, created, last_update, parent, path,
                                  tags, system_tags)
             VALUES (?1, ?2, ?3, ?4, ?5, 'What we try here', ?6, ?7, ?8, ?9, '[]', ?10)",
            params![
                project_id(nth),
                company,
                user_id(nth % PEOPLE),
                name,
                name.rsplit('/').next(),
                START,
                START + nth as i64,
                path.last(),
                json!(path).to_string(),
                hidden.to_string(),
            ],
        )
        .expect("a project");
    }
}

fn parameters(dice: &mut Dice) -> Value {
    let mut sections = Map::new();
    for (section, count) in [("Args", PARAMETERS - 8), ("General", 8)] {
        let mut items = Map::new();
        for nth in 0..count {
            let (name, value) = match nth {
                0 => ("lr".to_owned(), dice.pick(&["0.1", "0.01", "0.001", "3e-4", "1e-5"]).to_owned()),
                1 => ("batch_size".to_owned(), dice.pick(&["16", "32", "64", "128"]).to_owned()),
                2 => ("seed".to_owned(), dice.below(100_000).to_string()),
                _ => (format!("option_{nth}"), dice.below(50).to_string()),
            };
            items.insert(
                name.clone(),
                json!({"section": section, "name": name, "value": value, "type": "str", "description": ""}),
            );
        }
        sections.insert(section.to_owned(), items.into());
    }
    sections.into()
}

fn task(conn: &Connection, company: &str, nth: usize, dice: &mut Dice) {
    let id = task_id(nth);
    let project = project_id(dice.below(PROJECTS));
    let created = START + nth as i64 * 60_000;
    // The last fifty or so run or wait; of the others most ended well.
    let status = match dice.below(100) {
        0..=69 => "completed",
        70..=79 => "failed",
        80..=87 => "stopped",
        88..=92 => "published",
        93..=98 => "created",
        _ => "in_progress",
    };
    let mut tags: Vec<&str> = Vec::new();
    if dice.chance(30) {
        tags.push(dice.pick(&["baseline", "ablation", "sweep", "nightly", "paper"]));
    }
    if dice.chance(1) {
        tags.push("best");
    }
    let mut system_tags = vec![];
    if dice.chance(60) {
        system_tags.push("development");
    }
    if dice.chance(8) {
        system_tags.push("archived");
    }
    let name = format!(
        "{} {} {}",
        dice.pick(&["resnet50", "bert-base", "unet", "gpt2 fine-tune", "xgboost", "yolo v8"]),
        dice.pick(&["training", "evaluation", "preprocessing", "search"]),
        nth
    );
    let started = (status != "created").then_some(created + 5_000);
    let duration = 60_000 + dice.below(7_200_000) as i64;
    let ended = !matches!(status, "created" | "in_progress");
    let script = json!({
        "binary": "python", "repository": "https://git.example.com/team/research.git", "branch": "main",
        "version_num": hash(&name), "entry_point": "train.py", "working_dir": ".",
        "requirements": {"pip": "numpy==2.1.0\ntorch==2.5.1\ntransformers==4.46.0\n".repeat(12)},
        "diff": "-    lr = 0.1\n+    lr = 0.01\n".repeat(60),
    });
    let model = (nth.is_multiple_of(5)).then(|| hash(&format!("model {nth}")));
    let output: Vec<Value> =
        model.iter().map(|model| json!({"name": "weights", "model": model, "updated": created})).collect();
    conn.prepare_cached(
        "INSERT INTO task (id, company, project, user, type, status, created, started, completed, status_changed,
             last_update, last_change, last_changed_by, last_iteration, active_duration, name, parent, comment, tags,
             system_tags, models_output, runtime, hyperparams, script)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, ?4, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 ?20, ?21)",
    )
    .expect("a statement")
    .execute(params![
        id,
        company,
        project,
        user_id(dice.below(PEOPLE)),
        dice.pick(&["training", "training", "training", "testing", "data_processing", "inference"]),
        status,
        created,
        started,
        ended.then_some(created + duration),
        created + duration,
        dice.below(10_000) as i64,
        ended.then_some(duration / 1_000),
        name,
        (nth > 10 && dice.chance(20)).then(|| task_id(dice.below(nth))),
        format!("Auto-generated by person on host-{}", nth % 17),
        json!(tags).to_string(),
        json!(system_tags).to_string(),
        Value::from(output).to_string(),
        json!({"progress": dice.below(101).to_string(), "_python_version": "3.12"}).to_string(),
        parameters(dice).to_string(),
        script.to_string(),
    ])
    .expect("a task");
    // A tenth of the tasks never report anything.
    if dice.chance(90) {
        last_values(conn, company, conn.last_insert_rowid(), &project, created, dice);
    }
}

fn last_values(conn: &Connection, company: &str, task: i64, project: &str, at: i64, dice: &mut Dice) {
    let mut insert = conn
        .prepare_cached(
            "INSERT INTO task_metric (task, metric_variant, value, value_iteration, value_timestamp, min_value,
                 min_value_iteration, max_value, max_value_iteration, first_value, first_value_iteration, count, total,
                 company, project)
             VALUES (?1, ?2, ?3, 100, ?4, ?3 / 2, 50, ?3 * 2, 1, ?3 * 2, 0, 100, ?3 * 100, ?5, ?6)",
        )
        .expect("a statement");
    for metric in 1..=METRICS as i64 {
        let value = dice.below(1_000_000) as f64 / 1_000_000.0;
        insert.execute(params![task, metric, value, at, company, project]).expect("a value");
    }
}

fn model(conn: &Connection, company: &str, nth: usize, dice: &mut Dice) {
    conn.prepare_cached(
        "INSERT INTO model (id, company, project, user, name, created, last_update, last_change, ready, task, framework,
             uri, tags, system_tags, labels, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?7, ?8, ?9, ?10, ?11, '[]', '{}', ?12)",
    )
    .expect("a statement")
    .execute(params![
        hash(&format!("model {nth}")),
        company,
        project_id(dice.below(PROJECTS)),
        user_id(dice.below(PEOPLE)),
        format!("weights of run {nth}"),
        START + nth as i64 * 60_000,
        i64::from(dice.chance(10)),
        task_id(nth),
        dice.pick(&["PyTorch", "TensorFlow", "XGBoost"]),
        format!("https://files.example.com/models/{nth}/weights.pt"),
        json!(if dice.chance(20) { vec!["candidate"] } else { vec![] }).to_string(),
        json!({"size": {"key": "size", "type": "int", "value": dice.below(1_000).to_string()}}).to_string(),
    ])
    .expect("a model");
}
