//! One made-up task with all its tabs.

use roundhouse::web::render::ansi::{Level, Painter};
use roundhouse::web::render::chart::Curve;
use roundhouse::web::render::time::When;
use roundhouse::web::view::address::ChartView;
use roundhouse::web::view::task::artifacts::{ArtifactKind, ArtifactRow, Artifacts};
use roundhouse::web::view::task::console::{Console, Found, LevelFilter, Line};
use roundhouse::web::view::task::details::{
    ConfigObject, Configuration, Execution, Fact, Headline, Overview, Parameter, Section,
};
use roundhouse::web::view::task::figures::{
    Plot, PlotFrame, Plots, Sample, SampleGroup, SampleKind, SampleSeries, Samples,
};
use roundhouse::web::view::task::scalars::{ChartData, Metric, Scalars, SeriesEntry, SeriesRange};
use roundhouse::web::view::task::trail::{Container, Trail, TrailStep, Vault};
use roundhouse::web::view::task::{Action, TabCounts, TaskHead};
use roundhouse::web::view::{Crumb, Person, Place, Shell, Status};

use crate::NOW;
use crate::data::{Dice, MINUTE, ago, crumbs, value_of};

fn action(label: &'static str, icon: &'static str, id: &str, danger: bool, in_menu: bool) -> Action {
    let href = format!("/tasks/{id}/{}", label.to_lowercase());
    Action { label, icon, href, danger, in_menu, reason: String::new() }
}

fn head(id: &str) -> TaskHead {
    let empty = id == "empty";
    let mut crumbs = crumbs();
    crumbs.push(Crumb { name: "defect-detection".into(), href: "/projects/4b7d/tasks".into() });
    let actions = match empty {
        true => vec![action("Enqueue", "play", id, false, false), action("Delete", "trash", id, true, true)],
        false => vec![
            action("Abort", "stop", id, true, false),
            action("Clone", "clone", id, false, false),
            Action {
                reason: "A running task cannot be reset. Abort it first.".into(),
                ..action("Reset", "reset", id, false, true)
            },
            action("Archive", "box", id, false, true),
            action("Delete", "trash", id, true, true),
        ],
    };
    TaskHead {
        id: "9f2c41d07b8e4a0f9d2f6c1e5ab7c330".into(),
        name: "yolo11m-1280-mosaic-off".into(),
        crumbs,
        status: if empty { Status::Draft } else { Status::Running },
        status_reason: String::new(),
        tags: vec!["prod-candidate".into()],
        started: if empty { None } else { ago(72) },
        user: Some(Person::named("Mira Okafor")),
        duration: None,
        iteration: (!empty).then_some(61),
        worker: if empty { String::new() } else { "yard-03:gpu0,1".into() },
        queue: if empty { String::new() } else { "a100".into() },
        runs_as: if empty { String::new() } else { "Mira Okafor via yard-agents".into() },
        actions,
        counts: match empty {
            true => TabCounts::default(),
            false => TabCounts {
                configuration: Some(64),
                artifacts: Some(7),
                scalars: Some(23),
                plots: Some(9),
                samples: Some(240),
                trail: true,
            },
        },
        previous: Some("/tasks/a".into()),
        next: Some("/tasks/b".into()),
    }
}

fn fact(name: &str, value: &str, is_code: bool) -> Fact {
    Fact { name: name.into(), value: value.into(), href: None, is_code }
}

