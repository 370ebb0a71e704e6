//! Section 3.1: a request, its protocol parameters, and the signature over both.

use std::fmt;

use zeroize::Zeroizing;

use crate::base_string::write_base_string;
use crate::credentials::Credentials;
use crate::error::{Error, Source};
use crate::params::{Parameters, PreparedParameters};
use crate::percent;
use crate::protocol::{ProtocolParameters, RequestValues, SIGNATURE, refuse_line_breaks};
use crate::signature::{SignatureMethod, SigningKey};
use crate::transmit::{Placement, Template, is_quotable};
use crate::uri::Uri;

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
    pub verifier: Option<Zeroizing<String>>,
    /// More protocol parameters, or other values for those above; `None` leaves one out.
    pub protocol_parameters: Vec<(String, Option<Zeroizing<String>>)>,
    /// Mastercard's deviation from sections 3.4.1.3.2 and 3.5.1: the values of the protocol
    /// parameters, and a query without escapes, are encoded only once in the base string, and the
    /// header has those values as they are.
    pub single_encoding: bool,
    /// Lets PLAINTEXT send the secrets over connections that others can read.
    pub allow_insecure_plaintext: bool,
    /// Lets PLAINTEXT write the secrets into URLs.
    pub allow_plaintext_in_query: bool,
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

/// Signs requests; immutable, and prepared once for many of them. All that it keeps of the secrets is
/// zeroized when it is dropped.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    placement: Placement,
    realm: Option<String>,
    /// The protocol parameters as they are signed.
    signed: PreparedParameters,
    /// The protocol parameters as they are sent.
    sent: Template,
    single_encoding: bool,
    refuses_open_connections: bool,
}

impl Signer {
    /// Checks the configuration and prepares what is the same for every request.
    ///
    /// # Errors
    /// [`Error::LineBreak`], [`Error::InvalidRealm`], [`Error::NotAProtocolParameter`],
    /// [`Error::InvalidParameterName`], [`Error::SignatureParameter`],
    /// [`Error::PlaintextInQuery`], [`Error::MissingPrivateKey`], [`Error::UnusedPrivateKey`].
    pub fn new(configuration: Configuration) -> Result<Self, Error> {
        let Configuration { credentials, method, placement, realm, callback, verifier, .. } =
            configuration;
        let single_encoding = configuration.single_encoding;
        refuse_line_breaks("client_secret", &credentials.client_secret)?;
        refuse_line_breaks("resource_owner_secret", &credentials.token_secret)?;
        refuse_invalid_realm(realm.as_deref())?;
        let mut parameters = ProtocolParameters::new(
            method,
            &credentials,
            callback.as_deref(),
            verifier.as_ref().map(|verifier| verifier.as_str()),
        )?;
        for (name, value) in configuration.protocol_parameters {
            parameters.set(name, value)?;
        }
        let is_plaintext = method == SignatureMethod::Plaintext;
        let is_in_query = placement == Placement::Query;
        if is_plaintext && is_in_query && !configuration.allow_plaintext_in_query {
            return Err(Error::PlaintextInQuery);
        }
        Ok(Self {
            key: SigningKey::new(method, &credentials)?,
            placement,
            realm,
            signed: PreparedParameters::new(
                &parameters,
                if single_encoding { percent::encode } else { percent::encode_twice },
            ),
            single_encoding,
            sent: Template::new(&parameters, placement, single_encoding),
            refuses_open_connections: is_plaintext && !configuration.allow_insecure_plaintext,
        })
    }

