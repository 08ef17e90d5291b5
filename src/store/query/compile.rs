//! From a [`Query`] to one SELECT. Values are bound; names come from the static descriptions only.

use std::collections::BTreeSet;

use sea_query::{Alias, Expr, ExprTrait, Func, Order, Query as Sql, SelectStatement};

use crate::store::Scope;

use super::{
    ast::{Bound, Comparison, Condition, Filter, Join, List, Part, Path, Query, Range},
    operand::{Json, Many, Operand, listed, one_of, operand},
    pattern::{self, Pattern},
    schema::{Collection, Entity, TextIndex},
    visible::{DOCUMENT, visible, visible_as},
};

/// The matching documents of a scope, unordered and whole. The caller adds what it wants to read.
pub(crate) fn matching(collection: &'static Collection, scope: &Scope, query: &Query) -> SelectStatement {
    let mut select = Sql::select();
    select.from_as(collection.table, DOCUMENT);
    conditions(collection, scope, query, &mut select);
    if let (Some(text), Some(index)) = (&query.text, collection.text) {
        match &text.expression {
            None => {
                select.and_where(never());
            }
            Some(expression) => {
                let found = Sql::select()
                    .column("rowid")
                    .expr_as(Expr::cust(bm25(&index)), "score")
                    .from(index.table)
                    .and_where(Expr::cust_with_expr(
                        format!("\"{}\" MATCH ?", index.table),
                        expression.as_str(),
                    ))
                    // A limit keeps SQLite from folding this into the outer query, where bm25 could not be asked.
                    .limit(u64::from(u32::MAX))
                    .to_owned();
                let same = Expr::col(("found", "rowid")).equals((DOCUMENT, "rowid"));
                select.join_subquery(sea_query::JoinType::InnerJoin, found, "found", same);
            }
        }
    }
    select
}

/// Adds to a statement over the documents what the scope and the query demand of each, but for its free text.
pub(super) fn conditions(
    collection: &'static Collection,
    scope: &Scope,
    query: &Query,
    select: &mut SelectStatement,
) {
    select.and_where(visible(collection.entity, scope, query.public));
    let in_project = |condition: &Condition| matches!(condition, Condition::List(path, list) if *path == ["project"] && !list.any.is_empty());
    let narrowed = query.conditions.iter().any(in_project);
    for condition in &query.conditions {
        select.and_where(compile(collection, scope, query.public, narrowed, condition));
    }
}

/// The distinct values of a field over the matching documents, in order; `None` when the field has no value to list.
pub(crate) fn distinct(
    collection: &'static Collection,
    scope: &Scope,
    query: &Query,
    path: &Path,
) -> Option<SelectStatement> {
    let mut select = matching(collection, scope, query);
    let value = match operand(collection, path)? {
        Operand::One { value, .. } => value,
        Operand::Many(rows) => {
            rows.join(&mut select);
            rows.element()
        }
    };
    select.distinct().expr_as(value.clone(), "value").and_where(value.is_not_null());
    select.order_by("value", Order::Asc);
    Some(select)
}

/// The relevance of a row of the text index: smaller is better.
fn bm25(index: &TextIndex) -> String {
    let weights: Vec<String> = index.weights.iter().map(|weight| format!("{weight:?}")).collect();
    format!("bm25(\"{}\", {})", index.table, weights.join(", "))
}

fn always() -> Expr {
    Expr::cust("1")
}

fn never() -> Expr {
    Expr::cust("0")
}

fn all(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(Expr::and).unwrap_or_else(always)
}

fn any(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(Expr::or).unwrap_or_else(never)
}

/// One condition. `narrowed`: another one names projects, by which the documents are found.
fn compile(
    collection: &'static Collection,
    scope: &Scope,
    public: bool,
    narrowed: bool,
    condition: &Condition,
) -> Expr {
    let nested = |conditions: &[Condition]| -> Vec<Expr> {
        conditions.iter().map(|condition| compile(collection, scope, public, narrowed, condition)).collect()
    };
    match condition {
        Condition::Any(conditions) => {
            let (one, others) = one_pattern(collection, conditions);
            any(one.into_iter().chain(nested(&others)))
        }
        Condition::All(conditions) => all(nested(conditions)),
        Condition::List(path, condition) => {
            let mut values = Values::of(collection, path);
            if narrowed
                && matches!(path.as_slice(), [field] if ["status", "type", "user"].contains(&field.as_str()))
            {
                values = values.unindexed();
            }
            list(scope, public, values, condition)
        }
        Condition::Filter(path, condition) => filter(Values::of(collection, path), condition),
        Condition::Without(path, values) => Values::of(collection, path).none_of(values),
        Condition::Range(path, condition) => range(operand(collection, path), condition),
        Condition::Compare(path, comparisons) => match operand(collection, path) {
            Some(Operand::One { value, .. }) => {
                all(comparisons.iter().map(|(operator, time)| compare(value.clone(), *operator, *time)))
            }
            _ => never(),
        },
        Condition::Equals(path, wanted) => equals(operand(collection, path), wanted),
        Condition::Matches(path, wanted) => match (operand(collection, path), wanted.literal()) {
            (None, _) => never(),
            (Some(Operand::One { text, .. }), Some(literal)) => text.eq(literal),
            (Some(Operand::One { text, .. }), None) => pattern_found(wanted, [text]),
            (Some(Operand::Many(rows)), Some(literal)) => rows.has_any_of(&[literal.to_owned()]),
            (Some(Operand::Many(rows)), None) => match rows.listed_in() {
                Some(list) => called(pattern::ELEMENT_FUNCTION, wanted, [list]),
                None => rows.exists(|text| pattern_found(wanted, [text])),
            },
        },
    }
}

