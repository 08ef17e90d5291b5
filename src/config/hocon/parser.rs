//! From text to [`Document`]: a recursive descent that is never deeper than [`MAX_DEPTH`].

use super::ast::{Document, Expr, Fields, Layer, Node, Piece};
use super::cursor::{Cursor, is_blank};
use super::error::HoconError;
use super::paths::Ends;
use super::unresolved::Substitution;
use super::value::{Position, Scalar};
use super::{MAX_DEPTH, Options};

pub(super) type Result<T> = std::result::Result<T, HoconError>;

/// Parses a whole document.
pub(super) fn document(text: &str, options: &Options<'_>) -> Result<Document> {
    let mut parser = Parser::new(text, options);
    parser.cursor.skip_lines();
    let at = parser.cursor.at();
    let expr = match parser.cursor.peek() {
        Some('{') => Expr::Object(parser.object(1)?),
        Some('[') => Expr::Array(parser.array(1)?),
        _ => Expr::Object(parser.fields(0, None)?),
    };
    parser.cursor.skip_lines();
    match parser.cursor.peek() {
        None => Ok(parser.finish(Node { expr, at })),
        Some(c) => Err(parser
            .error(format!("the document ends before `{}`; remove what follows or add it inside", shown(c)))),
    }
}

/// Parses a text that is one value.
pub(super) fn lone_value(text: &str, options: &Options<'_>) -> Result<Document> {
    let mut parser = Parser::new(text, options);
    parser.cursor.skip_lines();
    let at = parser.cursor.at();
    if parser.cursor.peek().is_none() {
        let empty = Expr::Scalar(Scalar::string(String::new()));
        return Ok(parser.finish(Node { expr: empty, at }));
    }
    let node = parser.value(0)?;
    parser.cursor.skip_lines();
    match parser.cursor.peek() {
        None => Ok(parser.finish(node)),
        Some(c) => Err(parser
            .error(format!("the value ends before `{}`; put the whole value in double quotes", shown(c)))),
    }
}

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) options: &'t Options<'t>,
    size: usize,
    substitutions: usize,
    layers: usize,
    length: usize,
    spans: Vec<Option<(usize, usize)>>,
}

