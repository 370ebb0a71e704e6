//! What a user sets, kept as the Python objects that were given, and what signing makes of it.

use std::borrow::Cow;
use std::ffi::CString;
use std::sync::OnceLock;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyMapping, PyString, PyTuple};
use zeroize::Zeroizing;

use super::errors::{OAuth1Error, WhiteSpaceWarning, in_place_of, wrong_type};
use super::private_key::read_private_key;
use super::rules::Rules;
use super::text::{str_of, text_of};
use crate::body_hash::BodyHash;
use crate::credentials::Credentials;
use crate::error::quoted;
use crate::nonce::{self, Nonce};
use crate::private_key::PrivateKey;
use crate::sign::{Configuration, Signer};
use crate::signature::SignatureMethod;
use crate::transmit::Placement;

/// How a setting is kept and shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Given to the constructor as `str` or `bytes`, read back as `str`.
    Text,
    /// As above, and never shown.
    SecretText,
    /// Read back as it was given, and never shown.
    Secret,
    /// Read back as it was given.
    Other,
}

/// Makes the enum and its table of one list.
macro_rules! settings {
    ($($setting:ident $name:literal $kind:ident)*) => {
        /// A setting: an attribute and a keyword of `Client`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Setting { $($setting),* }

        impl Setting {
            /// All of them. The constructor takes the first [`Setting::POSITIONAL`] in this order.
            pub(super) const ALL: [Self; [$($name),*].len()] = [$(Self::$setting),*];

            /// The keyword and attribute.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$setting => $name),* }
            }

            fn kind(self) -> Kind {
                match self { $(Self::$setting => Kind::$kind),* }
            }
        }
    };
}

settings! {
    ClientKey "client_key" Text
    ClientSecret "client_secret" SecretText
    ResourceOwnerKey "resource_owner_key" Text
    ResourceOwnerSecret "resource_owner_secret" SecretText
    CallbackUri "callback_uri" Text
    SignatureMethod "signature_method" Text
    SignatureType "signature_type" Text
    RsaKey "rsa_key" Secret
    Verifier "verifier" SecretText
    Realm "realm" Text
    Encoding "encoding" Other
    Decoding "decoding" Other
    Nonce "nonce" Other
    Timestamp "timestamp" Other
    TimestampOffset "timestamp_offset" Other
    ProtocolParameters "protocol_parameters" Secret
    BodyHash "body_hash" Other
    AllowInsecurePlaintext "allow_insecure_plaintext" Other
    RsaKeyPassphrase "rsa_key_passphrase" Secret
    SingleEncoding "single_encoding" Other
}

impl Setting {
    const COUNT: usize = Self::ALL.len();
    const POSITIONAL: usize = 14;

    /// The value that a constructor takes for `None`, or for nothing.
    fn default(self, py: Python<'_>) -> Option<Bound<'_, PyAny>> {
        match self {
            Self::SignatureMethod => Some(PyString::intern(py, "HMAC-SHA1").into_any()),
            Self::SignatureType => Some(PyString::intern(py, "AUTH_HEADER").into_any()),
            Self::Encoding => Some(PyString::intern(py, "utf-8").into_any()),
            Self::TimestampOffset => Some(PyInt::new(py, 0).into_any()),
            Self::AllowInsecurePlaintext | Self::SingleEncoding => {
                Some(PyBool::new(py, false).to_owned().into_any())
            }
            _ => None,
        }
    }

    /// Whether `value` goes without saying.
    fn is_default(self, value: &Bound<'_, PyAny>) -> bool {
        let shown_always = matches!(self, Self::SignatureMethod | Self::SignatureType);
        let default = self.default(value.py()).filter(|_| !shown_always);
        default.is_some_and(|default| value.eq(default).unwrap_or(false))
    }
}

/// The values of all settings at one moment.
pub(super) struct Settings {
    /// In the order of [`Setting::ALL`]; `None` is Python's `None`.
    values: [Option<Py<PyAny>>; Setting::COUNT],
    pub(super) rules: Rules,
    /// Made when it is first needed: a write only stores, the combination is checked at the next
    /// signature.
    prepared: OnceLock<Prepared>,
    /// Read when it is first needed, and carried over to settings with the same key.
    private_key: OnceLock<PrivateKey>,
}

/// The settings as signing needs them, checked.
pub(super) struct Prepared {
    pub(super) signer: Signer,
    pub(super) body_hash: Option<BodyHash>,
    pub(super) warns_of_plaintext: bool,
    nonce: ValueSource,
    timestamp: ValueSource,
    timestamp_offset: i64,
}

/// Where nonces or timestamps come from.
enum ValueSource {
    /// From here.
    Own,
    /// It is always this one.
    Fixed(String),
    /// From the callable that the setting holds.
    Callable,
}

/// The nonce of one request.
pub(super) enum DrawnNonce<'a> {
    Own(Nonce),
    Given(Cow<'a, str>),
}

impl DrawnNonce<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Own(nonce) => nonce.as_str(),
            Self::Given(nonce) => nonce,
        }
    }
}

