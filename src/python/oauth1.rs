//! `OAuth1`: what requests and its like take as `auth=`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyAttributeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};

use super::client::{Client, instance_dict, restore_instance_dict};
use super::errors::wrong_type;
use super::explain::{SentRequest, described, foreign_client, overridden_sign, unsigned};
use super::headers::{Headers, Name};
use super::message::{Message, as_utf8, is_form, is_in_memory, is_oauth, like};
use super::redirect::{Change, RedirectHook, Resigner, unsigned_parts, watch_redirects};
use super::rules::Rules;
use super::settings::{Setting, Settings};
use super::text::{encode, header_text, str_of};
use crate::params::FORM_MEDIA_TYPE;
use crate::sign::Signed;
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
/// OSError
///     The file of ``rsa_key`` cannot be read.
#[expect(clippy::doc_markdown, reason = "a Python docstring, in reStructuredText")]
#[pyclass(frozen, subclass, weakref, module = "oauth1_rs")]
pub(super) struct OAuth1 {
    /// `None` before `__init__`; replaced as a whole.
    parts: Mutex<Option<Parts>>,
}

/// What an `OAuth1` signs with.
struct Parts {
    client: Py<PyAny>,
    force_include_body: bool,
    /// The hook of all signatures that these put into the header.
    header_hook: Option<Py<RedirectHook>>,
}

impl Parts {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            client: self.client.clone_ref(py),
            force_include_body: self.force_include_body,
            header_hook: self.header_hook.as_ref().map(|hook| hook.clone_ref(py)),
        }
    }
}

impl OAuth1 {
    pub(super) fn with_parts(client: Py<PyAny>, force_include_body: bool) -> Self {
        let parts = Parts { client, force_include_body, header_hook: None };
        Self { parts: Mutex::new(Some(parts)) }
    }

