//! The headers of a prepared request.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple, PyType};

use super::text::encode;

/// The headers that signing reads or writes.
#[derive(Clone, Copy)]
pub(super) enum Name {
    Authorization,
    ContentLength,
    ContentType,
    Host,
}

impl Name {
    fn as_sent(self, py: Python<'_>) -> &Bound<'_, PyString> {
        match self {
            Self::Authorization => intern!(py, "Authorization"),
            Self::ContentLength => intern!(py, "Content-Length"),
            Self::ContentType => intern!(py, "Content-Type"),
            Self::Host => intern!(py, "Host"),
        }
    }

    fn in_lower_case(self, py: Python<'_>) -> &Bound<'_, PyString> {
        match self {
            Self::Authorization => intern!(py, "authorization"),
            Self::ContentLength => intern!(py, "content-length"),
            Self::ContentType => intern!(py, "content-type"),
            Self::Host => intern!(py, "host"),
        }
    }
}

/// A mapping of headers that does not tell upper from lower case.
pub(super) struct Headers<'py> {
    mapping: Bound<'py, PyAny>,
    /// Where requests' own mapping keeps them, by names in lower case, each with its name as sent.
    /// Looking there costs a tenth of what the mapping's methods, which are Python code, cost.
    store: Option<Bound<'py, PyDict>>,
}

impl<'py> Headers<'py> {
    pub(super) fn of(request: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = request.py();
        let mapping = request.getattr(intern!(py, "headers"))?;
        let store = if is_requests_own(&mapping)? {
            // Private to requests: without it, its methods do.
            mapping.getattr_opt(intern!(py, "_store"))?.and_then(|store| store.cast_into().ok())
        } else {
            None
        };
        Ok(Self { mapping, store })
    }

    pub(super) fn get(&self, name: Name) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.mapping.py();
        let Some(store) = &self.store else {
            let value = self.mapping.call_method1(intern!(py, "get"), (name.as_sent(py),))?;
            return Ok(Some(value).filter(|value| !value.is_none()));
        };
        match store.get_item(name.in_lower_case(py))? {
            Some(entry) => entry.cast::<PyTuple>()?.get_item(1).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn set(&self, name: Name, value: impl IntoPyObject<'py>) -> PyResult<()> {
        let py = self.mapping.py();
        match &self.store {
            Some(store) => {
                store.as_any().set_item(name.in_lower_case(py), (name.as_sent(py), value))
            }
            None => self.mapping.set_item(name.as_sent(py), value),
        }
    }

    /// All names and values, as the setting `decoding` wants them.
    pub(super) fn encoded(
        &self,
        decoding: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let items = self.mapping.cast::<PyMapping>()?.items()?;
        let encode_value = |item: Bound<'py, PyAny>| {
            let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            Ok((name, encode(value, decoding)?))
        };
        items.iter().map(encode_value).collect()
    }

    /// Sets a header that signing itself does not know.
    pub(super) fn set_other(
        &self,
        name: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        self.mapping.set_item(name, value)
    }

    pub(super) fn copy(&self) -> PyResult<Bound<'py, PyAny>> {
        self.mapping.call_method0(intern!(self.mapping.py(), "copy"))
    }
}

/// Whether this is exactly requests' `CaseInsensitiveDict`, whichever way it came here.
fn is_requests_own(mapping: &Bound<'_, PyAny>) -> PyResult<bool> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = mapping.py();
    let class = mapping.get_type();
    if let Some(own) = CLASS.get(py) {
        return Ok(class.is(own));
    }
    let is_own = class.fully_qualified_name()? == "requests.structures.CaseInsensitiveDict";
    if is_own {
        CLASS.get_or_init(py, || class.unbind());
    }
    Ok(is_own)
}
