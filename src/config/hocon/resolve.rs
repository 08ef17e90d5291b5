//! Substitutions: from what was written to what it means.
//!
//! A substitution sees the final value of its path, except that a field never sees the assignment that is being computed:
//! it looks below it. That one rule gives HOCON's look-back (`path = ${path}":/bin"`), lets members of an object refer to
//! their siblings, and turns real cycles into "undefined".
//!
//! Hostile documents can make small texts mean large trees, so the work, the text produced and the depth are all bounded.

use super::MAX_DEPTH;
use super::ast::{Document, Expr, Fields, Layer, Node, Piece};
use super::error::HoconError;
use super::unresolved::Substitution;
use super::value::{Kind, Object, Origin, Position, Scalar, ScalarKind, Value};

type Result<T> = std::result::Result<T, HoconError>;
/// Answers for paths that the document does not define.
type Lookup<'d> = &'d dyn Fn(&str) -> Option<String>;

/// Steps that a document may take beyond a few for each thing written in it.
const SPARE_STEPS: usize = 500_000;
/// Bytes of text that substitutions may produce beyond the length of the document.
const SPARE_BYTES: usize = 16 << 20;
/// Values inside values inside substitutions: bounds the stack.
const MAX_LEVEL: usize = 2 * MAX_DEPTH;

/// Resolves a document of `length` bytes.
pub(super) fn document(
    document: &Document,
    length: usize,
    env: Option<Lookup<'_>>,
    origin: &Origin,
) -> Result<Value> {
    let no_fields = Fields::default();
    let root = if let Expr::Object(fields) = &document.root.expr { fields } else { &no_fields };
    let mut resolver = Resolver {
        root,
        env,
        origin,
        active: vec![false; document.layers],
        steps: document.size.saturating_mul(4).saturating_add(SPARE_STEPS),
        bytes: length.saturating_add(SPARE_BYTES),
        level: 0,
    };
    let value = resolver.node(&document.root, 0)?;
    Ok(value.unwrap_or_else(|| resolver.value(Kind::Object(Object::default()), document.root.at)))
}

struct Resolver<'d> {
    root: &'d Fields,
    env: Option<Lookup<'d>>,
    origin: &'d Origin,
    /// By [`Layer::id`]: being computed now.
    active: Vec<bool>,
    steps: usize,
    bytes: usize,
    level: usize,
}

/// What a path leads to.
enum Found {
    Value(Value),
    /// Nothing here; a lower layer may know.
    Missing,
    /// Something that is no object stands in the way, so no lower layer counts.
    Blocked,
}

impl<'d> Resolver<'d> {
    fn value(&self, kind: Kind, at: Position) -> Value {
        Value { kind, position: at, origin: self.origin.clone() }
    }

    fn error(&self, at: Position, message: impl Into<String>) -> HoconError {
        HoconError::new(self.origin, at, message)
    }

