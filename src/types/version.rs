//! API versions: dotted integers compared component by component (spec/protocol.md 1.2).

use std::{fmt, str::FromStr};

/// A version such as 2.34. `v20` is major 20 without minor and compares greater than every 2.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number, if written.
    pub minor: Option<u32>,
}

impl Version {
    /// Newest version of the API this server speaks.
    pub const CURRENT: Version = Version::new(2, 34);
    /// The minimum of an endpoint that states none.
    pub const FIRST: Version = Version::new(1, 0);

    /// `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Version { major, minor: Some(minor) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            Some(minor) => write!(f, "{}.{minor}", self.major),
            None => write!(f, "{}", self.major),
        }
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |part: &str| part.parse::<u32>().map_err(|_| ());
        match text.split_once('.') {
            Some((major, minor)) => Ok(Version { major: number(major)?, minor: Some(number(minor)?) }),
            None => Ok(Version { major: number(text)?, minor: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_not_by_text() {
        let parse = |text: &str| text.parse::<Version>().unwrap();
        assert!(parse("2.5") < parse("2.34"));
        assert!(parse("2.34") < parse("20"));
        assert!(parse("20") < parse("999.0"));
        assert_eq!(parse("2.34").to_string(), "2.34");
    }
}
