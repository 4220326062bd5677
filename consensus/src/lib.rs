//! HS2-J: what comes next. A replica without a world.
