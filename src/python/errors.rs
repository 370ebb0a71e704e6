//! Exceptions. None shows what it was raised for, but for its type, if that may be a secret.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::error::Error;
use crate::private_key::PrivateKeyError;

/// The exceptions are Python classes, so that they document, pickle and type-check as such.
mod classes {
    pyo3::import_exception!(oauth1_rs.exceptions, InsecurePlaintextWarning);
    pyo3::import_exception!(oauth1_rs.exceptions, OAuth1Error);
    pyo3::import_exception!(oauth1_rs.exceptions, OAuth1TypeError);
    pyo3::import_exception!(oauth1_rs.exceptions, WhiteSpaceWarning);
}

pub(super) use classes::{
    InsecurePlaintextWarning, OAuth1Error, OAuth1TypeError, WhiteSpaceWarning,
};

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        OAuth1Error::new_err(error.to_string())
    }
}

impl From<PrivateKeyError> for PyErr {
    fn from(error: PrivateKeyError) -> Self {
        Error::from(error).into()
    }
}

/// The error for a value of the wrong type. It shows the type alone.
pub(super) fn wrong_type(name: &str, accepted: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let given = match value.get_type().fully_qualified_name() {
        _ if value.is_none() => "None".to_owned(),
        Ok(name) => name.to_string(),
        Err(_) => "an object of unknown type".to_owned(),
    };
    OAuth1TypeError::new_err(format!("{name} must be {accepted}, got {given}"))
}

/// `ours` in place of an exception that may carry what it was raised for; Ctrl-C and its like
/// pass.
pub(super) fn in_place_of(py: Python<'_>, error: PyErr, ours: impl FnOnce() -> PyErr) -> PyErr {
    if error.is_instance_of::<PyException>(py) { ours() } else { error }
}
