//! Reading the parts of a request. Only a body that is signed is looked at.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use super::settings::{in_place_of, lone_surrogate, wrong_type};
use crate::body_hash::BodyHash;
use crate::params::{is_form_encoded, is_form_media_type};
use crate::transmit::Placement;

/// How many bytes of a file are hashed at a time.
const FILE_PIECE: usize = 256 * 1024;

/// A body that is a form.
pub(super) struct Form<'a> {
    /// The body as it is sent: text as UTF-8.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Whether there was no `Content-Type` to say so, and one has to be set.
    pub(super) is_guessed: bool,
}

impl<'a> Form<'a> {
    /// The form that `body` is, if it is one: section 3.4.1.3.1, and for text without a
    /// `Content-Type` by its looks. If the protocol parameters go into the body, bytes that look
    /// like a form are one too, and so is no body.
    pub(super) fn of(
        body: &'a Bound<'_, PyAny>,
        content_type: Option<&str>,
        placement: Placement,
    ) -> PyResult<Option<Self>> {
        match content_type.filter(|content_type| !content_type.is_empty()) {
            Some(content_type) if is_form_media_type(content_type) => {
                let bytes = body_bytes(body)?.ok_or_else(|| {
                    wrong_type(
                        "a body with the Content-Type application/x-www-form-urlencoded",
                        "str or bytes, as its parameters are signed (give another Content-Type, \
                         or read the stream first)",
                        body,
                    )
                })?;
                Ok(Some(Self { bytes, is_guessed: false }))
            }
            None if placement == Placement::Body => Ok(body_bytes(body)?
                .filter(|bytes| bytes.is_empty() || is_form_encoded(bytes))
                .map(|bytes| Self { bytes, is_guessed: true })),
            None if body.is_instance_of::<PyString>() => Ok(body_bytes(body)?
                .filter(|bytes| is_form_encoded(bytes))
                .map(|bytes| Self { bytes, is_guessed: true })),
            Some(_) | None => Ok(None),
        }
    }
}

/// The bytes of a body that is in memory; none for files, generators and whatever else there is.
fn body_bytes<'a>(body: &'a Bound<'_, PyAny>) -> PyResult<Option<Cow<'a, [u8]>>> {
    if body.is_none() {
        Ok(Some(Cow::Borrowed(b"")))
    } else if let Ok(text) = body.cast::<PyString>() {
        let text = text.to_str().map_err(|_| lone_surrogate("the body"))?;
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

/// Whether a body is there and can be read without using it up.
pub(super) fn is_in_memory(body: &Bound<'_, PyAny>) -> bool {
    body.is_instance_of::<PyString>()
        || body.is_instance_of::<PyBytes>()
        || body.is_instance_of::<PyByteArray>()
}

/// The value of `oauth_body_hash` for a body that is no form: by the `configured` hash, else by
/// SHA-1 if the body `is_handed` over to be hashed.
pub(super) fn body_hash(
    body: &Bound<'_, PyAny>,
    form: Option<&Form<'_>>,
    configured: Option<BodyHash>,
    is_handed: bool,
) -> PyResult<Option<String>> {
    match configured.or_else(|| is_handed.then(BodyHash::sha1)) {
        Some(hash) if form.is_none() => hash_body(body, hash).map(Some),
        _ => Ok(None),
    }
}

/// The hash of a body. A binary file is read from its position to its end and put
/// back.
fn hash_body(body: &Bound<'_, PyAny>, mut hash: BodyHash) -> PyResult<String> {
    if let Some(bytes) = body_bytes(body)? {
        hash.update(&bytes);
        return Ok(hash.finish());
    }
    let py = body.py();
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
    loop {
        let piece = file.call_method1(intern!(file.py(), "read"), (FILE_PIECE,))?;
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
        hash.update(piece.as_bytes());
    }
}

/// A body as it is sent: text that is not ASCII as the UTF-8 that was signed, for older HTTP
/// clients send text as Latin-1.
pub(super) fn as_utf8<'py>(body: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(text) = body.cast::<PyString>() else { return Ok(body.clone()) };
    let text = text.to_str().map_err(|_| lone_surrogate("the body"))?;
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

/// The text of a header's value, which may be `str` or `bytes`.
pub(super) fn header_text<'a>(value: &'a Bound<'_, PyAny>, name: &str) -> PyResult<Cow<'a, str>> {
    if let Ok(text) = value.cast::<PyString>() {
        text.to_str().map(Cow::Borrowed).map_err(|_| lone_surrogate(name))
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(String::from_utf8_lossy(bytes.as_bytes()))
    } else {
        Err(wrong_type(name, "str or bytes", value))
    }
}
