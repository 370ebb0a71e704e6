//! The response hook that lets redirects be signed.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use super::oauth1::OAuth1;

/// The statuses that send a client elsewhere.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What signing may change of a request: URL, `Authorization` and body.
pub(super) struct SentParts {
    pub(super) url: Py<PyAny>,
    pub(super) authorization: Option<Py<PyAny>>,
    pub(super) body: Py<PyAny>,
}

impl SentParts {
    fn to_tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (&self.url, &self.authorization, &self.body).into_pyobject(py)
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.url)?;
        visit.call(&self.authorization)?;
        visit.call(&self.body)
    }
}

/// A response hook of requests that prepares the request which follows a redirect.
///
/// There is one for each signature. Pickled or deep-copied, as a part of the response that it came
/// with, it becomes one that does nothing: it adds no credentials to what is stored.
#[pyclass(frozen, module = "oauth1_rs._native")]
pub(super) struct RedirectHook(Option<Signature>);

/// Which request was signed, and by whom.
struct Signature {
    auth: Py<OAuth1>,
    unsigned: SentParts,
    signed: SentParts,
}

#[pymethods]
impl RedirectHook {
    #[new]
    fn new() -> Self {
        Self(None)
    }

    #[pyo3(signature = (response, **_arguments))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        response: &Bound<'py, PyAny>,
        _arguments: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        static PREPARE_NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let Some(signature) = &slf.get().0 else { return Ok(()) };
        let status = response.getattr(intern!(py, "status_code"))?;
        if !status.extract().is_ok_and(|status: u16| REDIRECTS.contains(&status)) {
            return Ok(());
        }
        let unsigned = signature.unsigned.to_tuple(py)?;
        let signed = signature.signed.to_tuple(py)?;
        PREPARE_NEXT
            .import(py, "oauth1_rs._redirect", "prepare_next")?
            .call1((response, slf, &signature.auth, unsigned, signed))
            .map(drop)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Bound<'py, PyTuple>) {
        (slf.get_type(), PyTuple::empty(slf.py()))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(signature) = &self.0 {
            visit.call(&signature.auth)?;
            signature.unsigned.traverse(&visit)?;
            signature.signed.traverse(&visit)?;
        }
        Ok(())
    }
}

/// The list of a request's response hooks, if it has one.
pub(super) fn response_hooks<'py>(
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = request.py();
    let hooks = request.getattr_opt(intern!(py, "hooks"))?;
    let Some(hooks) = hooks.and_then(|hooks| hooks.cast_into::<PyDict>().ok()) else {
        return Ok(None);
    };
    let list = hooks.get_item(intern!(py, "response"))?;
    Ok(list.and_then(|list| list.cast_into().ok()))
}

/// Puts a hook among the response hooks, in the place of an earlier one.
pub(super) fn watch_redirects(
    hooks: &Bound<'_, PyList>,
    auth: &Bound<'_, OAuth1>,
    unsigned: SentParts,
    signed: SentParts,
) -> PyResult<()> {
    let auth = auth.clone().unbind();
    let hook = Bound::new(hooks.py(), RedirectHook(Some(Signature { auth, unsigned, signed })))?;
    for (index, other) in hooks.iter().enumerate() {
        if other.is_exact_instance_of::<RedirectHook>() {
            return hooks.set_item(index, hook);
        }
    }
    hooks.append(hook)
}
