#!/bin/sh
# Build a container image with buildah, which needs no daemon: sh deploy/build_image.sh [cpu|gpu [OPTION OF buildah build…]]
#
# Without a container registry, make the base image from Debian's packages first, and name it:
#   sh deploy/make_base_image.sh
#   sh deploy/build_image.sh cpu --build-arg PYTHON_IMAGE=localhost/python:3.11-bookworm
# pip inside the build reads this machine's /etc/pip.conf and CA certificates, and nothing of them stays in the image.
set -eu

target=${1:-cpu}
[ $# -eq 0 ] || shift
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}" STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}" # work inside containers too

for file in /etc/pip.conf /etc/ssl/certs /etc/resolv.conf; do
  [ ! -e "$file" ] || set -- "$@" --volume "$file:$file:ro"
done
cd "$(dirname "$0")/.."
exec buildah build --target "$target" --tag "localhost/offsample:$target" "$@" \
  --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" .
