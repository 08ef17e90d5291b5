//! What goes when tasks are deleted or reset, counted for the question that comes before.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    domain::{Ctx, browse},
    types::{Json, Result},
    web::{
        pages::document::{at, text},
        view::kit::Place,
    },
};

use super::details::file_prefixes;

/// Belongings of one task or of several.
#[derive(Clone, Debug, Default)]
pub(in crate::web::pages) struct Goods {
    artifacts: usize,
    /// Models that go with the task.
    drafts: usize,
    /// Published models, which stand against it.
    published: usize,
    /// Addresses on this server.
    own_files: BTreeSet<String>,
    /// Addresses elsewhere.
    foreign_files: BTreeSet<String>,
}

impl Goods {
    /// Adds what belongs to a task.
    pub(in crate::web::pages) fn add(&mut self, ctx: &Ctx<'_>, task: &Json) -> Result<()> {
        let id = text(task, "id");
        let mut urls = BTreeSet::new();
        for artifact in at(task, "execution.artifacts").and_then(Value::as_array).into_iter().flatten() {
            let word = |key: &str| artifact.get(key).and_then(Value::as_str).unwrap_or_default();
            // What was given to the task is not its own.
            if word("mode") != "input" {
                self.artifacts += 1;
                urls.insert(word("uri").to_owned());
            }
        }
        for model in browse::models_of(ctx, &id)? {
            if model.get("ready").and_then(Value::as_bool) == Some(true) {
                self.published += 1;
            } else {
                self.drafts += 1;
                urls.insert(text(&model, "uri"));
            }
        }
        urls.extend(ctx.read(|snapshot| snapshot.event_urls(&id))?);
        let own = file_prefixes(ctx);
        for url in urls.into_iter().filter(|url| !url.is_empty()) {
            match Place::of(&url, &own) {
                Place::Own(_) => self.own_files.insert(url),
                _ => self.foreign_files.insert(url),
            };
        }
        Ok(())
    }

    /// Whether files of this server are among them.
    pub(in crate::web::pages) fn has_files(&self) -> bool {
        !self.own_files.is_empty()
    }

    /// Sentences for the question.
    pub(in crate::web::pages) fn points(&self) -> Vec<String> {
        let mut points = vec!["Everything reported: console, scalars, plots and debug samples".to_owned()];
        let mut say = |count: usize, one: &str, many: &str| {
            if count > 0 {
                points.push(counted(count, one, many));
            }
        };
        say(self.artifacts, "artifact", "artifacts");
        say(self.drafts, "model that is not published", "models that are not published");
        say(self.own_files.len(), "file on this server", "files on this server");
        if !self.foreign_files.is_empty() {
            let hosts: BTreeSet<&str> = self.foreign_files.iter().map(|url| host(url)).take(4).collect();
            let hosts: Vec<&str> = hosts.into_iter().collect();
            let files = counted(self.foreign_files.len(), "file", "files");
            points.push(format!("Not deleted, since elsewhere: {files} ({})", hosts.join(", ")));
        }
        if self.published > 0 {
            let models = counted(self.published, "published model stands", "published models stand");
            points.push(format!("{models} against it"));
        }
        points
    }
}

/// `s3://bucket` of an address.
fn host(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(after..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| after + at);
    url.get(..end).unwrap_or(url)
}

/// `1 file`, `3 files`.
pub(in crate::web::pages) fn counted(count: usize, one: &str, many: &str) -> String {
    let shown = crate::web::render::number::count(count as u64);
    format!("{shown} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_elsewhere_are_named_by_their_host() {
        assert_eq!(host("s3://bucket/a/b.pt"), "s3://bucket");
        assert_eq!(host("https://files.example:8081/x"), "https://files.example:8081");
        assert_eq!(host("/mnt/share"), "");
        assert_eq!(host("weights.pt"), "weights.pt");
    }
}
