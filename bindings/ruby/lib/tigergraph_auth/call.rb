# frozen_string_literal: true

module TigerGraphAuth
  # One call that may wait for the network, on a native handle of its own, which can be cancelled without
  # disturbing others.
  #
  # ffi releases the interpreter's lock for a `blocking: true` function, but Thread#kill, Timeout and Ctrl-C
  # wait until it returns. A Ruby thread that waits for another one does not: so the native call runs on a
  # thread made for it, and is cancelled when the thread that waits is interrupted.
  #
  # @api private
  class Call
    # Lets no interrupt in, so that nothing is lost between the library's hands and ours.
    UNINTERRUPTED = { Object => :never }.freeze

    # How often a call is cancelled, and how many seconds each is waited for. A cancelled call returns within
    # 100 ms, but a cancellation that comes before the call has begun does not reach it.
    CANCELLATIONS = 50
    PATIENCE = 0.02

    # @param handle [Native::ConnPointer] a handle for this call alone
    # @param limit [Integer] the time limit in milliseconds; 0: as configured
    def initialize(handle, limit)
      @handle = handle
      @events = Thread::Queue.new
      Native.tg_conn_set_timeout(handle, limit)
    end

    # Runs a native call that never waits on this very thread, which spares a thread.
    #
    # @yieldparam handle [Native::ConnPointer]
    # @return what the block returns
    def at_once
      Thread.handle_interrupt(UNINTERRUPTED) { yield @handle }
    end

    # Runs a native call on a thread of its own and waits for it.
    #
    # @yieldparam handle [Native::ConnPointer]
    # @return what the block returns
    def run(&native_call)
      Thread.handle_interrupt(UNINTERRUPTED) { @worker = Thread.new { work(&native_call) } }
      stop if @events.pop == :cancel
      @worker.value
    ensure
      stop if @worker&.alive?
    end

    # Makes the call end soon. May be called in a signal handler.
    def cancel
      @events << :cancel
    end

    # Frees the handle, unless a call that did not end still uses it: then the last reference does.
    def finish
      @handle.free unless @worker&.alive?
    end

    private

    def work
      yield @handle
    rescue Exception => e # rubocop:disable Lint/RescueException -- for the thread that waits
      e
    ensure
      @events << :done
    end

    def stop
      Thread.handle_interrupt(UNINTERRUPTED) do
        CANCELLATIONS.times do
          Native.tg_conn_cancel(@handle)
          break if @worker.join(PATIENCE)
        end
      end
    end
  end
end
