//! Runs `tests/vectors/*.json` against the core. `tests/vectors/README.md` explains the fields.
#![expect(clippy::unwrap_used, reason = "a vector that cannot be read or signed fails its test")]

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use oauth1_rs::body_hash::BodyHash;
use oauth1_rs::credentials::Credentials;
use oauth1_rs::error::Error;
use oauth1_rs::percent;
use oauth1_rs::private_key::PrivateKey;
use oauth1_rs::sign::{Configuration, Request, Signed, Signer};
use oauth1_rs::signature::{SignatureMethod, SigningKey};
use oauth1_rs::transmit::Placement;
use oauth1_rs::uri::Uri;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

#[test]
fn request() {
    run::<RequestVector>("request");
    run_with_other_secrets::<RequestVector>("request");
}

#[test]
fn base_string() {
    run::<RequestVector>("base_string");
}

/// What the RFC does not give, the option does.
#[test]
fn single_encoding() {
    for kind in ["request", "base_string"] {
        let mut entries = read::<RequestVector>(kind);
        entries.retain(|(_, vector)| vector.single_encoding);
        assert!(!entries.is_empty(), "{kind}: no entry is encoded once");
        for (provenance, vector) in &mut entries {
            provenance.conformance = Conformance::Rfc;
            provenance.reason = None;
            vector.signs_with_single_encoding = true;
        }
        judge(kind, &entries);
    }
}

#[test]
fn base_uri() {
    run::<BaseUriVector>("base_uri");
}

#[test]
fn normalize_params() {
    run::<NormalizeParamsVector>("normalize_params");
}

#[test]
fn percent_encode() {
    run::<PercentEncodeVector>("percent_encode");
}

#[test]
fn body_hash() {
    run::<BodyHashVector>("body_hash");
}

#[test]
fn sign_text() {
    run::<SignTextVector>("sign_text");
    run_with_other_secrets::<SignTextVector>("sign_text");
}

#[test]
fn signing_key() {
    run::<SigningKeyVector>("signing_key");
}

/// Compares what the core gives to every entry of a kind.
fn run<V: Vector>(kind: &str) {
    judge(kind, &read::<V>(kind));
}

fn judge<V: Vector>(kind: &str, entries: &[(Provenance, V)]) {
    let judge = |(provenance, vector): &(Provenance, V)| provenance.judge(vector);
    let failures: Vec<String> = entries.iter().flat_map(judge).collect();
    report(kind, &failures);
}

/// Changes one character of one secret at a time: the signature must change too, unless it comes
/// from a private key, in which secrets have no part (section 3.4.3).
fn run_with_other_secrets<V: SignatureVector>(kind: &str) {
    let mut failures = Vec::new();
    for (provenance, vector) in read::<V>(kind) {
        for index in 0..vector.clone().secrets().len() {
            let mut other = vector.clone();
            change_last_character(other.secrets()[index]);
            let is_the_same = other.signature() == vector.signature();
            if is_the_same != vector.private_key().is_some() {
                failures.push(provenance.failure("another secret gives the wrong signature"));
            }
        }
    }
    report(kind, &failures);
}

fn report(kind: &str, failures: &[String]) {
    assert!(failures.is_empty(), "{kind}: {} failures\n\n{}", failures.len(), failures.join("\n"));
}

fn change_last_character(secret: &mut String) {
    let last = secret.pop();
    secret.push(if last == Some('x') { 'y' } else { 'x' });
}

/// What an entry of one kind asserts.
trait Vector: DeserializeOwned {
    /// Each published value beside the core's.
    fn comparisons(&self) -> Result<Vec<Comparison>, Error>;
}

/// An entry that is signed with secrets.
trait SignatureVector: Vector + Clone {
    fn signature(&self) -> Result<String, Error>;

    fn secrets(&mut self) -> [&mut String; 2];

    fn private_key(&self) -> Option<PrivateKey>;
}

struct Comparison {
    subject: &'static str,
    published: String,
    ours: String,
}

impl Comparison {
    fn new(subject: &'static str, published: &str, ours: impl Into<String>) -> Self {
        Self { subject, published: published.to_owned(), ours: ours.into() }
    }
}

/// Where an entry comes from, and whether a conforming signer gives its values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provenance {
    id: String,
    source: String,
    conformance: Conformance,
    reason: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Conformance {
    Rfc,
    Divergent,
    Erroneous,
}

