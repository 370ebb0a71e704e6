//! The response hook that lets redirects be signed.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use super::oauth1::OAuth1;

/// The statuses that send a client elsewhere.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What a signature did to a request.
pub(super) struct Signature {
    pub(super) unsigned_url: Py<PyAny>,
    pub(super) unsigned_body: Py<PyAny>,
    pub(super) url: Py<PyAny>,
    pub(super) body: Py<PyAny>,
    /// The `Authorization` header, if that is where the parameters are.
    pub(super) authorization: Option<Py<PyAny>>,
}

impl Signature {
    /// The arguments of [`RedirectHook`]'s constructor.
    fn to_tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Self { unsigned_url, unsigned_body, url, body, authorization } = self;
        (unsigned_url, unsigned_body, url, body, authorization).into_pyobject(py)
    }
}

/// A response hook of requests that prepares the request which follows a redirect: signed by
/// `auth`, or at least without anything of the signature.
///
/// There is one for each signature. Pickled or deep-copied, as a part of the request that it came
/// with, it keeps what that request shows anyway, to take it off again, and cannot sign.
#[pyclass(frozen, module = "oauth1_rs._native")]
pub(super) struct RedirectHook {
    signer: Option<Signer>,
    signature: Signature,
    /// Whether the session calls `follow` itself.
    is_called_by_session: AtomicBool,
}

/// Who signs, and which request was signed.
struct Signer {
    auth: Py<OAuth1>,
    /// The address of the request: compared, never followed, for it may be gone.
    request: usize,
}

#[pymethods]
impl RedirectHook {
    #[new]
    fn new(
        unsigned_url: Py<PyAny>,
        unsigned_body: Py<PyAny>,
        url: Py<PyAny>,
        body: Py<PyAny>,
        authorization: Option<Py<PyAny>>,
    ) -> Self {
        let signature = Signature { unsigned_url, unsigned_body, url, body, authorization };
        Self { signer: None, signature, is_called_by_session: AtomicBool::new(false) }
    }

    #[pyo3(signature = (response, **_arguments))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        response: &Bound<'py, PyAny>,
        _arguments: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        static PREPARE_NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let Self { signer, signature, is_called_by_session } = slf.get();
        let status = response.getattr(intern!(py, "status_code"))?;
        let is_redirect = status.extract().is_ok_and(|status: u16| REDIRECTS.contains(&status));
        if !is_redirect || is_called_by_session.load(Ordering::Relaxed) {
            return Ok(());
        }
        let prepare_next = PREPARE_NEXT.import(py, "oauth1_rs._redirect", "prepare_next")?;
        let auth = signer.as_ref().map(|signer| &signer.auth);
        prepare_next.call1((response, slf, auth, signature.to_tuple(py)?)).map(drop)
    }

    /// Signs the request that follows a redirect, or takes the signature out of it.
    fn follow<'py>(
        slf: &Bound<'py, Self>,
        following: &Bound<'py, PyAny>,
        response: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        static FOLLOW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let Self { signer, signature, .. } = slf.get();
        let follow = FOLLOW.import(py, "oauth1_rs._redirect", "follow")?;
        let auth = signer.as_ref().map(|signer| &signer.auth);
        follow.call1((following, response, auth, signature.to_tuple(py)?)).map(drop)
    }

    /// Leaves it to the session to call ``follow``.
    fn leave_to_session(&self) {
        self.is_called_by_session.store(true, Ordering::Relaxed);
    }

    /// Whether it can sign.
    #[getter]
    fn signs(&self) -> bool {
        self.signer.is_some()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        Ok((slf.get_type(), slf.get().signature.to_tuple(slf.py())?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Signature { unsigned_url, unsigned_body, url, body, authorization } = &self.signature;
        visit.call(self.signer.as_ref().map(|signer| &signer.auth))?;
        visit.call(authorization)?;
        [unsigned_url, unsigned_body, url, body].into_iter().try_for_each(|part| visit.call(part))
    }
}

/// Puts a hook for this signature among a request's response hooks, in the place of an earlier one.
pub(super) fn watch_redirects(
    request: &Bound<'_, PyAny>,
    auth: &Bound<'_, OAuth1>,
    signature: Signature,
) -> PyResult<()> {
    let py = request.py();
    // Only requests has hooks.
    let hooks = request.getattr_opt(intern!(py, "hooks"))?;
    let Some(hooks) = hooks.and_then(|hooks| hooks.cast_into::<PyDict>().ok()) else {
        return Ok(());
    };
    let address = request.as_ptr().addr();
    let signer = Some(Signer { auth: auth.clone().unbind(), request: address });
    let hook = Bound::new(
        py,
        RedirectHook { signer, signature, is_called_by_session: AtomicBool::new(false) },
    )?;
    let response = intern!(py, "response");
    let listed = hooks.get_item(response)?;
    if let Some(list) = listed.as_ref().and_then(|listed| listed.cast::<PyList>().ok()) {
        match signing_hook(list) {
            None => return list.append(hook),
            Some((index, request)) if request == address => return list.set_item(index, hook),
            // The hook of another request: a copy shares its hooks with the original.
            Some(_) => {}
        }
    }
    let list = PyList::empty(py);
    match listed {
        None => {}
        Some(single) if single.is_callable() => list.append(single)?,
        Some(hooks) => list.call_method1(intern!(py, "extend"), (hooks,)).map(drop)?,
    }
    match signing_hook(&list) {
        Some((index, _)) => list.set_item(index, hook)?,
        None => list.append(hook)?,
    }
    let own = hooks.copy()?;
    own.set_item(response, list)?;
    request.setattr(intern!(py, "hooks"), own)
}

/// The place of the hook that signs, and the address of its request.
fn signing_hook(hooks: &Bound<'_, PyList>) -> Option<(usize, usize)> {
    hooks.iter().enumerate().find_map(|(index, hook)| {
        let hook = hook.cast_into_exact::<RedirectHook>().ok()?;
        Some((index, hook.get().signer.as_ref()?.request))
    })
}
