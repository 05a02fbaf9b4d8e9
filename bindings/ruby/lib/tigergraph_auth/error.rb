# frozen_string_literal: true

module TigerGraphAuth
  # A call failed. There is a subclass for each thing that a program can do about it, named like the
  # TG_STATUS_ of the library; a status that this version of the gem does not know is an Error.
  # No part of it ever holds a credential.
  class Error < StandardError
    # @return [Symbol, nil] the name of the status, such as :not_found; :unknown for one that came later
    attr_reader :status
    # @return [String, nil] what exactly happened, as a stable word such as "tls.unknown_issuer"
    attr_reader :reason
    # @return [String, nil] what to do about it, for a person
    attr_reader :hint
    # @return [String, nil] the server's own code, such as "REST-10016"
    attr_reader :server_code
    # @return [Integer, nil] the HTTP status of the answer, if there was one
    attr_reader :http_status
    # @return [Float, nil] the seconds to wait before the next try, if that is known
    attr_reader :retry_after

    # @param message [String] one sentence for a person
    def initialize(message = nil, status: nil, reason: nil, hint: nil, server_code: nil, http_status: nil,
                   retry_after: nil)
      super(message)
      @status = status
      @reason = reason
      @hint = hint
      @server_code = server_code
      @http_status = http_status
      @retry_after = retry_after
    end

    # Takes over an error of the library's.
    #
    # @api private
    # @return [Error] not raised yet
    def self.take(pointer)
      number = Native.tg_error_status(pointer)
      http_status = Native.tg_error_http_status(pointer)
      wait = Native.tg_error_retry_after_ms(pointer)
      of_status(number).new(
        Words.own(Native.text(Native.tg_error_message(pointer))),
        status: Native.tg_status_name(number).downcase.to_sym,
        reason: Native.text(Native.tg_error_reason(pointer)),
        hint: Words.own(Native.text_or_nil(Native.tg_error_hint(pointer))),
        server_code: Native.text_or_nil(Native.tg_error_server_code(pointer)),
        http_status: (http_status unless http_status.zero?),
        retry_after: (wait / 1000.0 unless wait.negative?)
      )
    ensure
      Native.tg_error_free(pointer)
    end

    # @api private
    # @return [Class] the class for a number of TG_STATUS_
    def self.of_status(number)
      BY_STATUS.fetch(number, Error)
    end
  end

  # An argument or a setting is wrong; nothing was sent.
  class InvalidArgument < Error; end
  # No connection to the server.
  class Connect < Error; end
  # A time limit was exceeded.
  class Timeout < Error; end
  # The server's certificate or the TLS session was refused; nothing of the request was sent.
  class TLS < Error; end
  # The answer is not one that a TigerGraph server gives.
  class Protocol < Error; end
  # The server refused the credentials.
  class Unauthenticated < Error; end
  # The credentials are valid, but do not allow this.
  class Forbidden < Error; end
  # The secret, token, graph, user or endpoint does not exist.
  class NotFound < Error; end
  # A secret with this alias already exists.
  class AlreadyExists < Error; end
  # This server version cannot do it.
  class Unsupported < Error; end
  # REST++ authentication is off on the server: no token is needed.
  class AuthDisabled < Error; end
  # The server is busy, starting or limiting requests: try again later.
  class Unavailable < Error; end
  # Another error on the server.
  class Server < Error; end
  # A request that is not safe to repeat may have been carried out.
  class UnknownOutcome < Error; end
  # There is no token, and no login to get one.
  class NoCredentials < Error; end
  # A bug in the library; the connection can still be used.
  class Internal < Error; end
  # The call was cancelled by {Connection#cancel} or {Connection#close}.
  class Cancelled < Error; end
  # A token is on its way. No method raises it yet.
  class Pending < Error; end

  # The connection was closed before the call began.
  class ClosedError < Error
    def initialize(message = "the connection is closed", **details)
      super
    end
  end

  class Error
    BY_STATUS = {
      1 => InvalidArgument, 2 => Connect, 3 => Timeout, 4 => TLS, 5 => Protocol, 6 => Unauthenticated, 7 => Forbidden,
      8 => NotFound, 9 => AlreadyExists, 10 => Unsupported, 11 => AuthDisabled, 12 => Unavailable, 13 => Server,
      14 => UnknownOutcome, 15 => NoCredentials, 16 => Internal, 17 => Cancelled,
      18 => Pending
    }.freeze
    private_constant :BY_STATUS
  end
end
