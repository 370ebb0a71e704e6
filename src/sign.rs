//! Section 3.1: a request, its protocol parameters, and the signature over both.

use std::fmt;

use crate::base_string::base_string;
use crate::credentials::Credentials;
use crate::error::{Error, Source};
use crate::params::Parameters;
use crate::percent;
use crate::signature::{SignatureMethod, SigningKey};
use crate::transmit::{self, Placement, ProtocolParameter};
use crate::uri::Uri;

const SIGNATURE: &str = "oauth_signature";
const BODY_HASH: &str = "oauth_body_hash";

/// How requests are to be signed.
#[derive(Clone)]
pub struct Configuration {
    /// Whose requests these are.
    pub credentials: Credentials,
    /// Section 3.4.
    pub method: SignatureMethod,
    /// Section 3.5.
    pub placement: Placement,
    /// Section 3.5.1: sent first in the `Authorization` header, never signed.
    pub realm: Option<String>,
    /// Section 2.1: `oauth_callback`.
    pub callback: Option<String>,
    /// Section 2.3: `oauth_verifier`.
    pub verifier: Option<String>,
    /// More protocol parameters, or other values for those above; `None` leaves one out.
    pub protocol_parameters: Vec<(String, Option<String>)>,
    /// Lets PLAINTEXT send the secrets over connections that others can read.
    pub allow_insecure_plaintext: bool,
}

/// What of a request is signed. The URI and the form are as they go out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The HTTP request method.
    pub method: &'a str,
    /// The absolute URI.
    pub uri: &'a str,
    /// The `Host` header, if it is not simply the URI's host and port.
    pub host: Option<&'a str>,
    /// The body, if its content type is `application/x-www-form-urlencoded`.
    pub form: Option<&'a [u8]>,
    /// The value of `oauth_body_hash`, see [`crate::body_hash`].
    pub body_hash: Option<&'a str>,
    /// The realm for this request in place of the configured one.
    pub realm: Option<&'a str>,
}

/// What signing changes: every protocol parameter is in exactly one place.
#[derive(Clone, PartialEq, Eq)]
pub enum Signed {
    /// The value for the `Authorization` header.
    Header(String),
    /// The URI to send the request to.
    Uri(String),
    /// The form to send.
    Form(Vec<u8>),
}

/// Signs requests; immutable, and prepared once for many of them.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    placement: Placement,
    realm: Option<String>,
    parameters: Vec<(String, Value)>,
    refuses_open_connections: bool,
}

/// The value of a protocol parameter.
#[derive(Clone)]
enum Value {
    Nonce,
    Timestamp,
    Fixed(String),
}

impl Signer {
    /// Checks the configuration and prepares what is the same for every request.
    ///
    /// # Errors
    /// [`Error::LineBreak`], [`Error::InvalidRealm`], [`Error::NotAProtocolParameter`],
    /// [`Error::SignatureParameter`], [`Error::PlaintextInQuery`], [`Error::MissingPrivateKey`],
    /// [`Error::UnusedPrivateKey`].
    pub fn new(configuration: Configuration) -> Result<Self, Error> {
        let Configuration { credentials, method, placement, realm, callback, verifier, .. } =
            configuration;
        refuse_line_breaks("client_key", &credentials.client_key)?;
        refuse_line_breaks("client_secret", &credentials.client_secret)?;
        refuse_line_breaks("resource_owner_secret", &credentials.token_secret)?;
        refuse_line_breaks("resource_owner_key", credentials.token.as_deref().unwrap_or(""))?;
        refuse_line_breaks("callback_uri", callback.as_deref().unwrap_or(""))?;
        refuse_line_breaks("verifier", verifier.as_deref().unwrap_or(""))?;
        refuse_invalid_realm(realm.as_deref())?;
        let is_plaintext = method == SignatureMethod::Plaintext;
        if is_plaintext && placement == Placement::Query {
            return Err(Error::PlaintextInQuery);
        }
        let key = SigningKey::new(method, &credentials)?;
        let fixed = |name: &str, value| (name.to_owned(), Value::Fixed(value));
        let mut parameters = vec![
            ("oauth_nonce".to_owned(), Value::Nonce),
            ("oauth_timestamp".to_owned(), Value::Timestamp),
            fixed("oauth_version", "1.0".to_owned()),
            fixed("oauth_signature_method", method.name().to_owned()),
            fixed("oauth_consumer_key", credentials.client_key),
        ];
        parameters.extend(credentials.token.map(|token| fixed("oauth_token", token)));
        parameters.extend(callback.map(|callback| fixed("oauth_callback", callback)));
        parameters.extend(verifier.map(|verifier| fixed("oauth_verifier", verifier)));
        for (name, value) in configuration.protocol_parameters {
            set_parameter(&mut parameters, name, value)?;
        }
        Ok(Self {
            key,
            placement,
            realm,
            parameters,
            refuses_open_connections: is_plaintext && !configuration.allow_insecure_plaintext,
        })
    }

