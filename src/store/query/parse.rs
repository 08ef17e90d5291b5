//! From a request object to a [`Query`] (protocol: spec/protocol.md 5).

use std::sync::Arc;

use serde_json::Value;

use crate::types::{ApiError, ErrorKind, Json, Result, Version};

use super::{
    ast::{Condition, OrderBy, OrderKey, Query},
    list, path,
    pattern::Pattern,
    range,
    schema::{Collection, Entity, Hidden, Shape},
    tags, text, window,
};

/// Rows of a page when the request does not say, and the most it may ask for.
pub const PAGE_SIZE: u64 = 500;

/// SQLite limits the depth of an expression; a statement never comes near it.
const MAX_CONDITIONS: usize = 300;
/// More order keys than this make no difference to anybody.
const MAX_ORDER_KEYS: usize = 50;

/// What the endpoint, not the request, decides about a query.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// The version of the API that was asked for.
    pub version: Version,
    /// Whether public documents belong to the answer.
    pub public: Public,
    /// List hidden documents whatever the request says.
    pub show_hidden: bool,
    /// Greatest page, `services._mongo.max_page_size`.
    pub max_page_size: u64,
    /// System tags that hide a queue, `services.queues.hidden_tags`.
    pub hidden_queue_tags: Vec<String>,
    /// Only these documents, whatever the request says.
    pub only: Option<Vec<String>>,
    /// Conditions besides those of the request, in the same language: `{"type": ["controller"]}`.
    pub also: Json,
    /// For projects `parent` and `path` are lists like any other, and `shallow_search` means nothing: for counts, not
    /// for listings (spec/projects.md 4.3).
    pub plain_tree: bool,
}

impl Default for QueryOptions {
    fn default() -> Self {
        QueryOptions {
            version: Version::CURRENT,
            public: Public::Always,
            show_hidden: false,
            max_page_size: PAGE_SIZE,
            hidden_queue_tags: vec!["k8s-glue".to_owned()],
            only: None,
            also: Json::new(),
            plain_tree: false,
        }
    }
}

/// Who decides whether public documents belong to an answer (protocol: spec/protocol.md 5.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// They always do.
    Always,
    /// `allow_public` of the request, by default yes; projects also know `non_public`.
    ByRequest,
    /// They never do.
    Never,
}

/// Reads a request. Unknown keys are ignored, so are nulls.
///
/// Errors: as the protocol names them for each part; all are 400.
pub fn parse(collection: &'static Collection, request: &Json, options: &QueryOptions) -> Result<Query> {
    let request = &*tags::modern(collection, request, options.version);
    let mut conditions = Vec::new();
    let filters = filters(collection, request, &mut conditions)?;
    // A list field in `filters` replaces the plain key; other names there mean nothing.
    let replaced = |key: &str| {
        Collection::lists_key(collection.lists, key)
            && filters.and_then(|filters| filters.get(key)).is_some_and(|entry| !entry.is_null())
    };
    for (key, value) in request {
        if !value.is_null() && !replaced(key) {
            conditions.extend(condition(collection, request, key, value, options.plain_tree)?);
        }
    }
    for (key, all) in [("_any_", false), ("_or_", false), ("_all_", true), ("_and_", true)] {
        if let Some(value) = request.get(key).filter(|value| !value.is_null()) {
            conditions.extend(multiple_fields(collection, value, all)?);
        }
    }
    if collection.entity == Entity::Project && !options.plain_tree {
        conditions.extend(top_level_only(request));
    }
    if conditions.len() > MAX_CONDITIONS {
        return Err(ApiError::new(ErrorKind::ValidationError, "a query may have at most 300 conditions"));
    }
    for (key, value) in &options.also {
        conditions.extend(condition(collection, &options.also, key, value, options.plain_tree)?);
    }
    conditions.extend(hidden_rule(collection, request, options));
    if let Some(ids) = &options.only {
        let list = super::ast::List { any: ids.clone(), ..Default::default() };
        // An empty list here means nothing at all, unlike one of the request.
        conditions.push(match ids.is_empty() {
            true => Condition::Any(Vec::new()),
            false => Condition::List(vec!["id".to_owned()], list),
        });
    }
    let text = match request.get("search_text") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(_)) if collection.text.is_none() => {
            return Err(ApiError::new(ErrorKind::FieldsValueError, "this collection has no text search"));
        }
        Some(Value::String(text)) => Some(text::parse(text)),
        Some(_) => return Err(ApiError::new(ErrorKind::ValidationError, "search_text must be text")),
    };
    let order = order(collection, request, text.is_some())?;
    Ok(Query {
        conditions,
        natural: natural(collection, request),
        order,
        window: window::parse(request, options.max_page_size)?,
        public: public(collection, request, options),
        text,
    })
}

/// The truth of a flag: any value is accepted, `"false"` is false (spec/security_rules.md, decisions).
pub fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
    }
}

