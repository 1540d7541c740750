#!/bin/bash
# Make stand-ins for the images that docker-compose.yml and the Dockerfile start from, out of Debian's
# packages: for machines with a Docker engine and no image registry. Run as root; needs debootstrap.
#   tests/containers/bases.sh FOLDER
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
folder=${1:?a folder for the root file systems}
python_image=$(sed -n 's/^FROM \(python:[^ ]*\).*/\1/p' "$here/../../Dockerfile" | head -1)
postgres_image=$(sed -n 's/^ *image: \(postgres:.*\)/\1/p' "$here/../../docker-compose.yml")
environment=(--change "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")

rootfs() {  # name, packages: a root file system, once
    test -e "$folder/$1/.made" && return
    rm -rf "${folder:?}/$1"
    debootstrap --variant=minbase --include="ca-certificates,$2" bookworm "$folder/$1"
    # whatever this machine trusts between it and the packages, a build must trust too
    cp /etc/ssl/certs/ca-certificates.crt "$folder/$1/etc/ssl/certs/ca-certificates.crt"
    touch "$folder/$1/.made"
}

has() { docker image inspect "$1" >/dev/null 2>&1; }

if ! has "$python_image"; then
    rootfs python python3,python3-venv,python3-dev,python3-pip
    ln -sf python3 "$folder/python/usr/bin/python"
    tar -C "$folder/python" -c . | docker import "${environment[@]}" \
        --change "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" \
        --change "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt" - "$python_image"
fi
if ! has "$postgres_image"; then
    rootfs postgres postgresql
    install -m 755 "$here/postgres-entrypoint.sh" "$folder/postgres/usr/local/bin/entrypoint"
    tar -C "$folder/postgres" -c . | docker import "${environment[@]}" \
        --change 'ENTRYPOINT ["entrypoint"]' --change 'CMD ["postgres"]' \
        --change 'VOLUME /var/lib/postgresql' - "$postgres_image"
fi
