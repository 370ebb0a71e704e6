//! Sections 3.4.2 to 3.4.4: the signature methods.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::percent;
use crate::private_key::PrivateKey;
use crate::rsa_ffi::Hash;

/// A signature method, by the name that `oauth_signature_method` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMethod {
    /// Section 3.4.2.
    HmacSha1,
    /// Section 3.4.2 with SHA-256 in SHA-1's place.
    HmacSha256,
    /// Section 3.4.2 with SHA-512 in SHA-1's place.
    HmacSha512,
    /// Section 3.4.3.
    RsaSha1,
    /// Section 3.4.3 with SHA-256 in SHA-1's place.
    RsaSha256,
    /// Section 3.4.3 with SHA-512 in SHA-1's place.
    RsaSha512,
    /// Section 3.4.4.
    Plaintext,
}

impl SignatureMethod {
    /// All methods.
    pub const ALL: [Self; 7] = [
        Self::HmacSha1,
        Self::HmacSha256,
        Self::HmacSha512,
        Self::RsaSha1,
        Self::RsaSha256,
        Self::RsaSha512,
        Self::Plaintext,
    ];

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
            Self::RsaSha1 => "RSA-SHA1",
            Self::RsaSha256 => "RSA-SHA256",
            Self::RsaSha512 => "RSA-SHA512",
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
    /// The client's private key of section 3.4.3.
    RsaSha1(PrivateKey),
    /// As above.
    RsaSha256(PrivateKey),
    /// As above.
    RsaSha512(PrivateKey),
    /// The signature itself.
    Plaintext(Zeroizing<String>),
}

impl SigningKey {
    /// The key of `method` for these credentials.
    ///
    /// # Errors
    /// [`Error::MissingPrivateKey`], [`Error::UnusedPrivateKey`].
    pub fn new(method: SignatureMethod, credentials: &Credentials) -> Result<Self, Error> {
        let method_name = method.name();
        let private_key = || {
            let key = credentials.private_key.clone();
            key.ok_or(Error::MissingPrivateKey { method: method_name })
        };
        let key = match method {
            SignatureMethod::RsaSha1 => Self::RsaSha1(private_key()?),
            SignatureMethod::RsaSha256 => Self::RsaSha256(private_key()?),
            SignatureMethod::RsaSha512 => Self::RsaSha512(private_key()?),
            // A user who gives a private key expects to sign with it.
            _ if credentials.private_key.is_some() => {
                return Err(Error::UnusedPrivateKey { method: method_name });
            }
            SignatureMethod::HmacSha1 => Self::HmacSha1(keyed(&shared_secrets(credentials))),
            SignatureMethod::HmacSha256 => Self::HmacSha256(keyed(&shared_secrets(credentials))),
            SignatureMethod::HmacSha512 => Self::HmacSha512(keyed(&shared_secrets(credentials))),
            SignatureMethod::Plaintext => Self::Plaintext(shared_secrets(credentials)),
        };
        Ok(key)
    }

    /// The key that `text` is as it stands; none for a private key.
    pub(crate) fn of_text(method: SignatureMethod, text: &Zeroizing<String>) -> Option<Self> {
        match method {
            SignatureMethod::HmacSha1 => Some(Self::HmacSha1(keyed(text))),
            SignatureMethod::HmacSha256 => Some(Self::HmacSha256(keyed(text))),
            SignatureMethod::HmacSha512 => Some(Self::HmacSha512(keyed(text))),
            SignatureMethod::Plaintext => Some(Self::Plaintext(text.clone())),
            SignatureMethod::RsaSha1 | SignatureMethod::RsaSha256 | SignatureMethod::RsaSha512 => {
                None
            }
        }
    }

