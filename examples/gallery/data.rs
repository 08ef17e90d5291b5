//! Made-up people, projects and tasks.

use jiff::SignedDuration;
use roundhouse::web::render::time::{Clock, When};
use roundhouse::web::view::address::{TaskList, pairs};
use roundhouse::web::view::shell::{Density, NavEntry, Theme};
use roundhouse::web::view::tasks::{
    Better, BulkAction, Cell, Choice, Column, ColumnKind, Home, TaskRow, TaskTable, Tasks, Total,
    project_tabs,
};
use roundhouse::web::view::{Crumb, Person, Shell, Status, confirm, login, me, projects};

use crate::NOW;

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) fn ago(minutes: i64) -> Option<When> {
    Some(When(NOW.0 - minutes * MINUTE))
}

pub(crate) fn value_of(query: &str, key: &str) -> String {
    pairs(query).find(|(found, _)| found == key).map(|(_, value)| value).unwrap_or_default()
}

pub(crate) fn shell(query: &str) -> Shell {
    Shell {
        theme: Theme::from_key(&value_of(query, "theme")),
        density: Density::from_key(&value_of(query, "density")),
        clock: Clock::utc(NOW),
        person: Some(Person::named("Mira Okafor")),
        administers: true,
        operates: true,
        tenant: "Northyard Vision".into(),
        nav: vec![
            NavEntry { label: "Projects", href: "/projects" },
            NavEntry { label: "Queues & workers", href: "/queues" },
        ],
        current: "/projects",
        csrf: "c5rf".into(),
        once: "0nce".into(),
        notices: vec![],
        single_keys: true,
    }
}

/// The same numbers at every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }
}

fn columns() -> Vec<Column> {
    let metric = |title: &str| Column {
        key: format!("m:{title}:last"),
        title: title.into(),
        kind: ColumnKind::Metric(Better::guess(title)),
    };
    let parameter = |name: &str, title: &str| Column {
        key: format!("p:General/{name}"),
        title: title.into(),
        kind: ColumnKind::Parameter,
    };
    let trend =
        Column { key: "spark:train/loss".into(), title: "train/loss, trend".into(), kind: ColumnKind::Trend };
    vec![
        metric("val/mAP50"),
        metric("train/loss"),
        trend,
        parameter("lr0", "lr"),
        parameter("batch", "batch"),
    ]
}

pub(crate) fn table(count: usize, with_project: bool) -> TaskTable {
    let people = ["Mira Okafor", "Jonas Weil", "Ana Ruiz", "Tomas Lindqvist", "Priya Nair"];
    let names = [
        "yolo11m-1280-lr-sweep",
        "rtdetr-r50-aug",
        "yolo11s-640-distill-T",
        "fasterrcnn-r101-legacy",
        "dinov2-b-lora-r",
    ];
    let statuses = [
        Status::Queued,
        Status::Queued,
        Status::Draft,
        Status::Running,
        Status::Running,
        Status::Running,
        Status::Completed,
        Status::Completed,
        Status::Failed,
        Status::Completed,
        Status::Published,
        Status::Completed,
        Status::Aborted,
    ];
    let mut dice = Dice(7);
    let rows = (0..count)
        .map(|nth| {
            let status = statuses.get(nth).copied().unwrap_or(Status::Completed);
            let began = !matches!(status, Status::Draft | Status::Queued);
            let minutes = 3 + nth as i64 * 67 + (dice.roll() * 40.0) as i64;
            let loss = 0.05 + dice.roll() * 0.05;
            let trend = (0..32)
                .map(|step| loss + 2.0 * (-f64::from(step) / 6.0).exp() + dice.roll() * 0.05)
                .collect();
            let cells = match began {
                true => vec![
                    Cell::Number(f64::from((0.85 + dice.roll() * 0.07) as f32)),
                    Cell::Number(f64::from(loss as f32)),
                    Cell::Trend(trend),
                    Cell::Text(format!("{}e-4", 1 + nth % 9)),
                    Cell::Text("16".into()),
                ],
                false => vec![
                    Cell::Missing,
                    Cell::Missing,
                    Cell::Missing,
                    Cell::Text("1e-3".into()),
                    Cell::Text("16".into()),
                ],
            };
            TaskRow {
                id: format!("{:08x}4a0f9d2f6c1e5ab7c330", 0x9f2c_41d0_u32.wrapping_add(nth as u32)),
                name: match nth {
                    8 => "yolo11x-1536-fp32-with-a-rather-long-name-that-nobody-shortened <b>v3</b>".into(),
                    _ => format!("{} #{nth:02}", names[nth % names.len()]),
                },
                project: "vision/defect-detection".into(),
                status,
                tags: match nth % 4 {
                    0 => vec!["sweep".into()],
                    3 => vec!["baseline".into(), "line-3".into()],
                    _ => vec![],
                },
                user: Some(match nth % 6 {
                    5 => Person { name: "ci-trainer".into(), is_service: true },
                    _ => Person::named(people[nth % people.len()]),
                }),
                started: began.then_some(When(NOW.0 - minutes * MINUTE)),
                duration: (began && status != Status::Running)
                    .then(|| SignedDuration::from_mins(minutes / 3 + 1)),
                iteration: began.then_some(120 - (nth as u64 * 7) % 60),
                updated: ago(minutes / 2),
                cells,
            }
        })
        .collect();
    TaskTable { columns: columns(), rows, with_project }
}

