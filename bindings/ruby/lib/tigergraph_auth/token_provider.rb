# frozen_string_literal: true

module TigerGraphAuth
  # Tokens from elsewhere: what `token_provider:` of {Connection#initialize} takes is anything with the method
  # `call`, such as a lambda. It gets a {Request} and returns a token without "Bearer " before it (a String, or
  # a {Token} of another connection), or `[token, expires_at]` with a Time, or seconds since 1970. Without an end, it is
  # the token's own if that is a JWT; else the token is renewed after 15 minutes.
  #
  # It is asked when the first token is needed, in time before the end of one, and after one was rejected: once,
  # however many threads wait, never twice at once for a connection and its dups. It runs on a Ruby thread of its own,
  # without the thread-local values of the caller, and may block, for other threads run meanwhile. It should give up
  # when {Request#time_left} is over: calls that need a token raise {TigerGraphAuth::Unavailable} until it has returned.
  #
  # It may use other connections. A call that waits for its own connection raises {InvalidArgument}
  # ("argument.recursion"), except one that is given a secret.
  #
  # If there is no token it raises {Refused} or {Unavailable}. What it raises otherwise counts as {Unavailable}; an
  # {Error} of another connection is passed on with its message, but of anything else only the class is told, because
  # its message may contain a credential. Nothing that it raises or throws goes further than this, and an end of its
  # thread is no answer.
  #
  # @example
  #   provider = lambda do |request|
  #     answer = Vault.read("tigergraph/token", timeout: request.time_left)
  #     raise TigerGraphAuth::TokenProvider::Refused, "the vault says no" if answer.denied?
  #
  #     [answer.token, answer.expires_at]
  #   end
  #   conn = TigerGraphAuth::Connection.new("https://db.example.com", token_provider: provider)
  module TokenProvider
    # Why a provider has no token.
    class Failure < StandardError
      # @return [Numeric, nil] how many seconds to wait at least before the provider is asked again
      attr_reader :retry_after

      # @param message [String, nil] what the callers are told: at most 256 bytes, without what looks like a credential
      # @param retry_after [Numeric, nil] in seconds; more than an hour counts as an hour
      def initialize(message = nil, retry_after: nil)
        Arguments.milliseconds(retry_after, "retry_after")
        @retry_after = retry_after
        super(message)
      end
    end

    # Whoever gives tokens refuses this program: the callers get {Unauthenticated} ("provider.refused"), and the
    # provider is not asked again for about 30 seconds.
    class Refused < Failure; end

    # There is no token now: the callers get {TigerGraphAuth::Unavailable} ("provider.unavailable"), and the provider is
    # asked again after half a second, then later and later.
    class Unavailable < Failure; end

    # One request to a provider. For any number of threads; when the provider has returned, it is over.
    class Request
      # @api private
      # @param pointer [FFI::Pointer] which is good until {#finish}
      def initialize(pointer)
        @lock = Mutex.new
        @pointer = pointer
      end

      # @return [Float] how many seconds are left for the answer; 0.0 if it is cancelled
      def time_left
        @lock.synchronize { Native.tg_provider_request_time_left_ms(@pointer) / 1000.0 }
      end

      # @return [Boolean] whether nobody waits for the answer any more
      def cancelled?
        @lock.synchronize { @pointer.nil? || Native.tg_provider_request_is_cancelled(@pointer) != 0 }
      end

      # @api private
      def finish
        @lock.synchronize { @pointer = nil }
      end

      # @raise [TypeError] always: a copy would not know when it is over
      def initialize_copy(_original)
        raise TypeError, "#{self.class} is not copied"
      end

      # @return [String] the class
      def inspect
        "#<#{self.class}>"
      end
      alias to_s inspect
    end

    # The library's numbers for why there is no token.
    REFUSED = 6
    UNAVAILABLE = 12
    # How many seconds a provider can ask to be left alone; the library has the same limit.
    LONGEST_WAIT = 3600
    private_constant :REFUSED, :UNAVAILABLE, :LONGEST_WAIT

    # Under which name a thread knows what provider it runs.
    RUNNING = :tigergraph_auth_token_provider
    private_constant :RUNNING

    module_function

    # Makes `provider` the login of a config. It stays referenced until the library releases it.
    #
    # @api private
    # @return [Integer] the number that stands for it
    def attach(config, provider)
      raise TypeError, "token_provider must have the method call" unless provider.respond_to?(:call)

      functions = Callbacks.functions
      number = Callbacks.hold(provider)
      Native.tg_config_set_token_provider(config, functions.provide, number, functions.release)
      number.address
    end

    # Whether the thread that asks is running this provider, which would wait for itself. The library itself cannot know,
    # because the provider and what it calls run on other threads than its own.
    #
    # @api private
    def running?(number)
      Thread.current.thread_variable_get(RUNNING) == number
    end

    # Answers one request of the library's, whatever the provider does: nothing may unwind the library's own frames.
    #
    # @api private
    def answer(pointer, number)
      Thread.handle_interrupt(Call::UNINTERRUPTED) do
        request = Request.new(pointer)
        Thread.current.thread_variable_set(RUNNING, number)
        tell(pointer) { Callbacks.held(number).call(request) }
      ensure
        Thread.current.thread_variable_set(RUNNING, nil)
        request&.finish
      end
    ensure
      # Ends a throw and an end of the thread, too.
      return if Thread.main.alive? # rubocop:disable Lint/EnsureReturn

      # The program ends: if this returned, the library's thread would go on and call what Ruby has freed.
      Thread.exit
    end

    # Tells the library what the block returns or raises.
    def tell(pointer, &provider)
      # Within the provider, interrupts work as everywhere: Timeout, and the end of the program.
      token, expires_at = read(Thread.handle_interrupt(Object => :immediate, &provider))
      refusal = Native.outcome { |error| Native.tg_provider_request_set_token(pointer, token, expires_at, error) }
      # It is an answer already if it is no token, and there is nobody to tell if nobody waits.
      raise refusal if refusal.is_a?(InvalidArgument)
    rescue Exception => e # rubocop:disable Lint/RescueException
      message = Arguments.scrub(message_of(e))
      Native.outcome { |error| Native.tg_provider_request_fail(pointer, status_of(e), message, wait_of(e), error) }
    end
    private_class_method :tell

    # @return [Array(String, Integer)] the token and its end, in seconds since 1970; 0: unknown
    def read(given)
      given = [given.value, given.expires_at] if given.is_a?(Token)
      given = [given] unless given.is_a?(Array)
      raise ArgumentError, "give a token, or [token, expires_at]" unless given.size.between?(1, 2)

      token, expires_at = given
      raise TypeError, "token must be a String, not nil" if token.nil?

      expires_at = expires_at.to_time if expires_at.respond_to?(:to_time) # such as a DateTime
      [Arguments.credential(token, "token"), Arguments.time(expires_at, "expires_at")]
    rescue TypeError, ArgumentError => e
      raise Unavailable, "what it returned is no token: #{e.message}"
    end
    private_class_method :read

    def message_of(exception)
      case exception
      when Failure, Error then exception.message == exception.class.name ? "" : exception.message
      else "#{exception.class} was raised"
      end
    end
    private_class_method :message_of

    def status_of(exception)
      case exception
      when Refused, Unauthenticated, Forbidden then REFUSED
      else UNAVAILABLE
      end
    end
    private_class_method :status_of

    # @return [Integer] milliseconds; -1: not known
    def wait_of(exception)
      wait = exception.retry_after if exception.is_a?(Failure) || exception.is_a?(Error)
      wait ? Arguments.milliseconds([wait, LONGEST_WAIT].min, "retry_after") : -1
    end
    private_class_method :wait_of
  end
end