pub(crate) fn overview(shell: Shell, id: &str) -> Overview {
    let metrics = metrics(6);
    let failed = id == "failed";
    let mut head = head(id);
    if failed {
        head.status = Status::Failed;
    }
    Overview {
        shell,
        comment: "Mosaic off from epoch 1, otherwise like lr-sweep #08. If mAP50 passes 0.915, this goes to line 3.".into(),
        status_message: match failed {
            true => "Traceback (most recent call last):\n  File \"train.py\", line 88, in <module>\n    main()\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB".into(),
            false => String::new(),
        },
        metrics: match id {
            "empty" => vec![],
            _ => metrics
                .iter()
                .flat_map(|metric| metric.curves.iter().map(move |curve| (metric, curve)))
                .take(8)
                .map(|(metric, curve)| Headline {
                    name: format!("{}/{}", metric.name, curve.name),
                    last: curve.last().unwrap_or_default(),
                    range: metric.ranges.first().map(|range| (range.min, range.max)),
                    trend: Some(curve.points.iter().step_by(3).map(|(_, y)| *y).collect()),
                })
                .collect(),
        },
        parameters: ["General/mosaic|0.0", "General/lr0|3.2e-4", "General/close_mosaic|10", "Args/weights|yolo11m.pt"]
            .iter()
            .filter_map(|pair| pair.split_once('|'))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        differs_from_parent: true,
        facts: vec![
            fact("Type", "training", false),
            fact("Framework", "PyTorch 2.5.1", false),
            fact("Created", "today 13:58 by Mira Okafor", false),
            Fact { href: Some("/tasks/p".into()), ..fact("Parent", "yolo11m-1280-lr-sweep #08", false) },
            fact("Output", "s3://yard-models/vision/defects/9f2c41d07b8e4a0f9d2f6c1e5ab7c330", true),
        ],
        models_in: vec![Crumb { name: "yolo11m.pt".into(), href: "/models/1".into() }],
        models_out: vec![Crumb { name: "yolo11m-1280-mosaic-off, last".into(), href: "/models/2".into() }],
        console: if id == "empty" { vec![] } else { log("").into_iter().rev().take(12).rev().map(|line| line.text).collect() },
        head,
    }
}

pub(crate) fn execution(shell: Shell, id: &str) -> Execution {
    let diff = "diff --git a/train.py b/train.py\nindex 7be41a0..9f2c41d 100644\n--- a/train.py\n+++ b/train.py\n@@ -41,7 +41,7 @@ def main(args):\n     model = YOLO(args.weights)\n     model.train(\n         data=args.data,\n-        mosaic=1.0,\n+        mosaic=0.0,\n         close_mosaic=10,\n         imgsz=1280,\n     )\ndiff --git a/data/line3.yaml b/data/line3.yaml\n--- a/data/line3.yaml\n+++ b/data/line3.yaml\n@@ -1,3 +1,4 @@\n path: /data/line3\n+# night shift labels only\n train: labels/train\n val: labels/val\n";
    Execution {
        shell,
        head: head(id),
        source: match id {
            "empty" => vec![],
            _ => vec![
                fact("Repository", "git@git.yard.lan:vision/defects.git", true),
                fact("Branch", "main", true),
                fact("Commit", "7be41a09d2f6c1e5ab7c3309f2c41d07b8e4a0f9", true),
                fact("Script", "train.py --data data/line3.yaml --weights yolo11m.pt", true),
                fact("Directory", ".", true),
                fact("Interpreter", "/usr/bin/python3.12", true),
            ],
        },
        container: match id {
            "empty" => vec![],
            _ => vec![
                fact("Asked", "pytorch/pytorch:latest", true),
                fact("Run", "registry.yard.lan/ml/torch:2.5.1-cu124@sha256:4e1f9b0c5d77", true),
                fact("Arguments", "--ipc=host --shm-size=16g", true),
            ],
        },
        setup: "apt-get update\napt-get install -y libgl1\n".into(),
        diff: if id == "empty" { String::new() } else { diff.into() },
        is_script: false,
        diff_href: format!("/tasks/{id}/execution/diff"),
        packages: if id == "empty" {
            String::new()
        } else {
            "clearml==1.18.0\nnumpy==2.1.3\nopencv-python-headless==4.10.0.84\ntorch==2.5.1+cu124\ntorchvision==0.20.1+cu124\nultralytics==8.3.27\n".into()
        },
    }
}

