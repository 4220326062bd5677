//! The JSON shapes of the outside.
