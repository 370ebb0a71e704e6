//! What a user sets, kept as the Python objects that were given, and the `Signer` made of it.

use std::sync::OnceLock;

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyMapping, PyString};

use zeroize::Zeroizing;

use super::{OAuth1Error, OAuth1TypeError};
use crate::body_hash::BodyHash;
use crate::credentials::Credentials;
use crate::error::quoted;
use crate::nonce;
use crate::private_key::{PrivateKey, PrivateKeyError};
use crate::sign::{Configuration, Request, Signed, Signer};
use crate::signature::SignatureMethod;
use crate::transmit::Placement;

/// From this length of a form on, in bytes, other threads need not wait while it is signed.
const LARGE: usize = 64 * 1024;

/// A setting: an attribute and a keyword of `Client`. The first 14 are in the order of the
/// constructor's positional parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    ClientKey,
    ClientSecret,
    ResourceOwnerKey,
    ResourceOwnerSecret,
    CallbackUri,
    SignatureMethod,
    SignatureType,
    RsaKey,
    Verifier,
    Realm,
    Encoding,
    Decoding,
    Nonce,
    Timestamp,
    TimestampOffset,
    ProtocolParameters,
    BodyHash,
    AllowInsecurePlaintext,
    RsaKeyPassphrase,
}

impl Setting {
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) const ALL: [Self; 19] = [
        Self::ClientKey,
        Self::ClientSecret,
        Self::ResourceOwnerKey,
        Self::ResourceOwnerSecret,
        Self::CallbackUri,
        Self::SignatureMethod,
        Self::SignatureType,
        Self::RsaKey,
        Self::Verifier,
        Self::Realm,
        Self::Encoding,
        Self::Decoding,
        Self::Nonce,
        Self::Timestamp,
        Self::TimestampOffset,
        Self::ProtocolParameters,
        Self::BodyHash,
        Self::AllowInsecurePlaintext,
        Self::RsaKeyPassphrase,
    ];

    /// Those that may be given as `bytes` and read back as `str`.
    const TEXTS: [Self; 9] = [
        Self::ClientKey,
        Self::ClientSecret,
        Self::ResourceOwnerKey,
        Self::ResourceOwnerSecret,
        Self::CallbackUri,
        Self::SignatureMethod,
        Self::SignatureType,
        Self::Verifier,
        Self::Realm,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ClientKey => "client_key",
            Self::ClientSecret => "client_secret",
            Self::ResourceOwnerKey => "resource_owner_key",
            Self::ResourceOwnerSecret => "resource_owner_secret",
            Self::CallbackUri => "callback_uri",
            Self::SignatureMethod => "signature_method",
            Self::SignatureType => "signature_type",
            Self::RsaKey => "rsa_key",
            Self::Verifier => "verifier",
            Self::Realm => "realm",
            Self::Encoding => "encoding",
            Self::Decoding => "decoding",
            Self::Nonce => "nonce",
            Self::Timestamp => "timestamp",
            Self::TimestampOffset => "timestamp_offset",
            Self::ProtocolParameters => "protocol_parameters",
            Self::BodyHash => "body_hash",
            Self::AllowInsecurePlaintext => "allow_insecure_plaintext",
            Self::RsaKeyPassphrase => "rsa_key_passphrase",
        }
    }

    /// Whether `value` goes without saying.
    fn is_default(self, value: &Bound<'_, PyAny>) -> bool {
        match self {
            Self::Encoding => value.eq("utf-8").unwrap_or(false),
            Self::TimestampOffset | Self::AllowInsecurePlaintext => {
                !value.is_truthy().unwrap_or(true)
            }
            _ => false,
        }
    }

    /// Whether the value is never shown.
    fn is_secret(self) -> bool {
        matches!(
            self,
            Self::ClientSecret
                | Self::ResourceOwnerSecret
                | Self::RsaKey
                | Self::RsaKeyPassphrase
                | Self::Verifier
                | Self::ProtocolParameters
        )
    }
}

/// The values of all settings at one moment.
pub(super) struct Settings {
    /// In the order of [`Setting::ALL`]; `None` is Python's `None`.
    values: [Option<Py<PyAny>>; Setting::COUNT],
    /// Made when it is first needed: a write only stores, the combination is checked at the next
    /// signature.
    signer: OnceLock<Signer>,
    /// Read when it is first needed, and carried over to settings with the same key.
    private_key: OnceLock<PrivateKey>,
}

