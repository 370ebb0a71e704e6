//! Section 3.4.1 read backwards: what the signature covers that a request carries, part by part, and
//! which faults of a signer would have given another signature.

use std::fmt;

use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::percent;
use crate::protocol::SIGNATURE;
use crate::sign::{Request, is_encoded_once};
use crate::signature::{SignatureMethod, SigningKey, shared_secrets};
use crate::transmit::{Placement, is_quotable};
use crate::uri::Uri;

/// A request that has been signed, its protocol parameters apart from the rest.
#[derive(Clone)]
pub struct SignedRequest<'a> {
    /// Where the protocol parameters are.
    pub placement: Placement,
    /// Section 3.5.1: sent in the header, never signed.
    pub realm: Option<String>,
    /// The value of `oauth_signature`.
    pub signature: Vec<u8>,
    method: &'a str,
    /// Without protocol parameters in its query.
    uri: String,
    host: Option<&'a str>,
    /// Without protocol parameters.
    form: Vec<u8>,
    /// All but the signature, decoded.
    protocol_parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Where a signed parameter was found, section 3.4.1.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Among the protocol parameters, wherever these travel.
    Protocol,
    /// In the query component of the URI.
    Query,
    /// In the form-encoded body.
    Form,
}

/// A parameter that is signed.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedParameter {
    /// Where it was found.
    pub origin: Origin,
    /// Its name, decoded.
    pub name: Vec<u8>,
    /// Its value, decoded.
    pub value: Vec<u8>,
    /// Its name as the normalized parameters have it (section 3.4.1.3.2).
    pub encoded_name: Vec<u8>,
    /// Its value as the normalized parameters have it.
    pub encoded_value: Vec<u8>,
}

/// What a signature covers.
#[derive(Clone)]
pub struct Explanation {
    /// Section 3.4.1.2, not encoded.
    pub base_string_uri: Vec<u8>,
    /// In the order in which they are signed.
    pub parameters: Vec<SignedParameter>,
    /// Section 3.4.1.1.
    pub base_string: Vec<u8>,
}

impl<'a> SignedRequest<'a> {
    /// Finds the protocol parameters of `request`: in its `Authorization` header, in its query or
    /// in its form, whichever has a signature. `None` if none has.
    ///
    /// `single_encoding` as in [`crate::sign::Configuration`]: the values in the header count as
    /// they are.
    #[must_use]
    pub fn read(
        request: &Request<'a>,
        authorization: Option<&str>,
        single_encoding: bool,
    ) -> Option<Self> {
        let (resource, query) = split_query(request.uri);
        let form = request.form.unwrap_or_default();
        let in_header = authorization
            .and_then(|value| header_parameters(value, single_encoding))
            .filter(|parameters| has_signature(parameters));
        let (placement, mut protocol_parameters) = if let Some(parameters) = in_header {
            (Placement::Header, parameters)
        } else {
            let of = |text| form_parameters(text).filter(|(name, _)| is_protocol(name)).collect();
            let (in_query, in_form): (Vec<_>, Vec<_>) = (of(query.as_bytes()), of(form));
            if has_signature(&in_query) {
                (Placement::Query, in_query)
            } else if has_signature(&in_form) {
                (Placement::Body, in_form)
            } else {
                return None;
            }
        };
        let mut take = |wanted: &[u8]| {
            let position = protocol_parameters.iter().position(|(name, _)| name == wanted)?;
            Some(protocol_parameters.remove(position).1)
        };
        let signature = take(SIGNATURE.as_bytes())?;
        let realm = if placement == Placement::Header { take(b"realm") } else { None };
        let uri = match placement {
            Placement::Query => {
                let rest = without_protocol_parameters(query.as_bytes());
                format!("{resource}?{}", String::from_utf8_lossy(&rest))
            }
            Placement::Header | Placement::Body => format!("{resource}?{query}"),
        };
        Some(Self {
            placement,
            realm: realm.map(|realm| String::from_utf8_lossy(&realm).into_owned()),
            signature,
            method: request.method,
            uri,
            host: request.host,
            form: match placement {
                Placement::Body => without_protocol_parameters(form),
                Placement::Header | Placement::Query => form.to_vec(),
            },
            protocol_parameters,
        })
    }

    /// The value of a protocol parameter, decoded.
    #[must_use]
    pub fn protocol_parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.protocol_parameters.iter().find(|(given, _)| given == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }

