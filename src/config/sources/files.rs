//! Configuration files: which directories, which files in them, and the key that a file's path stands for.

use std::path::{Path, PathBuf};

use super::super::error::{ConfigError, Problem, Warning, WarningKind};
use super::super::hocon::{self, Options, Origin, Substitutions};
use super::{Environment, Sources, overlay_at};

/// Used when neither `--config` nor a variable names a directory.
const USUAL_DIRECTORIES: &str = "/opt/trains/config:/opt/clearml/config";
/// Variables that name directories, in order of preference.
const DIRECTORY_VARIABLES: [&str; 2] = ["CLEARML_CONFIG_DIR", "TRAINS_CONFIG_DIR"];
/// A configuration file is smaller than this.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// Directories inside directories; also ends a circle of links.
const MAX_DIRECTORY_DEPTH: usize = 16;
/// A lone file with such a name holds that section, any other lone file holds sections.
const SECTIONS: [&str; 6] = ["apiserver", "hosts", "secure", "services", "fileserver", "webserver"];

pub(super) fn read(
    config_path: Option<&Path>,
    environment: &Environment,
    sources: &mut Sources,
) -> Result<(), ConfigError> {
    if let Some(path) = config_path {
        return if path.is_dir() {
            directory(path, &[], environment, sources)
        } else if path.is_file() {
            let stem = stem(path);
            let prefix = if SECTIONS.contains(&stem.as_str()) { vec![stem] } else { Vec::new() };
            file(path, prefix, environment, sources)
        } else {
            Err(ConfigError::new(format!(
                "the configuration {} does not exist or cannot be read; correct --config",
                path.display()
            )))
        };
    }
    let named = environment.first(&DIRECTORY_VARIABLES);
    let list = named.map_or(USUAL_DIRECTORIES, |(_, list)| list);
    for entry in
        list.split(if cfg!(windows) { ';' } else { ':' }).map(str::trim).filter(|entry| !entry.is_empty())
    {
        let path = PathBuf::from(expand(entry, environment));
        if path.is_dir() {
            directory(&path, &[], environment, sources)?;
        } else if let Some((variable, _)) = named {
            sources.warnings.push(Warning {
                kind: WarningKind::Ignored,
                problem: Problem {
                    key: None,
                    place: None,
                    message: format!(
                        "{variable} names the directory {}, which does not exist; it is skipped",
                        path.display()
                    ),
                },
            });
        }
    }
    Ok(())
}

/// All `*.conf` files below a directory: the files of a directory before its sub-directories, each in name order. Hidden
/// entries are skipped; mounted volumes keep their previous versions in such directories.
fn directory(
    path: &Path,
    prefix: &[String],
    environment: &Environment,
    sources: &mut Sources,
) -> Result<(), ConfigError> {
    if prefix.len() > MAX_DIRECTORY_DEPTH {
        return Err(ConfigError::new(format!(
            "{} is more than {MAX_DIRECTORY_DEPTH} directories deep; remove a link that leads in a circle",
            path.display()
        )));
    }
    let unreadable = |error: std::io::Error| {
        ConfigError::new(format!(
            "the configuration directory {} cannot be read ({error}); check its permissions",
            path.display()
        ))
    };
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            directories.push(path);
        } else if path.extension().is_some_and(|extension| extension == "conf") {
            files.push(path);
        }
    }
    files.sort();
    directories.sort();
    for path in files {
        let mut prefix = prefix.to_vec();
        prefix.push(stem(&path));
        file(&path, prefix, environment, sources)?;
    }
    for path in directories {
        let mut prefix = prefix.to_vec();
        prefix.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        directory(&path, &prefix, environment, sources)?;
    }
    Ok(())
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn file(
    path: &Path,
    prefix: Vec<String>,
    environment: &Environment,
    sources: &mut Sources,
) -> Result<(), ConfigError> {
    let name = path.display();
    let unreadable = |error: std::io::Error| {
        ConfigError::new(format!(
            "the configuration file {name} cannot be read ({error}); check that it exists and its permissions"
        ))
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(ConfigError::new(format!(
            "{name} is larger than 16 MiB, which no configuration file is; check it"
        )));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| ConfigError::new(format!("{name} is not UTF-8 text; save it in that encoding")))?;
    let lookup = |variable: &str| environment.get(variable).map(str::to_owned);
    let options = Options {
        substitutions: Substitutions::ResolveWith(&lookup),
        origin: Origin::File(path.into()),
        keep_unknown_escapes: false,
    };
    let value = hocon::parse(&text, &options)?;
    if value.as_object().is_none() {
        return Err(ConfigError::from(Problem {
            key: None,
            place: Some(value.place()),
            message: "the file holds a list; a configuration file holds `key = value` lines".to_owned(),
        }));
    }
    overlay_at(&mut sources.tree, prefix, value);
    Ok(())
}

/// Expands a leading `~` and any `$NAME` or `${NAME}`; unknown names stay as they are.
fn expand(text: &str, environment: &Environment) -> String {
    let home = environment.get("HOME");
    let text = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => text.to_owned(),
    };
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, written, tail) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, tail)) => (name, format!("${{{name}}}"), tail),
            None => {
                let (name, tail) = after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()));
                (name, format!("${name}"), tail)
            }
        };
        expanded.push_str(environment.get(name).unwrap_or(&written));
        rest = tail;
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_and_variables_are_expanded() {
        let environment: Environment = [("HOME", "/home/ann"), ("X", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        for (written, meant) in [
            ("~", "/home/ann"),
            ("~/c", "/home/ann/c"),
            ("~bob/c", "~bob/c"),
            ("/a/$X/${X}b", "/a/x/xb"),
            ("/a/$NONE/${NONE}/$", "/a/$NONE/${NONE}/$"),
        ] {
            assert_eq!(expand(written, &environment), meant);
        }
    }
}
