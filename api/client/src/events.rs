//! What happens at a node, as it happens: its server-sent events, one after the other.
//!
//! The stream may break at any time; whoever remembers the number of the last event goes on from the next.
//! Source: HTML Living Standard, server-sent events; only the fields a node writes are read.

use model::event::EventAnswer;
use reqwest::Response;

use crate::error::ClientError;
use crate::http::{ANSWER_BYTES_MAX, Client, read, reasons};

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    response: Response,
    unread: Unread,
}

impl Client {
    /// What happens from event `from` on, or from now on.
    ///
    /// # Errors
    /// As every question.
    pub async fn events(&self, from: Option<u64>) -> Result<Events, ClientError> {
        let path = match from {
            Some(from) => format!("v1/events?from={from}"),
            None => "v1/events".to_owned(),
        };
        Ok(Events { response: self.open(&path).await?, unread: Unread::default() })
    }
}

impl Events {
    /// The next event; none when the node has ended the stream.
    ///
    /// # Errors
    /// `Interrupted` when the stream broke, `Unreadable` when it is not one of events.
    pub async fn next(&mut self) -> Result<Option<EventAnswer>, ClientError> {
        loop {
            if let Some(data) = self.unread.take_data() {
                return read(&data).map(Some);
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|fault| ClientError::Interrupted { fault: reasons(&fault) })? {
                Some(chunk) => self.unread.push(&chunk)?,
                None => return Ok(None),
            }
        }
    }
}

/// Bytes that have come and are no whole event yet.
#[derive(Debug, Default)]
struct Unread {
    bytes: Vec<u8>,
    /// How far they were searched for the end of a line.
    searched: usize,
    /// The data of the event under way.
    data: Vec<u8>,
}

impl Unread {
    fn push(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        if self.bytes.len() + self.data.len() + chunk.len() > ANSWER_BYTES_MAX {
            let fault = format!("an event of more than {ANSWER_BYTES_MAX} bytes");
            return Err(ClientError::Unreadable { fault });
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The data of the next whole event; those without data only say that the node lives.
    fn take_data(&mut self) -> Option<Vec<u8>> {
        while let Some(end) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=self.searched + end).collect();
            self.searched = 0;
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match line.strip_prefix(b"data:") {
                Some(data) => self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data)),
                None if line.is_empty() && !self.data.is_empty() => {
                    return Some(std::mem::take(&mut self.data));
                }
                None => {}
            }
        }
        self.searched = self.bytes.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of all events when the bytes come in pieces of `size`.
    fn in_pieces(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
        let mut unread = Unread::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            unread.push(piece).expect("small");
            while let Some(data) = unread.take_data() {
                found.push(data);
            }
        }
        found
    }

    #[test]
    fn events_are_whole_however_they_come() {
        let bytes = b": alive\n\nid: 1\nevent: x\ndata: {\"a\":1}\n\nid: 2\r\ndata: {}\r\n\r\ndata: cut off";
        for size in 1..bytes.len() {
            assert_eq!(in_pieces(bytes, size), [b"{\"a\":1}".to_vec(), b"{}".to_vec()], "{size}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut unread = Unread::default();
        let chunk = vec![b'x'; ANSWER_BYTES_MAX];
        unread.push(&chunk).expect("just allowed");
        assert_eq!(unread.take_data(), None);
        assert!(matches!(unread.push(b"x"), Err(ClientError::Unreadable { .. })));
    }
}