impl Settings {
    /// Takes the values as they are, but for `bytes`, which become text by `encoding`.
    ///
    /// Raises `OAuth1Error` if they cannot.
    pub(super) fn new(
        py: Python<'_>,
        values: [Option<Bound<'_, PyAny>>; Setting::COUNT],
    ) -> PyResult<Self> {
        let mut settings = Self::from_values(values.map(|value| value.map(Bound::unbind)));
        let parameters = settings.get(Setting::ProtocolParameters).map(|v| copied(v.bind(py)));
        settings.values[Setting::ProtocolParameters as usize] = parameters.transpose()?;
        for setting in Setting::TEXTS {
            if settings.get(setting).is_some_and(|value| value.bind(py).is_instance_of::<PyBytes>())
            {
                let text = settings.text(py, setting)?.map(|text| PyString::new(py, &text));
                settings.values[setting as usize] = text.map(|text| text.into_any().unbind());
            }
        }
        Ok(settings)
    }

    /// The same settings but for one.
    pub(super) fn with(&self, py: Python<'_>, setting: Setting, value: Option<Py<PyAny>>) -> Self {
        let mut values =
            self.values.each_ref().map(|value| value.as_ref().map(|v| v.clone_ref(py)));
        values[setting as usize] = value;
        let mut changed = Self::from_values(values);
        if !matches!(setting, Setting::RsaKey | Setting::RsaKeyPassphrase) {
            changed.private_key = self.private_key.clone();
        }
        changed
    }

    fn from_values(values: [Option<Py<PyAny>>; Setting::COUNT]) -> Self {
        Self { values, signer: OnceLock::new(), private_key: OnceLock::new() }
    }

    /// The value of a setting; `None` is Python's `None`.
    pub(super) fn get(&self, setting: Setting) -> Option<&Py<PyAny>> {
        self.values[setting as usize].as_ref()
    }

    /// Every object that is referred to from here.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Py<PyAny>> {
        self.values.iter().flatten()
    }

