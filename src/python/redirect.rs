//! The response hook that lets redirects be signed.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::message::is_in_memory;
use super::oauth1::OAuth1;

/// The statuses that send a client elsewhere.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What a signature did to a request, if it did more than set the `Authorization` header.
pub(super) struct Change {
    pub(super) unsigned_url: Py<PyAny>,
    pub(super) unsigned_body: Py<PyAny>,
    pub(super) url: Py<PyAny>,
    pub(super) body: Py<PyAny>,
}

impl Change {
    fn from_parts([unsigned_url, unsigned_body, url, body]: [Py<PyAny>; 4]) -> Self {
        Self { unsigned_url, unsigned_body, url, body }
    }

    fn parts(&self) -> [&Py<PyAny>; 4] {
        let Self { unsigned_url, unsigned_body, url, body } = self;
        [unsigned_url, unsigned_body, url, body]
    }
}

/// A response hook of requests that prepares the request which follows a redirect: signed, or at
/// least without anything of the signature.
///
/// Pickled or deep-copied, as a part of the request that it came with, it keeps what that request
/// shows anyway, to take it off again, and cannot sign.
#[pyclass(frozen, module = "oauth1_rs._native")]
pub(super) struct RedirectHook {
    signer: Option<Resigner>,
    change: Option<Change>,
}

/// Who signs what follows.
pub(super) enum Resigner {
    /// An `OAuth1` of a class of the user's.
    Auth(Py<OAuth1>),
    /// What an `OAuth1` signs with. Not itself, for it keeps the hook.
    Client(Py<PyAny>, bool),
}

impl RedirectHook {
    pub(super) fn signing(signer: Resigner, change: Option<Change>) -> Self {
        Self { signer: Some(signer), change }
    }
}

#[pymethods]
impl RedirectHook {
    #[new]
    fn new(change: Option<[Py<PyAny>; 4]>) -> Self {
        Self { signer: None, change: change.map(Change::from_parts) }
    }

    #[pyo3(signature = (response, **_arguments))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        response: &Bound<'py, PyAny>,
        _arguments: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        static PREPARE_NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let status = response.getattr(intern!(py, "status_code"))?;
        if !status.extract().is_ok_and(|status: u16| REDIRECTS.contains(&status)) {
            return Ok(());
        }
        let prepare_next = PREPARE_NEXT.import(py, "oauth1_rs._redirect", "prepare_next")?;
        let hook = slf.get();
        prepare_next.call1((response, slf, hook.auth(py)?, hook.parts(py)?)).map(drop)
    }

    /// Signs the request that follows a redirect, or takes the signature out of it.
    fn follow<'py>(
        slf: &Bound<'py, Self>,
        following: &Bound<'py, PyAny>,
        response: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        static FOLLOW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let follow = FOLLOW.import(py, "oauth1_rs._redirect", "follow")?;
        let hook = slf.get();
        follow.call1((following, response, hook.auth(py)?, hook.parts(py)?)).map(drop)
    }

    /// Who signs what follows, if anybody does.
    #[getter]
    fn auth<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, OAuth1>>> {
        match &self.signer {
            None => Ok(None),
            Some(Resigner::Auth(auth)) => Ok(Some(auth.bind(py).clone())),
            Some(Resigner::Client(client, force_include_body)) => {
                let auth = OAuth1::with_parts(client.clone_ref(py), *force_include_body);
                Bound::new(py, auth).map(Some)
            }
        }
    }

    /// What the signature did, if it did more than set the `Authorization` header.
    #[getter]
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let parts = self.change.as_ref().map(|change| PyTuple::new(py, change.parts()));
        parts.transpose()
    }

    /// Whether it can sign.
    #[getter]
    fn signs(&self) -> bool {
        self.signer.is_some()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        (slf.get_type(), (slf.get().parts(py)?,)).into_pyobject(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.signer {
            None => {}
            Some(Resigner::Auth(auth)) => visit.call(auth)?,
            Some(Resigner::Client(client, _)) => visit.call(client)?,
        }
        let parts = self.change.iter().flat_map(Change::parts);
        parts.into_iter().try_for_each(|part| visit.call(part))
    }
}

/// Puts `hook` among a request's response hooks, in the place of an earlier one that signs.
pub(super) fn watch_redirects(
    request: &Bound<'_, PyAny>,
    hook: &Bound<'_, RedirectHook>,
) -> PyResult<()> {
    let py = request.py();
    // Only requests has hooks.
    let hooks = request.getattr_opt(intern!(py, "hooks"))?;
    let Some(hooks) = hooks.and_then(|hooks| hooks.cast_into::<PyDict>().ok()) else {
        return Ok(());
    };
    let response = intern!(py, "response");
    let listed = hooks.get_item(response)?;
    if let Some(list) = listed.as_ref().and_then(|listed| listed.cast::<PyList>().ok()) {
        match signing_hook(list) {
            None => return list.append(hook),
            Some((_, signing)) if signing.is(hook) => return Ok(()),
            // That of another signature: a copy of a request shares its hooks with the original.
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

/// The URL and the body that a request had before it got the signature that it has, if a hook
/// knows: one that requests calls, or the one that a session has taken (`KeptHooks` in
/// `_redirect.py`).
pub(super) fn unsigned_parts<'py>(
    request: &Bound<'py, PyAny>,
    url: &Bound<'py, PyString>,
    body: &Bound<'py, PyAny>,
) -> PyResult<Option<(Bound<'py, PyString>, Bound<'py, PyAny>)>> {
    let py = request.py();
    let hooks = request.getattr_opt(intern!(py, "hooks"))?;
    let Some(hooks) = hooks.and_then(|hooks| hooks.cast_into::<PyDict>().ok()) else {
        return Ok(None);
    };
    let kept = hooks.getattr_opt(intern!(py, "kept"))?;
    let listed = hooks.get_item(intern!(py, "response"))?;
    let listed = listed.and_then(|listed| listed.cast_into::<PyList>().ok());
    for hook in listed.into_iter().flatten().chain(kept) {
        let Ok(hook) = hook.cast_into_exact::<RedirectHook>() else { continue };
        let Some(change) = &hook.get().change else { continue };
        if url.as_any().eq(&change.url)? && is_same(body, change.body.bind(py))? {
            let url = change.unsigned_url.bind(py).clone().cast_into::<PyString>();
            return Ok(url.ok().map(|url| (url, change.unsigned_body.bind(py).clone())));
        }
    }
    Ok(None)
}

/// Whether two bodies are one; those that are no text are not compared.
fn is_same(body: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(body.is(other) || (is_in_memory(body) && body.eq(other)?))
}

/// The hook that signs, and its place.
fn signing_hook<'py>(hooks: &Bound<'py, PyList>) -> Option<(usize, Bound<'py, RedirectHook>)> {
    hooks.iter().enumerate().find_map(|(index, hook)| {
        let hook = hook.cast_into_exact::<RedirectHook>().ok()?;
        hook.get().signer.is_some().then_some((index, hook))
    })
}
