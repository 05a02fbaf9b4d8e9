# frozen_string_literal: true

module TigerGraphAuth
  # Makes Ruby's own HTTP client trust whom the library trusts.
  #
  # @api private
  module Http
    CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/m.freeze

    module_function

    # @param address [URI::HTTP]
    # @param ca_pem [String, nil]
    # @return [Net::HTTP]
    def client(address, ca_pem)
      # Loaded here, because programs that do not use it should not wait for it.
      require "net/http"

      # As the library does it, without a proxy, whatever the environment says.
      client = Net::HTTP.new(address.hostname, address.port, nil)
      return client unless address.scheme == "https"

      client.use_ssl = true
      client.verify_mode = OpenSSL::SSL::VERIFY_PEER
      client.cert_store = store(ca_pem) if ca_pem
      client
    end

    def store(ca_pem)
      store = OpenSSL::X509::Store.new
      # As the library does it, a certificate of the setting is trusted also if it is not a root's.
      store.flags = OpenSSL::X509::V_FLAG_PARTIAL_CHAIN
      ca_pem.scan(CERTIFICATE) { |pem| store.add_cert(OpenSSL::X509::Certificate.new(pem)) }
      store
    end
    private_class_method :store
  end
end
