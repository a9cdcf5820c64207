//! Scenarios live in `scenarios/`.
