#!/usr/bin/env bash
# Installs what the tests need and runs all of them. `tests/run.sh --help` tells the rest.
#
# Works from a clean checkout, asks nothing, and may be repeated: what is there already is not installed again.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

usage() {
    cat <<'END'
Usage: tests/run.sh [--only STEP]... [-- TEST-FILTER...]

Steps, in this order:
  needs     Debian packages (as root; otherwise it says which are missing), tests/.venv with the SDK and the agent
  format    cargo fmt --check
  lint      cargo clippy --all-targets -- -D warnings
  licences  cargo deny check bans licenses sources, when cargo-deny is installed
  tests     all Rust tests: unit, front door, real SDK, the pages in headless Chromium (cargo nextest, else cargo test)

  --only STEP  run just this step; may be repeated
  -- FILTER    passed to the test runner, as in: tests/run.sh --only tests -- pages::

A failed step does not keep the later ones from running; the exit code is 0 only when all passed. Output worth keeping
is in test-output/.

Environment: ROUNDHOUSE_TEST_PYTHON (use this Python instead of tests/.venv), CARGO_TARGET_DIR (as for cargo).
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
only=()
filters=()
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h)
            usage
            exit 0
            ;;
        --only)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            only+=("$2")
            shift
            ;;
        --)
            shift
            filters=("$@")
            break
            ;;
        *)
            printf 'tests/run.sh: unknown option %s; --help lists them.\n' "$1" >&2
            exit 2
            ;;
    esac
    shift
done
for step in ${only[@]+"${only[@]}"}; do
    case $step in
        needs | format | lint | licences | tests) ;;
        *)
            printf 'tests/run.sh: there is no step %s; --help lists them.\n' "$step" >&2
            exit 2
            ;;
    esac
done

profile=ci
target=${CARGO_TARGET_DIR:-$root/target}
venv=$root/tests/.venv
passed=()
failed=()
skipped=()

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
wanted() {
    [ ${#only[@]} -eq 0 ] && return 0
    local step
    for step in "${only[@]}"; do [ "$step" = "$1" ] && return 0; done
    return 1
}

# Runs a step's function in a subshell where an error ends it, and notes how it went. Exit code 77 means skipped.
step() {
    local name=$1 begun=$SECONDS status=0
    wanted "$name" || return 0
    say "$name"
    set +e
    (set -e; "step_$name")
    status=$?
    set -e
    local took="$name ($((SECONDS - begun)) s)"
    case $status in
        0) passed+=("$took") ;;
        77) skipped+=("$name") ;;
        *) failed+=("$took") ;;
    esac
}

# ---------------------------------------------------------------- needs

missing_packages() {
    have cc || echo build-essential
    have strace || echo strace
    have script || echo bsdutils
    python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || echo python3-venv
    { have node && have npm; } || echo nodejs npm
    have chromium || echo chromium
}

step_needs() {
    local missing
    missing=$(missing_packages | tr '\n' ' ')
    if [ -n "$missing" ]; then
        if [ "$(id -u)" -eq 0 ] && have apt-get; then
            apt-get update -q || echo "apt-get update failed; trying with the package lists that are here."
            # shellcheck disable=SC2086 # a list of package names
            DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
        else
            echo "Missing: $missing"
            echo "Install these packages (apt-get install $missing), or run this once as root."
            return 1
        fi
    fi
    have cargo || { echo "Rust is missing: install cargo (rustup, or your distribution's package), then run this again."; return 1; }
    python_packages
    node_packages tests/pages
}

# tests/.venv holds exactly tests/requirements.txt; it is made anew when that file or the Python changes.
python_packages() {
    if [ -n "${ROUNDHOUSE_TEST_PYTHON:-}" ]; then
        "$ROUNDHOUSE_TEST_PYTHON" -c 'import clearml, clearml_agent, sklearn, pandas, matplotlib, plotly, PIL' || {
            echo "ROUNDHOUSE_TEST_PYTHON=$ROUNDHOUSE_TEST_PYTHON lacks packages of tests/requirements.txt."
            return 1
        }
        return 0
    fi
    local stamp
    stamp=$({ python3 -VV; cat tests/requirements.txt; } | sha256sum)
    if [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$stamp" ]; then return 0; fi
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt
    printf '%s\n' "$stamp" >"$venv/.stamp"
}

node_packages() {
    local stamp
    stamp=$(sha256sum <"$1/package-lock.json")
    if [ "$(cat "$1/node_modules/.stamp" 2>/dev/null)" = "$stamp" ]; then return 0; fi
    (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts)
    printf '%s\n' "$stamp" >"$1/node_modules/.stamp"
}

# ---------------------------------------------------------------- checks

step_format() { cargo fmt --all --check; }

step_lint() { cargo clippy --profile "$profile" --locked --all-targets -- -D warnings; }

step_licences() {
    if ! cargo deny --version >/dev/null 2>&1; then
        echo "cargo-deny is not installed (cargo install cargo-deny --locked); the licence check is left out."
        return 77
    fi
    cargo deny --locked --offline check bans licenses sources
}

# ---------------------------------------------------------------- tests

step_tests() {
    rm -rf test-output
    mkdir -p test-output
    export ROUNDHOUSE_TEST_PYTHON=${ROUNDHOUSE_TEST_PYTHON:-$venv/bin/python}
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --cargo-profile "$profile" --locked ${filters[@]+"${filters[@]}"}
        # nextest leaves out the examples in the documentation.
        if [ ${#filters[@]} -eq 0 ]; then cargo test --profile "$profile" --locked --quiet --doc; fi
    else
        echo "cargo-nextest is not installed; cargo test runs the same tests, with less to read."
        # At most two threads: many tests start servers and Pythons.
        cargo test --profile "$profile" --locked ${filters[@]+"${filters[@]}"} -- --test-threads 2
    fi
}

for name in needs format lint licences tests; do step "$name"; done

# ---------------------------------------------------------------- summary

printf '\n'
for name in ${passed[@]+"${passed[@]}"}; do printf 'passed   %s\n' "$name"; done
for name in ${skipped[@]+"${skipped[@]}"}; do printf 'skipped  %s\n' "$name"; done
for name in ${failed[@]+"${failed[@]}"}; do printf 'failed   %s\n' "$name"; done
printf '\nsteps: %d passed, %d failed, %d skipped\n' "${#passed[@]}" "${#failed[@]}" "${#skipped[@]}"
[ ${#failed[@]} -eq 0 ]
