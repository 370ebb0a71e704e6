//! What each stage of a signature costs, and what the other signer in Rust takes for all of them.

use std::borrow::Cow;

use divan::{Bencher, black_box};
use oauth1_rs::percent;
use oauth1_rs::signature::{SignatureMethod, SigningKey};
use oauth1_rs::uri::Uri;
use oauth1_rs_benches::{GET, NONCE, TIMESTAMP, credentials, form, get, post, signer};

fn main() {
    divan::main();
}

#[divan::bench]
fn encode_a_nonce() -> String {
    let mut output = String::with_capacity(64);
    percent::encode_text(black_box(NONCE), &mut output);
    output
}

#[divan::bench]
fn decode_and_encode_a_query() -> Vec<u8> {
    let mut output = Vec::with_capacity(256);
    let (_, query) = GET.split_once('?').unwrap_or_default();
    percent::recode_form_twice(black_box(query.as_bytes()), b"", &mut output);
    output
}

#[divan::bench]
fn base_string_uri() -> Vec<u8> {
    let mut output = Vec::with_capacity(256);
    let uri = Uri::parse(black_box(GET)).expect("a URI");
    uri.write_base_string_uri(None, &mut output).expect("a host");
    output
}

#[divan::bench]
fn base_string(bencher: Bencher<'_, '_>) {
    let signer = signer(SignatureMethod::HmacSha1);
    bencher.bench_local(|| signer.base_string(black_box(&get()), NONCE, TIMESTAMP));
}

#[divan::bench(args = [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256, SignatureMethod::HmacSha512])]
fn mac_of_a_base_string(bencher: Bencher<'_, '_>, method: SignatureMethod) {
    let signer = signer(method);
    let base_string = signer.base_string(&get(), NONCE, TIMESTAMP).expect("a base string");
    let key = SigningKey::new(method, &credentials()).expect("a key");
    bencher.bench_local(|| {
        key.sign(|sink| {
            sink(black_box(&base_string));
            Ok(())
        })
        .map(Cow::into_owned)
    });
}

#[divan::bench]
fn all_but_the_mac(bencher: Bencher<'_, '_>) {
    let signer = signer(SignatureMethod::Plaintext);
    bencher.bench_local(|| signer.sign(black_box(&get()), NONCE, TIMESTAMP));
}

#[divan::bench]
fn all_of_a_get(bencher: Bencher<'_, '_>) {
    let signer = signer(SignatureMethod::HmacSha1);
    bencher.bench_local(|| signer.sign(black_box(&get()), NONCE, TIMESTAMP));
}

#[divan::bench(args = [10, 1_000, 100_000, 1_000_000])]
fn all_of_a_form(bencher: Bencher<'_, '_>, fields: usize) {
    let signer = signer(SignatureMethod::HmacSha1);
    let form = form(fields);
    bencher.bench_local(|| signer.sign(black_box(&post(&form)), NONCE, TIMESTAMP));
}

#[divan::bench]
fn nonce() -> Result<oauth1_rs::nonce::Nonce, oauth1_rs::error::Error> {
    oauth1_rs::nonce::nonce()
}

/// A GET with the same parameters by oauth1-request.
#[divan::bench]
fn all_of_a_get_by_oauth1_request(bencher: Bencher<'_, '_>) {
    let (uri, query) = GET.split_once('?').unwrap_or_default();
    let pairs: Vec<(&str, &str)> =
        query.split('&').filter_map(|piece| piece.split_once('=')).collect();
    let parameters = oauth1_request::ParameterList::new(pairs);
    let own = credentials();
    let token = own.token.unwrap_or_default();
    let token = oauth1_request::Token::from_parts(
        own.client_key.as_str(),
        own.client_secret.as_str(),
        token.as_str(),
        own.token_secret.as_str(),
    );
    bencher.bench_local(|| {
        oauth1_request::get(black_box(uri), &parameters, &token, oauth1_request::HMAC_SHA1)
    });
}