    fn spend(&mut self, steps: usize, at: Position) -> Result<()> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| self.expands_too_far(at))?;
        Ok(())
    }

    fn spend_text(&mut self, bytes: usize, at: Position) -> Result<()> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| self.expands_too_far(at))?;
        Ok(())
    }

    fn expands_too_far(&self, at: Position) -> HoconError {
        self.error(at, "the substitutions of this text expand too far; write the values out")
    }

    fn deeper<T>(&mut self, at: Position, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.level >= MAX_LEVEL {
            return Err(self.error(
                at,
                "substitutions are nested too deeply or refer to each other; write the values out",
            ));
        }
        self.level += 1;
        let result = work(self);
        self.level -= 1;
        result
    }

    /// The value of a node, None when it consists of undefined optional substitutions only. `depth` is the node's own depth.
    fn node(&mut self, node: &'d Node, depth: usize) -> Result<Option<Value>> {
        self.spend(1, node.at)?;
        if depth > MAX_DEPTH {
            return Err(self.error(
                node.at,
                format!("nested more than {MAX_DEPTH} levels deep once substitutions are filled in"),
            ));
        }
        match &node.expr {
            Expr::Scalar(scalar) => {
                self.spend_text(scalar.text.len(), node.at)?;
                Ok(Some(self.value(Kind::Scalar(scalar.clone()), node.at)))
            }
            Expr::Array(items) => self.deeper(node.at, |this| {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.extend(this.node(item, depth + 1)?);
                }
                Ok(Some(this.value(Kind::Array(values), node.at)))
            }),
            Expr::Object(fields) => self.deeper(node.at, |this| {
                let mut object = Object::default();
                for (key, layers) in &fields.members {
                    this.spend_text(key.len(), node.at)?;
                    if let Some(value) = this.field(layers, depth + 1, node.at)? {
                        object.insert(key.clone(), value);
                    }
                }
                Ok(Some(this.value(Kind::Object(object), node.at)))
            }),
            Expr::Substitution(substitution) => {
                self.deeper(node.at, |this| this.substitution(substitution, depth))
            }
            Expr::Concat(pieces) => self.deeper(node.at, |this| this.concat(pieces, depth, node.at)),
        }
    }

    /// The value of a field from those of its layers that lie below the one being computed, if any is.
    fn field(&mut self, layers: &'d [Layer], depth: usize, at: Position) -> Result<Option<Value>> {
        self.spend(layers.len(), at)?;
        let visible = layers.iter().position(|layer| self.is_active(layer)).unwrap_or(layers.len());
        let mut pile = Pile::default();
        let mut appended: Vec<Value> = Vec::new();
        for layer in layers.iter().take(visible).rev() {
            if layer.append && !pile.is_empty() {
                break; // an object replaces the list below it
            }
            let Some(value) = self.layer(layer, depth)? else { continue };
            if layer.append {
                appended.push(value);
            } else if !appended.is_empty() {
                return self.append(value, appended).map(Some);
            } else if !pile.add_below(value) {
                break;
            }
        }
        if let Some(at) = appended.first().map(|value| value.position) {
            let empty = self.value(Kind::Array(Vec::new()), at);
            return self.append(empty, appended).map(Some);
        }
        Ok(pile.merged())
    }

    /// `+=` on a list, the last appended first.
    fn append(&mut self, below: Value, appended: Vec<Value>) -> Result<Value> {
        let position = below.position;
        match below.kind {
            Kind::Array(mut items) => {
                items.extend(appended.into_iter().rev());
                Ok(self.value(Kind::Array(items), position))
            }
            _ => {
                let at = appended.last().map_or(position, |value| value.position);
                Err(self.error(at, "`+=` adds to a list, but the key holds something else; use `=`"))
            }
        }
    }

    fn is_active(&self, layer: &Layer) -> bool {
        self.active.get(layer.id).copied().unwrap_or(false)
    }

    fn layer(&mut self, layer: &'d Layer, depth: usize) -> Result<Option<Value>> {
        let depth = if layer.append { depth + 1 } else { depth };
        self.set_active(layer, true);
        let value = self.node(&layer.node, depth);
        self.set_active(layer, false);
        match value? {
            Some(value) if layer.must_be_object && value.as_object().is_none() => Err(self.error(
                layer.node.at,
                "only a section can be joined with a section; this substitution is something else",
            )),
            value => Ok(value),
        }
    }

    fn set_active(&mut self, layer: &Layer, active: bool) {
        if let Some(flag) = self.active.get_mut(layer.id) {
            *flag = active;
        }
    }

    fn concat(&mut self, pieces: &'d [Piece], depth: usize, at: Position) -> Result<Option<Value>> {
        let mut values = Vec::with_capacity(pieces.len());
        for piece in pieces {
            values.push((piece.gap.as_str(), self.node(&piece.node, depth)?));
        }
        let Some(first) = values.iter().find_map(|(_, value)| value.as_ref()) else { return Ok(None) };
        let same = |value: &Value| std::mem::discriminant(&value.kind) == std::mem::discriminant(&first.kind);
        if let Some(odd) = values.iter().filter_map(|(_, value)| value.as_ref()).find(|value| !same(value)) {
            return Err(
                self.error(at, format!("{} and {} cannot be joined", first.kind_name(), odd.kind_name()))
            );
        }
        let kind = match first.kind {
            Kind::Array(_) => {
                let arrays = values.into_iter().filter_map(|(_, value)| value);
                Kind::Array(
                    arrays
                        .flat_map(
                            |value| if let Kind::Array(items) = value.kind { items } else { Vec::new() },
                        )
                        .collect(),
                )
            }
            Kind::Object(_) => {
                let mut object = Object::default();
                for (_, value) in values {
                    if let Some(Value { kind: Kind::Object(members), .. }) = value {
                        object.merge(members);
                    }
                }
                Kind::Object(object)
            }
            Kind::Scalar(_) | Kind::Unresolved(_) => {
                let mut text = String::new();
                for (index, (gap, value)) in values.iter().enumerate() {
                    if index > 0 {
                        text.push_str(gap);
                    }
                    if let Some(Value { kind: Kind::Scalar(scalar), .. }) = value {
                        text.push_str(&scalar.text);
                    }
                }
                self.spend_text(text.len(), at)?;
                Kind::Scalar(Scalar::string(text))
            }
        };
        Ok(Some(self.value(kind, at)))
    }

    fn substitution(&mut self, substitution: &'d Substitution, depth: usize) -> Result<Option<Value>> {
        let at = substitution.position;
        if let Found::Value(value) = self.lookup(self.root, &substitution.path, depth, at)? {
            return Ok(Some(value));
        }
        if let Some(text) = self.env.and_then(|env| env(&substitution.path.join("."))) {
            self.spend_text(text.len(), at)?;
            let scalar = Scalar { kind: ScalarKind::String, text, raw: None };
            return Ok(Some(self.value(Kind::Scalar(scalar), at)));
        }
        if substitution.optional {
            return Ok(None);
        }
        let path = substitution.path.join(".");
        Err(self.error(
            at,
            format!("${{{path}}} is not defined, or refers to itself; define it or write ${{?{path}}}"),
        ))
    }

    fn lookup(&mut self, fields: &'d Fields, path: &[String], depth: usize, at: Position) -> Result<Found> {
        let Some((key, rest)) = path.split_first() else { return Ok(Found::Missing) };
        let Some(layers) = fields.members.get(key) else { return Ok(Found::Missing) };
        if rest.is_empty() {
            return Ok(self.field(layers, depth, at)?.map_or(Found::Missing, Found::Value));
        }
        self.deeper(at, |this| this.lookup_below(layers, rest, depth, at))
    }

    /// Looks for `path` inside a field. An object that is being computed can still be looked into, since its members are
    /// fields of their own; any other layer that is being computed hides itself and what lies above it.
    fn lookup_below(
        &mut self,
        layers: &'d [Layer],
        path: &[String],
        depth: usize,
        at: Position,
    ) -> Result<Found> {
        self.spend(layers.len(), at)?;
        let hides =
            |this: &Self, layer: &Layer| this.is_active(layer) && !matches!(layer.node.expr, Expr::Object(_));
        let visible = layers.iter().position(|layer| hides(self, layer)).unwrap_or(layers.len());
        let mut pile = Pile::default();
        for layer in layers.iter().take(visible).rev() {
            let found = match &layer.node.expr {
                _ if layer.append => Found::Blocked,
                Expr::Object(fields) => self.lookup(fields, path, depth, at)?,
                Expr::Scalar(_) | Expr::Array(_) => Found::Blocked,
                Expr::Substitution(_) | Expr::Concat(_) => match self.layer(layer, depth)? {
                    None => Found::Missing,
                    Some(Value { kind: Kind::Object(object), .. }) => {
                        object.get_path(path).cloned().map_or(Found::Missing, Found::Value)
                    }
                    Some(_) => Found::Blocked,
                },
            };
            match found {
                Found::Missing => {}
                Found::Value(value) => {
                    if !pile.add_below(value) {
                        break;
                    }
                }
                Found::Blocked if pile.is_empty() => return Ok(Found::Blocked),
                Found::Blocked => break,
            }
        }
        Ok(pile.merged().map_or(Found::Missing, Found::Value))
    }
}

/// The values of one field, topmost first, until one that is no object ends the search.
#[derive(Default)]
struct Pile {
    values: Vec<Value>,
}

impl Pile {
    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds the next lower value. False when nothing below it counts any more.
    fn add_below(&mut self, value: Value) -> bool {
        let is_object = value.as_object().is_some();
        if is_object || self.is_empty() {
            self.values.push(value);
        }
        is_object
    }

    /// Objects merged from the lowest up, each moved once.
    fn merged(self) -> Option<Value> {
        let mut values = self.values.into_iter().rev();
        let mut value = values.next()?;
        for upper in values {
            if let (Kind::Object(below), Kind::Object(above)) = (&mut value.kind, upper.kind) {
                below.merge(above);
                (value.position, value.origin) = (upper.position, upper.origin);
            }
        }
        Some(value)
    }
}
