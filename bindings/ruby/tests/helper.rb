# frozen_string_literal: true

require "minitest/autorun"
require "json"
require "net/http"
require "open3"
require "pathname"
require "rbconfig"
require "socket"
require "timeout"
require "tmpdir"
require "tigergraph_auth"
# Warnings of other people's code are not for these tests.
verbose = $VERBOSE
$VERBOSE = nil
require "tigergraph_auth/faraday"
$VERBOSE = verbose

# A stand-in server in a process of its own, which ends with this one.
class Standin
  attr_reader :url, :ca_file, :control

  def self.run(...)
    standin = new(...)
    yield standin
  ensure
    standin&.stop
  end

  def initialize(version, *options)
    @process = IO.popen(
      [ENV.fetch("TIGERGRAPH_STANDIN"), "--version", version, "--gateway-port", "0", "--restpp-port", "0",
       "--control-port", "0", "--print-json", "--exit-with-parent", *options], "r+"
    )
    told = JSON.parse(@process.gets)
    @url, @ca_file, @control = told.values_at("gateway_url", "ca_file", "control_url")
  end

  def connect(**settings, &block)
    login = { username: "alice", password: "opensesame", graph: "MyGraph" }
    TigerGraphAuth::Connection.open(@url, **login, **settings, &block)
  end

  def post(path, body = {})
    Net::HTTP.post(URI("#{@control}/#{path}"), JSON.generate(body), "Content-Type" => "application/json")
  end

  def requests
    JSON.parse(Net::HTTP.get(URI("#{@control}/requests")))
  end

  def forget_requests
    address = URI(@control)
    Net::HTTP.start(address.hostname, address.port) { |http| http.delete("/requests") }
  end

  def stop
    @process.close
  end
end

# A listener that accepts connections and says nothing.
class SilentServer
  attr_reader :port

  def self.run
    server = new
    yield server
  ensure
    server&.stop
  end

  def initialize
    @server = TCPServer.new("127.0.0.1", 0)
    @port = @server.addr[1]
    @accepted = Thread::Queue.new
    @thread = Thread.new { loop { @accepted << @server.accept } }
  end

  # Returns when a client has connected and has said something.
  def wait_for_client
    client = @accepted.pop
    client.wait_readable(15) or raise "the client says nothing"
  end

  def stop
    @thread.kill.join
    @server.close
  end
end

module TigerGraphAuth
  class TestCase < Minitest::Test
    LIB = File.expand_path("../lib", __dir__)
    VERSIONS = %w[3.10 4.2].freeze
    # Nothing that does not wait takes so long, not even on a busy machine. What is not to be waited for takes longer.
    SOON = 10

    def assert_soon(&)
      assert_operator seconds(&), :<, SOON
    end

    # The block fails so when its limit is over, not before and not much later.
    def assert_ends_after(limit, error, &)
      took = seconds { assert_raises(error, &) }
      assert_operator took, :>=, limit - 0.05
      assert_operator took, :<, SOON
    end

    def seconds
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
    end

    # Runs a program of this folder, or a text, in a Ruby of its own.
    def ruby(*arguments, environment: {})
      Open3.capture3(environment, RbConfig.ruby, "-w", "-I", LIB, *arguments)
    end

    # The program does not wait for the calls that run when it ends, and prints nothing.
    def assert_ends_quietly(program)
      out, err, status = nil
      assert_soon { out, err, status = ruby("-e", program) }
      assert_equal ["", "", 0], [out, err, status.exitstatus]
    end

    # One that no server gave.
    def self.a_token
      Connection.open("http://127.0.0.1:1", api_token: "a.b.c", &:current_token)
    end

    # A connection to where nobody listens.
    def nowhere(**settings)
      settings = { secret: "a" * 32 } if settings.empty?
      Connection.new("http://127.0.0.1:1", **settings)
    end
  end

  # Tests with token providers. Every provider is released, once it has returned.
  class ProviderTestCase < TestCase
    def setup
      @before = Callbacks.count(:call)
      @conns = []
    end

    def teardown
      @conns.each(&:close)
      assert_released @before
    end

    def nowhere(**settings)
      super.tap { |conn| @conns << conn }
    end

    def assert_released(count)
      300.times { Callbacks.count(:call) == count ? break : sleep(0.1) }
      assert_equal count, Callbacks.count(:call)
    end
  end
end
