//! A request from Python, and its signature. Only a body that is signed is looked at.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use super::errors::{in_place_of, wrong_type};
use super::rules::Rules;
use super::settings::Settings;
use super::text::str_of;
use crate::body_hash::BodyHash;
use crate::error::Error;
use crate::params::is_form_media_type;
use crate::sign::{Request, Signed};
use crate::transmit::Placement;

/// How many bytes of a file are hashed at a time.
const FILE_PIECE: usize = 256 * 1024;

/// From this length on, in bytes, other threads need not wait while something is hashed or signed.
const LARGE: usize = 64 * 1024;

/// What signing looks at of a request.
pub(super) struct Message<'a, 'py> {
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    /// The `Host` header, if there is one.
    pub(super) host: Option<&'a str>,
    /// The `Authorization` header, if there is one.
    pub(super) authorization: Option<&'a str>,
    /// The `Content-Type` header, if there is one that is not empty.
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a Bound<'py, PyAny>,
    /// In place of the settings' realm.
    pub(super) realm: Option<&'a str>,
    /// Whether a body that is no form is hashed, by SHA-1 unless the settings name another hash.
    pub(super) hashes_body: bool,
}

/// What signing a message gives.
pub(super) struct SignedMessage {
    pub(super) signed: Signed,
    pub(super) is_form: bool,
    /// Whether no `Content-Type` said that it is a form, so that one has to be set.
    pub(super) is_guessed: bool,
    /// Whether the signature covers the body, or its hash.
    pub(super) covers_body: bool,
}

impl Message<'_, '_> {
    pub(super) fn sign(&self, settings: &Settings) -> PyResult<SignedMessage> {
        let py = self.body.py();
        let prepared = settings.prepared(py)?;
        let placement = prepared.signer.placement();
        let rules = settings.rules;
        let is_elsewhere =
            placement != Placement::Header && self.authorization.is_some_and(is_oauth);
        if is_elsewhere && !rules.leaves_authorization_alone() {
            return Err(Error::AuthorizationPresent.into());
        }
        let form = Form::of(self.body, self.content_type, placement, rules)?;
        if let Some(form) = &form {
            rules.check_form(self.method, &form.bytes)?;
        }
        if prepared.warns_of_plaintext {
            Rules::warn_of_plaintext(py, self.uri)?;
        }
        let hash = match &form {
            Some(_) => None,
            None if self.hashes_body => {
                Some(prepared.body_hash.clone().unwrap_or_else(BodyHash::sha1))
            }
            None => prepared.body_hash.clone(),
        };
        let body_hash = hash.map(|hash| hash_body(self.body, hash)).transpose()?;
        let length = self.uri.len() + form.as_ref().map_or(0, |form| form.bytes.len());
        let request = Request {
            method: self.method,
            uri: self.uri,
            host: self.host,
            form: form.as_ref().map(|form| &*form.bytes),
            body_hash: body_hash.as_deref(),
            realm: self.realm,
        };
        let nonce = settings.nonce(py)?;
        let timestamp = settings.timestamp(py)?;
        let sign = || prepared.signer.sign(&request, nonce.as_str(), &timestamp);
        let is_slow = prepared.signer.is_slow() || length >= LARGE;
        let signed = if is_slow { py.detach(sign) } else { sign() };
        let signed = signed.map_err(|error| rules.error(error))?;
        Ok(SignedMessage {
            signed,
            is_form: form.is_some(),
            is_guessed: form.as_ref().is_some_and(|form| form.is_guessed),
            covers_body: form.is_some() || body_hash.is_some(),
        })
    }
}

/// Whether an `Authorization` header has protocol parameters (section 3.5.1).
pub(super) fn is_oauth(authorization: &str) -> bool {
    authorization.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("OAuth"))
}

/// A body that is a form.
pub(super) struct Form<'a> {
    /// The body as it is sent: text as UTF-8.
    pub(super) bytes: Cow<'a, [u8]>,
    /// See [`SignedMessage::is_guessed`].
    is_guessed: bool,
}

impl<'a> Form<'a> {
    /// The form that `body` is, if it is one: section 3.4.1.3.1, and for text without a
    /// `Content-Type` by its looks. If the protocol parameters go into the body, bytes that look
    /// like a form are one too, and so is no body.
    pub(super) fn of(
        body: &'a Bound<'_, PyAny>,
        content_type: Option<&str>,
        placement: Placement,
        rules: Rules,
    ) -> PyResult<Option<Self>> {
        let is_in_body = placement == Placement::Body;
        match content_type {
            Some(content_type) if is_form_media_type(content_type) => {
                let bytes = body_bytes(body)?.ok_or_else(|| rules.unreadable_form(body))?;
                Ok(Some(Self { bytes, is_guessed: false }))
            }
            Some(_) if !(is_in_body && rules.body_placement_makes_form()) => Ok(None),
            _ if is_in_body => Ok(body_bytes(body)?
                .filter(|bytes| bytes.is_empty() || rules.looks_like_form(bytes))
                .map(|bytes| Self { bytes, is_guessed: true })),
            _ if body.is_instance_of::<PyString>() => Ok(body_bytes(body)?
                .filter(|bytes| rules.looks_like_form(bytes))
                .map(|bytes| Self { bytes, is_guessed: true })),
            _ => Ok(None),
        }
    }
}

