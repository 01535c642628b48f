#!/usr/bin/env bash
# Brings the platform up from its compose file on a real Docker engine and runs tests against its single URL.
#
#   deploy/docker/prove.sh               the lite stack, with the programs in target/debug
#   deploy/docker/prove.sh --programs F  the same with the programs in the folder F
#   deploy/docker/prove.sh --source      the lite stack, built by the Dockerfile; base images are pulled
#   deploy/docker/prove.sh --full        with SQL Server, built by the Dockerfile; base images are pulled
#
# An engine that runs is used. Where there is none, root may start one for the time of the proof: Debian's docker.io is
# installed if need be. Unless base images are pulled, one is made with debootstrap, and NATS is Debian's.
#
# Exit codes: 0 proven, 1 not, 77 nothing could be tried here (the last line says why).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/docker
project=chatapp-proof
scratch=$PWD/target/proof
programs=$PWD/target/debug
compose_file=docker-compose.lite.yml
source=0

while [ $# -gt 0 ]; do
  case "$1" in
    --programs) programs=$(realpath "$2"); shift ;;
    --source) source=1 ;;
    --full) source=1 compose_file=docker-compose.yml ;;
    *) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /d;p}' "${BASH_SOURCE[0]}"; exit 2 ;;
  esac
  shift
done