impl Provenance {
    fn judge(&self, vector: &impl Vector) -> Vec<String> {
        let conforms = self.conformance == Conformance::Rfc;
        let comparisons = match vector.comparisons() {
            Ok(comparisons) if comparisons.is_empty() => {
                return vec![self.failure("asserts nothing")];
            }
            Ok(comparisons) => comparisons,
            Err(error) => return vec![self.failure(&format!("cannot be signed: {error}"))],
        };
        if conforms == self.reason.is_some() {
            return vec![self.failure("a reason belongs to what is not rfc, and only to that")];
        }
        comparisons
            .iter()
            .filter(|comparison| (comparison.published == comparison.ours) != conforms)
            .map(|comparison| self.mismatch(comparison))
            .collect()
    }

    fn mismatch(&self, Comparison { subject, published, ours }: &Comparison) -> String {
        if self.conformance == Conformance::Rfc {
            self.failure(&format!("{subject}\n  published: {published}\n  ours:      {ours}"))
        } else {
            self.failure(&format!("{subject} is as published, against its reason: {published}"))
        }
    }

    fn failure(&self, text: &str) -> String {
        format!("{} ({}): {text}", self.id, self.source)
    }
}

/// An entry of `request.json` or `base_string.json`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestVector {
    method: String,
    url: String,
    #[serde(default)]
    query_params: Vec<(String, String)>,
    body: Option<String>,
    body_params: Option<Vec<(String, String)>>,
    content_type: Option<String>,
    consumer_key: Option<String>,
    #[serde(default)]
    consumer_secret: String,
    token: Option<String>,
    #[serde(default)]
    token_secret: String,
    realm: Option<String>,
    callback: Option<String>,
    verifier: Option<String>,
    nonce: Option<String>,
    timestamp: Option<String>,
    signature_method: Option<String>,
    private_key: Option<String>,
    #[serde(default)]
    version_param_included: bool,
    #[serde(default)]
    extra_oauth_params: Vec<(String, String)>,
    #[serde(default)]
    single_encoding: bool,
    #[serde(skip)]
    signs_with_single_encoding: bool,
    expected_signing_key: Option<String>,
    expected_normalized_params: Option<String>,
    expected_base_string: Option<String>,
    expected_signature: Option<String>,
    expected_authorization_header: Option<String>,
    expected_body_hash: Option<String>,
    expected_url: Option<String>,
    expected_body: Option<String>,
}

/// What the core gives for an expectation.
type Ours = fn(&RequestVector) -> Result<String, Error>;

/// Takes out of a value what does not matter when it is compared.
type Comparable = fn(&str) -> String;

impl Vector for RequestVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let table: [(&'static str, &Option<String>, Ours, Comparable); 8] = [
            ("signing key", &self.expected_signing_key, |it| Ok(it.signing_key()), exactly),
            ("parameters", &self.expected_normalized_params, Self::normalized_params, exactly),
            ("base string", &self.expected_base_string, Self::base_string, exactly),
            ("signature", &self.expected_signature, Self::signature, exactly),
            ("header", &self.expected_authorization_header, Self::header, unordered_header),
            ("body hash", &self.expected_body_hash, |it| Ok(it.body_hash()), exactly),
            ("URL", &self.expected_url, Self::signed_uri, unordered_path_and_query),
            ("body", &self.expected_body, Self::signed_form, unordered_form),
        ];
        let mut comparisons = Vec::new();
        for (subject, published, ours, comparable) in table {
            if let Some(published) = published {
                let ours = comparable(&ours(self)?);
                comparisons.push(Comparison::new(subject, &comparable(published), ours));
            }
        }
        Ok(comparisons)
    }
}

impl SignatureVector for RequestVector {
    fn signature(&self) -> Result<String, Error> {
        let header = self.header()?;
        let (_, rest) = header.split_once("oauth_signature=\"").unwrap();
        let (signature, _) = rest.split_once('"').unwrap();
        Ok(decoded(signature.as_bytes()))
    }

    fn secrets(&mut self) -> [&mut String; 2] {
        [&mut self.consumer_secret, &mut self.token_secret]
    }

    fn private_key(&self) -> Option<PrivateKey> {
        self.private_key.as_deref().map(read_private_key)
    }
}

impl RequestVector {
    fn signing_key(&self) -> String {
        joined_secrets(&self.consumer_secret, &self.token_secret)
    }

    /// All of these entries are hashed with SHA-1.
    fn body_hash(&self) -> String {
        hashed(BodyHash::sha1(), self.body.as_deref().unwrap_or_default())
    }

    fn normalized_params(&self) -> Result<String, Error> {
        let base_string = self.base_string()?;
        let (_, encoded) = base_string.rsplit_once('&').unwrap();
        Ok(decoded(encoded.as_bytes()))
    }

