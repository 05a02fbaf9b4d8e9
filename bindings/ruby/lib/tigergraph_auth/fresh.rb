# frozen_string_literal: true

module TigerGraphAuth
  # Asks for a token that is there. As long as the library gives the same token, this gives the same {Token}, because
  # to make one costs more than the call. Not for several threads at once.
  #
  # @api private
  class Fresh
    # Room for what the library gives, whose address can be read without an object for it.
    class Slot < FFI::MemoryPointer
      alias_method :address_at, FFI::Pointer.size == 8 ? :get_uint64 : :get_uint32
    end
    private_constant :Slot

    def initialize
      @slot = Slot.new(:pointer)
      @address = nil
      @token = nil
    end

    # @param handle [Native::ConnPointer]
    # @return [Token, nil] nil if there is something to wait for, or to say
    def ask(handle)
      Native.tg_try_authorization(handle, @slot, nil)
      address = @slot.address_at(0)
      if address == @address
        Native.tg_token_free(@token.pointer) # the reference that this call has given
        return @token
      end
      return if address.zero?

      @token = Token.new(Native::TokenPointer.new(@slot.read_pointer))
      @address = address
      @token
    end
  end
end
