//! What the product means: use-cases and rules. No HTTP types, no SQL, no HTML.
