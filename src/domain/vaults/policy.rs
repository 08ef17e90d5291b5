//! What a tenant's administrators decided for somebody: their vaults merged (spec/governance.md 3.6).

use super::{Format, data, environment::Protected, sealed};
use crate::{
    config::hocon::{Kind as Shape, Object, Value},
    domain::App,
    store::{Snapshot, identity::USERS, vaults::Vault},
    types::{ApiError, ErrorKind, Result, UserId},
};

/// Replaces what a task asks for.
const PINS: &[&str] = &["agent", "disable_task_docker_override"];
/// The image that replaces it.
const IMAGE: &[&str] = &["agent", "default_docker", "image"];
/// The arguments that replace it.
const ARGUMENTS: &[&str] = &["agent", "default_docker", "arguments"];
/// Patterns of images that tasks may ask for.
const ALLOWED_IMAGES: &[&str] = &["roundhouse", "allowed_images"];
/// Patterns of arguments that tasks may ask for.
const ALLOWED_ARGUMENTS: &[&str] = &["roundhouse", "allowed_container_arguments"];
/// Where output goes.
const OUTPUT: &[&str] = &["sdk", "development", "default_output_uri"];

/// A vault of administrators can't be read, so nobody knows what they decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl From<Unreadable> for ApiError {
    fn from(_: Unreadable) -> Self {
        ApiError::new(
            ErrorKind::InconsistentData,
            "a vault of this tenant's administrators can't be read, so nothing may run; an administrator must repair, disable or \
             delete it",
        )
    }
}

/// Administrators' settings for one identity.
#[derive(Clone, Debug)]
pub struct Policy {
    settings: Object,
    /// Where they come from: vault, version, hash of its content.
    pub vaults: Vec<(String, i64, String)>,
}

/// What containers an identity's tasks may run in.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerRules {
    pub(super) pinned: Option<(String, String)>,
    pub(super) images: Option<Vec<String>>,
    pub(super) arguments: Option<Vec<String>>,
}

impl Policy {
    /// What the administrators of the snapshot's tenant decided for `identity`; `None` when they decided nothing.
    ///
    /// Errors: the outer one when the database fails.
    pub fn of(
        app: &App,
        snapshot: &Snapshot<'_>,
        identity: &UserId,
    ) -> Result<std::result::Result<Option<Policy>, Unreadable>> {
        if !snapshot.has_administrator_vaults()? {
            return Ok(Ok(None));
        }
        let vaults = applying(snapshot, identity)?;
        let mut policy = Policy { settings: Object::default(), vaults: Vec::new() };
        for vault in vaults.iter().filter(|vault| vault.kind == super::Kind::Config.as_str()) {
            let Some(content) = snapshot.vault_content(&vault.id, vault.content_version)? else {
                tracing::error!(vault = vault.id, "an administrators' vault has lost its content");
                return Ok(Err(Unreadable));
            };
            let Ok(text) = sealed::open(app, snapshot, vault, &content) else { return Ok(Err(Unreadable)) };
            let format = Format::named(&content.format).unwrap_or(Format::Hocon);
            let Ok(value) = data::read(&text, format) else {
                tracing::error!(vault = vault.id, "an enabled administrators' vault does not parse");
                return Ok(Err(Unreadable));
            };
            if let Shape::Object(object) = value.kind {
                policy.settings.merge(object);
            }
            policy.vaults.push((vault.id.clone(), vault.version, content.hash));
        }
        Ok(Ok((!policy.vaults.is_empty()).then_some(policy)))
    }

    pub(super) fn protected(&self) -> Protected {
        Protected::by(&self.settings)
    }

    pub(super) fn containers(&self) -> std::result::Result<ContainerRules, Unreadable> {
        let of = &self.settings;
        let pins = match lookup(of, PINS)? {
            None => false,
            Some(value) => value.as_bool().ok_or(Unreadable)?,
        };
        let pinned = match pins {
            false => None,
            true => {
                let image = lookup(of, IMAGE)?.and_then(Value::as_text).unwrap_or_default().trim();
                let (image, more) = image.split_once(char::is_whitespace).unwrap_or((image, ""));
                let arguments = match lookup(of, ARGUMENTS)? {
                    None => String::new(),
                    Some(Value { kind: Shape::Array(words), .. }) => {
                        let words: Vec<&str> = words.iter().filter_map(Value::as_text).collect();
                        super::words::join(&words)
                    }
                    Some(text) => text.as_text().unwrap_or_default().trim().to_owned(),
                };
                Some((image.to_owned(), format!("{} {arguments}", more.trim()).trim().to_owned()))
            }
        };
        Ok(ContainerRules {
            pinned,
            images: patterns(of, ALLOWED_IMAGES)?,
            arguments: patterns(of, ALLOWED_ARGUMENTS)?,
        })
    }

