//! `Client`: settings that can change, and signing for requests that come in parts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple, PyType};

use super::errors::{OAuth1Error, OAuth1TypeError, in_place_of, wrong_type};
use super::explain::{SentRequest, overridden_sign, unsigned};
use super::message::{Message, is_in_memory, like};
use super::rules::Rules;
use super::settings::{Setting, Settings, copied};
use super::text::{encode, header_text};
use crate::explain::{KeyFault, reproduce};
use crate::params::{FORM_MEDIA_TYPE, is_form_media_type};
use crate::sign::Signed;
use crate::signature::SignatureMethod;
use crate::transmit::Placement;

/// What oauthlib's `Client` lets subclasses override and this one cannot call.
const FOREIGN_HOOKS: [&str; 2] = ["get_oauth_params", "get_oauth_signature"];

/// URI, headers and body, ready to be sent.
type SignedParts<'py> = (Bound<'py, PyAny>, Bound<'py, PyDict>, Bound<'py, PyAny>);

/// Signs requests given in parts, with credentials that can be changed at any time.
///
/// Every parameter is also an attribute, ``None`` after ``del``. A write takes effect, and is
/// checked, at the next signature; it is atomic, so that a signature made meanwhile by another
/// thread uses all the settings from before it or all from after it.
///
/// Parameters
/// ----------
/// client_key, client_secret : str or bytes
///     Client credentials (RFC 5849 section 1.1). Without a secret an empty one signs.
/// resource_owner_key, resource_owner_secret : str, bytes or None
///     Token credentials. An empty key is sent and signed, ``None`` is not.
/// callback_uri, verifier : str, bytes or None
///     ``oauth_callback`` (section 2.1) and ``oauth_verifier`` (section 2.3).
/// signature_method : str, default "HMAC-SHA1"
///     Or "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"
///     (section 3.4), in upper or lower case.
/// signature_type : str, default "AUTH_HEADER"
///     Or "QUERY", "BODY": where the protocol parameters go (section 3.5). "HEADER" is the default
///     by another name; lower case will do.
/// rsa_key : str, bytes, path, private key of the cryptography package, or None
///     The private key for the RSA methods: PEM text (PKCS#1 or PKCS#8), never the name of a file;
///     the ``pathlib.Path`` of a file with such text; or a key object. From 1024 to 8192 bits. It
///     is read and checked once.
/// realm : str, bytes or None
///     First in the header, never signed (section 3.5.1).
/// encoding : str, default "utf-8"
///     The codec of what is given as ``bytes``.
/// decoding : str or None
///     A codec: what ``sign`` gives is then ``bytes``, as oauthlib has it.
/// nonce : str, bytes, callable or None
///     A fixed one (for tests), or what gives one a request. ``None`` draws 128 random bits.
/// timestamp : int, str, bytes, callable or None
///     Seconds since 1970-01-01 GMT (section 3.3), or what gives them. ``None`` asks the clock.
/// timestamp_offset : int, default 0
///     Seconds to add to the clock.
/// protocol_parameters : mapping of str to str, bytes or None
///     Adds protocol parameters, or replaces or (``None``) leaves out others.
/// body_hash : "sha1", "sha256" or None
///     Sends ``oauth_body_hash`` with every request that is no form (draft-eaton-oauth-bodyhash).
/// allow_insecure_plaintext : bool, default False
///     Lets PLAINTEXT over connections that are not encrypted.
/// rsa_key_passphrase : str, bytes or None
///     Decrypts an ``rsa_key`` that is encrypted (PKCS#8 with PBES2).
/// single_encoding : bool, default False
///     For Mastercard: in the base string, ``oauth_`` values and a query without ``%`` are encoded
///     once, not twice, and the header has those values as they are.
///
/// Raises
/// ------
/// OAuth1Error
///     A setting cannot be used; the text says what is accepted.
/// OSError
///     The file of ``rsa_key`` cannot be read.
#[expect(clippy::doc_markdown, reason = "a Python docstring, in reStructuredText")]
#[pyclass(frozen, subclass, weakref, module = "oauth1_rs")]
pub(super) struct Client {
    /// Replaced as a whole by every change; `None` before `__init__`.
    settings: Mutex<Option<Arc<Settings>>>,
}

impl Client {
    /// The settings of this moment.
    pub(super) fn settings(&self) -> PyResult<Arc<Settings>> {
        self.lock()
            .clone()
            .ok_or_else(|| PyAttributeError::new_err("Client.__init__ was not called"))
    }

