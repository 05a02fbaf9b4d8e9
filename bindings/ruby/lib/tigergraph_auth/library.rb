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

    # Where a gem that brings the library has it, in a folder that is named like the gem's platform. RubyGems can have
    # chosen a gem for another platform.
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

      own = names.map { |name| File.join(OWN_FOLDER, platform, name) }
      own.select { |file| File.exist?(file) } + names + names.map { |name| File.join(OWN_FOLDER, name) }
    end

    # @return [String] what RubyGems calls a gem whose library this Ruby can load; the C library is part of it
    def platform
      return RUBY_PLATFORM if FFI::Platform.windows?
      return "#{FFI::Platform::ARCH.sub("aarch64", "arm64")}-darwin" if FFI::Platform.mac?

      "#{FFI::Platform::ARCH}-linux#{"-musl" if RUBY_PLATFORM.include?("musl")}"
    end

    # @return [Array<String>] the platforms that this gem brings the library for
    def own_platforms
      Dir[File.join(OWN_FOLDER, "*", "*tigergraph_auth.*")].map { |file| File.basename(File.dirname(file)) }.uniq.sort
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
        libtigergraph_auth was not found for #{platform}. These were tried:
        #{refusals.map { |refusal| "  #{refusal}" }.join("\n")}
        #{own_platforms.empty? || own_platforms.include?(platform) ? no_library : other_platform(own_platforms.first)}
      TEXT
    end
    private_class_method :not_found

    def no_library
      <<~TEXT.strip
        Install the library #{"(it is not part of this gem) " if own_platforms.empty?}where the dynamic loader looks,
        or name its file in the environment variable #{VARIABLE}.
      TEXT
    end
    private_class_method :no_library

    # RubyGems before 3.3.22 sees no difference between glibc and musl, and it installs any gem whose file is named.
    def other_platform(other)
      <<~TEXT.strip
        This gem is the one for #{other}, and its library cannot be loaded here. Install the one for #{platform}:
          gem uninstall tigergraph-auth --platform #{other}
          gem install tigergraph-auth --platform #{platform}
        If there is none, install the gem with `--platform ruby`, which brings no library, and the library itself;
        or name its file in the environment variable #{VARIABLE}.
      TEXT
    end
    private_class_method :other_platform
  end
end
