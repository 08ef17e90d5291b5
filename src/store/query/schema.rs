//! What a collection looks like: its fields, where each is stored, and how requests may address it.
//! Reading, filtering, ordering and writing share these descriptions.

/// A kind of document. `Company` is only ever joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A task, report, pipeline run or dataset version.
    Task,
    /// A model.
    Model,
    /// A project.
    Project,
    /// A queue.
    Queue,
    /// A person's profile.
    User,
    /// A tenant.
    Company,
}

/// Form of a value.
#[derive(Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A number.
    Real,
    /// A boolean, stored as 0 or 1.
    Flag,
    /// A moment, stored as epoch milliseconds, ISO-8601 on the wire.
    Time,
    /// A list of strings; `sorted` when it leaves the server.
    Strings {
        /// Tags are always returned in ascending order.
        sorted: bool,
    },
    /// The id of another document.
    Reference(&'static Collection),
    /// An object with known members.
    Object(&'static [Field]),
    /// An object with any keys whose values have one shape.
    Map(&'static Shape),
    /// A list of objects with known members.
    Each(&'static [Field]),
    /// Any JSON value.
    Any,
}

/// Where a field lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In this column: a plain value, or JSON when the shape is a container.
    Column(&'static str),
    /// In the JSON of the enclosing field.
    Inside,
    /// Nowhere by itself: its members have columns of their own.
    Parts,
    /// JSON list column `tags` or `system_tags`, mirrored in `<table>_tag`.
    Tags {
        /// Whether these are the system tags.
        system: bool,
    },
    /// JSON list column `path`, mirrored in `project_path`.
    Ancestors,
    /// JSON column `hyperparams`, mirrored in `task_hyperparam`.
    Hyperparams,
    /// JSON column `metadata`, mirrored in `<table>_metadata`.
    Metadata,
    /// JSON list column `models_<direction>`, mirrored in `task_model`.
    Links(&'static str),
    /// Rows of `<table>_metric`.
    Metrics,
    /// The names in `<table>_metric`.
    MetricNames,
    /// Rows of `queue_entry`.
    Entries,
}

impl Stored {
    /// Whether it comes from the rows of `<table>_metric`.
    pub const fn is_metrics(self) -> bool {
        matches!(self, Stored::Metrics | Stored::MetricNames)
    }
}

/// What a reader sees where nothing is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No key at all.
    Absent,
    /// `{}`.
    Object,
    /// `[]`.
    List,
    /// An integer.
    Integer(i64),
    /// A string.
    Text(&'static str),
}

/// One field of a document or of a nested object.
#[derive(Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its form.
    pub shape: Shape,
    /// Where it lives.
    pub stored: Stored,
    /// What stands in for it.
    pub missing: Missing,
    /// Left out unless named in the projection.
    pub hidden: bool,
    /// Never `''` where present, so that ordering needs no extra test and can follow an index.
    pub never_blank: bool,
}

impl Field {
    /// A column of the same name; absent when NULL.
    pub const fn column(name: &'static str, shape: Shape) -> Self {
        Field {
            name,
            shape,
            stored: Stored::Column(name),
            missing: Missing::Absent,
            hidden: false,
            never_blank: false,
        }
    }

    /// A member of the enclosing field's JSON.
    pub const fn inside(name: &'static str, shape: Shape) -> Self {
        Field {
            name,
            shape,
            stored: Stored::Inside,
            missing: Missing::Absent,
            hidden: false,
            never_blank: false,
        }
    }

    /// Sets where the field lives.
    pub const fn at(mut self, stored: Stored) -> Self {
        self.stored = stored;
        self
    }

    /// Sets what stands in for it.
    pub const fn or(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Leaves it out of default answers.
    pub const fn hide(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Marks a text column that holds no empty strings.
    pub const fn filled(mut self) -> Self {
        self.never_blank = true;
        self
    }
}

/// Which documents a plain listing leaves out (protocol: spec/protocol.md 5.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// None.
    Nothing,
    /// Those with system tag `hidden`, unless `search_hidden` or a non-empty `id` is given.
    Tagged,
    /// Those with one of the configured system tags, unless `search_hidden`, `id` or `name` is given.
    Configured,
}

/// The full-text index of a collection.
#[derive(Clone, Copy, Debug)]
pub struct TextIndex {
    /// FTS5 table, keyed by the document's row.
    pub table: &'static str,
    /// Weight of each indexed column.
    pub weights: &'static [f64],
}

/// A collection of documents and what requests may say about it (protocol: spec/protocol.md 5.1).
///
/// A name that ends in `.*` stands for every key with that prefix.
#[derive(Debug)]
pub struct Collection {
    /// What it holds.
    pub entity: Entity,
    /// Its table.
    pub table: &'static str,
    /// Its fields in the order of answers.
    pub fields: &'static [Field],
    /// Request keys that are regular expressions.
    pub patterns: &'static [&'static str],
    /// Request keys with the list grammar.
    pub lists: &'static [&'static str],
    /// Request keys compared for equality.
    pub exact: &'static [&'static str],
    /// Request keys that are `[min, max]`.
    pub ranges: &'static [&'static str],
    /// Request keys with date conditions.
    pub datetimes: &'static [&'static str],
    /// Prefixes that switch ordering to numeric collation.
    pub natural: &'static [&'static str],
    /// Prefixes of paths through user keys, with the least and greatest number of parts.
    pub escaped: &'static [(&'static str, usize, usize)],
    /// Old prefixes and what they became.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Which documents a listing leaves out.
    pub hidden: Hidden,
    /// Its full-text index.
    pub text: Option<TextIndex>,
    /// Tags that clients before 2.3 send in `tags` although they are system tags.
    pub old_system_tags: &'static [&'static str],
    /// Hidden fields that `get_by_id` shows all the same.
    pub shown_by_id: &'static [&'static str],
}