/// Alternatives that search single values for the same pattern become one call; the others are left.
fn one_pattern(collection: &'static Collection, conditions: &[Condition]) -> (Option<Expr>, Vec<Condition>) {
    let mut common: Option<&Pattern> = None;
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for condition in conditions {
        if let Condition::Matches(path, wanted) = condition
            && wanted.literal().is_none()
            && common.is_none_or(|common| std::ptr::eq(common, &**wanted))
            && let Some(Operand::One { text, .. }) = operand(collection, path)
        {
            common = Some(&**wanted);
            texts.push(text);
        } else {
            others.push(condition.clone());
        }
    }
    (common.map(|wanted| pattern_found(wanted, texts)), others)
}

fn pattern_found(wanted: &Pattern, texts: impl IntoIterator<Item = Expr>) -> Expr {
    called(pattern::FUNCTION, wanted, texts)
}

fn called(function: &'static str, wanted: &Pattern, texts: impl IntoIterator<Item = Expr>) -> Expr {
    let pattern = [Expr::val(wanted.source()), Expr::val(i64::from(wanted.ignores_case()))];
    Func::cust(Alias::new(function)).args(pattern.into_iter().chain(texts)).into()
}

/// A field as a set of texts, which is how the list conditions see it.
enum Values {
    Absent,
    One { text: Expr, missing: Expr },
    Many(Many),
}

impl Values {
    fn of(collection: &'static Collection, path: &Path) -> Self {
        match operand(collection, path) {
            None => Values::Absent,
            Some(Operand::Many(rows)) => Values::Many(rows),
            Some(Operand::One { text, missing, .. }) => Values::One { text, missing },
        }
    }

    /// The same, but SQLite does not look documents up by it.
    fn unindexed(self) -> Self {
        match self {
            Values::One { text, missing } => {
                Values::One { text: Expr::cust_with_exprs("+?", [text]), missing }
            }
            other => other,
        }
    }

    fn any_of(&self, values: &[String]) -> Expr {
        match self {
            Values::Absent => never(),
            Values::One { text, .. } => one_of(text.clone(), values.iter()),
            Values::Many(rows) => rows.has_any_of(values),
        }
    }

    /// The values are few or many: counting keeps the statement's depth the same.
    fn all_of(&self, values: &[String]) -> Expr {
        let distinct = values.iter().collect::<BTreeSet<_>>().len();
        match self {
            _ if distinct <= 1 => self.any_of(values),
            Values::Absent | Values::One { .. } => never(),
            Values::Many(rows) => count(distinct).map_or_else(never, |wanted| rows.found(values).eq(wanted)),
        }
    }

    fn none_of(&self, values: &[String]) -> Expr {
        match self {
            Values::Absent => always(),
            Values::One { text, .. } => text.clone().is_null().or(one_of(text.clone(), values.iter()).not()),
            Values::Many(rows) => rows.has_none_of(values),
        }
    }

    fn not_all_of(&self, values: &[String]) -> Expr {
        let distinct = values.iter().collect::<BTreeSet<_>>().len();
        match self {
            _ if distinct <= 1 => self.none_of(values),
            Values::Absent | Values::One { .. } => always(),
            Values::Many(rows) => count(distinct).map_or_else(always, |wanted| rows.found(values).ne(wanted)),
        }
    }

    fn empty(&self) -> Expr {
        match self {
            Values::Absent => always(),
            Values::One { missing, .. } => missing.clone(),
            Values::Many(rows) => rows.none(),
        }
    }
}

fn count(distinct: usize) -> Option<i64> {
    i64::try_from(distinct).ok()
}

