#!/bin/sh
# Make the passwords of a deployment: sh deploy/make_secrets.sh [FOLDER [SERVER [CLIENTS_SERVER]]]
#
# Writes, into a new folder that only you can enter (default: secrets):
#   users.acl                                  deploy/users.acl with a new password for each user, for the server's aclfile
#   worker.url, gateway.url                    what OFFSAMPLE_REDIS_URL_FILE of workers and of the gateway names; at SERVER
#                                              (default: valkey:6379)
#   operator.url, producer.url, consumer.url   the same for people and programs; at CLIENTS_SERVER (default: 127.0.0.1:6379)
#   celery.url                                 broker and result backend of Celery applications; at CLIENTS_SERVER
#   scaler.password                            for KEDA
#   dashboards.password                        of the user admin of Grafana and Flower
# The files can be read by anyone who can enter the folder, because containers read them as users of their own.
set -eu

folder=${1:-secrets}
server=${2:-valkey:6379}
clients_server=${3:-127.0.0.1:6379}
users=$(dirname "$0")/users.acl

if [ -e "$folder" ]; then
  echo "$folder exists, and its passwords may be in use; delete it first to make new ones" >&2
  exit 1
fi
mkdir -m 700 "$folder"
umask 022

make_password() {
  od -vAn -N24 -tx1 /dev/urandom | tr -d ' \n'
}

edits=
for user in worker gateway operator producer consumer celery scaler; do
  password=$(make_password)
  edits="$edits s/^user $user on /&>$password /;"
  case $user in
    worker | gateway) echo "redis://$user:$password@$server/0" > "$folder/$user.url" ;;
    scaler) printf %s "$password" > "$folder/$user.password" ;;
    *) echo "redis://$user:$password@$clients_server/0" > "$folder/$user.url" ;;
  esac
done
sed "$edits" "$users" > "$folder/users.acl"
make_password > "$folder/dashboards.password"