    /// Nothing that holds the lock runs Python code or can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Settings>>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client that keeps the settings as they are now, of no class of the user's.
    pub(super) fn snapshot(&self, py: Python<'_>) -> PyResult<Self> {
        let settings = self.settings()?.with(py, Vec::new());
        Ok(Self { settings: Mutex::new(Some(Arc::new(settings))) })
    }

    /// Whether this is signed by [`Client::sign`], and not by a method of that name of a subclass.
    pub(super) fn signs_itself(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let py = slf.py();
        let sign = intern!(py, "sign");
        Ok(slf.as_any().cast_exact::<Self>().is_ok()
            || slf.get_type().getattr(sign)?.is(&py.get_type::<Self>().getattr(sign)?))
    }

    fn replace(&self, settings: Option<Settings>) {
        let previous = std::mem::replace(&mut *self.lock(), settings.map(Arc::new));
        // The lock is free again: dropping what a user set may run code that comes back here.
        drop(previous);
    }

    fn write(&self, py: Python<'_>, setting: Setting, value: Option<Py<PyAny>>) -> PyResult<()> {
        self.write_all(py, vec![(setting, value)])
    }

    /// Writes several settings at once: a signature uses all of the new values or none.
    fn write_all(
        &self,
        py: Python<'_>,
        changes: Vec<(Setting, Option<Py<PyAny>>)>,
    ) -> PyResult<()> {
        let mut current = self.lock();
        let Some(settings) = &*current else {
            // What is dropped may run code that comes back here: not before the lock is free.
            drop(current);
            return self.settings().map(drop);
        };
        let replacement = settings.with(py, changes);
        let previous = current.replace(Arc::new(replacement));
        // As above.
        drop(current);
        drop(previous);
        Ok(())
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(
        signature = (*_args, **_kwargs),
        text_signature = "(client_key, client_secret=None, resource_owner_key=None, \
            resource_owner_secret=None, callback_uri=None, signature_method='HMAC-SHA1', \
            signature_type='AUTH_HEADER', rsa_key=None, verifier=None, realm=None, \
            encoding='utf-8', decoding=None, nonce=None, timestamp=None, *, timestamp_offset=0, \
            protocol_parameters=None, body_hash=None, allow_insecure_plaintext=False, \
            rsa_key_passphrase=None, single_encoding=False)"
    )]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { settings: Mutex::new(None) }
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(
        slf: &Bound<'_, Self>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let rules = Rules::of(slf)?;
        let settings = Settings::from_arguments(args, kwargs, rules)?;
        if rules.checks_in_constructor() {
            settings.prepared(args.py())?;
            settings.warn_of_white_space(args.py())?;
        }
        slf.get().replace(Some(settings));
        Ok(())
    }

    /// Whether it follows requests-oauthlib's rules: for `oauth1_rs.requests_oauthlib`.
    #[classattr]
    #[pyo3(name = "_is_strict")]
    const _IS_STRICT: bool = false;

