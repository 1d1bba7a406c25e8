#!/bin/sh
# Installs the servers that the tests start, where they are missing and may be installed.
set -u
command -v redis-server >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server; } >/dev/null 2>&1
fi
command -v redis-server >/dev/null && exit 0
echo "redis-server is missing and could not be installed: its tests will be skipped"
[ "${FAILFAST_TEST_REQUIRE:-}" = all ] && exit 1
exit 0