pub(crate) fn configuration(shell: Shell, id: &str, query: &str) -> Configuration {
    let q = value_of(query, "q");
    let parameter = |name: &str, value: &str, parent: Option<&str>| Parameter {
        name: name.into(),
        value: value.into(),
        kind: if value.parse::<f64>().is_ok() { "float".into() } else { "str".into() },
        description: if name == "lr0" { "Initial learning rate".into() } else { String::new() },
        parent: parent.map(str::to_owned),
    };
    let mut sections = vec![
        Section {
            name: "General".into(),
            parameters: vec![
                parameter("batch", "16", None),
                parameter("imgsz", "1280", None),
                parameter("lr0", "3.2e-4", Some("5e-4")),
                parameter("mosaic", "0.0", Some("1.0")),
                parameter("optimizer", "AdamW", None),
                parameter("project_name", "", None),
            ],
        },
        Section {
            name: "Args".into(),
            parameters: vec![
                parameter(
                    "data",
                    "/data/line3/with/a/long/path/that/never/ends/and/goes/on/labels.yaml",
                    None,
                ),
                parameter("weights", "yolo11m.pt", None),
            ],
        },
    ];
    for section in &mut sections {
        section.parameters.retain(|parameter| parameter.name.contains(&q) || parameter.value.contains(&q));
    }
    sections.retain(|section| !section.parameters.is_empty() && id != "empty");
    let objects = match id {
        "empty" => vec![],
        _ if !q.is_empty() => vec![],
        _ => vec![ConfigObject {
            name: "data.yaml".into(),
            kind: "yaml".into(),
            description: "Classes and folders".into(),
            text: "path: /data/line3\ntrain: labels/train\nval: labels/val\nnames:\n  0: scratch\n  1: pore\n  2: crack\n".into(),
        }],
    };
    Configuration {
        shell,
        head: head(id),
        q,
        unfiltered: if id == "empty" { 0 } else { 8 },
        sections,
        objects,
    }
}

pub(crate) fn artifacts(shell: Shell, id: &str) -> Artifacts {
    let own = ["https://roundhouse.yard.lan:8081".to_owned()];
    let row = |kind, name: &str, format: &str, size, uri: &str, preview: &str| ArtifactRow {
        kind,
        name: name.into(),
        format: format.into(),
        size: Some(size),
        hash: "4e1f9b0c5d77a8e2b3".into(),
        place: (!uri.is_empty()).then(|| Place::of(uri, &own)),
        created: ago(12),
        preview: preview.into(),
    };
    let rows = match id {
        "empty" => vec![],
        _ => vec![
            row(
                ArtifactKind::InputModel,
                "yolo11m.pt",
                "PyTorch",
                40_700_000,
                "https://github.com/ultralytics/assets/releases/yolo11m.pt",
                "",
            ),
            row(
                ArtifactKind::OutputModel,
                "best.pt",
                "PyTorch",
                51_300_000,
                "https://roundhouse.yard.lan:8081/vision/defects.9f2c/models/best.pt",
                "",
            ),
            row(
                ArtifactKind::OutputModel,
                "last.pt",
                "PyTorch",
                51_300_000,
                "azure://yard-models/vision/defects/9f2c41d07b8e4a0f9d2f6c1e5ab7c330/last.pt",
                "",
            ),
            row(
                ArtifactKind::Artifact,
                "val predictions",
                "pandas",
                1_204_332,
                "https://roundhouse.yard.lan:8081/vision/defects.9f2c/artifacts/val%20predictions.csv.gz",
                "image,class,score\nline3_000182.png,pore,0.91\nline3_000183.png,scratch,0.47\n",
            ),
            row(ArtifactKind::Artifact, "label map", "dict", 92, "", ""),
        ],
    };
    Artifacts { shell, head: head(id), rows }
}

const LOG: &[&str] = &[
    "\u{1b}[90mLoaded user vault for user Mira Okafor: personal paths\u{1b}[0m",
    "\u{1b}[34mLoaded group vault for user Mira Okafor: Vision: approved storage and image\u{1b}[0m",
    "Executing task id [\u{1b}[34m9f2c41d07b8e4a0f9d2f6c1e5ab7c330\u{1b}[0m] in container \u{1b}[32mregistry.yard.lan/ml/torch:2.5.1-cu124@sha256:4e1f…\u{1b}[0m",
    "repository = git@git.yard.lan:vision/defects.git",
    "branch     = main",
    "Environment setup completed in 38.9 s",
    "train: scanning /data/line3/labels/train… \u{1b}[32m18 204 images\u{1b}[0m, 412 backgrounds, 0 corrupt",
    "\u{1b}[33mWARNING\u{1b}[0m mosaic disabled: close_mosaic=10 has no effect",
    "optimizer: AdamW(lr=0.00032, weight_decay=0.0005), 113 weights, 120 biases",
    "Starting training for 120 epochs",
];

