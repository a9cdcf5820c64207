//! One front door.