    /// Where the protocol parameters go.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// See [`SigningKey::is_slow`].
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.key.is_slow()
    }

    /// Signs `request` and writes the protocol parameters to their place.
    ///
    /// # Errors
    /// [`Error::NotAbsolute`], [`Error::InvalidHost`], [`Error::InvalidPort`] of the URI;
    /// [`Error::DuplicateParameter`], [`Error::InvalidRealm`], [`Error::InsecurePlaintext`],
    /// [`Error::BodyIsNotAForm`], [`Error::SigningFailed`].
    pub fn sign(
        &self,
        request: &Request<'_>,
        nonce: &str,
        timestamp: &str,
    ) -> Result<Signed, Error> {
        let mut protocol = self.protocol_parameters(request, nonce, timestamp);
        let base_string = self.base_string_over(request, &protocol)?;
        let signature = self.key.sign(&base_string)?;
        protocol.push((SIGNATURE, &signature));
        Ok(match self.placement {
            Placement::Header => {
                refuse_invalid_realm(request.realm)?;
                Signed::Header(transmit::header(request.realm.or(self.realm.as_deref()), &protocol))
            }
            Placement::Query => Signed::Uri(transmit::query(request.uri, &protocol)),
            Placement::Body => {
                let form = request.form.ok_or(Error::BodyIsNotAForm)?;
                Signed::Form(transmit::body(form, &protocol))
            }
        })
    }

    /// The base string that [`Signer::sign`] signs.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub fn base_string(
        &self,
        request: &Request<'_>,
        nonce: &str,
        timestamp: &str,
    ) -> Result<Vec<u8>, Error> {
        self.base_string_over(request, &self.protocol_parameters(request, nonce, timestamp))
    }

    /// The protocol parameters in the order in which they are sent, the signature not yet there.
    fn protocol_parameters<'a>(
        &'a self,
        request: &Request<'a>,
        nonce: &'a str,
        timestamp: &'a str,
    ) -> Vec<ProtocolParameter<'a>> {
        let mut protocol = Vec::with_capacity(self.parameters.len() + 2);
        protocol.extend(self.parameters.iter().map(|(name, value)| {
            let value = match value {
                Value::Nonce => nonce,
                Value::Timestamp => timestamp,
                Value::Fixed(value) => value,
            };
            (name.as_str(), value.as_bytes())
        }));
        // A value among `Configuration::protocol_parameters` takes the computed one's place.
        if let Some(hash) = request.body_hash
            && !self.parameters.iter().any(|(name, _)| name == BODY_HASH)
        {
            protocol.push((BODY_HASH, hash.as_bytes()));
        }
        protocol
    }

    fn base_string_over(
        &self,
        request: &Request<'_>,
        protocol: &[ProtocolParameter<'_>],
    ) -> Result<Vec<u8>, Error> {
        let uri = Uri::parse(request.uri)?;
        if self.refuses_open_connections && !uri.is_confidential()? {
            return Err(Error::InsecurePlaintext);
        }
        let form = request.form.unwrap_or_default();
        let mut parameters = Parameters::with_room_for(uri.query().len() + form.len());
        parameters.add_form_encoded(uri.query().as_bytes());
        refuse_duplicates(parameters.names(), protocol, Source::Query)?;
        let from_query = parameters.names().count();
        parameters.add_form_encoded(form);
        refuse_duplicates(parameters.names().skip(from_query), protocol, Source::Body)?;
        for (name, value) in protocol {
            parameters.add(name.as_bytes(), value);
        }
        base_string(request.method, &uri, request.host, parameters)
    }
}

