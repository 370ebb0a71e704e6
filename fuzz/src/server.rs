//! The server's side of RFC 5849: does the signature belong to the request as it arrived?
//!
//! Written from the sections of the RFC for this alone, in the plainest way: it decodes into lists,
//! sorts those and encodes them, which the signer never does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use oauth1_rs::signature::SignatureMethod;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sha1::Sha1;
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
        let expected = match method {
            SignatureMethod::HmacSha1 => hmac::<Hmac<Sha1>>(&key, &text),
            SignatureMethod::HmacSha256 => hmac::<Hmac<Sha256>>(&key, &text),
            SignatureMethod::HmacSha512 => hmac::<Hmac<Sha512>>(&key, &text),
            SignatureMethod::Plaintext => key,
            other => return Err(format!("{} is not fuzzed", other.name())),
        };
        if signature == expected.as_bytes() {
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

fn hmac<M: Mac + KeyInit>(key: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).expect("keys have any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
