# frozen_string_literal: true

# Follows README.md as a new user would: with the gem in an otherwise empty folder, saves the Ruby blocks under
# the names in their first lines and runs the shell blocks, in the order of the README.

require "fileutils"
require "json"
require "net/http"
require "open3"
require "tmpdir"
require "tigergraph_auth"

HERE = File.expand_path("..", __dir__)
BLOCKS = File.read(File.join(HERE, "README.md")).scan(/^```(\w+)\n(.*?)^```$/m)

# What the user sees, by the command.
EXPECTED = {
  "ruby ask.rb" => /\AHTTP 200\n\{.*"results":\[.*\]/,
  "ruby why.rb" => /\ATigerGraph \d.*: everything works\.\n/,
  "ruby request.rb" => %r{\A200\napplication/json\b.*\nfalse\n\z},
  "ruby net_http.rb" => /\A200\n\z/,
  "ruby provider.rb" => /\Aa token of the vault, good until \d{4}-/,
  "ruby errors.rb" => /\Arefused: auth\.\w+\n\z/,
  "ruby cancel.rb" => /\A\d{4}-.*\nfalse\n\z/,
  "ruby logging.rb" => /\AI, .*INFO -- : the server is of generation (A or B|C) \(/
}.freeze

def standin(version)
  process = IO.popen([ENV.fetch("TIGERGRAPH_STANDIN"), "--version", version, "--gateway-port", "0",
                      "--restpp-port", "0", "--control-port", "0", "--print-json", "--exit-with-parent"], "r+")
  told = JSON.parse(process.gets)
  yield told.fetch("gateway_url"), told.fetch("control_url")
ensure
  process&.close
end

# What the user has: an address, a secret, a graph, and a place for gems.
def environment(url, folder)
  login = { username: "alice", password: "opensesame", graph: "MyGraph" }
  secret = TigerGraphAuth::Connection.open(url, **login) { |conn| conn.create_secret.value }
  { "TG_HOST" => url, "TG_SECRET" => secret, "TG_GRAPHNAME" => "MyGraph", "GEM_HOME" => File.join(folder, "gems"),
    "RUBYLIB" => nil, "RUBYOPT" => nil }
end

# The database refuses the token of the next request once, so that the program has to ask again.
def refuse_once(control)
  body = { code: "REST-10016", error: true, message: "no such token" }
  fault = { path_prefix: "/restpp/graph", times: 1, action: "Reply", status: 403, body: JSON.generate(body) }
  Net::HTTP.post(URI("#{control}/faults"), JSON.generate(fault), "Content-Type" => "application/json")
end

def run(command, environment, folder)
  puts "    $ #{command}"
  out, err, status = Open3.capture3(environment, "bash", "-euc", command, chdir: folder)
  abort "#{out}#{err}#{command}: #{status}" unless status.success? && err.empty?
  wanted = EXPECTED[command] or return
  abort "#{command} printed #{out.inspect}" unless wanted.match?(out)
end

%w[3.10 4.2].each do |version|
  puts "  a new user with TigerGraph #{version}"
  Dir.mktmpdir do |folder|
    gem = File.join(folder, "tigergraph-auth-#{TigerGraphAuth::VERSION}.gem")
    _, err, status = Open3.capture3("gem", "build", "-C", HERE, "-o", gem, "tigergraph-auth.gemspec")
    abort err unless status.success?

    standin(version) do |url, control|
      environment = environment(url, folder)
      ran = BLOCKS.filter_map do |language, text|
        next File.write(File.join(folder, text[/\A# (\S+\.rb)$/, 1]), text) && nil if language == "ruby"

        refuse_once(control) if %w[request.rb net_http.rb].any? { |program| text.include?(program) }
        text.chomp.tap { |command| run(command, environment, folder) }
      end
      run("ruby -e 'require %(tigergraph-auth); TigerGraphAuth::Connection'", environment, folder)
      abort "not run: #{EXPECTED.keys - ran}" unless (EXPECTED.keys - ran).empty?
      asked = JSON.parse(Net::HTTP.get(URI("#{control}/requests"))).count { |sent| sent["path"].include?("/vertices/") }
      abort "#{asked} requests to the database instead of 5" unless asked == 5
    end
  end
end