fn filters<'a>(
    collection: &'static Collection,
    request: &'a Json,
    conditions: &mut Vec<Condition>,
) -> Result<Option<&'a Json>> {
    let filters = match request.get("filters") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(filters)) => filters,
        Some(_) => {
            return Err(ApiError::new(ErrorKind::FieldsValueError, "filters must be an object of fields")
                .with("field", "filters"));
        }
    };
    for (field, entry) in filters {
        if !entry.is_null()
            && Collection::lists_key(collection.lists, field)
            && let Some(filter) = list::parse_filter(field, entry)?
        {
            conditions.push(Condition::Filter(path::parse(collection, field)?, filter));
        }
    }
    Ok(Some(filters))
}

/// The condition of one request key, if it is one of the collection's.
fn condition(
    collection: &'static Collection,
    request: &Json,
    key: &str,
    value: &Value,
    plain_tree: bool,
) -> Result<Option<Condition>> {
    // Listings of projects rewrite `parent` and own `path` (spec/projects.md 3.6).
    let rewrites = collection.entity == Entity::Project && !plain_tree;
    if rewrites && key == "path" {
        return Ok(None);
    }
    let named = renamed_key(collection, key);
    let listed = |keys: &[&str]| Collection::lists_key(keys, &named);
    if listed(collection.patterns) {
        return pattern(collection, key, value);
    }
    if listed(collection.lists) {
        let mut path = path::parse(collection, key)?;
        let Some(mut list) = list::parse(key, value)? else { return Ok(None) };
        if rewrites && key == "parent" && !truthy(request.get("shallow_search")) {
            // Anywhere below the given projects. Without values only "no parent" was asked for.
            if !(list.any.is_empty() && list.all.is_empty() && list.none.is_empty()) {
                path = vec!["path".to_owned()];
            }
        }
        list.with_descendants = key == "project" && truthy(request.get("include_subprojects"));
        return Ok(Some(Condition::List(path, list)));
    }
    if listed(collection.exact) {
        let path = path::parse(collection, key)?;
        let value = match (collection.shape_of(&path), value) {
            (Some(Shape::Flag), value) => Value::Bool(truthy(Some(value))),
            (_, value) => value.clone(),
        };
        return Ok(Some(Condition::Equals(path, value)));
    }
    if listed(collection.ranges) {
        let path = path::parse(collection, key)?;
        let shape = collection.shape_of(&path);
        return range::parse_range(key, path, shape, value).map(Some);
    }
    if listed(collection.datetimes) {
        return range::parse_datetime(key, path::parse(collection, key)?, value);
    }
    Ok(None)
}

/// The present name of a key, for the look-up of its kind only.
fn renamed_key(collection: &Collection, key: &str) -> String {
    for (old, new) in collection.renamed {
        if let Some(rest) = key.strip_prefix(old).filter(|rest| rest.starts_with('.')) {
            return format!("{new}{rest}");
        }
    }
    key.to_owned()
}

fn pattern(collection: &Collection, key: &str, value: &Value) -> Result<Option<Condition>> {
    match value {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => {
            let pattern = Pattern::new(text, false).map_err(|error| error.with("field", key))?;
            Ok(Some(Condition::Matches(path::parse(collection, key)?, Arc::new(pattern))))
        }
        _ => Err(ApiError::new(ErrorKind::ValidationError, "a pattern must be text").with("field", key)),
    }
}

/// `_any_` and `_all_` (protocol: spec/protocol.md 5.8).
fn multiple_fields(collection: &'static Collection, value: &Value, all: bool) -> Result<Option<Condition>> {
    let refused = |why: &str| ApiError::new(ErrorKind::FieldsValueError, why.to_owned());
    let Value::Object(members) = value else {
        return Err(refused(
            "a condition on several fields must be an object with fields and pattern or datetime",
        ));
    };
    if members.keys().any(|name| !matches!(name.as_str(), "fields" | "pattern" | "datetime")) {
        return Err(refused(
            "a condition on several fields has only the members fields, pattern and datetime",
        ));
    }
    let given = |name: &str| members.get(name).filter(|value| !value.is_null());
    let Some(Value::Array(fields)) = given("fields") else {
        return Err(refused("a condition on several fields needs a list of fields"));
    };
    let fields = fields
        .iter()
        .map(|field| field.as_str().ok_or_else(|| refused("field names must be text")))
        .collect::<Result<Vec<&str>>>()?;
    if fields.len() > MAX_CONDITIONS {
        return Err(ApiError::new(ErrorKind::ValidationError, "a condition may name at most 300 fields"));
    }
    let conditions = match (given("pattern"), given("datetime")) {
        (Some(Value::String(source)), None) => {
            let pattern = Arc::new(Pattern::new(source, true)?);
            let lenient = fields.iter().any(|field| field.contains("._"));
            let mut conditions = Vec::new();
            for field in fields {
                let path = path::parse(collection, field)?;
                if !lenient && path.first().is_none_or(|first| collection.field(first).is_none()) {
                    return Err(unknown(field));
                }
                if !source.is_empty() {
                    conditions.push(Condition::Matches(path, Arc::clone(&pattern)));
                }
            }
            conditions
        }
        (None, Some(_)) if collection.datetimes.is_empty() => {
            return Err(refused("this collection has no date fields to search"));
        }
        (None, Some(dates)) => {
            let mut conditions = Vec::new();
            for field in fields.into_iter().filter(|field| collection.datetimes.contains(field)) {
                conditions.extend(range::parse_datetime(field, path::parse(collection, field)?, dates)?);
            }
            conditions
        }
        _ => return Err(refused("give either pattern, as text, or datetime")),
    };
    Ok(match (conditions.is_empty(), all) {
        (true, _) => None,
        (false, true) => Some(Condition::All(conditions)),
        (false, false) => Some(Condition::Any(conditions)),
    })
}

