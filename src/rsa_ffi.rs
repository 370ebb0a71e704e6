//! AWS-LC's RSA: the few functions of C that this crate calls, behind a safe type.
//!
//! AWS-LC has no safe Rust API that signs with SHA-1 and with keys of 1024 bit, which providers
//! still ask for.

#![expect(unsafe_code, reason = "the functions are C's; each call has its argument")]

use std::ffi::{c_int, c_uint};
use std::ptr::NonNull;

use aws_lc_sys as aws_lc;

use crate::fork;

// .cargo/config.toml sets it, if cargo is called where it finds that file.
const _: () = assert!(
    option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY").is_some(),
    "build in the project's folder, or set the variables that its .cargo/config.toml sets"
);

/// The hash that a digest was made by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// The number that OpenSSL and its descendants have for it.
    fn nid(self) -> c_int {
        match self {
            Self::Sha1 => aws_lc::NID_sha1,
            Self::Sha256 => aws_lc::NID_sha256,
            Self::Sha512 => aws_lc::NID_sha512,
        }
    }
}

/// An RSA private key whose numbers belong together.
pub(crate) struct RsaKey(NonNull<aws_lc::RSA>);

// SAFETY: an `RSA` may be used and freed by any thread. rsa.h says that it may be used concurrently
// by functions that do not mutate it for thread-safety purposes, which functions that take a const
// pointer (RSA_bits, RSA_size) are, and RSA_sign too, by its section's note: the Montgomery contexts
// that it makes at first, and the blinding values that it keeps in the key, are behind a lock of the
// key's own. These three are all that is called on a key that may be shared. RSA_free is called by
// `drop`, when nobody shares the key any more.
unsafe impl Send for RsaKey {}
// SAFETY: as above.
unsafe impl Sync for RsaKey {}

impl RsaKey {
    /// The key of an `RSAPrivateKey` in DER (RFC 8017 appendix A.1.2), unless its numbers do not
    /// belong together or the system has no memory left.
    ///
    /// As for `sign`, the caller must not hold the interpreter, see [`fork::undivided`].
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        undivided(|| {
            // SAFETY: pointer and length are those of a slice, which is only read.
            let key = unsafe { aws_lc::RSA_private_key_from_bytes(der.as_ptr(), der.len()) };
            let key = NonNull::new(key).map(Self);
            if key.is_none() {
                clear_errors();
            }
            key
        })
    }

    /// The length of the modulus.
    pub(crate) fn bits(&self) -> u32 {
        // SAFETY: the key is there as long as `self` is.
        unsafe { aws_lc::RSA_bits(self.0.as_ptr()) }
    }

    /// The signature by RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2) over a message of which `digest` is
    /// the hash, unless the system has no memory left or the result does not verify. (Without
    /// random bytes from the system AWS-LC ends the process.)
    pub(crate) fn sign(&self, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        undivided(|| {
            // SAFETY: the key is there as long as `self` is.
            let size = unsafe { aws_lc::RSA_size(self.0.as_ptr()) };
            let mut signature = vec![0; usize::try_from(size).ok()?];
            let mut length: c_uint = 0;
            // SAFETY: the digest's pointer and length are those of a slice, which is only read.
            // RSA_sign writes at most RSA_size bytes to its output, which has room for as many,
            // and their number to `length`. The key is there as long as `self` is; that it may be
            // shared is argued above.
            let is_signed = unsafe {
                aws_lc::RSA_sign(
                    hash.nid(),
                    digest.as_ptr(),
                    digest.len(),
                    signature.as_mut_ptr(),
                    &raw mut length,
                    self.0.as_ptr(),
                )
            } == 1;
            if !is_signed {
                clear_errors();
                return None;
            }
            signature.truncate(usize::try_from(length).ok()?);
            Some(signature)
        })
    }
}

impl Drop for RsaKey {
    fn drop(&mut self) {
        // A fork in the middle of it harms nobody: a key without data of its users' takes no lock
        // of AWS-LC's.
        // SAFETY: the key came from RSA_private_key_from_bytes, and nothing else frees it.
        unsafe { aws_lc::RSA_free(self.0.as_ptr()) }
    }
}

/// Calls AWS-LC while no fork happens, see [`fork::undivided`], now and when this thread ends.
fn undivided<T>(work: impl FnOnce() -> T) -> T {
    thread_local! {
        static THREAD_STATE: ThreadState = const { ThreadState };
    }
    // It is gone already if a key is used while a thread ends: then AWS-LC does what follows itself.
    let _ = THREAD_STATE.try_with(|_| ());
    fork::undivided(work)
}

/// Takes down what AWS-LC keeps for a thread. Left to AWS-LC, that happens at the thread's end under
/// a lock of the whole process, with which a child would be born if it were forked meanwhile.
struct ThreadState;

impl Drop for ThreadState {
    fn drop(&mut self) {
        fork::undivided(|| {
            // SAFETY: it takes no arguments and works on data of this thread alone, behind
            // AWS-LC's own locks; thread.h allows further calls of AWS-LC after it.
            unsafe { aws_lc::AWSLC_thread_local_clear() };
        });
    }
}

/// Empties this thread's list of errors, which would grow to its limit and hold text of old ones.
fn clear_errors() {
    // SAFETY: it takes no arguments and works on data of this thread alone.
    unsafe { aws_lc::ERR_clear_error() }
}
