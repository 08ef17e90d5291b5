//! From the query builder's values to SQLite's.

use rusqlite::types::Value as Sql;
use sea_query::{SelectStatement, SqliteQueryBuilder, Value};

use crate::types::{ApiError, ErrorKind, Result};

/// Builds a statement: its text with placeholders, and the values to bind.
pub(crate) fn build(select: &SelectStatement) -> Result<(String, Vec<Sql>)> {
    let (sql, values) = select.build(SqliteQueryBuilder);
    Ok((sql, values.into_iter().map(convert).collect::<Result<_>>()?))
}

fn convert(value: Value) -> Result<Sql> {
    Ok(match value {
        Value::Bool(value) => value.map_or(Sql::Null, |value| Sql::Integer(value.into())),
        Value::Int(value) => value.map_or(Sql::Null, |value| Sql::Integer(value.into())),
        Value::BigInt(value) => value.map_or(Sql::Null, Sql::Integer),
        Value::BigUnsigned(value) => {
            value.map_or(Sql::Null, |value| Sql::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
        }
        Value::Double(value) => value.map_or(Sql::Null, Sql::Real),
        Value::String(value) => value.map_or(Sql::Null, Sql::Text),
        other => {
            tracing::error!(?other, "a statement binds a value of an unexpected type");
            return Err(ApiError::new(ErrorKind::InternalError, "the server's log has the details"));
        }
    })
}
