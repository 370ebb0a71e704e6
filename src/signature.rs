//! Sections 3.4.2 to 3.4.4: the signature methods.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::percent;

/// A signature method, by the name that `oauth_signature_method` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMethod {
    /// Section 3.4.2.
    HmacSha1,
    /// Section 3.4.2 with SHA-256 in SHA-1's place.
    HmacSha256,
    /// Section 3.4.2 with SHA-512 in SHA-1's place.
    HmacSha512,
    /// Section 3.4.4.
    Plaintext,
}

impl SignatureMethod {
    /// All methods.
    pub const ALL: [Self; 4] =
        [Self::HmacSha1, Self::HmacSha256, Self::HmacSha512, Self::Plaintext];

    /// The method called `name`, in upper or lower case.
    ///
    /// # Errors
    /// [`Error::UnknownSignatureMethod`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(name)).ok_or_else(
            || Error::UnknownSignatureMethod {
                given: name.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            },
        )
    }

    /// The method's registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::Plaintext => "PLAINTEXT",
        }
    }
}

/// What a method signs with, prepared once for many signatures.
#[derive(Clone)]
pub enum SigningKey {
    /// The keyed state of section 3.4.2: a signature starts from a copy of it.
    HmacSha1(Hmac<Sha1>),
    /// As above.
    HmacSha256(Hmac<Sha256>),
    /// As above.
    HmacSha512(Hmac<Sha512>),
    /// The signature itself.
    Plaintext(Vec<u8>),
}

impl SigningKey {
    /// The key of `method` for these credentials.
    #[must_use]
    pub fn new(method: SignatureMethod, credentials: &Credentials) -> Self {
        let secrets = shared_secrets(credentials);
        match method {
            SignatureMethod::HmacSha1 => Self::HmacSha1(keyed(&secrets)),
            SignatureMethod::HmacSha256 => Self::HmacSha256(keyed(&secrets)),
            SignatureMethod::HmacSha512 => Self::HmacSha512(keyed(&secrets)),
            SignatureMethod::Plaintext => Self::Plaintext(secrets),
        }
    }

    /// The value of `oauth_signature` for `base_string`.
    #[must_use]
    pub fn sign(&self, base_string: &[u8]) -> Vec<u8> {
        match self {
            Self::HmacSha1(key) => mac(key, base_string),
            Self::HmacSha256(key) => mac(key, base_string),
            Self::HmacSha512(key) => mac(key, base_string),
            Self::Plaintext(secrets) => secrets.clone(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// Both shared-secrets, each percent-encoded, joined by `&`: the key of section 3.4.2, the
/// signature of section 3.4.4.
fn shared_secrets(credentials: &Credentials) -> Vec<u8> {
    let mut output = Vec::new();
    percent::encode(credentials.client_secret.as_bytes(), &mut output);
    output.push(b'&');
    percent::encode(credentials.token_secret.as_bytes(), &mut output);
    output
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    #[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length, RFC 2104")]
    M::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn mac(key: &(impl Mac + Clone), base_string: &[u8]) -> Vec<u8> {
    let tag = key.clone().chain_update(base_string).finalize().into_bytes();
    STANDARD.encode(tag).into_bytes()
}
