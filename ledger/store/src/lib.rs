//! Where it is kept: one Store, on disk and in memory.
