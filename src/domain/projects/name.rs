//! Names of projects: paths of segments (spec/projects.md 1.6). Pure.

use crate::types::{ApiError, ErrorKind, Result};

/// Fewest characters of a segment that a project is made for.
const SHORTEST: usize = 3;

/// A normalised name of at least one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectName {
    full: String,
    location: usize,
}

impl ProjectName {
    /// Splits at `/`, trims the segments, drops empty ones. `None` when nothing is left, which names the root.
    ///
    /// Errors: 400/409 when it has more than `max_depth` segments.
    pub fn parse(text: &str, max_depth: usize) -> Result<Option<Self>> {
        let segments: Vec<&str> = text.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
        if segments.len() > max_depth {
            return Err(too_deep(max_depth));
        }
        let full = segments.join("/");
        let location = full.rfind('/').unwrap_or(0);
        Ok((!full.is_empty()).then_some(ProjectName { full, location }))
    }

    /// The whole path.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// Everything before the last segment; empty at the top level.
    pub fn location(&self) -> &str {
        self.full.get(..self.location).unwrap_or_default()
    }

    /// The last segment.
    pub fn basename(&self) -> &str {
        self.full.rsplit('/').next().unwrap_or_default()
    }

    /// Number of segments.
    pub fn depth(&self) -> usize {
        depth(&self.full)
    }

    /// Errors: 400/12 when the last segment is too short for a project.
    pub fn check_length(&self) -> Result<()> {
        match self.basename().chars().count() < SHORTEST {
            true => Err(ApiError::new(
                ErrorKind::ValidationError,
                format!("each part of a project name needs at least {SHORTEST} characters"),
            )
            .with("name", self.basename())),
            false => Ok(()),
        }
    }
}

/// Number of segments of a normalised name.
pub(super) fn depth(name: &str) -> usize {
    if name.is_empty() { 0 } else { name.split('/').count() }
}

pub(super) fn too_deep(max_depth: usize) -> ApiError {
    ApiError::new(ErrorKind::ProjectPathExceedsMax, format!("projects nest at most {max_depth} levels"))
        .with("max_depth", max_depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_split() {
        let name = ProjectName::parse("/Alpha// Delta /\t/", 10).unwrap().unwrap();
        assert_eq!(
            (name.full(), name.location(), name.basename(), name.depth()),
            ("Alpha/Delta", "Alpha", "Delta", 2)
        );
        let top = ProjectName::parse("Alpha", 10).unwrap().unwrap();
        assert_eq!((top.location(), top.basename()), ("", "Alpha"));
        for root in ["", "/", " / /"] {
            assert_eq!(ProjectName::parse(root, 10).unwrap(), None);
        }
    }

    #[test]
    fn depth_and_length_have_limits() {
        let eleven = ["abc"; 11].join("/");
        let error = ProjectName::parse(&eleven, 10).unwrap_err();
        assert_eq!(
            (error.kind(), &error.data()["max_depth"]),
            (ErrorKind::ProjectPathExceedsMax, &10.into())
        );
        assert!(ProjectName::parse(&["abc"; 10].join("/"), 10).is_ok());
        let short = ProjectName::parse("Alpha/äb", 10).unwrap().unwrap();
        assert_eq!(short.check_length().unwrap_err().kind(), ErrorKind::ValidationError);
        assert!(ProjectName::parse("äbc", 10).unwrap().unwrap().check_length().is_ok());
    }
}