/// The bytes of a body that is in memory; none for files, generators and whatever else there is.
fn body_bytes<'a>(body: &'a Bound<'_, PyAny>) -> PyResult<Option<Cow<'a, [u8]>>> {
    if body.is_none() {
        Ok(Some(Cow::Borrowed(b"")))
    } else if let Ok(text) = body.cast::<PyString>() {
        let text = str_of(text, "the body")?;
        Ok(Some(Cow::Borrowed(text.as_bytes())))
    } else if let Ok(bytes) = body.cast::<PyBytes>() {
        Ok(Some(Cow::Borrowed(bytes.as_bytes())))
    } else if let Ok(bytes) = body.cast::<PyByteArray>() {
        // Another thread could write to it meanwhile.
        Ok(Some(Cow::Owned(bytes.to_vec())))
    } else {
        Ok(None)
    }
}

/// Whether a body is a form, as [`Message::sign`] decides.
pub(super) fn is_form(
    body: &Bound<'_, PyAny>,
    content_type: Option<&str>,
    placement: Placement,
    rules: Rules,
) -> PyResult<bool> {
    Form::of(body, content_type, placement, rules).map(|form| form.is_some())
}

/// Whether a body is there and can be read without using it up.
pub(super) fn is_in_memory(body: &Bound<'_, PyAny>) -> bool {
    body.is_instance_of::<PyString>()
        || body.is_instance_of::<PyBytes>()
        || body.is_instance_of::<PyByteArray>()
}

/// The hash of a body. A binary file is read from its position to its end and put back.
fn hash_body(body: &Bound<'_, PyAny>, mut hash: BodyHash) -> PyResult<String> {
    let py = body.py();
    if let Some(bytes) = body_bytes(body)? {
        update(py, &mut hash, &bytes);
        return Ok(hash.finish());
    }
    let not_hashable =
        || wrong_type("a body whose hash is signed", "str, bytes or a seekable binary file", body);
    let start = body.call_method0(intern!(py, "tell"));
    let start = start.map_err(|error| in_place_of(py, error, not_hashable))?;
    // Before anything is read: what cannot go back must not be used up.
    let sought = body.call_method1(intern!(py, "seek"), (&start,));
    sought.map_err(|error| in_place_of(py, error, not_hashable))?;
    let hashed = hash_file(body, &mut hash);
    body.call_method1(intern!(py, "seek"), (start,))?;
    hashed?;
    Ok(hash.finish())
}

fn hash_file(file: &Bound<'_, PyAny>, hash: &mut BodyHash) -> PyResult<()> {
    let py = file.py();
    loop {
        // A file may be long, and the user out of patience.
        py.check_signals()?;
        let piece = file.call_method1(intern!(py, "read"), (FILE_PIECE,))?;
        let piece = piece.cast::<PyBytes>().map_err(|_| {
            wrong_type(
                "a body whose hash is signed",
                "str, bytes or a binary file (mode 'rb')",
                file,
            )
        })?;
        if piece.as_bytes().is_empty() {
            return Ok(());
        }
        update(py, hash, piece.as_bytes());
    }
}

fn update(py: Python<'_>, hash: &mut BodyHash, piece: &[u8]) {
    if piece.len() >= LARGE { py.detach(|| hash.update(piece)) } else { hash.update(piece) }
}

/// A body as it is sent: text that is not ASCII as the UTF-8 that was signed, for older HTTP
/// clients send text as Latin-1.
pub(super) fn as_utf8<'py>(body: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(text) = body.cast::<PyString>() else { return Ok(body.clone()) };
    let text = str_of(text, "the body")?;
    if text.is_ascii() {
        return Ok(body.clone());
    }
    Ok(PyBytes::new(body.py(), text.as_bytes()).into_any())
}

/// The signed form as the type that the unsigned `body` had, if that is safe to send.
pub(super) fn like<'py>(body: &Bound<'py, PyAny>, signed: &[u8]) -> Bound<'py, PyAny> {
    // Older HTTP clients send text as Latin-1; what was signed is UTF-8.
    let is_text = signed.is_ascii() && (body.is_none() || body.is_instance_of::<PyString>());
    match std::str::from_utf8(signed) {
        Ok(text) if is_text => PyString::new(body.py(), text).into_any(),
        _ => PyBytes::new(body.py(), signed).into_any(),
    }
}