fn log(q: &str) -> Vec<Line> {
    let mut painter = Painter::finding(roundhouse::store::events::Search::text(q).ok());
    let mut texts: Vec<String> = LOG.iter().map(|line| (*line).to_owned()).collect();
    for epoch in 1..62 {
        let loss = 1.9 * (-f64::from(epoch) / 14.0).exp() + 0.03;
        texts.push(format!(
            "epoch {epoch:3}/120  box {loss:.3}  cls {:.3}  mAP50 {:.4}  \u{1b}[90m62.{} s\u{1b}[0m",
            loss * 1.3,
            0.92 - loss / 2.2,
            epoch % 10
        ));
        if epoch == 58 {
            texts.push(
                "\u{1b}[31mERROR\u{1b}[0m NCCL watchdog: rank 1 allreduce took 11.2 s, threshold 10 s".into(),
            );
        }
    }
    texts.push(" 10%|█         |\r 68%|██████▊   | 774/1138 [00:59<00:29, 12.4it/s]".into());
    texts
        .iter()
        .enumerate()
        .map(|(nth, text)| Line {
            number: nth as u64 + 1,
            is_first: true,
            when: Some(When(NOW.0 - (72 - nth as i64) * MINUTE)),
            level: Level::guess(
                &text.replace("\u{1b}[33m", "").replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""),
            ),
            text: painter.line(text),
        })
        .collect()
}

pub(crate) fn console(shell: Shell, id: &str, query: &str) -> Console {
    let q = value_of(query, "q");
    let level = LevelFilter::from_key(&value_of(query, "level"));
    let mut lines = if id == "empty" { vec![] } else { log(&q) };
    let total = lines.len() as u64;
    lines.retain(|line| match level {
        LevelFilter::All => true,
        LevelFilter::Warnings => line.level != Level::Plain,
        LevelFilter::Errors => line.level == Level::Error,
    });
    let found = (!q.is_empty()).then(|| Found {
        total: Some(lines.iter().filter(|line| line.text.0.contains("<mark>")).count() as u64),
        ..Found::default()
    });
    if let Ok(after) = value_of(query, "after").parse::<u64>() {
        lines.retain(|line| line.number > after);
    }
    Console {
        shell,
        head: head(id),
        lines,
        total,
        has_earlier: false,
        has_later: false,
        marked: value_of(query, "line").parse().ok(),
        q,
        is_expression: false,
        found,
        level,
        download: format!("/tasks/{id}/console.txt"),
    }
}

fn curve(name: &str, slot: u8, seed: u64, shape: impl Fn(f64, &mut Dice) -> f64) -> Curve {
    let mut dice = Dice(seed);
    let points = (0..122).map(|half| f64::from(half) / 2.0).map(|x| (x, shape(x, &mut dice))).collect();
    Curve { name: name.into(), slot, points }
}

fn all_curves() -> Vec<(&'static str, Vec<Curve>)> {
    let fall = |scale: f64, rate: f64| {
        move |x: f64, dice: &mut Dice| {
            scale * (-x / rate).exp() * (0.9 + dice.roll() * 0.2) + 0.001 * dice.roll() + 0.0008
        }
    };
    let rise = |top: f64, rate: f64| {
        move |x: f64, dice: &mut Dice| top * (1.0 - (-x / rate).exp()) + dice.roll() * 0.02
    };
    let busy = |mean: f64| {
        move |x: f64, dice: &mut Dice| {
            if (x as i64) % 12 == 11 { mean * dice.roll() } else { mean + dice.roll() * 6.0 }
        }
    };
    vec![
        ("loss", vec![curve("train", 1, 1, fall(3.1, 8.0)), curve("val", 2, 2, fall(3.3, 9.0))]),
        ("val/mAP", vec![curve("mAP50", 1, 3, rise(0.91, 11.0)), curve("mAP50-95", 2, 4, rise(0.64, 12.0))]),
        (
            "val/precision, recall",
            vec![curve("precision", 1, 5, rise(0.92, 8.0)), curve("recall", 2, 6, rise(0.87, 9.0))],
        ),
        (
            "loss components",
            vec![
                curve("box", 1, 7, fall(1.9, 14.0)),
                curve("cls", 2, 8, fall(2.6, 11.0)),
                curve("dfl", 3, 9, fall(1.4, 15.0)),
            ],
        ),
        (
            "lr",
            vec![curve(
                "pg0",
                1,
                10,
                |x, _| if x < 3.0 { 1.07e-4 * x } else { 3.2e-4 * (1.0 - (x - 3.0) / 125.0) },
            )],
        ),
        (
            ":monitor:gpu",
            vec![
                curve("gpu_0_utilization", 1, 11, busy(90.0)),
                curve("gpu_1_utilization", 2, 12, busy(86.0)),
            ],
        ),
        (
            ":monitor:machine",
            (1..=10)
                .map(|n| curve(&format!("cpu_{n}"), n, 12 + u64::from(n), busy(f64::from(n) * 8.0)))
                .collect(),
        ),
        (
            "grad/norm",
            vec![curve("all", 1, 40, |x, dice| if x == 20.0 { f64::NAN } else { 4.0 + dice.roll() })],
        ),
    ]
}