    fn base_string(&self) -> Result<String, Error> {
        let signer = Signer::new(self.configuration(Placement::Header)?)?;
        let (uri, form) = (self.uri(), self.form());
        let request = self.request(&uri, form.as_deref());
        let base_string = signer.base_string(&request, self.nonce(), self.time())?;
        Ok(String::from_utf8(base_string).unwrap())
    }

    fn header(&self) -> Result<String, Error> {
        match self.sign(Placement::Header)? {
            Signed::Header(header) => Ok(header),
            other => panic!("expected a header, got {other:?}"),
        }
    }

    /// PLAINTEXT is refused in the query: there, what the header holds is put into it.
    fn signed_uri(&self) -> Result<String, Error> {
        let is_plaintext = self.signature_method()? == SignatureMethod::Plaintext;
        match self.sign(Placement::Query) {
            Ok(Signed::Uri(uri)) if !is_plaintext => Ok(uri),
            Err(error) if !is_plaintext => Err(error),
            Err(Error::PlaintextInQuery) if is_plaintext => {
                let header = self.header()?;
                let parameters = header_parameters(&header).join("&").replace('"', "");
                Ok(with_query(&self.uri(), &parameters))
            }
            other => panic!("expected a URI, a refusal for PLAINTEXT, got {other:?}"),
        }
    }

    fn signed_form(&self) -> Result<String, Error> {
        match self.sign(Placement::Body)? {
            Signed::Form(form) => Ok(String::from_utf8(form).unwrap()),
            other => panic!("expected a form, got {other:?}"),
        }
    }

    fn sign(&self, placement: Placement) -> Result<Signed, Error> {
        let (uri, form) = (self.uri(), self.form());
        let request = self.request(&uri, form.as_deref());
        Signer::new(self.configuration(placement)?)?.sign(&request, self.nonce(), self.time())
    }

    fn configuration(&self, placement: Placement) -> Result<Configuration, Error> {
        Ok(Configuration {
            credentials: Credentials {
                client_key: self.consumer_key.clone().unwrap_or_default(),
                client_secret: self.consumer_secret.clone().into(),
                private_key: self.private_key(),
                token: self.token.clone(),
                token_secret: self.token_secret.clone().into(),
            },
            method: self.signature_method()?,
            placement,
            realm: self.realm.clone(),
            callback: self.callback.clone(),
            verifier: self.verifier.clone().map(Into::into),
            protocol_parameters: self.protocol_parameters(),
            single_encoding: self.signs_with_single_encoding,
            allow_insecure_plaintext: true,
            allow_plaintext_in_query: false,
        })
    }

    /// A request without a client identifier does not name its signature method either.
    fn sends_signature_method(&self) -> bool {
        self.signature_method.is_some() && self.consumer_key.is_some()
    }

    /// The method to sign with; any will do for an entry that has only a base string, and neither
    /// method nor key.
    fn signature_method(&self) -> Result<SignatureMethod, Error> {
        match self.signature_method.as_deref() {
            Some(name) if !name.starts_with("RSA") || self.private_key.is_some() => {
                SignatureMethod::from_name(name)
            }
            _ => Ok(SignatureMethod::HmacSha1),
        }
    }

    /// Takes out what the published request has not, names its method, and adds what it has beyond that, but for the
    /// body hash, which belongs to the request.
    fn protocol_parameters(&self) -> Vec<(String, Option<Zeroizing<String>>)> {
        let absent = [
            ("oauth_consumer_key", self.consumer_key.is_none()),
            ("oauth_nonce", self.nonce.is_none()),
            ("oauth_timestamp", self.timestamp.is_none()),
            ("oauth_signature_method", !self.sends_signature_method()),
            ("oauth_version", !self.version_param_included),
        ];
        let removed = absent.into_iter().filter(|(_, is_absent)| *is_absent);
        let named = self.signature_method.clone().filter(|_| self.sends_signature_method());
        let added = self.extra_oauth_params.iter().filter(|(name, _)| name != "oauth_body_hash");
        removed
            .map(|(name, _)| (name.to_owned(), None))
            .chain(named.map(|name| ("oauth_signature_method".to_owned(), Some(name))))
            .chain(added.cloned().map(|(name, value)| (name, Some(value))))
            .map(|(name, value)| (name, value.map(Zeroizing::new)))
            .collect()
    }

