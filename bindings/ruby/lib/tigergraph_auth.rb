# frozen_string_literal: true

require "rubygems/version"
require_relative "tigergraph_auth/version"
require_relative "tigergraph_auth/library"
require_relative "tigergraph_auth/native"
require_relative "tigergraph_auth/error"
require_relative "tigergraph_auth/arguments"
require_relative "tigergraph_auth/log"
require_relative "tigergraph_auth/config"
require_relative "tigergraph_auth/sealed"
require_relative "tigergraph_auth/token"
require_relative "tigergraph_auth/secret"
require_relative "tigergraph_auth/report"
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
end