impl Collection {
    /// A top-level field.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether `key` is listed in `keys`, directly or through a `prefix.*`.
    pub fn lists_key(keys: &[&str], key: &str) -> bool {
        keys.iter().any(|listed| match listed.strip_suffix('*') {
            Some(prefix) => key.len() > prefix.len() && key.starts_with(prefix),
            None => *listed == key,
        })
    }

    /// The column that a writer sets for a field path such as `status` or `execution.queue`: the shared
    /// truth of readers and writers. `None` for members of JSON sections, derived and unknown fields.
    pub fn column_of(&self, path: &str) -> Option<&'static str> {
        let mut fields = self.fields;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let field = fields.iter().find(|field| field.name == part)?;
            if parts.peek().is_none() {
                return match field.stored {
                    Stored::Column(column) => Some(column),
                    Stored::Tags { system: false } => Some("tags"),
                    Stored::Tags { system: true } => Some("system_tags"),
                    Stored::Ancestors => Some("path"),
                    Stored::Hyperparams => Some("hyperparams"),
                    Stored::Metadata => Some("metadata"),
                    Stored::Links("input") => Some("models_input"),
                    Stored::Links(_) => Some("models_output"),
                    Stored::Inside
                    | Stored::Parts
                    | Stored::Metrics
                    | Stored::MetricNames
                    | Stored::Entries => None,
                };
            }
            fields = match &field.shape {
                Shape::Object(members) => members,
                _ => return None,
            };
        }
        None
    }

    /// The form of the value at a path; `None` when the schema has no such field. Keys of maps are not checked.
    pub fn shape_of(&self, path: &[String]) -> Option<&'static Shape> {
        let (first, rest) = path.split_first()?;
        let mut shape = &self.field(first)?.shape;
        for part in rest {
            shape = match shape {
                Shape::Object(members) | Shape::Each(members) => {
                    &members.iter().find(|member| member.name == part)?.shape
                }
                Shape::Map(value) => value,
                Shape::Any => &Shape::Any,
                _ => return None,
            };
        }
        Some(shape)
    }

    /// As [`Collection::shape_of`], but goes on in the documents behind references.
    pub fn shape_across(&self, path: &[String]) -> Option<&'static Shape> {
        for at in 1..path.len() {
            let (here, beyond) = path.split_at_checked(at)?;
            if let Some(Shape::Reference(collection)) = self.shape_of(here) {
                return collection.shape_across(beyond);
            }
        }
        self.shape_of(path)
    }
}
