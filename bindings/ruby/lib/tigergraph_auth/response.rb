# frozen_string_literal: true

module TigerGraphAuth
  # The answer to a request, complete, whatever its HTTP status. Immutable, for any number of threads.
  class Response
    UTF8 = %r{\Aapplication/([\w.-]+\+)?json\b|;\s*charset="?utf-8\b}i.freeze
    private_constant :UTF8

    # @return [Integer] the HTTP status, such as 200
    attr_reader :http_status
    # @return [String] frozen; in UTF-8 if the Content-Type says JSON or that charset, else binary
    attr_reader :body

    # @api private
    # @param pointer [Native::ResponsePointer]
    def initialize(pointer)
      @pointer = pointer
      @http_status = Native.tg_response_http_status(pointer)
      # Copied now, so that Ruby's garbage collector knows how large it is.
      body = Native.tg_response_body(pointer).read_bytes(Native.tg_response_body_length(pointer))
      @body = body.force_encoding(UTF8.match?(self["Content-Type"]) ? Encoding::UTF_8 : Encoding::BINARY).freeze
      freeze
    end

    # @param name [String] the name of a header, in upper or lower case
    # @return [String, nil] the value of the first one; nil if there is none, or an empty one
    def [](name)
      Native.text_or_nil(Native.tg_response_header(@pointer, Arguments.text(name, "name")))
    end

    # @return [String] the class, the status and the length, never the body, which can have a token in it
    def inspect
      "#<#{self.class} http_status=#{http_status} bytes=#{body.bytesize}>"
    end
    alias to_s inspect

    # @raise [TypeError] always: keep the body instead
    def marshal_dump
      raise TypeError, "#{self.class} is not serialized"
    end

    # @raise [TypeError] always
    def encode_with(_coder)
      marshal_dump
    end
  end
end
