# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Whatever copies an object, what is behind it is freed once. Each way in a Ruby of its own, which collects garbage
  # and ends normally: freed twice, it ends with a message of the memory allocator, or of Ruby's.
  class CopiesTest < TestCase
    BEGINNING = <<~RUBY
      require "tigergraph_auth"
      conn = TigerGraphAuth::Connection.new(ARGV[0], username: "alice", password: "opensesame", graph: "MyGraph")
      token = conn.authorization
      secret = conn.create_secret(ARGV[3])
      response = conn.get("/echo")
      objects = { "conn" => conn, "token" => token, "secret" => secret, "pointer" => token.pointer,
                  "response" => response }
      object = objects.fetch(ARGV[1])
      copy = begin
        eval(ARGV[2])
      rescue TypeError, Ractor::Error, Ractor::RemoteError => e
        e.class.name
      end
      print copy.is_a?(String) ? copy : "copied"
      # The copies are collected, and those that they were made of are used and collected as well.
      copy = nil
      collect = proc do
        1000.times { Object.new }
        GC.start
      end
      5.times(&collect)
      token.value.empty? and abort "no token"
      secret.value.empty? and abort "no secret"
      response["Content-Type"].empty? and abort "no header"
      conn.get_token(keep_current: true).value.empty? and abort "no second token"
      object = token = secret = response = objects = nil
      conn.close unless conn.frozen? # make_shareable freezes before it fails
      conn = nil
      5.times(&collect)
    RUBY

    # What each way gives for a connection, a token, a secret, the pointer that is behind a token, and a response.
    WAYS = {
      "object.dup" => %w[copied copied copied TypeError copied],
      "object.clone" => %w[copied copied copied TypeError copied],
      "object.clone(freeze: true)" => %w[copied copied copied TypeError copied],
      "Marshal.load(Marshal.dump(object))" => ["TypeError"] * 5,
      "Ractor.new(object) { |given| given.class.name }.take" => ["TypeError"] * 5,
      "r = Ractor.new { Ractor.receive }; r.send(object); 1" => ["TypeError"] * 5,
      "Ractor.new { Ractor.receive }.send(object, move: true); 1" => ["Ractor::Error"] * 5,
      "Ractor.new { Ractor.receive }.send([1, { a: [object] }], move: true); 1" => ["Ractor::Error"] * 5,
      "Ractor.make_shareable(object)" => ["Ractor::Error"] * 5,
      "Ractor.make_shareable(object, copy: true)" => ["TypeError"] * 5
    }.freeze
    OBJECTS = %w[conn token secret pointer response].freeze

    def test_what_is_copied_is_freed_once
      Standin.run("4.2") do |standin|
        WAYS.each do |way, wanted|
          given = OBJECTS.map do |object|
            name = "#{object}#{WAYS.keys.index(way)}"
            out, err, status = ruby("-W0", "-e", BEGINNING, standin.url, object, way, name)
            assert_equal ["", 0], [err, status.exitstatus], "#{way} of #{object}"
            out
          end
          assert_equal wanted, given, way
        end
      end
    end
  end
end
