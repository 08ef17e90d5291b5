//! Reading the log: calls and security events as one list by time, nothing twice. A security event whose call is logged
//! is part of that call's entry.

use std::fmt::Write as _;

use rusqlite::{Row, params_from_iter, types::Value as Sql};
use serde_json::Value;

use super::CallStore;
use crate::{
    store::failed,
    types::{Millis, Result},
};

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Tenants; `None`: all. An empty name stands for calls without a known caller.
    pub companies: Option<Vec<String>>,
    /// Not before.
    pub from: Option<Millis>,
    /// Not after.
    pub to: Option<Millis>,
    /// Whom calls ran as.
    pub users: Vec<String>,
    /// Who really acted.
    pub actors: Vec<String>,
    /// Patterns with `*` and `?`; a leading minus excludes.
    pub endpoints: Vec<String>,
    /// Result codes.
    pub codes: Vec<i64>,
    /// Addresses.
    pub ips: Vec<String>,
    /// Id of an object that the call touched.
    pub object: Option<String>,
    /// Text anywhere in the entry.
    pub search: Option<String>,
    /// Only calls that were refused or failed.
    pub refused: bool,
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The log of calls.
    Call,
    /// The security events.
    Security,
}

/// Where a list goes on: after this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Time of the entry.
    pub at: Millis,
    /// Its source.
    pub source: Source,
    /// Its number there.
    pub seq: i64,
}

/// An entry as read.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Where it stands.
    pub position: Position,
    /// Effective tenant.
    pub company: String,
    /// Id of the call.
    pub call_id: String,
    /// Endpoint or operation.
    pub endpoint: String,
    /// Whom it ran as.
    pub user: Option<String>,
    /// Display name of the user.
    pub user_name: Option<String>,
    /// Who really acted.
    pub actor: Option<String>,
    /// Display name of the actor.
    pub actor_name: Option<String>,
    /// Name of the tenant.
    pub company_name: Option<String>,
    /// Address.
    pub ip: Option<String>,
    /// Result code.
    pub code: u16,
    /// Result subcode.
    pub subcode: u16,
    /// Session and access key; security events only.
    pub credentials: (Option<String>, Option<String>),
    /// The logged entry, or the event's note.
    pub content: Value,
    /// Hash of the row.
    pub chain: Vec<u8>,
    /// The security event of a logged call: its number, hash and note.
    pub security: Option<(i64, Vec<u8>, Value)>,
}

/// Calls within a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// All.
    pub calls: u64,
    /// Those refused or failed.
    pub refused: u64,
}

/// What occurs in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Ids of users, with their names where they are known.
    pub users: Vec<(String, Option<String>)>,
    /// Endpoints and operations.
    pub endpoints: Vec<String>,
}

/// Columns of the two sources under common names.
const CALLS: (&str, &str) = (
    "0 AS source, e.seq, e.ts, e.company, e.call_id, e.endpoint, e.user, e.actor, e.ip, e.code, e.subcode,
     NULL AS session_id, NULL AS access_key, e.entry AS content, e.chain",
    "call e",
);
const EVENTS: (&str, &str) = (
    "1 AS source, e.seq, e.ts, e.company, e.call_id, e.operation AS endpoint, e.user, e.actor, e.ip, e.code, e.subcode,
     e.session_id, e.access_key, e.note AS content, e.chain",
    "main_db.security_event e",
);
/// A security event is shown by itself unless its call is.
const NOT_LOGGED: &str =
    " AND NOT EXISTS (SELECT 1 FROM call c WHERE c.call_id = e.call_id AND c.endpoint = e.operation)";

