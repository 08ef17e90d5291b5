//! Numbers of variable length, and packed parts: a checksum, a length that bounds memory, and perhaps zstd.

use super::Damaged;

/// Appends a number, seven bits a byte, lowest first.
pub(super) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Appends a signed number; small magnitudes are short.
pub(super) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put(to, ((number << 1) ^ (number >> 63)) as u64);
}

/// Bytes that are read from their start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

const SHORT: Damaged = Damaged("a part of it ends too early");

impl<'b> Reader<'b> {
    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn word(&mut self) -> Result<u32, Damaged> {
        let (word, rest) = self.0.split_first_chunk::<4>().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*word))
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged("a number in it is longer than 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn end(self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged("a part of it is too long")) }
    }
}

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const LEVEL: i32 = 3;

/// Packs a part: method, checksum of what follows, length when unpacked, body.
pub(super) fn pack(raw: &[u8]) -> Vec<u8> {
    let squeezed = zstd::bulk::compress(raw, LEVEL).ok().filter(|squeezed| squeezed.len() < raw.len());
    let (method, body) = squeezed.as_ref().map_or((PLAIN, raw), |squeezed| (ZSTD, squeezed.as_slice()));
    let mut rest = Vec::with_capacity(body.len() + 4);
    put(&mut rest, raw.len() as u64);
    rest.extend_from_slice(body);
    let mut packed = vec![method];
    packed.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    packed.append(&mut rest);
    packed
}

/// Unpacks a part of at most `most` bytes.
pub(super) fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, Damaged> {
    let mut reader = Reader(packed);
    let method = reader.byte()?;
    if reader.word()? != crc32fast::hash(reader.0) {
        return Err(Damaged("a part of it has another checksum"));
    }
    let length = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
    if length > most {
        return Err(Damaged("a part of it is larger than any chunk's"));
    }
    let raw = match method {
        PLAIN => reader.0.to_vec(),
        ZSTD => {
            zstd::bulk::decompress(reader.0, length).map_err(|_| Damaged("a part of it can't be unpacked"))?
        }
        _ => return Err(Damaged("a part of it is packed in an unknown way")),
    };
    if raw.len() != length {
        return Err(Damaged("a part of it has another length"));
    }
    Ok(raw)
}
