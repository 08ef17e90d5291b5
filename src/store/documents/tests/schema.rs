//! Derived tables follow the documents, whatever statement changes them.

use super::*;

fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn side_tables_follow_a_task() {
    let conn = database();
    insert(
        &conn,
        "task",
        json!({
            "id": "T", "project": "p", "tags": ["b", "a", "a"], "system_tags": ["s"],
            "hyperparams": {"Args": {"lr": {"value": "1"}, "odd": 5}, "bad": "text"},
            "models_input": [{"name": "in", "model": "M"}, "odd"],
        }),
    );
    metric(&conn, "T", "loss", "train", 1.0);
    let tags = "SELECT tag || system || company || ifnull(project, '-') FROM task_tag ORDER BY 1";
    assert_eq!(rows(&conn, tags), ["a0c1p", "b0c1p", "s1c1p"]);
    assert_eq!(rows(&conn, "SELECT section || name || value FROM task_hyperparam"), ["Argslr1"]);
    assert_eq!(rows(&conn, "SELECT direction || model FROM task_model"), ["inputM"]);

    conn.execute(
        "UPDATE task SET tags = '[\"c\"]', hyperparams = '{}', models_output = '[{\"model\":\"N\"}]'",
        [],
    )
    .unwrap();
    assert_eq!(rows(&conn, tags), ["c0c1p", "s1c1p"]);
    assert_eq!(rows(&conn, "SELECT name FROM task_hyperparam"), [""; 0]);
    assert_eq!(rows(&conn, "SELECT direction || model FROM task_model ORDER BY 1"), ["inputM", "outputN"]);

    conn.execute("UPDATE task SET project = NULL, company = ''", []).unwrap();
    assert_eq!(rows(&conn, tags), ["c0-", "s1-"]);
    for table in ["task_tag", "task_model", "task_metric"] {
        assert_eq!(
            rows(&conn, &format!("SELECT DISTINCT company || ifnull(project, '-') FROM {table}")),
            ["-"],
            "{table}"
        );
    }

    conn.execute("DELETE FROM task", []).unwrap();
    for table in ["task_tag", "task_hyperparam", "task_model", "task_metric"] {
        assert_eq!(rows(&conn, &format!("SELECT company FROM {table}")), [""; 0], "{table}");
    }
}

#[test]
fn a_change_and_a_move_in_one_statement_keep_side_rows_right() {
    let conn = database();
    insert(&conn, "task", json!({"id": "T", "project": "p", "tags": ["a"]}));
    conn.execute("UPDATE task SET tags = '[\"b\"]', project = 'q', company = 'c2'", []).unwrap();
    assert_eq!(rows(&conn, "SELECT tag || company || project FROM task_tag"), ["bc2q"]);
}

#[test]
fn ancestors_follow_a_project() {
    let conn = database();
    insert(&conn, "project", json!({"id": "p", "path": ["r", "q"]}));
    let path = "SELECT ancestor || depth FROM project_path ORDER BY depth";
    assert_eq!(rows(&conn, path), ["r0", "q1"]);
    conn.execute("UPDATE project SET path = '[\"x\"]'", []).unwrap();
    assert_eq!(rows(&conn, path), ["x0"]);
    conn.execute("DELETE FROM project", []).unwrap();
    assert_eq!(rows(&conn, path), [""; 0]);
}

#[test]
fn entries_go_with_their_queue_and_follow_their_task() {
    let conn = database();
    insert(&conn, "queue", json!({"id": "Q", "metadata": {"k": {"value": "v"}}}));
    insert(&conn, "task", json!({"id": "T", "project": "p"}));
    conn.execute_batch(
        "INSERT INTO queue_entry (queue, task, position, added, submitter, company, project)
         VALUES ('Q', 'T', 1, 0, 'ann', 'c1', 'p');
         UPDATE task SET project = 'q';",
    )
    .unwrap();
    assert_eq!(rows(&conn, "SELECT project FROM queue_entry"), ["q"]);
    assert_eq!(rows(&conn, "SELECT key || value FROM queue_metadata"), ["kv"]);
    conn.execute("DELETE FROM queue", []).unwrap();
    assert_eq!(rows(&conn, "SELECT task FROM queue_entry"), [""; 0]);
}

#[test]
fn writers_share_the_field_table() {
    for (path, column) in [
        ("status", Some("status")),
        ("execution.queue", Some("execution_queue")),
        ("execution.artifacts", Some("artifacts")),
        ("models.output", Some("models_output")),
        ("hyperparams", Some("hyperparams")),
        ("tags", Some("tags")),
        ("execution.framework", None),
        ("last_metrics", None),
        ("nosuch", None),
    ] {
        assert_eq!(TASK.column_of(path), column, "{path}");
    }
}

#[test]
fn every_described_column_exists() {
    let conn = database();
    use crate::store::query::{COMPANY, MODEL, QUEUE, USER};
    for collection in [&TASK, &MODEL, &PROJECT, &QUEUE, &USER, &COMPANY] {
        let all = Projection::parse(collection, &["*"], true).unwrap();
        read::documents(&conn, &scope(), collection, &[1], &all, None).unwrap();
    }
}
