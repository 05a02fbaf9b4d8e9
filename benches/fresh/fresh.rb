# frozen_string_literal: true

# The same as fresh.c in Ruby.
require "tigergraph_auth"

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"
conn = TigerGraphAuth::Connection.new("http://127.0.0.1:1", api_token: TOKEN)
$stdout.sync = true

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

while (line = gets)
  calls = Integer(line)
  calls.times { conn.authorization }
  began = now
  calls.times { conn.authorization }
  puts((now - began).fdiv(calls))
end
