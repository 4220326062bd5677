//! A node's events as they come, numbered; and going on after a break where one was.
//!
//! Source: HTML Living Standard, server-sent events, of which a node uses `id`, `event`, `data` and comments.

use model::event::EventAnswer;
use model::strict;
use reqwest::Response;

use crate::error::ClientError;
use crate::http::{Client, reasons};

/// Longest event that is read, in bytes: a full block decides 64,000 submissions.
const EVENT_BYTES_MAX: usize = 32 << 20;

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    response: Response,
    buffer: Vec<u8>,
    /// Bytes of `buffer` known to hold no end of an event.
    searched: usize,
}

impl Client {
    /// The events from number `from` on; without it, those that happen from now on.
    ///
    /// # Errors
    /// As every question; `Refused` when the node has not yet told the event before `from`.
    pub async fn events(&self, from: Option<u64>) -> Result<Events, ClientError> {
        let query = from.map_or_else(String::new, |from| format!("?from={from}"));
        let response = self.open(&format!("v1/events{query}")).await?;
        Ok(Events { response, buffer: Vec::new(), searched: 0 })
    }
}

impl Events {
    /// The next event; none when the node ends the stream. Whoever wants the following ones asks again, from the
    /// number after the last.
    ///
    /// # Errors
    /// `Interrupted` when the connection breaks, `Unreadable` for what is not an event.
    pub async fn next(&mut self) -> Result<Option<EventAnswer>, ClientError> {
        loop {
            while let Some(text) = self.cut() {
                if let Some(event) = read(&text)? {
                    return Ok(Some(event));
                }
            }
            let chunk = self.response.chunk().await;
            let chunk = chunk.map_err(|fault| ClientError::Interrupted { fault: reasons(&fault) })?;
            let Some(chunk) = chunk else { return Ok(None) };
            if self.buffer.len() + chunk.len() > EVENT_BYTES_MAX {
                let fault = format!("an event of more than {EVENT_BYTES_MAX} bytes");
                return Err(ClientError::Unreadable { fault });
            }
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// Cuts one event off the buffer, once its end has come.
    fn cut(&mut self) -> Option<Vec<u8>> {
        let unsearched = &self.buffer[self.searched..];
        let Some(at) = unsearched.windows(2).position(|pair| pair == b"\n\n") else {
            // The last byte may be the first of a pair.
            self.searched = self.buffer.len().saturating_sub(1);
            return None;
        };
        let rest = self.buffer.split_off(self.searched + at + 2);
        self.searched = 0;
        Some(std::mem::replace(&mut self.buffer, rest))
    }
}

/// An event; none for a comment, which only says that the stream lives.
fn read(text: &[u8]) -> Result<Option<EventAnswer>, ClientError> {
    let unreadable = |fault: String| ClientError::Unreadable { fault };
    let text = std::str::from_utf8(text).map_err(|fault| unreadable(fault.to_string()))?;
    let Some(data) = text.lines().find_map(|line| line.strip_prefix("data:")) else { return Ok(None) };
    let value =
        strict::parse(data.as_bytes(), EVENT_BYTES_MAX).map_err(|fault| unreadable(fault.to_string()))?;
    strict::shape(value).map(Some).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_passed_over_and_nonsense_is_not() {
        assert_eq!(read(b":\n\n"), Ok(None));
        let good =
            b"id: 1\nevent: finalized\ndata: {\"type\":\"finalized\",\"sequence\":1,\"size\":2,\"root\":\"\
            0000000000000000000000000000000000000000000000000000000000000000\"}\n\n";
        assert!(matches!(read(good), Ok(Some(EventAnswer::Finalized { .. }))));
        for bad in [b"data: {}\n\n".as_slice(), b"data: \xff\n\n", b"data: [1]\n\n"] {
            assert!(matches!(read(bad), Err(ClientError::Unreadable { .. })));
        }
    }
}
