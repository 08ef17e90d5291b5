//! Ids, time, JSON helpers and the error type that every floor shares.
