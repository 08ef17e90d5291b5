//! Runtime properties: what an agent remembers on the server between its restarts.

use crate::{
    domain::Ctx,
    store::workers::Property,
    types::{ApiError, ErrorKind, Millis, Result},
};

/// A property to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProperty {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Seconds until it is forgotten.
    pub expiry: Option<i64>,
}

/// Most properties of one worker.
const MOST: usize = 100;

/// Longest key or value, in bytes.
const LONGEST: usize = 4096;

/// What a worker of the caller remembers, each with the seconds that are left to it.
pub fn properties(ctx: &Ctx<'_>, worker: &str) -> Result<Vec<(Property, Option<i64>)>> {
    ctx.read(|snapshot| {
        let found = snapshot.worker_properties(ctx.caller.user.as_str(), worker)?;
        let left = |expires: Millis| (expires.0 - snapshot.now.0 + 999) / 1000;
        Ok(found.into_iter().map(|property| (property.clone(), property.expires.map(left))).collect())
    })
}

/// Remembers properties for a worker of the caller.
///
/// Errors: 400/12 too many, or too long.
pub fn set_properties(ctx: &Ctx<'_>, worker: &str, properties: &[NewProperty]) -> Result<()> {
    let refused = |text: &str| {
        Err(ApiError::new(ErrorKind::ValidationError, text.to_owned()).with("field", "runtime_properties"))
    };
    if worker.len() > LONGEST
        || properties.iter().any(|property| property.key.len() > LONGEST || property.value.len() > LONGEST)
    {
        return refused("a name or value may have at most 4,096 bytes");
    }
    ctx.write(|tx| {
        let user = ctx.caller.user.as_str();
        for property in properties {
            let expires =
                property.expiry.filter(|seconds| *seconds > 0).map(|seconds| tx.now.plus_seconds(seconds));
            let property = Property { key: property.key.clone(), value: property.value.clone(), expires };
            tx.set_worker_property(user, worker, &property)?;
        }
        if tx.worker_properties(user, worker)?.len() > MOST {
            return refused("a worker may have at most 100 properties");
        }
        Ok(())
    })
}
