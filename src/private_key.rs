//! The RSA private key of section 3.4.3, read from PEM text (RFC 7468): PKCS#1 (RFC 8017), PKCS#8
//! (RFC 5958), and PKCS#8 encrypted with a passphrase.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, decoded_len_estimate};
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::rsa_ffi::{Hash, RsaKey};

/// The sizes that are accepted, in bits: below, keys are broken in practice; above, a signature
/// takes longer than anybody waits for it. Counted in whole bytes: generators that leave the
/// highest bit to chance make keys of 1023 bits when they are asked for 1024.
const SIZES: RangeInclusive<u32> = 1024..=8192;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Algorithms whose keys are taken for RSA keys by mistake.
const OTHER_ALGORITHMS: [(ObjectIdentifier, &str); 5] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"), "EC"),
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "DSA"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"), "RSA-PSS"),
    (ObjectIdentifier::new_unwrap("1.3.101.112"), "Ed25519"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
];

/// Some seconds; OWASP's advice is 600 000.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// 4 times what OpenSSL asks for: N * r * p * 128 bytes (RFC 7914), of memory or of time.
const MAX_SCRYPT_BYTES: u64 = 64 << 20;

/// Padding is often lost where keys are copied by hand.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An RSA private key, parsed and checked once; clones share it.
#[derive(Clone)]
pub struct PrivateKey(Arc<RsaKey>);

impl PrivateKey {
    /// Reads PEM text. Of several blocks, the first with a private key counts. Line ends, line
    /// lengths, indentation and text around the block do not matter.
    ///
    /// # Errors
    /// [`PrivateKeyError`] says what the text is instead of an RSA private key.
    pub fn from_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, PrivateKeyError> {
        let (label, der) = read_pem(pem)?;
        match (label, passphrase) {
            ("ENCRYPTED PRIVATE KEY", Some(passphrase)) => Self::from_encrypted(&der, passphrase),
            ("ENCRYPTED PRIVATE KEY", None) => Err(PrivateKeyError::Encrypted),
            (_, Some(_)) => Err(PrivateKeyError::NotEncrypted),
            ("RSA PRIVATE KEY", None) => Self::from_pkcs1(&der),
            (_, None) => Self::from_pkcs8(&der),
        }
    }

    /// Reads a `PrivateKeyInfo` in DER (RFC 5958 section 2).
    ///
    /// # Errors
    /// As [`PrivateKey::from_pem`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| PrivateKeyError::Damaged)?;
        let algorithm = info.algorithm.oid;
        if algorithm != RSA {
            let name = OTHER_ALGORITHMS.into_iter().find(|(oid, _)| *oid == algorithm);
            return Err(PrivateKeyError::OtherAlgorithm {
                name: name.map_or("another algorithm", |(_, name)| name),
            });
        }
        Self::from_pkcs1(info.private_key.as_bytes())
    }

    fn from_encrypted(der: &[u8], passphrase: &[u8]) -> Result<Self, PrivateKeyError> {
        let info = EncryptedPrivateKeyInfoRef::try_from(der)
            .map_err(|_| PrivateKeyError::UnsupportedEncryption)?;
        if !is_affordable(&info.encryption_algorithm) {
            return Err(PrivateKeyError::UnsupportedEncryption);
        }
        let decrypted = info.decrypt(passphrase).map_err(|_| PrivateKeyError::WrongPassphrase)?;
        // A wrong passphrase is not always noticed by the padding.
        Self::from_pkcs8(decrypted.as_bytes()).map_err(|error| match error {
            PrivateKeyError::Damaged => PrivateKeyError::WrongPassphrase,
            other => other,
        })
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, PrivateKeyError> {
        // Without its public exponent a key signs, but nothing checks what.
        if !has_public_exponent(der) {
            return Err(PrivateKeyError::Damaged);
        }
        let key = RsaKey::from_der(der).ok_or(PrivateKeyError::Damaged)?;
        let bits = key.bits();
        if !SIZES.contains(&bits.next_multiple_of(8)) {
            return Err(PrivateKeyError::Size { bits });
        }
        // AWS-LC verifies what it signs, and so finds numbers that are not the primes they ought
        // to be.
        key.sign(Hash::Sha256, &[0; 32]).ok_or(PrivateKeyError::Damaged)?;
        Ok(Self(Arc::new(key)))
    }

    /// The length of the modulus.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.0.bits()
    }

    /// See [`RsaKey::sign`].
    pub(crate) fn sign(&self, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        self.0.sign(hash, digest)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").field("bits", &self.bits()).finish_non_exhaustive()
    }
}

