//! The shell: a whole node in the world.
