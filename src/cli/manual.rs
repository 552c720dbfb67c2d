//! `gradwatch man` and `gradwatch completions`: the program's own manual page and shell completions.

use std::io;

use clap::Command;
use clap_complete::Shell;

use super::failure::{Exit, Failure};
use super::output;

#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Subcommand, for example `augment` or `models show` [default: the program]
    command: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// Name of the shell
    shell: Shell,
}

/// A page of `command` for `man -l -`, or to be installed as gradwatch.1.
pub(super) fn man(args: &ManArgs, mut command: Command) -> Result<(), Failure> {
    command.build();
    let mut found = &mut command;
    for name in &args.command {
        let unknown =
            || Failure::new(Exit::Usage, format!("there is no subcommand `{name}`; --help lists the commands"));
        found = found.find_subcommand_mut(name).ok_or_else(unknown)?;
    }
    let page = print(|to| clap_mangen::Man::new(found.clone()).render(to))?;
    output::text(&page);
    Ok(())
}

/// A script for the shell's folder of completions.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let script = print(|to| {
        clap_complete::generate(args.shell, &mut command, "gradwatch", to);
        Ok(())
    })?;
    output::text(&script);
    Ok(())
}

fn print(page: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    page(&mut bytes).map_err(|error| Failure::new(Exit::Software, error))?;
    String::from_utf8(bytes).map_err(|error| Failure::new(Exit::Software, error))
}
