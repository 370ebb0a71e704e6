// Signs with node-oauth1: reads requests as JSON lines, answers with the header for each.
"use strict";

const readline = require("node:readline");
const OAuth = require("node-oauth1");

function authorization(request) {
  const protocol = {
    oauth_consumer_key: request.client_key,
    oauth_token: request.token,
    oauth_signature_method: request.signature_method,
    oauth_timestamp: request.timestamp,
    oauth_nonce: request.nonce,
    oauth_version: "1.0",
    oauth_callback: request.callback,
    oauth_verifier: request.verifier,
  };
  const message = {
    method: request.method,
    action: request.url,
    parameters: [
      ...OAuth.decodeForm(request.form ?? ""),
      ...Object.entries(protocol).filter(([, value]) => value !== null),
    ],
  };
  OAuth.SignatureMethod.sign(message, {
    consumerSecret: request.client_secret,
    tokenSecret: request.token_secret,
    privateKey: request.private_key,
  });
  const signed = message.parameters.filter(([name]) => name.startsWith("oauth_"));
  return OAuth.getAuthorizationHeader(request.realm, signed);
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try {
    answer = { authorization: authorization(JSON.parse(line)) };
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
});