impl Settings {
    /// The settings that a constructor's arguments make. `bytes` become text by `encoding`.
    ///
    /// Raises `TypeError` for arguments that the constructor does not have, as Python does, and
    /// `OAuth1Error` for bytes that are no text.
    pub(super) fn from_arguments(
        arguments: &Bound<'_, PyTuple>,
        keywords: Option<&Bound<'_, PyDict>>,
        rules: Rules,
    ) -> PyResult<Self> {
        let py = arguments.py();
        if arguments.len() > Setting::POSITIONAL {
            return Err(PyTypeError::new_err(format!(
                "Client.__init__() takes from 2 to {} positional arguments but {} were given",
                Setting::POSITIONAL + 1,
                arguments.len() + 1
            )));
        }
        let mut values = [const { None }; Setting::COUNT];
        for (value, argument) in values.iter_mut().zip(arguments) {
            *value = Some(argument);
        }
        for (name, argument) in keywords.into_iter().flatten() {
            let name = name.cast::<PyString>()?.to_string_lossy();
            let refuse = |problem| {
                let name = quoted(&name);
                Err(PyTypeError::new_err(format!("Client.__init__() got {problem} {name}")))
            };
            match Setting::ALL.into_iter().find(|setting| setting.name() == name) {
                None => return refuse("an unexpected keyword argument"),
                Some(setting) if values[setting as usize].is_some() => {
                    return refuse("multiple values for argument");
                }
                Some(setting) => values[setting as usize] = Some(argument),
            }
        }
        if values[Setting::ClientKey as usize].is_none() {
            return Err(PyTypeError::new_err(
                "Client.__init__() missing 1 required positional argument: 'client_key'",
            ));
        }
        for setting in Setting::ALL {
            let value = values[setting as usize].take().filter(|value| !value.is_none());
            values[setting as usize] = value.or_else(|| setting.default(py));
        }
        Self::new(py, values, rules)
    }

    /// The settings that [`Settings::to_dict`] gave.
    pub(super) fn from_dict(dict: &Bound<'_, PyDict>, rules: Rules) -> PyResult<Self> {
        let mut values = [const { None }; Setting::COUNT];
        for setting in Setting::ALL {
            values[setting as usize] = dict.get_item(setting.name())?;
        }
        Self::new(dict.py(), values, rules)
    }

    fn new(
        py: Python<'_>,
        values: [Option<Bound<'_, PyAny>>; Setting::COUNT],
        rules: Rules,
    ) -> PyResult<Self> {
        let values = values.map(|value| value.map(Bound::unbind));
        let mut settings = Self::from_values(values, rules);
        for setting in Setting::ALL {
            let Some(value) = settings.get(setting).map(|value| value.bind(py).clone()) else {
                continue;
            };
            let kept = match setting.kind() {
                Kind::Text | Kind::SecretText if value.is_instance_of::<PyBytes>() => {
                    let text = Zeroizing::new(settings.text_of(&value, setting.name())?);
                    PyString::new(py, &text).into_any().unbind()
                }
                _ if setting == Setting::ProtocolParameters => copied(&value)?,
                _ => continue,
            };
            settings.values[setting as usize] = Some(kept);
        }
        Ok(settings)
    }

    /// The same settings but for these.
    pub(super) fn with(&self, py: Python<'_>, changes: Vec<(Setting, Option<Py<PyAny>>)>) -> Self {
        let values = self.values.each_ref().map(|value| value.as_ref().map(|v| v.clone_ref(py)));
        let mut settings = Self::from_values(values, self.rules);
        let is_of_key = |setting| matches!(setting, Setting::RsaKey | Setting::RsaKeyPassphrase);
        if !changes.iter().any(|(setting, _)| is_of_key(*setting)) {
            settings.private_key = self.private_key.clone();
        }
        for (setting, value) in changes {
            settings.values[setting as usize] = value;
        }
        settings
    }

    fn from_values(values: [Option<Py<PyAny>>; Setting::COUNT], rules: Rules) -> Self {
        Self { values, rules, prepared: OnceLock::new(), private_key: OnceLock::new() }
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
            let value = match setting.kind() {
                Kind::SecretText | Kind::Secret => "'****'".into(),
                Kind::Text | Kind::Other => value.bind(py).repr()?.to_string(),
            };
            Ok(format!("{}={value}", setting.name()))
        };
        let present = Setting::ALL
            .into_iter()
            .filter_map(|setting| Some((setting, self.get(setting)?)))
            .filter(|(setting, value)| !setting.is_default(value.bind(py)));
        Ok(present.map(describe).collect::<PyResult<Vec<_>>>()?.join(", "))
    }

