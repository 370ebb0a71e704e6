//! The server's side of RFC 5849: does the signature belong to the request as it arrived?
//!
//! Written from the sections of the RFC for this alone, in the plainest way: it decodes into lists,
//! sorts those and encodes them, which the signer never does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use num_bigint::BigUint;
use oauth1_rs::signature::SignatureMethod;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

/// Section 3.6.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// RFC 3986 section 2: what has no place in a URI, and clients therefore send percent-encoded.
const IN_NO_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The client's public key: `openssl rsa -in tests/keys/rsa-1024.pem -noout -modulus`.
const MODULUS: &[u8] = b"b6cfed67b55497e8b6249fd0b3203d7a381adb1d0f0cd65afee7b5b443389b19\
    4b4889e0bc140c0a4776360faf9b629a2ed3d4dbf13fc7471e9800f5f7f30110\
    f2ecdd374db892a33888692bb575d7c261b749a320de8c3e558d397f6055be9d\
    4008612221c932eecd1c17f91601e888ad64cd8041ead3f9e132f086cb8d79f3";
const EXPONENT: u32 = 65537;
/// RFC 8017 section 9.2: what stands before a digest.
const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA256: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA512: &[u8] =
    b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A request as it arrived. Only a form is a body here.
#[derive(Clone)]
pub struct Received {
    pub method: String,
    pub uri: String,
    pub host: Option<String>,
    pub authorization: Option<String>,
    pub form: Option<Vec<u8>>,
}

impl Received {
    /// Checks the signature, which is by `method`, whatever the request says.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verify(
        &self,
        method: SignatureMethod,
        client_secret: &str,
        token_secret: &str,
    ) -> Result<(), String> {
        let in_header = self.authorization.as_deref().map_or(Ok(Vec::new()), header_pairs)?;
        let mut pairs = [in_header, form_pairs(self.query()), self.form_pairs()].concat();
        let signature = take(&mut pairs, b"oauth_signature")?;
        let key =
            format!("{}&{}", encode(client_secret.as_bytes()), encode(token_secret.as_bytes()));
        let text = format!(
            "{}&{}&{}",
            encode(self.method.to_ascii_uppercase().as_bytes()),
            encode(self.base_string_uri()?.as_bytes()),
            encode(normalized(&pairs).as_bytes())
        );
        let is_right = match method {
            SignatureMethod::HmacSha1 => signature == hmac::<Hmac<Sha1>>(&key, &text),
            SignatureMethod::HmacSha256 => signature == hmac::<Hmac<Sha256>>(&key, &text),
            SignatureMethod::HmacSha512 => signature == hmac::<Hmac<Sha512>>(&key, &text),
            SignatureMethod::RsaSha1 => is_rsa::<Sha1>(SHA1, &signature, &text),
            SignatureMethod::RsaSha256 => is_rsa::<Sha256>(SHA256, &signature, &text),
            SignatureMethod::RsaSha512 => is_rsa::<Sha512>(SHA512, &signature, &text),
            SignatureMethod::Plaintext => signature == key.as_bytes(),
        };
        if is_right {
            return Ok(());
        }
        Err(format!("{} does not sign {text}", signature.escape_ascii()))
    }

    /// Without the fragment, which no server sees.
    fn target(&self) -> &str {
        self.uri.split('#').next().unwrap_or_default()
    }

    fn query(&self) -> &[u8] {
        self.target().split_once('?').map_or(b"", |(_, query)| query.as_bytes())
    }

    fn form_pairs(&self) -> Pairs {
        form_pairs(self.form.as_deref().unwrap_or_default())
    }

    /// Section 3.4.1.2.
    fn base_string_uri(&self) -> Result<String, String> {
        let resource = self.target().split('?').next().unwrap_or_default();
        let (scheme, rest) = resource.split_once("://").ok_or("the URI is not absolute")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let mut host = self.host.as_deref().unwrap_or(authority).to_ascii_lowercase();
        // An address in brackets has colons of its own.
        let colon = host.rfind(':').filter(|&colon| host.rfind(']').is_none_or(|it| it < colon));
        if let Some(colon) = colon {
            let port = host.split_off(colon);
            let number = port[1..].trim_start_matches('0');
            let is_default = matches!((&scheme[..], number), ("http", "80") | ("https", "443"));
            if port != ":" && !is_default {
                host = format!("{host}:{}", if number.is_empty() { "0" } else { number });
            }
        }
        // RFC 6874: a zone is of use to the client alone.
        if let Some((address, rest)) = host.clone().split_once('%')
            && host.starts_with('[')
        {
            let (_zone, port) = rest.split_once(']').ok_or("a bracket is open")?;
            host = format!("{address}]{port}");
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(format!("{scheme}://{host}{}", percent_encode(path.as_bytes(), IN_NO_URI)))
    }
}

/// Section 3.4.1.3.2.
fn normalized(pairs: &[(Vec<u8>, Vec<u8>)]) -> String {
    let mut encoded: Vec<_> =
        pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let pieces: Vec<_> = encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pieces.join("&")
}

/// Section 3.5.1, without the realm.
fn header_pairs(header: &str) -> Result<Pairs, String> {
    let mut rest = header.strip_prefix("OAuth ").ok_or("another scheme")?;
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("a name without a value")?;
        let (value, after) = after.split_once('"').ok_or("a quote is open")?;
        if name != "realm" {
            pairs.push((decode(name.as_bytes()), decode(value.as_bytes())));
        }
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    Ok(pairs)
}

/// Section 3.4.1.3.1.
fn form_pairs(form: &[u8]) -> Pairs {
    let pieces = form.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let mut halves = piece.splitn(2, |&byte| byte == b'=');
            let mut next = || {
                let half = halves.next().unwrap_or_default();
                decode(
                    &half.iter().map(|&it| if it == b'+' { b' ' } else { it }).collect::<Vec<_>>(),
                )
            };
            (next(), next())
        })
        .collect()
}

/// The value of the one parameter of this name, which is taken out.
fn take(pairs: &mut Pairs, name: &[u8]) -> Result<Vec<u8>, String> {
    let position = pairs.iter().position(|pair| pair.0 == name);
    let (_, value) = pairs.swap_remove(position.ok_or("a parameter is missing")?);
    if pairs.iter().any(|pair| pair.0 == name) {
        return Err("a parameter is there twice".to_owned());
    }
    Ok(value)
}

fn encode(text: &[u8]) -> String {
    percent_encode(text, RESERVED).to_string()
}

fn decode(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

fn hmac<M: Mac + KeyInit>(key: &str, text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).expect("keys have any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes()).into_bytes()
}

/// RFC 8017 section 8.2.2: RSASSA-PKCS1-v1_5.
fn is_rsa<D: Digest>(prefix: &[u8], signature: &[u8], text: &str) -> bool {
    let modulus = BigUint::parse_bytes(MODULUS, 16).expect("it is hexadecimal");
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let number = BigUint::from_bytes_be(&signature);
    let size = MODULUS.len() / 2;
    if signature.len() != size || number >= modulus {
        return false;
    }
    let ending = [&[0], prefix, &D::digest(text)].concat();
    let mut expected = vec![0xFF; size - ending.len()];
    expected[..2].copy_from_slice(&[0, 1]);
    expected.extend(ending);
    number.modpow(&EXPONENT.into(), &modulus) == BigUint::from_bytes_be(&expected)
}
