//! Reading a stored JSON section without building what nobody asked for.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::projection::Want;

/// Reads JSON text; of objects, also of those in lists, only the wanted members are kept. What is skipped is still
/// checked to be JSON.
pub(super) fn read(text: &str, want: &Want<'_>) -> serde_json::Result<Value> {
    if want.is_whole() {
        return serde_json::from_str(text);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Part(*want).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Part<'a>(Want<'a>);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0.is_whole() {
            true => Value::deserialize(deserializer),
            false => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            out.push(item);
        }
        Ok(out.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(member) = members.next_key_seed(Name(self.0))? {
            match member {
                None => drop(members.next_value::<IgnoredAny>()?),
                Some((name, want)) => drop(out.insert(name, members.next_value_seed(Part(want))?)),
            }
        }
        Ok(out.into())
    }
}

/// A member's name and the wish for it, when there is one.
struct Name<'a>(Want<'a>);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<(String, Want<'a>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<(String, Want<'a>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(name).map(|want| (name.to_owned(), want)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{documents::projection::Projection, query::TASK};

    fn kept(fields: &[&str], text: &str) -> Value {
        let projection = Projection::parse(&TASK, fields, false).unwrap();
        let want = projection.root().child("hyperparams").unwrap();
        read(text, &want).unwrap()
    }

    #[test]
    fn only_wanted_members_are_kept() {
        let text = r#"{"A":{"x":{"v":1,"w":[1]},"y":{"v":2.5}},"B":[{"x":null},{"y":"t"}],"C":"\u00e9"}"#;
        let whole: Value = serde_json::from_str(text).unwrap();
        assert_eq!(kept(&["hyperparams"], text), whole);
        assert_eq!(kept(&["hyperparams.A.x"], text), json!({"A": {"x": {"v": 1, "w": [1]}}}));
        assert_eq!(
            kept(&["hyperparams.A.y", "hyperparams.C"], text),
            json!({"A": {"y": {"v": 2.5}}, "C": "é"})
        );
        assert_eq!(kept(&["hyperparams.B.x"], text), json!({"B": [{"x": null}, {}]}));
        assert_eq!(kept(&["hyperparams.\u{e9}.x"], text), json!({}));
    }

    #[test]
    fn damage_in_skipped_parts_is_seen() {
        let projection = Projection::parse(&TASK, &["hyperparams.A.x"], false).unwrap();
        let want = projection.root().child("hyperparams").unwrap();
        for bad in [r#"{"B":{]}"#, r#"{"A":1} x"#, r#"{"A":1"#, ""] {
            assert!(read(bad, &want).is_err(), "{bad}");
        }
    }
}