    /// The nonce for one request.
    pub(super) fn nonce(&self, py: Python<'_>) -> PyResult<DrawnNonce<'_>> {
        match &self.prepared(py)?.nonce {
            ValueSource::Own => Ok(DrawnNonce::Own(nonce::nonce()?)),
            ValueSource::Fixed(nonce) => Ok(DrawnNonce::Given(Cow::Borrowed(nonce))),
            ValueSource::Callable => {
                let text = self.text_of(&self.call(py, Setting::Nonce)?, "nonce()")?;
                Ok(DrawnNonce::Given(Cow::Owned(text)))
            }
        }
    }

    /// The timestamp for one request.
    pub(super) fn timestamp(&self, py: Python<'_>) -> PyResult<Cow<'_, str>> {
        let prepared = self.prepared(py)?;
        match &prepared.timestamp {
            ValueSource::Own => Ok(nonce::timestamp(prepared.timestamp_offset).to_string().into()),
            ValueSource::Fixed(timestamp) => Ok(timestamp.into()),
            ValueSource::Callable => {
                Ok(self.seconds(&self.call(py, Setting::Timestamp)?, "timestamp()")?.into())
            }
        }
    }

    fn call<'py>(&self, py: Python<'py>, setting: Setting) -> PyResult<Bound<'py, PyAny>> {
        match self.get(setting) {
            Some(callable) => callable.bind(py).call0(),
            None => Ok(py.None().into_bound(py)),
        }
    }

    /// Checks the settings, once.
    pub(super) fn prepared(&self, py: Python<'_>) -> PyResult<&Prepared> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        let prepared = self.prepare(py)?;
        Ok(self.prepared.get_or_init(|| prepared))
    }

    fn prepare(&self, py: Python<'_>) -> PyResult<Prepared> {
        let rules = self.rules;
        let client_key = self
            .text(py, Setting::ClientKey)?
            .ok_or_else(|| rules.not_text(Setting::ClientKey.name(), py.None().bind(py), false))?;
        let method = match self.text(py, Setting::SignatureMethod)? {
            Some(name) => SignatureMethod::from_name(&name).map_err(|error| rules.error(error))?,
            None => SignatureMethod::HmacSha1,
        };
        let timestamp_offset = self.timestamp_offset(py)?;
        let body_hash = self.body_hash(py)?;
        self.check_codec(py, Setting::Encoding)?;
        self.check_codec(py, Setting::Decoding)?;
        let nonce = self.source(py, Setting::Nonce, Self::text_of)?;
        let timestamp = self.source(py, Setting::Timestamp, Self::seconds)?;
        let allow_insecure_plaintext = self.flag(py, Setting::AllowInsecurePlaintext)?;
        let is_given = |text: &String| rules.keeps_empty() || !text.is_empty();
        let warns_of_plaintext = method == SignatureMethod::Plaintext
            && !allow_insecure_plaintext
            && rules.only_warns_of_insecure_plaintext();
        let signer = Signer::new(Configuration {
            credentials: self.credentials(py, client_key, method)?,
            method,
            placement: self.placement(py)?,
            realm: self.text(py, Setting::Realm)?.filter(is_given),
            // Empty ones are as good as none, as users of environment variables expect.
            callback: self.text(py, Setting::CallbackUri)?.filter(|text| !text.is_empty()),
            verifier: self.secret(py, Setting::Verifier)?.filter(|text| !text.is_empty()),
            protocol_parameters: self.protocol_parameters(py)?,
            single_encoding: self.flag(py, Setting::SingleEncoding)?,
            allow_insecure_plaintext: allow_insecure_plaintext || warns_of_plaintext,
            allow_plaintext_in_query: rules.allows_plaintext_in_query(),
        })
        .map_err(|error| rules.error(error))?;
        Ok(Prepared { signer, body_hash, warns_of_plaintext, nonce, timestamp, timestamp_offset })
    }

