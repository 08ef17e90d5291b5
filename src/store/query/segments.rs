//! Lists in the order of a scalar or a parameter, without sorting the whole collection.
//!
//! The values live in side tables whose indexes hold them in order. A list is then a sequence of segments, each with
//! the documents of one range of that order, which are read until the wanted rows are found. The segments are disjoint
//! and hold every document, so their concatenation is the order that [`super::ordered`] compiles.

use sea_query::{Expr, ExprTrait, JoinType, Order, Query as Sql, SelectStatement};

use crate::store::Scope;

use super::{
    ast::{OrderBy, Query},
    collation::natural,
    compile::conditions,
    operand::one_of,
    order::order_key,
    schema::{Collection, Entity},
    visible::DOCUMENT,
};

/// Alias of the side table that leads.
const LEAD: &str = "lead";

/// What the first order key compares, when a side table holds it in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SideKey {
    /// The last value of the scalar with these hashes.
    Metric { metric: String, variant: String },
    /// The value of a hyper-parameter.
    Parameter { section: String, name: String },
}

/// Documents of one range of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// All with a value of this scalar, by value.
    Metric { number: i64 },
    /// All without one.
    NoMetric { number: i64 },
    /// All whose parameter has one of these values, which compare as equal.
    Parameter { section: String, name: String, values: Vec<String> },
    /// All without the parameter, or without a value of it.
    NoParameter { section: String, name: String },
}

/// The side table's key of the query's order, if it has one.
pub(crate) fn side_key(collection: &Collection, query: &Query) -> Option<SideKey> {
    let OrderBy::Field(path) = &query.order.first()?.by else { return None };
    if query.text.is_some() {
        return None;
    }
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match (collection.entity, parts.as_slice()) {
        (Entity::Task | Entity::Model, ["last_metrics", metric, variant, "value"]) => {
            Some(SideKey::Metric { metric: (*metric).to_owned(), variant: (*variant).to_owned() })
        }
        (Entity::Task, ["hyperparams", section, name] | ["hyperparams", section, name, "value"]) => {
            Some(SideKey::Parameter { section: (*section).to_owned(), name: (*name).to_owned() })
        }
        _ => None,
    }
}

/// Segments of a parameter's order, from the distinct values that there are.
pub(crate) fn of_parameter(
    query: &Query,
    section: &str,
    name: &str,
    mut values: Vec<String>,
) -> Vec<Segment> {
    let descending = query.order.first().is_some_and(|key| key.descending);
    let compare = |a: &str, b: &str| if query.natural { natural(a, b) } else { a.cmp(b) };
    values.sort_by(|a, b| if descending { compare(b, a) } else { compare(a, b) });
    let with = |values: Vec<String>| Segment::Parameter {
        section: section.to_owned(),
        name: name.to_owned(),
        values,
    };
    let mut segments: Vec<Segment> = Vec::new();
    let mut blank = None;
    for value in values {
        match segments.last_mut() {
            _ if value.is_empty() => blank = Some(with(vec![value])),
            Some(Segment::Parameter { values, .. })
                if values.first().is_some_and(|first| compare(first, &value).is_eq()) =>
            {
                values.push(value);
            }
            _ => segments.push(with(vec![value])),
        }
    }
    // What is empty comes last either way; among itself it is ordered like everything else.
    let none = Segment::NoParameter { section: section.to_owned(), name: name.to_owned() };
    match descending {
        true => segments.extend(blank.into_iter().chain([none])),
        false => segments.extend([none].into_iter().chain(blank)),
    }
    segments
}

