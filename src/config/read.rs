//! From a configuration tree to typed settings: what a type reads, and how it complains.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::crypto::Secret;

use super::error::{Problem, Warning, WarningKind};
use super::hocon::{Kind, Value};
use super::{ignored, suggest};

/// Collects what is wrong while settings are read.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Reader {
    pub(super) fn problem(&mut self, at: &str, value: Option<&Value>, message: impl Into<String>) {
        self.problems.push(problem(at, value, message));
    }

    pub(super) fn warn(
        &mut self,
        kind: WarningKind,
        at: &str,
        value: Option<&Value>,
        message: impl Into<String>,
    ) {
        self.warnings.push(Warning { kind, problem: problem(at, value, message) });
    }

    pub(super) fn wrong_type(&mut self, at: &str, value: &Value, wanted: &str) {
        self.problem(
            at,
            Some(value),
            format!("must be {wanted}, but it is {}; change it", value.kind_name()),
        );
    }

    /// Warns of a key that nothing reads, unless it belongs to a program that Roundhouse replaces.
    pub(super) fn unknown(&mut self, at: &str, key: &str, value: &Value, known: &[&str]) {
        let mut path = join(at, key);
        let mut inner = value;
        // Name the whole path of a lone override such as CLEARML__no__such__key.
        while let Some((key, only)) =
            inner.as_object().filter(|object| object.len() == 1).and_then(|o| o.iter().next())
        {
            path = join(&path, key);
            inner = only;
        }
        if ignored::is_known(&path) {
            return;
        }
        let hint = suggest::nearest(key, known.iter().copied()).map_or_else(
            || "remove it or correct its name".to_owned(),
            |name| format!("did you mean {}", join(at, name)),
        );
        self.warn(
            WarningKind::UnknownKey,
            &path,
            Some(inner),
            format!("is not a setting and has no effect; {hint}"),
        );
    }
}

fn problem(at: &str, value: Option<&Value>, message: impl Into<String>) -> Problem {
    Problem {
        key: (!at.is_empty()).then(|| at.to_owned()),
        place: value.map(Value::place),
        message: message.into(),
    }
}

/// Appends a key to a dotted path.
pub(super) fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// Something that settings are made of: it has a default, which a configured value replaces or, for sections, refines.
pub(super) trait Setting {
    /// Takes over a configured value; a wrong one is reported and leaves the default.
    fn apply(&mut self, value: &Value, at: &str, reader: &mut Reader);
    /// As JSON for `server.config`; None for what must not be shown.
    fn tree(&self) -> Option<Json>;
}

/// Why a leaf could not be read.
pub(super) enum Wrong {
    /// "must be …".
    Wanted(String),
    /// A more precise complaint was made already.
    Reported,
}

impl From<&str> for Wrong {
    fn from(wanted: &str) -> Self {
        Self::Wanted(wanted.to_owned())
    }
}

/// A setting that is replaced as a whole.
pub(super) trait Leaf: Sized {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong>;
    fn tree(&self) -> Option<Json>;
    /// What `null` means; None keeps the default.
    fn null() -> Option<Self> {
        None
    }
    /// Whether an empty text means "not set" for an optional setting.
    const EMPTY_IS_UNSET: bool = false;
}

impl<T: Leaf> Setting for T {
    fn apply(&mut self, value: &Value, at: &str, reader: &mut Reader) {
        if value.is_null() {
            if let Some(null) = T::null() {
                *self = null;
            }
            return;
        }
        match T::read(value, at, reader) {
            Ok(read) => *self = read,
            Err(Wrong::Wanted(wanted)) => reader.wrong_type(at, value, &wanted),
            Err(Wrong::Reported) => {}
        }
    }

    fn tree(&self) -> Option<Json> {
        Leaf::tree(self)
    }
}

impl Leaf for bool {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| "true or false".into())
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::from(*self))
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Leaf for $type {
            fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
                value.as_i64().and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| Wrong::Wanted(format!("a whole number from {} to {}", Self::MIN, i64::try_from(Self::MAX).unwrap_or(i64::MAX))))
            }

            fn tree(&self) -> Option<Json> {
                Some(Json::from(*self))
            }
        }
    )*};
}
whole_number!(u16, u32, u64);

