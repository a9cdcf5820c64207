//! The program: every role in one process, imports, the demo, checks.

pub mod boot;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod demo;
