//! The API of Xinqiao: messages, clients and servers made from the .proto files beside this crate, the policy that every
//! method carries, the descriptor set itself, and the transport that holds a network channel or a local service alike.
//!
//! Modules follow packages: `xinqiao.profiles.v1` is [`profiles::v1`].

pub mod policy;
pub mod transport;

#[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mod.rs"));
}

pub use generated::google;
pub use generated::xinqiao::*;

/// The descriptor set of every .proto of the API, with source information and custom options, as encoded bytes.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/xinqiao.binpb"));
