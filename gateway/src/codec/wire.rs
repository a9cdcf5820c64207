//! The protobuf wire format: the few primitives that both directions of the codec stand on.

/// How a value is laid out on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// One value as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed protobuf: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

const CUT_OFF: Malformed = Malformed("it is cut off");

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_tag(out: &mut Vec<u8>, number: u32, layout: Layout) {
    put_varint(out, (u64::from(number) << 3) | layout as u64);
}

/// Writes a length-delimited field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, Layout::Bytes);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A length-delimited value whose length is not known yet.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Open {
    body: usize,
}

/// Begins a length-delimited value after its tag: one byte is kept for the length, which is enough nearly always.
pub(crate) fn open(out: &mut Vec<u8>) -> Open {
    out.push(0);
    Open { body: out.len() }
}

/// Ends it: writes the length, and makes room if one byte was too little.
pub(crate) fn close(out: &mut Vec<u8>, open: Open) {
    let len = out.len() - open.body;
    let mut head = Vec::new();
    if let Ok(short) = u8::try_from(len)
        && short < 0x80
    {
        if let Some(byte) = out.get_mut(open.body - 1) {
            *byte = short;
        }
        return;
    }
    put_varint(&mut head, len as u64);
    out.splice(open.body - 1..open.body, head);
}

/// Reads a message value by value. Stops at the first malformed one.
#[derive(Debug, Clone)]
pub(crate) struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Values<'a> {
    pub(crate) fn new(wire: &'a [u8]) -> Self {
        Self { rest: wire }
    }

    /// How many bytes are still to be read.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field number and value. Groups are passed over: proto3 has none.
    pub(crate) fn step(&mut self) -> Result<Option<(u32, Raw<'a>)>, Malformed> {
        let mut groups = 0_u32;
        loop {
            if self.rest.is_empty() {
                return if groups == 0 { Ok(None) } else { Err(CUT_OFF) };
            }
            let tag = varint(&mut self.rest)?;
            let number = u32::try_from(tag >> 3).map_err(|_| Malformed("a field number is too large"))?;
            if number == 0 || number > 0x1fff_ffff {
                return Err(Malformed("a field number is out of range"));
            }
            let value = match tag & 7 {
                0 => Raw::Varint(varint(&mut self.rest)?),
                1 => Raw::Fixed64(u64::from_le_bytes(array(&mut self.rest)?)),
                2 => Raw::Bytes(delimited(&mut self.rest)?),
                5 => Raw::Fixed32(u32::from_le_bytes(array(&mut self.rest)?)),
                3 => {
                    groups += 1;
                    continue;
                }
                4 => {
                    groups = groups.checked_sub(1).ok_or(Malformed("a group ends that did not begin"))?;
                    continue;
                }
                _ => return Err(Malformed("unknown wire type")),
            };
            if groups == 0 {
                return Ok(Some((number, value)));
            }
        }
    }
}

pub(crate) fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(CUT_OFF)?;
        *rest = tail;
        if shift == 63 && *byte > 1 {
            return Err(Malformed("a varint is too long"));
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed("a varint is too long"))
}

pub(crate) fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(CUT_OFF)?;
    *rest = tail;
    Ok(*head)
}

fn delimited<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(varint(rest)?).map_err(|_| CUT_OFF)?;
    let (head, tail) = rest.split_at_checked(len).ok_or(CUT_OFF)?;
    *rest = tail;
    Ok(head)
}

/// The last value of a length-delimited field of a message: the one that counts for a string.
pub(crate) fn last_bytes(wire: &[u8], number: u32) -> Option<&[u8]> {
    let mut values = Values::new(wire);
    let mut found = None;
    while let Ok(Some((at, value))) = values.step() {
        if at == number
            && let Raw::Bytes(bytes) = value
        {
            found = Some(bytes);
        }
    }
    found
}

/// As [`last_bytes`], as text.
pub(crate) fn last_text(wire: &[u8], number: u32) -> Option<&str> {
    last_bytes(wire, number).and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// The message without any value of one field.
pub(crate) fn without(wire: &[u8], number: u32) -> Result<Vec<u8>, Malformed> {
    let mut kept = Vec::with_capacity(wire.len());
    let mut values = Values::new(wire);
    let mut start = 0;
    while let Some((at, _)) = values.step()? {
        let end = wire.len() - values.left();
        if at != number {
            kept.extend_from_slice(wire.get(start..end).unwrap_or_default());
        }
        start = end;
    }
    Ok(kept)
}