impl Leaf for f64 {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value.as_f64().ok_or_else(|| "a number".into())
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::from(*self))
    }
}

impl Leaf for String {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value.as_text().map(str::to_owned).ok_or_else(|| "text".into())
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::from(self.as_str()))
    }

    const EMPTY_IS_UNSET: bool = true;
}

impl Leaf for Secret<String> {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value.as_text().map(Self::from).ok_or_else(|| "text".into())
    }

    fn tree(&self) -> Option<Json> {
        None
    }

    const EMPTY_IS_UNSET: bool = true;
}

impl<T: Leaf> Leaf for Option<T> {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong> {
        if T::EMPTY_IS_UNSET && value.as_text().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        T::read(value, at, reader).map(Some)
    }

    fn tree(&self) -> Option<Json> {
        match self {
            Some(value) => value.tree(),
            None => Some(Json::Null),
        }
    }

    fn null() -> Option<Self> {
        Some(None)
    }
}

/// A lone value is a list of one. Text that looks like a list which did not parse is refused.
impl<T: Leaf> Leaf for Vec<T> {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong> {
        let lone = matches!(value.kind, Kind::Scalar(_));
        let items = match &value.kind {
            Kind::Array(items) => items.as_slice(),
            Kind::Scalar(_)
                if value
                    .as_text()
                    .is_some_and(|text| !text.trim().is_empty() && !text.starts_with(['[', '{'])) =>
            {
                std::slice::from_ref(value)
            }
            _ => return Err("a list such as [\"a\", \"b\"], each text in double quotes".into()),
        };
        let mut read = Vec::with_capacity(items.len());
        let mut wrong = false;
        for (index, item) in items.iter().enumerate() {
            let at = if lone { at.to_owned() } else { format!("{at}[{index}]") };
            match T::read(item, &at, reader) {
                Ok(item) => read.push(item),
                Err(Wrong::Wanted(wanted)) => {
                    wrong = true;
                    reader.wrong_type(&at, item, &wanted);
                }
                Err(Wrong::Reported) => wrong = true,
            }
        }
        if wrong { Err(Wrong::Reported) } else { Ok(read) }
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::Array(self.iter().filter_map(Leaf::tree).collect()))
    }
}

impl<T: Setting + Default> Setting for BTreeMap<String, T> {
    fn apply(&mut self, value: &Value, at: &str, reader: &mut Reader) {
        if value.is_null() {
            return;
        }
        let Some(object) = value.as_object() else {
            reader.wrong_type(at, value, "a section in braces");
            return;
        };
        for (key, value) in object.iter() {
            self.entry(key.to_owned()).or_default().apply(value, &join(at, key), reader);
        }
    }

    fn tree(&self) -> Option<Json> {
        let members = self.iter().filter_map(|(key, value)| Some((key.clone(), value.tree()?)));
        Some(Json::Object(members.collect()))
    }
}

/// A span of time in whole seconds, written as a number of seconds or with a unit: `3600`, `10s`, `30 days`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(u64);

impl Seconds {
    /// That many seconds.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of seconds for arithmetic with timestamps.
    #[must_use]
    pub const fn signed(self) -> i64 {
        if self.0 > i64::MAX as u64 { i64::MAX } else { self.0.cast_signed() }
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl Leaf for Seconds {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        let whole = |duration: Duration| (duration.subsec_nanos() == 0).then_some(duration.as_secs());
        value
            .as_i64()
            .and_then(|seconds| u64::try_from(seconds).ok())
            .or_else(|| value.as_duration().and_then(whole))
            .map(Self)
            .ok_or_else(|| "a number of whole seconds such as 3600, 10s or \"30 days\"".into())
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::from(self.0))
    }
}

/// Configuration that is passed on as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Passthrough(pub Json);

impl Leaf for Passthrough {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        Ok(Self(value.to_json()))
    }

    fn tree(&self) -> Option<Json> {
        Some(self.0.clone())
    }

    fn null() -> Option<Self> {
        Some(Self(Json::Null))
    }
}
