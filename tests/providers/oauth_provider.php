<?php

// A three-legged provider made of PECL's OAuthProvider, which verifies. Run by `php -S`.
//
// PROVIDER in the environment is JSON: clients and tokens with their secrets, users with their
// passwords. State is kept in the file that STATE names, as every request is a program of its own.
// Every path but those of the flow is a protected resource.

declare(strict_types=1);

$settings = json_decode(getenv('PROVIDER'), true);
$file = getenv('STATE');
// `php -S` answers one request after the other: nothing writes meanwhile.
$state = is_file($file)
    ? unserialize(file_get_contents($file))
    : ['temporary' => [], 'tokens' => [], 'nonces' => []];
register_shutdown_function(function () use (&$state, $file) {
    file_put_contents($file, serialize($state));
});

foreach ($settings['tokens'] as $token => $secret) {
    $state['tokens'][$token] ??= ['secret' => $secret, 'user' => 'nobody'];
}

function unique(): string
{
    return bin2hex(random_bytes(16));
}

function page(string $title, string $body = ''): never
{
    exit("<!doctype html><html lang=\"en\"><title>$title</title><h1>$title</h1>$body");
}

/** Whether there is a token: the library leaves it to the application to ask for one. */
function hasToken(): bool
{
    $header = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
    return str_contains($header, 'oauth_token=')
        || isset($_GET['oauth_token'])
        || isset($_POST['oauth_token']);
}

/** The request, verified by OAuthProvider; `$kind` says which one it is. */
function verified(string $kind): OAuthProvider
{
    global $settings, $state;
    try {
        $provider = new OAuthProvider();
        $provider->consumerHandler(function (OAuthProvider $provider) use ($settings): int {
            $secret = $settings['clients'][$provider->consumer_key] ?? null;
            if ($secret === null) {
                return OAUTH_CONSUMER_KEY_UNKNOWN;
            }
            $provider->consumer_secret = $secret;
            return OAUTH_OK;
        });
        $provider->timestampNonceHandler(function (OAuthProvider $provider) use (&$state): int {
            $used = "$provider->timestamp $provider->nonce";
            if (isset($state['nonces'][$used])) {
                return OAUTH_BAD_NONCE;
            }
            $state['nonces'][$used] = true;
            return OAUTH_OK;
        });
        $provider->tokenHandler(function (OAuthProvider $provider) use ($kind, &$state): int {
            $credentials = $state[$kind][$provider->token] ?? null;
            if ($credentials === null) {
                return OAUTH_TOKEN_REJECTED;
            }
            if ($kind === 'temporary' && ($credentials['verifier'] ?? '') !== $provider->verifier) {
                return OAUTH_VERIFIER_INVALID;
            }
            $provider->token_secret = $credentials['secret'];
            return OAUTH_OK;
        });
        if ($kind === 'client') {
            $provider->isRequestTokenEndpoint(true);
        } elseif ($kind === 'tokens' && !hasToken()) {
            $provider->is2LeggedEndpoint(true);
        }
        $scheme = $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? 'http';
        $provider->checkOAuthRequest("$scheme://$_SERVER[HTTP_HOST]$_SERVER[REQUEST_URI]");
        return $provider;
    } catch (OAuthException $error) {
        http_response_code(401);
        header('Content-Type: application/x-www-form-urlencoded');
        exit(OAuthProvider::reportProblem($error));
    }
}

/** Makes credentials of a kind, answers with them, and ends. */
function issue(string $kind, array $details, string $extra = ''): never
{
    global $state;
    $token = unique();
    $secret = unique();
    $state[$kind][$token] = ['secret' => $secret] + $details;
    header('Content-Type: application/x-www-form-urlencoded');
    exit("oauth_token=$token&oauth_token_secret=$secret$extra");
}

function requestToken(): never
{
    $callback = verified('client')->callback;
    issue('temporary', ['callback' => $callback], '&oauth_callback_confirmed=true');
}

function logIn(): never
{
    global $settings;
    $user = $_POST['user'];
    if (($settings['users'][$user] ?? null) !== $_POST['password']) {
        http_response_code(403);
        page('Wrong password');
    }
    $_SESSION['user'] = $user;
    redirect('/authorize?oauth_token=' . rawurlencode($_POST['then']));
}

function ask(): never
{
    global $state;
    $token = $_GET['oauth_token'] ?? '';
    if (!isset($state['temporary'][$token])) {
        http_response_code(404);
        page('No such request');
    }
    if (!isset($_SESSION['user'])) {
        page('Log in', '<form method="post" action="/login">'
            . "<input type=\"hidden\" name=\"then\" value=\"$token\">"
            . '<label>User <input name="user"></label>'
            . '<label>Password <input name="password" type="password"></label>'
            . '<button>Log in</button></form>');
    }
    page('Allow access?', '<form method="post" action="/decision">'
        . "<input type=\"hidden\" name=\"oauth_token\" value=\"$token\">"
        . '<button name="decision" value="allow">Allow</button>'
        . '<button name="decision" value="deny">Deny</button></form>');
}

function decide(): never
{
    global $state;
    $token = $_POST['oauth_token'];
    $temporary = $state['temporary'][$token];
    if (isset($_SESSION['user']) && $_POST['decision'] === 'allow') {
        $verifier = unique();
        $state['temporary'][$token] += ['verifier' => $verifier, 'user' => $_SESSION['user']];
        $answer = "oauth_token=$token&oauth_verifier=$verifier";
    } else {
        unset($state['temporary'][$token]);
        // As Twitter has it.
        $answer = "denied=$token";
    }
    if ($temporary['callback'] === 'oob') {
        isset($verifier)
            ? page('Allowed', "Type this into the application: <code>$verifier</code>")
            : page('Denied');
    }
    redirect($temporary['callback'] . (str_contains($temporary['callback'], '?') ? '&' : '?') . $answer);
}

function accessToken(): never
{
    global $state;
    $temporary = verified('temporary')->token;
    $user = $state['temporary'][$temporary]['user'];
    unset($state['temporary'][$temporary]);
    issue('tokens', ['user' => $user]);
}

function protectedResource(): never
{
    global $state;
    $provider = verified('tokens');
    header('Content-Type: application/json');
    exit(json_encode([
        'user' => $state['tokens'][$provider->token]['user'] ?? 'nobody',
        'method' => $_SERVER['REQUEST_METHOD'],
        'body' => $_POST ?: json_decode(file_get_contents('php://input')) ?? (object) [],
    ]));
}

function redirect(string $location): never
{
    http_response_code(303);
    header("Location: $location");
    exit;
}

session_start();
match (strtok($_SERVER['REQUEST_URI'], '?')) {
    '/request_token' => requestToken(),
    '/login' => logIn(),
    '/authorize' => ask(),
    '/decision' => decide(),
    '/access_token' => accessToken(),
    default => protectedResource(),
};
