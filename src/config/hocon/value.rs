//! What a document becomes: values that remember where they were written.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::duration;
use super::unresolved::{Part, Unresolved};

/// A place in a text, both numbers counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where a text comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// A text without a name, for example a vault.
    #[default]
    Text,
    /// A configuration file.
    File(Arc<Path>),
    /// An environment variable.
    Variable(Arc<str>),
}

/// An origin and a position in it. Displays as `file:line:column`, as `the variable NAME`, or as `line 1, column 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which text.
    pub origin: Origin,
    /// Where in it.
    pub position: Position,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        match &self.origin {
            Origin::Text => write!(f, "line {line}, column {column}"),
            Origin::File(path) => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}

/// A value and where it was written. A substituted value keeps the place of its definition.
#[derive(Debug, Clone)]
pub struct Value {
    /// The value itself.
    pub kind: Kind,
    /// Where it starts.
    pub position: Position,
    /// The text it stands in.
    pub origin: Origin,
}

/// The kinds of values.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Null, a boolean, a number or a string.
    Scalar(Scalar),
    /// A list.
    Array(Vec<Value>),
    /// Named values in the order of their first appearance.
    Object(Object),
    /// Only from [`super::Substitutions::Keep`]: a value that contains or overrides a substitution.
    Unresolved(Unresolved),
}

/// What a scalar was recognised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// `null`.
    Null,
    /// `true` or `false`, in any case.
    Bool,
    /// A decimal number.
    Number,
    /// Anything else, and everything in quotes.
    String,
}

/// A scalar keeps the text that was written: `007` is the number 7 to whoever wants a number, and `007` to whoever wants text.
/// `Debug` shows no text, since any of them may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// What it was recognised as.
    pub kind: ScalarKind,
    /// The text: unescaped for quoted strings, as written otherwise.
    pub text: String,
    /// The whole text of an environment variable whose value this is; what a setting of type text wants.
    pub(in crate::config) raw: Option<String>,
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind, self.text.len())
    }
}

/// Named values in the order of their first appearance.
#[derive(Debug, Clone, Default)]
pub struct Object {
    members: IndexMap<String, Value>,
}

impl Object {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.members.get(key)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.members.get_mut(key)
    }

    /// The value at a path of keys.
    #[must_use]
    pub fn get_path<K: AsRef<str>>(&self, path: &[K]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let value = self.get(first.as_ref())?;
        if rest.is_empty() { Some(value) } else { value.as_object()?.get_path(rest) }
    }

    /// Sets a key; a known key keeps its place in the order.
    pub fn insert(&mut self, key: String, value: Value) {
        self.members.insert(key, value);
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Lays `over` on top: objects merge deeply, everything else is replaced.
    pub fn merge(&mut self, over: Object) {
        for (key, value) in over.members {
            match (self.members.get_mut(&key), value) {
                (Some(Value { kind: Kind::Object(below), .. }), Value { kind: Kind::Object(above), .. }) => {
                    below.merge(above);
                }
                (Some(slot), value) => *slot = value,
                (None, value) => {
                    self.members.insert(key, value);
                }
            }
        }
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = indexmap::map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(iter: I) -> Self {
        Self { members: iter.into_iter().collect() }
    }
}

impl Value {
    /// Where the value was written.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { origin: self.origin.clone(), position: self.position }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.kind == ScalarKind::Null)
    }

    /// The text of a scalar other than null, as it was written: `007` stays `007`. The value of an environment variable
    /// that was not quoted is its whole text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.kind != ScalarKind::Null => {
                Some(scalar.raw.as_deref().unwrap_or(&scalar.text))
            }
            _ => None,
        }
    }

    /// The parsed text of a scalar other than null.
    fn parsed(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.kind != ScalarKind::Null => Some(scalar.text.trim()),
            _ => None,
        }
    }

    /// True for `true`, `yes`, `on`, `1`; false for `false`, `no`, `off`, `0`, in any case and also in quotes.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.parsed()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    /// A whole number, also in quotes or written `5.0`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        /// Above this, a float no longer names one whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let text = self.parsed()?;
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        let number = self.as_f64()?;
        #[allow(clippy::cast_possible_truncation)] // whole and within the exact range
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    }

    /// A finite number, also in quotes.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        let text = self.parsed()?;
        is_number(text).then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
    }

    /// A number with a unit: `10s`, `5 minutes`, `500ms`, `1.5h`, `2d`, `1w`. A bare number has no unit: see [`Value::as_i64`].
    #[must_use]
    pub fn as_duration(&self) -> Option<Duration> {
        duration::parse(self.parsed()?)
    }

    /// "text", "a number", …: what a person calls it.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => "null",
                ScalarKind::Bool => "true or false",
                ScalarKind::Number => "a number",
                ScalarKind::String => "text",
            },
            Kind::Array(_) => "a list",
            Kind::Object(_) => "a section in braces",
            Kind::Unresolved(_) => "a substitution",
        }
    }

    /// As JSON. Numbers that JSON or 64 bits cannot hold become strings; of an unresolved value only the last plain part remains.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            Kind::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => Json::Null,
                ScalarKind::Bool => Json::Bool(scalar.text.eq_ignore_ascii_case("true")),
                ScalarKind::Number => number_to_json(&scalar.text),
                ScalarKind::String => Json::String(scalar.text.clone()),
            },
            Kind::Array(items) => items.iter().map(Value::to_json).collect(),
            Kind::Object(object) => {
                Json::Object(object.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect())
            }
            Kind::Unresolved(unresolved) => unresolved
                .parts
                .iter()
                .rev()
                .find_map(|part| match part {
                    Part::Value(value) | Part::Appended(value) => Some(value.to_json()),
                    Part::Substitution(_) => None,
                })
                .unwrap_or(Json::Null),
        }
    }
}

impl Scalar {
    pub(in crate::config) fn string(text: String) -> Self {
        Self { kind: ScalarKind::String, text, raw: None }
    }

    /// Recognises null, booleans and numbers in text that stood without quotes.
    pub(in crate::config) fn recognise(text: String) -> Self {
        let kind = if text.eq_ignore_ascii_case("null") {
            ScalarKind::Null
        } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            ScalarKind::Bool
        } else if is_number(&text) {
            ScalarKind::Number
        } else {
            ScalarKind::String
        };
        Self { kind, text, raw: None }
    }
}

/// `-1`, `1.5`, `.5`, `1e-9`: digits with at most one point and one exponent.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole.is_empty() || digits(whole)) && digits(fraction),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(digits)
}

fn number_to_json(text: &str) -> serde_json::Value {
    use serde_json::Value as Json;
    if let Ok(number) = text.parse::<i64>() {
        return Json::from(number);
    }
    if let Ok(number) = text.parse::<u64>() {
        return Json::from(number);
    }
    text.parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| Json::String(text.to_owned()), Json::Number)
}
