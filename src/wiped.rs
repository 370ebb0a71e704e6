//! A buffer for what signing writes down, secrets among it, that leaves nothing in freed memory.

use std::ops::{Deref, DerefMut};

use zeroize::zeroize_bytes;

/// Bytes that are zeroized when they are dropped. `Zeroizing<Vec<u8>>` takes them one by one, and
/// what has room for them likewise; this is for what every signature makes.
pub(crate) struct Wiped(Vec<u8>);

impl Wiped {
    /// An empty buffer. Growing beyond `capacity` leaves the smaller one behind as it is.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Empties it.
    pub(crate) fn wipe(&mut self) {
        // In pieces, for what fills more at once counts as an instruction a byte where they are
        // counted (`make bench-instructions`).
        self.0.chunks_mut(1024).for_each(zeroize_bytes);
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}
