//! Signs one kind of request over and over, for a profiler that counts instructions.
//! PLAINTEXT: without the hash, which is other people's code.

use std::env;
use std::hint::black_box;

use oauth1_rs::signature::SignatureMethod;
use oauth1_rs_benches::{NONCE, TIMESTAMP, form, get, post, signer};

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, case, count] = &arguments[..] else { panic!("usage: instructions CASE COUNT") };
    let signer = signer(SignatureMethod::Plaintext);
    let form = form(if case == "large-form" { 1000 } else { 10 });
    let request = if case == "get" { get() } else { post(&form) };
    for _ in 0..count.parse().expect("a number") {
        black_box(signer.sign(black_box(&request), NONCE, TIMESTAMP).expect("a signature"));
    }
}