fn list(scope: &Scope, public: bool, values: Values, list: &List) -> Expr {
    let mut buckets = Vec::new();
    if !list.any.is_empty() {
        buckets.push(match (&values, list.with_descendants) {
            (Values::One { text, .. }, true) => {
                text.clone().in_subquery(with_descendants(scope, public, &list.any))
            }
            _ => values.any_of(&list.any),
        });
    }
    if !list.all.is_empty() {
        buckets.push(values.all_of(&list.all));
    }
    if !list.none.is_empty() {
        buckets.push(values.none_of(&list.none));
    }
    let joined = (!buckets.is_empty()).then(|| match list.join {
        Join::And => all(buckets),
        Join::Or => any(buckets),
    });
    match list.or_empty {
        true => any(joined.into_iter().chain([values.empty()])),
        false => joined.unwrap_or_else(always),
    }
}

/// The given projects and everything below them that the scope may see.
pub(crate) fn with_descendants(scope: &Scope, public: bool, projects: &[String]) -> SelectStatement {
    let below = Sql::select()
        .column(("project", "id"))
        .from("project_path")
        .join(
            sea_query::JoinType::InnerJoin,
            "project",
            Expr::col(("project", "seq")).equals(("project_path", "project")),
        )
        .and_where(Expr::col(("project_path", "ancestor")).in_subquery(listed(projects.iter())))
        .and_where(visible_as("project", Entity::Project, scope, public))
        .to_owned();
    listed(projects.iter()).union(sea_query::UnionType::Distinct, below).to_owned()
}

fn filter(values: Values, filter: &Filter) -> Expr {
    let parts = [
        filter.any.as_ref().map(|part| {
            let mut conditions = emptiness(&values, part);
            if !part.include.is_empty() {
                conditions.push(values.any_of(&part.include));
            }
            if !part.exclude.is_empty() {
                conditions.push(values.not_all_of(&part.exclude));
            }
            any(conditions)
        }),
        filter.all.as_ref().map(|part| {
            let mut conditions = emptiness(&values, part);
            if !part.include.is_empty() {
                conditions.push(values.all_of(&part.include));
            }
            if !part.exclude.is_empty() {
                conditions.push(values.none_of(&part.exclude));
            }
            all(conditions)
        }),
    ];
    match filter.join {
        Join::And => all(parts.into_iter().flatten()),
        Join::Or => any(parts.into_iter().flatten()),
    }
}

fn emptiness(values: &Values, part: &Part) -> Vec<Expr> {
    let mut conditions = Vec::new();
    if part.empty {
        conditions.push(values.empty());
    }
    if part.not_empty {
        conditions.push(values.empty().not());
    }
    conditions
}

fn range(field: Option<Operand>, range: &Range) -> Expr {
    let Some(Operand::One { value, missing, .. }) = field else {
        return if range.min == Bound::Open || range.max == Bound::Unreadable { always() } else { never() };
    };
    let end = |bound: Bound, operator: Comparison| match bound {
        Bound::Open => None,
        Bound::Unreadable => Some(missing.clone()),
        Bound::Integer(limit) => Some(compare(value.clone(), operator, limit)),
        Bound::Real(limit) => Some(compare(value.clone(), operator, limit)),
    };
    let limits =
        all(end(range.min, Comparison::AtLeast).into_iter().chain(end(range.max, Comparison::AtMost)));
    if range.min == Bound::Open { limits.or(missing) } else { limits }
}

fn compare(value: Expr, operator: Comparison, limit: impl Into<sea_query::Value>) -> Expr {
    let limit = Expr::val(limit);
    match operator {
        Comparison::Equal => value.eq(limit),
        Comparison::Less => value.lt(limit),
        Comparison::AtMost => value.lte(limit),
        Comparison::Greater => value.gt(limit),
        Comparison::AtLeast => value.gte(limit),
    }
}

/// Equality with type: `50` is not `"50"`, and `true` is not `1`.
fn equals(field: Option<Operand>, wanted: &serde_json::Value) -> Expr {
    use serde_json::Value;
    match field {
        Some(Operand::One { value, json: None, .. }) => match wanted {
            Value::Bool(wanted) => value.eq(i64::from(*wanted)),
            Value::String(wanted) => value.eq(wanted.as_str()),
            Value::Number(wanted) => number(value, wanted),
            _ => never(),
        },
        Some(Operand::One { value, json: Some(Json { kind, text }), .. }) => match wanted {
            Value::Null => kind.eq("null"),
            Value::Bool(true) => kind.eq("true"),
            Value::Bool(false) => kind.eq("false"),
            Value::String(wanted) => kind.eq("text").and(value.eq(wanted.as_str())),
            Value::Number(wanted) => kind.is_in(["integer", "real"]).and(number(value, wanted)),
            Value::Array(_) | Value::Object(_) => text.eq(wanted.to_string()),
        },
        _ => never(),
    }
}

fn number(value: Expr, wanted: &serde_json::Number) -> Expr {
    match (wanted.as_i64(), wanted.as_f64()) {
        (Some(wanted), _) => value.eq(wanted),
        (None, Some(wanted)) => value.eq(wanted),
        (None, None) => never(),
    }
}
