# frozen_string_literal: true

# Under the name of the gem, which is what Bundler.require loads.
require_relative "tigergraph_auth"
