//! Where `oauth1_rs.requests_oauthlib` does as requests-oauthlib does, and `oauth1_rs` does not.
//!
//! All such differences that signing knows of are here; the rest is Python.

use pyo3::intern;
use pyo3::prelude::*;

use super::errors::{InsecurePlaintextWarning, OAuth1Error, OAuth1TypeError, wrong_type};
use crate::error::Error;
use crate::params::is_form_encoded;
use crate::signature::SignatureMethod;
use crate::uri::Uri;

/// Whose rules a `Client` and an `OAuth1` follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Those of `oauth1_rs`.
    Main,
    /// Those of requests-oauthlib, as far as they are no mistakes.
    Strict,
}

impl Rules {
    /// The rules of a `Client` or an `OAuth1`, which are those of its class.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let is_strict = object.getattr(intern!(object.py(), "_is_strict"))?.is_truthy()?;
        Ok(if is_strict { Self::Strict } else { Self::Main })
    }

    /// Whether the constructor checks the settings. Else the first signature does: missing ones
    /// may be written until then.
    pub(super) fn checks_in_constructor(self) -> bool {
        self == Self::Main
    }

    /// Whether an empty token, realm or key is sent or used as such, and not taken for none.
    pub(super) fn keeps_empty(self) -> bool {
        self == Self::Main
    }

    /// Whether a private key counts that this method has no use for.
    pub(super) fn minds_unused_private_key(self, method: SignatureMethod) -> bool {
        self == Self::Main || method.name().starts_with("RSA-")
    }

    /// Whether PLAINTEXT may write the secrets into a URL.
    pub(super) fn allows_plaintext_in_query(self) -> bool {
        self == Self::Strict
    }

    /// Whether PLAINTEXT goes over connections that others can read, with a warning.
    pub(super) fn only_warns_of_insecure_plaintext(self) -> bool {
        self == Self::Strict
    }

    /// Whether parameters that go into the query or the body may stand beside an `Authorization`
    /// of the OAuth scheme.
    pub(super) fn leaves_authorization_alone(self) -> bool {
        self == Self::Strict
    }

    /// Whether parameters that go into the body make it a form, whatever its `Content-Type`.
    pub(super) fn body_placement_makes_form(self) -> bool {
        self == Self::Strict
    }

    /// Whether a body without a `Content-Type` is taken for a form.
    pub(super) fn looks_like_form(self, body: &[u8]) -> bool {
        match self {
            Self::Main => is_form_encoded(body),
            Self::Strict => {
                body.iter()
                    .all(|byte| PEERS_FORM_BYTES.contains(byte) || byte.is_ascii_alphanumeric())
                    && has_peers_escapes(body)
                    && body.split(|&byte| byte == b'&').any(|piece| !piece.is_empty())
            }
        }
    }

    /// Refuses a form in a request that should have no body.
    pub(super) fn check_form(self, method: &str, form: &[u8]) -> PyResult<()> {
        let is_bodiless = ["GET", "HEAD"].iter().any(|name| method.eq_ignore_ascii_case(name));
        if self == Self::Strict && is_bodiless && !form.is_empty() {
            return Err(OAuth1Error::new_err("GET/HEAD requests should not include body."));
        }
        Ok(())
    }

    /// The error for a form that cannot be read without using it up.
    pub(super) fn unreadable_form(self, body: &Bound<'_, PyAny>) -> PyErr {
        match self {
            Self::Main => wrong_type(
                "a body with the Content-Type application/x-www-form-urlencoded",
                "str or bytes, as its parameters are signed (give another Content-Type, or read \
                 the stream first)",
                body,
            ),
            Self::Strict => self.error(Error::BodyIsNotAForm),
        }
    }

    /// The error for a `signature_type` that there is not.
    pub(super) fn unknown_placement(self, given: &str) -> PyErr {
        OAuth1Error::new_err(match self {
            Self::Main => {
                format!("signature_type {given} is not one of AUTH_HEADER, QUERY, BODY")
            }
            Self::Strict => "Unknown signature type specified.".to_owned(),
        })
    }

    /// The error for a setting that is no text; of secrets it shows the type alone.
    pub(super) fn not_text(self, name: &str, value: &Bound<'_, PyAny>, is_secret: bool) -> PyErr {
        match self {
            Self::Main if name == "client_key" && value.is_none() => OAuth1TypeError::new_err(
                "client_key must be str or bytes, got None (is an environment variable missing?)",
            ),
            Self::Main => wrong_type(name, "str or bytes", value),
            Self::Strict => {
                let shown = if is_secret { Ok("'****'".to_owned()) } else { repr(value) };
                let text = shown.and_then(|shown| {
                    let class = repr(value.get_type().as_any())?;
                    Ok(format!("Only unicode objects are escapable. Got {shown} of type {class}."))
                });
                text.map_or_else(|error| error, OAuth1TypeError::new_err)
            }
        }
    }

    /// The exception for an error of the core.
    pub(super) fn error(self, error: Error) -> PyErr {
        let peers_text = match (self, &error) {
            (Self::Strict, Error::UnknownSignatureMethod { .. }) => {
                "Invalid signature method.".into()
            }
            (Self::Strict, Error::MissingPrivateKey { method }) => format!(
                "rsa_private_key required for RSA with {} signature method",
                method.trim_start_matches("RSA-").to_lowercase()
            ),
            (Self::Strict, Error::BodyIsNotAForm) => {
                "Headers indicate a formencoded body but body was not decodable.".into()
            }
            _ => return error.into(),
        };
        OAuth1Error::new_err(peers_text)
    }

    /// Warns if the secrets go out where others can read them.
    pub(super) fn warn_of_plaintext(py: Python<'_>, uri: &str) -> PyResult<()> {
        if Uri::parse(uri)?.is_confidential()? {
            return Ok(());
        }
        let category = py.get_type::<InsecurePlaintextWarning>();
        // Python itself sees to it that it is shown once.
        PyErr::warn(
            py,
            category.as_any(),
            c"PLAINTEXT sends the secrets themselves, and this connection is not encrypted: use \
              https, another signature_method, or allow_insecure_plaintext=True if the network is \
              trusted",
            1,
        )
    }
}

fn repr(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.repr()?.extract()
}

/// What oauthlib lets a form have besides letters and digits.
const PEERS_FORM_BYTES: &[u8] = b"_.-=&;:%+~,*@!()/?'$";

/// Whether no `%` is followed by what is no hexadecimal digit; the end of the text may follow.
fn has_peers_escapes(text: &[u8]) -> bool {
    text.iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == b'%')
        .all(|(position, _)| text.iter().skip(position + 1).take(2).all(u8::is_ascii_hexdigit))
}
