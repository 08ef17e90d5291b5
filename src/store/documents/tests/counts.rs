//! The table of counts says what counting would say, whatever happens to tasks.

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};

use super::*;

type Count = (String, String, String, String, i64, i64);

fn counts(conn: &Connection, sql: &str) -> Vec<Count> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn counts_follow_every_change() {
    let conn = database();
    let change = prop_oneof![
        select(&["p", "q"][..]).prop_map(|project| format!("project = '{project}'")),
        Just("project = NULL".to_owned()),
        select(&["created", "in_progress", "completed"][..])
            .prop_map(|status| format!("status = '{status}'")),
        select(&["[]", "[\"archived\"]", "[\"a\",\"b\"]"][..])
            .prop_map(|tags| format!("system_tags = '{tags}'")),
        select(&["''", "'c1'"][..]).prop_map(|company| format!("company = {company}")),
        (0..9_000i64).prop_map(|time| format!("started = {time}")),
        (0..9_000i64).prop_map(|time| format!("completed = {time}, status = 'completed'")),
        Just("started = NULL, completed = NULL".to_owned()),
        Just("name = name || 'x', last_update = last_update + 1".to_owned()),
    ];
    let step = (0..4usize, prop_oneof![1 => Just(None), 4 => change.prop_map(Some)]);
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&vec(step, 1..20), |steps| {
        conn.execute("DELETE FROM task", []).unwrap();
        prop_assert_eq!(counts(&conn, "SELECT * FROM task_count"), vec![]);
        for (task, change) in steps {
            let id = format!("T{task}");
            let known: bool =
                conn.query_row("SELECT count(*) FROM task WHERE id = ?1", [&id], |row| row.get(0)).unwrap();
            match (known, change) {
                (false, _) => insert(
                    &conn,
                    "task",
                    json!({"id": id, "project": "p", "started": 1_000, "completed": 4_500}),
                ),
                (true, None) => drop(conn.execute("DELETE FROM task WHERE id = ?1", [&id]).unwrap()),
                (true, Some(set)) => {
                    conn.execute(&format!("UPDATE task SET {set} WHERE id = ?1"), [&id]).unwrap();
                }
            }
            let kept =
                counts(&conn, "SELECT project, company, status, system_tags, tasks, runtime FROM task_count");
            let made = counts(
                &conn,
                "SELECT project, company, status, system_tags, count(*),
                        sum(iif(completed > started, (completed - started) / 1000, 0))
                 FROM task WHERE project IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            );
            prop_assert_eq!(kept, made);
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