    /// What is signed of it, as [`crate::sign::Signer::sign`] signs.
    ///
    /// # Errors
    /// [`Error::NotAbsolute`], [`Error::InvalidHost`], [`Error::InvalidPort`].
    pub fn explain(&self, single_encoding: bool) -> Result<Explanation, Error> {
        let uri = Uri::parse(&self.uri)?;
        let query = uri.query().as_bytes();
        let mut parameters = Vec::new();
        for (name, value) in &self.protocol_parameters {
            let encoded_value = if single_encoding { value.clone() } else { encoded(value) };
            parameters.push(SignedParameter {
                origin: Origin::Protocol,
                name: name.clone(),
                value: value.clone(),
                encoded_name: encoded(name),
                encoded_value,
            });
        }
        if single_encoding && is_encoded_once(query) {
            parameters.extend(pieces(query).map(|(name, value)| SignedParameter {
                origin: Origin::Query,
                name: name.to_vec(),
                value: value.to_vec(),
                encoded_name: name.to_vec(),
                encoded_value: value.to_vec(),
            }));
        } else {
            parameters
                .extend(form_parameters(query).map(|pair| encoded_twice(Origin::Query, pair)));
        }
        parameters
            .extend(form_parameters(&self.form).map(|pair| encoded_twice(Origin::Form, pair)));
        // As they stand in the base string; the once-encoded texts have the same order.
        parameters.sort_by_cached_key(|it| (encoded(&it.encoded_name), encoded(&it.encoded_value)));
        let mut normalized = Vec::new();
        for parameter in &parameters {
            if !normalized.is_empty() {
                normalized.extend_from_slice(b"%26");
            }
            percent::encode(&parameter.encoded_name, &mut normalized);
            normalized.extend_from_slice(b"%3D");
            percent::encode(&parameter.encoded_value, &mut normalized);
        }
        let mut encoded_uri = Vec::new();
        uri.write_base_string_uri(self.host, &mut encoded_uri)?;
        let method = encoded(self.method.as_bytes()).to_ascii_uppercase();
        let base_string_uri = decoded(&encoded_uri);
        let base_string = [method, encoded_uri, normalized].join(&b'&');
        Ok(Explanation { base_string_uri, parameters, base_string })
    }
}

fn encoded_twice(origin: Origin, (name, value): (Vec<u8>, Vec<u8>)) -> SignedParameter {
    let (encoded_name, encoded_value) = (encoded(&name), encoded(&value));
    SignedParameter { origin, name, value, encoded_name, encoded_value }
}

fn is_protocol(name: &[u8]) -> bool {
    name.starts_with(b"oauth_")
}

fn has_signature(parameters: &[(Vec<u8>, Vec<u8>)]) -> bool {
    parameters.iter().any(|(name, _)| name == SIGNATURE.as_bytes())
}

/// The URI without its query and its fragment, and the query.
fn split_query(uri: &str) -> (&str, &str) {
    let resource = uri.split_once('#').map_or(uri, |(before_fragment, _)| before_fragment);
    resource.split_once('?').unwrap_or((resource, ""))
}

/// The pieces of form-encoded text that are parameters, names and values as they are.
fn pieces(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pieces = text.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty());
    pieces.map(|piece| match piece.iter().position(|&byte| byte == b'=') {
        Some(equals) => (&piece[..equals], &piece[equals + 1..]),
        None => (piece, &b""[..]),
    })
}

/// The parameters of a query or a form (section 3.4.1.3.1), decoded.
fn form_parameters(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let of = |text: &[u8]| {
        let mut output = Vec::new();
        percent::decode_form(text, &mut output);
        output
    };
    pieces(text).map(move |(name, value)| (of(name), of(value)))
}

fn without_protocol_parameters(text: &[u8]) -> Vec<u8> {
    let is_other = |piece: &&[u8]| !form_parameters(piece).any(|(name, _)| is_protocol(&name));
    text.split(|&byte| byte == b'&').filter(is_other).collect::<Vec<_>>().join(&b'&')
}

/// What may stand around names and values in a header (RFC 2617 section 1.2).
const BLANK: [char; 2] = [' ', '\t'];

/// The parameters of an `Authorization` header (section 3.5.1), realm included, decoded; `None` if
/// it is of another scheme, or broken.
fn header_parameters(
    authorization: &str,
    single_encoding: bool,
) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let (scheme, mut rest) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return None;
    }
    let mut parameters = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(parameters);
        }
        let (name, after) = rest.split_once('=')?;
        let (name, after) = (name.trim_end_matches(BLANK), after.trim_start_matches(BLANK));
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            quoted.split_once('"')?
        } else {
            let (value, after) = after.split_once(',').unwrap_or((after, ""));
            (value.trim_end_matches(BLANK), after)
        };
        let plain = decoded(value.as_bytes());
        let is_as_it_is = if single_encoding && name != SIGNATURE {
            // What cannot stand in a header as it is was encoded there.
            std::str::from_utf8(&plain).map_or(true, is_quotable)
                || encoded(&plain) != value.as_bytes()
        } else {
            name == "realm"
        };
        let value = if is_as_it_is { value.as_bytes().to_vec() } else { plain };
        parameters.push((decoded(name.as_bytes()), value));
        rest = after;
    }
}

