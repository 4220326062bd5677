//! The RFC 6962 tree: ranges, inclusion, consistency, subtrees.
