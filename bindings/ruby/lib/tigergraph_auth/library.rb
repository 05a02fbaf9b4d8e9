# frozen_string_literal: true

require "ffi"

module TigerGraphAuth
  # The library of the system was not found, or what was found is not it.
  class LibraryNotFound < ::LoadError; end

  # The library was found, but its version does not fit this gem.
  class WrongLibraryVersion < ::LoadError; end

  # Finds the library.
  #
  # @api private
  module Library
    # The variable that names the library's file.
    VARIABLE = "TIGERGRAPH_AUTH_LIBRARY"

    # Where a gem that brings the library has it.
    OWN_FOLDER = File.expand_path("native", __dir__)

    module_function

    # @return [String] the first file that can be loaded, as the dynamic loader takes it
    # @raise [LibraryNotFound] if there is none
    def locate
      refusals = []
      candidates.each do |candidate|
        FFI::DynamicLibrary.open(candidate, FFI::DynamicLibrary::RTLD_LAZY | FFI::DynamicLibrary::RTLD_LOCAL)
        return candidate
      rescue ::LoadError => e
        refusals << e.message.strip
      end
      raise LibraryNotFound, not_found(refusals)
    end

    # @return [Array<String>] what is tried, in this order
    def candidates
      named = ENV.fetch(VARIABLE, "")
      return [named] unless named.empty?

      names + names.map { |name| File.join(OWN_FOLDER, name) }
    end

    # @return [Array<String>] the names of the library's file on this platform
    def names
      series = VERSION[/\A(0\.\d+|\d+)/]
      if FFI::Platform.windows?
        ["tigergraph_auth.dll"]
      elsif FFI::Platform.mac?
        ["libtigergraph_auth.#{series}.dylib", "libtigergraph_auth.dylib"]
      else
        ["libtigergraph_auth.so.#{series}", "libtigergraph_auth.so"]
      end
    end

    # @param number [Integer] what tg_version_number() says
    # @raise [WrongLibraryVersion] unless it fits this gem
    def check_version(number, file)
      found = [number >> 16, number >> 8 & 0xff, number & 0xff]
      wanted = VERSION.split(".").map(&:to_i)
      decisive = wanted.first.zero? ? 2 : 1
      return if found.first(decisive) == wanted.first(decisive)

      raise WrongLibraryVersion, <<~TEXT.tr("\n", " ").strip
        #{file} is version #{found.join(".")} of libtigergraph_auth, but version #{VERSION} of the gem
        tigergraph-auth needs #{wanted.first(decisive).join(".")}.x.
        Install the gem and the library in the same version, or name the right file in #{VARIABLE}.
      TEXT
    end

    def not_found(refusals)
      <<~TEXT.strip
        libtigergraph_auth was not found. These were tried:
        #{refusals.map { |refusal| "  #{refusal}" }.join("\n")}
        Install the library (it is not part of this gem) where the dynamic loader looks,
        or name its file in the environment variable #{VARIABLE}.
      TEXT
    end
    private_class_method :not_found
  end
end
