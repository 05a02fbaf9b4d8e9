# frozen_string_literal: true

module TigerGraphAuth
  # The functions of tigergraph_auth.h, as they are there.
  #
  # A function that may send, or read files, is `blocking: true`, so that other Ruby threads run meanwhile.
  # Errors are taken from the last argument and never from the thread's last error, because code may be on
  # another native thread by the time it asks.
  #
  # @api private
  module Native
    extend FFI::Library

    # Frees what an object points to, once, when that object is gone. Ruby gives the finalizer of an object to its
    # copies as well, also to one that a Ractor begins and cannot finish: such a copy is told by its number.
    class Release
      def initialize(releaser, number)
        @releaser = releaser
        @number = number
      end

      def call(number)
        @releaser.call if number == @number
      end
    end

    # What the library has made, and what is freed when nothing refers to it any more.
    # The library allows that on any thread, at exit and in forked children.
    class Owner < FFI::AutoPointer
      def initialize(pointer)
        super
        ObjectSpace.undefine_finalizer(self)
        ObjectSpace.define_finalizer(self, Release.new(@releaser, __id__))
      end

      # @raise [TypeError] always: two would free the same
      def initialize_copy(_original)
        raise TypeError, "what libtigergraph_auth has made cannot be copied or given to a Ractor; give it " \
                         "the token's header, a String, instead"
      end

      # ffi's own free releases first and forgets afterwards: a child that is forked by another thread in between
      # would release once more. Forgetting first, the worst is that such a child keeps what it never had.
      def free
        self.autorelease = false
        super
      end
    end

    # A handle to a connection.
    class ConnPointer < Owner
      def self.release(pointer)
        Native.tg_conn_free(pointer)
      end
    end

    # A token.
    class TokenPointer < Owner
      def self.release(pointer)
        Native.tg_token_free(pointer)
      end
    end

    # A list of secrets.
    class SecretsPointer < Owner
      def self.release(pointer)
        Native.tg_secrets_free(pointer)
      end
    end

    # A report.
    class ReportPointer < Owner
      def self.release(pointer)
        Native.tg_report_free(pointer)
      end
    end

    # A request.
    class RequestPointer < Owner
      def self.release(pointer)
        Native.tg_request_free(pointer)
      end
    end

    # An answer.
    class ResponsePointer < Owner
      def self.release(pointer)
        Native.tg_response_free(pointer)
      end
    end

    SERVERS = { restpp: 1, gateway: 2 }.freeze

    IGNORE_MISSING = 1
    TOKEN_KEEP_CURRENT = 1
    TOKEN_GLOBAL = 2
    TOKEN_OR_NEW = 4
    REPORT_OFFLINE = 1

    LOG_LEVELS = { error: 1, warn: 2, info: 3, debug: 4 }.freeze

    file = Library.locate
    ffi_lib file
    begin
      attach_function :tg_version_number, [], :uint32
    rescue FFI::NotFoundError
      raise LibraryNotFound, "#{file} is not libtigergraph_auth: it has no function tg_version_number"
    end
    Library.check_version(tg_version_number, file)

    # A library of the right version has them all.
    def self.attach_function(name, *)
      super
    rescue FFI::NotFoundError
      raise WrongLibraryVersion, "the library lacks the function #{name}: it is not the one that this gem is for"
    end

    attach_function :tg_version, [], :string
    attach_function :tg_status_name, [:int32], :string

    attach_function :tg_error_status, [:pointer], :int32
    attach_function :tg_error_message, [:pointer], :string
    attach_function :tg_error_reason, [:pointer], :string
    attach_function :tg_error_hint, [:pointer], :string
    attach_function :tg_error_server_code, [:pointer], :string
    attach_function :tg_error_http_status, [:pointer], :int32
    attach_function :tg_error_retry_after_ms, [:pointer], :int64
    attach_function :tg_error_free, [:pointer], :void

    attach_function :tg_config_new, [:string], :pointer
    attach_function :tg_config_load_env, [:pointer], :void
    attach_function :tg_config_load_profile, %i[pointer string], :void
    attach_function :tg_config_load_env_file, %i[pointer string], :void
    attach_function :tg_config_set_graph, %i[pointer string], :void
    attach_function :tg_config_set_password, %i[pointer string string], :void
    attach_function :tg_config_set_password_file, %i[pointer string string], :void
    attach_function :tg_config_set_secret, %i[pointer string], :void
    attach_function :tg_config_set_secret_file, %i[pointer string], :void
    attach_function :tg_config_set_api_token, %i[pointer string], :void
    attach_function :tg_config_set_jwt, %i[pointer string], :void
    attach_function :tg_config_set_jwt_file, %i[pointer string], :void
    attach_function :tg_config_set_oauth2, %i[pointer string string string], :void
    attach_function :tg_config_set_oauth2_secret_file, %i[pointer string], :void
    attach_function :tg_config_set_oauth2_parameter, %i[pointer string string], :void
    attach_function :tg_config_set_ports, %i[pointer uint16 uint16], :void
    attach_function :tg_config_set_tgcloud, %i[pointer int32], :void
    attach_function :tg_config_set_server_version, %i[pointer string], :void
    attach_function :tg_config_set_ca_file, %i[pointer string], :void
    attach_function :tg_config_add_ca_file, %i[pointer string], :void
    attach_function :tg_config_set_ca_pem, %i[pointer string], :void
    attach_function :tg_config_set_client_cert, %i[pointer string string], :void
    attach_function :tg_config_set_pin_sha256, %i[pointer string], :void
    attach_function :tg_config_set_insecure_tls, %i[pointer int32], :void
    attach_function :tg_config_set_allow_http, %i[pointer int32], :void
    attach_function :tg_config_set_timeouts, %i[pointer uint32 uint32], :void
    attach_function :tg_config_set_proxy, %i[pointer string], :void
    attach_function :tg_config_set_user_agent, %i[pointer string], :void
    attach_function :tg_config_set_token_lifetime, %i[pointer int64 int64], :void
    attach_function :tg_config_set_token_cache, %i[pointer string], :void
    attach_function :tg_config_set_log, %i[pointer int32 pointer pointer pointer], :void
    attach_function :tg_config_set_token_provider, %i[pointer pointer pointer pointer], :void
    attach_function :tg_config_free, [:pointer], :void

    attach_function :tg_provider_request_set_token, %i[pointer string int64 pointer], :int32
    attach_function :tg_provider_request_fail, %i[pointer int32 string int64 pointer], :int32
    attach_function :tg_provider_request_time_left_ms, [:pointer], :int64
    attach_function :tg_provider_request_is_cancelled, [:pointer], :int32

    attach_function :tg_conn_new, %i[pointer pointer pointer], :int32, blocking: true
    attach_function :tg_server_version, %i[pointer pointer pointer pointer pointer], :int32, blocking: true
    attach_function :tg_conn_url, %i[pointer int32], :string
    attach_function :tg_conn_ca_pem, [:pointer], :string
    attach_function :tg_conn_clone, [:pointer], :pointer
    attach_function :tg_conn_set_timeout, %i[pointer uint32], :void
    attach_function :tg_conn_cancel, [:pointer], :void
    attach_function :tg_conn_free, [:pointer], :void

    attach_function :tg_get_secrets, %i[pointer string pointer pointer], :int32, blocking: true
    attach_function :tg_get_secret, %i[pointer string string pointer pointer], :int32, blocking: true
    attach_function :tg_create_secret, %i[pointer string string string pointer pointer], :int32, blocking: true
    attach_function :tg_ensure_secret, %i[pointer string pointer pointer], :int32, blocking: true
    attach_function :tg_drop_secret, %i[pointer string string uint32 pointer], :int32, blocking: true
    attach_function :tg_drop_secrets, %i[pointer pointer size_t string uint32 pointer pointer], :int32, blocking: true
    attach_function :tg_secrets_count, [:pointer], :size_t
    attach_function :tg_secrets_alias, %i[pointer size_t], :string
    attach_function :tg_secrets_value, %i[pointer size_t], :string
    attach_function :tg_secrets_graph, %i[pointer size_t], :string
    attach_function :tg_secrets_is_masked, %i[pointer size_t], :int32
    attach_function :tg_secrets_free, [:pointer], :void

    attach_function :tg_get_token, %i[pointer string int64 uint32 pointer pointer], :int32, blocking: true
    attach_function :tg_refresh_token, %i[pointer string string int64 uint32 pointer pointer], :int32, blocking: true
    attach_function :tg_delete_token, %i[pointer string string uint32 pointer], :int32, blocking: true
    attach_function :tg_check_jwt_token, %i[pointer string pointer pointer], :int32, blocking: true
    attach_function :tg_check_token, %i[pointer pointer pointer pointer], :int32, blocking: true
    attach_function :tg_authorization, %i[pointer pointer pointer], :int32, blocking: true
    attach_function :tg_current_token, %i[pointer pointer pointer], :int32
    attach_function :tg_reject_token, %i[pointer pointer], :void
    attach_function :tg_token_value, [:pointer], :string
    attach_function :tg_token_header, [:pointer], :string
    attach_function :tg_token_expires_at, [:pointer], :int64
    attach_function :tg_token_url, %i[pointer int32], :string
    attach_function :tg_token_free, [:pointer], :void

    # With addresses as numbers, which ffi passes on at a third of what its pointers cost. This one never waits.
    # As size_t, which is as wide: ffi for Linux on arm64 knows no uintptr_t.
    attach_function :try_authorization_at, :tg_try_authorization, %i[size_t size_t size_t], :int32
    attach_function :free_token_at, :tg_token_free, [:size_t], :void

    attach_function :tg_is_token_refused, %i[int32 int32 pointer size_t], :int32
    attach_function :tg_request_new, %i[string int32 string], :pointer
    attach_function :tg_request_set_header, %i[pointer string string], :void
    attach_function :tg_request_set_body, %i[pointer pointer size_t string], :void
    attach_function :tg_request_set_response_limit, %i[pointer uint64], :void
    attach_function :tg_request_free, [:pointer], :void
    attach_function :tg_send, %i[pointer pointer pointer pointer], :int32, blocking: true
    attach_function :tg_response_http_status, [:pointer], :int32
    attach_function :tg_response_header, %i[pointer string], :string
    attach_function :tg_response_body, [:pointer], :pointer
    attach_function :tg_response_body_length, [:pointer], :size_t
    attach_function :tg_response_free, [:pointer], :void

    attach_function :tg_diagnose, %i[pointer uint32 pointer pointer], :int32, blocking: true
    attach_function :tg_report_text, [:pointer], :string
    attach_function :tg_report_json, [:pointer], :string
    attach_function :tg_report_free, [:pointer], :void

    module_function

    # @yieldparam error [FFI::Pointer] the last argument of a function that can fail
    # @return [Error, nil] what went wrong, not raised
    def outcome
      slot = FFI::MemoryPointer.new(:pointer)
      Error.take(slot.read_pointer) unless yield(slot).zero?
    end

    # @param owner [Class] which frees the result
    # @param native_call [#call] takes the last two arguments of a function that makes something, and calls it
    # @yieldparam pointer [Owner] what was made
    # @return what the block returns, or an {Error}, not raised
    def result(owner, native_call)
      slots = FFI::MemoryPointer.new(:pointer, 2)
      status = native_call.call(slots, slots + FFI::Pointer.size)
      made, error = slots.read_array_of_pointer(2)
      return Error.take(error) unless status.zero?

      yield owner.new(made)
    end

    # @return [String] a text of the library's, which is UTF-8
    def text(string)
      string.force_encoding(Encoding::UTF_8)
    end

    # @return [String, nil] the same, with nil for ""
    def text_or_nil(string)
      text(string) unless string.empty?
    end
  end
end