    /// The value of `oauth_signature` for the base string that `write` gives piece by piece.
    ///
    /// # Errors
    /// Those of `write`; [`Error::SigningFailed`], with a private key only.
    pub fn sign(
        &self,
        write: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), Error>,
    ) -> Result<Cow<'_, str>, Error> {
        let signature = match self {
            Self::HmacSha1(key) => mac(key.clone(), write),
            Self::HmacSha256(key) => mac(key.clone(), write),
            Self::HmacSha512(key) => mac(key.clone(), write),
            Self::RsaSha1(key) => rsa(key, Hash::Sha1, Sha1::new(), write),
            Self::RsaSha256(key) => rsa(key, Hash::Sha256, Sha256::new(), write),
            Self::RsaSha512(key) => rsa(key, Hash::Sha512, Sha512::new(), write),
            Self::Plaintext(secrets) => {
                // It signs nothing, but what cannot be written is refused.
                write(&mut |_| {})?;
                return Ok(Cow::Borrowed(secrets));
            }
        };
        signature.map(Cow::Owned)
    }

    /// Whether a signature takes so long (a quarter of a millisecond and more) that other threads
    /// should not have to wait for it.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::RsaSha1(_) | Self::RsaSha256(_) | Self::RsaSha512(_))
    }
}

impl Drop for SigningKey {
    /// A keyed state is as good as the secrets. The features of that name of the crates `hmac`,
    /// `sha1` and `sha2` would also zeroize the copy that each signature makes on the stack, byte by
    /// byte: 4 % of a signature.
    fn drop(&mut self) {
        match self {
            Self::HmacSha1(key) => overwrite(key),
            Self::HmacSha256(key) => overwrite(key),
            Self::HmacSha512(key) => overwrite(key),
            // Their own business.
            Self::RsaSha1(_) | Self::RsaSha256(_) | Self::RsaSha512(_) | Self::Plaintext(_) => {}
        }
    }
}

/// Puts another state in the place of a keyed one.
fn overwrite<M: KeyInit>(key: &mut M) {
    *key = keyed("");
    // Else it would be no use to the compiler to write what nobody reads.
    std::hint::black_box(key);
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// Both shared-secrets, each percent-encoded, joined by `&`: the key of section 3.4.2, the
/// signature of section 3.4.4.
pub(crate) fn shared_secrets(credentials: &Credentials) -> Zeroizing<String> {
    let Credentials { client_secret, token_secret, .. } = credentials;
    let length = percent::MAX_LENGTH * (client_secret.len() + token_secret.len());
    // With room for all of it: growing would leave pieces behind.
    let mut output = Zeroizing::new(String::with_capacity(length + "&".len()));
    percent::encode_text(client_secret, &mut output);
    output.push('&');
    percent::encode_text(token_secret, &mut output);
    output
}

fn keyed<M: KeyInit>(key: &str) -> M {
    #[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length, RFC 2104")]
    M::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length")
}

fn mac(
    mut mac: impl Mac,
    write: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), Error>,
) -> Result<String, Error> {
    write(&mut |piece| mac.update(piece))?;
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

/// RSASSA-PKCS1-v1_5 over the digest of the base string.
fn rsa(
    key: &PrivateKey,
    hash: Hash,
    mut digest: impl Digest,
    write: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), Error>,
) -> Result<String, Error> {
    write(&mut |piece| digest.update(piece))?;
    let signature = key.sign(hash, &digest.finalize()).ok_or(Error::SigningFailed)?;
    Ok(STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it does not grow, it leaves no pieces behind.
    #[test]
    fn secrets_have_the_room_that_their_longest_form_needs() {
        for (client_secret, token_secret) in [("&&&&", "==="), ("%", ""), ("", "++"), ("", "")] {
            let credentials = Credentials {
                client_secret: client_secret.to_owned().into(),
                token_secret: token_secret.to_owned().into(),
                ..Credentials::default()
            };
            let joined = shared_secrets(&credentials);
            assert_eq!(joined.len(), 3 * (client_secret.len() + token_secret.len()) + 1);
            assert_eq!(joined.capacity(), joined.len());
        }
    }
}
