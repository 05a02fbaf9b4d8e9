# frozen_string_literal: true

module TigerGraphAuth
  # Which requests of an HTTP client may have a connection's token: those to its own servers.
  #
  # @api private
  class Origin
    # The ports that an address without one may mean.
    USUAL_PORTS = [443, 14_240, 9000].freeze
    private_constant :USUAL_PORTS

    # @param settings [Hash] those of a {Report}
    # @param more [Array<String>] further servers: "db2.example.com:9000" or, for the port of the scheme, the name alone
    def initialize(settings, more)
      addresses = settings.fetch("host").fetch("value").split(",").map(&:strip)
      addresses.map! { |address| address.include?("://") ? address : "https://#{address}" }
      @is_plain = addresses.first.downcase.start_with?("http:")
      set = settings.values_at("restpp_port", "gsql_port", "ssl_port").compact.map { |port| port.fetch("value").to_i }
      @places = addresses.flat_map { |address| own_places(address, set) }
      @places += more.map { |host| Arguments.text(host, "a host of hosts").downcase }
    end

    # @param uri [URI::HTTP] the address of a request
    # @return [String, nil] why it gets no token; nil if it gets one
    def refusal(uri)
      return "the connection is over https" unless uri.scheme == "https" || @is_plain

      host = uri.host.to_s.downcase
      is_own = @places.include?("#{host}:#{uri.port}") || (uri.port == uri.default_port && @places.include?(host))
      "it is no server of the connection" unless is_own
    end

    private

    def own_places(address, ports)
      host, port = address.downcase.match(%r{\Ahttps?://(\[[^\]]*\]|[^:/]*)(?::(\d+))?}).captures
      ports = (port ? [port.to_i] : USUAL_PORTS) + ports
      ports.map { |number| "#{host}:#{number}" }
    end
  end
end
