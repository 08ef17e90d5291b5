//! The wire: envelope, versions, errors, the endpoint table, and one module per ClearML service. No SQL, no rules.