/// An error for a field that the collection does not have.
pub(crate) fn unknown(field: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidFields, "there is no such field").with("field", field)
}

/// `shallow_search` without `parent`: the top level only (spec/projects.md 3.6).
fn top_level_only(request: &Json) -> Option<Condition> {
    (truthy(request.get("shallow_search")) && !request.contains_key("parent")).then(|| {
        let list = super::ast::List { or_empty: true, ..Default::default() };
        Condition::List(vec!["parent".to_owned()], list)
    })
}

fn hidden_rule(collection: &Collection, request: &Json, options: &QueryOptions) -> Option<Condition> {
    let given = |key: &str| truthy(request.get(key));
    let system_tags = || vec!["system_tags".to_owned()];
    if options.show_hidden || given("search_hidden") || given("id") {
        return None;
    }
    match collection.hidden {
        Hidden::Nothing => None,
        Hidden::Tagged => Some(Condition::Without(system_tags(), vec!["hidden".to_owned()])),
        Hidden::Configured if given("name") || options.hidden_queue_tags.is_empty() => None,
        Hidden::Configured => Some(Condition::Without(system_tags(), options.hidden_queue_tags.clone())),
    }
}

fn public(collection: &Collection, request: &Json, options: &QueryOptions) -> bool {
    let given = |key: &str| request.get(key).filter(|value| !value.is_null());
    match (collection.entity, options.public) {
        (Entity::Queue | Entity::User | Entity::Company, _) | (_, Public::Never) => false,
        (_, Public::Always) => true,
        (entity, Public::ByRequest) => match given("allow_public") {
            Some(allowed) => truthy(Some(allowed)),
            None => !(entity == Entity::Project && truthy(given("non_public"))),
        },
    }
}

fn order(collection: &'static Collection, request: &Json, searching: bool) -> Result<Vec<OrderKey>> {
    let names = names(request, "order_by")?;
    if names.len() > MAX_ORDER_KEYS {
        return Err(ApiError::new(ErrorKind::ValidationError, "order_by may name at most 50 fields"));
    }
    let mut keys = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let (descending, field) = match name.strip_prefix('-') {
            Some(field) => (true, field),
            None => (false, *name),
        };
        if field == "@text_score" {
            if !searching {
                return Err(ApiError::new(ErrorKind::FieldsValueError, "@text_score needs search_text")
                    .with("field", "order_by"));
            }
            keys.push(OrderKey { by: OrderBy::Relevance, descending: false });
            continue;
        }
        let path = path::parse(collection, field)?;
        match collection.shape_of(&path) {
            Some(_) => keys.push(OrderKey { by: OrderBy::Field(path), descending }),
            None if position == 0 && !descending => return Err(unknown(field)),
            None => {}
        }
    }
    let by_id = |key: &OrderKey| matches!(&key.by, OrderBy::Field(path) if *path == ["id"]);
    if !names.is_empty() && !keys.iter().any(by_id) {
        keys.push(OrderKey { by: OrderBy::Field(vec!["id".to_owned()]), descending: false });
    }
    Ok(keys)
}

/// A list of names; a single text counts as a list of one.
///
/// Errors: `400/12` when it holds anything but texts, or more than 10,000.
pub(crate) fn names<'a>(request: &'a Json, key: &str) -> Result<Vec<&'a str>> {
    let Some(value) = request.get(key).filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    list::items(value)?
        .iter()
        .map(|item| {
            item.as_str().ok_or_else(|| {
                ApiError::new(ErrorKind::ValidationError, "the list must hold field names").with("field", key)
            })
        })
        .collect()
}

fn natural(collection: &Collection, request: &Json) -> bool {
    let first = match request.get("order_by") {
        Some(Value::Array(items)) => items.first().and_then(Value::as_str),
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let first = first.map(|name| name.strip_prefix('-').unwrap_or(name));
    request
        .keys()
        .map(String::as_str)
        .chain(first)
        .any(|key| collection.natural.iter().any(|prefix| key.starts_with(prefix)))
}
