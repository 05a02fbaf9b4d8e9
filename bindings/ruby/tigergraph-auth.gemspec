# frozen_string_literal: true

require_relative "lib/tigergraph_auth/version"

# A gem for one platform brings the library, in a folder that is named like the platform. packaging/packages puts it
# there, in a copy of this folder; without it this is the gem that is called source gem.
own = Dir.chdir(__dir__) { Dir["lib/tigergraph_auth/native/*/*"] }
platforms = own.map { |file| File.basename(File.dirname(file)) }.uniq
raise "a gem is for one platform, not for #{platforms.join(" and ")}" if platforms.length > 1

Gem::Specification.new do |spec|
  spec.name = "tigergraph-auth"
  spec.version = TigerGraphAuth::VERSION
  spec.authors = ["the tigergraph-auth authors"]
  spec.summary = "Secrets and tokens of TigerGraph 2.x to 4.x"
  spec.description = "Creates, lists and drops TigerGraph secrets; requests, renews and revokes tokens; hands out an " \
                     "Authorization header that is good now. #{own.empty? ? "Needs" : "Contains"} the shared library " \
                     "libtigergraph_auth."
  spec.licenses = ["Apache-2.0", "MIT"]
  spec.required_ruby_version = ">= 3.0"
  spec.add_dependency "ffi", "~> 1.15"
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb", "sig/*.rbs", "README.md", "LICENSE-*"] } + own
  spec.platform = platforms.first unless own.empty?
  # Older ones take a gem for musl on a system with glibc.
  spec.required_rubygems_version = ">= 3.3.22" if platforms.first.to_s.end_with?("-musl")
  spec.metadata["rubygems_mfa_required"] = "true"
end