fn encoded(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    percent::encode(text, &mut output);
    output
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    percent::decode(text, &mut output);
    output
}

/// What a signer made of the secrets that section 3.4.2 does not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Without the token shared-secret.
    TokenSecretMissing,
    /// Without the client shared-secret.
    ClientSecretMissing,
    /// The shared-secrets are not percent-encoded.
    NotEncoded,
    /// The shared-secrets are percent-encoded twice.
    EncodedTwice,
    /// Without the white space around a shared-secret.
    WhiteSpaceStripped,
    /// With a line feed at the end of a shared-secret.
    LineFeedAppended,
    /// Without the `&`.
    AmpersandMissing,
    /// The token shared-secret first.
    Exchanged,
}

impl KeyFault {
    /// A name for it, as `Difference.cause` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TokenSecretMissing => "token_secret_missing",
            Self::ClientSecretMissing => "client_secret_missing",
            Self::NotEncoded => "secret_not_encoded",
            Self::EncodedTwice => "secret_encoded_twice",
            Self::WhiteSpaceStripped => "secret_white_space",
            Self::LineFeedAppended => "secret_line_feed",
            Self::AmpersandMissing => "ampersand_missing",
            Self::Exchanged => "secrets_exchanged",
        }
    }
}

/// Finds how `signature` comes of `base_string`: by which of the methods, and by which fault, if not
/// by the shared-secrets or the private key as they should be used.
///
/// # Errors
/// [`Error::SigningFailed`].
pub fn reproduce(
    credentials: &Credentials,
    methods: &[SignatureMethod],
    base_string: &[u8],
    signature: &str,
) -> Result<Option<(SignatureMethod, Option<KeyFault>)>, Error> {
    let keys = shared_keys(credentials);
    for &method in methods {
        let is_rsa = method.name().starts_with("RSA-");
        if is_rsa
            && credentials.private_key.is_some()
            && signs(&SigningKey::new(method, credentials)?, base_string, signature)?
        {
            return Ok(Some((method, None)));
        }
        for (fault, key) in &keys {
            let Some(key) = SigningKey::of_text(method, key) else { continue };
            if signs(&key, base_string, signature)? {
                return Ok(Some((method, *fault)));
            }
        }
    }
    Ok(None)
}

fn signs(key: &SigningKey, base_string: &[u8], signature: &str) -> Result<bool, Error> {
    let made = key.sign(|sink| {
        sink(base_string);
        Ok(())
    })?;
    Ok(made == signature)
}

/// The key of section 3.4.2, and what faults make of it; the first that gives a text counts.
fn shared_keys(credentials: &Credentials) -> Vec<(Option<KeyFault>, Zeroizing<String>)> {
    let (client, token) = (&*credentials.client_secret, &*credentials.token_secret);
    let of = |client: &str, token: &str| {
        shared_secrets(&Credentials {
            client_secret: client.to_owned().into(),
            token_secret: token.to_owned().into(),
            ..Credentials::default()
        })
    };
    let encoded = |secret: &str| {
        let mut output = Zeroizing::new(String::with_capacity(percent::MAX_LENGTH * secret.len()));
        percent::encode_text(secret, &mut output);
        output
    };
    let with_line_feed = |secret: &str| Zeroizing::new(format!("{secret}\n"));
    let joined = |client: &str, ampersand: &str, token: &str| {
        Zeroizing::new([client, ampersand, token].concat())
    };
    vec![
        (None, of(client, token)),
        (Some(KeyFault::TokenSecretMissing), of(client, "")),
        (Some(KeyFault::ClientSecretMissing), of("", token)),
        (Some(KeyFault::WhiteSpaceStripped), of(client.trim(), token.trim())),
        (Some(KeyFault::WhiteSpaceStripped), of(client.trim(), token)),
        (Some(KeyFault::WhiteSpaceStripped), of(client, token.trim())),
        (Some(KeyFault::LineFeedAppended), of(&with_line_feed(client), token)),
        (Some(KeyFault::LineFeedAppended), of(client, &with_line_feed(token))),
        (Some(KeyFault::LineFeedAppended), of(&with_line_feed(client), &with_line_feed(token))),
        (Some(KeyFault::NotEncoded), joined(client, "&", token)),
        (Some(KeyFault::EncodedTwice), of(&encoded(client), &encoded(token))),
        (Some(KeyFault::AmpersandMissing), joined(&encoded(client), "", &encoded(token))),
        (Some(KeyFault::AmpersandMissing), encoded(client)),
        (Some(KeyFault::Exchanged), of(token, client)),
    ]
}

// What follows may hold secrets: a verifier, a password in a form, a PLAINTEXT signature.

impl fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignedRequest").finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = String::from_utf8_lossy(&self.name);
        formatter.debug_struct("SignedParameter").field("name", &name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Explanation").finish_non_exhaustive()
    }
}
