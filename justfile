# The commands that people repeat. `just` lists them.

[private]
default:
    @just --list --unsorted

# Everything that a change must pass
check: lint deny test

# Format, and report lints
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo clippy --all-targets --no-default-features -- -D warnings

# Licences, sources and bans of the dependencies (needs cargo-deny)
deny:
    cargo deny check licenses bans sources

# The tests, or those whose name contains NAME
test *name:
    cargo test {{ name }}

# The tests that need buildah and the base images, or those whose name contains NAME
lab *name:
    cargo test --profile lab -- --ignored --nocapture {{ name }}

# Accept changed snapshots; read the difference afterwards
snapshots:
    INSTA_UPDATE=always cargo test
    git diff --stat

# Write the generated pages of docs/
docs:
    UPDATE_DOCS=1 cargo test documents::

# Build with the oldest Rust version that Cargo.toml names (needs rustup)
msrv:
    cargo +$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) check --all-targets --locked

# Compare the speed with other tools (needs Python 3.11 and lddtree)
bench *arguments:
    benches/peers {{ arguments }}

# Bundle the captured Alpine root, as the README does
fixture *arguments:
    cargo run -- bundle --root py-fixtures/alpine-venv --out target/bundle {{ arguments }}
