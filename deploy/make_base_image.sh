#!/bin/sh
# Make localhost/python:3.11-bookworm, the images' base, from Debian's packages, for places without a container registry.
# Needs root, debootstrap and buildah. Its Python is Debian's 3.11, not Docker's build of it.
set -eu

export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}" STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}" # work inside containers too
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$folder/root" "$@"
ln -s python3 "$folder/root/usr/bin/python"
rm -rf "$folder"/root/var/cache/apt/archives "$folder"/root/var/lib/apt/lists "$folder"/root/etc/resolv.conf "$folder"/root/etc/hostname
printf 'FROM scratch\nCOPY root /\nCMD ["python"]\n' > "$folder/Dockerfile"
buildah build --quiet --tag localhost/python:3.11-bookworm "$folder"
