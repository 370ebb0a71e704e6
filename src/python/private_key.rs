//! The setting `rsa_key`: PEM text, the path of a file with it, or an object that has a key.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zeroize::Zeroizing;

use super::text::{str_of, wrong_type};
use crate::private_key::{PrivateKey, PrivateKeyError};

/// Reads the key that `value` is or leads to.
pub(super) fn read_private_key(
    value: &Bound<'_, PyAny>,
    passphrase: Option<&[u8]>,
) -> PyResult<PrivateKey> {
    let py = value.py();
    // Decrypting takes as long as whoever encrypted the key wanted.
    let from_pem = |pem: &[u8]| Ok(py.detach(|| PrivateKey::from_pem(pem, passphrase))?);
    if let Ok(text) = value.cast::<PyString>() {
        return from_pem(str_of(text, "rsa_key")?.as_bytes());
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return from_pem(bytes.as_bytes());
    }
    if value.hasattr(intern!(py, "__fspath__"))? {
        let file = py.import("io")?.getattr("open")?.call1((value, "rb"))?;
        let content = file.call_method0("read");
        file.call_method0("close")?;
        return from_pem(content?.cast::<PyBytes>()?.as_bytes());
    }
    if value.hasattr(intern!(py, "private_bytes"))? {
        if passphrase.is_some() {
            return Err(PrivateKeyError::NotEncrypted.into());
        }
        return Ok(PrivateKey::from_pkcs8(&pkcs8_of(value)?)?);
    }
    Err(wrong_type(
        "rsa_key",
        "PEM text (str or bytes), a pathlib.Path, or a private key of the cryptography package",
        value,
    ))
}

/// The unencrypted PKCS#8 form of a private key of the `cryptography` package.
fn pkcs8_of(key: &Bound<'_, PyAny>) -> PyResult<Zeroizing<Vec<u8>>> {
    let serialization = key.py().import("cryptography.hazmat.primitives.serialization")?;
    let der = serialization.getattr("Encoding")?.getattr("DER")?;
    let pkcs8 = serialization.getattr("PrivateFormat")?.getattr("PKCS8")?;
    let unencrypted = serialization.getattr("NoEncryption")?.call0()?;
    let encoded = key.call_method1("private_bytes", (der, pkcs8, unencrypted))?;
    Ok(Zeroizing::new(encoded.extract()?))
}
