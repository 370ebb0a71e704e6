//! Section 3.3: nonce and timestamp.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng as _;

use crate::error::Error;
use crate::fork;

thread_local! {
    /// The process generation in which this thread last seeded its generator.
    static SEEDED_IN: Cell<Option<u64>> = const { Cell::new(None) };
}

/// 128 random bits as 32 hexadecimal digits: unique among threads and forked processes.
///
/// # Errors
/// [`Error::NoRandomness`] if a forked process cannot seed its generator anew.
pub fn nonce() -> Result<String, Error> {
    let mut generator = rand::rng();
    // `rand::rng()` does not notice a fork: the child would repeat its parent's nonces.
    let generation = fork::generation();
    if SEEDED_IN.get() != Some(generation) {
        generator.reseed().map_err(|_| Error::NoRandomness)?;
        SEEDED_IN.set(Some(generation));
    }
    let mut bytes = [0; 16];
    generator.fill_bytes(&mut bytes);
    Ok(hexadecimal(bytes))
}

/// Seconds since 1970-01-01 00:00:00 GMT, moved by `offset` seconds.
#[must_use]
pub fn timestamp(offset: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_add(offset)
}

fn hexadecimal(bytes: [u8; 16]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0F])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_32_hexadecimal_digits_that_never_repeat() {
        let nonces: std::collections::HashSet<String> =
            (0..10_000).map(|_| nonce().unwrap()).collect();
        assert_eq!(nonces.len(), 10_000);
        for nonce in nonces {
            assert_eq!(nonce.len(), 32);
            assert!(nonce.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
        }
    }

    #[test]
    fn every_byte_keeps_its_two_digits() {
        let bytes = [0x00, 0x01, 0x0F, 0x10, 0x7F, 0x80, 0xA5, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0xF0];
        assert_eq!(hexadecimal(bytes), "00010f107f80a5ff00000000000000f0");
    }
}