    /// Signs a request.
    ///
    /// Parameters
    /// ----------
    /// uri : str or bytes
    ///     The absolute URL, as it will be requested. What no URL can hold counts as the UTF-8
    ///     percent-encoding in which clients send it.
    /// http_method : str
    ///     The HTTP request method.
    /// body : str, bytes, mapping, pairs or None
    ///     A mapping or a list of pairs is encoded as a form. Text and bytes are signed if
    ///     ``headers`` say that they are a form; text without a ``Content-Type`` also if it
    ///     looks like one. Other text and bytes with a ``Content-Type`` get an
    ///     ``oauth_body_hash``. Anything else is passed through unread.
    /// headers : mapping of str to str or bytes, or None
    ///     A ``Host`` header counts in place of the URL's host and port.
    /// realm : str or None
    ///     For this request in place of the client's own.
    ///
    /// Returns
    /// -------
    /// tuple of (uri, headers, body)
    ///     To be sent as they are. ``headers`` is a new dict.
    ///
    /// Raises
    /// ------
    /// OAuth1Error
    ///     The settings or the request cannot be signed; the text says what to change.
    #[pyo3(
        signature = (uri, http_method = None, body = None, headers = None, realm = None),
        text_signature = "($self, uri, http_method='GET', body=None, headers=None, realm=None)"
    )]
    fn sign<'py>(
        &self,
        uri: &Bound<'py, PyAny>,
        http_method: Option<&Bound<'py, PyAny>>,
        body: Option<Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        realm: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<SignedParts<'py>> {
        let py = uri.py();
        let settings = self.settings()?;
        let placement = settings.prepared(py)?.signer.placement();
        let mut headers = HeadersToSend::of(py, headers, placement)?;
        let body = match body {
            Some(body) if is_fields(&body) => headers.encode_form(&body)?,
            Some(body) => body,
            None => py.None().into_bound(py),
        };
        let uri_text = settings.text_of(uri, "uri")?;
        let method = http_method.map(|method| header_text(method, "http_method")).transpose()?;
        let realm = realm.map(|realm| settings.text_of(realm, "realm")).transpose()?;
        let realm = realm.filter(|realm| settings.rules.keeps_empty() || !realm.is_empty());
        let content_type = headers.content_type.as_deref().filter(|text| !text.is_empty());
        let message = Message {
            method: method.as_deref().unwrap_or("GET"),
            uri: &uri_text,
            host: headers.host.as_deref(),
            authorization: headers.authorization.as_deref(),
            content_type,
            body: &body,
            realm: realm.as_deref(),
            // oauthlib's Client hashes every body that it is handed with a Content-Type.
            hashes_body: content_type.is_some() && is_in_memory(&body),
        };
        let result = message.sign(&settings)?;
        if result.is_guessed {
            headers.set_content_type()?;
        }
        let mut uri = PyString::new(py, &uri_text).into_any();
        let mut signed_body = body.clone();
        match result.signed {
            Signed::Header(value) => headers.dict.set_item("Authorization", value)?,
            Signed::Uri(signed) => uri = PyString::new(py, &signed).into_any(),
            Signed::Form(signed) => {
                headers.set_content_length(signed.len())?;
                signed_body = like(&body, &signed);
            }
        }
        match settings.get(Setting::Decoding) {
            None => Ok((uri, headers.dict, signed_body)),
            Some(decoding) => {
                let decoding = decoding.bind(py);
                let encoded = PyDict::new(py);
                for (name, value) in &headers.dict {
                    encoded.set_item(encode(name, decoding)?, encode(value, decoding)?)?;
                }
                Ok((encode(uri, decoding)?, encoded, encode(signed_body, decoding)?))
            }
        }
    }

    /// Shows what a signature covers, and no secret.
    ///
    /// Parameters
    /// ----------
    /// uri, http_method, body, headers, realm
    ///     As those of ``sign``, or what ``sign`` gave: then nonce, timestamp and signature are those
    ///     that the request has, and not new ones.
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
    ///     As from ``sign``.
    #[pyo3(
        signature = (uri, http_method = None, body = None, headers = None, realm = None),
        text_signature = "($self, uri, http_method='GET', body=None, headers=None, realm=None)"
    )]
    fn explain<'py>(
        slf: &Bound<'py, Self>,
        uri: &Bound<'py, PyAny>,
        http_method: Option<&Bound<'py, PyAny>>,
        body: Option<Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        realm: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = SentRequest::of(slf, uri, http_method, body.clone(), headers)?;
        if let Some(explanation) = given.explain(slf, None)? {
            return Ok(explanation);
        }
        if !Self::signs_itself(slf)? {
            return Err(overridden_sign(slf));
        }
        let (uri, headers, body) = slf.get().sign(uri, http_method, body, headers, realm)?;
        let signed = SentRequest::of(slf, &uri, http_method, Some(body), Some(headers.as_any()))?;
        signed.explain(slf, Some(&given))?.ok_or_else(unsigned)
    }

    /// What `explain` does of a request that has a signature, `None` of one that has none. For
    /// `Explanation.diff`.
    fn _explain_signed<'py>(
        slf: &Bound<'py, Self>,
        uri: &Bound<'py, PyAny>,
        http_method: &Bound<'py, PyAny>,
        body: Option<Bound<'py, PyAny>>,
        headers: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        SentRequest::of(slf, uri, Some(http_method), body, Some(headers))?.explain(slf, None)
    }

    /// Finds how a signature comes of a base string by these secrets: the method's name and, if
    /// they were not used as they should be, what was done instead. For `Explanation.diff`, which
    /// names a method where it tries many base strings.
    #[pyo3(signature = (base_string, signature, signature_method = None))]
    fn _reproduce(
        &self,
        py: Python<'_>,
        base_string: &[u8],
        signature: &str,
        signature_method: Option<&str>,
    ) -> PyResult<Option<(&'static str, Option<&'static str>)>> {
        let secrets = self.settings()?.secrets(py)?;
        // One that is unknown is none to try: all are.
        let method = signature_method.and_then(|name| SignatureMethod::from_name(name).ok());
        let methods = method.as_ref().map_or(&SignatureMethod::ALL[..], std::slice::from_ref);
        let found = reproduce(&secrets, methods, base_string, signature)?;
        Ok(found.map(|(method, fault)| (method.name(), fault.map(KeyFault::name))))
    }

    /// Writes several settings at once: a signature made meanwhile by another thread uses all of
    /// the new values or none. For the session: writes to attributes are steps of their own.
    ///
    /// Takes attributes by name. Raises `TypeError` if there is no such attribute; then nothing
    /// is written.
    #[pyo3(signature = (**changes))]
    fn _replace(&self, py: Python<'_>, changes: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let mut writes = Vec::new();
        for (name, value) in changes.into_iter().flatten() {
            let name = name.cast::<PyString>()?.to_str()?;
            let Some(setting) = Setting::ALL.into_iter().find(|setting| setting.name() == name)
            else {
                return Err(PyTypeError::new_err(format!("Client has no setting {name}")));
            };
            writes.push((setting, stored(setting, Some(value).filter(|value| !value.is_none()))?));
        }
        self.write_all(py, writes)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let settings = slf.get().settings()?;
        Ok(format!("{}({})", slf.get_type().name()?, settings.describe(slf.py())?))
    }

    /// Refuses subclasses written for oauthlib's `Client`, whose overrides would never be called.
    #[classmethod]
    #[pyo3(signature = (**kwargs))]
    fn __init_subclass__(
        cls: &Bound<'_, PyType>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        for hook in FOREIGN_HOOKS {
            if cls.hasattr(hook)? {
                return Err(PyTypeError::new_err(format!(
                    "{} overrides {hook}, which oauth1_rs.Client never calls: subclass \
                     oauthlib.oauth1.Client instead and pass it as OAuth1(client_class=...)",
                    cls.name()?
                )));
            }
        }
        let py = cls.py();
        let parent =
            py.import("builtins")?.getattr("super")?.call1((py.get_type::<Self>(), cls))?;
        parent.call_method("__init_subclass__", (), kwargs).map(drop)
    }

    /// A copy shares the private key that was read. The objects that were set have references of
    /// their own: the garbage collector counts one for each client that it visits.
    fn __copy__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let class = slf.get_type();
        let copy = class.call_method1(intern!(slf.py(), "__new__"), (&class,))?;
        let settings = slf.get().settings()?;
        copy.cast::<Self>()?.get().replace(Some(settings.with(slf.py(), Vec::new())));
        if let Some(dict) = instance_dict(slf.as_any())? {
            restore_instance_dict(&copy, Some(dict.cast()?))?;
        }
        Ok(copy)
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let settings = slf.get().settings()?.to_dict(slf.py())?;
        (settings, instance_dict(slf.as_any())?).into_pyobject(slf.py())
    }

    fn __setstate__(
        slf: &Bound<'_, Self>,
        state: (Bound<'_, PyDict>, Option<Bound<'_, PyDict>>),
    ) -> PyResult<()> {
        let (settings, dict) = state;
        slf.get().replace(Some(Settings::from_dict(&settings, Rules::of(slf)?)?));
        restore_instance_dict(slf.as_any(), dict.as_ref())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector must not wait for a thread that it has stopped.
        if let Ok(settings) = self.settings.try_lock()
            && let Some(settings) = settings.as_deref()
        {
            settings.objects().try_for_each(|object| visit.call(object))?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        self.replace(None);
    }
}

