"""Every command that a developer or CI runs, in one list: ``nox -l``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_venv = "yes"
nox.options.sessions = [
    "lint", "types", "imports", "specs", "generated", "tests", "suites", "surroundings", "certify", "selftest", "build",
]  # fmt: skip

# Sessions start hundreds of processes: what one of them has compiled no other one needs to compile again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = nox.project.load_toml("pyproject.toml")
# Program → package of Debian that has it.
SURROUNDINGS = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "nginx": "nginx",
    "promtool": "prometheus",
}
# What `selftest --api tmf683-v4 --sample 1` may take of one core, however busy the machine is otherwise.
SELFTEST_SECONDS = 60
CODE = ["codegen", "server", "conformance", "scripts", "tests", "noxfile.py"]


def install(session: nox.Session, extras: str, *groups: str) -> None:
    """Install the project, editable, with extras and dependency groups."""
    wanted = [requirement for group in groups for requirement in nox.project.dependency_groups(PROJECT, group)]
    session.install("-e", f".[{extras}]" if extras else ".", *wanted)


@nox.session(default=False)
def fmt(session: nox.Session) -> None:
    """Format the sources; the only session that rewrites them."""
    install(session, "", "lint")
    session.run("ruff", "check", "--fix", *CODE)
    session.run("ruff", "format", *CODE)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, spelling and the project file."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE, "generated")
    session.run("codespell", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", *CODE)
    session.run("validate-pyproject", "pyproject.toml")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly, of every package, the generated ones included, and of the tests."""
    install(session, "all", "types")
    session.run("mypy")
    for folder in sorted({path.parent for path in Path("tests").glob("*/test_*.py")}):
        session.run("mypy", str(folder))
    session.run("mypy", "scripts", *(str(path) for path in Path("tests").glob("*.py")))
    session.run("python", "scripts/sdk_typing.py")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that imports run one way: codegen, generated, then SDK, server and kit beside each other."""
    install(session, "all", "imports")
    session.run("lint-imports")


@nox.session
def specs(session: nox.Session) -> None:
    """Check the contracts, the registers, the samples, and that contract and register agree."""
    install(session, "codegen")
    session.run("tmfkit-codegen", "lint")


@nox.session(default=False)
def generate(session: nox.Session) -> None:
    """Write ``generated/`` anew from ``specs/``."""
    install(session, "codegen")
    session.run("tmfkit-codegen", "write")


@nox.session
def generated(session: nox.Session) -> None:
    """Check that ``generated/`` is what ``specs/`` gives: not stale, not edited by hand, the same every time."""
    install(session, "codegen")
    session.run("tmfkit-codegen", "check")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, on the interpreter that runs nox."""
    install(session, "all", "test")
    session.run("pytest", "-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", *session.posargs)


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Ask a public advisory service for known faults of everything that the packages depend on."""
    install(session, "all")
    session.install("pip-audit")
    installed = Path(session.create_tmp()) / "installed.txt"
    with installed.open("w") as file:
        session.run("python", "-m", "pip", "freeze", "--exclude-editable", stdout=file)
    # What the service does not answer for is no pass.
    session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", str(installed), *session.posargs)


@nox.session
def suites(session: nox.Session) -> None:
    """Run published test suites, from the npm registry by their digests; needs Node.js with npm."""
    install(session, "all", "test")
    if shutil.which("npm") is None:
        session.error("npm is not installed, and the suites come from its registry. Install Node.js with npm")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(Path("tests", "suites", name), folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        session.run("npm", "ci", "--prefix", folder, *quiet, external=True)
        suite = str(Path(folder, "node_modules", "json-patch-test-suite"))
        session.run("pytest", "tests/server/suite_json_patch.py", "--json-patch-suite", suite, *session.posargs)


@nox.session
def surroundings(session: nox.Session) -> None:
    """Hold the server behind nginx, beside Prometheus and in Chromium; needs these programs, and Chromium's driver."""
    missing = [name for name in SURROUNDINGS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing:
        packages = " ".join(dict.fromkeys(SURROUNDINGS[name] for name in missing))
        session.error(f"{', '.join(missing)} not found. On Debian: apt-get install {packages}")
    install(session, "all", "surroundings")
    suites = ["server/suite_pages.py", "server/suite_surroundings.py", "conformance/suite_report_pages.py"]
    session.run("pytest", "-n", "2", "--dist", "loadfile", *(f"tests/{suite}" for suite in suites), *session.posargs)


@nox.session(default=False)
def linear(session: nox.Session) -> None:
    """Show that the server's work grows with a body as its size does, and holds nobody up; needs a quiet machine."""
    install(session, "server,postgres", "test")
    session.run("pytest", "tests/server/suite_linear.py", *session.posargs)


@nox.session(default=False)
def statuses(session: nox.Session) -> None:
    """Show that every call of the SDK returns or raises an error of its own, whatever the status (a few minutes)."""
    install(session, "all", "test")
    session.run("pytest", "tests/sdk/suite_statuses.py", *session.posargs)


@nox.session
def certify(session: nox.Session) -> None:
    """Start the server on each of its stores, certify every API against it, and say where the reports are."""
    install(session, "server,postgres,conformance", "database")
    session.run("python", "scripts/certify.py", "--report", "reports", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Prove that the kit's checks can fail: run it against deliberately broken servers."""
    install(session, "server,conformance")
    session.run("tmfkit-conformance", "selftest", *session.posargs)


@nox.session(default=False)
def catalogue(session: nox.Session) -> None:
    """Show that the kit is right about foreign targets: unusual ones, none, ones with one fault (half an hour)."""
    install(session, "server,conformance")
    session.run("tmfkit-conformance", "catalogue", *session.posargs)


@nox.session(default=False)
def mocks(session: nox.Session) -> None:
    """Show that mock servers are found wanting: Prism and json-server, from the npm registry; needs Node.js."""
    install(session, "conformance")
    session.run("python", "scripts/mocks.py", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the server beside others, and write docs/benchmarks (needs wrk and npm; about 15 minutes)."""
    install(session, "all", "bench")
    session.run("python", "scripts/bench.py", *session.posargs)


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Kill and starve the server under load, on both stores, and look for losses (needs strace and root)."""
    install(session, "all", "faults")
    session.run("python", "scripts/faults.py", *session.posargs)


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Let the server work at half of what it can do, and see that it neither grows nor errs (ten minutes a store)."""
    install(session, "server,postgres", "database")
    session.run("python", "scripts/soak.py", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, look inside them, and use the wheel in an environment of its own."""
    session.install("build")
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder, silent=True)
        wheel = next(Path(folder).glob("*.whl"))
        session.run("python", "scripts/inspect_distribution.py", folder)
        environment = Path(folder) / "environment"
        session.run("python", "-m", "venv", str(environment))
        binaries = environment / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(binaries / "python")
        session.run(python, "-m", "pip", "install", "--quiet", f"{wheel}[all]", external=True)
        for command in PROJECT["project"]["scripts"]:
            session.run(str(binaries / command), "--version", external=True)
        reports = str(Path(folder) / "reports")
        certify = ["scripts/certify.py", "--store", "memory:", "--phase", "register", "--api", "tmf681-v1"]
        session.run(python, *certify, "--report", reports, external=True)
        kit = [str(binaries / "tmfkit-conformance"), "selftest", "--api", "tmf683-v4", "--sample", "1"]
        before = os.times()
        session.run(*kit, external=True)
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        if seconds > SELFTEST_SECONDS:
            session.error(
                f"The sample of the self-test took {seconds:.0f} s of one core, {SELFTEST_SECONDS} are agreed"
            )
