//! What the signature of a request covers, for `Explanation` in `_explain.py`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

use super::client::{Client, HeadersToSend, is_fields};
use super::errors::{OAuth1Error, OAuth1TypeError};
use super::message::Form;
use super::text::header_text;
use crate::explain::{Origin, SignedRequest};
use crate::sign::Request;
use crate::transmit::Placement;

/// A request in parts, as it is or will be sent.
pub(super) struct SentRequest<'py> {
    method: String,
    uri: String,
    headers: HeadersToSend<'py>,
    body: Bound<'py, PyAny>,
}

impl<'py> SentRequest<'py> {
    pub(super) fn of(
        client: &Bound<'py, Client>,
        uri: &Bound<'py, PyAny>,
        method: Option<&Bound<'py, PyAny>>,
        body: Option<Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let py = client.py();
        let method = method.map(|method| header_text(method, "http_method")).transpose()?;
        // This placement keeps the `Authorization` header.
        let mut headers = HeadersToSend::of(py, headers, Placement::Query)?;
        let body = match body {
            Some(body) if is_fields(&body) => headers.encode_form(&body)?,
            Some(body) => body,
            None => py.None().into_bound(py),
        };
        Ok(Self {
            method: method.map_or_else(|| "GET".to_owned(), std::borrow::Cow::into_owned),
            uri: client.get().settings()?.text_of(uri, "uri")?,
            headers,
            body,
        })
    }

    /// What `described` returned.
    pub(super) fn of_message(
        client: &Bound<'py, Client>,
        message: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let py = client.py();
        let part = |name| message.getattr(name);
        let (method, headers) = (part(intern!(py, "method"))?, part(intern!(py, "headers"))?);
        let body = Some(part(intern!(py, "body"))?).filter(|body| !body.is_none());
        Self::of(client, &part(intern!(py, "url"))?, Some(&method), body, Some(&headers))
    }

    /// The `Explanation` of its signature; none if it has no signature. `unsigned` is the request
    /// before it was signed for this.
    pub(super) fn explain(
        &self,
        client: &Bound<'py, Client>,
        unsigned: Option<&Self>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        static EXPLANATION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = client.py();
        let settings = client.get().settings()?;
        let prepared = settings.prepared(py)?;
        let single_encoding = prepared.signer.single_encoding();
        let authorization = self.headers.authorization.as_deref();
        let content_type = self.headers.content_type.as_deref().filter(|text| !text.is_empty());
        let form = Form::of(&self.body, content_type, Placement::Header, settings.rules)?;
        let request = Request {
            method: &self.method,
            uri: &self.uri,
            host: self.headers.host.as_deref(),
            form: form.as_ref().map(|form| &*form.bytes),
            ..Request::default()
        };
        let Some(signed) = SignedRequest::read(&request, authorization, single_encoding) else {
            return Ok(None);
        };
        let explained =
            signed.explain(single_encoding).map_err(|error| settings.rules.error(error))?;
        let bytes = |text: &[u8]| PyBytes::new(py, text).unbind();
        let pairs: Vec<_> = explained
            .parameters
            .iter()
            .map(|it| {
                let texts = [&it.name, &it.value, &it.encoded_name, &it.encoded_value];
                let [name, value, encoded_name, encoded_value] = texts.map(|text| bytes(text));
                (origin(it.origin), name, value, (encoded_name, encoded_value))
            })
            .collect();
        let placement = match signed.placement {
            Placement::Header => "AUTH_HEADER",
            Placement::Query => "QUERY",
            Placement::Body => "BODY",
        };
        let is_oauth = signed.placement == Placement::Header;
        let key_bits = settings.secrets(py)?.private_key.map(|key| key.bits());
        let given = unsigned.unwrap_or(self);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let exact = PyDict::new(py);
        exact.set_item("client", client.get().snapshot(py)?)?;
        exact.set_item("method", &self.method)?;
        exact.set_item("url", &given.uri)?;
        exact.set_item("sent_url", &self.uri)?;
        exact.set_item("host", &self.headers.host)?;
        exact.set_item("content_type", content_type)?;
        exact.set_item("given_content_type", &given.headers.content_type)?;
        exact.set_item("authorization", authorization.filter(|_| is_oauth))?;
        exact.set_item("body", &self.body)?;
        exact.set_item("is_form", form.is_some())?;
        exact.set_item("was_signed", unsigned.is_none())?;
        exact.set_item("placement", placement)?;
        exact.set_item("realm", &signed.realm)?;
        exact.set_item("signature", text(&signed.signature))?;
        exact.set_item("base_string_uri", text(&explained.base_string_uri))?;
        exact.set_item("base_string", text(&explained.base_string))?;
        exact.set_item("pairs", pairs)?;
        exact.set_item("private_key_bits", key_bits)?;
        EXPLANATION
            .import(py, "oauth1_rs._explain", "explanation")?
            .call((), Some(&exact))
            .map(Some)
    }
}

/// The request of any client as one that can be signed, with headers of its own.
pub(super) fn described<'py>(request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static DESCRIBED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DESCRIBED.import(request.py(), "oauth1_rs._described", "described")?.call1((request,))
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Protocol => "oauth",
        Origin::Query => "query",
        Origin::Form => "form",
    }
}

/// The error for a client whose signatures are not made here.
pub(super) fn foreign_client(client: &Bound<'_, PyAny>) -> PyErr {
    let class = client.get_type().fully_qualified_name();
    let class = class.map_or_else(|_| "another class".to_owned(), |name| name.to_string());
    OAuth1TypeError::new_err(format!(
        "explain needs a client of oauth1_rs.Client, got {class}, which signs in its own way"
    ))
}

/// The error for a request that only a user's `sign` can sign.
pub(super) fn overridden_sign(client: &Bound<'_, Client>) -> PyErr {
    let class = client.get_type().name();
    let class = class.map_or_else(|_| "the client".to_owned(), |name| name.to_string());
    OAuth1TypeError::new_err(format!(
        "{class} overrides sign: sign the request first, then explain the signed one"
    ))
}

/// The error for what cannot be: signing has left no signature.
pub(super) fn unsigned() -> PyErr {
    OAuth1Error::new_err("the request has no signature after it was signed")
}