fn conditions(filter: &Filter, source: Source, values: &mut Vec<Sql>) -> String {
    let mut sql = "1".to_owned();
    let endpoint = if source == Source::Call { "e.endpoint" } else { "e.operation" };
    let content = if source == Source::Call { "e.entry" } else { "e.note" };
    let mut bind = |value: Sql| {
        values.push(value);
        format!("?{}", values.len())
    };
    let list = |texts: &[String]| Sql::Text(Value::from(texts.to_vec()).to_string());
    // Writing to a String cannot fail.
    if let Some(companies) = &filter.companies {
        match companies.as_slice() {
            [one] => {
                let _ = write!(sql, " AND e.company = {}", bind(Sql::Text(one.clone())));
            }
            many => {
                let _ = write!(sql, " AND e.company IN (SELECT value FROM json_each({}))", bind(list(many)));
            }
        }
    }
    for (bound, sign) in [(filter.from, ">="), (filter.to, "<=")] {
        if let Some(bound) = bound {
            let _ = write!(sql, " AND e.ts {sign} {}", bind(Sql::Integer(bound.0)));
        }
    }
    for (column, wanted) in [("user", &filter.users), ("actor", &filter.actors), ("ip", &filter.ips)] {
        if !wanted.is_empty() {
            let _ = write!(sql, " AND e.{column} IN (SELECT value FROM json_each({}))", bind(list(wanted)));
        }
    }
    if !filter.codes.is_empty() {
        let codes = Value::from(filter.codes.clone()).to_string();
        let _ = write!(sql, " AND e.code IN (SELECT value FROM json_each({}))", bind(Sql::Text(codes)));
    }
    if filter.refused {
        sql.push_str(" AND e.code >= 400");
    }
    let (out, within): (Vec<&String>, Vec<&String>) =
        filter.endpoints.iter().partition(|pattern| pattern.starts_with('-'));
    if !within.is_empty() {
        let any: Vec<String> = within
            .iter()
            .map(|pattern| format!("{endpoint} GLOB {}", bind(Sql::Text((*pattern).clone()))))
            .collect();
        let _ = write!(sql, " AND ({})", any.join(" OR "));
    }
    for pattern in out {
        let pattern = pattern.trim_start_matches('-').to_owned();
        let _ = write!(sql, " AND {endpoint} NOT GLOB {}", bind(Sql::Text(pattern)));
    }
    if let Some(object) = &filter.object {
        let at = bind(Sql::Text(object.clone()));
        let _ = match source {
            Source::Call => write!(sql, " AND e.seq IN (SELECT seq FROM call_object WHERE object = {at})"),
            Source::Security => write!(
                sql,
                " AND EXISTS (SELECT 1 FROM json_each(e.note, '$.objects') o WHERE o.value ->> 'id' = {at})"
            ),
        };
    }
    if let Some(search) = &filter.search {
        let at = bind(Sql::Text(search.clone()));
        let _ = write!(
            sql,
            " AND (e.call_id = {at} OR instr(lower({content}), lower({at})) OR instr({endpoint}, {at}) OR e.ip = {at}
                  OR e.user = {at})"
        );
    }
    if source == Source::Security {
        sql.push_str(NOT_LOGGED);
    }
    sql
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    let json = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let security = match (row.get::<_, Option<i64>>(18)?, row.get::<_, Option<Vec<u8>>>(19)?) {
        (Some(seq), Some(chain)) => Some((seq, chain, json(row.get::<_, String>(20)?))),
        _ => None,
    };
    Ok(LogRow {
        position: Position {
            source: if row.get::<_, i64>(0)? == 0 { Source::Call } else { Source::Security },
            seq: row.get(1)?,
            at: Millis(row.get(2)?),
        },
        company: row.get(3)?,
        call_id: row.get(4)?,
        endpoint: row.get(5)?,
        user: row.get(6)?,
        actor: row.get(7)?,
        ip: row.get(8)?,
        code: row.get(9)?,
        subcode: row.get(10)?,
        credentials: (row.get(11)?, row.get(12)?),
        content: json(row.get(13)?),
        chain: row.get(14)?,
        user_name: row.get(15)?,
        actor_name: row.get(16)?,
        company_name: row.get(17)?,
        security,
    })
}

