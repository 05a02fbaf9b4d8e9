# frozen_string_literal: true

require "json"

module TigerGraphAuth
  # What {Connection#diagnose} found. Immutable. Contains no credential, so it can be shown to anybody.
  class Report
    # @return [String] for a person: the first line is the verdict and what to do
    attr_reader :text
    # @return [String] for a program: a JSON object, described in the library's header
    attr_reader :json

    # @api private
    def initialize(text, json)
      @text = text.freeze
      @json = json.freeze
      freeze
    end

    # @api private
    # @param pointer [Native::ReportPointer]
    def self.copy(pointer)
      new(Native.text(Native.tg_report_text(pointer)), Native.text(Native.tg_report_json(pointer)))
    end

    # @return [Hash] the JSON object, by its names
    def to_h
      JSON.parse(json)
    end

    # @return [Boolean] whether everything works
    def ok?
      to_h.fetch("ok")
    end

    # @return [String] the first line of the text
    def verdict
      to_h.fetch("verdict")
    end

    # @return [String] the text
    def to_s
      text
    end

    # @return [String] the class and the verdict
    def inspect
      "#<#{self.class} #{verdict}>"
    end
  end
end
