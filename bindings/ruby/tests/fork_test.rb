# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Workers that inherit connections. Each program runs in a Ruby of its own, ends normally, and leaves its
  # objects to finalizers.
  class ForkTest < TestCase
    BEGINNING = <<~RUBY
      require "tigergraph_auth"
      conn = TigerGraphAuth::Connection.new(ARGV[0], username: "alice", password: "opensesame", graph: "MyGraph",
                                            logger: (Class.new { def add(*) = nil }.new if ARGV[1] == "logger"))
      use = lambda do
        3.times do
          conn.authorization.header.start_with?("Bearer ") or abort "no token"
          conn.reject_token(conn.get_token(keep_current: true))
          conn.dup.secrets
        end
      end
    RUBY

    def succeed(program, *arguments, versions: VERSIONS)
      versions.each do |version|
        Standin.run(version) do |standin|
          out, err, status = nil
          assert_soon { out, err, status = ruby("-e", BEGINNING + program, standin.url, *arguments) }
          assert_equal ["done", "", 0], [out, err, status.exitstatus]
        end
      end
    end

    # From ffi 1.16 on, callbacks do not survive a fork.
    WITHOUT_CALLBACKS = <<~RUBY
      Callbacks = TigerGraphAuth::Callbacks
      Callbacks.send(:remove_const, :REVIVES)
      Callbacks.const_set(:REVIVES, false)
    RUBY

    WORKERS = <<~RUBY
      use.call if ARGV[2] == "used"
      4.times { fork { use.call } }
      use.call
      exit 1 unless Process.waitall.all? { |_, status| status.success? }
      use.call
      print "done"
    RUBY

    def test_parent_and_children_use_a_connection
      succeed(WORKERS, "", "used")
      succeed(WORKERS, "", "new")
    end

    def test_with_a_logger
      succeed(WORKERS, "logger", "used")
      succeed(WORKERS, "logger", "new")
    end

    def test_children_of_children
      succeed(<<~RUBY)
        use.call
        fork do
          use.call
          pid = fork { use.call }
          Process.wait(pid)
          exit $?.exitstatus
        end
        exit 1 unless Process.waitall.all? { |_, status| status.success? }
        print "done"
      RUBY
    end

    def test_a_fork_while_other_threads_are_calling
      succeed(<<~RUBY)
        use.call
        threads = Array.new(4) { Thread.new { loop { use.call } } }
        10.times do
          pid = fork { use.call; conn.close; GC.start }
          Process.wait(pid)
          exit 1 unless $?.success?
        end
        threads.each(&:kill)
        print "done"
      RUBY
    end

    def test_a_child_that_closes_does_not_disturb_its_parent
      succeed(<<~RUBY)
        token = conn.authorization.value
        Process.wait(fork { conn.close })
        exit 1 unless conn.current_token.value == token
        print "done"
      RUBY
    end

    PROVIDED = <<~RUBY
      conn.close
      issuer = TigerGraphAuth::Connection.new(ARGV[0], username: "alice", password: "opensesame", graph: "MyGraph")
      conn = TigerGraphAuth::Connection.new(ARGV[0], token_provider: ->(_) { issuer.get_token(keep_current: true) })
      use = lambda do
        tokens = [conn.authorization.value, conn.get_token.value, conn.dup.get_token.value]
        tokens.uniq.size == 3 && conn.get("/graph/MyGraph/vertices/x").http_status == 200 or abort "no"
      end
    RUBY

    def test_with_a_token_provider
      %w[used new].each do |state|
        succeed(PROVIDED + WORKERS, "", state, versions: ["4.2"])
      end
    end

    # The parent is asked for a token meanwhile, which the child does not wait for.
    def test_a_fork_while_a_token_provider_runs
      succeed(<<~RUBY, versions: ["4.2"])
        asked = Thread::Queue.new
        parent = Process.pid
        slow = ->(_) { Process.pid == parent ? (asked << 1) && sleep(1) && "opaque-token" : "token-of-the-child" }
        conn = TigerGraphAuth::Connection.new(ARGV[0], token_provider: slow)
        calling = Thread.new { conn.authorization.value }
        asked.pop
        pid = fork { conn.authorization.value == "token-of-the-child" or abort "no" }
        Process.wait(pid)
        exit 1 unless $?.success? && calling.value == "opaque-token"
        print "done"
      RUBY
    end

    def test_a_token_provider_where_callbacks_do_not_survive_a_fork
      succeed(WITHOUT_CALLBACKS + <<~RUBY, versions: ["4.2"])
        settings = { token_provider: ->(_) { "opaque-token" } }
        conn = TigerGraphAuth::Connection.new(ARGV[0], **settings)
        conn.authorization
        pid = fork do
          begin
            conn.authorization
            exit 1
          rescue TigerGraphAuth::Error => e
            exit 2 unless e.message.include?("token provider is not inherited") && e.message.include?("after the fork")
          end
          exit 3 unless TigerGraphAuth::Connection.new(ARGV[0], **settings).authorization.value == "opaque-token"
        end
        Process.wait(pid)
        exit 4 unless $?.success?
        conn.authorization
        print "done"
      RUBY
    end

    def test_where_callbacks_do_not_survive_a_fork
      succeed(WITHOUT_CALLBACKS + <<~RUBY, "logger")
        conn.authorization
        pid = fork do
          begin
            conn.authorization
            exit 1
          rescue TigerGraphAuth::Error => e
            exit 2 unless e.message.include?("make it after the fork")
          end
          own = TigerGraphAuth::Connection.new(ARGV[0], username: "alice", password: "opensesame", graph: "MyGraph",
                                               logger: Class.new { def add(*) = nil }.new)
          own.authorization
        end
        Process.wait(pid)
        exit 3 unless $?.success?
        conn.authorization
        print "done"
      RUBY
    end
  end
end
