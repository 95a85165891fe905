# Sourced by test.sh and quickstart.sh: installs the Debian packages that are missing, and only those.

# missing_packages FILE... : the packages named in the files that are not installed, one a line.
missing_packages() {
  sed 's/#.*//' "$@" | tr -s ' \t' '\n' | grep -v '^$' | while read -r name; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

# as_root COMMAND... : runs it as root, by sudo where we are not.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "$0: needs root to install packages; run it as root, install sudo, or run: apt-get install $(echo $missing)" >&2
    return 1
  fi
}

# install_packages FILE... : asks for nothing and does nothing when all are there.
install_packages() {
  command -v dpkg-query >/dev/null || { echo "$0: this is no Debian; install what packages.txt names by hand" >&2; return 0; }
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  echo "installing Debian packages:" $missing >&2
  as_root apt-get update -q >&2 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
}
