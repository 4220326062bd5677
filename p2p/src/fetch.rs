//! Question and answer, one stream each: `u32be length ‖ bytes`, both ways.
//!
//! The length is checked before memory is spent, and memory then grows with what arrives. Time-outs and the
//! number of streams are kept by libp2p's request-response behaviour.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, ProtocolSupport};
use proto::message::Kind;

use crate::limits::Limits;

/// The request-response behaviour of this room.
pub(crate) type Behaviour = request_response::Behaviour<Exchange>;

/// Makes the behaviour. Everyone may ask and answer; what the answer is, the node decides.
pub(crate) fn behaviour(protocol: StreamProtocol, limits: &Limits) -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(limits.request_timeout)
        .with_max_concurrent_streams(limits.requests_per_connection_max);
    request_response::Behaviour::with_codec(Exchange, [(protocol, ProtocolSupport::Full)], config)
}

/// Reads and writes one message a direction.
#[derive(Clone, Copy)]
pub(crate) struct Exchange;

impl request_response::Codec for Exchange {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, Kind::Request).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, Kind::Response).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, Kind::Request, &request).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, response: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, Kind::Response, &response).await
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a {kind:?} of {length} B, where the largest has {max} B")]
struct TooLong {
    kind: Kind,
    length: u64,
    max: usize,
}

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, kind: Kind) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u64::from(u32::from_be_bytes(length));
    let max = kind.bytes_max();
    if length > max as u64 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong { kind, length, max }));
    }
    let mut bytes = Vec::new();
    io.take(length).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    let (length, max) = (bytes.len() as u64, kind.bytes_max());
    let head = match u32::try_from(length) {
        Ok(head) if bytes.len() <= max => head,
        Ok(_) | Err(_) => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, TooLong { kind, length, max }));
        }
    };
    io.write_all(&head.to_be_bytes()).await?;
    io.write_all(bytes).await?;
    io.flush().await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::Cursor;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for bytes in [vec![], vec![1], vec![9; Kind::Request.bytes_max()]] {
            let mut wire = Cursor::new(Vec::new());
            block_on(write(&mut wire, Kind::Request, &bytes)).unwrap();
            wire.set_position(0);
            assert_eq!(block_on(read(&mut wire, Kind::Request)).unwrap(), bytes);
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        struct Case {
            name: &'static str,
            wire: Vec<u8>,
            error: io::ErrorKind,
        }
        let over = u32::try_from(Kind::Request.bytes_max() + 1).unwrap().to_be_bytes().to_vec();
        let cases = [
            Case { name: "one above the bound", wire: over, error: io::ErrorKind::InvalidData },
            Case { name: "all ones", wire: vec![0xff; 8], error: io::ErrorKind::InvalidData },
            Case { name: "cut head", wire: vec![0, 0], error: io::ErrorKind::UnexpectedEof },
            Case { name: "cut body", wire: vec![0, 0, 0, 3, 1, 2], error: io::ErrorKind::UnexpectedEof },
        ];
        for case in cases {
            let error = block_on(read(&mut Cursor::new(case.wire), Kind::Request)).unwrap_err();
            assert_eq!(error.kind(), case.error, "{}", case.name);
        }
        let long = vec![0; Kind::Request.bytes_max() + 1];
        let mut wire = Cursor::new(Vec::new());
        assert!(block_on(write(&mut wire, Kind::Request, &long)).is_err());
        assert!(wire.into_inner().is_empty());
    }
}
