//! How the statements fare with 100,000 tasks in 200 projects. Run with
//! `cargo nextest run --run-ignored only --no-capture measures_a_large_store`.

use std::time::Instant;

use super::*;

fn fill(conn: &Connection) {
    let projects: Vec<String> = (0..200).map(|n| format!("{n:032x}")).collect();
    conn.execute_batch("BEGIN").unwrap();
    for project in &projects {
        insert(conn, "project", json!({"id": project, "name": format!("project {project}")}));
    }
    for n in 0..100_000_i64 {
        let tags = if n % 50 == 0 { json!(["best", "v1"]) } else { json!(["v1"]) };
        let params: Json = (0..10)
            .map(|p| {
                (
                    format!("p{p}"),
                    json!({"section": "Args", "name": format!("p{p}"), "value": (n * p % 97).to_string()}),
                )
            })
            .collect();
        let id = format!("{n:032x}");
        insert(
            conn,
            "task",
            json!({
                "id": id, "name": format!("training run {n}"), "project": projects[usize::try_from(n % 200).unwrap()],
                "last_update": n * 7919 % 1_000_003, "status": if n % 3 == 0 { "completed" } else { "failed" }, "tags": tags,
                "system_tags": if n % 20 == 0 { json!(["archived"]) } else { json!([]) },
                "hyperparams": {"Args": params}, "script": {"diff": "d".repeat(2000), "repository": "r"},
            }),
        );
        metric(conn, &id, "loss", "train", f64::from(u32::try_from(n * 31 % 1009).unwrap()));
        metric(conn, &id, "accuracy", "test", f64::from(u32::try_from(n * 17 % 997).unwrap()));
    }
    conn.execute_batch("COMMIT; ANALYZE").unwrap();
}

#[test]
#[ignore = "takes minutes; a measurement, not a check"]
fn measures_a_large_store() {
    let conn = database();
    let start = Instant::now();
    fill(&conn);
    println!("filled in {:?}", start.elapsed());
    let project = format!("{:032x}", 7);
    let fields = json!([
        "name",
        "status",
        "tags",
        "project.name",
        "user.name",
        "last_update",
        "last_iteration",
        "last_metrics.loss.train.value",
        "hyperparams.Args.p3.value",
        "runtime.progress"
    ]);
    let cases = [
        ("project table, newest first", json!({"project": [project], "order_by": ["-last_update"]})),
        (
            "project table without archived",
            json!({"project": [project], "order_by": ["-last_update"], "system_tags": ["__$not", "archived"]}),
        ),
        (
            "project table by tag",
            json!({"project": [project], "tags": ["best"], "order_by": ["-last_update"]}),
        ),
        (
            "project table by metric",
            json!({"project": [project], "order_by": ["-last_metrics.loss.train.value"]}),
        ),
        (
            "project table by parameter",
            json!({"project": [project], "order_by": ["hyperparams.Args.p3.value"]}),
        ),
        ("all tasks, newest first", json!({"order_by": ["-last_update"]})),
        ("all tasks, oldest first", json!({"order_by": ["last_update"]})),
        ("all tasks by rare tag", json!({"tags": ["best"], "order_by": ["-last_update"]})),
        ("all tasks by unknown tag", json!({"tags": ["nosuch"], "order_by": ["-last_update"]})),
        ("all tasks by metric", json!({"order_by": ["last_metrics.loss.train.value"]})),
        ("all tasks by parameter value", json!({"hyperparams.Args.p3.value": ["12"]})),
        ("all tasks by exact name", json!({"name": "^training\\ run\\ 4711$"})),
        ("all tasks by pattern", json!({"name": "run 4711"})),
        ("all tasks by status", json!({"status": ["completed"], "order_by": ["-last_update"]})),
        (
            "project and below",
            json!({"project": [project], "include_subprojects": true, "order_by": ["-last_update"]}),
        ),
        ("text search", json!({"search_text": "4711", "order_by": ["@text_score"]})),
        ("common word", json!({"search_text": "training", "order_by": ["@text_score"]})),
        ("page 100", json!({"order_by": ["-last_update"], "page": 1000})),
    ];
    for (name, mut request) in cases {
        request["page_size"] = json!(15);
        let query = query::parse(&TASK, &object(request.clone()), &QueryOptions::default()).unwrap();
        let mut select = query::matching(&TASK, &scope(), &query);
        select.column((DOCUMENT, "rowid"));
        query::ordered(&TASK, &query, &mut select);
        window(&mut select, 0, Some(15));
        let (sql, values) = build(&select).unwrap();
        request["only_fields"] = fields.clone();
        let start = Instant::now();
        let count = search(&conn, &TASK, true, request).unwrap().documents.len();
        println!("{:>9.2?}  {name}: {count} rows", start.elapsed());
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        for step in plan {
            println!("             {}", step.unwrap());
        }
    }
}
