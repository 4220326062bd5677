//! A write, and what may follow it.
//!
//! What follows leaves only when the write is durable: the only way to it is `open`, which asks for the function that
//! makes the write durable. A shell that forgets has nothing to send. Source: `adr/001-gated-writes.md`.

/// A write `W` and the deeds `T` that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what follows a write is lost with it"]
pub struct Gated<W, T> {
    write: W,
    then: Vec<T>,
}

impl<W, T> Gated<W, T> {
    /// Puts `then` behind `write`.
    pub const fn new(write: W, then: Vec<T>) -> Self {
        Self { write, then }
    }

    /// Looks at the write.
    pub const fn write(&self) -> &W {
        &self.write
    }

    /// Makes the write durable and lets out what follows it.
    ///
    /// # Errors
    /// What `make_durable` returned; then nothing follows, ever.
    pub fn open<E>(self, make_durable: impl FnOnce(&W) -> Result<(), E>) -> Result<Vec<T>, E> {
        make_durable(&self.write)?;
        Ok(self.then)
    }

    /// The same gate seen from a room that knows more: another write that contains this one, other names for
    /// the deeds. Opens nothing.
    pub fn map<V, U>(self, write: impl FnOnce(W) -> V, then: impl FnMut(T) -> U) -> Gated<V, U> {
        Gated { write: write(self.write), then: self.then.into_iter().map(then).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_a_write_that_failed() {
        let gate = Gated::new("record", vec!["vote"]);
        assert_eq!(gate.clone().open(|_| Err("disk")), Err("disk"));
        assert_eq!(gate.open(|_| Ok::<(), &str>(())), Ok(vec!["vote"]));
    }
}
