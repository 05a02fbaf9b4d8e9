# frozen_string_literal: true

module TigerGraphAuth
  # Asks for a token that is there. As long as the library gives the same handle of it, this gives the same {Token},
  # because to make one costs more than the call; threads can have different handles of a token. Not for several threads
  # at once.
  #
  # @api private
  class Fresh
    # Reads an address; unsigned long is narrower on Windows.
    READ = FFI::Pointer.size == 8 ? :get_uint64 : :get_uint32
    private_constant :READ

    # @param handle [Native::ConnPointer] not to be freed while {#ask} runs
    def initialize(handle)
      @handle = handle.address
      @slot = FFI::MemoryPointer.new(:size_t)
      @slot_address = @slot.address
      # Whether the slot has a reference that is to be given back. An interrupt can come after each call of a function
      # in C; to keep interrupts away would cost as much as all the rest.
      @owed = false
      @known = nil
      @token = nil
    end

    # @return [Token, nil] nil if there is something to wait for, or to say
    def ask
      give_back if @owed
      @owed = true
      Native.try_authorization_at(@handle, @slot_address, 0)
      address = give_back
      return @token if address == @known

      Thread.handle_interrupt(Call::UNINTERRUPTED) { another }
    ensure
      give_back if @owed
    end

    private

    # @return [Integer] the address of the token; 0: there was none
    def give_back
      address = @slot.public_send(READ, 0)
      @owed = false
      Native.free_token_at(address)
      address
    end

    # The reference of this call becomes the Token's. One that is no good any more is not kept.
    def another
      @token = @known = nil
      Native.try_authorization_at(@handle, @slot_address, 0)
      pointer = @slot.read_pointer
      return if pointer.null?

      @token = Token.new(Native::TokenPointer.new(pointer))
      @known = pointer.address
      @token
    end
  end
end
