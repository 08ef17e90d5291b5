//! A document whose substitutions stay unresolved.

use super::ast::{Document, Expr, Fields, Layer, Node};
use super::unresolved::{Part, Unresolved};
use super::value::{Kind, Object, Origin, Value};

/// The document as values, substitutions and what surrounds them as [`Kind::Unresolved`].
pub(super) fn document(document: &Document, origin: &Origin) -> Value {
    node(&document.root, origin)
}

fn node(node: &Node, origin: &Origin) -> Value {
    let kind = match &node.expr {
        Expr::Scalar(scalar) => Kind::Scalar(scalar.clone()),
        Expr::Array(items) => Kind::Array(items.iter().map(|item| self::node(item, origin)).collect()),
        Expr::Object(fields) => Kind::Object(object(fields, origin)),
        Expr::Substitution(_) | Expr::Concat(_) => {
            let mut parts = Vec::new();
            collect(node, origin, &mut parts);
            Kind::Unresolved(Unresolved { parts })
        }
    };
    Value { kind, position: node.at, origin: origin.clone() }
}

fn object(fields: &Fields, origin: &Origin) -> Object {
    fields.members.iter().filter_map(|(key, layers)| Some((key.clone(), field(layers, origin)?))).collect()
}

fn field(layers: &[Layer], origin: &Origin) -> Option<Value> {
    let first = layers.first()?;
    if let ([layer], false) = (layers, first.append) {
        return Some(node(&layer.node, origin));
    }
    let mut parts = Vec::new();
    for layer in layers {
        if layer.append {
            parts.push(Part::Appended(node(&layer.node, origin)));
        } else {
            collect(&layer.node, origin, &mut parts);
        }
    }
    Some(Value {
        kind: Kind::Unresolved(Unresolved { parts }),
        position: first.node.at,
        origin: origin.clone(),
    })
}

fn collect(node: &Node, origin: &Origin, parts: &mut Vec<Part>) {
    match &node.expr {
        Expr::Substitution(substitution) => parts.push(Part::Substitution(substitution.clone())),
        Expr::Concat(pieces) => pieces.iter().for_each(|piece| collect(&piece.node, origin, parts)),
        Expr::Scalar(_) | Expr::Array(_) | Expr::Object(_) => {
            parts.push(Part::Value(self::node(node, origin)))
        }
    }
}
