//! Section 3.1: the protocol parameters, all but the signature.

use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::percent;
use crate::signature::SignatureMethod;

/// The parameter that carries the signature; never signed itself.
pub(crate) const SIGNATURE: &str = "oauth_signature";
/// The parameter of draft-eaton-oauth-bodyhash.
pub(crate) const BODY_HASH: &str = "oauth_body_hash";

/// The protocol parameters of a signer, in the order in which they are sent.
#[derive(Clone)]
pub(crate) struct ProtocolParameters(Vec<(String, Value)>);

/// The value of a protocol parameter.
#[derive(Clone)]
pub(crate) enum Value {
    /// The same for every request.
    Fixed(Zeroizing<String>),
    /// Another for every request.
    Varying(Varying),
}

/// A value that every request has of its own.
#[derive(Clone, Copy)]
pub(crate) enum Varying {
    /// Section 3.3.
    Nonce,
    /// Section 3.3.
    Timestamp,
    /// Of draft-eaton-oauth-bodyhash; not every request has one.
    BodyHash,
}

/// The values of one request.
#[derive(Clone, Copy)]
pub(crate) struct RequestValues<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) body_hash: Option<&'a str>,
}

impl<'a> RequestValues<'a> {
    pub(crate) fn get(&self, value: Varying) -> Option<&'a str> {
        match value {
            Varying::Nonce => Some(self.nonce),
            Varying::Timestamp => Some(self.timestamp),
            Varying::BodyHash => self.body_hash,
        }
    }
}

impl ProtocolParameters {
    /// Those of sections 2.1, 2.3 and 3.1, as far as they are given.
    pub(crate) fn new(
        method: SignatureMethod,
        credentials: &Credentials,
        callback: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<Self, Error> {
        let mut parameters = Self(vec![
            ("oauth_nonce".into(), Value::Varying(Varying::Nonce)),
            ("oauth_timestamp".into(), Value::Varying(Varying::Timestamp)),
        ]);
        let fixed = [
            ("oauth_version", "", Some("1.0")),
            ("oauth_signature_method", "", Some(method.name())),
            ("oauth_consumer_key", "client_key", Some(&*credentials.client_key)),
            ("oauth_token", "resource_owner_key", credentials.token.as_deref()),
            ("oauth_callback", "callback_uri", callback),
            ("oauth_verifier", "verifier", verifier),
        ];
        for (name, setting, value) in fixed {
            if let Some(value) = value {
                refuse_line_breaks(setting, value)?;
                parameters.0.push((name.to_owned(), Value::Fixed(value.to_owned().into())));
            }
        }
        parameters.0.push((BODY_HASH.to_owned(), Value::Varying(Varying::BodyHash)));
        Ok(parameters)
    }

    /// Adds a parameter, replaces its value, or takes it out (`None`).
    pub(crate) fn set(
        &mut self,
        name: String,
        value: Option<Zeroizing<String>>,
    ) -> Result<(), Error> {
        if !name.starts_with("oauth_") {
            return Err(Error::NotAProtocolParameter { given: name });
        }
        // A name is sent as it is: what it holds must not end the header, nor the parameter.
        if !percent::is_unreserved(name.as_bytes()) {
            return Err(Error::InvalidParameterName { given: name });
        }
        if name == SIGNATURE {
            return Err(Error::SignatureParameter);
        }
        refuse_line_breaks(
            "a value of protocol_parameters",
            value.as_ref().map_or("", |value| value.as_str()),
        )?;
        let position = self.0.iter().position(|(present, _)| *present == name);
        match (position, value) {
            (Some(position), Some(value)) => self.0[position].1 = Value::Fixed(value),
            (Some(position), None) => {
                self.0.remove(position);
            }
            (None, Some(value)) => self.0.push((name, Value::Fixed(value))),
            (None, None) => {}
        }
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// A line break is sent and signed as `%0A`, which no provider has issued: it is the end of the line
/// in the file that the value was read from.
pub(crate) fn refuse_line_breaks(name: &'static str, text: &str) -> Result<(), Error> {
    if text.contains(['\r', '\n']) {
        return Err(Error::LineBreak { name });
    }
    Ok(())
}
