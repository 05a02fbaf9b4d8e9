#!/usr/bin/env bash
# Expected: a setting of pydantic-settings with validation_alias="TG_HOST" is read from the variable TG_HOST alone.
# Happens:  with populate_by_name=True, which is there so that programs may write host=..., the field's own name is a
#           variable too, in any case: HOST, USERNAME, PASSWORD, SECRET. TigerGraphX is configured so: where USERNAME is
#           set, as on Windows and some desktops, a secret in TG_SECRET is "not both", and HOST is its server if
#           TG_HOST is not there.
# Versions: pydantic-settings 2.16.3, pydantic 2.14.4; TigerGraphX 0.2.15.
# Matters:  a program works in a container and not on a desktop, or a shell that exports HOST chooses the server.
# To do:    set TG_HOST always; unset HOST, USERNAME, PASSWORD, SECRET and TOKEN for such a program. In a program of
#           one's own: validation_alias without populate_by_name, or env_prefix.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

pypi pydantic-settings==2.16.3 pydantic==2.14.4 PyYAML==6.0.4
# Its settings alone: the rest asks for pandas, openai and ragas.
venv/bin/pip --quiet --disable-pip-version-check install --no-deps tigergraphx==0.2.15
echo tigergraphx==0.2.15

cat > plain.py << 'PYTHON'
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(populate_by_name=True)
    host: str = Field(default="default", validation_alias="TG_HOST")

class Strict(BaseSettings):
    host: str = Field(default="default", validation_alias="TG_HOST")

print(Settings().host, Strict().host)
PYTHON
cat > graphs.py << 'PYTHON'
import importlib.util, sys, types

package = types.ModuleType("tigergraphx")  # without what its __init__ imports
package.__path__ = importlib.util.find_spec("tigergraphx").submodule_search_locations
sys.modules["tigergraphx"] = package
from tigergraphx.config import TigerGraphConnectionConfig

try:
    config = TigerGraphConnectionConfig()
    print(config.host, config.username, config.secret)
except ValueError as error:
    print(error.errors()[0]["msg"])
PYTHON
clean() { env -i "$@"; }

expect "nothing" "default default" "$(clean venv/bin/python plain.py)"
expect "TG_HOST" "a a" "$(clean TG_HOST=a HOST=b venv/bin/python plain.py)"
expect "HOST" "b default" "$(clean HOST=b venv/bin/python plain.py)"
expect "TigerGraphX, TG_HOST" "http://a.example/ None s" \
    "$(clean TG_HOST=http://a.example TG_SECRET=s venv/bin/python graphs.py)"
expect "TigerGraphX, HOST" "http://b.example/ None s" \
    "$(clean HOST=http://b.example TG_SECRET=s venv/bin/python graphs.py)"
expect "TigerGraphX, SECRET" "http://127.0.0.1/ None t" "$(clean SECRET=t venv/bin/python graphs.py)"
expect "TigerGraphX, USERNAME" "*not both*" \
    "$(clean USERNAME=alice TG_HOST=http://a.example TG_SECRET=s venv/bin/python graphs.py)"