    fn credentials(
        &self,
        py: Python<'_>,
        client_key: String,
        method: SignatureMethod,
    ) -> PyResult<Credentials> {
        let is_given = |text: &String| self.rules.keeps_empty() || !text.is_empty();
        Ok(Credentials {
            client_key,
            client_secret: self.secret(py, Setting::ClientSecret)?.unwrap_or_default(),
            private_key: self.private_key(py, method)?,
            token: self.text(py, Setting::ResourceOwnerKey)?.filter(is_given),
            token_secret: self.secret(py, Setting::ResourceOwnerSecret)?.unwrap_or_default(),
        })
    }

    /// What signatures are compared with: secrets and key as they are set, whatever the method.
    pub(super) fn secrets(&self, py: Python<'_>) -> PyResult<Credentials> {
        let name = self.text(py, Setting::SignatureMethod)?.unwrap_or_default();
        let method = SignatureMethod::from_name(&name).unwrap_or(SignatureMethod::HmacSha1);
        self.credentials(py, String::new(), method)
    }

    /// Warns of credentials with white space around them, which nobody sees.
    pub(super) fn warn_of_white_space(&self, py: Python<'_>) -> PyResult<()> {
        let credentials = [
            Setting::ClientKey,
            Setting::ClientSecret,
            Setting::ResourceOwnerKey,
            Setting::ResourceOwnerSecret,
        ];
        for setting in credentials {
            let text = self.secret(py, setting)?.unwrap_or_default();
            if text.trim().len() < text.len() {
                let name = setting.name();
                let text = CString::new(format!(
                    "{name} begins or ends with white space, which is signed like the rest of it: \
                     pass {name}.strip() if it is not meant"
                ))?;
                PyErr::warn(py, py.get_type::<WhiteSpaceWarning>().as_any(), &text, 1)?;
            }
        }
        Ok(())
    }

