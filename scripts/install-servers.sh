#!/bin/sh
# Installs the servers that the tests start, where they are missing and may be installed. Tests on what is still
# missing are skipped, or fail where FAILFAST_TEST_REQUIRE=all.
set -u
here() { command -v "$1" >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
python_has() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }

missing=""
for pair in redis-server:redis-server memcached:memcached postgres:postgresql mariadbd:mariadb-server nats-server:nats-server; do
  here "${pair%%:*}" || missing="$missing ${pair#*:}"
done
for pair in django:python3-django redis:python3-redis pymemcache:python3-pymemcache psycopg2:python3-psycopg2; do
  python_has "${pair%%:*}" || missing="$missing ${pair#*:}"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "installing$missing"
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 || echo "apt-get failed"
else
  echo "missing:$missing; their tests will be skipped"
fi
exit 0
