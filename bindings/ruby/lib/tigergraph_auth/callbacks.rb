# frozen_string_literal: true

module TigerGraphAuth
  # The functions that the library calls, and the Ruby objects that it calls them for.
  #
  # The library calls them on threads of its own as well. Such a call is brought to Ruby by a thread of ffi's, which
  # runs each on a new Ruby thread, and which a forked child does not inherit.
  #
  # @api private
  module Callbacks
    # Whether a new callback brings ffi's thread back for those that are there. From 1.16 on each callback
    # is bound to the thread that it was made beside.
    REVIVES = Gem::Version.new(FFI::VERSION) < Gem::Version.new("1.16")

    # What to call for a log line, for a token, and when an object is not needed any more.
    Functions = Struct.new(:line, :provide, :release)

    # The objects that the library may call, each under a number that it hands back. Not guarded by a
    # Mutex, because finalizers remove entries: each access is one call of a Hash.
    @objects = {}
    # All callbacks ever made: the library may call them as long as it has a connection.
    @kept = []
    @process = nil

    module_function

    # @return [FFI::Pointer] what stands for an object, which stays referenced until the library releases it
    def hold(object)
      # Not the object itself: one may serve several connections.
      entry = [object].freeze
      @objects[entry.object_id] = entry
      FFI::Pointer.new(entry.object_id)
    end

    # @param number [Integer] what stands for an object
    # @return [Object, nil]
    def held(number)
      @objects[number]&.first
    end

    # @return [Integer] how many objects with this method the library holds
    def count(method)
      @objects.values.count { |object,| object.respond_to?(method) }
    end

    # @return [Functions] those of this process
    def functions
      return @kept.last if @process == Process.pid

      @kept << Functions.new(
        FFI::Function.new(:void, %i[int32 string pointer]) do |level, message, object|
          Log.deliver(level, message, object.address)
        end,
        FFI::Function.new(:void, %i[pointer pointer]) { |request, object| TokenProvider.answer(request, object.address) },
        FFI::Function.new(:void, [:pointer]) { |object| @objects.delete(object.address) }
      )
      @process = Process.pid
      @kept.last
    end

    # Must be called before a connection is used that has the callbacks of `process`.
    #
    # @raise [Error] if none of them could come through, so that the call would wait for nothing
    def follow(process)
      return if process == Process.pid
      raise Error, "a connection with a logger or a token provider is not inherited with this version of ffi: " \
                   "make it after the fork" unless REVIVES

      functions
    end
  end
end
