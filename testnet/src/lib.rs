//! Local networks: files, processes, and a network in one process.
