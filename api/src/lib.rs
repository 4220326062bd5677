//! The window: JSON-RPC, REST, events, metrics.
