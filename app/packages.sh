# Sourced by app/run and tests/run: the Debian 12 packages each needs, and one function that
# installs those that are missing.

build_packages="gcc libc6-dev meson ninja-build pkg-config gettext libglib2.0-dev libglib2.0-dev-bin
  libjson-glib-dev libsqlite3-dev libopenblas-dev libpcre2-dev libcairo2-dev libpango1.0-dev"
studio_packages="libgtk-4-dev libadwaita-1-dev adwaita-icon-theme fonts-dejavu-core
  hicolor-icon-theme librsvg2-common"
test_packages="xvfb xauth libxtst6 openbox imagemagick dbus at-spi2-core desktop-file-utils appstream man-db locales python3 python3-gi"

install_missing() {
  local missing="" package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "Installing:$missing" >&2
  local as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "These Debian packages are needed; install them as root:$missing" >&2; return 1; }
    as_root="sudo"
  fi
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 || true
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
}
