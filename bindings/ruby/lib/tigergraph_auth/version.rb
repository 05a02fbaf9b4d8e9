# frozen_string_literal: true

module TigerGraphAuth
  # The version of this gem. Below 1.0 it works with libraries of the same major and minor version,
  # from 1.0 on with those of the same major version.
  VERSION = "0.1.1"
end
