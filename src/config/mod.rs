//! Typed settings: HOCON files, environment overrides, defaults. Knows no other floor.

pub mod hocon;
