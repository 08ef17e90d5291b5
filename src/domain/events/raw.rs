//! One event as it arrives: its fields found, none of them interpreted.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

macro_rules! raw_event {
    ($($field:ident = $wire:literal,)*) => {
        /// The fields of an event. What has no place here is in `extras`.
        #[derive(Default)]
        pub(super) struct RawEvent<'a> {
            $(pub(super) $field: Option<&'a RawValue>,)*
            pub(super) extras: Vec<(Cow<'a, str>, &'a RawValue)>,
        }

        impl<'a> RawEvent<'a> {
            /// Of a field that stands twice the last one counts, as in Python.
            fn set(&mut self, name: Cow<'a, str>, value: &'a RawValue) {
                match name.as_ref() {
                    $($wire => self.$field = Some(value),)*
                    // Transport leftovers and what the server itself writes.
                    "method" | "@timestamp" | "plot_len" | "plot_data" | "source_urls" | "valid_plot" => {}
                    _ => match self.extras.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = value,
                        None => self.extras.push((name, value)),
                    },
                }
            }
        }
    };
}

raw_event! {
    kind = "type",
    task = "task",
    model = "model",
    model_event = "model_event",
    allow_locked = "allow_locked",
    timestamp = "timestamp",
    ts = "ts",
    worker = "worker",
    iter = "iter",
    metric = "metric",
    variant = "variant",
    value = "value",
    values = "values",
    key = "key",
    url = "url",
    plot_str = "plot_str",
    skip_validation = "skip_validation",
    msg = "msg",
    level = "level",
    x_axis_label = "x_axis_label",
}

/// A field's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = RawEvent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEvent<'de>, A::Error> {
        let mut event = RawEvent::default();
        while let Some(Name(name)) = map.next_key()? {
            event.set(name, map.next_value()?);
        }
        Ok(event)
    }
}

impl<'de> Deserialize<'de> for RawEvent<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}
