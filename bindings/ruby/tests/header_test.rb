# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # The gem against the header: nothing is forgotten, and nothing is called in a way that is not declared.
  class HeaderTest < TestCase
    HEADER = File.read(File.join(ENV.fetch("TIGERGRAPH_AUTH_PREFIX"), "include/tigergraph_auth.h"))
                 .gsub(%r{/\*.*?\*/}m, "")
    SOURCES = Dir[File.join(LIB, "**/*.rb")].to_h { |file| [File.basename(file), File.read(file)] }

    LEFT_OUT = {
      "tg_last_error" => "errors are taken from the last argument",
      "tg_last_error_message" => "errors are taken from the last argument",
      "tg_show_secrets" => "show_secrets calls tg_get_secrets, which does the same",
      "tg_token_expiration" => "Token#expires_at is a Time",
      "tg_try_authorization" => "try_authorization_at takes its addresses as numbers",
      "tg_conn_set_wakeup" => "of event loops; a call waits on a thread, while other Ruby threads run"
    }.freeze

    TYPES = {
      "int32_t" => "int32", "tg_status" => "int32", "uint32_t" => "uint32", "int64_t" => "int64",
      "uint16_t" => "uint16", "uint64_t" => "uint64", "const void *" => "pointer", "size_t" => "size_t",
      "void" => "void", "const char *" => "string",
      "tg_log_fn" => "pointer", "tg_release_fn" => "pointer", "tg_wakeup_fn" => "pointer", "tg_provider_fn" => "pointer"
    }.freeze

    # Functions that send nothing, but read files.
    READS_FILES = %w[tg_conn_new].freeze
    # Functions that can fail without sending anything.
    SENDS_NOTHING = %w[tg_current_token tg_provider_request_set_token tg_provider_request_fail].freeze

    # Name => [types of the arguments, type of the result].
    def declared
      prototype = /^(?:TIGERGRAPH\w+\(.*\)\n)?((?:const )?\w+ \*?)\s*(tg_\w+)\(([^;{]*)\);/
      HEADER.scan(prototype).to_h do |result, name, list|
        arguments = list.split(",").map { |argument| type(argument.strip.sub(/\w+\z/, "").strip) }
        [name, [arguments.reject { |type| type == "void" }, type(result.strip)]]
      end
    end

    def type(text)
      return "void" if text.empty?

      TYPES.fetch(text) { text.include?("*") ? "pointer" : flunk("unknown type #{text}") }
    end

    # The same as the gem has it, with whether it is blocking.
    def attached
      SOURCES.fetch("native.rb").scan(/attach_function :(\w+), (\[.*?\]|%i\[.*?\]), :(\w+)(, blocking: true)?/)
             .to_h { |name, list, result, blocking| [name, [list.scan(/\w+/) - ["i"], result, !blocking.nil?]] }
    end

    def test_every_function_is_there_or_left_out_for_a_reason
      names = declared.keys
      assert_operator names.size, :>, 60
      assert_equal names.sort, (attached.keys + LEFT_OUT.keys).sort
      assert(attached.keys.all? { |name| Native.respond_to?(name) })
    end

    def test_signatures
      expected = declared.except(*LEFT_OUT.keys)
      assert_equal(expected, attached.transform_values { |arguments, result, _| [arguments, result] })
    end

    def test_what_may_send_lets_other_threads_run
      fails = HEADER.scan(/(tg_\w+)\([^;]*tg_error \*\*error\)/).flatten.uniq - LEFT_OUT.keys
      blocking = attached.select { |_, (_, _, blocking)| blocking }.keys
      assert_equal (fails - SENDS_NOTHING).sort, blocking.sort
      assert_includes blocking, READS_FILES.first
    end

    def test_every_status_has_a_class
      HEADER.scan(/#define TG_STATUS_(\w+) (\d+)/) do |name, number|
        next if number == "0"

        of_status = Error.of_status(Integer(number))
        assert_equal name.delete("_").downcase, of_status.name.split("::").last.downcase
        assert_equal Error, of_status.superclass
        assert_equal name, Native.tg_status_name(Integer(number))
      end
      assert_equal Error, Error.of_status(99)
      assert_equal Error, Error.of_status(-1)
    end

    def test_flags_and_levels
      flags = HEADER.scan(/#define TG_(IGNORE_MISSING|TOKEN_\w+|REPORT_\w+) (\d+)u/)
      assert_equal 5, flags.size
      flags.each { |name, number| assert_equal Integer(number), Native.const_get(name) }
      servers = HEADER.scan(/#define TG_SERVER_(\w+) (\d+)/)
      assert_equal servers.to_h { |name, number| [name.downcase.to_sym, Integer(number)] }, Native::SERVERS
      levels = HEADER.scan(/#define TG_LOG_(\w+) (\d+)/).to_h { |name, level| [name.downcase.to_sym, Integer(level)] }
      assert_equal levels, Native::LOG_LEVELS
      assert_equal levels.values.sort, Log::SEVERITIES.keys.sort
    end

    def test_every_setter_is_used
      setters = declared.keys.grep(/\Atg_config_(set|add|load)_/) - LEFT_OUT.keys
      called = SOURCES.values_at("config.rb", "log.rb", "token_provider.rb").join.scan(/Native\.(tg_config_(?:set|add|load)_\w+)/).flatten
      assert_equal setters.sort, called.uniq.sort
    end

    def test_nothing_asks_for_the_last_error
      SOURCES.each { |file, text| refute_match(/tg_last_error/, text, file) }
    end

    def test_version
      assert_equal VERSION, TigerGraphAuth.library_version
      major, minor, patch = HEADER.scan(/#define TIGERGRAPH_AUTH_VERSION_\w+ (\d+)/).flatten
      assert_equal VERSION, [major, minor, patch].join(".")
    end
  end
end
