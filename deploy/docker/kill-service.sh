#!/usr/bin/env bash
# Kills a service of a compose project as a crash would: whether it comes back is up to its restart policy.
#
#   CHATAPP_TEST_PROJECT=chatapp kill-service.sh SERVICE
set -euo pipefail
service=$1
id=$(docker ps -q --filter "label=com.docker.compose.project=$CHATAPP_TEST_PROJECT" \
  --filter "label=com.docker.compose.service=$service")
[ -n "$id" ] || { echo "there is no container of $service" >&2; exit 1; }
pid=$(docker inspect -f '{{.State.Pid}}' "$id")
# A `docker kill` would count as the operator's wish, and nothing would be restarted.
if [ "$(id -u)" -eq 0 ] && [ -e "/proc/$pid" ]; then
  kill -9 "$pid"
else
  docker kill "$id" >/dev/null
  docker start "$id" >/dev/null
fi