/// A piece as it was read, before neighbours are joined.
struct Read {
    gap: String,
    node: Node,
    quoted: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, options: &'t Options<'t>) -> Self {
        let length = text.len();
        Self {
            cursor: Cursor::new(text),
            options,
            size: 0,
            substitutions: 0,
            layers: 0,
            length,
            spans: Vec::new(),
        }
    }

    fn finish(self, root: Node) -> Document {
        Document {
            root,
            size: self.size,
            substitutions: self.substitutions,
            layers: self.layers,
            spans: self.spans,
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> HoconError {
        self.error_at(self.cursor.at(), message)
    }

    pub(super) fn error_at(&self, at: Position, message: impl Into<String>) -> HoconError {
        HoconError::new(&self.options.origin, at, message)
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("nested more than {MAX_DEPTH} levels deep; flatten this part")));
        }
        Ok(())
    }

    /// `{ … }`; `depth` counts this object.
    fn object(&mut self, depth: usize) -> Result<Fields> {
        self.check_depth(depth)?;
        let opened = self.cursor.at();
        self.cursor.bump();
        self.fields(depth, Some(opened))
    }

    /// The fields of an object up to its closing brace, or up to the end of the text when it has none.
    fn fields(&mut self, depth: usize, opened: Option<Position>) -> Result<Fields> {
        let mut fields = Fields::default();
        loop {
            self.cursor.skip_lines();
            match (self.cursor.peek(), opened) {
                (None, None) => return Ok(fields),
                (None, Some(opened)) => {
                    return Err(self.error_at(opened, "this `{` is never closed; add the missing `}`"));
                }
                (Some('}'), Some(_)) => {
                    self.cursor.bump();
                    return Ok(fields);
                }
                (Some(','), _) => return Err(self.error("a comma without a field before it; remove it")),
                (Some(_), _) => {
                    let (begin, first) = (self.offset(), self.layers);
                    self.field(&mut fields, depth)?;
                    self.separator('}')?;
                    self.note_span(first, begin);
                }
            }
        }
    }

    /// Bytes read.
    fn offset(&self) -> usize {
        self.length - self.cursor.left()
    }

    /// Notes where the layers made since `first` were assigned; those of fields inside know it already.
    fn note_span(&mut self, first: usize, begin: usize) {
        let span = (begin, self.offset());
        self.spans.resize(self.layers, None);
        for known in self.spans.iter_mut().skip(first) {
            known.get_or_insert(span);
        }
    }

    /// After a field or element: a comma, the end of the line, the closing bracket, or the end of the text.
    fn separator(&mut self, closing: char) -> Result<()> {
        let line_ended = self.cursor.skip_lines();
        match self.cursor.peek() {
            Some(',') => {
                self.cursor.bump();
                Ok(())
            }
            Some(c) if c != closing && !line_ended => Err(self.unexpected_after_value(c)),
            _ => Ok(()),
        }
    }

    pub(super) fn unexpected_after_value(&self, c: char) -> HoconError {
        self.error(match c {
            '}' => "a `}` that closes nothing; remove it or add the missing `{`".to_owned(),
            ']' => "a `]` that closes nothing; remove it or add the missing `[`".to_owned(),
            c => format!(
                "`{}` cannot stand here; put the value in double quotes or start a new line",
                shown(c)
            ),
        })
    }

    fn field(&mut self, fields: &mut Fields, depth: usize) -> Result<()> {
        let at = self.cursor.at();
        self.refuse_include()?;
        let path = self.path(Ends::Key)?;
        self.cursor.skip_lines();
        let mut append = false;
        match self.cursor.peek() {
            Some('{') => {}
            Some(':' | '=') => {
                self.cursor.bump();
            }
            Some('+') if self.cursor.starts_with("+=") => {
                self.cursor.bump_many(2);
                append = true;
            }
            _ => return Err(self.error_at(at, "a key without a value; write `key = value` or `key { … }`")),
        }
        self.cursor.skip_lines();
        let inner = depth + path.len() - 1;
        self.check_depth(inner + 1)?;
        let value = self.value(inner)?;
        let layers = self.layers_of(value, append);
        self.assign(fields, path, layers, at);
        Ok(())
    }

    /// The assignments that a value means: an object concatenation around substitutions is as many assignments in a row.
    fn layers_of(&mut self, node: Node, append: bool) -> Vec<Layer> {
        let splits = |pieces: &[Piece]| pieces.iter().any(|piece| matches!(piece.node.expr, Expr::Object(_)));
        match node.expr {
            Expr::Concat(pieces) if !append && splits(&pieces) => {
                pieces.into_iter().map(|piece| self.layer(piece.node, false, true)).collect()
            }
            expr => vec![self.layer(Node { expr, at: node.at }, append, false)],
        }
    }

    fn layer(&mut self, node: Node, append: bool, must_be_object: bool) -> Layer {
        let id = self.layers;
        self.layers += 1;
        self.size += 1;
        Layer { id, node, append, must_be_object }
    }

    /// `a.b.c = value` is `a { b { c = value } }`.
    fn assign(&mut self, fields: &mut Fields, mut path: Vec<String>, layers: Vec<Layer>, at: Position) {
        let Some(last) = path.pop() else { return };
        if path.is_empty() {
            for layer in layers {
                fields.add(last.clone(), layer);
            }
            return;
        }
        let mut inner = Fields::default();
        for layer in layers {
            inner.add(last.clone(), layer);
        }
        while let Some(key) = path.pop() {
            let layer = self.layer(Node { expr: Expr::Object(inner), at }, false, false);
            if path.is_empty() {
                fields.add(key, layer);
                return;
            }
            inner = Fields::default();
            inner.add(key, layer);
        }
    }

    fn refuse_include(&self) -> Result<()> {
        let Some(rest) = self.cursor.rest().strip_prefix("include") else { return Ok(()) };
        let what = rest.trim_start_matches(is_blank);
        let directive =
            ["\"", "file(", "url(", "classpath(", "required("].iter().any(|start| what.starts_with(start));
        if directive && (what.len() < rest.len() || what.starts_with('"')) {
            return Err(self.error("`include` is not read here; put the included settings into this text"));
        }
        Ok(())
    }

    /// `[ … ]`; `depth` counts this array.
    fn array(&mut self, depth: usize) -> Result<Vec<Node>> {
        self.check_depth(depth)?;
        let opened = self.cursor.at();
        self.cursor.bump();
        let mut items = Vec::new();
        loop {
            self.cursor.skip_lines();
            match self.cursor.peek() {
                None => return Err(self.error_at(opened, "this `[` is never closed; add the missing `]`")),
                Some(']') => {
                    self.cursor.bump();
                    return Ok(items);
                }
                Some(',') => return Err(self.error("a comma without an element before it; remove it")),
                Some(_) => items.push(self.value(depth)?),
            }
            self.size += 1;
            self.separator(']')?;
        }
    }

    /// A value: pieces up to the end of the line, a comma, a closing bracket or a comment. `depth` is that of its container.
    fn value(&mut self, depth: usize) -> Result<Node> {
        let mut pieces: Vec<Read> = Vec::new();
        let mut gap = String::new();
        loop {
            let at = self.cursor.at();
            let Some(c) = self.cursor.peek() else { break };
            let (expr, quoted) = match c {
                '\n' | ',' | '}' | ']' => break,
                _ if self.cursor.at_comment() => break,
                c if is_blank(c) => {
                    gap.push(c);
                    self.cursor.bump();
                    continue;
                }
                '{' => (Expr::Object(self.object(depth + 1)?), false),
                '[' => (Expr::Array(self.array(depth + 1)?), false),
                '"' => (Expr::Scalar(Scalar::string(self.quoted()?)), true),
                '$' => (Expr::Substitution(self.substitution()?), false),
                _ => (Expr::Scalar(Scalar::string(self.unquoted()?)), false),
            };
            self.size += 1;
            pieces.push(Read { gap: std::mem::take(&mut gap), node: Node { expr, at }, quoted });
        }
        self.join(pieces)
    }

    /// Joins neighbours of one type, so that only substitutions keep a value from being plain.
    fn join(&mut self, pieces: Vec<Read>) -> Result<Node> {
        let mut joined: Vec<Read> = Vec::new();
        let mut fixed: Option<std::mem::Discriminant<Expr>> = None;
        for piece in pieces {
            if !matches!(piece.node.expr, Expr::Substitution(_)) {
                let this = std::mem::discriminant(&piece.node.expr);
                if *fixed.get_or_insert(this) != this {
                    return Err(self.error_at(
                        piece.node.at,
                        "text, lists and sections cannot be joined with each other; quote text, or separate with a comma or a new line",
                    ));
                }
            }
            let Some(last) = joined.last_mut() else {
                joined.push(piece);
                continue;
            };
            match (&mut last.node.expr, piece.node.expr) {
                (Expr::Scalar(before), Expr::Scalar(after)) => {
                    before.text.push_str(&piece.gap);
                    before.text.push_str(&after.text);
                    last.quoted = true; // no longer a number or boolean by itself
                }
                (Expr::Array(before), Expr::Array(after)) => before.extend(after),
                (Expr::Object(before), Expr::Object(after)) => before.absorb(after),
                (_, expr) => joined.push(Read { node: Node { expr, at: piece.node.at }, ..piece }),
            }
        }
        if joined.len() > 1 {
            let at = joined.first().map_or_else(|| self.cursor.at(), |piece| piece.node.at);
            let pieces = joined.into_iter().map(|Read { gap, node, .. }| Piece { gap, node }).collect();
            return Ok(Node { expr: Expr::Concat(pieces), at });
        }
        match joined.pop() {
            None => Err(self.error("a value is missing here; write \"\" for an empty text")),
            Some(Read { node: Node { expr: Expr::Scalar(scalar), at }, quoted: false, .. }) => {
                Ok(Node { expr: Expr::Scalar(Scalar::recognise(scalar.text)), at })
            }
            Some(piece) => Ok(piece.node),
        }
    }

    /// `${path}` or `${?path}`.
    fn substitution(&mut self) -> Result<Substitution> {
        let position = self.cursor.at();
        if !self.cursor.starts_with("${") {
            return Err(self.error("`$` cannot stand in text without quotes; put the value in double quotes"));
        }
        self.cursor.bump_many(2);
        let optional = self.cursor.peek() == Some('?');
        if optional {
            self.cursor.bump();
        }
        let path = self.path(Ends::Substitution)?;
        if self.cursor.peek() != Some('}') {
            return Err(self.error_at(position, "this `${` is never closed on its line; add the missing `}`"));
        }
        self.cursor.bump();
        self.substitutions += 1;
        Ok(Substitution { path, optional, position })
    }
}

/// A character as a person can read it in a sentence.
pub(super) fn shown(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}