/// Whether decrypting takes neither minutes nor gigabytes: what the file asks for is done.
fn is_affordable(encryption: &EncryptionScheme) -> bool {
    match encryption.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(parameters)) => parameters.iteration_count <= MAX_PBKDF2_ITERATIONS,
        Some(Kdf::Scrypt(parameters)) => {
            let (cost, block_size, parallelization) = (
                parameters.cost_parameter,
                u64::from(parameters.block_size),
                u64::from(parameters.parallelization),
            );
            cost.is_power_of_two()
                && cost > 1
                && [cost, block_size, parallelization]
                    .into_iter()
                    .try_fold(128_u64, u64::checked_mul)
                    .is_some_and(|bytes| bytes <= MAX_SCRYPT_BYTES)
        }
        _ => false,
    }
}

/// Whether an `RSAPrivateKey` has a public exponent that is not zero.
fn has_public_exponent(der: &[u8]) -> bool {
    let read = |reader: &mut SliceReader<'_>| {
        reader.sequence(|reader| {
            let [_version, _modulus, exponent] =
                [UintRef::decode(reader)?, UintRef::decode(reader)?, UintRef::decode(reader)?];
            let has_exponent = exponent.as_bytes().iter().any(|&byte| byte != 0);
            reader.drain(reader.remaining_len())?;
            Ok::<_, pkcs8::der::Error>(has_exponent)
        })
    };
    SliceReader::new(der).is_ok_and(|mut reader| read(&mut reader).unwrap_or(false))
}

/// The label and the content of the first block with a private key.
fn read_pem(pem: &[u8]) -> Result<(&str, Zeroizing<Vec<u8>>), PrivateKeyError> {
    if pem.starts_with(b"\x30\x82") {
        return Err(PrivateKeyError::Der);
    }
    let text = std::str::from_utf8(pem).map_err(|_| PrivateKeyError::NotPem)?;
    let mut other = PrivateKeyError::NotPem;
    for after_begin in text.split("-----BEGIN ").skip(1) {
        let Some((label, rest)) = after_begin.split_once("-----") else { continue };
        match refusal(label) {
            Some(refused) => other = refused,
            None => return read_block(label, rest),
        }
    }
    Err(match other {
        PrivateKeyError::NotPem if looks_like_path(text) => PrivateKeyError::Path,
        other => other,
    })
}

/// Why a block with this label is not read.
fn refusal(label: &str) -> Option<PrivateKeyError> {
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => None,
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Some(PrivateKeyError::PublicKey),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            Some(PrivateKeyError::Certificate)
        }
        "EC PRIVATE KEY" => Some(PrivateKeyError::OtherAlgorithm { name: "EC" }),
        "DSA PRIVATE KEY" => Some(PrivateKeyError::OtherAlgorithm { name: "DSA" }),
        "OPENSSH PRIVATE KEY" => Some(PrivateKeyError::OpenSsh),
        _ => Some(PrivateKeyError::NotPem),
    }
}

fn read_block<'a>(
    label: &'a str,
    after_label: &str,
) -> Result<(&'a str, Zeroizing<Vec<u8>>), PrivateKeyError> {
    let (body, _) = after_label.split_once("-----END ").ok_or(PrivateKeyError::Incomplete)?;
    if body.contains("\\n") {
        return Err(PrivateKeyError::EscapedLineBreaks);
    }
    if body.contains("Proc-Type:") {
        return Err(PrivateKeyError::UnsupportedEncryption);
    }
    // With room for all of it: growing would leave pieces behind.
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    // Not `decode`, which leaves what it has decoded behind if the rest is damaged.
    let mut der = Zeroizing::new(vec![0; decoded_len_estimate(base64.len())]);
    let length = BASE64.decode_slice(&*base64, &mut der).map_err(|_| PrivateKeyError::Damaged)?;
    der.truncate(length);
    Ok((label, der))
}