    /// Nothing that holds the lock runs Python code or can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Option<Parts>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, parts: Option<Parts>) {
        let previous = std::mem::replace(&mut *self.lock(), parts);
        // The lock is free again: dropping a client may run code that comes back here.
        drop(previous);
    }

    /// Changes the parts, and returns what is to be dropped when the lock is free again.
    fn change<T>(&self, change: impl FnOnce(&mut Parts) -> T) -> PyResult<impl Sized> {
        let mut parts = self.lock();
        let parts = parts.as_mut().ok_or_else(uninitialized)?;
        Ok((change(parts), parts.header_hook.take()))
    }

    fn parts(&self, py: Python<'_>) -> PyResult<Parts> {
        let parts = self.lock();
        parts.as_ref().map(|parts| parts.clone_ref(py)).ok_or_else(uninitialized)
    }

    /// The hook for a signature by these parts, which is not there yet if it is in the header.
    fn hook<'py>(
        slf: &Bound<'py, Self>,
        parts: &Parts,
        change: Option<Change>,
    ) -> PyResult<Bound<'py, RedirectHook>> {
        let py = slf.py();
        if !slf.is_exact_instance_of::<Self>() {
            let signer = Resigner::Auth(slf.clone().unbind());
            return Bound::new(py, RedirectHook::signing(signer, change));
        }
        let is_in_header = change.is_none();
        let signer = Resigner::Client(parts.client.clone_ref(py), parts.force_include_body);
        let hook = Bound::new(py, RedirectHook::signing(signer, change))?;
        let is_current = |current: &Parts| {
            current.client.is(&parts.client)
                && current.force_include_body == parts.force_include_body
        };
        if is_in_header
            && let Some(current) = &mut *slf.get().lock()
            && is_current(current)
        {
            current.header_hook.get_or_insert_with(|| hook.clone().unbind());
        }
        Ok(hook)
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
        Self { parts: Mutex::new(None) }
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
        let force_include_body = force_include_body.map_or(Ok(false), |value| value.is_truthy())?;
        let client = client.unbind();
        slf.get().replace(Some(Parts { client, force_include_body, header_hook: None }));
        Ok(())
    }

    /// As that of `Client`, for clients of other classes.
    #[classattr]
    #[pyo3(name = "_is_strict")]
    const _IS_STRICT: bool = false;

    /// The class that ``__init__`` makes ``client`` of, unless ``client_class=`` names another.
    #[classattr]
    fn client_class(py: Python<'_>) -> Bound<'_, PyType> {
        py.get_type::<Client>()
    }

    /// Signs a prepared request in place and returns it. Python shows no docstring of `__call__`.
    fn __call__<'py>(slf: &Bound<'py, Self>, r: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = r.py();
        let parts = slf.get().parts(py)?;
        let client = parts.client.bind(py);
        let mut request = PreparedRequest::of(&r)?;
        let change = match signs_natively(client)? {
            Some(settings) => request.sign(&settings, parts.force_include_body)?,
            None => request.sign_through(client, parts.force_include_body, Rules::of(slf)?)?,
        };
        match &parts.header_hook {
            Some(hook) if change.is_none() => watch_redirects(&r, hook.bind(py))?,
            _ => watch_redirects(&r, &Self::hook(slf, &parts, change)?)?,
        }
        Ok(r)
    }

    /// Shows what the signature of a request covers, and no secret. The request stays as it is.
    ///
    /// Parameters
    /// ----------
    /// r
    ///     A prepared request of requests, niquests or httpx, a ``Request`` of Scrapy, or the
    ///     ``ClientRequest`` that aiohttp gives its middlewares. One that is not signed yet shows what
    ///     its signature would cover; one that is (``response.request``), what that does cover.
    ///
    /// Returns
    /// -------
    /// Explanation
    ///     The base string (RFC 5849 section 3.4.1) and all that it is made of. ``str`` of it is a
    ///     text to read.
    ///
    /// Raises
    /// ------
    /// OAuth1Error
    ///     As when it is signed; and if ``client`` is not of this package, for then its signatures are
    ///     its own.
    fn explain<'py>(slf: &Bound<'py, Self>, r: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let parts = slf.get().parts(py)?;
        let client = parts.client.bind(py);
        let client = client.cast::<Client>().map_err(|_| foreign_client(client))?;
        let given = SentRequest::of_message(client, &described(r)?)?;
        if let Some(explanation) = given.explain(client, None)? {
            return Ok(explanation);
        }
        if !Client::signs_itself(client)? {
            return Err(overridden_sign(client));
        }
        // Without the hooks, which copies of a request share.
        let copy = described(r)?;
        slf.call1((&copy,))?;
        let signed = SentRequest::of_message(client, &copy)?;
        signed.explain(client, Some(&given))?.ok_or_else(unsigned)
    }

    #[getter]
    fn client(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.parts(py).map(|parts| parts.client)
    }

    #[setter]
    fn set_client(&self, client: Py<PyAny>) -> PyResult<()> {
        self.change(|parts| std::mem::replace(&mut parts.client, client)).map(drop)
    }

    #[getter]
    fn force_include_body(&self, py: Python<'_>) -> PyResult<bool> {
        self.parts(py).map(|parts| parts.force_include_body)
    }

    #[setter]
    fn set_force_include_body(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let force_include_body = value.is_truthy()?;
        self.change(|parts| parts.force_include_body = force_include_body).map(drop)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let parts = slf.get().parts(slf.py())?;
        Ok(format!("{}(client={})", slf.get_type().name()?, parts.client.bind(slf.py()).repr()?))
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let Parts { client, force_include_body, .. } = slf.get().parts(slf.py())?;
        (client, force_include_body, instance_dict(slf.as_any())?).into_pyobject(slf.py())
    }

    fn __setstate__(
        slf: &Bound<'_, Self>,
        state: (Py<PyAny>, bool, Option<Bound<'_, PyDict>>),
    ) -> PyResult<()> {
        let (client, force_include_body, dict) = state;
        slf.get().replace(Some(Parts { client, force_include_body, header_hook: None }));
        restore_instance_dict(slf.as_any(), dict.as_ref())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector must not wait for a thread that it has stopped.
        if let Ok(parts) = self.parts.try_lock()
            && let Some(parts) = &*parts
        {
            visit.call(&parts.client)?;
            visit.call(&parts.header_hook)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        self.replace(None);
    }
}

fn uninitialized() -> PyErr {
    PyAttributeError::new_err("OAuth1.__init__ was not called")
}

/// The settings to sign with, unless the client is of a class with a `sign` of its own.
fn signs_natively(client: &Bound<'_, PyAny>) -> PyResult<Option<Arc<Settings>>> {
    let Ok(own) = client.cast::<Client>() else { return Ok(None) };
    if Client::signs_itself(own)? { own.get().settings().map(Some) } else { Ok(None) }
}

/// What is said of an object that is no prepared request.
const PREPARED_REQUEST: &str = "a prepared request with a str url, as requests makes it (for other \
     HTTP clients, sign with oauth1_rs.Client(...).sign(uri, http_method, body, headers))";

/// A prepared request of requests, as it is at the moment.
struct PreparedRequest<'py> {
    object: Bound<'py, PyAny>,
    method: Bound<'py, PyAny>,
    url: Bound<'py, PyString>,
    headers: Headers<'py>,
    content_type: Option<Bound<'py, PyAny>>,
    body: Bound<'py, PyAny>,
    /// Whether the request itself still has an earlier signature in its URL or body.
    has_signature: bool,
}

