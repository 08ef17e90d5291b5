//! The only SQL in the program: pools, the writer, migrations, one module per entity, the query builder, the event store.
