#!/bin/sh
# Start compose.yaml as docs/deployment.md says, let two workers answer an event, and look at them through what watches them:
#   sh deploy/check_compose.sh                                                          with Docker
#   COMPOSE=podman-compose sh deploy/check_compose.sh worker gateway prometheus flower  with Podman, without Grafana
# Works on a copy of HEAD with a project, ports and passwords of its own, and deletes all of it at the end.
set -eu

compose="${COMPOSE:-docker compose} --project-name offsample-check --profile gateway --profile monitoring --profile flower"
[ $# -gt 0 ] || set -- worker gateway prometheus flower grafana
export VALKEY_PORT=26379 PROMETHEUS_PORT=29090 FLOWER_PORT=25555 GRAFANA_PORT=23000
folder=$(mktemp -d)
git -C "$(dirname "$0")/.." archive HEAD | tar -x -C "$folder"
cd "$folder"

finish() {
  for _ in 1 2; do # podman-compose removes the second worker after what it depends on
    $compose down --volumes --remove-orphans --timeout 60 >/dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap finish EXIT

wait_for() { # what, then a command that fails until it is so
  what=$1
  shift
  for _ in $(seq 60); do
    if "$@" >/dev/null 2>&1; then
      echo "ok: $what"
      return
    fi
    sleep 1
  done
  echo "did not happen within a minute: $what" >&2
  exit 1
}

ask() { # a URL's answer, as the user admin
  curl --silent --fail --user "admin:$(cat secrets/dashboards.password)" "http://127.0.0.1:$1"
}

submits() {
  $compose exec -T worker offsample submit --ion-images /data/mouse_bladder --wait 2>&1 | grep '^79 ion images'
}

as_application() { # celery's own command as the user celery; it imports nothing of this project
  url=$(sed 's/@.*/@valkey:6379\/0/' secrets/celery.url)
  $compose exec -T --env "CELERY_BROKER_URL=$url" --env "CELERY_RESULT_BACKEND=$url" worker timeout 20 celery "$@"
}

sends_task() { # and prints its id
  as_application call offsample.dataset_annotated --queue offsample:gateway --args '[{
    "specversion": "1.0", "type": "offsample.dataset.annotated.v1", "source": "/check", "id": "of-celery",
    "data": {"dataset_id": "mouse-bladder", "ion_images": {"kind": "png", "uri": "/data/mouse_bladder"}}}]'
}

gets_entry() {
  as_application result "$task" | grep '^offsample:events/'
}

answers_task() {
  $compose exec -T worker offsample events show of-celery | grep '^answer .*79 ion images'
}

scrapes_two_workers() {
  [ "$(ask "$PROMETHEUS_PORT/api/v1/targets?state=active" | grep -o '"health":"up"' | wc -l)" -eq 2 ]
}

evaluates_alerts() {
  ask "$PROMETHEUS_PORT/api/v1/rules" | grep OffsampleNoWorker
}

shows_workers() {
  ask "$FLOWER_PORT/api/workers?refresh=1" | grep 'offsample@'
}

shows_dashboard() {
  ask "$GRAFANA_PORT/api/dashboards/uid/offsample" | grep 'Workers alive' &&
    ask "$GRAFANA_PORT/api/datasources/name/Prometheus" | grep prometheus:9090
}

sh deploy/make_secrets.sh secrets valkey:6379 "127.0.0.1:$VALKEY_PORT"
mkdir data
cp -r worker/cli/demo_data/mouse_bladder/ion_images data/mouse_bladder
$compose up --detach --scale worker=2 "$@"

wait_for "an event is answered" submits
for service in "$@"; do
  case $service in
    gateway)
      task=$(sends_task)
      wait_for "the gateway adds the event of a Celery task" gets_entry
      wait_for "the event of a Celery task is answered" answers_task
      ;;
    prometheus)
      wait_for "Prometheus scrapes two workers" scrapes_two_workers
      wait_for "Prometheus evaluates the alerts" evaluates_alerts
      ;;
    flower) wait_for "Flower shows the workers" shows_workers ;;
    grafana) wait_for "Grafana shows the dashboard of Prometheus' data" shows_dashboard ;;
  esac
done
