//! The order of a query in SQL (protocol: spec/protocol.md 5.10).

use sea_query::{Expr, ExprTrait, NullOrdering, Order, SelectStatement};

use super::{
    ast::{OrderBy, OrderKey, Path, Query},
    operand::{Json, Operand, operand},
    schema::{Collection, Shape},
    visible::DOCUMENT,
};

/// Name of the collation for natural order.
pub(super) const NATURAL: &str = "natural_order";

/// Adds the order of the query, first keys first; without keys it is the order of insertion.
pub(crate) fn ordered(collection: &'static Collection, query: &Query, select: &mut SelectStatement) {
    for (position, key) in query.order.iter().enumerate() {
        order_key(collection, query, key, position == 0, select);
    }
    if query.order.is_empty() {
        select.order_by((DOCUMENT, "rowid"), Order::Asc);
    }
}

/// Adds one key; `first` keys put what is empty last.
pub(super) fn order_key(
    collection: &'static Collection,
    query: &Query,
    key: &OrderKey,
    first: bool,
    select: &mut SelectStatement,
) {
    let direction = if key.descending { Order::Desc } else { Order::Asc };
    let path = match &key.by {
        OrderBy::Relevance => {
            if query.text.as_ref().is_some_and(|text| text.expression.is_some()) {
                select.order_by(("found", "score"), Order::Asc);
            }
            return;
        }
        OrderBy::Field(path) => path,
    };
    // Numbers need no collation, and an index holds them in plain order.
    let number =
        matches!(collection.shape_of(path), Some(Shape::Integer | Shape::Real | Shape::Time | Shape::Flag));
    let collate = |value: Expr| match query.natural && !number {
        true => Expr::cust_with_expr(format!("(? COLLATE {NATURAL})"), value),
        false => value,
    };
    // The entries of one parameter differ in their value only.
    let path = match path.as_slice() {
        [first, _, _] if first == "hyperparams" => &[path.as_slice(), &["value".to_owned()]].concat(),
        [first, _] if first == "metadata" => &[path.as_slice(), &["value".to_owned()]].concat(),
        _ => path,
    };
    match operand(collection, path) {
        None => {}
        Some(Operand::Many(rows)) => {
            let value = rows.extreme(key.descending, collate);
            if first {
                select.order_by_expr(rows.none(), Order::Asc);
            }
            select.order_by_expr(collate(value), direction);
        }
        Some(Operand::One { value, missing, blank, json, .. }) => {
            if first && blank {
                let empty = match &json {
                    None => missing.or(value.clone().eq("")),
                    Some(json) => missing.or(json.text.clone().is_in(["\"\"", "[]"])),
                };
                select.order_by_expr(empty, Order::Asc);
            }
            if let Some(Json { kind, .. }) = json {
                select.order_by_expr(rank(kind), direction.clone());
            }
            // Ascending, NULL would come first: for the first key it comes last, as it does descending.
            match first && !blank && !key.descending && nullable(collection, path) {
                true => {
                    select.order_by_expr_with_nulls(collate(value), direction, NullOrdering::Last);
                }
                false => {
                    select.order_by_expr(collate(value), direction);
                }
            }
        }
    }
}

/// Whether a column may be NULL; if it can't, plain order follows an index.
fn nullable(collection: &'static Collection, path: &Path) -> bool {
    !matches!(path.as_slice(), [name] if collection.field(name).is_some_and(|field| field.never_blank))
}

/// Order of unlike types (protocol: spec/protocol.md 5.10).
fn rank(kind: Expr) -> Expr {
    Expr::cust_with_expr(
        "(CASE ? WHEN 'integer' THEN 1 WHEN 'real' THEN 1 WHEN 'text' THEN 2 WHEN 'object' THEN 3 WHEN 'array' THEN 4 \
         WHEN 'true' THEN 5 WHEN 'false' THEN 5 ELSE 0 END)",
        kind,
    )
}
