//! Is the house in order? Walls hold, generated code is fresh, files have headers, maps are true.

mod generated;
mod headers;
mod map;
mod sources;
mod walls;
