//! Each rule on its own, with what breaks it: worlds in which rules are broken are in `tests/simulation/broken.rs`.
