//! Server-rendered pages, one module per area. No SQL, no rules.
