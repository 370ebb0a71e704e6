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
use oauth1_rs::error::Error;
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

#[test]
fn debug_shows_how_long_a_key_is_and_no_more() {
    assert_eq!(format!("{:?}", key("rsa-1024", None)), "Ok(PrivateKey { bits: 1024, .. })");
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

/// DER by hand: a tag, the length, the content.
fn tagged(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..128 => vec![tag, length[1]],
        128.. => vec![tag, 0x82, length[0], length[1]],
    };
    [head, content].concat()
}

fn sequence(content: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, content)
}

fn integer(number: u64) -> Vec<u8> {
    let bits = u64::BITS - number.leading_zeros();
    let length = bits as usize / 8 + 1;
    tagged(0x02, &[&u128::from(number).to_be_bytes()[16 - length..]])
}

/// PEM text of a key that says to be encrypted by PBES2 with this key derivation (RFC 8018).
fn encrypted(derivation: &[u8]) -> String {
    const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    let cipher = sequence(&[AES_256_CBC, &tagged(0x04, &[&[0; 16]])]);
    let algorithm = sequence(&[PBES2, &sequence(&[derivation, &cipher])]);
    text_of("ENCRYPTED PRIVATE KEY", &sequence(&[&algorithm, &tagged(0x04, &[&[0; 640]])]))
}

fn pbkdf2(iterations: u64) -> Vec<u8> {
    const PBKDF2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
    const HMAC_SHA256: &[u8] = b"\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x00";
    let parameters = sequence(&[&tagged(0x04, &[&[0; 8]]), &integer(iterations), HMAC_SHA256]);
    sequence(&[PBKDF2, &parameters])
}

fn scrypt(cost: u64, block_size: u64, parallelization: u64) -> Vec<u8> {
    const SCRYPT: &[u8] = b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";
    let numbers = [cost, block_size, parallelization].map(integer).concat();
    sequence(&[SCRYPT, &sequence(&[&tagged(0x04, &[&[0; 8]]), &numbers])])
}

