# frozen_string_literal: true

module TigerGraphAuth
  # A token. Immutable, for any number of threads, and as it is whatever happens to the connection.
  class Token
    include Sealed

    # @api private
    # @param pointer [Native::TokenPointer]
    def initialize(pointer)
      @pointer = pointer
      freeze
    end

    # @return [String] the token itself
    def value
      Native.text(Native.tg_token_value(@pointer))
    end

    # @return [String] the value of the Authorization header; "" if the server needs no token
    def header
      Native.text(Native.tg_token_header(@pointer))
    end

    # @param server see {Connection#url}
    # @return [String] the address where this token is good, as {Connection#url} tells it
    def url(server: :restpp)
      Native.text(Native.tg_token_url(@pointer, Arguments.server(server)))
    end

    # @return [Time, nil] when the token expires, in UTC; nil if unknown
    def expires_at
      seconds = Native.tg_token_expires_at(@pointer)
      Time.at(seconds).utc unless seconds.zero?
    end

    # @return [Boolean] whether its end has passed, by the clock of this machine
    def expired?
      ends = expires_at
      !ends.nil? && ends <= Time.now
    end

    # @return [String] the class and the end, never the token
    def inspect
      "#<#{self.class} expires_at=#{expires_at.inspect}>"
    end

    # @api private
    # @return [Native::TokenPointer]
    attr_reader :pointer
  end
end