    /// Where the protocol parameters go.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// See [`Configuration::single_encoding`].
    #[must_use]
    pub fn single_encoding(&self) -> bool {
        self.single_encoding
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
        refuse_invalid_realm(request.realm)?;
        let values = RequestValues { nonce, timestamp, body_hash: request.body_hash };
        let signature = self.key.sign(|sink| self.write_base_string(request, values, sink))?;
        Ok(match self.placement {
            Placement::Header => {
                let realm = request.realm.or(self.realm.as_deref());
                Signed::Header(self.sent.header(realm, values, &signature))
            }
            Placement::Query => Signed::Uri(self.sent.query(request.uri, values, &signature)),
            Placement::Body => {
                let form = request.form.ok_or(Error::BodyIsNotAForm)?;
                Signed::Form(self.sent.body(form, values, &signature))
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
        let values = RequestValues { nonce, timestamp, body_hash: request.body_hash };
        let mut base_string = Vec::new();
        let mut sink = |piece: &[u8]| base_string.extend_from_slice(piece);
        self.write_base_string(request, values, &mut sink)?;
        Ok(base_string)
    }

    fn write_base_string(
        &self,
        request: &Request<'_>,
        values: RequestValues<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Error> {
        let uri = Uri::parse(request.uri)?;
        if self.refuses_open_connections && !uri.is_confidential()? {
            return Err(Error::InsecurePlaintext);
        }
        let form = request.form.unwrap_or_default();
        let mut parameters = Parameters::with_room_for(uri.query().len() + form.len());
        let query = uri.query().as_bytes();
        if self.single_encoding && is_encoded_once(query) {
            parameters.add_form_encoded(query, percent::encode_until);
        } else {
            parameters.add_form_encoded(query, percent::recode_form_twice);
        }
        self.refuse_duplicates(parameters.names(), values, Source::Query)?;
        let from_query = parameters.names().count();
        parameters.add_form_encoded(form, percent::recode_form_twice);
        self.refuse_duplicates(parameters.names().skip(from_query), values, Source::Body)?;
        let Request { method, host, .. } = *request;
        write_base_string(method, &uri, host, parameters, &self.signed, values, sink)
    }

    /// A request that already has a parameter which signing adds would have it twice (section
    /// 3.1).
    fn refuse_duplicates<'a>(
        &self,
        mut names: impl Iterator<Item = &'a [u8]>,
        values: RequestValues<'_>,
        source: Source,
    ) -> Result<(), Error> {
        let is_added = |name: &&[u8]| {
            name.starts_with(b"oauth_")
                && (*name == SIGNATURE.as_bytes() || self.signed.have(name, values))
        };
        match names.find(is_added) {
            Some(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                Err(Error::DuplicateParameter { name, source })
            }
            None => Ok(()),
        }
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

/// Whether a query, with single encoding, stands in the base string encoded once: if it is sent as
/// it is, and has no escapes.
pub(crate) fn is_encoded_once(query: &[u8]) -> bool {
    query.iter().all(|&byte| byte != b'%' && percent::is_sent_as_it_is(byte))
}

fn refuse_invalid_realm(realm: Option<&str>) -> Result<(), Error> {
    if is_quotable(realm.unwrap_or_default()) { Ok(()) } else { Err(Error::InvalidRealm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let secret = || "canary".to_owned().into();
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
            single_encoding: false,
            allow_insecure_plaintext: false,
            allow_plaintext_in_query: false,
        };
        let signer = Signer::new(configuration.clone()).unwrap();
        let request = Request { method: "GET", uri: "https://a.example/", ..Request::default() };
        let result = signer.sign(&request, "nonce", "1").unwrap();
        assert!(matches!(&result, Signed::Header(header) if header.contains("canary%26canary")));
        assert_eq!(
            format!("{configuration:?}"),
            "Configuration { credentials: Credentials { client_key: \"client\", \
             token: Some(\"token\"), .. }, method: Plaintext, placement: Header, realm: None, .. }"
        );
        assert_eq!(
            format!("{signer:?} {:?} {result:?}", signer.key),
            "Signer { .. } SigningKey { .. } Header(..)"
        );
        let others = [Signed::Uri("canary".to_owned()), Signed::Form(b"canary".to_vec())];
        assert_eq!(format!("{others:?}"), "[Uri(..), Form(..)]");
    }
}