    fn private_key(&self, py: Python<'_>, method: SignatureMethod) -> PyResult<Option<PrivateKey>> {
        if !self.rules.minds_unused_private_key(method) {
            return Ok(None);
        }
        let key = self.get(Setting::RsaKey).map(|value| value.bind(py));
        let keeps_empty = self.rules.keeps_empty();
        let Some(value) = key.filter(|key| keeps_empty || key.is_truthy().unwrap_or(true)) else {
            return match self.get(Setting::RsaKeyPassphrase) {
                Some(_) => Err(OAuth1Error::new_err("rsa_key_passphrase is given, but no rsa_key")),
                None => Ok(None),
            };
        };
        if let Some(key) = self.private_key.get() {
            return Ok(Some(key.clone()));
        }
        let passphrase = self.get(Setting::RsaKeyPassphrase).map(|value| value.bind(py));
        let key = read_private_key(value, passphrase)?;
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
            _ => Err(self.rules.unknown_placement(&quoted(&name))),
        }
    }

    /// The hash that every body which is no form gets, if one is asked for.
    fn body_hash(&self, py: Python<'_>) -> PyResult<Option<BodyHash>> {
        let Some(value) = self.get(Setting::BodyHash).map(|value| value.bind(py)) else {
            return Ok(None);
        };
        let name = value
            .cast::<PyString>()
            .map_err(|_| wrong_type("body_hash", "'sha1', 'sha256' or None", value))?;
        match str_of(name, "body_hash")? {
            "sha1" => Ok(Some(BodyHash::sha1())),
            "sha256" => Ok(Some(BodyHash::sha256())),
            name => Err(OAuth1Error::new_err(format!(
                "body_hash {} is not one of 'sha1', 'sha256', None",
                quoted(name)
            ))),
        }
    }

    fn protocol_parameters(
        &self,
        py: Python<'_>,
    ) -> PyResult<Vec<(String, Option<Zeroizing<String>>)>> {
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
                let value_name = format!("protocol_parameters[{}]", quoted(&name));
                Some(self.text_of(&value, &value_name)?.into())
            };
            parameters.push((name, value));
        }
        Ok(parameters)
    }

    /// Checks that a setting is `None` or the name of a codec that Python has.
    fn check_codec(&self, py: Python<'_>, setting: Setting) -> PyResult<()> {
        let Some(value) = self.get(setting).map(|value| value.bind(py)) else { return Ok(()) };
        let name = setting.name();
        let text = value
            .cast::<PyString>()
            .map_err(|_| wrong_type(name, "the name of a codec, or None", value))?;
        let text = str_of(text, name)?;
        if text == "utf-8" {
            return Ok(());
        }
        let unknown = || {
            let text = quoted(text);
            OAuth1Error::new_err(format!("{name} {text} is not the name of a codec of Python's"))
        };
        let found = py.import("codecs")?.getattr("lookup")?.call1((text,));
        found.map(drop).map_err(|error| in_place_of(py, error, unknown))
    }

    /// What callables give is checked when they are called.
    fn source(
        &self,
        py: Python<'_>,
        setting: Setting,
        read: impl Fn(&Self, &Bound<'_, PyAny>, &str) -> PyResult<String>,
    ) -> PyResult<ValueSource> {
        match self.get(setting).map(|value| value.bind(py)) {
            None => Ok(ValueSource::Own),
            Some(value) if value.is_callable() => Ok(ValueSource::Callable),
            Some(value) => read(self, value, setting.name()).map(ValueSource::Fixed),
        }
    }

    fn timestamp_offset(&self, py: Python<'_>) -> PyResult<i64> {
        let Some(value) = self.get(Setting::TimestampOffset).map(|value| value.bind(py)) else {
            return Ok(0);
        };
        if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            return value
                .extract()
                .map_err(|_| OAuth1Error::new_err("timestamp_offset is out of range"));
        }
        Err(wrong_type("timestamp_offset", "seconds as an int", value))
    }

    /// The text of a timestamp, which may be given as a number.
    fn seconds(&self, value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
        if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            // Python refuses to print numbers of thousands of digits.
            let too_long = || OAuth1Error::new_err(format!("{name} is out of range"));
            // Not the text that a subclass may make of itself.
            let text = value
                .py()
                .get_type::<PyInt>()
                .call_method1(intern!(value.py(), "__repr__"), (value,));
            let text = text
                .and_then(|text| Ok(text.cast_into::<PyString>()?))
                .map_err(|error| in_place_of(value.py(), error, too_long))?;
            return str_of(&text, name).map(str::to_owned);
        }
        if value.is_instance_of::<PyFloat>() {
            return Err(wrong_type(name, "whole seconds as an int or str", value));
        }
        self.text_of(value, name)
    }

    fn flag(&self, py: Python<'_>, setting: Setting) -> PyResult<bool> {
        let Some(value) = self.get(setting).map(|value| value.bind(py)) else { return Ok(false) };
        value.extract().map_err(|_| wrong_type(setting.name(), "True or False", value))
    }

    fn text(&self, py: Python<'_>, setting: Setting) -> PyResult<Option<String>> {
        let Some(value) = self.get(setting).map(|value| value.bind(py)) else { return Ok(None) };
        if !value.is_instance_of::<PyString>() && !value.is_instance_of::<PyBytes>() {
            let is_secret = setting.kind() == Kind::SecretText;
            return Err(self.rules.not_text(setting.name(), value, is_secret));
        }
        self.text_of(value, setting.name()).map(Some)
    }

    /// Text that is zeroized when it is dropped.
    fn secret(&self, py: Python<'_>, setting: Setting) -> PyResult<Option<Zeroizing<String>>> {
        Ok(self.text(py, setting)?.map(Zeroizing::new))
    }

    /// The text that `value`, called `name`, gives; no error shows it.
    pub(super) fn text_of(&self, value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
        text_of(value, name, self.get(Setting::Encoding))
    }
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
