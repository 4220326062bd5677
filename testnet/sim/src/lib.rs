//! The whole engine under a seed.
