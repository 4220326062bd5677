//! Ports that nobody listens on.
//!
//! A port is tried by binding it for a moment. Between that moment and the start of a node somebody else can take
//! it; the node then says so, and no port is ever taken away from anybody.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// No run of free ports was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no {needed} free ports on 127.0.0.1 from {from} on")]
pub struct NoPorts {
    /// How many are needed.
    pub needed: usize,
    /// From where on they were looked for.
    pub from: u16,
}

/// The first `needed` ports from `from` on that are free on loopback, ascending.
///
/// # Errors
/// `NoPorts` when the numbers end first.
pub fn free(from: u16, needed: usize) -> Result<Vec<u16>, NoPorts> {
    let ports: Vec<u16> = (from.max(1)..=u16::MAX).filter(|port| is_free(*port)).take(needed).collect();
    match ports.len() == needed {
        true => Ok(ports),
        false => Err(NoPorts { needed, from }),
    }
}

/// Whether nobody listens on this port of loopback.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}

/// This port of loopback.
pub const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over() {
        let taken = TcpListener::bind(loopback(0)).expect("a port");
        let port = taken.local_addr().expect("bound").port();
        assert!(!is_free(port));
        let found = free(port, 3).expect("there are more ports");
        assert_eq!(found.len(), 3);
        assert!(!found.contains(&port));
    }

    #[test]
    fn the_numbers_end() {
        assert_eq!(free(u16::MAX, 2), Err(NoPorts { needed: 2, from: u16::MAX }));
    }
}
