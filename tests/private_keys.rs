//! Private keys in the core alone: read, refused, shared by threads, dropped. What they sign is
//! compared with others' signatures in `vectors.rs` and in Python; these are there for
//! `make memory`, which watches them, and what they call in C, at work.
#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails its test")]

use std::fs;
use std::path::Path;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth1_rs::credentials::Credentials;
use oauth1_rs::private_key::{PrivateKey, PrivateKeyError};
use oauth1_rs::signature::{SignatureMethod, SigningKey};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode as _;

const PASSPHRASE: &[u8] = b"secret";

fn pem(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    fs::read(folder.join(name).with_extension("pem")).unwrap()
}

fn key(name: &str, passphrase: Option<&[u8]>) -> Result<PrivateKey, PrivateKeyError> {
    PrivateKey::from_pem(&pem(name), passphrase)
}

/// A `PrivateKeyInfo`.
fn der(name: &str) -> Vec<u8> {
    let text = String::from_utf8(pem(name)).unwrap();
    STANDARD.decode(text.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

fn signature(key: &PrivateKey, method: SignatureMethod) -> String {
    let credentials = Credentials { private_key: Some(key.clone()), ..Credentials::default() };
    let key = SigningKey::new(method, &credentials).unwrap();
    let signature = key.sign(|sink| {
        sink(b"a base string");
        Ok(())
    });
    signature.unwrap().into_owned()
}

#[test]
fn all_forms_of_a_key_are_one_key() {
    let plain = key("rsa-2048", None).unwrap();
    let expected = signature(&plain, SignatureMethod::RsaSha256);
    for name in ["aes128-sha1", "aes256-sha256", "des3-sha1"] {
        let decrypted = key(name, Some(PASSPHRASE)).unwrap();
        assert_eq!(signature(&decrypted, SignatureMethod::RsaSha256), expected, "{name}");
    }
    let read = PrivateKey::from_pkcs8(&der("rsa-2048")).unwrap();
    assert_eq!(signature(&read, SignatureMethod::RsaSha256), expected);
}

/// Apart from the others, for it takes long where memory is watched.
#[test]
fn scrypt_leads_to_the_same_key() {
    let [plain, decrypted] =
        [key("rsa-2048", None), key("scrypt", Some(PASSPHRASE))].map(Result::unwrap);
    let [expected, given] = [plain, decrypted].map(|key| signature(&key, SignatureMethod::RsaSha1));
    assert_eq!(given, expected);
}

#[test]
fn what_is_no_key_is_refused_and_leaves_nothing_behind() {
    let refused = |name, passphrase| key(name, passphrase).unwrap_err();
    assert_eq!(refused("rsa-512", None), PrivateKeyError::Size { bits: 512 });
    assert_eq!(refused("rsa-8704", None), PrivateKeyError::Size { bits: 8704 });
    assert_eq!(refused("rsa-pss", None), PrivateKeyError::OtherAlgorithm { name: "RSA-PSS" });
    assert_eq!(refused("pbes1", Some(PASSPHRASE)), PrivateKeyError::UnsupportedEncryption);
    assert_eq!(refused("aes128-sha1", Some(b"wrong")), PrivateKeyError::WrongPassphrase);
    assert_eq!(refused("aes128-sha1", None), PrivateKeyError::Encrypted);
}

#[test]
fn a_byte_that_is_wrong_anywhere_does_no_harm() {
    let whole = der("rsa-1024");
    let numbers = PrivateKeyInfoRef::from_der(&whole).unwrap().private_key.as_bytes().len();
    let before = whole.len() - numbers;
    for position in (0..whole.len()).step_by(3) {
        assert!(PrivateKey::from_pkcs8(&whole[..position]).is_err(), "cut at {position}");
        let mut damaged = whole.clone();
        damaged[position] ^= 1;
        let is_accepted = PrivateKey::from_pkcs8(&damaged).is_ok();
        // Before them are the versions and the algorithm, whose parameters are not looked at.
        assert!(!is_accepted || position < before, "damaged at {position}");
    }
}

#[test]
fn threads_share_a_key_and_any_of_them_drops_it() {
    let shared = key("rsa-1024", None).unwrap();
    let methods =
        [SignatureMethod::RsaSha1, SignatureMethod::RsaSha256, SignatureMethod::RsaSha512];
    let expected = methods.map(|method| signature(&shared, method));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (shared, expected) = (shared.clone(), expected.clone());
            thread::spawn(move || {
                for _ in 0..3 {
                    assert_eq!(methods.map(|method| signature(&shared, method)), expected);
                }
            })
        })
        .collect();
    drop(shared);
    for thread in threads {
        thread.join().unwrap();
    }
}
