# frozen_string_literal: true

module TigerGraphAuth
  # What holds a credential. It stays in the library's memory, which wipes it, and is copied into a String
  # only when it is asked for; so nothing that walks over Ruby objects comes across it.
  module Sealed
    # @return [String] what it is, without the credential
    def to_s
      inspect
    end

    # @raise [TypeError] always: a credential is not written to a file by accident
    def marshal_dump
      raise TypeError, "#{self.class} holds a credential and is not serialized"
    end

    # @raise [TypeError] always
    def encode_with(_coder)
      marshal_dump
    end
  end
end
