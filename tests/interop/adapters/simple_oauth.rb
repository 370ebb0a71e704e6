# Signs and verifies with simple_oauth: reads requests as JSON lines, answers each.

require "json"
require "simple_oauth"

# The form's fields are the caller's business: decoded, in their order.
def form_of(request)
  pairs = (request["form"] || "").split("&").reject(&:empty?).map { |pair| pair.split("=", 2) }
  pairs.map { |pair| pair.map { |text| URI.decode_www_form_component(text) } }
       .map { |name, value| [name, value || ""] }
end

def secrets_of(request)
  # RSA is verified by signing again, for which it needs the private key.
  secret = request["signature_method"].start_with?("RSA") ? "private_key" : "client_secret"
  {consumer_secret: request[secret], token_secret: request["token_secret"]}
end

def sign(request)
  options = {
    consumer_key: request["client_key"], token: request["token"], nonce: request["nonce"],
    timestamp: request["timestamp"], signature_method: request["signature_method"],
    callback: request["callback"], verifier: request["verifier"]
  }.compact
  arguments = request["method"], request["url"], form_of(request)
  {authorization: SimpleOAuth::Header.new(*arguments, options.merge(secrets_of(request))).to_s}
end

def verify(request)
  arguments = request["method"], request["url"], form_of(request), request["authorization"]
  {accepted: SimpleOAuth::Header.new(*arguments).valid?(secrets_of(request))}
end

$stdout.sync = true
$stdin.each_line do |line|
  request = JSON.parse(line)
  answer =
    begin
      send(request["task"], request)
    rescue => error
      {error: "#{error.class}: #{error.message}"}
    end
  puts JSON.generate(answer)
end