/// A setting of the client; see ``Client``.
// A descriptor, so that none of the settings needs code of its own.
#[pyclass(frozen, module = "oauth1_rs._native")]
pub(super) struct Attribute(pub(super) Setting);

#[pymethods]
impl Attribute {
    fn __get__<'py>(
        slf: Bound<'py, Self>,
        instance: Option<Bound<'py, PyAny>>,
        _owner: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(instance) = instance else { return Ok(slf.into_any()) };
        let settings = instance.cast::<Client>()?.get().settings()?;
        let py = slf.py();
        match settings.get(slf.get().0) {
            Some(value) if slf.get().0 == Setting::ProtocolParameters => {
                copied(value.bind(py)).map(|copy| copy.into_bound(py))
            }
            Some(value) => Ok(value.bind(py).clone()),
            None => Ok(py.None().into_bound(py)),
        }
    }

    fn __set__(
        &self,
        instance: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let value = stored(self.0, value)?;
        instance.cast::<Client>()?.get().write(instance.py(), self.0, value)
    }

    fn __delete__(&self, instance: &Bound<'_, PyAny>) -> PyResult<()> {
        instance.cast::<Client>()?.get().write(instance.py(), self.0, None)
    }
}

/// What a write of `value` stores.
fn stored(setting: Setting, value: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match value {
        Some(value) if setting == Setting::ProtocolParameters => copied(&value).map(Some),
        value => Ok(value.map(Bound::unbind)),
    }
}

