//! A client that believes nothing it cannot check.
