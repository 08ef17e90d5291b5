//! HOCON, the language of ClearML's configuration files and vaults.
//!
//! Why our own: deployments carry files that were only ever read by the SDK's and the server's Python parser (URLs without
//! quotes, `True`, keys with blanks), an operator needs `file:line:column` in every complaint, and vaults are hostile input.
//! So this reader keeps positions, never recurses deeper than [`MAX_DEPTH`] levels, and bounds what substitutions may expand to.
//!
//! What it reads: comments `#` and `//`; `:`, `=`, `+=` or nothing before `{`; dotted, quoted and blank-carrying keys; objects
//! merged by key; comma or newline separators; unquoted, quoted and triple-quoted strings; concatenation of strings, arrays
//! and objects; `${path}` and `${?path}` with look-back for self-references. Numbers, booleans and null are recognised
//! but keep the text that was written, so `007` can still be a password. `10s` is text until [`Value::as_duration`] is asked.
//!
//! Two liberties beyond the HOCON text, both because existing files need them: `:` may stand in unquoted text, where
//! `://` does not start a comment; `True`, `FALSE` and `Null` are recognised in any case.
//! `include` is always refused: configuration and vaults are complete in themselves.
//!
//! Not here: what a key means (see [`super::settings`]), where files come from (see [`super::sources`]).

mod ast;
mod cursor;
mod cut;
mod duration;
mod error;
mod keep;
mod parser;
mod paths;
mod resolve;
mod strings;
mod unresolved;
mod value;

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;

pub use cut::cut;
pub use error::HoconError;
pub use unresolved::{Part, Substitution, Unresolved};
pub use value::{Kind, Object, Origin, Place, Position, Scalar, ScalarKind, Value};

/// Deepest nesting of objects, arrays and dotted keys together (security_rules S24).
pub const MAX_DEPTH: usize = 64;

/// What to do with `${…}`.
#[derive(Clone, Copy, Default)]
pub enum Substitutions<'a> {
    /// Look paths up in the document; an undefined `${path}` is an error.
    #[default]
    Resolve,
    /// As `Resolve`, and a path the document does not define is looked up with this function (an environment).
    ResolveWith(&'a dyn Fn(&str) -> Option<String>),
    /// Leave them as [`Kind::Unresolved`], for validating text that another machine will resolve.
    Keep,
}

/// How to read a document.
#[derive(Clone, Default)]
pub struct Options<'a> {
    /// What to do with `${…}`.
    pub substitutions: Substitutions<'a>,
    /// Where the text comes from; every value carries it.
    pub origin: Origin,
    /// Keep an unknown escape such as `"C:\data"` as written, as the SDK's reader does, instead of refusing it.
    pub keep_unknown_escapes: bool,
}

/// Reads a document: an object with or without its outer braces, or an array. An empty text is an empty object.
///
/// # Errors
/// [`HoconError`] with the position of the first problem.
pub fn parse(text: &str, options: &Options<'_>) -> Result<Value, HoconError> {
    let document = parser::document(text, options)?;
    match options.substitutions {
        Substitutions::Keep => Ok(keep::document(&document, &options.origin)),
        Substitutions::Resolve => resolve::document(&document, text.len(), None, &options.origin),
        Substitutions::ResolveWith(env) => {
            resolve::document(&document, text.len(), Some(env), &options.origin)
        }
    }
}

/// Reads one value, as after `key =`. Used for environment overrides, so an empty text is the empty string and
/// substitutions are refused.
///
/// # Errors
/// [`HoconError`] with the position of the first problem.
pub fn parse_value(text: &str, origin: &Origin) -> Result<Value, HoconError> {
    let options = Options { origin: origin.clone(), ..Options::default() };
    let document = parser::lone_value(text, &options)?;
    if document.substitutions > 0 {
        return Err(HoconError::new(
            origin,
            document.root.at,
            "substitutions such as ${name} are not read here",
        ));
    }
    resolve::document(&document, text.len(), None, origin)
}
