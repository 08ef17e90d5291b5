#!/bin/sh
# Builds and installs Roundhouse. `./install.sh --help` tells what it does.
#
# Nothing is left half-installed: files are put in place by rename, the former binary is kept until the new one answers,
# and whatever was begun is undone when a step fails or somebody presses Ctrl-C.
set -eu
umask 022

usage() {
    cat <<'END'
Usage: ./install.sh [--serve] [--prefix DIR] [-- OPTIONS]
       ./install.sh --uninstall [--prefix DIR]

Installs what the build needs (Debian and Ubuntu, as root), builds Roundhouse, and installs it to PREFIX/bin.

  --serve       then run the server in the foreground; its data goes to ./roundhouse-data.
                What follows `--` is passed to `roundhouse serve`
  (without)     with systemd, as root: install and start a hardened service (user `roundhouse`, data in
                /var/lib/roundhouse). Running it again upgrades; when the new version does not answer, the former
                one comes back
  --prefix DIR  install to DIR/bin (default /usr/local; with --serve and without root ~/.local)
  --uninstall   stop and remove the service and the binary; the data stays
  --help        show this text

Environment: PREFIX (as --prefix), ROUNDHOUSE_BINARY (install this binary instead of building one).
END
}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

mode=service
prefix=${PREFIX:-}
while [ $# -gt 0 ]; do
    case $1 in
        --serve) mode=serve ;;
        --uninstall) mode=uninstall ;;
        --prefix)
            [ $# -ge 2 ] || fail "--prefix needs a directory."
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --help | -h)
            usage
            exit 0
            ;;
        --)
            shift
            break
            ;;
        *) fail "unknown option $1; ./install.sh --help lists them." ;;
    esac
    shift