    /// The settings that are not `None`, by name.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for setting in Setting::ALL {
            if let Some(value) = self.get(setting) {
                dict.set_item(setting.name(), value)?;
            }
        }
        Ok(dict)
    }

    /// The settings that are not `None`, for `repr`; of secrets only that they are there.
    pub(super) fn describe(&self, py: Python<'_>) -> PyResult<String> {
        let describe = |(setting, value): (Setting, &Py<PyAny>)| {
            let value = if setting.is_secret() {
                "'****'".into()
            } else {
                value.bind(py).repr()?.to_string()
            };
            Ok(format!("{}={value}", setting.name()))
        };
        let present = Setting::ALL
            .into_iter()
            .filter_map(|setting| Some((setting, self.get(setting)?)))
            .filter(|(setting, value)| !setting.is_default(value.bind(py)));
        Ok(present.map(describe).collect::<PyResult<Vec<_>>>()?.join(", "))
    }

    /// Signs a request with these settings, nonce and timestamp drawn as they say.
    pub(super) fn sign(&self, py: Python<'_>, request: &Request<'_>) -> PyResult<Signed> {
        let signer = self.signer(py)?;
        let nonce = self.nonce(py)?;
        let timestamp = self.timestamp(py)?;
        let sign = || signer.sign(request, &nonce, &timestamp);
        let form = request.form.unwrap_or_default();
        let is_slow = signer.is_slow() || form.len() >= LARGE;
        Ok(if is_slow { py.detach(sign) } else { sign() }?)
    }

    /// Checks the settings, once.
    pub(super) fn signer(&self, py: Python<'_>) -> PyResult<&Signer> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = Signer::new(self.configuration(py)?)?;
        Ok(self.signer.get_or_init(|| signer))
    }

    fn configuration(&self, py: Python<'_>) -> PyResult<Configuration> {
        let client_key = self.text(py, Setting::ClientKey)?.ok_or_else(|| {
            OAuth1TypeError::new_err(
                "client_key must be str or bytes, got None (is an environment variable missing?)",
            )
        })?;
        let method = match self.text(py, Setting::SignatureMethod)? {
            Some(name) => SignatureMethod::from_name(&name)?,
            None => SignatureMethod::HmacSha1,
        };
        self.timestamp_offset(py)?;
        self.body_hash(py)?;
        self.check_codec(py, Setting::Encoding)?;
        self.check_codec(py, Setting::Decoding)?;
        // What callables give is checked when they are called.
        if let Some(nonce) = self.get(Setting::Nonce).map(|value| value.bind(py))
            && !nonce.is_callable()
        {
            self.text_of(nonce, "nonce")?;
        }
        if let Some(timestamp) = self.get(Setting::Timestamp).map(|value| value.bind(py))
            && !timestamp.is_callable()
        {
            self.seconds(timestamp, "timestamp")?;
        }
        Ok(Configuration {
            credentials: Credentials {
                client_key,
                client_secret: self.text(py, Setting::ClientSecret)?.unwrap_or_default(),
                private_key: self.private_key(py)?,
                token: self.text(py, Setting::ResourceOwnerKey)?,
                token_secret: self.text(py, Setting::ResourceOwnerSecret)?.unwrap_or_default(),
            },
            method,
            placement: self.placement(py)?,
            realm: self.text(py, Setting::Realm)?,
            // Empty ones are as good as none, as users of environment variables expect.
            callback: self.text(py, Setting::CallbackUri)?.filter(|text| !text.is_empty()),
            verifier: self.text(py, Setting::Verifier)?.filter(|text| !text.is_empty()),
            protocol_parameters: self.protocol_parameters(py)?,
            allow_insecure_plaintext: match self.get(Setting::AllowInsecurePlaintext) {
                Some(value) => value.bind(py).extract().map_err(|_| {
                    wrong_type("allow_insecure_plaintext", "True or False", value.bind(py))
                })?,
                None => false,
            },
        })
    }

    fn private_key(&self, py: Python<'_>) -> PyResult<Option<PrivateKey>> {
        let Some(value) = self.get(Setting::RsaKey) else {
            return match self.get(Setting::RsaKeyPassphrase) {
                Some(_) => Err(OAuth1Error::new_err("rsa_key_passphrase is given, but no rsa_key")),
                None => Ok(None),
            };
        };
        if let Some(key) = self.private_key.get() {
            return Ok(Some(key.clone()));
        }
        let passphrase = self.text(py, Setting::RsaKeyPassphrase)?.map(Zeroizing::new);
        let key =
            read_private_key(value.bind(py), passphrase.as_ref().map(|text| text.as_bytes()))?;
        Ok(Some(self.private_key.get_or_init(|| key).clone()))
    }

    fn placement(&self, py: Python<'_>) -> PyResult<Placement> {
        let Some(name) = self.text(py, Setting::SignatureType)? else {
            return Ok(Placement::default());
        };
        match name.to_ascii_uppercase().as_str() {
            "AUTH_HEADER" | "HEADER" => Ok(Placement::Header),
            "QUERY" => Ok(Placement::Query),
            "BODY" => Ok(Placement::Body),
            _ => Err(OAuth1Error::new_err(format!(
                "signature_type {} is not one of AUTH_HEADER, QUERY, BODY",
                quoted(&name)
            ))),
        }
    }

    /// The hash that every body which is no form gets, if one is asked for.
    pub(super) fn body_hash(&self, py: Python<'_>) -> PyResult<Option<BodyHash>> {
        match self.text(py, Setting::BodyHash)?.as_deref() {
            None => Ok(None),
            Some("sha1") => Ok(Some(BodyHash::sha1())),
            Some("sha256") => Ok(Some(BodyHash::sha256())),
            Some(name) => Err(OAuth1Error::new_err(format!(
                "body_hash {} is not one of 'sha1', 'sha256', None",
                quoted(name)
            ))),
        }
    }

    fn protocol_parameters(&self, py: Python<'_>) -> PyResult<Vec<(String, Option<String>)>> {
        let Some(value) = self.get(Setting::ProtocolParameters) else {
            return Ok(Vec::new());
        };
        let mapping = value.bind(py).cast::<PyMapping>().map_err(|_| {
            wrong_type("protocol_parameters", "a mapping of str to str or None", value.bind(py))
        })?;
        let mut parameters = Vec::new();
        for item in mapping.items()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let name = self.text_of(&name, "a name in protocol_parameters")?;
            let value = if value.is_none() {
                None
            } else {
                Some(self.text_of(&value, &format!("protocol_parameters[{}]", quoted(&name)))?)
            };
            parameters.push((name, value));
        }
        Ok(parameters)
    }

    /// Checks that a setting is `None` or the name of a codec that Python has.
    fn check_codec(&self, py: Python<'_>, setting: Setting) -> PyResult<()> {
        let Some(value) = self.get(setting).map(|value| value.bind(py)) else { return Ok(()) };
        let unknown = || wrong_type(setting.name(), "the name of a codec, or None", value);
        let found = py.import("codecs")?.getattr("lookup")?.call1((value,));
        found.map(drop).map_err(|error| in_place_of(py, error, unknown))
    }

    fn nonce(&self, py: Python<'_>) -> PyResult<String> {
        match self.get(Setting::Nonce).map(|value| value.bind(py)) {
            None => Ok(nonce::nonce()?),
            Some(value) if value.is_callable() => self.text_of(&value.call0()?, "nonce()"),
            Some(value) => self.text_of(value, "nonce"),
        }
    }

    fn timestamp(&self, py: Python<'_>) -> PyResult<String> {
        match self.get(Setting::Timestamp).map(|value| value.bind(py)) {
            None => Ok(nonce::timestamp(self.timestamp_offset(py)?).to_string()),
            Some(value) if value.is_callable() => self.seconds(&value.call0()?, "timestamp()"),
            Some(value) => self.seconds(value, "timestamp"),
        }
    }

    fn timestamp_offset(&self, py: Python<'_>) -> PyResult<i64> {
        let Some(value) = self.get(Setting::TimestampOffset).map(|value| value.bind(py)) else {
            return Ok(0);
        };
        value.extract().map_err(|_| wrong_type("timestamp_offset", "seconds as an int", value))
    }

    /// The text of a timestamp, which may be given as a number.
    fn seconds(&self, value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
        if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            return Ok(value.str()?.to_str()?.to_owned());
        }
        if value.is_instance_of::<PyFloat>() {
            return Err(wrong_type(name, "whole seconds as an int or str", value));
        }
        self.text_of(value, name)
    }

    fn text(&self, py: Python<'_>, setting: Setting) -> PyResult<Option<String>> {
        let value = self.get(setting).map(|value| value.bind(py));
        value.map(|value| self.text_of(value, setting.name())).transpose()
    }

    /// The text that `value`, called `name`, gives; no error shows it.
    pub(super) fn text_of(&self, value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
        if let Ok(text) = value.cast::<PyString>() {
            return text.to_str().map(str::to_owned).map_err(|_| lone_surrogate(name));
        }
        if !value.is_instance_of::<PyBytes>() {
            return Err(wrong_type(name, "str or bytes", value));
        }
        let encoding = match self.get(Setting::Encoding) {
            Some(encoding) => encoding.bind(value.py()).clone(),
            None => PyString::new(value.py(), "utf-8").into_any(),
        };
        // The codec's own exception carries what it could not decode.
        let undecodable = || {
            OAuth1Error::new_err(format!(
                "{name} is not text in the encoding {encoding}: give it as str, or set encoding="
            ))
        };
        // Not the method of a subclass, which could give anything.
        let bytes = value.py().get_type::<PyBytes>();
        let text = bytes
            .call_method1(intern!(value.py(), "decode"), (value, &encoding))
            .map_err(|error| in_place_of(value.py(), error, undecodable))?;
        let text = text.cast::<PyString>().map_err(|_| undecodable())?;
        text.to_str().map(str::to_owned).map_err(|_| lone_surrogate(name))
    }
}

/// The key in PEM text, in the file of a path, or in an object of the `cryptography` package.
fn read_private_key(value: &Bound<'_, PyAny>, passphrase: Option<&[u8]>) -> PyResult<PrivateKey> {
    let py = value.py();
    // Decrypting takes as long as whoever encrypted the key wanted.
    let from_pem = |pem: &[u8]| Ok(py.detach(|| PrivateKey::from_pem(pem, passphrase))?);
    if let Ok(text) = value.cast::<PyString>() {
        return from_pem(text.to_str().map_err(|_| lone_surrogate("rsa_key"))?.as_bytes());
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

/// A copy of `protocol_parameters`, so that nothing but a write changes what is signed.
pub(super) fn copied(value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    match value.cast::<PyMapping>() {
        Ok(mapping) => {
            let copy = PyDict::new(value.py());
            copy.update(mapping)?;
            Ok(copy.into_any().unbind())
        }
        // Refused when it is checked.
        Err(_) => Ok(value.clone().unbind()),
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

/// The error for text that no encoding can send. Python's own would carry the text.
pub(super) fn lone_surrogate(name: &str) -> PyErr {
    OAuth1Error::new_err(format!("{name} contains a lone surrogate, which UTF-8 cannot encode"))
}