// What follows may hold secrets: the verifier, a session handle, a PLAINTEXT signature.

impl fmt::Debug for Configuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Configuration")
            .field("credentials", &self.credentials)
            .field("method", &self.method)
            .field("placement", &self.placement)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header(_) => "Header(..)",
            Self::Uri(_) => "Uri(..)",
            Self::Form(_) => "Form(..)",
        })
    }
}

/// Sets, replaces or removes one of the parameters.
fn set_parameter(
    parameters: &mut Vec<(String, Value)>,
    name: String,
    value: Option<String>,
) -> Result<(), Error> {
    if !name.starts_with("oauth_") || !percent::is_unreserved(name.as_bytes()) {
        return Err(Error::NotAProtocolParameter { given: name });
    }
    if name == SIGNATURE {
        return Err(Error::SignatureParameter);
    }
    refuse_line_breaks("a value of protocol_parameters", value.as_deref().unwrap_or(""))?;
    let position = parameters.iter().position(|(present, _)| *present == name);
    match (position, value) {
        (Some(position), Some(value)) => parameters[position].1 = Value::Fixed(value),
        (Some(position), None) => {
            parameters.remove(position);
        }
        (None, Some(value)) => parameters.push((name, Value::Fixed(value))),
        (None, None) => {}
    }
    Ok(())
}

/// A request that already has a parameter which signing adds would have it twice (section 3.1).
fn refuse_duplicates<'a>(
    names: impl Iterator<Item = &'a [u8]>,
    protocol: &[ProtocolParameter<'_>],
    source: Source,
) -> Result<(), Error> {
    names
        .filter(|name| name.starts_with(b"oauth_"))
        .find_map(|name| {
            let added = protocol.iter().map(|(added, _)| *added).chain([SIGNATURE]);
            added.into_iter().find(|added| added.as_bytes() == name)
        })
        .map_or(Ok(()), |name| Err(Error::DuplicateParameter { name: name.to_owned(), source }))
}

fn refuse_line_breaks(name: &'static str, text: &str) -> Result<(), Error> {
    if text.contains(['\r', '\n']) {
        return Err(Error::LineBreak { name });
    }
    Ok(())
}

/// What stands between the quotes of a quoted string must not end it, nor the header.
fn refuse_invalid_realm(realm: Option<&str>) -> Result<(), Error> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if realm.unwrap_or_default().bytes().all(is_plain) { Ok(()) } else { Err(Error::InvalidRealm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let secret = || "canary".to_owned();
        let configuration = Configuration {
            credentials: Credentials {
                client_key: "client".to_owned(),
                client_secret: secret(),
                private_key: None,
                token: Some("token".to_owned()),
                token_secret: secret(),
            },
            method: SignatureMethod::Plaintext,
            placement: Placement::Header,
            realm: None,
            callback: None,
            verifier: Some(secret()),
            protocol_parameters: vec![("oauth_session_handle".to_owned(), Some(secret()))],
            allow_insecure_plaintext: false,
        };
        let signer = Signer::new(configuration.clone()).unwrap();
        let request = Request { method: "GET", uri: "https://a.example/", ..Request::default() };
        let result = signer.sign(&request, "nonce", "1").unwrap();
        assert!(matches!(&result, Signed::Header(header) if header.contains("canary%26canary")));
        let shown = format!("{configuration:?} {signer:?} {result:?}");
        assert!(shown.contains("client"));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