done
[ "$mode" = serve ] || [ $# -eq 0 ] || fail "options after -- need --serve."

source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# Tests put everything outside PREFIX below this directory.
root=${ROUNDHOUSE_INSTALL_ROOT:-}
data_dir=$root/var/lib/roundhouse
config_dir=$root/etc/roundhouse
unit=$root/etc/systemd/system/roundhouse.service
has_systemd() { [ -d "$root/run/systemd/system" ] && have systemctl; }

if [ -z "$prefix" ]; then
    prefix=/usr/local
    if [ "$mode" = serve ] && ! is_root; then
        prefix=${HOME:?is not set; choose a directory with --prefix}/.local
    fi
fi
case $prefix in
    /*) ;;
    *) prefix=$(pwd)/$prefix ;;
esac
case $prefix in
    *[!A-Za-z0-9._/+-]*) fail "--prefix $prefix: only letters, digits and . _ / + - can stand in it." ;;
esac
bin_dir=$prefix/bin
installed=$bin_dir/roundhouse
previous=$bin_dir/.roundhouse.previous

# ---------------------------------------------------------------- undoing

staged=''       # new binary under a temporary name
replaced=''     # the new binary has taken the place of the former one
had_previous='' # there was a former one
staged_unit=''
kept_unit=''
unit_begun=''
was_enabled=''
was_active=''
made_user=''
made_data=''

undo() {
    say "Undoing what was begun."
    if [ -n "$unit_begun" ]; then
        systemctl stop roundhouse.service
        [ -n "$was_enabled" ] || systemctl disable --quiet roundhouse.service
        if [ -n "$kept_unit" ]; then mv -f "$kept_unit" "$unit"; else rm -f "$unit"; fi
        systemctl daemon-reload
    fi
    if [ -n "$replaced" ]; then
        if [ -n "$had_previous" ]; then mv -f "$previous" "$installed"; else rm -f "$installed"; fi
    fi
    if [ -n "$unit_begun" ] && [ -n "$was_active" ]; then
        systemctl start roundhouse.service && say "The former version is running again."
    fi
    # Data that exists stays, and then its owner does too.
    [ -z "$made_data" ] || rmdir "$data_dir" 2>/dev/null
    if [ -n "$made_user" ] && [ ! -d "$data_dir" ]; then userdel roundhouse; fi
}

finish() {
    status=$?
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    [ "$status" -eq 0 ] || [ -z "$replaced$unit_begun$made_user$made_data" ] || undo
    [ -z "$staged" ] || rm -f "$staged"
    [ -z "$staged_unit" ] || rm -f "$staged_unit"
    [ "$status" -ne 0 ] || rm -f "$previous" ${kept_unit:+"$kept_unit"}
    exit "$status"
}

# ---------------------------------------------------------------- removing

if [ "$mode" = uninstall ]; then
    [ -e "$installed" ] || [ -e "$unit" ] || { say "Nothing to remove: there is no $installed."; exit 0; }
    if [ -e "$unit" ]; then
        is_root || fail "the service can only be removed by root; run it with sudo."
        if has_systemd; then systemctl disable --now --quiet roundhouse.service; fi
        rm -f "$unit"
        if has_systemd; then systemctl daemon-reload; fi
    fi
    [ ! -e "$installed" ] || [ -w "$bin_dir" ] || fail "$bin_dir cannot be changed by this account; run it with sudo."
    rm -f "$installed" "$previous"
    say "Roundhouse is removed."
    [ ! -d "$data_dir" ] || say "The data stays in $data_dir, and belongs to the user roundhouse. Remove both when you no longer need them."
    exit 0
fi

service=''
if [ "$mode" = service ]; then
    if has_systemd; then
        is_root || fail "installing the service needs root: run it with sudo, or try the server with ./install.sh --serve."
        service=yes
        case ${prefix#"$root"}/ in
            /home/* | /root/* | /tmp/*) fail "the service cannot run a program from $prefix: people's homes and /tmp are hidden from it. Leave --prefix out." ;;
        esac
    else
        say "There is no systemd here, so only the binary is installed."
    fi
fi

# ---------------------------------------------------------------- what the build needs

# Under sudo the build runs as the person who called it: their Rust, and no files of root among their sources.
builder=''
builder_home=${HOME:-/root}
if is_root && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && have runuser; then
    builder=$SUDO_USER
    builder_home=$(getent passwd "$builder" | cut -d: -f6)
fi
as_builder() {
    if [ -n "$builder" ]; then
        runuser -u "$builder" -- env HOME="$builder_home" PATH="$builder_home/.cargo/bin:$PATH" "$@"
    else
        env PATH="$builder_home/.cargo/bin:$PATH" "$@"
    fi
}
# shellcheck disable=SC2016 # expanded by the inner shell
builder_has() { as_builder sh -c 'command -v "$1" >/dev/null 2>&1' sh "$1"; }

apt_install() {
    say "Installing $* …"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
        fail "apt-get could not install $*. Install them, then run this again."
}

install_build_needs() {
    missing=''
    builder_has cc || missing="$missing build-essential"
    if [ -f "$source_dir/static/package.json" ] && [ ! -d "$source_dir/static/vendor" ]; then
        builder_has npm || missing="$missing nodejs npm"
    fi
    if [ -n "$missing" ] || ! builder_has cargo; then
        if is_root && have apt-get; then
            apt-get update || say "apt-get update failed; trying with the package lists that are here."
            # shellcheck disable=SC2086 # a list of package names
            [ -z "$missing" ] || apt_install $missing
            if ! builder_has cargo && [ -n "$(apt-cache madison rustup 2>/dev/null)" ]; then
                apt_install rustup ca-certificates
                as_builder rustup toolchain install stable --profile minimal ||
                    fail "rustup could not download Rust. Check the network or proxy, then run this again."
                as_builder rustup default stable
            fi
        elif [ -n "$missing" ]; then
            fail "the build needs a C compiler and npm; missing here:$missing. On Debian and Ubuntu: sudo apt-get install -y$missing. Elsewhere install them with the system's package manager. Then run this again."
        fi
    fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$source_dir/Cargo.toml")
    builder_has cargo ||
        fail "the build needs Rust $wanted or newer, and there is no cargo${builder:+ for the user $builder}. Install it as https://rustup.rs describes, open a new shell, and run this again. No Rust on this machine? Build elsewhere, and set ROUNDHOUSE_BINARY to the binary."
    found=$(as_builder rustc --version | cut -d' ' -f2)
    [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
        fail "the build needs Rust $wanted or newer; here is $found. Run 'rustup update stable' (distribution packages are often too old: https://rustup.rs), then run this again."
}

build() {
    install_build_needs
    say "Building Roundhouse; the first build takes some minutes."
    target_dir=${CARGO_TARGET_DIR:-$source_dir/target}
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_builder sh -c 'cd "$1" && CARGO_TARGET_DIR="$2" exec cargo build --release --locked --bin roundhouse' \
        sh "$source_dir" "$target_dir" || fail "the build failed; nothing was installed."
    binary=$target_dir/release/roundhouse
}

# ---------------------------------------------------------------- installing

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

binary=${ROUNDHOUSE_BINARY:-}
if [ -n "$binary" ]; then
    case $binary in */*) ;; *) binary=./$binary ;; esac
    if [ ! -f "$binary" ] || [ ! -x "$binary" ]; then fail "ROUNDHOUSE_BINARY=$binary is not a program."; fi
