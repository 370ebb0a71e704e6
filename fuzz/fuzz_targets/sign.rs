//! A signature never panics, changes no byte that is not its own, belongs to the request as it is
//! sent, and to no other. An error shows no secret.
#![no_main]

use fuzz::input::{Input, is_rsa};
use fuzz::server::Received;
use libfuzzer_sys::fuzz_target;
use oauth1_rs::error::Error;
use oauth1_rs::sign::{Request, Signed, Signer};
use oauth1_rs::signature::SignatureMethod;

/// No hexadecimal digit: within an escape it breaks it, elsewhere it is one more character.
const INTRUDER: char = 'x';

fuzz_target!(|data: &[u8]| {
    let input = Input::read(data);
    let request = input.request();
    let result = Signer::new(input.configuration())
        .and_then(|signer| signer.sign(&request, input.nonce(), input.timestamp()));
    let signed = match result {
        Ok(signed) => signed,
        Err(error) => return check_error(&input, &error),
    };
    let received = send(&request, &signed);
    let method = input.signature_method();
    received.verify(method, input.client_secret(), input.token_secret()).expect("it is accepted");
    if method != SignatureMethod::Plaintext {
        check_tampering(&input, &received, data.len());
    }
});

/// The request as it goes out, which is as it was but for what signing adds.
fn send(request: &Request<'_>, signed: &Signed) -> Received {
    let mut received = Received {
        method: request.method.to_owned(),
        uri: request.uri.to_owned(),
        host: request.host.map(str::to_owned),
        authorization: None,
        form: request.form.map(<[u8]>::to_vec),
    };
    match signed {
        Signed::Header(header) => {
            assert!(header.chars().all(|it| it == ' ' || it.is_ascii_graphic()), "{header:?}");
            received.authorization = Some(header.clone());
        }
        Signed::Uri(uri) => {
            let (resource, fragment) =
                request.uri.split_at(request.uri.find('#').unwrap_or(request.uri.len()));
            let added = uri.strip_prefix(resource).and_then(|it| it.strip_suffix(fragment));
            check_added(added.expect("the rest stays").as_bytes());
            received.uri.clone_from(uri);
        }
        Signed::Form(form) => {
            let before = request.form.expect("without a form it would have been refused");
            check_added(form.strip_prefix(before).expect("the rest stays"));
            received.form = Some(form.clone());
        }
    }
    received
}

fn check_added(added: &[u8]) {
    let is_plain = |&byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%&=?".contains(&byte);
    assert!(added.iter().all(is_plain), "{}", added.escape_ascii());
}

fn check_tampering(input: &Input<'_>, received: &Received, place: usize) {
    let method = input.signature_method();
    let (secret, token_secret) = (input.client_secret(), input.token_secret());
    let refuse = |received: &Received, what| {
        assert!(received.verify(method, secret, token_secret).is_err(), "{what} may be changed");
    };
    let longer = |text: &str| format!("{text}{INTRUDER}");
    for (secret, token_secret) in
        [(&*longer(secret), token_secret), (secret, &*longer(token_secret))]
    {
        let is_accepted = received.verify(method, secret, token_secret).is_ok();
        assert_eq!(is_accepted, is_rsa(method), "whether the secret is used");
    }
    refuse(&Received { method: longer(&received.method), ..received.clone() }, "the method");
    let uri = &received.uri;
    let end = uri.find('#').unwrap_or(uri.len());
    let query = uri[..end].find('?').unwrap_or(end);
    let authority = uri.find("://").expect("it is absolute") + 3;
    if let Some(path) = uri[authority..query].find('/') {
        let uri = with_intruder(uri, authority + path + 1, query, place);
        refuse(&Received { uri, ..received.clone() }, "the path");
    }
    if query < end {
        let uri = with_intruder(uri, query + 1, end, place);
        refuse(&Received { uri, ..received.clone() }, "the query");
    }
    if let Some(form) = &received.form {
        let mut form = form.clone();
        form.insert(place % (form.len() + 1), INTRUDER as u8);
        refuse(&Received { form: Some(form), ..received.clone() }, "the form");
    }
}

/// `uri` with one more character somewhere from `start` to `end`.
fn with_intruder(uri: &str, start: usize, end: usize, place: usize) -> String {
    let mut position = start + place % (end - start + 1);
    while !uri.is_char_boundary(position) {
        position -= 1;
    }
    let mut uri = uri.to_owned();
    uri.insert(position, INTRUDER);
    uri
}

/// With other secrets the text is the same: it shows nothing of them.
fn check_error(input: &Input<'_>, error: &Error) {
    let mut configuration = input.configuration();
    configuration.credentials.client_secret.push(INTRUDER);
    configuration.credentials.token_secret.push(INTRUDER);
    let other = Signer::new(configuration)
        .and_then(|signer| signer.sign(&input.request(), input.nonce(), input.timestamp()))
        .expect_err("no secret is wrong or right by its last character");
    assert_eq!(format!("{error} {error:?}"), format!("{other} {other:?}"));
}
