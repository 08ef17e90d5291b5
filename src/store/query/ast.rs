//! What a request asks for, typed: the meaning of a query without SQL and without JSON.

use std::sync::Arc;

use super::pattern::Pattern;

/// A dotted path as decoded parts.
pub type Path = Vec<String>;

/// A whole query: conditions are ANDed.
#[derive(Clone, Debug)]
pub struct Query {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Free text, if asked for.
    pub text: Option<TextSearch>,
    /// Order keys as sent; the tie-break by `id` is included.
    pub order: Vec<OrderKey>,
    /// Strings order with runs of digits compared as numbers.
    pub natural: bool,
    /// Which rows of the ordered result are wanted.
    pub window: Window,
    /// Whether public documents belong to the answer.
    pub public: bool,
}

/// One condition on a document.
#[derive(Clone, Debug)]
pub enum Condition {
    /// The list grammar on one field.
    List(Path, List),
    /// One field's entry of the `filters` object.
    Filter(Path, Filter),
    /// `min <= field <= max`.
    Range(Path, Range),
    /// One or more comparisons of a time.
    Compare(Path, Vec<(Comparison, i64)>),
    /// Equality with a JSON value, type included.
    Equals(Path, serde_json::Value),
    /// The field, or one of its elements, contains a match.
    Matches(Path, Arc<Pattern>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// All hold.
    All(Vec<Condition>),
    /// The field's list contains none of these.
    Without(Path, Vec<String>),
}

/// The list grammar, evaluated into its buckets (protocol: spec/protocol.md 5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The field equals one of these, or has one of them.
    pub any: Vec<String>,
    /// The field equals, or has, each of these.
    pub all: Vec<String>,
    /// The field neither equals nor has any of these.
    pub none: Vec<String>,
    /// How the buckets are joined.
    pub join: Join,
    /// Documents without a value pass too.
    pub or_empty: bool,
    /// Values of `any` are projects that stand for themselves and all their descendants.
    pub with_descendants: bool,
}

/// How conditions are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// All must hold.
    #[default]
    And,
    /// One must hold.
    Or,
}

/// One entry of the `filters` object (protocol: spec/protocol.md 5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `any`: its two conditions are ORed.
    pub any: Option<Part>,
    /// `all`: its two conditions are ANDed.
    pub all: Option<Part>,
    /// Joins the parts.
    pub join: Join,
}

/// Values to include and to exclude.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Wanted values.
    pub include: Vec<String>,
    /// Unwanted values.
    pub exclude: Vec<String>,
    /// `null` among the wanted: the list is empty.
    pub empty: bool,
    /// `null` among the unwanted: the list is not empty.
    pub not_empty: bool,
}

/// Both ends are inclusive.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Lower end. `Open` lets documents without a value pass.
    pub min: Bound,
    /// Upper end.
    pub max: Bound,
}

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No limit.
    Open,
    /// A limit that could not be read as a date: only documents without a value pass.
    Unreadable,
    /// A whole number; also a time in milliseconds.
    Integer(i64),
    /// A number.
    Real(f64),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// Free text, ready for FTS5: quoted words only, no syntax of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSearch {
    /// The match expression; `None` when the text has no word that could match.
    pub expression: Option<String>,
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// What is compared.
    pub by: OrderBy,
    /// Greatest first.
    pub descending: bool,
}

/// What an order key compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// A field.
    Field(Path),
    /// Relevance to the search text, best first.
    Relevance,
}

/// Which rows of the ordered result are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// All of them.
    All,
    /// At most `size` rows from `start`.
    Slice {
        /// Rows to skip.
        start: u64,
        /// Rows to return at most.
        size: u64,
    },
    /// The next rows of a scroll.
    Scroll {
        /// The id sent, if any.
        id: Option<String>,
        /// Rows to return at most.
        size: u64,
        /// Return everything shown so far instead.
        refresh: bool,
    },
}
