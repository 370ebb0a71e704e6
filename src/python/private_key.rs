//! The setting `rsa_key`: PEM text, the path of a file with it, or an object that has a key.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::errors::{OAuth1Error, in_place_of, wrong_type};
use super::text::str_of;
use crate::private_key::{PrivateKey, PrivateKeyError};

/// Reads the key that `value` is or leads to; a passphrase in bytes counts as it is.
pub(super) fn read_private_key(
    value: &Bound<'_, PyAny>,
    passphrase: Option<&Bound<'_, PyAny>>,
) -> PyResult<PrivateKey> {
    let py = value.py();
    let passphrase = passphrase.map(|value| text_or_bytes(value, "rsa_key_passphrase"));
    let passphrase = passphrase.transpose()?;
    // Decrypting takes as long as whoever encrypted the key wanted, and AWS-LC is not to be called
    // by a thread that has the interpreter.
    let from_pem = |pem: &[u8]| Ok(py.detach(|| PrivateKey::from_pem(pem, passphrase))?);
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
        return from_pem(text_or_bytes(value, "rsa_key")?);
    }
    if value.hasattr(intern!(py, "private_bytes"))? {
        if passphrase.is_some() {
            return Err(PrivateKeyError::NotEncrypted.into());
        }
        let encoded = pkcs8_of(value)?;
        let der = text_or_bytes(&encoded, "rsa_key.private_bytes()")?;
        return Ok(py.detach(|| PrivateKey::from_pkcs8(der))?);
    }
    let no_key = || wrong_type("rsa_key", RSA_KEY, value);
    let path = py.import("os")?.getattr("fspath")?.call1((value,));
    let path = path.map_err(|error| in_place_of(py, error, no_key))?;
    let path_text = text_or_bytes(&path, "the path rsa_key")?;
    if path_text.windows(BEGIN.len()).any(|window| window == BEGIN) {
        // The error for a file that is not there would show the key.
        return Err(OAuth1Error::new_err(
            "rsa_key is a path made of the key's text: give the text itself",
        ));
    }
    let file = py.import("io")?.getattr("open")?.call1((path, "rb"))?;
    let content = file.call_method0("read");
    file.call_method0("close")?;
    from_pem(text_or_bytes(&content?, "the content of the file rsa_key")?)
}

/// What is said of anything else.
const RSA_KEY: &str =
    "PEM text (str or bytes), a pathlib.Path, or a private key of the cryptography package";
const BEGIN: &[u8] = b"-----BEGIN";

/// The unencrypted PKCS#8 form of a private key of the `cryptography` package.
fn pkcs8_of<'py>(key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let serialization = key.py().import("cryptography.hazmat.primitives.serialization")?;
    let der = serialization.getattr("Encoding")?.getattr("DER")?;
    let pkcs8 = serialization.getattr("PrivateFormat")?.getattr("PKCS8")?;
    let unencrypted = serialization.getattr("NoEncryption")?.call0()?;
    key.call_method1("private_bytes", (der, pkcs8, unencrypted))
}

/// The bytes of a `bytes`, or of a `str` in UTF-8.
fn text_or_bytes<'a>(value: &'a Bound<'_, PyAny>, name: &str) -> PyResult<&'a [u8]> {
    if let Ok(text) = value.cast::<PyString>() {
        return str_of(text, name).map(str::as_bytes);
    }
    let bytes = value.cast::<PyBytes>().map_err(|_| wrong_type(name, "str or bytes", value))?;
    Ok(bytes.as_bytes())
}
