# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Tokens that processes of the same user share.
  class TokenCacheTest < TestCase
    def asked(standin)
      sent = standin.requests.map { |request| request.values_at("method", "path") }
      sent.count { |method, path| method == "POST" && path.end_with?("/tokens", "/requesttoken") }
    end

    def test_processes_share_a_token
      VERSIONS.each do |version|
        Standin.run(version) do |standin|
          Dir.mktmpdir do |folder|
            secret = standin.connect { |conn| conn.create_secret.value }
            cache = Pathname(folder) / "cache"
            program = <<~RUBY
              require "tigergraph_auth"
              settings = { secret: ARGV[1], graph: "MyGraph", token_cache: ARGV[2] }
              TigerGraphAuth::Connection.open(ARGV[0], **settings) { |conn| print conn.authorization.value }
            RUBY
            standin.forget_requests
            others = Array.new(2) { ruby("-e", program, standin.url, secret, cache.to_s) }
            own = Connection.open(standin.url, secret: secret, graph: "MyGraph", token_cache: cache) do |conn|
              conn.authorization.value
            end
            assert_equal [[own, "", true]], others.map { |out, err, status| [out, err, status.success?] }.uniq
            assert_equal 1, asked(standin)
            standin.connect(username: nil, password: nil, secret: secret, token_cache: "none", &:authorization)
            assert_equal 2, asked(standin)
          end
        end
      end
    end

    def test_what_cannot_be_a_cache
      error = assert_raises(InvalidArgument) { nowhere(jwt: "a.b.c", token_cache: "user") }
      assert_equal "config.conflict", error.reason
      assert_equal "config.file", assert_raises(InvalidArgument) { nowhere(secret: "x", token_cache: __FILE__) }.reason
    end
  end
end