/// Whether this is one short line with what paths have; the base64 of a key is longer.
fn looks_like_path(text: &str) -> bool {
    let text = text.trim();
    let has_extension = [".pem", ".key", ".der", ".p8", ".pk8", ".txt", ".p12", ".pfx"]
        .iter()
        .any(|extension| text.to_ascii_lowercase().ends_with(extension));
    text.len() < 400
        && !text.contains(['\n', '\r'])
        && (has_extension || text.contains(['/', '\\']))
}

/// What was given instead of an RSA private key. No variant holds any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// No PEM text at all, or one with something else in it.
    NotPem,
    /// The path of a file.
    Path,
    /// The key in DER.
    Der,
    /// A backslash and an `n` stand for every line break.
    EscapedLineBreaks,
    /// The end of the PEM text is missing.
    Incomplete,
    /// A public key.
    PublicKey,
    /// A certificate.
    Certificate,
    /// OpenSSH's own form.
    OpenSsh,
    /// A key for something else than RSASSA-PKCS1-v1_5.
    OtherAlgorithm {
        /// What the key is for.
        name: &'static str,
    },
    /// An encrypted key without its passphrase.
    Encrypted,
    /// A passphrase for a key that is not encrypted.
    NotEncrypted,
    /// The passphrase does not decrypt the key.
    WrongPassphrase,
    /// Encrypted by something else than PBES2 (RFC 8018).
    UnsupportedEncryption,
    /// The numbers do not make a key, or could not be read.
    Damaged,
    /// Too short or too long.
    Size {
        /// The length of the modulus.
        bits: u32,
    },
}

impl fmt::Display for PrivateKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPem => formatter.write_str(
                "rsa_key is not the PEM text of a private key ('-----BEGIN PRIVATE KEY-----' or \
                 '-----BEGIN RSA PRIVATE KEY-----' and what follows)",
            ),
            Self::Path => formatter.write_str(
                "rsa_key looks like the path of a file: give pathlib.Path(...) to have it read",
            ),
            Self::Der => formatter.write_str(
                "rsa_key is in DER: convert it to PEM with \
                 'openssl pkey -inform DER -in key.der -out key.pem', or \
                 'openssl pkcs12 -in key.p12 -nocerts -nodes -out key.pem' if it is PKCS#12",
            ),
            Self::EscapedLineBreaks => formatter.write_str(
                "rsa_key has a backslash and an 'n' for every line break: put line breaks there, \
                 as with .replace('\\\\n', '\\n')",
            ),
            Self::Incomplete => {
                formatter.write_str("rsa_key has no '-----END' line: is a part of it missing?")
            }
            Self::PublicKey => formatter.write_str(
                "rsa_key is a public key: requests are signed with the private key that belongs \
                 to it",
            ),
            Self::Certificate => formatter.write_str(
                "rsa_key is a certificate: requests are signed with the private key that belongs \
                 to it",
            ),
            Self::OpenSsh => formatter.write_str(
                "rsa_key is in OpenSSH's form: convert it with 'ssh-keygen -p -m PEM -f' and the \
                 path of a copy",
            ),
            Self::OtherAlgorithm { name } => {
                write!(formatter, "rsa_key is a private key for {name}, not for RSA")
            }
            Self::Encrypted => formatter
                .write_str("rsa_key is encrypted: give its passphrase as rsa_key_passphrase"),
            Self::NotEncrypted => formatter.write_str(
                "rsa_key_passphrase is given, but rsa_key is not encrypted: leave it out",
            ),
            Self::WrongPassphrase => {
                formatter.write_str("rsa_key cannot be decrypted with this rsa_key_passphrase")
            }
            Self::UnsupportedEncryption => formatter.write_str(
                "rsa_key is encrypted in a way that is not supported: encrypt it anew with \
                 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem'",
            ),
            Self::Damaged => formatter.write_str(
                "rsa_key is damaged: what stands between its BEGIN and END lines is no RSA \
                 private key",
            ),
            Self::Size { bits } => write!(
                formatter,
                "rsa_key has {bits} bits: from {} to {} are accepted",
                SIZES.start(),
                SIZES.end()
            ),
        }
    }
}

impl std::error::Error for PrivateKeyError {}
