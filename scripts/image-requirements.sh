#!/bin/sh
# Prints on one line what the image's tests need and this machine lacks. `image-requirements.sh --packages` prints only the
# Debian packages to install.
packages=""
for package in ca-certificates iproute2 libcap2-bin libstdc++6 tini; do
  dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || packages="$packages $package"
done

if [ "${1:-}" = --packages ]; then
  echo "${packages# }"
elif ! command -v dpkg-query >/dev/null 2>&1; then
  echo "a Debian machine: the image is put together from its packages"
elif [ "$(id -u)" != 0 ]; then
  echo "root"
elif [ -n "$packages" ]; then
  echo "Debian packages: apt-get install -y --no-install-recommends$packages"
elif ! unshare --mount --pid --fork mount -t tmpfs none /mnt 2>/dev/null; then
  echo "the right to mount (CAP_SYS_ADMIN)"
fi
