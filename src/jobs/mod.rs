//! Background work: watchdog, retention, expiry. Calls `domain`.
