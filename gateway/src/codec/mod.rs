//! JSON <-> protobuf wire, over tables compiled from the descriptors. No message is ever built: one loop reads JSON and
//! writes wire, another reads wire and writes JSON (docs: proto3 JSON mapping, strictly in, zero values out).

mod json;
mod read;
mod scalar;
mod tables;
mod wire;
mod wkt;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use json::put_string;
pub(crate) use read::{Limits, read, read_bare};
pub(crate) use scalar::Fault;
pub(crate) use tables::{Behavior, Field, Kind, Label, MessageId, Shape, Tables};
pub(crate) use wire::{last_bytes, last_text, put_bytes, put_tag, put_varint, without};
pub(crate) use write::{write, write_field};
