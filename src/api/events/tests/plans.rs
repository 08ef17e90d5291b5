//! Every reader finds its rows by an index, whatever else the tables hold.

use super::*;

/// Statements as the readers send them, with what their plan must say.
const STATEMENTS: &[(&str, &str)] = &[
    (
        "SELECT line, msg FROM log INDEXED BY log_by_time WHERE owner = 1 AND line <= 99 AND (timestamp, line) < (5, 9)
         ORDER BY timestamp DESC, line DESC LIMIT 5",
        "INDEX log_by_time (owner=? AND (timestamp,line)<(?,?))",
    ),
    (
        "SELECT line, msg FROM log WHERE owner = 1 AND line <= 5 ORDER BY line DESC LIMIT 3",
        "PRIMARY KEY (owner=? AND line<?)",
    ),
    (
        "SELECT line, msg FROM log INDEXED BY log_serious WHERE severity = 1 AND severity > 0 AND owner = 1 AND line <= 5
         ORDER BY line DESC LIMIT 3",
        "INDEX log_serious (owner=? AND severity=? AND line<?)",
    ),
    (
        "SELECT iteration, line FROM log WHERE owner = 1 AND iteration IS NOT NULL AND iteration BETWEEN 1 AND 5
         ORDER BY iteration DESC, line DESC LIMIT 5 OFFSET 1",
        "INDEX log_by_iteration (owner=? AND iteration>? AND iteration<?)",
    ),
    (
        "SELECT iteration, value, timestamp, batch FROM scalar WHERE series = 1 AND iteration BETWEEN 1 AND 9
         ORDER BY iteration DESC LIMIT 5",
        "PRIMARY KEY (series=? AND iteration>? AND iteration<?)",
    ),
    (
        "SELECT first, last, id, head FROM scalar_chunk WHERE series = 1 AND first BETWEEN
             coalesce((SELECT max(first) FROM scalar_chunk WHERE series = 1 AND first <= 5), 5) AND 9
         ORDER BY first DESC LIMIT 4",
        "PRIMARY KEY (series=? AND first>? AND first<?)",
    ),
    (
        "SELECT sum(points) FROM scalar_chunk WHERE series = 1 AND first BETWEEN 1 AND 9 AND last <= 9",
        "PRIMARY KEY (series=? AND first>? AND first<?)",
    ),
    (
        "SELECT iteration FROM image WHERE series = 1 AND url = 'x' AND iteration < 5 ORDER BY iteration DESC LIMIT 1",
        "INDEX image_by_url (series=? AND url=? AND iteration<?)",
    ),
    (
        "SELECT max(iteration) FROM image WHERE series = 1 AND url IS NOT NULL GROUP BY url",
        "COVERING INDEX image_by_url (series=? AND url>?)",
    ),
    (
        "SELECT DISTINCT iteration FROM image WHERE series = 1 AND iteration BETWEEN 1 AND 5 AND url IS NOT NULL
         ORDER BY iteration DESC LIMIT 3",
        "INDEX sqlite_autoindex_image_1 (series=? AND iteration>? AND iteration<?)",
    ),
    (
        "SELECT iteration, seq FROM image WHERE series = 1 AND iteration BETWEEN 1 AND 5
         ORDER BY iteration DESC, key DESC LIMIT 3",
        "INDEX sqlite_autoindex_image_1 (series=? AND iteration>? AND iteration<?)",
    ),
    (
        "SELECT iteration, seq FROM plot WHERE series = 1 AND iteration BETWEEN 1 AND 5
         ORDER BY iteration DESC, seq DESC LIMIT 3",
        "INDEX sqlite_autoindex_plot_1 (series=? AND iteration>? AND iteration<?)",
    ),
];

#[test]
fn readers_use_their_indices_and_do_not_sort() {
    let house = House::open();
    let mut wrong = Vec::new();
    for (sql, expected) in STATEMENTS {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let scope = crate::store::Scope::server();
        let plan: Vec<String> =
            house.0.app.store.read(&scope, |snapshot| snapshot.all(&explain, [], |row| row.get(3))).unwrap();
        let good = plan.iter().any(|step| step.contains(expected))
            && !plan.iter().any(|step| step.contains("TEMP B-TREE") || step.contains("SCAN"));
        if !good {
            wrong.push(format!("{sql}\nwanted {expected}\nfound {plan:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