say() { printf '== %s\n' "$*"; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# --- the engine -------------------------------------------------------------------------------------------------------
engine_dir=
engine_pid=
bridge_was_there=1

have() { command -v "$1" >/dev/null; }

install_packages() {
  have apt-get || return 1
  local lists=/var/lib/apt/lists
  [ -n "$(find "$lists" -maxdepth 1 -name '*Packages*' -print -quit 2>/dev/null)" ] || apt-get update -qq || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Installing must not start a daemon of the system's own, which would outlive the proof.
without_daemons() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || { "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  local result=0
  "$@" || result=$?
  rm -f "$policy"
  return "$result"
}

start_engine() {
  docker info >/dev/null 2>&1 && { say "the engine that runs here is used"; return; }
  [ "$(id -u)" -eq 0 ] || skip "no Docker engine runs here, and only root could start one"
  local missing=()
  have dockerd || missing+=(docker.io)
  have iptables || missing+=(iptables)
  if [ "${#missing[@]}" -gt 0 ]; then
    without_daemons install_packages "${missing[@]}" || skip "no Docker engine, and ${missing[*]} cannot be installed"
  fi
  engine_dir=$(mktemp -d /tmp/chatapp-engine.XXXXXX)
  [ -e /sys/class/net/docker0 ] || bridge_was_there=0
  local driver
  for driver in overlay2 vfs; do
    try_engine "$driver" && return
  done
  tail -n 5 "$engine_dir/log" || true
  skip "dockerd does not start here: its last words are above"
}

# The client's variables name this engine and no other.
try_engine() {
  export DOCKER_HOST=unix://$engine_dir/socket
  unset DOCKER_CONTEXT
  dockerd --host "$DOCKER_HOST" --data-root "$engine_dir/data" --exec-root "$engine_dir/run" \
    --pidfile "$engine_dir/pid" --storage-driver "$1" --log-level warn >"$engine_dir/log" 2>&1 &
  engine_pid=$!
  local _
  for _ in $(seq 100); do
    docker info >/dev/null 2>&1 && { say "an engine of our own runs (storage: $1)"; return 0; }
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.2
  done
  stop_engine
  return 1
}

stop_engine() {
  [ -n "$engine_pid" ] || return 0
  kill "$engine_pid" 2>/dev/null || true
  wait "$engine_pid" 2>/dev/null || true
  engine_pid=
  [ "$bridge_was_there" -eq 1 ] || ip link delete docker0 2>/dev/null || true
}

# Version 2 where it can be had, else Debian's.
choose_compose() {
  if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
  else
    have docker-compose || install_packages docker-compose || skip "there is no docker compose, and none can be installed"
    compose=(docker-compose)
  fi
  compose+=(--project-name "$project" --file "$compose_file")
  say "$("${compose[@]:0:$((${#compose[@]} - 4))}" version --short | head -n 1) is the version of compose"
}

# --- the images -------------------------------------------------------------------------------------------------------
# Of the same suite as the machine that built the programs: their C library is not newer.
make_base() {
  local tar=$scratch/base.tar
  if [ ! -s "$tar" ]; then
    [ "$(id -u)" -eq 0 ] || skip "only root can make the base image"
    have debootstrap || install_packages debootstrap || skip "debootstrap cannot be installed"
    local root suite
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    root=$(mktemp -d "$scratch/root.XXXXXX")
    debootstrap --variant=minbase --include=busybox,nats-server "${suite:-stable}" "$root" >"$scratch/debootstrap.log" 2>&1 ||
      { tail -n 5 "$scratch/debootstrap.log"; rm -rf "$root"; skip "debootstrap cannot make a base image here"; }
    ln -s busybox "$root/bin/wget"
    rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists" "$root/usr/share/doc" "$root/usr/share/locale"
    tar -C "$root" -cf "$tar.new" .
    mv "$tar.new" "$tar"
    rm -rf "$root"
  fi
  docker import "$tar" "$project/base" >/dev/null
}

# Only BuildKit leaves out what a target does not need. A new client has it as a plug-in, an old one in the engine.
choose_builder() {
  local client
  for client in docker /usr/bin/docker; do
    if printf 'FROM scratch\nLABEL probe=1\n' | DOCKER_BUILDKIT=1 "$client" build -q - >/dev/null 2>&1; then
      builder=$client
      return
    fi
  done
  skip "no client here builds with BuildKit"
}

package() {
  local target program folder=$scratch/programs
  rm -rf "$folder" && mkdir -p "$folder"
  for program in chatapp chatapp-auth chatapp-rooms chatapp-messages chatapp-gateway chat; do
    [ -x "$programs/$program" ] || fail "$programs has no $program: build it first (cargo build --workspace --bins)"
    strip -o "$folder/$program" "$programs/$program" 2>/dev/null || cp "$programs/$program" "$folder/$program"
  done
  for target in chatapp auth rooms messages gateway cli; do
    DOCKER_BUILDKIT=1 "$builder" build -q -f "$here/Dockerfile" --target "$target" --build-arg BINARIES=given \
      --build-arg BASE_IMAGE="$project/base" --build-arg TOOLS_IMAGE="$project/base" \
      -t "$project/$target:proof" "$folder" >/dev/null
  done
  export NATS_IMAGE=$project/base
}

# --- the stack --------------------------------------------------------------------------------------------------------
container() { docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1"; }

health() { docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$1" 2>/dev/null || true; }

until_healthy() {
  local service=$1 id _
  for _ in $(seq 240); do
    id=$(container "$service")
    [ -n "$id" ] && [ "$(health "$id")" = healthy ] && return
    sleep 0.5
  done
  fail "$service is not healthy"
}

bring_up() {
  "${compose[@]}" up -d "$@" >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail "the stack does not come up"; }
  until_healthy server
}

# What a container may do, as the engine was told; and that the gateway's port alone is published.
check_containment() {
  local service id facts published
  for service in auth rooms messages server nats; do
    id=$(container "$service")
    facts=$(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.RestartPolicy.Name}}' "$id")
    [ "$facts" = "65532:65532 true [ALL] [no-new-privileges:true] unless-stopped" ] || fail "$service runs as: $facts"
  done
  published=$(docker ps --filter "label=com.docker.compose.project=$project" --format '{{.Ports}}' | grep -c -- '->' || true)
  [ "$published" = 1 ] || fail "$published containers publish a port"
}

# Every secret is in the service's own volume, and no service has another's.
check_secrets() {
  local service mounts
  for service in auth rooms messages server nats; do
    mounts=$(docker inspect -f '{{range .Mounts}}{{.Name}}{{"\n"}}{{end}}' "$(container "$service")" | grep -c secrets_)
    [ "$mounts" = 1 ] || fail "$service has $mounts volumes of secrets"
  done
}

# A command of the client in its container; its session is kept in a volume from one to the next.
client() { "${compose[@]}" run --rm -T cli "$@" 2>>"$scratch/client.log"; }

try_client() {
  : >"$scratch/client.log"
  if ! {
    head -c 18 /dev/urandom | base64 | client register proof --password-stdin >/dev/null &&
      client create proof >/dev/null </dev/null &&
      client send proof 'said in a container' >/dev/null </dev/null &&
      client tail proof </dev/null | grep -q 'said in a container'
  }; then
    cat "$scratch/client.log"
    fail "the client does not work in its container"
  fi
}

free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  return 1
}

clean_up() {
  local result=$?
  trap - EXIT
  trap '' INT TERM
  if [ "${#compose[@]}" -gt 0 ]; then
    [ "$result" -eq 0 ] || [ "$result" -eq 77 ] || "${compose[@]}" logs --no-color --tail 40 2>/dev/null || true
    "${compose[@]}" down -v --remove-orphans >/dev/null 2>&1 || true
  fi
  stop_engine
  if [ -n "$engine_dir" ]; then
    # Mounts that a container left behind go with the engine.
    grep -o " ${engine_dir}[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
    rm -rf "$engine_dir"
  fi
  exit "$result"
}

compose=()
builder=
mkdir -p "$scratch"
trap clean_up EXIT
trap 'exit 130' INT TERM

cargo nextest --version >/dev/null 2>&1 || skip "cargo-nextest is not to be had"
start_engine
choose_compose
if [ "$source" -eq 1 ]; then
  up=(--build)
  export DB_PASSWORD=${DB_PASSWORD:-$(head -c 18 /dev/urandom | base64)-aA1}
else
  choose_builder
  say "the base image (debootstrap)"
  make_base
  say "the images, with the programs of $programs"
  package
  up=(--no-build)
  export CHATAPP_IMAGES=$project CHATAPP_VERSION=proof
fi
port=$(free_port)
# Every test comes from the same address.
export CHATAPP_PUBLISH=127.0.0.1:$port CHATAPP_RATE_LIMITS=off CHATAPP_MAX_CONNECTIONS_PER_CLIENT=0
"${compose[@]}" config >/dev/null || fail "$compose_file cannot be read"
"${compose[@]}" down -v --remove-orphans >/dev/null 2>&1 || true
say "$compose_file comes up"
bring_up "${up[@]}"
check_containment
check_secrets
say "it comes up again on what is there"
"${compose[@]}" down >/dev/null 2>&1
bring_up "${up[@]}"

say "the client in its container"
try_client
say "the tests against http://127.0.0.1:$port"
export CHATAPP_TEST_URL=http://127.0.0.1:$port CHATAPP_TEST_KILL=$here/kill-service.sh CHATAPP_TEST_PROJECT=$project
cargo nextest run --workspace --locked --profile deployed --run-ignored all

# The tests killed each of them.
for service in auth rooms messages nats server; do
  until_healthy "$service"
  restarts=$(docker inspect -f '{{.RestartCount}}' "$(container "$service")")
  [ "$restarts" -ge 1 ] || fail "$service was killed and not restarted by its policy"
done

say "it goes down and leaves nothing"
"${compose[@]}" down -v --remove-orphans >/dev/null 2>&1
left=$(docker ps -aq --filter "label=com.docker.compose.project=$project"; docker volume ls -q --filter "label=com.docker.compose.project=$project")
[ -z "$left" ] || fail "something is left: $left"
say "proven"
