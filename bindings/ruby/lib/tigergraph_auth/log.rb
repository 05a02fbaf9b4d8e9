# frozen_string_literal: true

module TigerGraphAuth
  # Passes the library's log lines on to Ruby objects.
  #
  # @api private
  module Log
    # Severities of Ruby's Logger by level of the library's.
    SEVERITIES = { 1 => 3, 2 => 2, 3 => 1, 4 => 0 }.freeze
    DEBUG = 0

    module_function

    # Makes `logger` the log target of a config. It stays referenced until the library releases it.
    def attach(config, logger, level)
      raise TypeError, "logger must have the method add" unless logger.respond_to?(:add)

      max_level = Native::LOG_LEVELS.fetch(level) { raise ArgumentError, "log_level must be one of #{levels}" }
      functions = Callbacks.functions
      Native.tg_config_set_log(config, max_level, functions.line, Callbacks.hold(logger), functions.release)
    end

    # Hands one line of the library's to a logger.
    def deliver(level, message, number)
      guard { Callbacks.held(number)&.add(SEVERITIES.fetch(level, DEBUG), Native.text(message)) }
    end

    # Hands one line of this package's own to a logger, as it does the library's.
    def debug(logger, message)
      guard { logger.add(DEBUG, message) }
    end

    # Whatever the logger does, nothing may unwind the library's own frames.
    def guard
      Thread.handle_interrupt(Object => :never) do
        yield
      rescue Exception # rubocop:disable Lint/RescueException
        nil
      end
    ensure
      return # rubocop:disable Lint/EnsureReturn -- ends a throw, too
    end
    private_class_method :guard

    def levels
      Native::LOG_LEVELS.keys.map(&:inspect).join(", ")
    end
    private_class_method :levels
  end
end
