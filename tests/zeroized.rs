//! What is left in memory of the secrets when those who had them are dropped: nothing.
//!
//! This reads the process's own memory, and so has no test harness: with one thread, the heap is
//! one place and the stack another. What is looked for is never in memory itself but for where it
//! is meant to be; needles and what is searched are masked.
#![expect(clippy::unwrap_used, reason = "what cannot be read or signed fails the test")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::EagerHash;
use oauth1_rs::credentials::Credentials;
use oauth1_rs::private_key::{PrivateKey, PrivateKeyError};
use oauth1_rs::sign::{Configuration, Request, Signed, Signer};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use sha1::Sha1;
use sha1::digest::block_api::{Block, BlockSizeUser, UpdateCore};
use sha1::digest::common::hazmat::SerializableState;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

const MASK: u8 = 0xA5;
/// What HMAC (RFC 2104) pads its key with.
const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5C;

fn main() {
    if !cfg!(target_os = "linux") {
        return; // no /proc
    }
    // In this order: what a signature leaves would be found after the others.
    for leave in [a_signer_leaves_no_secret, a_signature_leaves_no_shared_secret] {
        for placement in [Placement::Header, Placement::Query, Placement::Body] {
            leave(SignatureMethod::HmacSha1, placement);
            leave(SignatureMethod::HmacSha256, placement);
            leave(SignatureMethod::HmacSha512, placement);
            leave(SignatureMethod::Plaintext, placement);
        }
    }
    a_keyed_state_is_wiped::<Sha1>(SignatureMethod::HmacSha1);
    a_keyed_state_is_wiped::<Sha256>(SignatureMethod::HmacSha256);
    a_keyed_state_is_wiped::<Sha512>(SignatureMethod::HmacSha512);
    a_private_key_leaves_nothing("rsa-2048.pem", None);
    a_private_key_leaves_nothing("aes256-sha256.pem", Some(PASSPHRASE));
    a_damaged_private_key_leaves_nothing();
}

/// The secrets that a signer is given, each its own.
#[derive(Clone, Copy)]
enum Secret {
    Client,
    Token,
    Verifier,
    Handle,
}

impl Secret {
    const ALL: [Self; 4] = [Self::Client, Self::Token, Self::Verifier, Self::Handle];

    /// Letters only, so that no encoding changes them; not known when this is compiled.
    fn text(self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(32));
        text.extend((0..32).map(|index| char::from(self.byte(index))));
        text
    }

    fn masked(self) -> Vec<u8> {
        (0..32).map(|index| self.byte(index) ^ MASK).collect()
    }

    fn byte(self, index: u8) -> u8 {
        b'a' + black_box(index).wrapping_mul(7).wrapping_add(self as u8 * 5) % 26
    }
}

/// Not by `format!`, which leaves pieces behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(128));
    for part in parts {
        text.push_str(part);
    }
    text
}

fn configuration(method: SignatureMethod, placement: Placement) -> Configuration {
    Configuration {
        credentials: Credentials {
            client_key: "client".to_owned(),
            client_secret: Secret::Client.text(),
            private_key: None,
            token: Some("token".to_owned()),
            token_secret: Secret::Token.text(),
        },
        method,
        placement,
        realm: None,
        callback: None,
        verifier: Some(Secret::Verifier.text()),
        protocol_parameters: vec![("oauth_session_handle".to_owned(), Some(Secret::Handle.text()))],
        single_encoding: false,
        allow_insecure_plaintext: false,
        allow_plaintext_in_query: true,
    }
}

fn a_signer_leaves_no_secret(method: SignatureMethod, placement: Placement) {
    let needles = Secret::ALL.map(Secret::masked);
    let configuration = configuration(method, placement);
    let is_there = found(&needles, Place::Anywhere);
    assert_eq!(is_there, [true; 4], "the search itself does not work");
    let name = method.name();
    let signer = Signer::new(configuration.clone()).unwrap();
    drop(signer.clone());
    drop(signer);
    drop(configuration);
    let left = found(&needles, Place::Anywhere);
    assert_eq!(left, [false; 4], "a secret is left: {name} {placement:?}");
}

