# What one does with this repository. `just` is optional: every recipe is a line or two.

# The recipes.
default:
    @just --list

# Everything that has to hold before a change is taken.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# The tests.
test *ARGS:
    cargo test --workspace {{ARGS}}

# The tests, taking what comes out as what should: read the difference of the snapshots afterwards.
bless *ARGS:
    INSTA_UPDATE=always cargo test --workspace {{ARGS}}

# The hooks and the wheel as users get them: release builds, so it takes minutes. HOW is `rust` or `wheel`.
test-hooks HOW='rust':
    crates/nbfix/tests/hooks.sh {{HOW}}

# Time and memory beside `cat` and ruff, on notebooks that are made for it or on those in FOLDER.
bench *FOLDER:
    cargo build --release --package nbfix
    python3 crates/nbfix/bench/bench.py {{FOLDER}}

# What patterns cost: the same notebooks under 10 to 200 pattern rules.
bench-patterns FOLDER='target/bench-corpus':
    cargo build --release --package nbfix
    python3 crates/nbfix/bench/patterns.py target/release/nbfix {{FOLDER}}

# The command.
run *ARGS:
    cargo run --quiet --package nbfix -- {{ARGS}}

# Begin a rule: its page, which works as it is and is to be edited.
new-rule NAME:
    cargo run --quiet --package nbfix -- new-rule {{NAME}} --dir rules

# The pages of the rules as a site, in target/docs.
docs:
    cargo run --quiet --package nbfix -- docs --isolated --out target/docs

# How many made-up secrets, and how many look-alikes, nbfix, detect-secrets and ruff tell; the latter two are those of the path.
secrets-compare:
    cargo test --package nbfix-secrets --test figures
    cargo build --package nbfix
    python3 crates/secrets/bench/compare.py target/debug/nbfix target/tmp/secrets

# What looking for secrets costs, on the notebooks of FOLDER.
bench-secrets FOLDER='target/bench-corpus':
    cargo build --release --package nbfix
    python3 crates/nbfix/bench/secrets.py {{FOLDER}}

# What it takes to understand a notebook of 200 cells.
bench-names:
    cargo bench --package nbfix-semantic --bench understand

# That mended imports work with the old and with the new packages, and joined frames as well; installs both, once.
verify-imports:
    cargo test --package nbfix --test kernel -- --ignored moved_imports frames_are_joined

# That notebooks for libraries of old say the same when they are mended; installs the old and the new ones, once.
verify-migrations:
    cargo test --package nbfix --test kernel -- --ignored migrations::
