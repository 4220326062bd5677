//! Is the house in order? Generated code is fresh, walls hold, maps are true.

mod generated;
