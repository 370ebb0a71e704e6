//! What can be wrong with a signer's configuration or with a request, one variant per thing a
//! caller can mend. No variant holds a secret, a URL or a body.

use std::fmt;

use crate::private_key::PrivateKeyError;

/// A configuration or a request that cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The URI does not start with `scheme://host`.
    NotAbsolute,
    /// The URI's host, or the `Host` header, cannot stand in a base string URI.
    InvalidHost,
    /// The port of the URI, or of the `Host` header, is not a number up to 65535.
    InvalidPort,
    /// A parameter that signing adds is in the request already.
    DuplicateParameter {
        /// The parameter's name.
        name: String,
        /// Where the request has it.
        source: Source,
    },
    /// The `Authorization` header has protocol parameters, and signing adds them elsewhere.
    AuthorizationPresent,
    /// The text holds a carriage return or a line feed.
    LineBreak {
        /// The configuration's name for the text.
        name: &'static str,
    },
    /// The realm holds a character that a quoted string cannot carry safely.
    InvalidRealm,
    /// No signature method has this name.
    UnknownSignatureMethod {
        /// The name that was given.
        given: String,
        /// The names that there are.
        known: String,
    },
    /// The signature method takes a private key, and there is none.
    MissingPrivateKey {
        /// The method's name.
        method: &'static str,
    },
    /// There is a private key, but the signature method takes none.
    UnusedPrivateKey {
        /// The method's name.
        method: &'static str,
    },
    /// The private key cannot be used.
    PrivateKey(PrivateKeyError),
    /// A protocol parameter's name does not start with `oauth_`.
    NotAProtocolParameter {
        /// The name that was given.
        given: String,
    },
    /// A protocol parameter's name has characters that would have to be escaped.
    InvalidParameterName {
        /// The name that was given.
        given: String,
    },
    /// `oauth_signature` was set as a protocol parameter: only signing itself can give it.
    SignatureParameter,
    /// PLAINTEXT would show the secrets on a connection that is not encrypted.
    InsecurePlaintext,
    /// PLAINTEXT would write the secrets into a URL, where logs and histories keep them.
    PlaintextInQuery,
    /// The protocol parameters were to go into a body that is not a form.
    BodyIsNotAForm,
    /// The operating system gave no random bytes.
    NoRandomness,
    /// There was no memory, or no random bytes, to sign with a private key.
    SigningFailed,
}

/// Where a request's parameters come from, section 3.4.1.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The query component of the URI.
    Query,
    /// The form-encoded body.
    Body,
}

/// `text` in quotes, on one line.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.escape_debug())
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => {
                formatter.write_str("the URL must be absolute: scheme://host[:port]/path")
            }
            Self::InvalidHost => formatter.write_str(
                "the host of the URL or of the Host header is not a host name or an address \
                 (give an international name in its xn-- form)",
            ),
            Self::InvalidPort => formatter.write_str(
                "the port of the URL or of the Host header must be a number from 0 to 65535",
            ),
            Self::DuplicateParameter { name, source } => write!(
                formatter,
                "the request's {} already has {name}, which signing adds: take it out of there",
                match source {
                    Source::Query => "query",
                    Source::Body => "form body",
                }
            ),
            Self::AuthorizationPresent => formatter.write_str(
                "the request already has an Authorization header of the OAuth scheme: take it out, \
                 for signature_type puts the parameters elsewhere",
            ),
            Self::LineBreak { name } => write!(
                formatter,
                "{name} contains a line break (was it read from a file with its line end?): \
                 strip it"
            ),
            Self::InvalidRealm => formatter
                .write_str("realm must be ASCII text without control characters, '\"' and '\\'"),
            Self::UnknownSignatureMethod { given, known } => {
                write!(formatter, "signature_method {} is not one of {known}", quoted(given))
            }
            Self::MissingPrivateKey { method } => {
                write!(formatter, "signature_method {method} needs a private key: give rsa_key")
            }
            Self::UnusedPrivateKey { method } => write!(
                formatter,
                "rsa_key is given, but signature_method {method} does not use it: set \
                 signature_method to RSA-SHA1, RSA-SHA256 or RSA-SHA512, or leave rsa_key out"
            ),
            Self::PrivateKey(error) => error.fmt(formatter),
            Self::NotAProtocolParameter { given } => write!(
                formatter,
                "protocol_parameters: {} does not start with 'oauth_' \
                 (other parameters belong into the query or the form)",
                quoted(given)
            ),
            Self::InvalidParameterName { given } => write!(
                formatter,
                "protocol_parameters: {} is not made of letters, digits, '-', '.', '_' and '~'",
                quoted(given)
            ),
            Self::SignatureParameter => formatter
                .write_str("protocol_parameters: oauth_signature is what signing itself writes"),
            Self::InsecurePlaintext => formatter.write_str(
                "PLAINTEXT sends the secrets themselves: use https, another signature_method, \
                 or allow_insecure_plaintext=True if the network is trusted",
            ),
            Self::PlaintextInQuery => formatter.write_str(
                "PLAINTEXT in the query writes the secrets into the URL, where logs keep them: \
                 use signature_type='AUTH_HEADER' or 'BODY'",
            ),
            Self::BodyIsNotAForm => formatter.write_str(
                "signature_type='BODY' needs a form body (application/x-www-form-urlencoded): \
                 use signature_type='AUTH_HEADER' for this request",
            ),
            Self::NoRandomness => {
                formatter.write_str("the operating system gave no random bytes for a nonce")
            }
            Self::SigningFailed => {
                formatter.write_str("no memory or no random bytes were left to sign with rsa_key")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<PrivateKeyError> for Error {
    fn from(error: PrivateKeyError) -> Self {
        Self::PrivateKey(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_came_in_quotes_and_on_one_line() {
        let given = "it's\r\nnew".to_owned();
        let known = "HMAC-SHA1, PLAINTEXT".to_owned();
        assert_eq!(
            Error::UnknownSignatureMethod { given: given.clone(), known }.to_string(),
            r"signature_method 'it\'s\r\nnew' is not one of HMAC-SHA1, PLAINTEXT"
        );
        for error in [
            Error::NotAProtocolParameter { given: given.clone() },
            Error::InvalidParameterName { given },
        ] {
            let message = error.to_string();
            assert!(message.starts_with(r"protocol_parameters: 'it\'s\r\nnew' "), "{message}");
        }
    }

    #[test]
    fn a_message_says_where_the_parameter_is() {
        for (source, place) in [(Source::Query, "query"), (Source::Body, "form body")] {
            let error = Error::DuplicateParameter { name: "oauth_token".to_owned(), source };
            let message = error.to_string();
            let expected = format!("the request's {place} already has oauth_token, ");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}
