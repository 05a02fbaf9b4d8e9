# frozen_string_literal: true

# The conformance program in Ruby: reads commands, one a line, and answers each with one line, as
# tests/conformance/README.md says.

require "tigergraph_auth"

# Keeps log lines, each as the number of the library's level and the message.
class LogLines
  LEVELS = { 3 => 1, 2 => 2, 1 => 3, 0 => 4 }.freeze

  def initialize
    @lines = Thread::Queue.new
  end

  def add(severity, message)
    @lines << "#{LEVELS.fetch(severity)} #{message}"
  end

  def take
    Array.new(@lines.size) { @lines.pop }
  end
end

# The fields of one command.
class Command
  attr_reader :word

  def initialize(line)
    @word, *fields = line.chomp.split("\t")
    @fields = fields.map { |field| field.split("=", 2) }
  end

  # @return [String, nil]
  def text(name)
    all(name).first
  end

  # @return [Array<String>]
  def all(name)
    @fields.select { |field, _| field == name }.map { |_, value| decode(value) }
  end

  # @return [Integer, nil]
  def number(name)
    text(name)&.then { |digits| Integer(digits, 10) }
  end

  # @return [Float, nil] seconds
  def milliseconds(name)
    number(name)&.fdiv(1000)
  end

  def flag(name)
    text(name) == "1"
  end

  private

  def decode(value)
    value.b.gsub(/%(\h\h)/) { $1.hex.chr }.force_encoding(Encoding::UTF_8)
  end
end

# Brings what the scenario has it answer, one call after the other; the last answer stays.
class Provider
  # @param connection [#call] gives the connection that it brings tokens for
  def initialize(answers, connection)
    @answers = answers
    @connection = connection
    @lock = Mutex.new
    @calls = 0
    @had_time = false
    @cancelled = false
  end

  def call(request)
    @lock.synchronize do
      kind, number, words = @answers[[@calls, @answers.size - 1].min].split(" ", 3)
      @calls += 1
      @had_time = request.time_left.positive?
      sleep(0.005) until request.cancelled? || kind != "wait"
      @cancelled = request.cancelled?
      give(kind, Integer(number, 10), words)
    end
  end

  # Once it has answered: how often it was asked, and what its last request was like.
  def calls
    @lock.synchronize { [["calls", @calls], ["had_time", @had_time ? 1 : 0], ["cancelled", @cancelled ? 1 : 0]] }
  end

  private

  def give(kind, number, words)
    case kind
    when "token" then number.zero? ? words : [words, Time.now + number]
    when "within" then raise TigerGraphAuth::TokenProvider::Unavailable, reason_from_within
    else
      failure = kind == "refused" ? TigerGraphAuth::TokenProvider::Refused : TigerGraphAuth::TokenProvider::Unavailable
      raise failure.new(words, retry_after: (number.fdiv(1000) if number >= 0))
    end
  end

  # Why a call of the provider's own connection fails.
  def reason_from_within
    @connection.call.authorization
    "none"
  rescue TigerGraphAuth::Error => e
    e.reason
  end
end

