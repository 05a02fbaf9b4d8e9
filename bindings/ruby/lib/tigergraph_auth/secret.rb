# frozen_string_literal: true

module TigerGraphAuth
  # A secret: who knows its value can get tokens for its user. Immutable, for any number of threads.
  class Secret
    include Sealed

    # @api private
    # @param list [Native::SecretsPointer]
    # @param index [Integer] which one of the list
    def initialize(list, index)
      @list = list
      @index = index
      freeze
    end

    # @api private
    # @return [Array<Secret>] all of a list, frozen
    def self.all(list)
      Array.new(Native.tg_secrets_count(list)) { |index| new(list, index) }.freeze
    end

    # @return [String] the alias
    def alias_name
      Native.text(Native.tg_secrets_alias(@list, @index))
    end

    # @return [String] the value, or what a server before 4.1 shows of it
    def value
      Native.text(Native.tg_secrets_value(@list, @index))
    end

    # @return [String, nil] the graph (before 4.1)
    def graph
      Native.text_or_nil(Native.tg_secrets_graph(@list, @index))
    end

    # @return [Boolean] whether the value is only the masked form
    def masked?
      Native.tg_secrets_is_masked(@list, @index) != 0
    end

    # @return [String] the class, the alias and the graph, never the value
    def inspect
      "#<#{self.class} alias_name=#{alias_name.inspect} graph=#{graph.inspect} masked=#{masked?}>"
    end
  end
end
