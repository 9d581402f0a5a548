//! The steps of `cargo xtask test-all`.

use std::process::Command;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::backends::{self, Backend};
use crate::command::cargo;
use crate::services;

/// A step, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Fmt,
    Clippy,
    Doc,
    Services,
    Tests,
    Doctests,
    Features,
    Laws,
    Shell,
}

impl Step {
    /// Every step: the cheap ones that fail most often come first.
    pub(crate) const ALL: [Self; 9] = [
        Self::Fmt,
        Self::Clippy,
        Self::Doc,
        Self::Services,
        Self::Tests,
        Self::Doctests,
        Self::Features,
        Self::Laws,
        Self::Shell,
    ];

    /// The name that `--skip` takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Doc => "doc",
            Self::Services => "services",
            Self::Tests => "tests",
            Self::Doctests => "doctests",
            Self::Features => "features",
            Self::Laws => "laws",
            Self::Shell => "shell",
        }
    }

    /// What the step runs; nothing for those that are more than commands. The tests of a
    /// skipped backend are left out, for they need its engine as much as its laws do; and so are
    /// those of the servers if it is one of theirs.
    pub(crate) fn commands(self, skipped: &[Backend]) -> Vec<Command> {
        let line = match self {
            Self::Fmt => "fmt --all --check",
            Self::Clippy => "clippy --workspace --all-targets --all-features -- -D warnings",
            Self::Doc => "doc --workspace --no-deps --all-features",
            Self::Tests => "test --workspace --all-features --all-targets --no-fail-fast",
            Self::Doctests => "test --workspace --all-features --doc --no-fail-fast",
            Self::Features => return features(),
            Self::Services | Self::Laws | Self::Shell => return Vec::new(),
        };
        let mut command = cargo(line.split(' '));
        if self == Self::Doc {
            command.env("RUSTDOCFLAGS", "-D warnings");
        }
        if matches!(self, Self::Tests | Self::Doctests) {
            let left_out = left_out(skipped);
            command.args(left_out.iter().flat_map(|package| ["--exclude", package]));
        }
        if self == Self::Tests {
            command.args(["--", "--skip", "laws::"]);
        }
        vec![command]
    }
}

/// The packages whose tests are not run when these backends are skipped.
pub(crate) fn left_out(skipped: &[Backend]) -> Vec<&'static str> {
    let servers = (!services::own_tests(skipped)).then_some(services::PACKAGE);
    let skipped = skipped.iter().filter(|backend| !backend.is_form());
    skipped.map(|backend| backend.package).chain(servers).collect()
}

/// Each backend must be able to stand in `persist-config` alone, and none as well.
fn features() -> Vec<Command> {
    let check = || cargo(["check", "-p", "persist-config", "--no-default-features"]);
    let alone = backends::ALL.iter().filter(|backend| backend.in_config).map(|backend| {
        let mut command = check();
        command.args(["--features", backend.name]);
        command
    });
    std::iter::once(check()).chain(alone).collect()
}

/// Something that `--skip` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skip {
    /// A whole step.
    Step(Step),
    /// The laws and the tests of one backend.
    Backend(Backend),
}

impl Skip {
    /// Reads `--skip`; clap lists the names and suggests the nearest one for an unknown name.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let backends = backends::ALL.iter().map(|backend| backend.name);
        PossibleValuesParser::new(Step::ALL.map(Step::name).into_iter().chain(backends))
            .try_map(|name| Self::find(&name).ok_or("no such step or backend"))
    }

    fn find(name: &str) -> Option<Self> {
        let step = Step::ALL.into_iter().find(|step| step.name() == name).map(Self::Step);
        step.or_else(|| backends::find(name).map(Self::Backend))
    }
}
