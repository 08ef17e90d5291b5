//! measurements
