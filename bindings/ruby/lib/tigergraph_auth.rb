# frozen_string_literal: true

require "rubygems/version"
require "uri"
require_relative "tigergraph_auth/version"
require_relative "tigergraph_auth/library"
require_relative "tigergraph_auth/native"
require_relative "tigergraph_auth/words"
require_relative "tigergraph_auth/error"
require_relative "tigergraph_auth/arguments"
require_relative "tigergraph_auth/callbacks"
require_relative "tigergraph_auth/log"
require_relative "tigergraph_auth/config"
require_relative "tigergraph_auth/sealed"
require_relative "tigergraph_auth/token"
require_relative "tigergraph_auth/fresh"
require_relative "tigergraph_auth/secret"
require_relative "tigergraph_auth/token_provider"
require_relative "tigergraph_auth/report"
require_relative "tigergraph_auth/request"
require_relative "tigergraph_auth/response"
require_relative "tigergraph_auth/http"
require_relative "tigergraph_auth/call"
require_relative "tigergraph_auth/connection"

# Secrets and tokens of TigerGraph 2.x to 4.x.
#
# @example A token for the Authorization header of a request
#   TigerGraphAuth::Connection.open("https://db.example.com", secret: ENV["TG_SECRET"]) do |conn|
#     puts conn.authorization.expires_at
#   end
module TigerGraphAuth
  # @return [String] the version of the library that is loaded, such as "0.1.0"
  def self.library_version
    Native.text(Native.tg_version)
  end

  # Whether an answer that your own HTTP client got from the server says that the token is refused. Then call
  # {Connection#reject_token} and {Connection#authorization}, and send the request once more.
  # {Connection#request} does all of this itself. Sends nothing.
  #
  # @param http_status [Integer, String] such as 401, or the "401" of Net::HTTP
  # @param body [String, nil]
  # @param server [Symbol] which part of TigerGraph answered, :restpp or :gateway
  # @return [Boolean]
  def self.token_refused?(http_status, body, server: :restpp)
    body = Arguments.bytes(body, "body")
    status = Arguments.http_status(http_status)
    Native.tg_is_token_refused(Arguments.server(server), status, body, body&.bytesize.to_i) == 1
  end
end
