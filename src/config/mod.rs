//! Typed settings: HOCON files, environment overrides, defaults. Knows no other floor.
