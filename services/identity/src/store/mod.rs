//! All SQL of identity, one file a resource.

pub mod activations;
pub mod attempts;
pub mod grants;
pub mod sessions;
pub mod users;

#[cfg(test)]
mod tests;