impl<'py> PreparedRequest<'py> {
    fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let wrong_request = || wrong_type("the request", PREPARED_REQUEST, object);
        let url = object.getattr_opt(intern!(py, "url"))?.ok_or_else(wrong_request)?;
        let url = url.cast_into().map_err(|_| wrong_request())?;
        let headers = Headers::of(object)?;
        Ok(Self {
            object: object.clone(),
            method: object.getattr(intern!(py, "method"))?,
            url,
            content_type: headers.get(Name::ContentType)?,
            headers,
            body: object.getattr(intern!(py, "body"))?,
            has_signature: false,
        })
    }

    /// Signs with a client of our own: everything is read and made, then written.
    fn sign(&mut self, settings: &Settings, force_include_body: bool) -> PyResult<Option<Change>> {
        let py = self.object.py();
        if settings.prepared(py)?.signer.placement() != Placement::Header {
            self.disregard_signature()?;
        }
        let host = self.headers.get(Name::Host)?;
        let host = host.as_ref().map(|value| header_text(value, "Host")).transpose()?;
        let authorization = match settings.prepared(py)?.signer.placement() {
            // It will be replaced.
            Placement::Header => None,
            Placement::Query | Placement::Body => self.headers.get(Name::Authorization)?,
        };
        let authorization = authorization.as_ref();
        let authorization = authorization.map(|value| header_text(value, "Authorization"));
        let authorization = authorization.transpose()?;
        let content_type = self.content_type.as_ref();
        let content_type = content_type.map(|value| header_text(value, "Content-Type"));
        let content_type = content_type.transpose()?.filter(|text| !text.is_empty());
        let message = Message {
            method: &header_text(&self.method, "method")?,
            uri: str_of(&self.url, "url")?,
            host: host.as_deref(),
            authorization: authorization.as_deref(),
            content_type: content_type.as_deref(),
            body: &self.body,
            realm: None,
            hashes_body: force_include_body && content_type.is_some() && !self.body.is_none(),
        };
        let result = message.sign(settings)?;
        let unsigned_body =
            if result.covers_body { as_utf8(&self.body)? } else { self.body.clone() };
        let decoding = settings.get(Setting::Decoding).map(|decoding| decoding.bind(py));
        let typed = |value: Bound<'py, PyAny>| match decoding {
            Some(decoding) => encode(value, decoding),
            None => Ok(value),
        };
        let other_headers = decoding.map(|decoding| self.headers.encoded(decoding)).transpose()?;
        let text = |text: &str| typed(PyString::new(py, text).into_any());
        let content_type = result.is_guessed.then(|| text(FORM_MEDIA_TYPE)).transpose()?;
        let (mut url, mut body) = (self.url.clone(), unsigned_body.clone());
        let mut authorization = None;
        match result.signed {
            Signed::Header(value) => authorization = Some(text(&value)?),
            Signed::Uri(uri) => url = PyString::new(py, &uri),
            Signed::Form(form) => body = like(&self.body, &form),
        }
        if result.is_form {
            body = typed(body)?;
        }
        for (name, value) in other_headers.into_iter().flatten() {
            self.headers.set_other(&name, &value)?;
        }
        let headers = [(Name::ContentType, &content_type), (Name::Authorization, &authorization)];
        for (name, value) in headers {
            value.as_ref().map_or(Ok(()), |value| self.headers.set(name, value))?;
        }
        self.write(&url, &body)?;
        Ok(self.change(authorization.is_some(), unsigned_body, url, body))
    }

    /// Sees the URL and the body as they were before an earlier signature was put into them, which
    /// this one then takes the place of.
    fn disregard_signature(&mut self) -> PyResult<()> {
        if let Some((url, body)) = unsigned_parts(&self.object, &self.url, &self.body)? {
            self.url = url;
            self.body = body;
            self.has_signature = true;
        }
        Ok(())
    }

    /// What has to be remembered of a signature.
    fn change(
        &self,
        is_in_header: bool,
        unsigned_body: Bound<'py, PyAny>,
        url: Bound<'py, PyString>,
        body: Bound<'py, PyAny>,
    ) -> Option<Change> {
        (!is_in_header).then(|| Change {
            unsigned_url: self.url.clone().into_any().unbind(),
            unsigned_body: unsigned_body.unbind(),
            url: url.into_any().unbind(),
            body: body.unbind(),
        })
    }

    /// Writes the URL and the body, if they are others than before.
    fn write(&self, url: &Bound<'py, PyString>, body: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.object.py();
        if self.has_signature || !url.is(&self.url) {
            self.object.setattr(intern!(py, "url"), url)?;
        }
        if self.has_signature || !body.is(&self.body) {
            self.object.setattr(intern!(py, "body"), body)?;
            self.correct_content_length(body)?;
        }
        Ok(())
    }

    /// Says how long `body` is, where the header says how long it was before.
    fn correct_content_length(&self, body: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.object.py();
        let headers = Headers::of(&self.object)?;
        let Some(given) = headers.get(Name::ContentLength)? else { return Ok(()) };
        let length = match body.cast::<PyString>() {
            Ok(text) => str_of(text, "body")?.len(),
            Err(_) if body.is_none() => 0,
            Err(_) if is_in_memory(body) => body.len()?,
            Err(_) => return Ok(()),
        };
        let length = PyString::new(py, &length.to_string()).into_any();
        let utf_8 = PyString::intern(py, "utf-8").into_any();
        let is_bytes = given.is_instance_of::<PyBytes>();
        let length = if is_bytes { encode(length, &utf_8)? } else { length };
        headers.set(Name::ContentLength, length)
    }

    /// Signs by calling the client's `sign`: for clients of other classes, and for subclasses of
    /// our own that override it.
    fn sign_through(
        &mut self,
        client: &Bound<'py, PyAny>,
        force_include_body: bool,
        rules: Rules,
    ) -> PyResult<Option<Change>> {
        let py = self.object.py();
        self.disregard_signature()?;
        let own = client.cast::<Client>().ok();
        let (placement, hashes_body) = match own {
            Some(client) => {
                let settings = client.get().settings()?;
                let prepared = settings.prepared(py)?;
                (prepared.signer.placement(), prepared.body_hash.is_some())
            }
            None => match client.getattr_opt(intern!(py, "signature_type"))? {
                Some(name) if name.eq("BODY")? => (Placement::Body, false),
                _ => (Placement::Header, false),
            },
        };
        let content_type = self.content_type.clone();
        let content_type_text =
            content_type.as_ref().map(|value| header_text(value, "Content-Type")).transpose()?;
        let content_type_text = content_type_text.as_deref().filter(|text| !text.is_empty());
        let is_form = is_form(&self.body, content_type_text, placement, rules)?;
        // oauthlib would use up a stream; ours refuses what has no place for the parameters.
        let is_forced = force_include_body && (own.is_some() || is_in_memory(&self.body));
        let is_placed = own.is_some() && placement == Placement::Body;
        let is_handed = is_form || is_forced || hashes_body || is_placed;
        let body = match is_handed {
            true if is_form && self.body.is_none() => PyString::new(py, "").into_any(),
            true => self.body.clone(),
            false => py.None().into_bound(py),
        };
        let headers = self.headers.copy()?;
        if is_form && (own.is_none() || content_type.is_none()) {
            // oauthlib knows a form by exactly this value.
            headers.set_item(intern!(py, "Content-Type"), FORM_MEDIA_TYPE)?;
        }
        let url = str_of(&self.url, "url")?;
        let signed =
            client.call_method1(intern!(py, "sign"), (url, self.method.str()?, body, headers))?;
        let (url, headers, body): (Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>) =
            signed.extract()?;
        let url = PyString::new(py, &header_text(&url, "the URL that the client's sign gave")?);
        let is_still_empty = self.body.is_none() && !body.is_truthy()?;
        let (unsigned_body, body) = if is_handed && !is_still_empty {
            (as_utf8(&self.body)?, as_utf8(&body)?)
        } else {
            (self.body.clone(), self.body.clone())
        };
        self.object.call_method1(intern!(py, "prepare_headers"), (headers,))?;
        let headers = Headers::of(&self.object)?;
        if let (None, Some(given), Some(_), true) = (own, &content_type, content_type_text, is_form)
        {
            // The request keeps the value that it had, such as one with a charset, as the type that
            // the client gives.
            let signed = headers.get(Name::ContentType)?;
            let is_bytes = signed.is_some_and(|value| value.is_instance_of::<PyBytes>());
            let utf_8 = PyString::intern(py, "utf-8").into_any();
            let given = given.clone();
            let given = if is_bytes { encode(given, &utf_8)? } else { given };
            headers.set(Name::ContentType, given)?;
        }
        self.write(&url, &body)?;
        let authorization = headers.get(Name::Authorization)?;
        let is_in_header = match &authorization {
            Some(value) => is_oauth(&header_text(value, "Authorization")?),
            None => false,
        };
        Ok(self.change(is_in_header, unsigned_body, url, body))
    }
}
