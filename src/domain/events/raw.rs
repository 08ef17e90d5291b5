//! One event as it arrives: its fields found, none of them interpreted.
//!
//! Fields are read as tokens in one pass. What a token can't hold (numbers beyond 64 bits, half a surrogate pair, a list
//! where none belongs) makes that pass fail; the line is then read again, field by field, so that one bad value refuses
//! one event and not the batch.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::text::{self, Token};

macro_rules! raw_event {
    ($($field:ident = $wire:literal,)*) => {
        /// The fields of an event. What has no place here is in `extras`.
        #[derive(Default)]
        pub(super) struct RawEvent<'a> {
            $(pub(super) $field: Option<Token<'a>>,)*
            /// Always a list or one number: as it stands.
            pub(super) values: Option<&'a RawValue>,
            pub(super) extras: Vec<(Cow<'a, str>, Cow<'a, str>)>,
        }

        impl<'a> RawEvent<'a> {
            /// The place of a known field. Of one that stands twice the last one counts, as in Python.
            fn place(&mut self, name: &str) -> Option<&mut Option<Token<'a>>> {
                match name {
                    $($wire => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

// The order is that in which the SDK writes them.
raw_event! {
    timestamp = "timestamp",
    kind = "type",
    task = "task",
    iter = "iter",
    metric = "metric",
    variant = "variant",
    value = "value",
    allow_locked = "allow_locked",
    model_event = "model_event",
    worker = "worker",
    level = "level",
    msg = "msg",
    key = "key",
    url = "url",
    plot_str = "plot_str",
    skip_validation = "skip_validation",
    model = "model",
    ts = "ts",
    x_axis_label = "x_axis_label",
}

impl<'a> RawEvent<'a> {
    /// Reads a line; `None` when it is no JSON object.
    pub(super) fn read(line: &'a str) -> Option<RawEvent<'a>> {
        let read = |patient: bool| {
            let mut json = serde_json::Deserializer::from_str(line);
            let event = Fields { patient }.deserialize(&mut json).ok()?;
            json.end().ok()?;
            Some(event)
        };
        read(false).or_else(|| read(true))
    }

    fn keep(&mut self, name: Cow<'a, str>, value: &'a RawValue) {
        match name.as_ref() {
            "values" => self.values = Some(value),
            // Transport leftovers and what the server itself writes.
            "method" | "@timestamp" | "plot_len" | "plot_data" | "source_urls" | "valid_plot" => {}
            _ => {
                let value = Cow::Borrowed(value.get());
                match self.extras.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => self.extras.push((name, value)),
                }
            }
        }
    }
}

/// A field's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields {
    patient: bool,
}

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = RawEvent<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawEvent<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = RawEvent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEvent<'de>, A::Error> {
        let mut event = RawEvent::default();
        while let Some(Name(name)) = map.next_key()? {
            match event.place(&name) {
                Some(place) if self.patient => *place = Some(text::token(map.next_value()?)),
                Some(place) => *place = Some(map.next_value()?),
                None => event.keep(name, map.next_value()?),
            }
        }
        Ok(event)
    }
}

impl<'de> Deserialize<'de> for Token<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tokens)
    }
}

struct Tokens;

impl<'de> Visitor<'de> for Tokens {
    type Value = Token<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Token<'de>, E> {
        Ok(Token::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Token<'de>, E> {
        Ok(Token::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Token<'de>, E> {
        Ok(Token::Whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Token<'de>, E> {
        i64::try_from(value).map(Token::Whole).map_err(|_| E::custom("beyond 64 bits"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Token<'de>, E> {
        Ok(Token::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Token<'de>, E> {
        Ok(Token::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Token<'de>, E> {
        Ok(Token::Text(Cow::Owned(value.to_owned())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_value_costs_no_more_than_its_field() {
        let event =
            RawEvent::read(r#"{"iter": 9223372036854775808, "metric": {"a": 1}, "msg": "x\udcff", "z": 1}"#);
        let event = event.unwrap();
        assert!(matches!(event.iter, Some(Token::Odd("9223372036854775808"))));
        assert!(matches!(event.metric, Some(Token::Odd("{\"a\": 1}"))));
        assert!(matches!(event.msg, Some(Token::Text(text)) if text == "x\u{FFFD}"));
        assert_eq!(event.extras, [(Cow::from("z"), Cow::from("1"))]);
    }

    #[test]
    fn of_two_fields_of_a_name_the_last_counts() {
        let event = RawEvent::read(r#"{"iter": 1, "a": 1, "iter": 2, "a": 2}"#).unwrap();
        assert!(matches!(event.iter, Some(Token::Whole(2))));
        assert_eq!(event.extras, [(Cow::from("a"), Cow::from("2"))]);
    }

    #[test]
    fn only_an_object_is_an_event() {
        for line in ["[1]", "5", "null", "\"x\"", "{", "{} {}", "{\"a\":}", ""] {
            assert!(RawEvent::read(line).is_none(), "{line}");
        }
        assert!(RawEvent::read(" {} ").is_some());
    }
}
