//! The reply envelope (spec/protocol.md 1.8).

use serde_json::{Value, json};

use crate::types::{ApiError, Version, new_id};

/// What the envelope says about the call.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    /// Fresh id of the call.
    pub id: String,
    /// Transaction id.
    pub trx: String,
    /// `service.action`, empty when the path was malformed.
    pub name: String,
    /// Version asked for.
    pub requested: Version,
    /// Version that answered, when an endpoint was found.
    pub actual: Option<Version>,
}

impl Meta {
    /// Before anything is known about the call.
    pub(super) fn unknown(trx: Option<&str>) -> Self {
        let id = new_id();
        Meta {
            trx: trx.map_or_else(|| id.clone(), str::to_owned),
            id,
            name: String::new(),
            requested: Version::FIRST,
            actual: None,
        }
    }

    fn version(&self, version: Version) -> Value {
        if self.requested >= Version::new(2, 1) {
            return version.to_string().into();
        }
        version.to_string().parse::<f64>().map_or(Value::Null, Value::from)
    }

    fn json(&self, code: u16, subcode: u16, msg: &str, error_data: Value) -> Value {
        json!({
            "id": self.id,
            "trx": self.trx,
            "endpoint": {
                "name": self.name,
                "requested_version": self.version(self.requested),
                "actual_version": self.actual.map(|version| self.version(version)),
            },
            "result_code": code,
            "result_subcode": subcode,
            "result_msg": msg,
            "error_stack": null,
            "error_data": error_data,
        })
    }
}

/// The envelope of a success around already serialised data.
pub(super) fn success(meta: &Meta, data: &str) -> String {
    let meta = meta.json(200, 0, "OK", json!({})).to_string();
    let mut text = String::with_capacity(meta.len() + data.len() + 20);
    text.push_str("{\"meta\":");
    text.push_str(&meta);
    text.push_str(",\"data\":");
    text.push_str(data);
    text.push('}');
    text
}

/// The envelope of a failure.
pub(super) fn failure(meta: &Meta, error: &ApiError) -> String {
    let kind = error.kind();
    let data = Value::Object(error.data().clone());
    json!({"meta": meta.json(kind.code(), kind.subcode(), &error.to_string(), data), "data": {}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ErrorKind;

    #[test]
    fn versions_are_numbers_below_2_1_and_text_from_there_on() {
        let mut meta = Meta::unknown(Some("T1"));
        meta.requested = Version::new(2, 0);
        meta.actual = Some(Version::FIRST);
        let reply: Value = serde_json::from_str(&success(&meta, "{}")).unwrap();
        assert_eq!(reply["meta"]["endpoint"]["requested_version"].to_string(), "2.0");
        assert_eq!(reply["meta"]["endpoint"]["actual_version"].to_string(), "1.0");
        assert_eq!(reply["meta"]["trx"], "T1");
        meta.requested = Version::new(2, 34);
        let reply: Value = serde_json::from_str(&failure(&meta, &ErrorKind::NotFound.into())).unwrap();
        assert_eq!(reply["meta"]["endpoint"]["requested_version"], "2.34");
        assert_eq!((&reply["meta"]["result_code"], &reply["data"]), (&json!(404), &json!({})));
    }
}
