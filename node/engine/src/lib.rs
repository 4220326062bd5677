//! A whole node without a world.