    fn request<'a>(&'a self, uri: &'a str, form: Option<&'a [u8]>) -> Request<'a> {
        let mut parameters = self.extra_oauth_params.iter();
        let body_hash = parameters.find(|(name, _)| name == "oauth_body_hash");
        Request {
            method: &self.method,
            uri,
            form,
            body_hash: body_hash.map(|(_, value)| value.as_str()),
            ..Request::default()
        }
    }

    fn uri(&self) -> String {
        if self.query_params.is_empty() {
            self.url.clone()
        } else {
            with_query(&self.url, &form_encoded(&self.query_params))
        }
    }

    fn form(&self) -> Option<Vec<u8>> {
        let is_form = self.content_type.as_deref() == Some("application/x-www-form-urlencoded");
        match (&self.body_params, &self.body) {
            (Some(parameters), None) => Some(form_encoded(parameters).into_bytes()),
            (None, Some(body)) if is_form => Some(body.clone().into_bytes()),
            (None, _) => None,
            (Some(_), Some(_)) => panic!("body and body_params exclude each other"),
        }
    }

    fn nonce(&self) -> &str {
        self.nonce.as_deref().unwrap_or_default()
    }

    fn time(&self) -> &str {
        self.timestamp.as_deref().unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseUriVector {
    url: String,
    expected_base_uri: String,
}

impl Vector for BaseUriVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let mut encoded = Vec::new();
        Uri::parse(&self.url)?.write_base_string_uri(None, &mut encoded)?;
        Ok(vec![Comparison::new("base string URI", &self.expected_base_uri, decoded(&encoded))])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NormalizeParamsVector {
    input: Vec<(String, String)>,
    expected_normalized_params: String,
}

impl Vector for NormalizeParamsVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let form = form_encoded(&self.input);
        let request = Request {
            method: "POST",
            uri: "https://a.example/",
            form: Some(form.as_bytes()),
            ..Request::default()
        };
        let base_string = signer_without_parameters()?.base_string(&request, "", "")?;
        let encoded = base_string.rsplit(|&byte| byte == b'&').next().unwrap();
        let published = &self.expected_normalized_params;
        Ok(vec![Comparison::new("normalized parameters", published, decoded(encoded))])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PercentEncodeVector {
    input: String,
    expected_output: String,
}

impl Vector for PercentEncodeVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let mut encoded = Vec::new();
        percent::encode(self.input.as_bytes(), &mut encoded);
        let ours = String::from_utf8(encoded).unwrap();
        Ok(vec![Comparison::new("percent-encoding", &self.expected_output, ours)])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyHashVector {
    body: String,
    hash_algorithm: HashAlgorithm,
    expected_body_hash: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum HashAlgorithm {
    Sha1,
    Sha256,
}

impl Vector for BodyHashVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let hash = match self.hash_algorithm {
            HashAlgorithm::Sha1 => BodyHash::sha1(),
            HashAlgorithm::Sha256 => BodyHash::sha256(),
        };
        let ours = hashed(hash, &self.body);
        Ok(vec![Comparison::new("body hash", &self.expected_body_hash, ours)])
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignTextVector {
    #[serde(default)]
    consumer_secret: String,
    #[serde(default)]
    token_secret: String,
    private_key: Option<String>,
    signature_method: String,
    /// PLAINTEXT signs no text.
    #[serde(default)]
    input: String,
    expected_signature: String,
}

impl Vector for SignTextVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        Ok(vec![Comparison::new("signature", &self.expected_signature, self.signature()?)])
    }
}

impl SignatureVector for SignTextVector {
    fn signature(&self) -> Result<String, Error> {
        let method = SignatureMethod::from_name(&self.signature_method)?;
        let credentials = Credentials {
            client_secret: self.consumer_secret.clone().into(),
            private_key: self.private_key(),
            token_secret: self.token_secret.clone().into(),
            ..Credentials::default()
        };
        sign(method, &credentials, &self.input)
    }

    fn secrets(&mut self) -> [&mut String; 2] {
        [&mut self.consumer_secret, &mut self.token_secret]
    }

