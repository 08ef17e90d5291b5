//! Documents whose substitutions were kept: what is in them, whatever the substitutions will turn out to be.

use super::value::{Kind, Position, Value};

/// `${path}` or `${?path}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// The path, one entry per key.
    pub path: Vec<String>,
    /// Written with `?`: may be undefined.
    pub optional: bool,
    /// Where it starts.
    pub position: Position,
}

/// Everything that takes part in a value that was not resolved: the pieces of a concatenation and the values that a later
/// assignment may or may not override, in the order they were written.
#[derive(Debug, Clone)]
pub struct Unresolved {
    /// The pieces.
    pub parts: Vec<Part>,
}

/// A piece of an unresolved value.
#[derive(Debug, Clone)]
pub enum Part {
    /// A value.
    Value(Value),
    /// An element added with `+=`.
    Appended(Value),
    /// A substitution.
    Substitution(Substitution),
}

impl Value {
    /// Calls `visit` with the path and value of every member at any depth, array elements included (they add no path entry)
    /// and every part of unresolved values, so that a check of forbidden keys cannot be dodged by a substitution.
    pub fn visit(&self, visit: &mut dyn FnMut(&[&str], &Value)) {
        fn walk<'v>(value: &'v Value, path: &mut Vec<&'v str>, visit: &mut dyn FnMut(&[&str], &Value)) {
            match &value.kind {
                Kind::Scalar(_) => {}
                Kind::Array(items) => items.iter().for_each(|item| walk(item, path, visit)),
                Kind::Object(object) => {
                    for (key, member) in object.iter() {
                        path.push(key);
                        visit(path, member);
                        walk(member, path, visit);
                        path.pop();
                    }
                }
                Kind::Unresolved(unresolved) => {
                    for part in &unresolved.parts {
                        if let Part::Value(value) | Part::Appended(value) = part {
                            walk(value, path, visit);
                        }
                    }
                }
            }
        }
        walk(self, &mut Vec::new(), visit);
    }

    /// Every substitution of an unresolved document, in the order of the tree.
    #[must_use]
    pub fn substitutions(&self) -> Vec<&Substitution> {
        fn walk<'v>(value: &'v Value, found: &mut Vec<&'v Substitution>) {
            match &value.kind {
                Kind::Scalar(_) => {}
                Kind::Array(items) => items.iter().for_each(|item| walk(item, found)),
                Kind::Object(object) => object.iter().for_each(|(_, member)| walk(member, found)),
                Kind::Unresolved(unresolved) => {
                    for part in &unresolved.parts {
                        match part {
                            Part::Value(value) | Part::Appended(value) => walk(value, found),
                            Part::Substitution(substitution) => found.push(substitution),
                        }
                    }
                }
            }
        }
        let mut found = Vec::new();
        walk(self, &mut found);
        found
    }
}
