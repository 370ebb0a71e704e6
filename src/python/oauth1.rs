//! `OAuth1`: what requests and its like take as `auth=`.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyAttributeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple, PyType};

use super::client::{Client, encode, instance_dict, restore_instance_dict};
use super::message::{Form, as_utf8, body_hash, header_text, is_in_memory, like};
use super::settings::{Setting, Settings, lone_surrogate, wrong_type};
use crate::params::FORM_MEDIA_TYPE;
use crate::sign::{Request, Signed};
use crate::transmit::Placement;

/// Signs the requests of requests and its like: ``requests.get(url, auth=OAuth1(...))``.
///
/// A request is signed in place. Its body is read only if it is a form or its hash is signed. If
/// it cannot be signed it stays as it was. Redirects within the origin are signed afresh; nothing
/// of the signature goes to another origin.
///
/// Parameters
/// ----------
/// client_key, client_secret, resource_owner_key, resource_owner_secret, callback_uri,
/// signature_method, signature_type, rsa_key, verifier, decoding
///     As those of ``Client``.
/// client_class : type, default the class attribute ``client_class``
///     Makes ``client``: ``Client``, or a subclass of ``oauthlib.oauth1.Client``.
/// force_include_body : bool, default False
///     Sends the SHA-1 ``oauth_body_hash`` of bodies that have another Content-Type than a form's,
///     and hands bodies in memory to a ``client_class`` of oauthlib's.
/// **kwargs
///     The other parameters of ``Client``.
///
/// Attributes
/// ----------
/// client
///     Holds the settings. A write to one takes effect at the next signature.
/// force_include_body : bool
///
/// Raises
/// ------
/// OAuth1Error
///     The settings, or a request, cannot be signed; the text says what to change.
#[expect(clippy::doc_markdown, reason = "a Python docstring, in reStructuredText")]
#[pyclass(frozen, subclass, weakref, module = "oauth1_rs")]
pub(super) struct OAuth1 {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` before `__init__`.
    client: Option<Py<PyAny>>,
    force_include_body: bool,
}

impl OAuth1 {
    /// Nothing that holds the lock runs Python code or can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace_client(&self, client: Option<Py<PyAny>>) {
        let previous = std::mem::replace(&mut self.lock().client, client);
        // The lock is free again: dropping a client may run code that comes back here.
        drop(previous);
    }

    fn current(&self, py: Python<'_>) -> PyResult<(Py<PyAny>, bool)> {
        let state = self.lock();
        match &state.client {
            Some(client) => Ok((client.clone_ref(py), state.force_include_body)),
            None => Err(PyAttributeError::new_err("OAuth1.__init__ was not called")),
        }
    }
}

#[pymethods]
impl OAuth1 {
    #[new]
    #[pyo3(
        signature = (*_args, **_kwargs),
        text_signature = "(client_key, client_secret=None, resource_owner_key=None, \
            resource_owner_secret=None, callback_uri=None, signature_method='HMAC-SHA1', \
            signature_type='AUTH_HEADER', rsa_key=None, verifier=None, decoding=None, \
            client_class=None, force_include_body=False, **kwargs)"
    )]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { state: Mutex::default() }
    }

    #[expect(clippy::too_many_arguments, reason = "the parameters that requests-oauthlib takes")]
    #[pyo3(signature = (
        client_key,
        client_secret = None,
        resource_owner_key = None,
        resource_owner_secret = None,
        callback_uri = None,
        signature_method = None,
        signature_type = None,
        rsa_key = None,
        verifier = None,
        decoding = None,
        client_class = None,
        force_include_body = None,
        **kwargs
    ))]
    fn __init__<'py>(
        slf: &Bound<'py, Self>,
        client_key: Option<Bound<'py, PyAny>>,
        client_secret: Option<Bound<'py, PyAny>>,
        resource_owner_key: Option<Bound<'py, PyAny>>,
        resource_owner_secret: Option<Bound<'py, PyAny>>,
        callback_uri: Option<Bound<'py, PyAny>>,
        signature_method: Option<Bound<'py, PyAny>>,
        signature_type: Option<Bound<'py, PyAny>>,
        rsa_key: Option<Bound<'py, PyAny>>,
        verifier: Option<Bound<'py, PyAny>>,
        decoding: Option<Bound<'py, PyAny>>,
        client_class: Option<Bound<'py, PyAny>>,
        force_include_body: Option<Bound<'py, PyAny>>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let client_class = match client_class {
            Some(class) => class,
            None => slf.getattr(intern!(py, "client_class"))?,
        };
        // Classes made for oauthlib compare these with its constants.
        let text = |text: &str| Some(PyString::new(py, text).into_any());
        let signature_type = match signature_type {
            Some(name) if name.is_instance_of::<PyString>() => Some(name.call_method0("upper")?),
            Some(other) => Some(other),
            None => text("AUTH_HEADER"),
        };
        let arguments = PyTuple::new(
            py,
            [
                client_key,
                client_secret,
                resource_owner_key,
                resource_owner_secret,
                callback_uri,
                signature_method.or_else(|| text("HMAC-SHA1")),
                signature_type,
                rsa_key,
                verifier,
            ],
        )?;
        let keywords = kwargs.unwrap_or_else(|| PyDict::new(py));
        keywords.set_item("decoding", decoding)?;
        let client = client_class.call(arguments, Some(&keywords))?;
        slf.get().replace_client(Some(client.unbind()));
        slf.get().lock().force_include_body =
            force_include_body.map_or(Ok(false), |value| value.is_truthy())?;
        Ok(())
    }

    /// The class that ``__init__`` makes ``client`` of, unless ``client_class=`` names another.
    #[classattr]
    fn client_class(py: Python<'_>) -> Bound<'_, PyType> {
        py.get_type::<Client>()
    }

    /// Signs a prepared request in place and returns it. Python shows no docstring of `__call__`.
    fn __call__<'py>(slf: &Bound<'py, Self>, r: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = r.py();
        let (client, force_include_body) = slf.get().current(py)?;
        let client = client.bind(py);
        let hooks = response_hooks(&r)?;
        let unsigned = hooks.is_some().then(|| sent_parts(&r)).transpose()?;
        match signs_natively(client)? {
            Some(settings) => sign_prepared(&settings, &r, force_include_body)?,
            None => sign_through(client, &r, force_include_body)?,
        }
        if let (Some(hooks), Some(unsigned)) = (hooks, unsigned) {
            watch_redirects(slf, &hooks, unsigned, sent_parts(&r)?)?;
        }
        Ok(r)
    }

    #[getter]
    fn client(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.current(py).map(|(client, _)| client)
    }

    #[setter]
    fn set_client(&self, client: Py<PyAny>) {
        self.replace_client(Some(client));
    }

    #[getter]
    fn force_include_body(&self) -> bool {
        self.lock().force_include_body
    }

    #[setter]
    fn set_force_include_body(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = value.is_truthy()?;
        self.lock().force_include_body = value;
        Ok(())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (client, _) = slf.get().current(slf.py())?;
        Ok(format!("{}(client={})", slf.get_type().name()?, client.bind(slf.py()).repr()?))
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let (client, force_include_body) = slf.get().current(slf.py())?;
        (client, force_include_body, instance_dict(slf.as_any())?).into_pyobject(slf.py())
    }

    fn __setstate__(
        slf: &Bound<'_, Self>,
        state: (Py<PyAny>, bool, Option<Bound<'_, PyDict>>),
    ) -> PyResult<()> {
        let (client, force_include_body, dict) = state;
        slf.get().replace_client(Some(client));
        slf.get().lock().force_include_body = force_include_body;
        restore_instance_dict(slf.as_any(), dict.as_ref())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector must not wait for a thread that it has stopped.
        if let Ok(state) = self.state.try_lock() {
            visit.call(&state.client)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        self.replace_client(None);
    }
}

/// The settings to sign with, unless the client is of a class with a `sign` of its own.
fn signs_natively(client: &Bound<'_, PyAny>) -> PyResult<Option<Arc<Settings>>> {
    let py = client.py();
    let Ok(own) = client.cast::<Client>() else { return Ok(None) };
    let sign = intern!(py, "sign");
    let is_ours = client.cast_exact::<Client>().is_ok()
        || client.get_type().getattr(sign)?.is(&py.get_type::<Client>().getattr(sign)?);
    if is_ours { own.get().settings().map(Some) } else { Ok(None) }
}

/// The list of a request's response hooks, if it has one.
fn response_hooks<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = request.py();
    let hooks = request.getattr_opt(intern!(py, "hooks"))?;
    let Some(hooks) = hooks.and_then(|hooks| hooks.cast_into::<PyDict>().ok()) else {
        return Ok(None);
    };
    let list = hooks.get_item(intern!(py, "response"))?;
    Ok(list.and_then(|list| list.cast_into().ok()))
}

/// What signing may change: URL, `Authorization` and body.
type SentParts<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, Bound<'py, PyAny>);

fn sent_parts<'py>(request: &Bound<'py, PyAny>) -> PyResult<SentParts<'py>> {
    let py = request.py();
    let headers = request.getattr(intern!(py, "headers"))?;
    Ok((
        request.getattr(intern!(py, "url"))?,
        get(&headers, intern!(py, "Authorization"))?,
        request.getattr(intern!(py, "body"))?,
    ))
}

/// Puts a hook that signs redirects among the response hooks, in the place of an earlier one.
fn watch_redirects(
    auth: &Bound<'_, OAuth1>,
    hooks: &Bound<'_, PyList>,
    unsigned: SentParts<'_>,
    signed: SentParts<'_>,
) -> PyResult<()> {
    static REDIRECT_HOOK: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = REDIRECT_HOOK.import(auth.py(), "oauth1_rs._redirect", "RedirectHook")?;
    let hook = class.call1((auth, unsigned, signed))?;
    for (index, other) in hooks.iter().enumerate() {
        if other.get_type().is(class) {
            return hooks.set_item(index, hook);
        }
    }
    hooks.append(hook)
}

/// Signs with our own client: everything is read, then signed, then written.
fn sign_prepared(
    settings: &Settings,
    request: &Bound<'_, PyAny>,
    force_include_body: bool,
) -> PyResult<()> {
    let py = request.py();
    let parts = Parts::of(request)?;
    let content_type = parts.content_type_text()?;
    let form = Form::of(&parts.body, content_type.as_deref(), settings.signer(py)?.placement())?;
    let is_handed = force_include_body && content_type.is_some() && !parts.body.is_none();
    let body_hash = body_hash(&parts.body, form.as_ref(), settings.body_hash(py)?, is_handed)?;
    let host = get(&parts.headers, intern!(py, "Host"))?;
    let host = host.as_ref().map(|value| header_text(value, "Host")).transpose()?;
    let signed = settings.sign(
        py,
        &Request {
            method: &header_text(&parts.method, "method")?,
            uri: parts.url.to_str().map_err(|_| lone_surrogate("url"))?,
            host: host.as_deref(),
            form: form.as_ref().map(|form| &*form.bytes),
            body_hash: body_hash.as_deref(),
            realm: None,
        },
    )?;
    if form.as_ref().is_some_and(|form| form.is_guessed) {
        parts.headers.set_item(intern!(py, "Content-Type"), FORM_MEDIA_TYPE)?;
    }
    if form.is_some() || body_hash.is_some() {
        let body = as_utf8(&parts.body)?;
        if !body.is(&parts.body) {
            request.setattr(intern!(py, "body"), body)?;
        }
    }
    match signed {
        Signed::Header(value) => parts.headers.set_item(intern!(py, "Authorization"), value)?,
        Signed::Uri(uri) => request.setattr(intern!(py, "url"), uri)?,
        Signed::Form(form) => {
            let content_length = intern!(py, "Content-Length");
            if get(&parts.headers, content_length)?.is_some() {
                parts.headers.set_item(content_length, form.len().to_string())?;
            }
            request.setattr(intern!(py, "body"), like(&parts.body, &form))?;
        }
    }
    match settings.get(Setting::Decoding) {
        Some(encoding) => encode_prepared(request, encoding.bind(py), form.is_some()),
        None => Ok(()),
    }
}

/// Gives header values, and a form, the types that requests-oauthlib gives them.
fn encode_prepared(
    request: &Bound<'_, PyAny>,
    encoding: &Bound<'_, PyAny>,
    is_form: bool,
) -> PyResult<()> {
    let py = request.py();
    let headers = request.getattr(intern!(py, "headers"))?;
    for item in headers.cast::<PyMapping>()?.items()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        headers.set_item(name, encode(value, encoding)?)?;
    }
    if is_form {
        let body = request.getattr(intern!(py, "body"))?;
        request.setattr(intern!(py, "body"), encode(body, encoding)?)?;
    }
    Ok(())
}

/// Signs by calling the client's `sign`: for clients of other classes, and for subclasses of our
/// own that override it.
fn sign_through(
    client: &Bound<'_, PyAny>,
    request: &Bound<'_, PyAny>,
    force_include_body: bool,
) -> PyResult<()> {
    let py = request.py();
    let parts = Parts::of(request)?;
    let own = client.cast::<Client>().ok();
    let (placement, hashes_body) = match own {
        Some(client) => {
            let settings = client.get().settings()?;
            (settings.signer(py)?.placement(), settings.body_hash(py)?.is_some())
        }
        None => match client.getattr_opt(intern!(py, "signature_type"))? {
            Some(name) if name.eq("BODY")? => (Placement::Body, false),
            _ => (Placement::Header, false),
        },
    };
    let content_type_text = parts.content_type_text()?;
    let has_content_type = content_type_text.is_some();
    let form = Form::of(&parts.body, content_type_text.as_deref(), placement)?;
    // oauthlib would use up a stream; ours refuses what has no place for the parameters.
    let is_forced = force_include_body && (own.is_some() || is_in_memory(&parts.body));
    let is_placed = own.is_some() && placement == Placement::Body;
    let is_handed = form.is_some() || is_forced || hashes_body || is_placed;
    let body = match is_handed {
        true if form.is_some() && parts.body.is_none() => PyString::new(py, "").into_any(),
        true => parts.body.clone(),
        false => py.None().into_bound(py),
    };
    let headers = parts.headers.call_method0(intern!(py, "copy"))?;
    let content_type = intern!(py, "Content-Type");
    if form.is_some() && (own.is_none() || parts.content_type.is_none()) {
        // oauthlib knows a form by exactly this value.
        headers.set_item(content_type, FORM_MEDIA_TYPE)?;
    }
    let url = parts.url.to_str().map_err(|_| lone_surrogate("url"))?;
    let signed =
        client.call_method1(intern!(py, "sign"), (url, parts.method.str()?, body, headers))?;
    let (url, headers, body): (Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>) =
        signed.extract()?;
    let url = match url.cast::<PyBytes>() {
        Ok(url) => PyString::new(py, &String::from_utf8_lossy(url.as_bytes())).into_any(),
        Err(_) => url,
    };
    request.call_method1(intern!(py, "prepare_headers"), (headers,))?;
    request.setattr(intern!(py, "url"), url)?;
    let is_still_empty = parts.body.is_none() && !body.is_truthy()?;
    if is_handed && !is_still_empty {
        request.setattr(intern!(py, "body"), as_utf8(&body)?)?;
    }
    if let (None, Some(given)) = (own, parts.content_type.filter(|_| has_content_type)) {
        // The request keeps the value that it had, such as one with a charset.
        request.getattr(intern!(py, "headers"))?.set_item(content_type, given)?;
    }
    Ok(())
}

/// What is said of an object that is no prepared request.
const PREPARED_REQUEST: &str = "a prepared request with a str url, as requests makes it (for other HTTP clients, sign with \
     oauth1_rs.Client(...).sign(uri, http_method, body, headers))";

/// The parts of a prepared request.
struct Parts<'py> {
    url: Bound<'py, PyString>,
    method: Bound<'py, PyAny>,
    headers: Bound<'py, PyAny>,
    content_type: Option<Bound<'py, PyAny>>,
    body: Bound<'py, PyAny>,
}

impl<'py> Parts<'py> {
    fn of(request: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = request.py();
        let wrong_request = || wrong_type("the request", PREPARED_REQUEST, request);
        let url = request.getattr_opt(intern!(py, "url"))?.ok_or_else(wrong_request)?;
        let url = url.cast_into().map_err(|_| wrong_request())?;
        let headers = request.getattr(intern!(py, "headers"))?;
        Ok(Self {
            url,
            method: request.getattr(intern!(py, "method"))?,
            content_type: get(&headers, intern!(py, "Content-Type"))?,
            headers,
            body: request.getattr(intern!(py, "body"))?,
        })
    }

    fn content_type_text(&self) -> PyResult<Option<Cow<'_, str>>> {
        let text = self.content_type.as_ref().map(|value| header_text(value, "Content-Type"));
        Ok(text.transpose()?.filter(|text| !text.is_empty()))
    }
}

/// The value of a header, if it is there.
fn get<'py>(
    headers: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let value = headers.call_method1(intern!(headers.py(), "get"), (name,))?;
    Ok(Some(value).filter(|value| !value.is_none()))
}
