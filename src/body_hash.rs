//! The Request Body Hash extension (draft-eaton-oauth-bodyhash): `oauth_body_hash` covers the
//! bodies that section 3.4.1.3.1 leaves out, those that are no forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The hash of a body, fed in pieces.
#[derive(Clone, Debug)]
pub enum BodyHash {
    /// What the draft asks for.
    Sha1(Sha1),
    /// What Mastercard asks for.
    Sha256(Sha256),
}

impl BodyHash {
    /// The hash of an empty body by SHA-1.
    #[must_use]
    pub fn sha1() -> Self {
        Self::Sha1(Sha1::new())
    }

    /// The hash of an empty body by SHA-256.
    #[must_use]
    pub fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// Goes on with the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(piece),
            Self::Sha256(hash) => hash.update(piece),
        }
    }

    /// The value of `oauth_body_hash`.
    #[must_use]
    pub fn finish(self) -> String {
        match self {
            Self::Sha1(hash) => STANDARD.encode(hash.finalize()),
            Self::Sha256(hash) => STANDARD.encode(hash.finalize()),
        }
    }
}