    fn private_key(&self) -> Option<PrivateKey> {
        self.private_key.as_deref().map(read_private_key)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SigningKeyVector {
    consumer_secret: String,
    token_secret: String,
    expected_signing_key: String,
}

impl Vector for SigningKeyVector {
    fn comparisons(&self) -> Result<Vec<Comparison>, Error> {
        let ours = joined_secrets(&self.consumer_secret, &self.token_secret);
        Ok(vec![Comparison::new("signing key", &self.expected_signing_key, ours)])
    }
}

/// All entries of a kind, after checking what the README says about every file.
fn read<V: Vector>(kind: &str) -> Vec<(Provenance, V)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let text = fs::read_to_string(folder.join(kind).with_extension("json")).unwrap();
    let objects: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap();
    let entries: Vec<(Provenance, V)> = objects.into_iter().map(split_entry).collect();
    assert!(!entries.is_empty(), "{kind}.json has no entries");
    assert!(
        entries.is_sorted_by(|(left, _), (right, _)| left.id < right.id),
        "{kind}.json is not sorted by id, or has an id twice"
    );
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let row = readme_row(kind, &entries);
    assert!(readme.contains(&row), "tests/vectors/README.md does not count: {row}");
    entries
}

/// An entry's provenance and its vector, without what only a reader needs.
fn split_entry<V: Vector>(mut object: Map<String, Value>) -> (Provenance, V) {
    let id = object["id"].to_string();
    object.retain(|name, _| name != "notes" && name != "oauthlib_reason");
    let (provenance, vector): (Map<_, _>, Map<_, _>) = object
        .into_iter()
        .partition(|(name, _)| ["id", "source", "conformance", "reason"].contains(&name.as_str()));
    (parse(&id, provenance), parse(&id, vector))
}

fn parse<T: DeserializeOwned>(id: &str, object: Map<String, Value>) -> T {
    serde_json::from_value(Value::Object(object)).unwrap_or_else(|error| panic!("{id}: {error}"))
}

fn readme_row<V>(kind: &str, entries: &[(Provenance, V)]) -> String {
    let count = |conformance: Conformance| {
        entries.iter().filter(|(provenance, _)| provenance.conformance == conformance).count()
    };
    let (rfc, divergent) = (count(Conformance::Rfc), count(Conformance::Divergent));
    format!("| `{kind}.json` | {rfc} | {divergent} | {} |", count(Conformance::Erroneous))
}

fn sign(method: SignatureMethod, credentials: &Credentials, text: &str) -> Result<String, Error> {
    let key = SigningKey::new(method, credentials)?;
    let signature = key.sign(|sink| {
        sink(text.as_bytes());
        Ok(())
    });
    signature.map(Cow::into_owned)
}

/// Section 3.4.2's key, which section 3.4.4 sends as the signature.
fn joined_secrets(client_secret: &str, token_secret: &str) -> String {
    let credentials = Credentials {
        client_secret: client_secret.to_owned().into(),
        token_secret: token_secret.to_owned().into(),
        ..Credentials::default()
    };
    sign(SignatureMethod::Plaintext, &credentials, "").unwrap()
}

/// Signs requests that have no parameters but their own.
fn signer_without_parameters() -> Result<Signer, Error> {
    let names = ["consumer_key", "nonce", "signature_method", "timestamp", "version"];
    Signer::new(Configuration {
        credentials: Credentials::default(),
        method: SignatureMethod::HmacSha1,
        placement: Placement::Header,
        realm: None,
        callback: None,
        verifier: None,
        protocol_parameters: names.map(|name| (format!("oauth_{name}"), None)).to_vec(),
        single_encoding: false,
        allow_insecure_plaintext: false,
        allow_plaintext_in_query: false,
    })
}

fn read_private_key(name: &str) -> PrivateKey {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/keys");
    let pem = fs::read(folder.join(name).with_extension("pem")).unwrap();
    PrivateKey::from_pem(&pem, None).unwrap()
}

fn hashed(mut hash: BodyHash, body: &str) -> String {
    hash.update(body.as_bytes());
    hash.finish()
}

fn with_query(uri: &str, query: &str) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{query}")
}

fn form_encoded(parameters: &[(String, String)]) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = parameters.iter().map(|(name, value)| (encode(name), encode(value)));
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn decoded(text: &[u8]) -> String {
    percent_decode(text).decode_utf8().unwrap().into_owned()
}

fn exactly(text: &str) -> String {
    text.to_owned()
}

/// The parameters, one a line and sorted; realm must come first and stays there.
fn unordered_header(header: &str) -> String {
    let mut parameters = header_parameters(header);
    let protocol = usize::from(parameters[0].starts_with("realm="));
    parameters[protocol..].sort_unstable();
    parameters.join("\n")
}

fn header_parameters(header: &str) -> Vec<&str> {
    header.strip_prefix("OAuth ").unwrap().split(',').map(str::trim).collect()
}

/// Path and query with its pieces sorted: some sources print no more of the URL.
fn unordered_path_and_query(url: &str) -> String {
    let path_start = url.find("://").map_or(0, |scheme_end| {
        let authority = scheme_end + "://".len();
        url[authority..].find('/').map_or(url.len(), |length| authority + length)
    });
    let (path, query) = url[path_start..].split_once('?').unwrap();
    format!("{path}?{}", unordered_form(query))
}

fn unordered_form(form: &str) -> String {
    let mut pieces: Vec<_> = form.split('&').collect();
    pieces.sort_unstable();
    pieces.join("&")
}
