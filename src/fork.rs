//! Tells a forked process from its parent, for section 3.3's unique nonces.
//!
//! The alternative without `unsafe`, asking for the process number before every nonce, costs a
//! system call per signature.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between this process and the one in which the module was loaded.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// A number that differs between a process and its forked children.
///
/// A process made with `vfork` or a bare `clone` system call, which run no handlers, is not told
/// apart.
pub(crate) fn generation() -> u64 {
    if is_watching() {
        GENERATION.load(Ordering::Relaxed)
    } else {
        // Without a handler no two answers are alike, so that nobody relies on an old one.
        GENERATION.fetch_add(1, Ordering::Relaxed)
    }
}

/// Whether a handler counts the forks of this process.
#[cfg(unix)]
#[expect(unsafe_code, reason = "pthread_atfork has no safe wrapper")]
fn is_watching() -> bool {
    static REGISTERED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();

    extern "C" fn count_fork() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    *REGISTERED.get_or_init(|| {
        // SAFETY: the arguments are of pthread_atfork's declared types. The handler runs in the
        // child between fork and its return, where only async-signal-safe things are allowed; it
        // adds to an atomic of the process and neither allocates, locks nor unwinds. It is never
        // unregistered, and its code stays mapped: the interpreter does not unload extension
        // modules, and a Rust program that links this crate keeps it to its end.
        unsafe { libc::pthread_atfork(None, None, Some(count_fork)) == 0 }
    })
}

/// There is no fork elsewhere.
#[cfg(not(unix))]
fn is_watching() -> bool {
    true
}
