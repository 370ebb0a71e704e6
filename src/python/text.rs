//! Python's text, in and out.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::errors::{OAuth1Error, in_place_of, wrong_type};

/// The text that `value`, called `name`, gives; bytes are read by the codec `encoding`.
pub(super) fn text_of(
    value: &Bound<'_, PyAny>,
    name: &str,
    encoding: Option<&Py<PyAny>>,
) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return str_of(text, name).map(str::to_owned);
    }
    if !value.is_instance_of::<PyBytes>() {
        return Err(wrong_type(name, "str or bytes", value));
    }
    let py = value.py();
    let encoding = match encoding {
        Some(encoding) => encoding.bind(py).clone(),
        None => intern!(py, "utf-8").clone().into_any(),
    };
    // The codec's own exception carries what it could not decode.
    let undecodable = || {
        OAuth1Error::new_err(format!(
            "{name} is not text in the encoding {encoding}: give it as str, or set encoding="
        ))
    };
    // Not the method of a subclass, which could give anything.
    let text = py
        .get_type::<PyBytes>()
        .call_method1(intern!(py, "decode"), (value, &encoding))
        .map_err(|error| in_place_of(py, error, undecodable))?;
    let text = text.cast::<PyString>().map_err(|_| undecodable())?;
    str_of(text, name).map(str::to_owned)
}

/// The text of a `str`. Python's own error would carry the text.
pub(super) fn str_of<'a>(text: &'a Bound<'_, PyString>, name: &str) -> PyResult<&'a str> {
    text.to_str().map_err(|_| {
        OAuth1Error::new_err(format!("{name} contains a lone surrogate, which UTF-8 cannot encode"))
    })
}

/// The text of a header's value, which may be `str` or `bytes`.
pub(super) fn header_text<'a>(value: &'a Bound<'_, PyAny>, name: &str) -> PyResult<Cow<'a, str>> {
    if let Ok(text) = value.cast::<PyString>() {
        str_of(text, name).map(Cow::Borrowed)
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(String::from_utf8_lossy(bytes.as_bytes()))
    } else {
        Err(wrong_type(name, "str or bytes", value))
    }
}

/// `value` as the setting `decoding` wants it: text becomes bytes.
pub(super) fn encode<'py>(
    value: Bound<'py, PyAny>,
    decoding: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if !value.is_instance_of::<PyString>() {
        return Ok(value);
    }
    // The codec's own exception carries what it could not encode.
    let py = value.py();
    let unencodable = || {
        OAuth1Error::new_err(format!("the signed request cannot be encoded as decoding={decoding}"))
    };
    let encoded = value.call_method1(intern!(py, "encode"), (decoding,));
    encoded.map_err(|error| in_place_of(py, error, unencodable))
}
