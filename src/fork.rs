//! What a fork must not break: section 3.3's unique nonces, and a signature that AWS-LC is
//! computing in another thread.
//!
//! The alternatives without `unsafe` do not hold. Asking for the process number before every nonce
//! costs a system call per signature. And nothing but a fork handler can keep AWS-LC whole in the
//! child: its key remembers which of its blinding values are in use, so that a key copied in the
//! middle of another thread's signature aborts the child (by an assertion, which its builds have
//! unless they define `NDEBUG`), and its locks stay locked there.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between this process and the one in which the module was loaded.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// A number that differs between a process and its forked children.
///
/// A process made with `vfork` or a bare `clone` system call, which run no handlers, is not told
/// apart.
pub(crate) fn generation() -> u64 {
    if handlers::are_registered() {
        GENERATION.load(Ordering::Relaxed)
    } else {
        // Without a handler no two answers are alike, so that nobody relies on an old one.
        GENERATION.fetch_add(1, Ordering::Relaxed)
    }
}

/// Does `work`, which is short and neither forks nor comes back here, while no fork happens.
///
/// Forks wait for the work under way to end; new work waits for the forks under way. The caller
/// must hold no lock that a fork handler of anybody's takes, least of all the interpreter's.
pub(crate) fn undivided<T>(work: impl FnOnce() -> T) -> T {
    handlers::are_registered();
    let _working = handlers::Working::begin();
    work()
}

#[cfg(unix)]
mod handlers {
    use std::cell::Cell;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    use super::GENERATION;

    /// How many threads are in `undivided`, and how many are about to fork. A thread announces
    /// itself in one of the two before it looks at the other: of a thread that works and one that
    /// forks, at least one sees the other (this takes sequentially consistent order).
    static WORKING: AtomicUsize = AtomicUsize::new(0);
    static FORKING: AtomicUsize = AtomicUsize::new(0);

    /// Between two looks. A signature takes from a quarter of a millisecond on.
    const PAUSE: Duration = Duration::from_micros(50);

    thread_local! {
        /// Whether this thread works: should it fork meanwhile, from a handler of a signal, it
        /// does not wait for itself. (It does, without end, in the few instructions before and
        /// after the work; Python's own handlers run in none of them.)
        static WORKS_HERE: Cell<bool> = const { Cell::new(false) };
    }

    /// Announces work, until it is dropped.
    pub(super) struct Working;

    impl Working {
        pub(super) fn begin() -> Self {
            loop {
                WORKING.fetch_add(1, Ordering::SeqCst);
                if FORKING.load(Ordering::SeqCst) == 0 {
                    WORKS_HERE.set(true);
                    return Self;
                }
                WORKING.fetch_sub(1, Ordering::SeqCst);
                sleep(PAUSE);
            }
        }
    }

    impl Drop for Working {
        fn drop(&mut self) {
            WORKS_HERE.set(false);
            WORKING.fetch_sub(1, Ordering::SeqCst);
        }
    }

    extern "C" fn before_fork() {
        FORKING.fetch_add(1, Ordering::SeqCst);
        while WORKING.load(Ordering::SeqCst) > usize::from(WORKS_HERE.get()) {
            sleep(PAUSE);
        }
    }

    extern "C" fn after_fork_in_parent() {
        FORKING.fetch_sub(1, Ordering::SeqCst);
    }

    extern "C" fn after_fork_in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        // The other threads that announced themselves did not come along.
        FORKING.store(0, Ordering::SeqCst);
        WORKING.store(usize::from(WORKS_HERE.get()), Ordering::SeqCst);
    }

    /// Whether the handlers run at every fork of this process; the first call registers them.
    #[expect(unsafe_code, reason = "pthread_atfork has no safe wrapper")]
    pub(super) fn are_registered() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        *REGISTERED.get_or_init(|| {
            // SAFETY: the arguments are of pthread_atfork's declared types. The handlers are never
            // unregistered, and their code stays mapped: the interpreter does not unload extension
            // modules, and a Rust program that links this crate keeps it to its end. `before_fork`
            // runs in the forking thread as any other code does; it waits for threads that need
            // nothing of this thread to end their work, and that hold no lock which other handlers
            // take (`undivided` asks that of its callers). `after_fork_in_child` runs between fork
            // and its return, where only async-signal-safe things are allowed: it writes to
            // atomics, and reads a thread-local variable that needs no initialization. None of the
            // three can unwind.
            unsafe {
                libc::pthread_atfork(
                    Some(before_fork),
                    Some(after_fork_in_parent),
                    Some(after_fork_in_child),
                ) == 0
            }
        })
    }
}

/// There is no fork elsewhere.
#[cfg(not(unix))]
mod handlers {
    pub(super) struct Working;

    impl Working {
        pub(super) fn begin() -> Self {
            Self
        }
    }

    pub(super) fn are_registered() -> bool {
        true
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;
    use crate::private_key::PrivateKey;
    use crate::rsa_ffi::Hash;

    const KEY: &[u8] = include_bytes!("../tests/keys/rsa-1024.pem");

    /// In `undivided`, by AWS-LC, as every signature.
    fn signs(key: &PrivateKey) -> bool {
        key.sign(Hash::Sha256, &[1; 32]).is_some()
    }

    #[test]
    #[expect(unsafe_code, reason = "fork has no safe wrapper")]
    fn a_child_that_is_born_while_others_sign_can_sign() {
        let key = PrivateKey::from_pem(KEY, None).unwrap();
        let is_over = AtomicBool::new(false);
        let before = generation();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        assert!(signs(&key));
                    }
                });
            }
            // SAFETY: the child calls what is safe to call there, which is what is tested, and ends
            // without returning: by a signal, for valgrind takes what threads had that did not come
            // along for lost.
            let statuses = [(); 10].map(|()| unsafe {
                let child = libc::fork();
                if child == 0 {
                    let is_well = generation() == before + 1 && signs(&key);
                    libc::raise(if is_well { libc::SIGKILL } else { libc::SIGTERM });
                }
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                status
            });
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(statuses, [libc::SIGKILL; 10]);
        });
        assert_eq!(generation(), before);
    }
}