fn metrics(drawn: usize) -> Vec<Metric> {
    all_curves()
        .into_iter()
        .enumerate()
        .map(|(nth, (name, curves))| {
            let ranges = curves.iter().map(|curve| {
                let finite = || curve.points.iter().map(|(_, y)| *y).filter(|y| y.is_finite());
                SeriesRange {
                    count: curve.points.len() as u64,
                    min: finite().fold(f64::MAX, f64::min),
                    max: finite().fold(f64::MIN, f64::max),
                }
            });
            let series = curves.iter().map(|curve| SeriesEntry {
                name: curve.name.clone(),
                slot: curve.slot,
                last: curve.last().unwrap_or_default(),
            });
            Metric {
                name: name.into(),
                series: series.collect(),
                ranges: ranges.collect(),
                curves: if nth < drawn { curves } else { vec![] },
            }
        })
        .collect()
}

pub(crate) fn scalars(shell: Shell, id: &str, query: &str) -> Scalars {
    let view = ChartView::parse(&format!("/tasks/{id}/scalars"), query);
    let empty = id == "empty";
    let singles = if query.contains("singles") {
        vec![("final mAP50".into(), 0.9077), ("epochs".into(), 120.0)]
    } else {
        vec![]
    };
    Scalars { shell, head: head(id), view, metrics: if empty { vec![] } else { metrics(6) }, singles }
}

pub(crate) fn chart_data(query: &str) -> String {
    let metric = value_of(query, "m");
    let curves = all_curves()
        .into_iter()
        .find(|(name, _)| *name == metric)
        .map(|(_, curves)| curves)
        .unwrap_or_default();
    let view = ChartView::parse("", query);
    serde_json::to_string(&ChartData::new(metric, view.x, &curves, 400)).unwrap_or_default()
}

pub(crate) fn plots(shell: Shell, id: &str) -> Plots {
    let names = ["PR curve", "Confusion matrix", "Results", "Loss surface", "Classes"];
    let plots: Vec<Plot> = match id {
        "empty" => vec![],
        _ => names
            .iter()
            .map(|name| Plot {
                metric: (*name).into(),
                variant: "val".into(),
                iteration: 61,
                older: Some(60),
                newer: None,
            })
            .collect(),
    };
    Plots { shell, head: head(id), q: String::new(), unfiltered: plots.len() as u64, plots, next: None }
}

pub(crate) fn frame(query: &str) -> PlotFrame {
    let title = value_of(query, "m");
    let figure = match title.as_str() {
        "Confusion matrix" => {
            r#"{"data":[{"type":"heatmap","z":[[182,3,1],[7,96,4],[2,5,61]],"x":["scratch","pore","crack"],"y":["scratch","pore","crack"]}],"layout":{"title":{"text":"Confusion matrix"},"yaxis":{"autorange":"reversed"}}}"#
        }
        "Results" => {
            r#"{"data":[{"type":"table","header":{"values":["class","images","mAP50"]},"cells":{"values":[["scratch","pore","crack"],[812,455,120],["0.931","0.902","0.874"]]}}],"layout":{}}"#
        }
        "Loss surface" => r#"{"data":[{"type":"surface","z":[[1,2],[3,4]]}],"layout":{}}"#,
        "Classes" => {
            r#"{"data":[{"type":"bar","x":["scratch","pore","crack"],"y":[812,455,120],"name":"images"}],"layout":{"title":"Classes"}}"#
        }
        _ => {
            r#"{"data":[{"type":"scatter","x":[0,0.2,0.4,0.6,0.8,1],"y":[1,0.99,0.97,0.93,0.8,0.2],"name":"scratch"},{"type":"scatter","x":[0,0.2,0.4,0.6,0.8,1],"y":[1,0.97,0.93,0.86,0.7,0.1],"name":"pore"}],"layout":{"title":"Precision and recall","xaxis":{"title":"recall"},"yaxis":{"title":"precision"}}}"#
        }
    };
    let theme = match value_of(query, "theme").as_str() {
        "dark" => "dark",
        "light" => "light",
        _ => "auto",
    };
    PlotFrame { theme, title, figure: figure.into() }
}