/// What is signed and sent, the verifier among it, is Python's as well; the shared secrets are not.
fn a_signature_leaves_no_shared_secret(method: SignatureMethod, placement: Placement) {
    let needles = Secret::ALL.map(Secret::masked);
    let name = method.name();
    let signer = Signer::new(configuration(method, placement)).unwrap();
    let request = Request {
        method: "POST",
        uri: "https://example.com/token?a=b",
        form: Some(b"a=b"),
        ..Request::default()
    };
    match signer.sign(&request, "nonce", "1").unwrap() {
        Signed::Header(text) | Signed::Uri(text) => drop(Zeroizing::new(text)),
        Signed::Form(form) => drop(Zeroizing::new(form)),
    }
    drop(signer);
    let left = found(&needles[..2], Place::Anywhere);
    assert_eq!(left, [false; 2], "a secret is left by signing: {name} {placement:?}");
}

/// A state that a key was hashed into signs as well as the key.
fn a_keyed_state_is_wiped<D>(method: SignatureMethod)
where
    D: EagerHash,
    D::Core: Default + SerializableState,
{
    let key = joined(&[&Secret::Client.text(), "&", &Secret::Token.text()]);
    let configuration = configuration(method, Placement::Header);
    let needles = [INNER_PAD, OUTER_PAD].map(|pad| keyed_state::<D>(key.as_bytes(), pad));
    // To where it is not on the stack.
    let signer = Box::new(Signer::new(configuration).unwrap());
    let name = method.name();
    assert_eq!(found(&needles, Place::Heap), [true; 2], "{name} is not where it should be");
    let request = Request { method: "GET", uri: "https://example.com/", ..Request::default() };
    signer.sign(&request, "nonce", "1").unwrap();
    drop(signer);
    assert_eq!(found(&needles, Place::Heap), [false; 2], "the state of {name} is left");
}

/// The state after the padded key, as it lies in memory, masked.
fn keyed_state<D>(key: &[u8], pad: u8) -> Vec<u8>
where
    D: EagerHash,
    D::Core: Default + SerializableState,
{
    let mut block = Block::<D::Core>::default();
    let block_size = <D::Core as BlockSizeUser>::block_size();
    assert!(key.len() <= block_size || block_size == 64);
    if key.len() <= block_size {
        block[..key.len()].copy_from_slice(key);
    } else {
        let digest = D::digest(key);
        block[..digest.len()].copy_from_slice(&digest);
    }
    block.iter_mut().for_each(|byte| *byte ^= pad);
    let mut core = D::Core::default();
    core.update_blocks(std::slice::from_ref(&block));
    core.serialize()[..20].iter().map(|byte| byte ^ MASK).collect()
}

const PASSPHRASE: &[u8] = b"secret";

fn pem(name: &str) -> Zeroizing<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    fs::read(path).unwrap().into()
}

/// 24 bytes out of the prime p, masked: as DER has them, as they lie in a number in memory, and as
/// they stand in a line of the PEM text.
fn pieces_of_the_prime() -> [Vec<u8>; 3] {
    let pem = pem("rsa-2048.pem");
    let text = std::str::from_utf8(&pem).unwrap();
    let mut base64 = Zeroizing::new(Vec::with_capacity(text.len()));
    base64.extend(text.lines().filter(|line| !line.starts_with('-')).flat_map(str::bytes));
    let der = Zeroizing::new(STANDARD.decode(&*base64).unwrap());
    let key = PrivateKeyInfoRef::try_from(&der[..]).unwrap().private_key;
    let mut reader = SliceReader::new(key.as_bytes()).unwrap();
    let needle: Vec<u8> = reader
        .sequence(|reader| {
            let [_version, _modulus, _public, _private] = [(); 4].map(|()| UintRef::decode(reader));
            let prime = UintRef::decode(reader)?;
            reader.drain(reader.remaining_len())?;
            Ok::<_, pkcs8::der::Error>(
                prime.as_bytes()[40..64].iter().map(|byte| byte ^ MASK).collect(),
            )
        })
        .unwrap();
    let reversed = needle.iter().rev().copied().collect();
    let position = der
        .windows(24)
        .position(|window| window.iter().zip(&needle).all(|(byte, masked)| byte ^ MASK == *masked));
    // The first whole line within the prime.
    let line = position.unwrap() / 48 + 1;
    let in_text = base64[line * 64..][..32].iter().map(|byte| byte ^ MASK).collect();
    [needle, reversed, in_text]
}

