// A three-legged provider made of express, oauthorize and passport-http-oauth, which verifies.
//
// PROVIDER in the environment is JSON: clients and tokens with their secrets, users with their
// passwords. Prints its address; all state is in memory. Every path but those of the flow is a
// protected resource.
"use strict";

const crypto = require("node:crypto");
const express = require("express");
const session = require("express-session");
const oauthorize = require("oauthorize");
const { Passport } = require("passport");
const { ConsumerStrategy, TokenStrategy } = require("passport-http-oauth");

const { clients, tokens, users } = JSON.parse(process.env.PROVIDER);
// Maps, not objects: names of clients and tokens come from requests.
const clientSecrets = new Map(Object.entries(clients));
const tokenCredentials = new Map(
  Object.entries(tokens).map(([token, secret]) => [token, { secret, user: "nobody" }]),
);
const temporaryCredentials = new Map();
const nonces = new Set();
const unique = () => crypto.randomBytes(16).toString("hex");

const findClient = (key, done) => {
  const secret = clientSecrets.get(key);
  done(null, secret === undefined ? false : { id: key }, secret);
};
const checkNonce = (timestamp, nonce, done) => {
  const isFresh = !nonces.has(timestamp + nonce);
  nonces.add(timestamp + nonce);
  done(null, isFresh);
};

const passport = new Passport();
passport.use(
  "consumer",
  new ConsumerStrategy(
    findClient,
    (token, done) => {
      const temporary = temporaryCredentials.get(token);
      done(null, temporary?.secret);
    },
    checkNonce,
  ),
);
passport.use(
  "token",
  new TokenStrategy(
    findClient,
    (token, done) => {
      const credentials = tokenCredentials.get(token);
      done(null, credentials?.user, credentials?.secret);
    },
    checkNonce,
  ),
);
const signedByClient = passport.authenticate("consumer", { session: false });
const signedForUser = passport.authenticate("token", { session: false });

const server = oauthorize.createServer();
server.serializeClient((client, done) => done(null, client.id));
server.deserializeClient((id, done) => done(null, { id }));

const app = express();
app.use(session({ secret: unique(), resave: false, saveUninitialized: false }));
app.use(passport.initialize(), express.urlencoded({ extended: false }), express.json());

const page = (title, body) =>
  `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}`;
// A token of this server's own making, which is all that its pages repeat.
const form = (action, fields) => `<form method="post" action="${action}">${fields}</form>`;

app.post(
  "/request_token",
  signedByClient,
  server.requestToken((client, callback, done) => {
    const token = unique();
    const secret = unique();
    temporaryCredentials.set(token, { secret, client: client.id, callback });
    done(null, token, secret);
  }),
);

app.post("/login", (request, response) => {
  const { user, password, then } = request.body;
  if (!Object.hasOwn(users, user) || users[user] !== password) {
    response.status(403).send(page("Wrong password", ""));
    return;
  }
  request.session.user = user;
  response.redirect(303, `/authorize?oauth_token=${encodeURIComponent(then)}`);
});

app.get(
  "/authorize",
  (request, response, next) => {
    const token = request.query.oauth_token;
    if (!temporaryCredentials.has(token)) {
      response.status(404).send(page("No such request", ""));
    } else if (request.session.user === undefined) {
      const fields =
        `<input type="hidden" name="then" value="${token}">` +
        '<label>User <input name="user"></label>' +
        '<label>Password <input name="password" type="password"></label>' +
        "<button>Log in</button>";
      response.send(page("Log in", form("/login", fields)));
    } else {
      next();
    }
  },
  server.userAuthorization((token, done) => {
    const { client, callback } = temporaryCredentials.get(token);
    done(null, { id: client }, callback);
  }),
  (request, response) => {
    const fields =
      `<input type="hidden" name="transaction_id" value="${request.oauth.transactionID}">` +
      "<button>Allow</button>" +
      '<button name="cancel" value="yes">Deny</button>';
    response.send(page("Allow access?", form("/decision", fields)));
  },
);

app.post(
  "/decision",
  (request, response, next) => {
    request.user = request.session.user;
    next();
  },
  server.userDecision({}, (token, user, done) => {
    const temporary = temporaryCredentials.get(token);
    temporary.user = user;
    temporary.verifier = unique();
    done(null, temporary.verifier);
  }),
  (request, response) => {
    // Only without a callback: otherwise oauthorize has redirected.
    const { verifier } = request.oauth;
    response.send(
      verifier === undefined
        ? page("Denied", "")
        : page("Allowed", `Type this into the application: <code>${verifier}</code>`),
    );
  },
);

app.post(
  "/access_token",
  signedByClient,
  server.accessToken(
    (token, verifier, done) => {
      const expected = temporaryCredentials.get(token).verifier;
      done(null, expected !== undefined && expected === verifier);
    },
    (client, temporaryToken, done) => {
      const { user } = temporaryCredentials.get(temporaryToken);
      temporaryCredentials.delete(temporaryToken);
      const token = unique();
      const secret = unique();
      tokenCredentials.set(token, { secret, user });
      done(null, token, secret);
    },
  ),
);

app.use(
  (request, response, next) => {
    // The library has a strategy for each, and leaves it to the application to tell them apart.
    const isForUser =
      /\boauth_token=/.test(request.headers.authorization) ||
      "oauth_token" in request.query ||
      "oauth_token" in (request.body ?? {});
    (isForUser ? signedForUser : signedByClient)(request, response, next);
  },
  (request, response) => {
    const { user, method, body } = request;
    response.json({ user: user.id ?? user, method, body: body ?? {} });
  },
);

// What passport or oauthorize throw at a request that they cannot read.
app.use((error, request, response, next) => {
  response.status(400).json({ reason: error.message });
});

const listener = app.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${listener.address().port}`);
});
