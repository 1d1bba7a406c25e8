#!/bin/sh
# Installs the servers that the tests start, where they are missing and may be installed. Tests on what is still
# missing are skipped, or fail where FAILFAST_TEST_REQUIRE=all.
set -u
here() { command -v "$1" >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
python_has() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }

missing=""
for pair in redis-server:redis-server pgbouncer:pgbouncer memcached:memcached prometheus:prometheus postgres:postgresql mariadbd:mariadb-server nats-server:nats-server rabbitmq-server:rabbitmq-server valgrind:valgrind openssl:openssl chromium-headless-shell:chromium-headless-shell spin:spin gcc:build-essential; do
  here "${pair%%:*}" || missing="$missing ${pair#*:}"
done
for pair in django:python3-django django_redis:python3-django-redis redis:python3-redis pymemcache:python3-pymemcache \
  pylibmc:python3-pylibmc psycopg2:python3-psycopg2 MySQLdb:python3-mysqldb; do
  python_has "${pair%%:*}" || missing="$missing ${pair#*:}"
done
# Django has a cache in Redis of its own since version 4; that and Valkey are in the backports of Debian 12. They go to
# folders that the tests look into, beside the system's older ones.
tests=/usr/local/lib/failfast-tests
fetch_backports() {
  temporary=$(mktemp -d)
  source=$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: bookworm" | head -n 1)
  echo "deb $source bookworm-backports main" >"$temporary/sources.list"
  mkdir -p "$temporary/lists/partial" "$temporary/cache/archives/partial"
  set -- -qq -o Dir::Etc::sourcelist="$temporary/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$temporary/lists" -o Dir::Cache="$temporary/cache"
  (cd "$temporary" && apt-get "$@" update && apt-get "$@" download python3-django valkey-server valkey-tools &&
    for package in ./*.deb; do dpkg -x "$package" .; done && mkdir -p "$tests/django" "$tests/valkey" &&
    cp -r usr/lib/python3/dist-packages/. "$tests/django" && cp -r usr/bin/valkey-* "$tests/valkey") >/dev/null 2>&1 ||
    echo "no backports: Django's cache in Redis and Valkey are not tested"
  rm -rf "$temporary"
}
backports() {
  [ "$(id -u)" = 0 ] && grep -qs bookworm /etc/os-release && ! { [ -d "$tests/django" ] && [ -d "$tests/valkey" ]; } && fetch_backports
  exit 0
}

[ -z "$missing" ] && backports
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "installing$missing"
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 || echo "apt-get failed"
else
  echo "missing:$missing; their tests will be skipped"
fi
backports