fn a_private_key_leaves_nothing(name: &str, passphrase: Option<&[u8]>) {
    let needles = pieces_of_the_prime();
    let text = pem(name);
    let is_plain = passphrase.is_none();
    let is_there = found(&needles, Place::Heap);
    assert_eq!(is_there, [false, false, is_plain], "the search itself does not work");
    let key = PrivateKey::from_pem(&text, passphrase).unwrap();
    drop(text);
    let is_there = found(&needles, Place::Heap);
    assert_eq!(is_there, [false, true, false], "the search itself does not work");
    let credentials = Credentials { private_key: Some(key), ..Credentials::default() };
    let signer = Signer::new(Configuration {
        credentials,
        verifier: None,
        protocol_parameters: Vec::new(),
        ..configuration(SignatureMethod::RsaSha256, Placement::Header)
    })
    .unwrap();
    let request = Request { method: "GET", uri: "https://example.com/", ..Request::default() };
    signer.sign(&request, "nonce", "1").unwrap();
    drop(signer);
    assert_eq!(found(&needles, Place::Anywhere), [false; 3], "a piece of {name} is left");
}

fn a_damaged_private_key_leaves_nothing() {
    let needles = pieces_of_the_prime();
    let mut damaged = pem("rsa-2048.pem");
    let end = damaged.windows(9).rposition(|window| window == b"-----END ").unwrap();
    damaged[end - 9] = b'!';
    assert_eq!(PrivateKey::from_pem(&damaged, None).unwrap_err(), PrivateKeyError::Damaged);
    drop(damaged);
    assert_eq!(found(&needles, Place::Anywhere), [false; 3], "a piece of a damaged key is left");
}

/// More than any part of the memory of this process has, and than what malloc puts where something
/// else was freed.
const LARGE: usize = 1 << 26;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// All but the stack: what is moved there leaves copies.
    Heap,
    Anywhere,
}

/// Which of what these are the masks of is in memory that this process can write to.
fn found(needles: &[Vec<u8>], place: Place) -> Vec<bool> {
    let mut buffer = [0; 1 << 14];
    let maps = memory_maps(&mut buffer);
    let mut content = Zeroizing::new(Vec::with_capacity(LARGE));
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = vec![false; needles.len()];
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, permissions) = (fields.next().unwrap(), fields.next().unwrap());
        let name = fields.nth(3).unwrap_or_default();
        if !permissions.starts_with("rw") || (place == Place::Heap && name == "[stack]") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        content.clear();
        assert!(usize::try_from(end - start).unwrap() <= LARGE);
        content.resize(usize::try_from(end - start).unwrap(), 0);
        // A part that cannot be read stays zero.
        let is_read = memory.read_exact_at(&mut content, start).is_ok();
        assert!(is_read || name != "[heap]", "the heap cannot be read");
        search(&content, needles, &mut found);
    }
    found
}

/// Not on the heap, as it would take the place of what was freed.
fn memory_maps(buffer: &mut [u8]) -> &str {
    let mut file = File::open("/proc/self/maps").unwrap();
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer[length..]).unwrap();
        length += read;
        assert!(length < buffer.len(), "there is more");
        if read == 0 {
            return std::str::from_utf8(&buffer[..length]).unwrap();
        }
    }
}

/// Nothing is unmasked here: the needles are in memory, too.
fn search(content: &[u8], needles: &[Vec<u8>], found: &mut [bool]) {
    const PAGE: usize = 4096;
    let mut is_first = [false; 256];
    for needle in needles {
        is_first[usize::from(needle[0] ^ MASK)] = true;
    }
    for (number, page) in content.chunks(PAGE).enumerate() {
        if page == &[0; PAGE][..page.len()] {
            continue; // most are
        }
        for (position, &byte) in page.iter().enumerate() {
            if !is_first[usize::from(byte)] {
                continue;
            }
            let here = &content[number * PAGE + position..];
            for (needle, found) in needles.iter().zip(&mut *found) {
                if here.len() >= needle.len() {
                    *found |= here.iter().zip(needle).all(|(byte, masked)| byte ^ MASK == *masked);
                }
            }
        }
    }
}