# Carries out commands.
class Program
  include TigerGraphAuth

  TEXTS = %i[graph username password secret api_token jwt password_file secret_file jwt_file server_version ca_file
             ca_pem client_cert client_key pin_sha256 proxy user_agent token_cache oauth2_url oauth2_client_id
             oauth2_client_secret oauth2_client_secret_file profile env_file].freeze
  LOG_LEVELS = { 1 => :error, 2 => :warn, 3 => :info, 4 => :debug }.freeze
  TGCLOUD = { 1 => true, -1 => false }.freeze

  def initialize
    @tokens = {}
    @log = LogLines.new
  end

  # @return [String] the answer to a command
  def answer(command)
    line("ok", public_send(command.word, command))
  rescue Error => e
    line("error", failure(e))
  end

  def connect(command)
    log = LogLines.new
    level = command.number("log")
    settings = TEXTS.to_h { |name| [name, command.text(name.to_s)] }
    provider = Provider.new(command.all("provider"), -> { @conn }) if command.text("provider")
    conn = Connection.new(
      command.text("host"), **settings,
      restpp_port: command.number("restpp_port"), gsql_port: command.number("gsql_port"),
      tgcloud: TGCLOUD[command.number("tgcloud")], insecure_tls: command.flag("insecure_tls"),
      allow_http: command.flag("allow_http"), connect_timeout: command.milliseconds("connect_ms"),
      timeout: command.milliseconds("total_ms"), lifetime: command.number("lifetime_s"),
      renew_before: command.number("renew_before_s"), added_ca_files: command.text("added_ca_file"),
      logger: (log if level), log_level: LOG_LEVELS.fetch(level, :debug), token_provider: provider,
      oauth2_parameters: command.all("oauth2_parameter").to_h { |parameter| parameter.split("=", 2) },
      from_env: command.flag("env")
    )
    close(command)
    @conn = conn
    @log = log
    @provider = provider
    []
  end

  def close(_command)
    @conn&.close
    @conn = nil
    []
  end

  def get_secrets(command)
    secrets(call(command, :secrets, user: command.text("user")))
  end

  def show_secrets(command)
    secrets(call(command, :show_secrets, user: command.text("user")))
  end

  def get_secret(command)
    secrets([call(command, :get_secret, command.text("alias"), user: command.text("user"))])
  end

  def create_secret(command)
    options = { value: command.text("value"), user: command.text("user") }
    secrets([call(command, :create_secret, command.text("alias"), **options)])
  end

  def ensure_secret(command)
    secrets([call(command, :ensure_secret, command.text("alias"))])
  end

  def drop_secret(command)
    call(command, :drop_secret, command.text("alias"), **drop_options(command))
    []
  end

  def drop_secrets(command)
    [["dropped", call(command, :drop_secret, command.all("alias"), **drop_options(command))]]
  end

  def get_token(command)
    token(call(command, :get_token, **token_options(command)))
  end

  def refresh_token(command)
    options = token_options(command).merge(or_new: command.flag("or_new"))
    token(call(command, :refresh_token, command.text("token"), **options))
  end

  def delete_token(command)
    options = { secret: command.text("secret"), ignore_missing: command.flag("ignore_missing") }
    call(command, :delete_token, command.text("token"), **options)
    []
  end

  def check_jwt_token(command)
    [["valid", call(command, :check_jwt_token, command.text("jwt")) ? 1 : 0]]
  end

  def check_token(command)
    [["valid", call(command, :check_token, named_token(command)) ? 1 : 0]]
  end

  def url(command)
    [["url", @conn.url(server: server(command))]]
  end

  def token_url(command)
    [["url", named_token(command).url(server: server(command))]]
  end

  def ca_pem(_command)
    [["ca_pem", @conn.ca_pem]]
  end

  def is_token_refused(command) # rubocop:disable Naming/PredicateName -- the name of the command
    body = command.text("body")
    refused = TigerGraphAuth.token_refused?(command.number("http_status"), body, server: server(command))
    [["refused", refused ? 1 : 0]]
  end

  # The name of the command is that of a method of every object.
  def send(command)
    response = call(command, :request, command.text("method"), command.text("path"), **request_options(command))
    [["http_status", response.http_status], ["content_type", response["Content-Type"]], ["body", response.body]]
  end

  def authorization(command)
    token(call(command, :authorization))
  end

  def current_token(_command)
    token(@conn.current_token)
  end

  def reject_token(command)
    @conn.reject_token(named_token(command))
    []
  end

  def server_version(command)
    [["version", call(command, :server_version)]]
  end

  def provider_calls(_command)
    @provider.calls
  end

  def diagnose(command)
    report = call(command, :diagnose, offline: command.flag("offline"))
    [["text", report.text], ["json", report.json]]
  end

  def library_version(_command)
    [["version", TigerGraphAuth.library_version]]
  end

  def take_log(_command)
    @log.take.map { |line| ["line", line] }
  end

  private

  # Calls a method with the limit and the cancellation that the command names.
  def call(command, method, *arguments, **options)
    options[:timeout] = command.milliseconds("timeout_ms")
    after = command.milliseconds("cancel_after_ms")
    return @conn.public_send(method, *arguments, **options) unless after

    handle = @conn.dup
    canceller = Thread.new do
      sleep(after)
      handle.cancel
    end
    begin
      handle.public_send(method, *arguments, **options)
    ensure
      canceller.kill.join
      handle.close
    end
  end

  def named_token(command)
    @tokens.fetch(command.text("value"))
  end

  def server(command)
    command.text("server")&.to_sym || :restpp
  end

  def request_options(command)
    name = command.text("header_name")
    { server: server(command), headers: ({ name => command.text("header_value") } if name),
      body: command.text("body"), content_type: command.text("content_type"),
      response_limit: command.number("response_limit") }
  end

  def drop_options(command)
    { user: command.text("user"), ignore_missing: command.flag("ignore_missing") }
  end

  def token_options(command)
    { secret: command.text("secret"), lifetime: command.number("lifetime_s"),
      keep_current: command.flag("keep_current"), global: command.flag("global") }
  end

  def secrets(list)
    [["count", list.size]] + list.flat_map do |secret|
      [["alias", secret.alias_name], ["value", secret.value], ["graph", secret.graph.to_s],
       ["masked", secret.masked? ? 1 : 0]]
    end
  end

  def token(token)
    @tokens[token.value] = token
    ends = token.expires_at
    [["value", token.value], ["header", token.header], ["expires_at", ends.to_i],
     ["expiration", ends ? ends.strftime("%Y-%m-%dT%H:%M:%SZ") : ""]]
  end

  def failure(error)
    [["status", error.status.to_s.upcase], ["reason", error.reason], ["message", error.message],
     ["hint", error.hint.to_s], ["server_code", error.server_code.to_s], ["http_status", error.http_status.to_i],
     ["retry_after_ms", error.retry_after ? (error.retry_after * 1000).round : -1]]
  end

  def line(word, fields)
    [word, *fields.map { |name, value| "#{name}=#{encode(value.to_s)}" }].join("\t")
  end

  def encode(value)
    value.b.gsub(/[^ -$&-~]/n) { |byte| format("%%%02X", byte.ord) }
  end
end

$stdout.sync = true
program = Program.new
$stdin.each_line { |line| puts program.answer(Command.new(line)) }
program.close(nil)
