//! Fields of an event: the texts among them, those that are kept as sent, and the values of vectors and plots.

use std::borrow::Cow;

use super::{
    batch::Defaults,
    figure,
    group::Common,
    raw::RawEvent,
    text::{self, Token},
};
use crate::store::events::{EventKind, ReportedPlot, pack_plot};

/// Why an event is refused, as people read it in `errors_info`.
pub(super) type Refused = &'static str;

pub(super) const BAD_ITERATION: Refused = "iter is not a whole number";
pub(super) const ITERATION_OUT_OF_RANGE: Refused = "iter does not fit into 64 bits";
pub(super) const BAD_TIMESTAMP: Refused = "timestamp is not a number of milliseconds";
pub(super) const BAD_VALUE: Refused = "value is not a finite number";
pub(super) const BAD_VECTOR: Refused = "values is not a list of finite numbers";
pub(super) const BAD_TEXT: Refused = "a field that must be text is something else";
pub(super) const TOO_DEEP: Refused = "a field is nested deeper than 64 levels";

/// An unknown field and its JSON.
pub(super) type Extra<'a> = (Cow<'a, str>, Cow<'a, str>);

pub(super) fn optional_text(token: Option<Token<'_>>) -> Result<Option<Cow<'_, str>>, Refused> {
    match token {
        None | Some(Token::Null) => Ok(None),
        Some(token) => token.text().map(Some).ok_or(BAD_TEXT),
    }
}

pub(super) fn keep<'a>(extras: &mut Vec<Extra<'a>>, name: &'static str, value: Option<Token<'a>>) {
    if let Some(value) = value {
        extras.push((Cow::Borrowed(name), value.json()));
    }
}

/// Known fields of other kinds are unknown fields of this one: kept as sent.
pub(super) fn keep_foreign(kind: EventKind, event: &mut RawEvent<'_>, validate_plots: bool) {
    if !matches!(kind, EventKind::Scalar | EventKind::Vector) {
        match event.values {
            Some(values) => event.extras.push((Cow::Borrowed("value"), Cow::Borrowed(values.get()))),
            None => keep(&mut event.extras, "value", event.value.take()),
        }
    }
    if kind != EventKind::Image {
        keep(&mut event.extras, "url", event.url.take());
    }
    if kind != EventKind::Plot {
        keep(&mut event.extras, "plot_str", event.plot_str.take());
    }
    if kind != EventKind::Plot || !validate_plots {
        keep(&mut event.extras, "skip_validation", event.skip_validation.take());
    }
    if kind != EventKind::Log {
        keep(&mut event.extras, "msg", event.msg.take());
        keep(&mut event.extras, "level", event.level.take());
    }
}

/// Fields as the text of a JSON object.
pub(super) fn object(fields: &[Extra<'_>]) -> Result<String, Refused> {
    let mut out = String::from("{");
    for (at, (name, value)) in fields.iter().enumerate() {
        if !text::is_shallow(value) {
            return Err(TOO_DEEP);
        }
        if at > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    Ok(out)
}

/// A list of finite numbers, or one number, as JSON text.
pub(super) fn vector(json: &str) -> Result<String, Refused> {
    // Numbers beyond f64 are errors of the parser itself.
    let is_one = serde_json::from_str::<f64>(json).is_ok();
    if !is_one && serde_json::from_str::<Vec<f64>>(json).is_err() {
        return Err(BAD_VECTOR);
    }
    Ok(json.to_owned())
}

pub(super) fn plot<'a>(
    figure: Option<Cow<'a, str>>,
    skip_validation: bool,
    common: &Common,
    defaults: &Defaults<'_>,
) -> ReportedPlot<'a> {
    let length = figure.as_ref().map_or(0, |figure| figure.chars().count());
    let text = figure.as_deref().unwrap_or_default();
    let valid = match defaults.validate_plots {
        false => None,
        true if text.is_empty() => Some(false),
        true if skip_validation => None,
        true => Some(figure::is_json(text)),
    };
    let source_urls = figure::source_urls(text);
    let large = defaults.compress_from != 0 && length as u64 >= defaults.compress_from;
    // A figure that can't be compressed is stored as it is.
    let packed = if large { pack_plot(text).ok() } else { None };
    ReportedPlot {
        iteration: common.iteration.unwrap_or(0),
        plot_str: if packed.is_some() { None } else { figure },
        packed,
        plot_len: length as i64,
        valid,
        source_urls,
        timestamp: common.timestamp,
        sender: common.sender,
    }
}
