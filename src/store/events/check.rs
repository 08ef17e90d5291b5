//! What `doctor` looks at: whether every chunk of scalars is what was written.

use rusqlite::{Connection, Row};

use super::{
    chunk::{self, Damaged, Head},
    chunks::marks_of,
};

/// Every chunk in order, with whose it is.
const CHUNKS: &str =
    "SELECT c.series, c.first, c.last, c.points, c.valued, c.head, v.data, m.iterations, m.absent, m.times,
        m.batches, o.entity, n.metric, n.variant
    FROM scalar_chunk c LEFT JOIN scalar_values v ON v.id = c.id LEFT JOIN scalar_marks m ON m.id = c.id
        LEFT JOIN series s ON s.id = c.series LEFT JOIN event_owner o ON o.seq = s.owner
        LEFT JOIN metric_variant n ON n.id = s.name
    ORDER BY c.series, c.first";

/// Looks at every chunk: parts, checksums, sums, and that none overlaps the one before. Returns what is wrong and what to
/// do, at most `most` sentences. A database of an older schema has no chunks.
pub(in crate::store) fn damaged_chunks(conn: &Connection, most: usize) -> rusqlite::Result<Vec<String>> {
    if !conn.table_exists(Some("main"), "scalar_chunk")? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare(CHUNKS)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    let mut left_out = 0_u64;
    let mut before: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (series, last): (i64, i64) = (row.get(0)?, row.get(2)?);
        let overlaps = |first| before.is_some_and(|(of, end)| of == series && end >= first);
        if let Err(damaged) = check(row, overlaps)? {
            if found.len() < most {
                found.push(sentence(row, damaged)?);
            } else {
                left_out += 1;
            }
        }
        before = Some((series, last));
    }
    if left_out > 0 {
        found.push(format!("{left_out} more chunks of scalars are damaged"));
    }
    let strays: i64 = conn.query_row(
        "SELECT (SELECT count(*) FROM scalar_values WHERE id NOT IN (SELECT id FROM scalar_chunk))
             + (SELECT count(*) FROM scalar_marks WHERE id NOT IN (SELECT id FROM scalar_chunk))",
        [],
        |row| row.get(0),
    )?;
    if strays > 0 {
        found.push(format!(
            "{strays} columns of scalars belong to no chunk: they take room, and nothing reads them"
        ));
    }
    Ok(found)
}

fn check(row: &Row<'_>, overlaps: impl Fn(i64) -> bool) -> rusqlite::Result<Result<(), Damaged>> {
    let (first, last): (i64, i64) = (row.get(1)?, row.get(2)?);
    let counts: (i64, i64) = (row.get(3)?, row.get(4)?);
    let head = row.get_ref(5)?.as_blob_or_null().unwrap_or_default().unwrap_or_default();
    let values = row.get_ref(6)?.as_blob_or_null().unwrap_or_default();
    let marks = marks_of(row, 7)?;
    Ok(Head::read(first, last, head).and_then(|head| {
        if (head.count as i64, head.valued as i64) != counts {
            return Err(Damaged("its row names another number of points"));
        }
        if overlaps(first) {
            return Err(Damaged("it overlaps the one before it"));
        }
        chunk::verify(&head, values.ok_or(Damaged("its values are missing"))?, marks)
    }))
}

fn sentence(row: &Row<'_>, damaged: Damaged) -> rusqlite::Result<String> {
    let (series, first, last): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let whose = match (row.get::<_, Option<String>>(11)?, row.get::<_, Option<String>>(12)?) {
        (Some(entity), Some(metric)) => {
            let variant: Option<String> = row.get(13)?;
            // Names are the clients' own and may hold anything.
            format!("task or model {entity:?}, metric {metric:?}, variant {:?}", variant.unwrap_or_default())
        }
        _ => "of no task or model".to_owned(),
    };
    Ok(format!(
        "a chunk of scalars is damaged ({whose}, iterations {first} to {last}, series {series}): {damaged}. Charts leave \
         this curve out, all others are whole. Check the disk and restore a backup; without one, save what the other \
         curves hold and call events.delete_for_task (or delete_for_model), which removes the damaged points with the \
         rest of its events"
    ))
}