else
    build
fi
version=$("$binary" --version) || fail "$binary does not run on this machine; nothing was installed."

if ! mkdir -p "$bin_dir" 2>/dev/null || [ ! -w "$bin_dir" ]; then
    fail "$bin_dir cannot be changed by this account. Run it with sudo, or choose another place, for example --prefix ~/.local."
fi

place_binary() {
    staged=$bin_dir/.roundhouse.new.$$
    rm -f "$staged"
    if ! cp "$binary" "$staged" || ! chmod 0755 "$staged"; then fail "the binary could not be copied to $bin_dir."; fi
    sync "$staged" 2>/dev/null || sync
    if [ -e "$installed" ]; then
        ln -f "$installed" "$previous" 2>/dev/null || cp -p "$installed" "$previous"
        had_previous=yes
    fi
    # Noted first: an interruption in between restores a binary that is still in place, which changes nothing.
    replaced=yes
    mv -f "$staged" "$installed"
    staged=''
}

commit() {
    replaced=''
    unit_begun=''
    made_user=''
    made_data=''
}

if [ -z "$service" ]; then
    place_binary
    "$installed" --version >/dev/null || fail "$installed does not run (is $prefix mounted noexec?)."
    commit
    say "Installed $version to $installed."
    if [ "$mode" = serve ]; then
        rm -f "$previous"
        trap - EXIT INT TERM HUP
        exec "$installed" serve "$@"
    fi
    say "Start it with: $installed serve"
    exit 0
fi

# ---------------------------------------------------------------- the service

as_service() { runuser -u roundhouse -- "$@"; }

wait_until_healthy() {
    left=${ROUNDHOUSE_INSTALL_WAIT:-60}
    while [ "$left" -gt 0 ]; do
        if as_service "$installed" healthcheck --data "$data_dir" >/dev/null 2>&1; then return 0; fi
        if systemctl is-failed --quiet roundhouse.service; then return 1; fi
        sleep 1
        left=$((left - 1))
    done
    return 1
}

if systemctl is-active --quiet roundhouse.service; then was_active=yes; fi
if systemctl is-enabled --quiet roundhouse.service 2>/dev/null; then was_enabled=yes; fi

place_binary

if ! getent passwd roundhouse >/dev/null; then
    useradd --system --user-group --home-dir /var/lib/roundhouse --no-create-home --shell /usr/sbin/nologin roundhouse ||
        fail "the system user roundhouse could not be created."
    made_user=yes
fi
mkdir -p "$config_dir" "$(dirname "$unit")"
if [ ! -d "$data_dir" ]; then
    mkdir -p "$(dirname "$data_dir")"
    made_data=yes
    mkdir -m 0700 "$data_dir"
fi
chown roundhouse:roundhouse "$data_dir"
chmod 0700 "$data_dir"

# Before the service starts, and on this terminal: the first password is shown once and never logged. A running server
# has its data directory initialised and locked.
if [ -z "$was_active" ]; then
    as_service "$installed" init --data "$data_dir" || fail "the data directory $data_dir could not be initialised."
fi

staged_unit=$unit.new.$$
sed -e "s|/usr/local/bin/roundhouse|$installed|" "$source_dir/deploy/roundhouse.service" >"$staged_unit"
chmod 0644 "$staged_unit"
if [ -e "$unit" ]; then
    kept_unit=$unit.previous.$$
    cp -p "$unit" "$kept_unit"
fi
unit_begun=yes
mv -f "$staged_unit" "$unit"
staged_unit=''
systemctl daemon-reload
[ -n "$was_enabled" ] || systemctl enable --quiet roundhouse.service
systemctl reset-failed roundhouse.service 2>/dev/null || true
if ! systemctl restart roundhouse.service || ! wait_until_healthy; then
    if have journalctl; then journalctl --no-pager --lines 20 --unit roundhouse.service >&2 || true; fi
    fail "$version does not answer as a service; its last words are above."
fi
commit
say "Installed $version as the service roundhouse; it is running, and starts with the machine."
say "Log: journalctl -u roundhouse    Settings: $config_dir/environment    Data: $data_dir"
