//! Where a field's value is found by SQL: an expression with one value, or rows with several.

use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use super::{
    ast::Path,
    schema::{Collection, Entity, Field, Shape, Stored},
    visible::DOCUMENT,
};

/// Alias of a side table in a sub-query.
const SIDE: &str = "side";

/// A list up to this length is bound value by value; a longer one as one JSON text.
const INLINE: usize = 16;

/// The value side of a condition or an order key.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart within one statement")]
pub(crate) enum Operand {
    /// One value, NULL when missing.
    One {
        /// The value.
        value: Expr,
        /// The value when it is text, else NULL. Objects and lists are no text.
        text: Expr,
        /// True where there is no value at all.
        missing: Expr,
        /// Whether `''` may stand for nothing.
        blank: bool,
        /// For a value of any JSON type: its type, and its JSON text.
        json: Option<Json>,
    },
    /// Any number of values.
    Many(Many),
}

/// A value of any type inside a JSON column.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    /// SQLite's name of the JSON type, NULL when missing.
    pub(crate) kind: Expr,
    /// The value as JSON text.
    pub(crate) text: Expr,
}

/// Rows that belong to a document.
#[derive(Clone, Debug)]
pub(crate) struct Many {
    source: Source,
    /// Ties the rows to the document.
    on: Expr,
    element: Expr,
    /// The document's column whose JSON list of texts the rows mirror.
    mirrored: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Source {
    Table(&'static str),
    JsonColumn(&'static str),
}

impl Many {
    /// Adds the rows to a statement over the document, and the condition that ties them to it.
    pub(crate) fn join(&self, select: &mut SelectStatement) {
        match self.source {
            Source::Table(table) => select.from_as(table, SIDE),
            Source::JsonColumn(column) => {
                select.from_function(Func::cust("json_each").arg(Expr::col((DOCUMENT, column))), SIDE)
            }
        };
        select.and_where(self.on.clone());
    }

    /// One element.
    pub(crate) fn element(&self) -> Expr {
        self.element.clone()
    }

    fn rows(&self, value: Expr, condition: Expr) -> SelectStatement {
        let mut select = Query::select();
        self.join(&mut select);
        select.expr(value).and_where(condition);
        select
    }

    /// True where some element fulfils the condition.
    pub(super) fn exists(&self, condition: impl FnOnce(Expr) -> Expr) -> Expr {
        Expr::exists(self.rows(Expr::val(1), condition(self.element())))
    }

    /// The document's column that lists the elements as JSON, if they are texts in such a column.
    pub(super) fn listed_in(&self) -> Option<Expr> {
        self.mirrored.map(|column| Expr::col((DOCUMENT, column)))
    }

    /// True where no element fulfils the condition.
    pub(super) fn lacks(&self, condition: impl FnOnce(Expr) -> Expr) -> Expr {
        Expr::not_exists(self.rows(Expr::val(1), condition(self.element())))
    }

    /// True where none of these texts is an element. Where the list itself shows it, the rows are not asked: an index
    /// that carries the list answers alone.
    pub(super) fn has_none_of(&self, values: &[String]) -> Expr {
        let asked = self.lacks(|element| one_of(element, values.iter()));
        match self.mirrored.and_then(|column| absent(column, values)) {
            Some(absent) => absent.or(asked),
            None => asked,
        }
    }

    /// True where one of these texts is an element; see [`Many::has_none_of`].
    pub(super) fn has_any_of(&self, values: &[String]) -> Expr {
        let asked = self.exists(|element| one_of(element, values.iter()));
        match self.mirrored.and_then(|column| absent(column, values)) {
            Some(absent) => absent.not().and(asked),
            None => asked,
        }
    }

    /// True where there is no element.
    pub(super) fn none(&self) -> Expr {
        self.lacks(|element| element.is_not_null())
    }

    /// How many of these values there are among the elements.
    pub(super) fn found(&self, values: &[String]) -> Expr {
        let distinct = Func::count_distinct(self.element());
        scalar(self.rows(distinct.into(), one_of(self.element(), values.iter())))
    }

    /// The smallest or greatest element, as `collate` compares them.
    pub(super) fn extreme(&self, greatest: bool, collate: impl Fn(Expr) -> Expr) -> Expr {
        let element = collate(self.element());
        let value = if greatest { Func::max(element) } else { Func::min(element) };
        scalar(self.rows(value.into(), self.element().is_not_null()))
    }
}

/// True only where a JSON list shows by its mere text that it holds none of these: without a backslash nothing in it is
/// escaped, so an element would stand there as it is. `None` when there are many texts, or some that JSON would escape.
fn absent(column: &'static str, values: &[String]) -> Option<Expr> {
    let lacks =
        |text: String| Expr::from(Func::cust("instr").arg(Expr::col((DOCUMENT, column))).arg(text)).eq(0);
    if values.len() > INLINE {
        return None;
    }
    let mut all = lacks("\\".to_owned());
    for value in values {
        let quoted = serde_json::Value::from(value.as_str()).to_string();
        if quoted.contains('\\') {
            return None;
        }
        all = all.and(lacks(quoted));
    }
    Some(all)
}

/// A condition that a value is one of many; their number does not matter to SQLite's limit of bound values.
pub(super) fn one_of<T: AsRef<str>>(value: Expr, values: impl ExactSizeIterator<Item = T>) -> Expr {
    if values.len() <= INLINE {
        return value.is_in(values.map(|value| value.as_ref().to_owned()).collect::<Vec<_>>());
    }
    value.in_subquery(listed(values))
}

/// `SELECT value FROM json_each(?)` over texts.
pub(crate) fn listed<T: AsRef<str>>(values: impl Iterator<Item = T>) -> SelectStatement {
    let values: Vec<serde_json::Value> = values.map(|value| value.as_ref().into()).collect();
    Query::select()
        .column("value")
        .from_function(Func::cust("json_each").arg(serde_json::Value::Array(values).to_string()), "listed")
        .to_owned()
}

/// Finds the value of a path. `None` where no document can have one.
pub(crate) fn operand(collection: &'static Collection, path: &Path) -> Option<Operand> {
    let (first, rest) = path.split_first()?;
    let field = collection.field(first)?;
    find(collection, field, rest, None)
}

fn find(
    collection: &'static Collection,
    field: &'static Field,
    rest: &[String],
    parent: Option<(&'static str, &[String])>,
) -> Option<Operand> {
    let parts: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (field.stored, parts.as_slice()) {
        (Stored::Tags { system }, []) => Some(Operand::Many(tags(collection, system))),
        (Stored::Ancestors, []) => {
            Some(Operand::Many(side("project_path", "project", own_row(), "ancestor")))
        }
        (Stored::Links(direction), [member @ ("model" | "name")]) => {
            let mut links =
                side("task_model", "task", own_row(), if *member == "model" { "model" } else { "name" });
            links.on = links.on.and(Expr::col((SIDE, "direction")).eq(direction));
            Some(Operand::Many(links))
        }
        (Stored::Entries, ["task"]) => {
            Some(Operand::Many(side("queue_entry", "queue", Expr::col((DOCUMENT, "id")), "task")))
        }
        (Stored::Entries, _) => None,
        (Stored::Hyperparams, [section, name, member @ ("value" | "type")]) => {
            let column = if *member == "value" { "value" } else { "type" };
            Some(one(
                row_value("task_hyperparam", "task", column, &[("section", *section), ("name", *name)]),
                true,
            ))
        }
        (Stored::Metadata, [key, member @ ("value" | "type")]) => {
            let column = if *member == "value" { "value" } else { "type" };
            let (table, owner) = match collection.entity {
                Entity::Model => ("model_metadata", "model"),
                _ => ("queue_metadata", "queue"),
            };
            Some(one(row_value(table, owner, column, &[("key", *key)]), true))
        }
        (Stored::Hyperparams, _) => json("hyperparams", rest),
        (Stored::Metadata, _) => json("metadata", rest),
        (Stored::Links("input"), _) => json("models_input", rest),
        (Stored::Links(_), _) => json("models_output", rest),
        (Stored::Metrics, [metric, variant, member]) => metric_value(collection, metric, variant, member),
        (Stored::Metrics | Stored::MetricNames, _) | (Stored::Tags { .. } | Stored::Ancestors, _) => None,
        (Stored::Parts, [first, ..]) => {
            let Shape::Object(members) = &field.shape else { return None };
            let member = members.iter().find(|member| member.name == *first)?;
            find(collection, member, rest.get(1..)?, None)
        }
        (Stored::Parts, []) => None,
        (Stored::Column(column), _) => in_column(collection, field, column, rest),
        (Stored::Inside, _) => {
            let (column, before) = parent?;
            let whole: Vec<String> = before.iter().chain(rest).cloned().collect();
            json(column, &whole)
        }
    }
}

fn in_column(
    collection: &'static Collection,
    field: &'static Field,
    column: &'static str,
    rest: &[String],
) -> Option<Operand> {
    match (&field.shape, rest.split_first()) {
        (Shape::Object(members), Some((first, after))) => {
            let member = members.iter().find(|member| member.name == first)?;
            let here = std::slice::from_ref(first);
            find(collection, member, after, Some((column, here)))
        }
        (Shape::Object(_) | Shape::Map(_) | Shape::Any, _) => json(column, rest),
        (Shape::Strings { .. }, None) => Some(Operand::Many(elements(column, None))),
        (Shape::Each(_), Some((member, []))) => Some(Operand::Many(elements(column, Some(member)))),
        (Shape::Each(_) | Shape::Strings { .. }, _) => None,
        (Shape::Text | Shape::Reference(_), None) => {
            Some(one(Expr::col((DOCUMENT, column)), !field.never_blank))
        }
        (_, None) => Some(one(Expr::col((DOCUMENT, column)), false)),
        (_, Some(_)) => None,
    }
}

fn one(value: Expr, blank: bool) -> Operand {
    Operand::One { text: value.clone(), missing: value.clone().is_null(), value, blank, json: None }
}

/// A value inside a JSON column. The path is bound, never spliced; its parts are quoted as JSON strings.
fn json(column: &'static str, parts: &[String]) -> Option<Operand> {
    let mut path = String::from("$");
    for part in parts {
        path.push('.');
        path.push_str(&serde_json::Value::from(part.as_str()).to_string());
    }
    let at = |function: &'static str| {
        Expr::from(Func::cust(function).arg(Expr::col((DOCUMENT, column))).arg(path.clone()))
    };
    let value = at("json_extract");
    let kind = at("json_type");
    let text =
        Expr::Case(Box::new(sea_query::CaseStatement::new().case(kind.clone().eq("text"), value.clone())));
    let missing = Expr::from(Func::coalesce([kind.clone(), Expr::val("null")])).eq("null");
    let whole = Expr::cust_with_exprs("(? -> ?)", [Expr::col((DOCUMENT, column)), Expr::val(path.clone())]);
    Some(Operand::One { value, text, missing, blank: true, json: Some(Json { kind, text: whole }) })
}

fn own_row() -> Expr {
    Expr::col((DOCUMENT, "rowid"))
}

fn tags(collection: &Collection, system: bool) -> Many {
    let (table, owner) = match collection.entity {
        Entity::Task => ("task_tag", "task"),
        Entity::Model => ("model_tag", "model"),
        Entity::Queue => ("queue_tag", "queue"),
        _ => ("project_tag", "project"),
    };
    let mut tags = side(table, owner, own_row(), "tag");
    tags.on = tags.on.and(Expr::col((SIDE, "system")).eq(i64::from(system)));
    tags.mirrored = Some(if system { "system_tags" } else { "tags" });
    tags
}

fn side(table: &'static str, owner: &'static str, key: Expr, element: &'static str) -> Many {
    Many {
        source: Source::Table(table),
        on: Expr::col((SIDE, owner)).eq(key),
        element: Expr::col((SIDE, element)),
        mirrored: None,
    }
}

/// The elements of a JSON list column, or one member of each.
fn elements(column: &'static str, member: Option<&str>) -> Many {
    let value = Expr::col((SIDE, "value"));
    let element = match member {
        None => value,
        Some(member) => {
            let path = format!("$.{}", serde_json::Value::from(member));
            Expr::from(Func::cust("json_extract").arg(value).arg(path))
        }
    };
    let mirrored = if member.is_none() { Some(column) } else { None };
    Many { source: Source::JsonColumn(column), on: Expr::cust("1"), element, mirrored }
}

/// One value of the one side row with these keys.
fn row_value(
    table: &'static str,
    owner: &'static str,
    column: &'static str,
    keys: &[(&'static str, &str)],
) -> Expr {
    let mut select = Query::select();
    select.column((SIDE, column)).from_as(table, SIDE).and_where(Expr::col((SIDE, owner)).eq(own_row()));
    for (key, value) in keys {
        select.and_where(Expr::col((SIDE, *key)).eq(*value));
    }
    scalar(select)
}

fn metric_value(collection: &Collection, metric: &str, variant: &str, member: &str) -> Option<Operand> {
    let (table, owner) = match collection.entity {
        Entity::Task => ("task_metric", "task"),
        _ => ("model_metric", "model"),
    };
    let value = match member {
        "value" => Expr::col((SIDE, "value")),
        "min_value" => Expr::col((SIDE, "min_value")),
        "min_value_iteration" => Expr::col((SIDE, "min_value_iteration")),
        "max_value" => Expr::col((SIDE, "max_value")),
        "max_value_iteration" => Expr::col((SIDE, "max_value_iteration")),
        "first_value" => Expr::col((SIDE, "first_value")),
        "first_value_iteration" => Expr::col((SIDE, "first_value_iteration")),
        "count" => Expr::col((SIDE, "count")),
        "mean_value" => Expr::col((SIDE, "total")).div(Expr::col((SIDE, "count"))),
        "x_axis_label" => Expr::col((SIDE, "x_axis_label")),
        "metric" => Expr::col(("name", "metric")),
        "variant" => Expr::col(("name", "variant")),
        _ => return None,
    };
    let of_document = Expr::col((SIDE, "metric_variant"))
        .equals(("name", "id"))
        .and(Expr::col((SIDE, owner)).eq(own_row()));
    let select = Query::select()
        .expr(value)
        .from_as("metric_variant", "name")
        .join_as(sea_query::JoinType::InnerJoin, table, SIDE, of_document)
        .and_where(Expr::col(("name", "metric_hash")).eq(metric))
        .and_where(Expr::col(("name", "variant_hash")).eq(variant))
        .limit(1)
        .to_owned();
    Some(one(scalar(select), false))
}

/// A select of one row and column as a value.
pub(super) fn scalar(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}
