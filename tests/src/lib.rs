//! Support for the tests that need two rooms.