/// The headers to send, and those that signing looks at.
pub(super) struct HeadersToSend<'py> {
    dict: Bound<'py, PyDict>,
    pub(super) authorization: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) host: Option<String>,
}

impl<'py> HeadersToSend<'py> {
    /// A copy of `headers`, without an `Authorization` that will be replaced.
    pub(super) fn of(
        py: Python<'py>,
        headers: Option<&Bound<'py, PyAny>>,
        placement: Placement,
    ) -> PyResult<Self> {
        let mut result =
            Self { dict: PyDict::new(py), authorization: None, content_type: None, host: None };
        let Some(headers) = headers else { return Ok(result) };
        let headers = headers
            .cast::<PyMapping>()
            .map_err(|_| wrong_type("headers", "a mapping of str to str or bytes", headers))?;
        for item in headers.items()? {
            let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            match header_text(&name, "a header's name")?.to_ascii_lowercase().as_str() {
                "content-type" => {
                    result.content_type = Some(header_text(&value, "Content-Type")?.into_owned());
                }
                "host" => result.host = Some(header_text(&value, "Host")?.into_owned()),
                "authorization" if placement == Placement::Header => continue,
                "authorization" => {
                    result.authorization = Some(header_text(&value, "Authorization")?.into_owned());
                }
                _ => {}
            }
            result.dict.set_item(name, value)?;
        }
        Ok(result)
    }

    /// The text of the form that `fields` make, and the `Content-Type` that goes with it.
    pub(super) fn encode_form(
        &mut self,
        fields: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.content_type.as_deref() {
            None | Some("") => self.set_content_type()?,
            Some(content_type) if is_form_media_type(content_type) => {}
            Some(_) => {
                return Err(OAuth1Error::new_err(format!(
                    "body is a {}, which is sent as a form, but the Content-Type is another: \
                     encode the body yourself, or leave the Content-Type out",
                    fields.get_type().name()?
                )));
            }
        }
        let py = fields.py();
        let not_pairs = || {
            OAuth1TypeError::new_err(
                "body must be str, bytes, a mapping, or a list of (name, value) pairs, each of \
                 them str, bytes or a number: a name with several values needs several pairs",
            )
        };
        let pairs = match fields.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?.into_any(),
            Err(_) => fields.clone(),
        };
        let mut fields = Vec::new();
        for pair in pairs.try_iter()? {
            let pair = pair?;
            let is_pair = pair.is_instance_of::<PyTuple>() || pair.is_instance_of::<PyList>();
            if !is_pair || pair.len()? != 2 {
                return Err(not_pairs());
            }
            let (name, value) = (pair.get_item(0)?, pair.get_item(1)?);
            if !is_text_or_number(&name) || !is_text_or_number(&value) {
                return Err(not_pairs());
            }
            fields.push((name, value));
        }
        let urlencode = py.import("urllib.parse")?.getattr("urlencode")?;
        urlencode.call1((fields,)).map_err(|error| in_place_of(py, error, not_pairs))
    }

    /// Says that the body is a form, in place of a `Content-Type` that says nothing.
    fn set_content_type(&mut self) -> PyResult<()> {
        for name in self.dict.keys() {
            if header_text(&name, "a header's name")?.eq_ignore_ascii_case("content-type") {
                self.dict.del_item(name)?;
            }
        }
        self.content_type = Some(FORM_MEDIA_TYPE.to_owned());
        self.dict.set_item("Content-Type", FORM_MEDIA_TYPE)
    }

    /// Corrects a `Content-Length` that counts the body before it was signed.
    fn set_content_length(&self, length: usize) -> PyResult<()> {
        for name in self.dict.keys() {
            if header_text(&name, "a header's name")?.eq_ignore_ascii_case("content-length") {
                self.dict.set_item(name, length.to_string())?;
            }
        }
        Ok(())
    }
}

/// Whether `body` is given as names and values, not as text.
pub(super) fn is_fields(body: &Bound<'_, PyAny>) -> bool {
    body.is_instance_of::<PyList>()
        || body.is_instance_of::<PyTuple>()
        || body.cast::<PyMapping>().is_ok()
}

fn is_text_or_number(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>()
}

/// What a subclass keeps in `__dict__`.
pub(super) fn instance_dict<'py>(
    instance: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    instance.getattr_opt(intern!(instance.py(), "__dict__"))
}

/// Restores what [`instance_dict`] gave.
pub(super) fn restore_instance_dict(
    instance: &Bound<'_, PyAny>,
    dict: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    for (name, value) in dict.into_iter().flatten() {
        instance.setattr(name.cast::<PyString>()?, value)?;
    }
    Ok(())
}
