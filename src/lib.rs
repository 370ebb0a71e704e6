//! OAuth 1.0a request signing as [RFC 5849] has it. One file, one section:
//!
//! | section | what | module |
//! |---|---|---|
//! | 3.1 | the signed request and its protocol parameters | [`sign`], `protocol` |
//! | 3.3 | nonce and timestamp | [`nonce`] |
//! | 3.4.1.1 | signature base string | `base_string` |
//! | 3.4.1.2 | base string URI | [`uri`] |
//! | 3.4.1.3 | request parameters | [`params`] |
//! | 3.4.2 - 3.4.4 | signature methods | [`signature`] |
//! | 3.4.3 | the private key | [`private_key`] |
//! | 3.5 | transmission of the protocol parameters | [`transmit`] |
//! | 3.6 | percent-encoding | [`percent`] |
//! | 3.4.1, backwards | what a signed request's signature covers | [`explain`] |
//! | draft-eaton-oauth-bodyhash | the hash of a body that is no form | [`body_hash`] |
//!
//! The core is pure: [`sign::Signer::sign`] takes nonce and timestamp and gives the same output
//! for the same input. Only `python` (behind the cargo feature of that name) knows Python.
//!
//! [RFC 5849]: https://www.rfc-editor.org/rfc/rfc5849

mod base_string;
pub mod body_hash;
pub mod credentials;
pub mod error;
pub mod explain;
mod fork;
pub mod nonce;
pub mod params;
pub mod percent;
pub mod private_key;
mod protocol;
mod rsa_ffi;
pub mod sign;
pub mod signature;
pub mod transmit;
pub mod uri;

#[cfg(feature = "python")]
mod python;
