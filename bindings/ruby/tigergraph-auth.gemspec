# frozen_string_literal: true

require_relative "lib/tigergraph_auth/version"

Gem::Specification.new do |spec|
  spec.name = "tigergraph-auth"
  spec.version = TigerGraphAuth::VERSION
  spec.authors = ["the tigergraph-auth authors"]
  spec.summary = "Secrets and tokens of TigerGraph 2.x to 4.x"
  spec.description = "Creates, lists and drops TigerGraph secrets; requests, renews and revokes tokens; hands out an " \
                     "Authorization header that is good now. Needs the shared library libtigergraph_auth."
  spec.licenses = ["Apache-2.0", "MIT"]
  spec.required_ruby_version = ">= 3.0"
  spec.add_dependency "ffi", "~> 1.15"
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb", "sig/*.rbs", "README.md", "LICENSE-*"] }
  spec.metadata["rubygems_mfa_required"] = "true"
end
