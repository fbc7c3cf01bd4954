//! gzip without compression: stored blocks of deflate, with the checksum.

use std::io::{self, Write};

/// Bytes of a stored block, at most.
const BLOCK: usize = 0xffff;

/// Magic number, deflate, no flags, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Writes the bytes as a gzip file.
pub(super) fn write(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&HEADER)?;
    let mut rest = bytes;
    loop {
        let (block, after) = rest.split_at(rest.len().min(BLOCK));
        let length = block.len() as u16;
        out.write_all(&[u8::from(after.is_empty())])?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&(!length).to_le_bytes())?;
        out.write_all(block)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out.write_all(&checksum(bytes).to_le_bytes())?;
    // Modulo 2^32, as the format has it.
    out.write_all(&(bytes.len() as u32).to_le_bytes())
}

/// CRC-32 as in gzip.
fn checksum(bytes: &[u8]) -> u32 {
    let byte = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1)))
    };
    !bytes.iter().fold(u32::MAX, byte)
}

/// The contents of a file of stored blocks, with its checks.
#[cfg(test)]
pub(super) fn stored(file: &[u8]) -> Vec<u8> {
    let mut rest = file.strip_prefix(HEADER.as_slice()).expect("a header");
    let mut bytes = Vec::new();
    loop {
        let length = u16::from_le_bytes([rest[1], rest[2]]);
        assert_eq!(!length, u16::from_le_bytes([rest[3], rest[4]]));
        let is_last = rest[0] == 1;
        bytes.extend(&rest[5..5 + usize::from(length)]);
        rest = &rest[5 + usize::from(length)..];
        if is_last {
            break;
        }
    }
    assert_eq!(rest[..4], checksum(&bytes).to_le_bytes());
    assert_eq!(rest[4..], (bytes.len() as u32).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_gzip() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn blocks_of_every_length_are_whole() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let mut file = Vec::new();
            write(&bytes, &mut file).unwrap();
            assert_eq!(stored(&file), bytes, "{length}");
        }
    }
}
