# frozen_string_literal: true

# Makes 100 000 calls of several kinds and compares the memory, and Ruby's objects, before and after.
#
# `ruby leak.rb tg_error_free` leaks on purpose: that function does nothing then, and the check must fail.
# Tried with tg_error_free, tg_secrets_free, tg_token_free, tg_conn_free, tg_config_free, tg_request_free,
# tg_response_free and free_token_at.

require "tigergraph_auth"
require "json"

ROUNDS = 10
LIMIT_KIB = 1024
LIMIT_OBJECTS = 500

def resident_kib
  3.times { GC.start }
  File.read("/proc/self/status")[/^VmRSS:\s+(\d+)/, 1].to_i
end

def objects
  GC.stat(:heap_live_slots)
end

def expect(error)
  yield
  abort "no #{error}"
rescue error
  nil
end

ARGV.each { |function| TigerGraphAuth::Native.define_singleton_method(function) { |_| nil } }

server = IO.popen([ENV.fetch("TIGERGRAPH_STANDIN"), "--version", "4.2", "--gateway-port", "0", "--restpp-port", "0",
                   "--print-json", "--exit-with-parent"], "r+")
url = JSON.parse(server.gets).fetch("gateway_url")
settings = { username: "alice", password: "opensesame", graph: "MyGraph", logger: Class.new { def add(*) = nil }.new }
conn = TigerGraphAuth::Connection.new(url, **settings)
nowhere = TigerGraphAuth::Connection.new("http://127.0.0.1:1", secret: "a" * 32)
secret = conn.create_secret("s1")
given = ->(request) { request.cancelled? ? nil : ["opaque-token", Time.now + 3600] }
provided = TigerGraphAuth::Connection.new("http://127.0.0.1:1", token_provider: given)

# How often in each round, and what.
kinds = {
  "authorization that succeeds" => [2750, -> { conn.authorization.header }],
  "connections made and closed" => [1500, -> { TigerGraphAuth::Connection.open(url, **settings) { nil } }],
  "tokens that a provider brings" => [1000, -> { provided.get_token && provided.authorization.value }],
  "token providers that fail" => [50, lambda {
    refusing = { token_provider: ->(_) { raise TigerGraphAuth::TokenProvider::Refused, "no" } }
    TigerGraphAuth::Connection.open("http://127.0.0.1:1", **refusing) do |refused|
      expect(TigerGraphAuth::Unauthenticated) { refused.authorization }
    end
  }],
  "connections left to the collector" => [500, -> { TigerGraphAuth::Connection.new(url, **settings) }],
  "connections that cannot be made" => [500, lambda {
    expect(TigerGraphAuth::InvalidArgument) { TigerGraphAuth::Connection.new(url, secret: "x", jwt: "y") }
  }],
  "requests for a token" => [300, lambda {
    conn.get_token(secret: secret, keep_current: true, lifetime: rand(500..5000)).value
  }],
  "dup and close" => [1000, -> { conn.dup.close }],
  "a failure at once" => [500, -> { expect(TigerGraphAuth::NoCredentials) { nowhere.current_token } }],
  "a failure without sending" => [500, lambda {
    expect(TigerGraphAuth::InvalidArgument) { conn.get_token(lifetime: -1) }
  }],
  "a failure of the server's" => [300, -> { expect(TigerGraphAuth::NotFound) { conn.drop_secret("missing") } }],
  "requests to the database" => [700, -> { conn.post("/echo", "x" * 1000, headers: { "X-A" => "b" }).body }],
  "requests that are refused" => [200, lambda {
    expect(TigerGraphAuth::InvalidArgument) { conn.get("echo", headers: { "X-A" => "b" }) }
  }],
  "lists of secrets" => [400, -> { conn.secrets.first.value }]
}

figures = Array.new(ROUNDS + 1) do
  kinds.each_value { |times, call| times.times { call.call } }
  [resident_kib, objects]
end
calls = ROUNDS * kinds.sum { |_, (times, _)| times }
growth, more = figures.last.zip(figures.first).map { |last, first| last - first }
puts kinds.map { |name, (times, _)| "  #{times * ROUNDS} x #{name}" }
puts "after a first round #{figures.first.first} KiB; #{calls} calls later #{growth} KiB and #{more} objects more"
puts "(each round: #{figures.map(&:first).join(" ")})"
server.close
abort "memory grows" if growth > LIMIT_KIB
abort "objects are kept" if more > LIMIT_OBJECTS
