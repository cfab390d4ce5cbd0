#!/bin/sh
# Makes .venv from requirements.lock and sees to it that the system has what foresatt needs.
#
#   tools/setup.sh                     with the newest Python 3.13, 3.12 or 3.11 it finds
#   PYTHON=python3.12 tools/setup.sh   with this one
#   tools/setup.sh --tests             and the servers that the tests start: PostgreSQL, Dovecot
#
# Asks nothing. Uses apt where it may (root, or sudo that needs no password); where it may not, it says what to install
# and stops with 1. Run again, it does nothing while the lock, pyproject.toml and .venv are as it left them.
# Nothing is written outside .venv, except what apt installs.
set -eu
cd -P "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH
umask 022

VENV=.venv
STAMP=$VENV/.setup-done
LOG=$VENV/.setup.log
RUNS='import sys, ssl, sqlite3; print("%d.%d" % sys.version_info[:2])'

say() { printf 'setup: %s\n' "$*"; }
stop() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# --- the system -------------------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_apt() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

apt_try() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 install "$@" </dev/null 2>&1 >/dev/null
}

# The package lists of a fresh machine are empty or old, so a first failure only means: fetch them.
apt_install() {
    may_apt || return 1
    say "installing $* with apt"
    apt_try "$@" >/dev/null && return 0
    say "fetching the package lists first"
    as_root apt-get -qq -o DPkg::Lock::Timeout=120 update </dev/null >/dev/null 2>&1 || true
    complaint=$(apt_try "$@") && return 0
    printf '%s\n' "$complaint" >&2
    return 1
}

has_language() {
    for folder in /usr/share/tesseract-ocr/*/tessdata /usr/share/tessdata "${TESSDATA_PREFIX:-/nowhere}"; do
        [ -f "$folder/$1.traineddata" ] && return 0
    done
    return 1
}

has_postgresql() {
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return 0
    done
    command -v initdb >/dev/null 2>&1
}

missing_packages() {
    { command -v gpg && command -v gpg-agent; } >/dev/null 2>&1 || printf ' gnupg'
    command -v openssl >/dev/null 2>&1 || printf ' openssl'
    for language in nor eng osd; do
        has_language "$language" || printf ' tesseract-ocr-%s' "$language"
    done
    [ "$wanted" = tests ] || return 0
    has_postgresql || printf ' postgresql'
    [ -x /usr/sbin/dovecot ] && [ -e /usr/lib/dovecot/imap ] || printf ' dovecot-imapd'
}

check_system() {
    missing=$(missing_packages)
    [ -z "$missing" ] && return 0
    # shellcheck disable=SC2086  # a list of package names, meant to be split
    apt_install $missing || true
    missing=$(missing_packages)
    [ -z "$missing" ] || stop "the system lacks:$missing
setup: install it and run this again. On Debian and Ubuntu:
setup:   sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing"
}

# --- Python -----------------------------------------------------------------------------------------------------------

version_of() { "$1" -c "$RUNS" 2>/dev/null || true; }

fits() {
    case $(version_of "$1") in 3.11 | 3.12 | 3.13) return 0 ;; *) return 1 ;; esac
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || stop "PYTHON=$PYTHON is not a working Python 3.11, 3.12 or 3.13 (with ssl and sqlite3)"
        python=$(command -v "$PYTHON")
        return 0
    fi
    # Run, not only looked for: a version manager leaves names on the PATH that lead nowhere. The newest that can make
    # a venv by itself, else the newest.
    for needs in "import ensurepip" ""; do
        for name in python3.13 python3.12 python3.11 python3 python; do
            if fits "$name" && "$name" -c "$needs" 2>/dev/null; then
                python=$(command -v "$name")
                return 0
            fi
        done
    done
    stop "found no Python 3.11, 3.12 or 3.13 (with ssl and sqlite3). On Debian 12 and Ubuntu 24.04:
setup:   sudo apt-get install -y python3
setup: or name one: PYTHON=/path/to/python3.12 make setup"
}

same_as_asked() { [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$VENV/bin/python")" ]; }

# A venv that was moved or copied, or whose Python is gone, is made anew: its scripts would run another one.
venv_is_whole() {
    fits "$VENV/bin/python" && same_as_asked || return 1
    case $("$VENV/bin/pip" --version 2>/dev/null) in *" from $PWD/$VENV/"*) return 0 ;; *) return 1 ;; esac
}

# Debian and Ubuntu keep ensurepip in a package of its own; the system's pip can do its work from outside.
make_venv() {
    if [ -L "$VENV" ]; then rm "$VENV"; fi # --clear would empty what it points to
    "$python" -m venv --clear "$VENV" >/dev/null 2>&1 && return 0
    if "$python" -m pip --python "$python" --version >/dev/null 2>&1 &&
        "$python" -m venv --clear --without-pip "$VENV" >/dev/null 2>&1; then
        outer=$python
        return 0
    fi
    package=python$(version_of "$python")-venv
    apt_install "$package" && "$python" -m venv --clear "$VENV" >/dev/null && return 0
    rm -rf "$VENV"
    stop "$python cannot make a virtual environment. On Debian and Ubuntu:
setup:   sudo apt-get update && sudo apt-get install -y $package"
}

pip() {
    if [ -n "$outer" ]; then set -- --python "$VENV/bin/python" "$@"; fi
    "${outer:-$VENV/bin/python}" -m pip "$@" >>"$LOG" 2>&1
}

pip_install() {
    pip --disable-pip-version-check --no-input install --no-deps "$@" || {
        tail -n 20 "$LOG" >&2
        stop "the installation failed; the lines above are pip's last, all of them are in $LOG"
    }
}

wanted_stamp() {
    sha256sum requirements.lock pyproject.toml
    printf '%s\n' "$PWD" "$("$VENV/bin/python" -VV 2>/dev/null)"
}

# --- the way through --------------------------------------------------------------------------------------------------

case ${1:-} in
'') wanted= ;;
--tests) wanted=tests ;;
*) stop "unknown argument; there is only --tests" ;;
esac
check_system
if [ -f "$STAMP" ] && same_as_asked && [ "$(wanted_stamp)" = "$(cat "$STAMP")" ]; then exit 0; fi

rm -f "$STAMP"
outer=
if ! venv_is_whole; then
    find_python
    say "making $VENV with Python $(version_of "$python") ($python)"
    make_venv
fi
: >"$LOG"
say "installing $(grep -c '==' requirements.lock) locked packages (the first time, a minute or two)"
pip_install --require-hashes --only-binary :all: --requirement requirements.lock
say "installing foresatt itself"
pip_install --no-build-isolation --editable .
rm -rf foresatt.egg-info
pip check || stop "the packages do not fit together; see $LOG"
wanted_stamp >"$STAMP"
say "ready: $VENV/bin/foresatt"
