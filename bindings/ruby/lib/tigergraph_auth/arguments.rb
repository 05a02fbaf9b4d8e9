# frozen_string_literal: true

module TigerGraphAuth
  # Turns what a Ruby program passes into what the library takes. Complaints name the argument and never
  # show its value.
  #
  # @api private
  module Arguments
    UINT16 = (0..0xffff).freeze
    INT32 = (-2**31...2**31).freeze
    UINT32 = (0..0xffff_ffff).freeze
    INT64 = (-2**63...2**63).freeze
    UINT64 = (0...2**64).freeze

    module_function

    # @return [String, nil] a copy in UTF-8, which no other thread can change while the library reads it
    def text(value, name)
      return if value.nil?
      raise TypeError, "#{name} must be a String, not #{value.class}" unless value.is_a?(String)

      copy = utf8(value, name)
      raise ArgumentError, "#{name} contains a NUL character" if copy.include?("\0")

      copy.freeze
    end

    # @return [String, nil] the value of a {Token} or a {Secret}, or a text
    def credential(value, name)
      text(value.is_a?(Sealed) ? value.value : value, name)
    end

    # @return [String, nil] a text, or the path of a Pathname or a File
    def path(value, name)
      text(value.respond_to?(:to_path) ? value.to_path : value, name)
    end

    # @return [Array<String>] the paths of one, of an Array of them, or of none
    def paths(value, name)
      list = value.is_a?(Array) ? value : [value]
      list.compact.map { |item| path(item, name) }
    end

    # @return [String] what can be shown of a text, whatever it is
    def scrub(value)
      value.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub.delete("\0")
    end

    # @return [Hash{String => String, nil}] names, which may be symbols, and values
    def texts(values, name)
      return {} if values.nil?
      raise TypeError, "#{name} must be a Hash, not #{values.class}" unless values.is_a?(Hash)

      values.to_h do |key, value|
        key = text(key.is_a?(Symbol) ? key.name : key, "a name in #{name}")
        raise TypeError, "a name in #{name} must be a String, not nil" if key.nil?

        [key, text(value, "#{name} #{key}")]
      end
    end

    # @return [String, nil] bytes, whatever their encoding
    def bytes(value, name)
      raise TypeError, "#{name} must be a String, not #{value.class}" unless value.nil? || value.is_a?(String)

      value
    end

    # @return [Integer] the number of a part of TigerGraph
    def server(value)
      Native::SERVERS.fetch(value) { raise ArgumentError, "server must be :restpp or :gateway" }
    end

    # @return [Integer] milliseconds; 0 where the default is meant
    def milliseconds(seconds, name)
      seconds = finite(seconds, name).to_f
      within(UINT32, away_from_zero(seconds * 1000), name)
    end

    # @return [Integer] whole seconds; 0 where the default is meant; the library judges the sign
    def seconds(value, name)
      within(INT64, away_from_zero(finite(value, name)), name)
    end

    # @return [Integer] seconds since 1970; 0 where no time is known; the library judges the sign
    def time(value, name)
      return [value.to_i, 1].max if value.is_a?(Time)

      value = finite(value, name)
      # Not later than it is, and not 0 because it is early.
      within(INT64, value.positive? ? [value.floor, 1].max : value.floor, name)
    end

    # @return [Integer]
    def port(value, name)
      within(UINT16, number(value, name).to_i, name)
    end

    # @return [Integer] a number of bytes; 0 where the default is meant
    def length(value, name)
      within(UINT64, number(value, name).to_i, name)
    end

    # @return [Integer] also of the text that Net::HTTP has
    def http_status(value)
      value = value.to_i if value.is_a?(String)
      raise TypeError, "http_status must be an Integer, not #{value.class}" unless value.is_a?(Integer)

      within(INT32, value, "http_status")
    end

    # @return [Integer] the flags whose condition holds
    def flags(conditions)
      conditions.sum { |flag, set| set ? flag : 0 }
    end

    def number(value, name)
      return 0 if value.nil?
      raise TypeError, "#{name} must be a number, not #{value.class}" unless value.is_a?(Numeric)

      value
    end
    private_class_method :number

    def finite(value, name)
      value = number(value, name)
      raise ArgumentError, "#{name} is not finite" unless value.to_f.finite?

      value
    end
    private_class_method :finite

    # What is not 0 does not become 0, which would mean the default.
    def away_from_zero(value)
      value.negative? ? value.floor : value.ceil
    end
    private_class_method :away_from_zero

    def within(range, value, name)
      raise ArgumentError, "#{name} is out of range" unless range.cover?(value)

      value
    end
    private_class_method :within

    # Bytes that claim to be UTF-8, or claim nothing, are for the library to judge.
    def utf8(value, name)
      case value.encoding
      when Encoding::UTF_8 then value.dup
      when Encoding::BINARY, Encoding::US_ASCII then value.dup.force_encoding(Encoding::UTF_8)
      else value.encode(Encoding::UTF_8)
      end
    rescue EncodingError
      # Without the cause, which shows the bytes it stumbled over.
      raise ArgumentError, "#{name} cannot be encoded as UTF-8", cause: nil
    end
    private_class_method :utf8
  end
end
