//! Instruments, campaigns, responses, results, interviews and the list.

mod domain;
