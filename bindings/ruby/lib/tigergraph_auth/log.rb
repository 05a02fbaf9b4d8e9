# frozen_string_literal: true

module TigerGraphAuth
  # Passes the library's log lines on to Ruby objects.
  #
  # @api private
  module Log
    # Severities of Ruby's Logger by level of the library's.
    SEVERITIES = { 1 => 3, 2 => 2, 3 => 1, 4 => 0 }.freeze

    # The loggers that the library may call, each under a number that it hands back. Not guarded by a
    # Mutex, because an entry is removed in a finalizer: each access is one call of a Hash.
    @loggers = {}

    module_function

    # Makes `logger` the log target of a config. It stays referenced until the library releases it.
    def attach(config, logger, level)
      raise TypeError, "logger must have the method add" unless logger.respond_to?(:add)

      max_level = Native::LOG_LEVELS.fetch(level) { raise ArgumentError, "log_level must be one of #{levels}" }
      # Not the logger itself: one logger may serve several connections.
      entry = [logger].freeze
      @loggers[entry.object_id] = entry
      Native.tg_config_set_log(config, max_level, LINE, FFI::Pointer.new(entry.object_id), RELEASE)
    end

    # @return [Integer] how many loggers the library holds
    def attached
      @loggers.size
    end

    def levels
      Native::LOG_LEVELS.keys.map(&:inspect).join(", ")
    end
    private_class_method :levels

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

    def release(number)
      @loggers.delete(number)
    end

    # One of each for the whole process, which therefore are never collected.
    LINE = FFI::Function.new(:void, %i[int32 string pointer]) do |level, message, user_data|
      deliver(level, message, user_data.address)
    end
    RELEASE = FFI::Function.new(:void, [:pointer]) { |user_data| release(user_data.address) }
    private_constant :LINE, :RELEASE
  end
end
