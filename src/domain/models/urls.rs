//! Files of documents that go: which the server deletes itself, and which are left to the client (spec/models.md 4).

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    domain::{App, Ctx, files},
    store::{Tx, models::Doomed},
    types::Result,
};

/// Where a file lies, as far as the server can delete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Cloud(&'static str),
    /// The prefix of the file server, and the path below it.
    FileServer(&'a str, &'a str),
}

/// What caused files to go.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// The task, model or project.
    pub id: &'a str,
    /// The project it belonged to.
    pub project: Option<&'a str>,
    /// Whole folders of the file server may go: only when everything in a project goes.
    pub folders: bool,
}

/// Remembers files to delete and returns the addresses that are left to the client: of storage the server does not
/// know, or all when it does not delete files.
pub fn doom_files(ctx: &Ctx<'_>, tx: &Tx<'_>, cause: Cause<'_>, urls: Vec<String>) -> Result<Vec<String>> {
    let settings = &ctx.app.settings.services.async_urls_delete;
    if !settings.enabled {
        return Ok(urls);
    }
    let prefixes = prefixes(ctx.app);
    let mut left = Vec::new();
    let mut folders = BTreeSet::new();
    for url in urls {
        let (storage_type, folder) = match place(&url, &prefixes) {
            None => {
                left.push(url);
                continue;
            }
            Some(Place::Cloud(kind)) => (kind, None),
            Some(Place::FileServer(prefix, path)) => {
                ("fileserver", cause.folders.then(|| folder_of(prefix, path)).flatten())
            }
        };
        let is_folder = folder.is_some();
        let own = folder.as_deref().or((storage_type == "fileserver").then_some(url.as_str()));
        if let Some(path) = own.and_then(|address| own_path(ctx.app, address))
            && !files::may_schedule_deletion(tx, &ctx.caller.user, path)?
        {
            left.push(url);
            continue;
        }
        let address = folder.unwrap_or(url);
        if is_folder && !folders.insert(address.clone()) {
            continue;
        }
        tx.doom_file(&Doomed {
            url: &address,
            storage_type,
            folder: is_folder,
            cause: cause.id,
            project: cause.project,
            user: ctx.caller.user.as_str(),
        })?;
    }
    Ok(left)
}

/// Every address under which the file server is reached.
fn prefixes(app: &App) -> Cow<'_, [String]> {
    if let Some(configured) = &app.settings.services.async_urls_delete.fileserver.url_prefixes {
        return Cow::Borrowed(configured);
    }
    let web = app.urls.web.as_str();
    let below_web = if web.is_empty() { String::new() } else { format!("{web}/files") };
    Cow::Owned(vec![app.urls.files.clone(), below_web])
}

/// The path of a URL of this file server, still percent-encoded, without query and fragment.
pub fn own_path<'a>(app: &App, url: &'a str) -> Option<&'a str> {
    let prefixes = prefixes(app);
    let Some(Place::FileServer(prefix, _)) = place(url, &prefixes) else { return None };
    url.get(prefix.len()..)?.split(['?', '#']).next()
}

fn place<'a>(url: &'a str, prefixes: &'a [String]) -> Option<Place<'a>> {
    let clouds = [("s3://", "s3"), ("azure://", "azure"), ("gs://", "gs")];
    if let Some((_, kind)) = clouds.into_iter().find(|(scheme, _)| url.starts_with(scheme)) {
        return Some(Place::Cloud(kind));
    }
    prefixes.iter().map(|prefix| prefix.trim_end_matches('/')).filter(|prefix| !prefix.is_empty()).find_map(
        |prefix| {
            let path = url.strip_prefix(prefix)?.strip_prefix('/')?;
            (!path.is_empty()).then_some(Place::FileServer(prefix, path))
        },
    )
}

/// The folder that holds a file, when that is not the root.
fn folder_of(prefix: &str, path: &str) -> Option<String> {
    let path = path.split(['?', '#']).next()?;
    let (folder, _) = path.trim_start_matches('/').rsplit_once('/')?;
    (!folder.is_empty()).then(|| format!("{prefix}/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_at_whole_segments() {
        let prefixes = ["http://files.test/".to_owned(), "/mnt".to_owned()];
        let own = |url| place(url, &prefixes);
        assert_eq!(own("s3://b/x"), Some(Place::Cloud("s3")));
        assert_eq!(own("http://files.test/a/b.pt"), Some(Place::FileServer("http://files.test", "a/b.pt")));
        assert_eq!(own("/mnt/x"), Some(Place::FileServer("/mnt", "x")));
        for foreign in ["http://files.tests/a", "http://files.test", "file:///a", "/mntx/y", ""] {
            assert_eq!(own(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_folder_is_never_the_root() {
        assert_eq!(folder_of("p", "a/b/c.pt?x=1/2").as_deref(), Some("p/a/b"));
        assert_eq!(folder_of("p", "c.pt"), None);
        assert_eq!(folder_of("p", "//c.pt"), None);
    }
}
