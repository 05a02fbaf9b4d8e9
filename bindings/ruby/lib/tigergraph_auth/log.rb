# frozen_string_literal: true

module TigerGraphAuth
  # Passes the library's log lines on to Ruby objects.
  #
  # @api private
  module Log
    # Severities of Ruby's Logger by level of the library's.
    SEVERITIES = { 1 => 3, 2 => 2, 3 => 1, 4 => 0 }.freeze

    module_function

    # Makes `logger` the log target of a config. It stays referenced until the library releases it.
    def attach(config, logger, level)
      raise TypeError, "logger must have the method add" unless logger.respond_to?(:add)

      max_level = Native::LOG_LEVELS.fetch(level) { raise ArgumentError, "log_level must be one of #{levels}" }
      functions = Callbacks.functions
      Native.tg_config_set_log(config, max_level, functions.line, Callbacks.hold(logger), functions.release)
    end

    # Hands one line to a logger, whatever that does: nothing may unwind the library's own frames.
    def deliver(level, message, number)
      Thread.handle_interrupt(Object => :never) do
        Callbacks.held(number)&.add(SEVERITIES.fetch(level, 0), Native.text(message))
      rescue Exception # rubocop:disable Lint/RescueException
        nil
      end
    ensure
      return # rubocop:disable Lint/EnsureReturn -- ends a throw, too
    end

    def levels
      Native::LOG_LEVELS.keys.map(&:inspect).join(", ")
    end
    private_class_method :levels
  end
end