/// The matching documents of one segment, unordered. The caller adds what it wants to read.
pub(crate) fn within(
    collection: &'static Collection,
    scope: &Scope,
    query: &Query,
    segment: &Segment,
) -> SelectStatement {
    let row = || Expr::col((DOCUMENT, "rowid"));
    let owner = if collection.entity == Entity::Task { "task" } else { "model" };
    let metrics = if collection.entity == Entity::Task { "task_metric" } else { "model_metric" };
    let mut select = Sql::select();
    // A cross join keeps the order of the tables.
    let lead = |select: &mut SelectStatement, table: &'static str| {
        // The builder drops what a cross join is on, so it is said where it counts.
        select
            .from_as(table, LEAD)
            .join_as(JoinType::CrossJoin, collection.table, DOCUMENT, Expr::cust("1"))
            .and_where(row().eq(Expr::col((LEAD, owner))));
    };
    match segment {
        Segment::Metric { number } => {
            lead(&mut select, metrics);
            select.and_where(Expr::col((LEAD, "metric_variant")).eq(*number));
        }
        Segment::NoMetric { number } => {
            let valued = Sql::select()
                .expr(Expr::val(1))
                .from_as(metrics, LEAD)
                .and_where(Expr::col((LEAD, owner)).eq(row()))
                .and_where(Expr::col((LEAD, "metric_variant")).eq(*number))
                .to_owned();
            select.from_as(collection.table, DOCUMENT).and_where(Expr::not_exists(valued));
        }
        Segment::Parameter { section, name, values } => {
            lead(&mut select, "task_hyperparam");
            select
                .and_where(Expr::col((LEAD, "section")).eq(section.as_str()))
                .and_where(Expr::col((LEAD, "name")).eq(name.as_str()))
                .and_where(one_of(Expr::col((LEAD, "value")), values.iter()));
        }
        Segment::NoParameter { section, name } => {
            select.from_as(collection.table, DOCUMENT).and_where(value_of(section, name).is_null());
        }
    }
    conditions(collection, scope, query, &mut select);
    select
}

/// The value as an expression, which SQLite does not turn into a way to find documents.
fn value_of(section: &str, name: &str) -> Expr {
    let value = Sql::select()
        .column((LEAD, "value"))
        .from_as("task_hyperparam", LEAD)
        .and_where(Expr::col((LEAD, "task")).eq(Expr::col((DOCUMENT, "rowid"))))
        .and_where(Expr::col((LEAD, "section")).eq(section))
        .and_where(Expr::col((LEAD, "name")).eq(name))
        .to_owned();
    Expr::SubQuery(None, Box::new(value.into()))
}

/// Adds the order within a segment.
pub(crate) fn ordered_within(
    collection: &'static Collection,
    query: &Query,
    segment: &Segment,
    select: &mut SelectStatement,
) {
    for (position, key) in query.order.iter().enumerate() {
        match (position, segment) {
            (0, Segment::Metric { .. }) => {
                let direction = if key.descending { Order::Desc } else { Order::Asc };
                select.order_by((LEAD, "value"), direction);
            }
            (0, _) => {}
            _ => order_key(collection, query, key, false, select),
        }
    }
}

/// Numbers of a metric's names.
pub(crate) fn number_of(metric: &str, variant: &str) -> SelectStatement {
    Sql::select()
        .column("id")
        .from("metric_variant")
        .and_where(Expr::col("metric_hash").eq(metric))
        .and_where(Expr::col("variant_hash").eq(variant))
        .limit(1)
        .to_owned()
}

/// The distinct values of a parameter, whoever has them.
pub(crate) fn values_of(section: &str, name: &str) -> SelectStatement {
    Sql::select()
        .distinct()
        .column("value")
        .from("task_hyperparam")
        .and_where(Expr::col("section").eq(section))
        .and_where(Expr::col("name").eq(name))
        .and_where(Expr::col("value").is_not_null())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::query::{ast::OrderKey, ast::Window};

    #[test]
    fn equal_values_share_a_segment_and_empty_ones_are_last() {
        let by = |descending| Query {
            conditions: Vec::new(),
            text: None,
            order: vec![OrderKey { by: OrderBy::Field(vec!["hyperparams".into()]), descending }],
            natural: true,
            window: Window::All,
            public: true,
        };
        let values = ["10", "", "2", "02"].map(str::to_owned);
        let shown = |segments: Vec<Segment>| -> Vec<Vec<String>> {
            segments
                .into_iter()
                .map(|segment| match segment {
                    Segment::Parameter { values, .. } => values,
                    _ => vec!["none".to_owned()],
                })
                .collect()
        };
        let texts = |lists: &[&[&str]]| -> Vec<Vec<String>> {
            lists.iter().map(|list| list.iter().map(|text| (*text).to_owned()).collect()).collect()
        };
        let ascending = of_parameter(&by(false), "S", "p", values.to_vec());
        assert_eq!(shown(ascending), texts(&[&["2", "02"], &["10"], &["none"], &[""]]));
        let descending = of_parameter(&by(true), "S", "p", values.to_vec());
        assert_eq!(shown(descending), texts(&[&["10"], &["2", "02"], &[""], &["none"]]));
    }
}
