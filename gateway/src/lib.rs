//! One front door: REST/JSON, server-sent events, native gRPC and OpenAPI in front of every service, driven by the
//! descriptors. An RPC that is added to a .proto has its route, its JSON, its limits and its documentation here without
//! a line of code.

mod codec;

#[cfg(test)]
mod testing;
