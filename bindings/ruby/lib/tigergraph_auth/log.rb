# frozen_string_literal: true

module TigerGraphAuth
  # Passes the library's log lines on to Ruby objects.
  #
  # The library renews tokens on threads of its own. Lines that come from there are brought to Ruby by a
  # thread of ffi's, which a forked child does not inherit.
  #
  # @api private
  module Log
    # Severities of Ruby's Logger by level of the library's.
    SEVERITIES = { 1 => 3, 2 => 2, 3 => 1, 4 => 0 }.freeze

    # Whether a new callback brings ffi's thread back for those that are there. From 1.16 on each callback
    # is bound to the thread that it was made beside.
    REVIVES = Gem::Version.new(FFI::VERSION) < Gem::Version.new("1.16")

    # The loggers that the library may call, each under a number that it hands back. Not guarded by a
    # Mutex, because finalizers remove entries: each access is one call of a Hash.
    @loggers = {}
    # All callbacks ever made: the library may call them as long as it has a connection.
    @kept = []
    @process = nil

    module_function

    # Makes `logger` the log target of a config. It stays referenced until the library releases it.
    #
    # @return [Integer] the process whose callbacks it has
    def attach(config, logger, level)
      raise TypeError, "logger must have the method add" unless logger.respond_to?(:add)

      max_level = Native::LOG_LEVELS.fetch(level) { raise ArgumentError, "log_level must be one of #{levels}" }
      line, release = callbacks
      # Not the logger itself: one logger may serve several connections.
      entry = [logger].freeze
      @loggers[entry.object_id] = entry
      Native.tg_config_set_log(config, max_level, line, FFI::Pointer.new(entry.object_id), release)
      @process
    end

    # Must be called before a connection is used that has the callbacks of `process`.
    #
    # @raise [Error] if no log line could come through, so that the call would wait for nothing
    def follow(process)
      return if process == Process.pid
      raise Error, "a connection with a logger is not inherited with this version of ffi: make it after the fork" \
        unless REVIVES

      callbacks
    end

    # @return [Integer] how many loggers the library holds
    def attached
      @loggers.size
    end

    # Hands one line to a logger, whatever that does: nothing may unwind the library's own frames.
    def deliver(level, message, number)
      Thread.handle_interrupt(Object => :never) do
        logger, = @loggers[number]
        logger&.add(SEVERITIES.fetch(level, 0), Native.text(message))
      rescue Exception # rubocop:disable Lint/RescueException
        nil
      end
    ensure
      return # rubocop:disable Lint/EnsureReturn -- ends a throw, too
    end

    # @return [Array<FFI::Function>] what to call for a line, and what when there are no more
    def callbacks
      return @kept.last if @process == Process.pid

      line = FFI::Function.new(:void, %i[int32 string pointer]) do |level, message, user_data|
        deliver(level, message, user_data.address)
      end
      release = FFI::Function.new(:void, [:pointer]) { |user_data| @loggers.delete(user_data.address) }
      @kept << [line, release]
      @process = Process.pid
      @kept.last
    end
    private_class_method :callbacks

    def levels
      Native::LOG_LEVELS.keys.map(&:inspect).join(", ")
    end
    private_class_method :levels
  end
end