impl CallStore {
    /// Entries that fit, newest first (or oldest first), after a position, `skip` passed over.
    pub fn find(
        &self,
        filter: &Filter,
        newest_first: bool,
        after: Option<Position>,
        skip: u64,
        most: u64,
    ) -> Result<Vec<LogRow>> {
        let mut values = Vec::new();
        let arms = [(CALLS, Source::Call), (EVENTS, Source::Security)].map(|((columns, table), source)| {
            let mut condition = conditions(filter, source, &mut values);
            if let Some(after) = after {
                condition.push_str(&behind(after, source, newest_first, &mut values));
            }
            let order = if newest_first { "DESC" } else { "ASC" };
            // Each source needs no more than the page holds, by its own index.
            format!(
                "SELECT * FROM (SELECT {columns} FROM {table} WHERE {condition} ORDER BY e.ts {order}, e.seq {order}
                                LIMIT {})",
                skip.saturating_add(most)
            )
        });
        let order =
            if newest_first { "l.ts DESC, l.source DESC, l.seq DESC" } else { "l.ts, l.source, l.seq" };
        let [calls, events] = arms;
        let sql = format!(
            "SELECT l.source, l.seq, l.ts, l.company, l.call_id, l.endpoint, l.user, l.actor, l.ip, l.code, l.subcode,
                    l.session_id, l.access_key, l.content, l.chain, u.name, a.name, c.name, s.seq, s.chain, s.note
             FROM (SELECT * FROM ({calls} UNION ALL {events}) l ORDER BY {order} LIMIT {most} OFFSET {skip}) l
             LEFT JOIN main_db.user u ON u.id = l.user
             LEFT JOIN main_db.user a ON a.id = l.actor
             LEFT JOIN main_db.company c ON c.id = l.company
             LEFT JOIN main_db.security_event s ON l.source = 0 AND s.seq =
                 (SELECT min(seq) FROM main_db.security_event WHERE call_id = l.call_id AND operation = l.endpoint)
             ORDER BY {order}"
        );
        self.with_reader(|conn| {
            let mut statement = conn.prepare(&sql).map_err(failed)?;
            let rows = statement.query_map(params_from_iter(values), read).map_err(failed)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failed)
        })
    }

    /// How many entries fit.
    pub fn count(&self, filter: &Filter) -> Result<u64> {
        let mut values = Vec::new();
        let calls = conditions(filter, Source::Call, &mut values);
        let events = conditions(filter, Source::Security, &mut values);
        let sql = format!(
            "SELECT (SELECT count(*) FROM call e WHERE {calls}) +
                    (SELECT count(*) FROM main_db.security_event e WHERE {events})"
        );
        self.with_reader(|conn| {
            conn.query_row(&sql, params_from_iter(values), |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
                .map_err(failed)
        })
    }

    /// Calls over time: `count` spans of equal length from `from` to `to`.
    pub fn volume(&self, filter: &Filter, from: Millis, to: Millis, count: usize) -> Result<Vec<Bucket>> {
        let spans = i64::try_from(count.max(1)).unwrap_or(1);
        let width = ((to.0 - from.0).max(1) + spans - 1) / spans;
        let filter = Filter { from: Some(from), to: Some(to), ..filter.clone() };
        let mut values = vec![Sql::Integer(from.0), Sql::Integer(width.max(1))];
        let calls = conditions(&filter, Source::Call, &mut values);
        let events = conditions(&filter, Source::Security, &mut values);
        let sql = format!(
            "SELECT (ts - ?1) / ?2, count(*), sum(code >= 400) FROM (
                 SELECT e.ts, e.code FROM call e WHERE {calls}
                 UNION ALL SELECT e.ts, e.code FROM main_db.security_event e WHERE {events}) GROUP BY 1"
        );
        let mut buckets = vec![Bucket::default(); count];
        self.with_reader(|conn| {
            let mut statement = conn.prepare(&sql).map_err(failed)?;
            let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let at = row.get::<_, i64>(0).map_err(failed)?;
                let number = |at| row.get::<_, i64>(at).map(i64::unsigned_abs).map_err(failed);
                if let Some(bucket) = usize::try_from(at).ok().and_then(|at| buckets.get_mut(at)) {
                    *bucket = Bucket { calls: number(1)?, refused: number(2)? };
                }
            }
            Ok(())
        })?;
        Ok(buckets)
    }

    /// Users with their names, and endpoints, that some entry has. Skips from value to value in indexes, so that it costs
    /// what there is to show, not what is kept.
    pub fn facets(&self, companies: Option<&[String]>) -> Result<Facets> {
        let given = companies.map(|companies| Value::from(companies.to_vec()).to_string());
        let tenants = "SELECT value AS company FROM json_each(?1) WHERE ?1 IS NOT NULL
             UNION SELECT id FROM main_db.company WHERE ?1 IS NULL UNION SELECT '' WHERE ?1 IS NULL";
        let skipping = |table: &str, column: &str| {
            format!(
                "SELECT v FROM (WITH RECURSIVE t(company) AS ({tenants}),
                 f(company, v) AS (
                     SELECT company, (SELECT min(x.{column}) FROM {table} x WHERE x.company = t.company) FROM t
                     UNION ALL
                     SELECT company, (SELECT min(x.{column}) FROM {table} x WHERE x.company = f.company AND x.{column} > f.v)
                     FROM f WHERE v IS NOT NULL)
                 SELECT DISTINCT v FROM f WHERE v IS NOT NULL)"
            )
        };
        let both = |call: &str, event: &str| {
            format!("{} UNION {}", skipping("call", call), skipping("main_db.security_event", event))
        };
        self.with_reader(|conn| {
            let sql = format!(
                "SELECT e.v, u.name FROM ({}) e LEFT JOIN main_db.user u ON u.id = e.v ORDER BY u.name, e.v LIMIT 10000",
                both("user", "user")
            );
            let mut statement = conn.prepare(&sql).map_err(failed)?;
            let users = statement
                .query_map([&given], |row| Ok((row.get(0)?, row.get(1)?)))
                .and_then(Iterator::collect::<rusqlite::Result<_>>)
                .map_err(failed)?;
            let sql = format!("SELECT v FROM ({}) ORDER BY 1", both("endpoint", "operation"));
            let mut statement = conn.prepare(&sql).map_err(failed)?;
            let endpoints = statement
                .query_map([&given], |row| row.get(0))
                .and_then(Iterator::collect::<rusqlite::Result<_>>)
                .map_err(failed)?;
            Ok(Facets { users, endpoints })
        })
    }
}

/// What comes after a position in the order of the list.
fn behind(after: Position, source: Source, newest_first: bool, values: &mut Vec<Sql>) -> String {
    values.push(Sql::Integer(after.at.0));
    let at = values.len();
    let sign = if newest_first { "<" } else { ">" };
    // Within one moment, sources follow one another; the list shows the later ones first when it runs backwards.
    let rest = match (source.cmp(&after.source), newest_first) {
        (std::cmp::Ordering::Equal, _) => {
            values.push(Sql::Integer(after.seq));
            format!("e.ts = ?{at} AND e.seq {sign} ?{}", values.len())
        }
        (std::cmp::Ordering::Less, true) | (std::cmp::Ordering::Greater, false) => format!("e.ts = ?{at}"),
        _ => "0".to_owned(),
    };
    format!(" AND (e.ts {sign} ?{at} OR ({rest}))")
}
