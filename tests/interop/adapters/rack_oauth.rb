# Verifies with the oauth gem, whose server side reads Rack requests: JSON lines in, one answer each.

require "json"
require "stringio"
require "rack"
require "oauth"
require "oauth/request_proxy/rack_request"
require "oauth/signature/hmac/sha1"
require "oauth/signature/rsa/sha1"
require "oauth/signature/plaintext"

# What a Rack server such as Puma makes of a request: the path as it came.
def rack_request(request)
  path, query = request["target"].split("?", 2)
  name, port = request["host"].match(/\A(.*?)(?::(\d+))?\z/).captures
  body = StringIO.new(request["body"].b)
  Rack::Request.new({
    "REQUEST_METHOD" => request["method"], "SCRIPT_NAME" => "", "PATH_INFO" => path,
    "QUERY_STRING" => query || "", "REQUEST_URI" => request["target"],
    "SERVER_NAME" => name, "SERVER_PORT" => port || {"http" => "80", "https" => "443"}[request["scheme"]],
    "HTTP_HOST" => request["host"], "CONTENT_TYPE" => request["content_type"],
    "CONTENT_LENGTH" => body.size.to_s, "HTTP_AUTHORIZATION" => request["authorization"],
    "rack.url_scheme" => request["scheme"], "rack.input" => body
  }.compact)
end

def verify(request)
  key = request["signature_method"].start_with?("RSA") ? "public_key" : "client_secret"
  secrets = [request["token_secret"], request[key]]
  {accepted: OAuth::Signature.verify(rack_request(request)) { |_proxy| secrets }}
end

$stdout.sync = true
$stdin.each_line do |line|
  answer =
    begin
      verify(JSON.parse(line))
    rescue => error
      {error: "#{error.class}: #{error.message}"}
    end
  puts JSON.generate(answer)
end