pub(crate) fn crumbs() -> Vec<Crumb> {
    let crumb = |name: &str, href: &str| Crumb { name: name.into(), href: href.into() };
    vec![crumb("Projects", "/projects"), crumb("vision", "/projects/f1")]
}

fn head(current: &str) -> projects::ProjectHead {
    projects::ProjectHead {
        id: "4b7d".into(),
        name: "defect-detection".into(),
        crumbs: crumbs(),
        tabs: project_tabs("4b7d", current, Some(1_204)),
    }
}

pub(crate) fn tasks(shell: Shell, id: &str, query: &str) -> Tasks {
    let list = TaskList::parse(&format!("/projects/{id}/tasks"), query);
    let mut table = table(if id == "empty" || list.q == "nothing" { 0 } else { 100 }, false);
    table.rows.retain(|row| {
        row.name.contains(&list.q)
            && (list.status.is_empty() || list.status.contains(&row.status))
            && !list.without.contains(&row.status)
    });
    if list.order() == ("name", false) {
        table.rows.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let bulk = |label, icon, href: &str| BulkAction { label, icon, href: href.into() };
    Tasks {
        shell,
        head: head("Tasks"),
        total: Total::Exactly(1_187),
        first: 1,
        next: Some("eyJz".into()),
        tags: vec!["baseline".into(), "line-3".into(), "sweep".into()],
        users: vec![
            Choice { value: "u1".into(), label: "Mira Okafor".into() },
            Choice { value: "u2".into(), label: "Jonas Weil".into() },
        ],
        unfiltered: 1_204,
        archived: 17,
        culprit: (!list.q.is_empty()).then(|| (format!("“{}”", list.q), list.without_q())),
        bulk: vec![
            bulk("Enqueue", "play", "/bulk/enqueue"),
            bulk("Clone", "clone", "/bulk/clone"),
            bulk("Tag", "tag", "/bulk/tag"),
            bulk("Archive", "box", "/bulk/archive"),
            bulk("Delete", "trash", "/bulk/delete"),
        ],
        project_path: "vision/defect-detection".into(),
        exportable: true,
        list,
        table,
    }
}

pub(crate) fn home(shell: Shell, is_new: bool) -> Home {
    let mut running = table(if is_new { 0 } else { 6 }, true);
    running.rows.retain(|row| row.status.is_live());
    running.columns.truncate(2);
    let mut recent = table(if is_new { 0 } else { 16 }, true);
    recent.rows.retain(|row| !row.status.is_live());
    recent.columns.truncate(2);
    Home {
        shell,
        running,
        recent,
        address: "https://roundhouse.yard.lan".into(),
        api_address: "https://roundhouse.yard.lan:8008".into(),
        has_keys: false,
    }
}

fn project_rows() -> Vec<projects::ProjectRow> {
    let rows = [
        (
            "vision/defect-detection",
            "Surface defects on cast parts, camera line 3",
            1_204,
            3,
            5,
            62,
            4,
            Some(("val/mAP50", 0.914)),
        ),
        (
            "vision/ocr-serials",
            "Reads stamped serial numbers under glare",
            318,
            0,
            0,
            21,
            1_300,
            Some(("val/cer", 0.0131)),
        ),
        (
            "vision/segmentation-cast",
            "Pore and crack masks for the X-ray bench",
            476,
            1,
            0,
            38,
            60,
            Some(("val/IoU", 0.783)),
        ),
        (
            "nlp/maintenance-notes",
            "Classifies free-text maintenance notes",
            152,
            0,
            0,
            9,
            6_000,
            Some(("eval/f1", 0.871)),
        ),
        (
            "nlp/ticket-routing",
            "Routes service tickets to the right crew",
            683,
            2,
            12,
            104,
            12,
            Some(("eval/acc", 0.942)),
        ),
        (
            "forecast/load-curve",
            "Day-ahead load per substation",
            2_310,
            0,
            0,
            77,
            9_000,
            Some(("test/MAPE", 3.42)),
        ),
        ("sandbox/mira", "", 64, 1, 0, 17, 38, None),
        ("onboarding", "First steps; cleaned every month", 29, 0, 0, 4, 30_000, None),
    ];
    let mut dice = Dice(3);
    rows.into_iter()
        .map(|(path, description, tasks, running, queued, failed, active, best)| projects::ProjectRow {
            id: path.replace('/', "-"),
            path: path.into(),
            description: description.into(),
            tasks,
            running,
            queued,
            failed,
            days: (0..30).map(|_| if dice.roll() < 0.4 { 0 } else { (dice.roll() * 40.0) as u32 }).collect(),
            best: best.map(|(name, value)| (name.to_owned(), value)),
            owner: Some(Person::named(if tasks > 400 { "Mira Okafor" } else { "Jonas Weil" })),
            active: ago(active),
        })
        .collect()
}

pub(crate) fn projects(shell: Shell, query: &str) -> projects::Projects {
    let (q, flat) = (value_of(query, "q"), value_of(query, "list") == "flat");
    let mut rows = project_rows();
    rows.retain(|row| row.path.contains(&q));
    let folders = match flat {
        true => vec![projects::Folder { name: String::new(), projects: rows }],
        false => projects::into_folders(rows),
    };
    projects::Projects { shell, q, flat, folders, unfiltered: 8, new_project: None }
}

pub(crate) fn project(shell: Shell) -> projects::Project {
    let mut recent = table(14, false);
    recent.columns.truncate(1);
    projects::Project {
        shell,
        head: head("Overview"),
        description: "Surface defects on cast parts, camera line 3.\n\nData: /data/line3, labelled by the night shift. Ask Mira before changing the split.".into(),
        counts: vec![(Status::Queued, 5), (Status::Running, 3), (Status::Completed, 1_021), (Status::Failed, 162), (Status::Published, 13)],
        owner: Some(Person::named("Mira Okafor")),
        created: ago(400_000),
        output_uri: "s3://yard-models/vision/defects".into(),
        tags: vec!["prod".into()],
        children: project_rows().into_iter().take(2).collect(),
        recent,
        path: "vision/defect-detection".into(),
    }
}

pub(crate) fn login(query: &str) -> login::Login {
    let failed = query.contains("error");
    login::Login {
        theme: Theme::from_key(&value_of(query, "theme")),
        organisation: "Northyard Vision, experiment server".into(),
        username: if failed { "mira".into() } else { String::new() },
        error: if failed { "The user name or the password is wrong.".into() } else { String::new() },
        retry_after: if failed { 8 } else { 0 },
        with_password: true,
        providers: vec![login::Provider {
            label: "Keycloak".into(),
            href: "/login/sso?provider=keycloak".into(),
        }],
        notice: "Internal system. Use is logged and reviewed under policy IT‑07.".into(),
        version: "0.1.0".into(),
        fingerprint: ["9C"; 32].join(":"),
        csrf: "c5rf".into(),
        next: "/projects".into(),
    }
}

pub(crate) fn profile(shell: Shell) -> me::Profile {
    me::Profile {
        shell,
        name: "Mira Okafor".into(),
        login: "mira".into(),
        email: "mira@northyard.example".into(),
        role: "User".into(),
        groups: vec!["users".into(), "vision".into()],
        sign_in: "Password of this server".into(),
        created: ago(300_000),
        may_rename: true,
        may_change_password: true,
        error: String::new(),
    }
}

pub(crate) fn keys(shell: Shell, none: bool) -> me::Keys {
    let key = |access: &str, label: &str, created, used: Option<i64>, from: &str| me::KeyRow {
        access_key: access.into(),
        label: label.into(),
        created: ago(created),
        used: used.and_then(ago),
        used_from: from.into(),
    };
    let keys = match none {
        true => vec![],
        false => vec![
            key("K7QF2M0XZ4T9WB3RJ6DN8HVC1LPSYA", "laptop", 90_000, Some(3), "10.4.0.17"),
            key(
                "Z4T9WB3RJ6DN8HVC1LPSYAK7QF2M0X",
                "yard-03, training jobs of line 3",
                400_000,
                Some(1_500),
                "10.4.1.3",
            ),
            key("3RJ6DN8HVC1LPSYAK7QF2M0XZ4T9WB", "", 900_000, None, ""),
        ],
    };
    me::Keys { shell, keys, api_address: "https://roundhouse.yard.lan:8008".into(), error: String::new() }
}

pub(crate) fn key_created(shell: Shell) -> me::KeyCreated {
    let (access, secret) =
        ("K7QF2M0XZ4T9WB3RJ6DN8HVC1LPSYA", "u3Nf_8pLx2VqT7-ecRkW0yZa5HmJdB9sGvQ4oXiEtC1K6nYrPwMhSlUj");
    me::KeyCreated {
        shell,
        label: "laptop".into(),
        access_key: access.into(),
        secret_key: secret.into(),
        conf: format!(
            "api {{\n  web_server: \"https://roundhouse.yard.lan\"\n  api_server: \"https://roundhouse.yard.lan:8008\"\n  \
             files_server: \"https://roundhouse.yard.lan:8081\"\n  # the local authority of this server\n  \
             verify_certificate: \"/etc/roundhouse/ca-bundle.pem\"\n  credentials {{\n    access_key: \"{access}\"\n    \
             secret_key: \"{secret}\"\n  }}\n}}\n"
        ),
    }
}

pub(crate) fn confirm(shell: Shell, path: &str) -> confirm::Confirm {
    let is_delete = path.contains("delete") || path.contains("revoke");
    confirm::Confirm {
        shell,
        title: if is_delete { "Delete 3 tasks?".into() } else { "Enqueue 3 tasks?".into() },
        text: if is_delete {
            "This removes for good:".into()
        } else {
            "They start in this order as agents become free.".into()
        },
        points: match is_delete {
            true => vec![
                "3 tasks with 69 scalars and 27 plots".into(),
                "21 artifacts and 6 models, 4.1 GB on this server".into(),
                "2 files in azure://yardmodels: must be deleted there".into(),
            ],
            false => vec![],
        },
        fields: match is_delete {
            true => vec![confirm::Field::Hidden { name: "task", value: "9f2c".into() }],
            false => vec![confirm::Field::Choice {
                name: "queue",
                label: "Queue".into(),
                options: vec![("a100".into(), "a100".into()), ("default".into(), "default".into())],
            }],
        },
        typed: if is_delete { "delete 3".into() } else { String::new() },
        action: path.into(),
        submit: if is_delete { "Delete 3 tasks".into() } else { "Enqueue 3 tasks".into() },
        danger: is_delete,
        back: "/projects".into(),
        error: String::new(),
    }
}
