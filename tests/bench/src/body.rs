//! A body of work: what is prepared, what is measured, and how many operations that is.

use std::any::Any;

/// Work that is ready to be done once. What it returns is dropped after the measurement.
pub type Work = Box<dyn FnOnce() -> Box<dyn Any>>;

/// What most of the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our own code, and SHA-256.
    Plain,
    /// Signatures are checked: libraries that choose their code by the processor.
    Signatures,
    /// Signatures are made, and ML-DSA draws chance for each: the same work is never the same, so it is timed only.
    Signing,
}

/// A body of work.
pub struct Body {
    /// Room and deed.
    pub name: &'static str,
    /// What most of it is.
    pub kind: Kind,
    /// How many operations one run is.
    pub operations: u64,
    prepare: Box<dyn FnMut() -> Work>,
}

impl Body {
    /// A body; `prepare` is not measured, what it returns is.
    pub fn new<T: 'static, W: FnOnce() -> T + 'static>(
        name: &'static str,
        kind: Kind,
        operations: u64,
        mut prepare: impl FnMut() -> W + 'static,
    ) -> Self {
        let prepare = move || -> Work {
            let work = prepare();
            Box::new(move || Box::new(work()))
        };
        Self { name, kind, operations, prepare: Box::new(prepare) }
    }

    /// Prepares one run.
    pub fn prepare(&mut self) -> Work {
        (self.prepare)()
    }
}

/// Does the work. Instructions are counted from here to its return, so it must stay a function of its own.
#[inline(never)]
pub fn measured(work: Work) -> Box<dyn Any> {
    work()
}