pub(crate) fn sample_image(path: &str) -> String {
    let mut dice = Dice(path.bytes().map(u64::from).sum());
    let rects: String = (0..12)
        .map(|_| {
            let (x, y, grey) = (dice.roll() * 160.0, dice.roll() * 120.0, 60.0 + dice.roll() * 160.0);
            format!(
                "<circle cx='{x:.0}' cy='{y:.0}' r='{:.0}' fill='rgb({grey:.0},{grey:.0},{grey:.0})'/>",
                8.0 + dice.roll() * 20.0
            )
        })
        .collect();
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='160' height='120'><rect width='160' height='120' fill='#777'/>{rects}</svg>"
    )
}

pub(crate) fn samples(shell: Shell, id: &str) -> Samples {
    let series = |metric: &str, variant: &str| SampleSeries {
        variant: variant.into(),
        samples: (0..7)
            .map(|nth| Sample {
                iteration: 60 - nth * 10,
                kind: SampleKind::Image,
                place: Place::Own(format!("/files/{metric}/{variant}/{nth}.png")),
            })
            .chain([Sample {
                iteration: -1,
                kind: SampleKind::Image,
                place: Place::Text("s3://yard-models/samples/val_batch0_pred.jpg".into()),
            }])
            .collect(),
    };
    let groups = match id {
        "empty" => vec![],
        _ => vec![
            SampleGroup {
                metric: "val batch".into(),
                series: vec![series("val", "labels"), series("val", "predictions")],
            },
            SampleGroup { metric: "train batch".into(), series: vec![series("train", "mosaic")] },
        ],
    };
    let metrics = groups.iter().map(|group| group.metric.clone()).collect();
    Samples {
        shell,
        head: head(id),
        metrics,
        metric: String::new(),
        groups,
        older: Some("?before=10".into()),
        newer: None,
    }
}

pub(crate) fn trail(shell: Shell, id: &str) -> Trail {
    let mira = || Person::named("Mira Okafor");
    let agents = || Person { name: "yard-agents".into(), is_service: true };
    let step = |minutes: i64, event: &str, who: Person, actor: &str, detail: &str, is_policy| TrailStep {
        when: When(NOW.0 - minutes * MINUTE),
        event: event.into(),
        who,
        actor: actor.into(),
        detail: detail.into(),
        is_policy,
    };
    Trail {
        shell,
        head: head(id),
        steps: vec![
            step(76, "Cloned", mira(), "", "from yolo11m-1280-lr-sweep #08", false),
            step(75, "Enqueued", mira(), "", "queue a100, container requested pytorch/pytorch:latest", false),
            step(72, "Left the queue", agents(), "", "worker yard-03:gpu0,1, queue a100", false),
            step(72, "Ran as owner", mira(), "yard-agents", "session 5c1e44ab9f02 of Mira Okafor", true),
            step(72, "Vaults served", mira(), "yard-agents", "1 vault", true),
            step(71, "Started", mira(), "yard-agents", "", false),
        ],
        submitter: Some(mira()),
        run_as: Some(mira()),
        agent: Some(agents()),
        worker: "yard-03:gpu0,1".into(),
        session: "5c1e44ab9f0233c8".into(),
        edited_by: Some("Jonas Weil".into()),
        code: "7be41a0c2c1d + uncommitted changes".into(),
        ran: Container {
            image: "registry.yard.lan/ml/torch:2.5.1-cu124".into(),
            arguments: "-e HF_TOKEN=**** --ipc=host".into(),
            digest: String::new(),
        },
        asked: Container { image: "pytorch/pytorch:latest".into(), ..Container::default() },
        vaults: vec![Vault {
            name: "Vision: approved storage and image".into(),
            scope: "group".into(),
            version: 14,
            hash: "5c1e44ab9f02".into(),
        }],
    }
}
