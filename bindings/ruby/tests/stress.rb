# frozen_string_literal: true

# A short life of a connection with the collector running at every opportunity.

require "tigergraph_auth"
require "json"

server = IO.popen([ENV.fetch("TIGERGRAPH_STANDIN"), "--version", "3.10", "--gateway-port", "0", "--restpp-port", "0",
                   "--print-json", "--exit-with-parent"], "r+")
url = JSON.parse(server.gets).fetch("gateway_url")
kept = Class.new { def add(*) = nil }.new

GC.stress = true
conn = TigerGraphAuth::Connection.new(url, username: "alice", password: "opensesame", graph: "MyGraph", logger: kept)
secret = conn.create_secret("s1")
token = conn.get_token(secret: secret)
listed = conn.secrets
version = conn.server_version
response = conn.post("/echo", "{}", content_type: "application/json", headers: { "X-A" => "b" })
conn.drop_secret("s1", "s1", ignore_missing: true)
begin
  conn.drop_secret("s1")
rescue TigerGraphAuth::NotFound => e
  message = e.message
end
provider = ->(request) { request.time_left.positive? ? ["opaque-token", Time.at(4_000_000_000)] : nil }
provided = TigerGraphAuth::Connection.open("http://127.0.0.1:1", token_provider: provider, &:authorization)
copy = conn.dup
conn.close
copy.reject_token(token)
copy.close
GC.stress = false

seen = [secret.alias_name, token.header == "Bearer #{token.value}", listed.size, message, version.to_s,
        response["Content-Type"], JSON.parse(response.body)["message"], provided.value, provided.expires_at.to_i]
wanted = ["s1", true, 1, "there is no secret with the alias s1 to drop", "3.10.0", "application/json", "Hello GSQL",
          "opaque-token", 4_000_000_000]
server.close
abort "not #{wanted}, but #{seen}" unless seen == wanted
puts "GC.stress: as expected"
