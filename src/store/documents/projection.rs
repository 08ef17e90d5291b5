//! Which parts of a document are wanted (protocol: spec/protocol.md 5.14).

use std::collections::BTreeMap;

use crate::store::query::{Collection, Field, Shape, parse_path, unknown};
use crate::types::Result;

/// The wanted parts of a document, as a tree of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// All of it, whatever the children say; they still say which references are joined.
    whole: Option<Whole>,
    children: BTreeMap<String, Node>,
}

/// What "all of it" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// All but the fields that are hidden by default.
    Default,
    /// Hidden fields too.
    All,
}

/// A projection: a tree of what is wanted and paths that are not.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    root: Node,
    excluded: Vec<Vec<String>>,
}

impl Projection {
    /// Everything that is not hidden, and these hidden fields.
    pub(super) fn default_and(hidden: &[&str]) -> Self {
        let mut root = Node { whole: Some(Whole::Default), children: BTreeMap::new() };
        for name in hidden {
            root.children.entry((*name).to_owned()).or_default().whole = Some(Whole::Default);
        }
        Projection { root, excluded: Vec::new() }
    }

    /// Reads a list of names; an empty one asks for the defaults. `expanded` allows sub-fields of references.
    ///
    /// Errors: `400/14` for unknown fields, `400/12` for malformed paths.
    pub(super) fn parse(collection: &Collection, names: &[&str], expanded: bool) -> Result<Self> {
        let mut root = Node::default();
        let mut excluded = Vec::new();
        let mut included = Vec::new();
        for name in names {
            if let Some(rest) = name.strip_prefix('-') {
                let path = parse_path(collection, rest.strip_suffix(".*").unwrap_or(rest))?;
                if path.first().is_none_or(|first| collection.field(first).is_none()) {
                    return Err(unknown(name));
                }
                excluded.push(path);
                continue;
            }
            if *name == "*" {
                root.whole = Some(Whole::All);
                continue;
            }
            let (plain, star) = match name.strip_suffix(".*") {
                Some(plain) => (plain, true),
                None => (*name, false),
            };
            let path = parse_path(collection, plain)?;
            check(collection, &path, expanded).ok_or_else(|| unknown(name))?;
            let mut node = &mut root;
            for part in &path {
                node = node.children.entry(part.clone()).or_default();
            }
            // A star after a reference asks for the whole document behind it.
            if star || node.whole.is_none() {
                node.whole = Some(if star { Whole::All } else { Whole::Default });
            }
            included.push(path);
        }
        if included.is_empty() && root.whole.is_none() {
            root.whole = Some(Whole::Default);
        }
        excluded.retain(|path| !included.contains(path));
        Ok(Projection { root, excluded })
    }

    /// Of the documents behind a reference.
    fn of_reference(collection: &Collection, node: &Node) -> Result<Self> {
        if let Some(name) = node.children.keys().find(|name| *name != "*" && collection.field(name).is_none())
        {
            return Err(unknown(name));
        }
        let whole = node.whole.filter(|whole| *whole == Whole::All);
        Ok(Projection { root: Node { whole, children: node.children.clone() }, excluded: Vec::new() })
    }

    /// The wish at the top of the document.
    pub(super) fn root(&self) -> Want<'_> {
        Want { whole: self.root.whole, node: Some(&self.root) }
    }

    /// Whether the field is part of the answer, and what of it.
    pub(super) fn top(&self, field: &Field) -> Option<Want<'_>> {
        if self.excluded.iter().any(|path| path.as_slice() == [field.name]) {
            return None;
        }
        let named = self.root.children.contains_key(field.name);
        if field.hidden && !named && self.root.whole != Some(Whole::All) {
            return None;
        }
        self.root().child(field.name)
    }

    /// Paths below the top that are to be removed from the answer.
    pub(super) fn removals(&self) -> impl Iterator<Item = &[String]> {
        self.excluded.iter().filter(|path| path.len() > 1).map(Vec::as_slice)
    }

    /// Asks for `id` as well.
    pub(super) fn with_id(mut self) -> Self {
        self.root.children.entry("id".to_owned()).or_default().whole.get_or_insert(Whole::Default);
        self.excluded.retain(|path| path.as_slice() != ["id"]);
        self
    }
}

/// Whether a path can be asked for. Below a reference the names are checked once a document is joined.
fn check(collection: &Collection, path: &[String], expanded: bool) -> Option<()> {
    if !expanded {
        return collection.shape_of(path).map(|_| ());
    }
    collection.field(path.first()?).map(|_| ())
}

/// A wish at one place of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want<'a> {
    whole: Option<Whole>,
    node: Option<&'a Node>,
}

impl<'a> Want<'a> {
    /// Everything that is not hidden.
    pub(super) const WHOLE: Want<'static> = Want { whole: Some(Whole::Default), node: None };

    /// The wish for a member; `None` when it is not wanted.
    pub(super) fn child(&self, name: &str) -> Option<Want<'a>> {
        match (self.node.and_then(|node| node.children.get(name)), self.whole) {
            (Some(node), whole) => Some(Want { whole: whole.or(node.whole), node: Some(node) }),
            (None, Some(_)) => Some(Want { whole: self.whole, node: None }),
            (None, None) => None,
        }
    }

    /// Whether everything here is wanted.
    pub(super) fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// The members asked for by name.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.node.into_iter().flat_map(|node| node.children.keys().map(String::as_str))
    }

    /// What is wanted of the document behind this reference; `None` when its id is enough.
    ///
    /// Errors: `400/14` for fields that the document's collection does not have.
    pub(super) fn joined(&self, shape: &Shape) -> Result<Option<Projection>> {
        let (Some(node), Shape::Reference(collection)) = (self.node, shape) else { return Ok(None) };
        if node.children.is_empty() && node.whole != Some(Whole::All) {
            return Ok(None);
        }
        Projection::of_reference(collection, node).map(|projection| Some(projection.with_id()))
    }
}
