//! References of `get_all_ex`: each becomes an object, joined with what is wanted of the document behind it
//! (protocol: spec/protocol.md 5.14; spec/security_rules.md S18).

use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::store::{
    Scope,
    query::{Collection, Field, Shape, visible},
};
use crate::types::{Json, Result};

use super::{
    projection::{Projection, Want},
    read,
};

/// Mark of an id whose document was deleted.
const DELETED: &str = "__DELETED__";

/// Turns the references of documents into objects. What the scope may not see stays `{"id"}`.
///
/// Errors: `400/14` when an unknown field of a referenced document is asked for and some document has the reference.
pub(super) fn references(
    conn: &Connection,
    scope: &Scope,
    public: bool,
    collection: &'static Collection,
    projection: &Projection,
    documents: &mut [Json],
) -> Result<()> {
    let mut places = Vec::new();
    for field in collection.fields {
        if let Some(want) = projection.top(field) {
            locate(field, want, &mut Vec::new(), &mut places);
        }
    }
    for place in places {
        join(conn, scope, public, &place, documents)?;
    }
    Ok(())
}

struct Place<'a> {
    path: Vec<&'static str>,
    shape: &'static Shape,
    target: &'static Collection,
    want: Want<'a>,
}

fn locate<'a>(
    field: &'static Field,
    want: Want<'a>,
    above: &mut Vec<&'static str>,
    places: &mut Vec<Place<'a>>,
) {
    above.push(field.name);
    match &field.shape {
        Shape::Reference(target) => {
            places.push(Place { path: above.clone(), shape: &field.shape, target, want })
        }
        Shape::Object(members) | Shape::Each(members) => {
            for member in *members {
                if let Some(want) = want.child(member.name) {
                    locate(member, want, above, places);
                }
            }
        }
        _ => {}
    }
    above.pop();
}

fn join(
    conn: &Connection,
    scope: &Scope,
    public: bool,
    place: &Place<'_>,
    documents: &mut [Json],
) -> Result<()> {
    let mut ids = BTreeSet::new();
    for document in &mut *documents {
        visit(document, &place.path, &mut |reference| {
            if let Value::String(id) = reference
                && !id.is_empty()
            {
                ids.insert(id.clone());
            }
        });
    }
    let mut joined: HashMap<String, Json> = HashMap::new();
    if !ids.is_empty()
        && let Some(projection) = place.want.joined(place.shape)?
    {
        let ids: Vec<String> = ids.into_iter().filter(|id| !id.starts_with(DELETED)).collect();
        let condition = visible(place.target.entity, scope, public);
        let rows = read::rows_of(conn, place.target, condition, &ids)?;
        let mut targets = read::documents(conn, scope, place.target, &rows, &projection, None)?;
        references(conn, scope, public, place.target, &projection, &mut targets)?;
        for target in targets {
            if let Some(Value::String(id)) = target.get("id") {
                joined.insert(id.clone(), target);
            }
        }
    }
    for document in documents {
        visit(document, &place.path, &mut |reference| {
            let Value::String(id) = reference else { return };
            *reference = Value::Object(match joined.get(id.as_str()) {
                Some(target) => target.clone(),
                // The company of a public document is an empty reference.
                None if id.is_empty() => Map::new(),
                None => Map::from_iter([("id".to_owned(), Value::String(std::mem::take(id)))]),
            });
        });
    }
    Ok(())
}

fn visit(object: &mut Json, path: &[&str], act: &mut impl FnMut(&mut Value)) {
    let Some((first, rest)) = path.split_first() else { return };
    let Some(value) = object.get_mut(*first) else { return };
    if rest.is_empty() {
        return act(value);
    }
    match value {
        Value::Object(inner) => visit(inner, rest, act),
        Value::Array(items) => {
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| visit(item, rest, act))
        }
        _ => {}
    }
}
