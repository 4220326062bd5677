//! How bytes travel: libp2p.
