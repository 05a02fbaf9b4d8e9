# frozen_string_literal: true

module TigerGraphAuth
  # Makes the library's requests from the arguments of {Connection#request}, which documents them.
  #
  # @api private
  module Request
    module_function

    # @return [Native::RequestPointer] a request; the library judges it when it is sent
    def make(method, path, server:, headers:, body:, content_type:, response_limit:)
      method = method.name.upcase if method.is_a?(Symbol)
      made = Native.tg_request_new(
        Arguments.text(method, "method"), Arguments.server(server), Arguments.text(path, "path")
      )
      request = Native::RequestPointer.new(made)
      headers&.each { |name, value| set_header(request, name, value) }
      set_body(request, Arguments.bytes(body, "body"), Arguments.text(content_type, "content_type"))
      Native.tg_request_set_response_limit(request, Arguments.length(response_limit, "response_limit"))
      request
    end

    def set_header(request, name, value)
      name = Arguments.text(name, "the name of a header")
      value = value.to_s if value.is_a?(Integer)
      Native.tg_request_set_header(request, name, Arguments.text(value, "the header #{name}"))
    end
    private_class_method :set_header

    def set_body(request, body, content_type)
      return if body.nil? && content_type.nil?

      # Copied at once, while no other Ruby thread runs.
      Native.tg_request_set_body(request, body, body&.bytesize.to_i, content_type)
    end
    private_class_method :set_body
  end
end
