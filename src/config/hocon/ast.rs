//! The document before substitution: what was written, field by field, with nothing decided yet.

use indexmap::IndexMap;

use super::unresolved::Substitution;
use super::value::{Position, Scalar};

/// A parsed document.
pub(super) struct Document {
    pub(super) root: Node,
    /// Number of assignments, elements and pieces: bounds the work of resolving.
    pub(super) size: usize,
    /// Number of substitutions.
    pub(super) substitutions: usize,
    /// One more than the largest [`Layer::id`].
    pub(super) layers: usize,
    /// Where each layer's assignment stands in the text, by layer id: from its key to behind its separator, in bytes.
    pub(super) spans: Vec<Option<(usize, usize)>>,
}

pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) at: Position,
}

pub(super) enum Expr {
    Scalar(Scalar),
    Array(Vec<Node>),
    Object(Fields),
    Substitution(Substitution),
    /// At least two pieces, at least one of them a substitution; the others are all scalars, all arrays or all objects.
    Concat(Vec<Piece>),
}

/// A piece of a concatenation and the blanks before it, which count between strings.
pub(super) struct Piece {
    pub(super) gap: String,
    pub(super) node: Node,
}

/// One assignment to a field. A field keeps those that may still matter, oldest first.
pub(super) struct Layer {
    /// Identifies the layer while it is being resolved, so that a self-reference looks below it.
    pub(super) id: usize,
    pub(super) node: Node,
    /// Written with `+=`.
    pub(super) append: bool,
    /// Part of an object concatenation: must turn out to be an object.
    pub(super) must_be_object: bool,
}

/// The fields of an object with their layers.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) members: IndexMap<String, Vec<Layer>>,
}

impl Fields {
    /// Adds an assignment to a field.
    pub(super) fn add(&mut self, key: String, layer: Layer) {
        let layers = self.members.entry(key).or_default();
        push(layers, layer);
    }

    /// Adds all fields of `later`, as a repeated key does.
    pub(super) fn absorb(&mut self, later: Fields) {
        for (key, layers) in later.members {
            for layer in layers {
                self.add(key.clone(), layer);
            }
        }
    }
}

/// Plain objects merge at once and plain values bury what lies below; only around substitutions is the decision left open.
fn push(layers: &mut Vec<Layer>, layer: Layer) {
    let Layer { id, node, append, must_be_object } = layer;
    match node.expr {
        Expr::Object(fields) if !append => {
            if let Some(Layer { node: Node { expr: Expr::Object(below), .. }, append: false, .. }) =
                layers.last_mut()
            {
                below.absorb(fields);
                return;
            }
            layers.push(Layer {
                id,
                node: Node { expr: Expr::Object(fields), at: node.at },
                append,
                must_be_object,
            });
        }
        expr => {
            if !append && matches!(expr, Expr::Scalar(_) | Expr::Array(_)) {
                layers.clear();
            }
            layers.push(Layer { id, node: Node { expr, at: node.at }, append, must_be_object });
        }
    }
}
