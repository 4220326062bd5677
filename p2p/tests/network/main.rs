//! Whole networks on loopback: lanes, reconnection, requests, announcements, and hostile peers.
#![allow(clippy::unwrap_used)]

mod changes;
mod hostile;
mod lanes;
mod observers;
mod requests;
mod start;
mod support;