fn text_of(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

/// What the file asks for is not done, or else it would be a wrong passphrase.
#[test]
fn decryption_that_would_take_for_ever_is_refused() {
    let refused = |derivation: &[u8]| {
        PrivateKey::from_pem(encrypted(derivation).as_bytes(), Some(PASSPHRASE)).unwrap_err()
    };
    for derivation in [
        pbkdf2(10_000_001),
        scrypt(1 << 50, 8, 1),
        scrypt(1 << 63, 8, 1), // times 128: the lower 64 bits are zero
        scrypt(1 << 17, 8, 1),
        scrypt(1 << 15, 17, 1),
        scrypt(1 << 15, 2, 1 << 14),
        scrypt(1, 8, 1),
        scrypt(0, 8, 1),
        scrypt(1000, 8, 1),
    ] {
        assert_eq!(refused(&derivation), PrivateKeyError::UnsupportedEncryption, "{derivation:?}");
    }
    for derivation in [pbkdf2(1), scrypt(2, 1, 1), scrypt(16, 1, 2)] {
        assert_eq!(refused(&derivation), PrivateKeyError::WrongPassphrase, "{derivation:?}");
    }
}

/// Without one a key signs, but nothing checks what.
#[test]
fn a_key_without_public_exponent_is_refused() {
    let whole = der("rsa-2048");
    let numbers = PrivateKeyInfoRef::from_der(&whole).unwrap().private_key.as_bytes().to_vec();
    // The sequence, the version, the modulus of 257 bytes.
    let exponent = 4 + 3 + 4 + 257;
    assert_eq!(numbers[exponent..exponent + 5], [2, 3, 1, 0, 1]);
    let read = |numbers: &[u8]| {
        PrivateKey::from_pem(text_of("RSA PRIVATE KEY", numbers).as_bytes(), None).err()
    };
    assert_eq!(read(&numbers), None);
    let mut rest = numbers[exponent + 5..].to_vec();
    for value in [&[0][..], &[3]] {
        let content = [&numbers[4..exponent], &tagged(2, &[value]), &rest].concat();
        assert_eq!(read(&sequence(&[&content])), Some(PrivateKeyError::Damaged), "{value:?}");
    }
    // As Java strips it: the modulus and a private exponent, which is not its own.
    rest = [3, 0, 0, 0, 0, 0].map(integer).concat();
    let stripped = sequence(&[&numbers[4..exponent], &integer(0), &rest]);
    assert_eq!(read(&stripped), Some(PrivateKeyError::Damaged));
}

#[test]
fn the_layout_of_the_text_does_not_matter() {
    let whole = String::from_utf8(pem("rsa-1024")).unwrap();
    let public = whole.replace("PRIVATE", "PUBLIC");
    let unpadded = whole.replace('=', "");
    assert_ne!(unpadded, whole, "the key has no padding to lose");
    for text in [
        whole.replace('\n', "\r\n"),
        whole.replace('\n', "\n\t "),
        whole.replace('\n', " "),
        format!("Bag Attributes\n  friendlyName: x/y\n{whole}\n-----BEGIN"),
        format!("{public}{whole}"),
        format!("-----BEGIN {whole}"),
        unpadded,
    ] {
        assert!(PrivateKey::from_pem(text.as_bytes(), None).is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_key_says_what_it_is() {
    use PrivateKeyError::{
        Certificate, Damaged, Der, EscapedLineBreaks, Incomplete, NotEncrypted, NotPem, OpenSsh,
        OtherAlgorithm, Path, PublicKey, UnsupportedEncryption,
    };
    let refused = |text: &str, passphrase| PrivateKey::from_pem(text.as_bytes(), passphrase).err();
    let whole = String::from_utf8(pem("rsa-1024")).unwrap();
    let called = |label: &str| whole.replace("PRIVATE KEY", label);
    let long = "a/".repeat(200);
    for (text, expected) in [
        (String::new(), NotPem),
        ("text".to_owned(), NotPem),
        ("-----BEGIN ".to_owned(), NotPem),
        (called("CERTIFICATE REQUEST"), NotPem),
        ("/etc/key".to_owned(), Path),
        (" C:\\key\n".to_owned(), Path),
        ("key.PEM".to_owned(), Path),
        ("key.p12".to_owned(), Path),
        (long[1..].to_owned(), Path),
        (long, NotPem),
        ("two/\nlines".to_owned(), NotPem),
        ("two/\rlines.pem".to_owned(), NotPem),
        (whole.replace('\n', "\\n"), EscapedLineBreaks),
        (whole.replace("-----END ", ""), Incomplete),
        (called("PUBLIC KEY"), PublicKey),
        (called("RSA PUBLIC KEY"), PublicKey),
        (called("CERTIFICATE"), Certificate),
        (called("X509 CERTIFICATE"), Certificate),
        (called("TRUSTED CERTIFICATE"), Certificate),
        (called("EC PRIVATE KEY"), OtherAlgorithm { name: "EC" }),
        (called("DSA PRIVATE KEY"), OtherAlgorithm { name: "DSA" }),
        (called("OPENSSH PRIVATE KEY"), OpenSsh),
        // The last of those that are none.
        (called("PUBLIC KEY") + &called("CERTIFICATE"), Certificate),
        (called("RSA PRIVATE KEY"), Damaged),
        (called("ENCRYPTED PRIVATE KEY"), PrivateKeyError::Encrypted),
        (whole.replacen('M', "?", 1), Damaged),
        (
            whole.replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n", 1),
            UnsupportedEncryption,
        ),
    ] {
        assert_eq!(refused(&text, None), Some(expected), "{text}");
    }
    assert_eq!(refused(&whole, Some(PASSPHRASE)), Some(NotEncrypted));
    assert_eq!(PrivateKey::from_pem(&der("rsa-2048"), None).err(), Some(Der));
    assert_eq!(PrivateKey::from_pem(b"\xff\xfe", None).err(), Some(NotPem));
}

#[test]
fn a_refusal_says_what_to_do() {
    let message = PrivateKeyError::Size { bits: 512 }.to_string();
    assert_eq!(message, "rsa_key has 512 bits: from 1024 to 8192 are accepted");
    let message = Error::from(PrivateKeyError::OtherAlgorithm { name: "EC" }).to_string();
    assert_eq!(message, "rsa_key is a private key for EC, not for RSA");
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
