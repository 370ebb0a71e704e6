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

/// 128 random bits as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // They are ASCII, whatever they are.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn from_bits(bytes: [u8; 16]) -> Self {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0x0F)];
        }
        Self(digits)
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A nonce that is unique among threads and forked processes.
///
/// # Errors
/// [`Error::NoRandomness`] if a forked process cannot seed its generator anew.
pub fn nonce() -> Result<Nonce, Error> {
    let mut generator = rand::rng();
    // `rand::rng()` does not notice a fork: the child would repeat its parent's nonces.
    let generation = fork::generation();
    if SEEDED_IN.get() != Some(generation) {
        generator.reseed().map_err(|_| Error::NoRandomness)?;
        SEEDED_IN.set(Some(generation));
    }
    let mut bytes = [0; 16];
    generator.fill_bytes(&mut bytes);
    Ok(Nonce::from_bits(bytes))
}

/// Seconds since 1970-01-01 00:00:00 GMT, moved by `offset` seconds.
#[must_use]
pub fn timestamp(offset: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_add(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_32_hexadecimal_digits_that_never_repeat() {
        let nonces: std::collections::HashSet<String> =
            (0..10_000).map(|_| nonce().unwrap().as_str().to_owned()).collect();
        assert_eq!(nonces.len(), 10_000);
        for nonce in nonces {
            assert_eq!(nonce.len(), 32);
            assert!(nonce.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
        }
    }

    #[test]
    fn every_byte_keeps_its_two_digits() {
        let bytes = [0x00, 0x01, 0x0F, 0x10, 0x7F, 0x80, 0xA5, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0xF0];
        assert_eq!(Nonce::from_bits(bytes).as_str(), "00010f107f80a5ff00000000000000f0");
    }

    /// What really happens in a fork is tested in Python.
    #[test]
    fn a_generator_that_another_process_seeded_is_seeded_anew() {
        SEEDED_IN.set(Some(fork::generation() + 1));
        nonce().unwrap();
        assert_eq!(SEEDED_IN.get(), Some(fork::generation()));
    }

    #[test]
    fn the_timestamp_is_the_time_and_the_offset() {
        let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        for offset in [0, -3600, 86_400] {
            let before = seconds();
            let moved = timestamp(offset);
            let range = before..=seconds();
            assert!(range.contains(&u64::try_from(moved - offset).unwrap()), "{moved}");
        }
        assert_eq!(timestamp(i64::MAX), i64::MAX);
    }
}