    /// Where output must go, if that is decided.
    pub(super) fn output(&self) -> std::result::Result<Option<String>, Unreadable> {
        let value = lookup(&self.settings, OUTPUT)?.and_then(Value::as_text).map(str::trim);
        Ok(value.filter(|text| !text.is_empty()).map(str::to_owned))
    }
}

/// Enabled vaults of administrators that apply to an identity, in the order in which they are folded.
pub(super) fn applying(snapshot: &Snapshot<'_>, identity: &UserId) -> Result<Vec<Vault>> {
    let groups = snapshot.groups_of(identity, &snapshot.scope.company)?;
    // Everybody belongs to this one.
    let mut groups: Vec<String> = groups.into_iter().map(|group| group.id).collect();
    groups.push(USERS.to_owned());
    snapshot.administrator_vaults(Some(&groups))
}

/// The value at a path. What depends on a machine that nobody knows yet can't be judged.
fn lookup<'o>(settings: &'o Object, path: &[&str]) -> std::result::Result<Option<&'o Value>, Unreadable> {
    let mut object = settings;
    let mut rest = path;
    while let Some((key, after)) = rest.split_first() {
        let Some(value) = object.get(key) else { return Ok(None) };
        match &value.kind {
            Shape::Unresolved(_) => return Err(Unreadable),
            _ if after.is_empty() => {
                let mut plain = value.substitutions().is_empty();
                plain &= !value.is_null();
                return if plain {
                    Ok(Some(value))
                } else if value.is_null() {
                    Ok(None)
                } else {
                    Err(Unreadable)
                };
            }
            Shape::Object(inner) => object = inner,
            _ => return Ok(None),
        }
        rest = after;
    }
    Ok(None)
}

fn patterns(settings: &Object, path: &[&str]) -> std::result::Result<Option<Vec<String>>, Unreadable> {
    let Some(value) = lookup(settings, path)? else { return Ok(None) };
    let texts =
        |items: &[Value]| items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<_>>();
    match value.as_array() {
        Some(items) => texts(items).map(Some).ok_or(Unreadable),
        None => Err(Unreadable),
    }
}

/// What the server itself does because of a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enforced {
    /// The container of tasks is replaced.
    pub pins: bool,
    /// Only listed images run.
    pub images: bool,
    /// Only listed arguments pass.
    pub arguments: bool,
    /// Output goes to one place.
    pub output: bool,
    /// Values masked in logs.
    pub masked: usize,
}

/// What one vault of administrators makes the server do.
pub(super) fn enforced(root: &Object) -> Enforced {
    let has = |path| matches!(lookup(root, path), Ok(Some(_)));
    Enforced {
        pins: matches!(lookup(root, PINS), Ok(Some(value)) if value.as_bool() == Some(true)),
        images: has(ALLOWED_IMAGES),
        arguments: has(ALLOWED_ARGUMENTS),
        output: has(OUTPUT),
        masked: 0,
    }
}

/// Checks, when administrators write, that the server will be able to tell what they decided.
pub(super) fn check(root: &Object) -> std::result::Result<(), data::Fault> {
    let fault = |path: &[&str], message: &str| data::Fault {
        line: root.get_path(path).map_or(0, |value| value.position.line),
        column: root.get_path(path).map_or(0, |value| value.position.column),
        message: format!("{} {message}", path.join(".")),
        keys: Vec::new(),
    };
    for path in [PINS, IMAGE, ARGUMENTS, ALLOWED_IMAGES, ALLOWED_ARGUMENTS, OUTPUT] {
        lookup(root, path).map_err(|Unreadable| {
            fault(path, "is enforced by the server, so neither it nor a section around it may hold ${…}; write the value out")
        })?;
    }
    if let Ok(Some(value)) = lookup(root, PINS)
        && value.as_bool().is_none()
    {
        return Err(fault(PINS, "must be true or false"));
    }
    for path in [ALLOWED_IMAGES, ALLOWED_ARGUMENTS] {
        patterns(root, path)
            .map_err(|Unreadable| fault(path, "must be a list of texts, in which * stands for anything"))?;
    }
    Ok(())
}
